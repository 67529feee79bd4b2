"""Random networks: the report on a graph agrees with the built model."""

from __future__ import annotations

import random

import pytest
import torch
from torch import nn

from visdl.models.graph import Graph
from visdl.nodes import NodeRegistry
from visdl.validation.validator import Validator

from ..support.runs import built, network_of
from .drawing import Drawing

pytestmark = pytest.mark.integration

SEEDS = range(60)
KEEPING = [
    "ReLU",
    "GELU",
    "Tanh",
    "SiLU",
    "Sigmoid",
    "ELU",
    "Dropout",
    "LayerNorm",
    "Identity",
    "Softplus",
]


def dense(rng: random.Random) -> Graph:
    """Vectors: branches added, multiplied or concatenated; shared weights; a repeated block."""
    inner = Drawing()
    inner.add("fc", "Linear", "@input", out_features=8)
    inner.add("act", rng.choice(KEEPING))
    inner.add("add", "Add", "act", "@input")
    net = Drawing({"unit": inner.block()})
    ends = [
        net.add(f"in{place}", "Input", shape=[rng.randint(2, 9)])
        for place in range(rng.randint(1, 3))
    ]
    ends = [
        net.add(f"even{place}", "Linear", end, out_features=8) for place, end in enumerate(ends)
    ]
    shared = ""
    for step in range(rng.randint(3, 10)):
        name, kind = (
            f"n{step}",
            rng.choice(["keep", "linear", "join", "split", "norm", "unit", "shared"]),
        )
        one = rng.choice(ends)
        if kind == "keep":
            ends.append(net.add(name, rng.choice(KEEPING), one))
        elif kind == "linear":
            shared = (
                ends.append(net.add(name, "Linear", one, out_features=8, bias=rng.random() < 0.5))
                or name
            )
        elif kind == "shared" and shared:
            ends.append(net.add(name, "Linear", one, out_features=8, weights_of=shared))
        elif kind == "join":
            some = rng.sample(ends, min(len(ends), rng.randint(2, 3)))
            ends.append(net.add(name, rng.choice(["Add", "Multiply"]), *some))
        elif kind == "split":
            net.add(name, "Chunk", one, chunks=2)
            ends.append(net.add(f"{name}_join", "Concat", f"{name}.output2", f"{name}.output1"))
        elif kind == "norm":
            ends.append(net.add(name, rng.choice(["BatchNorm1d", "LayerNorm", "RMSNorm"]), one))
        else:
            ends.append(
                net.add(name, "unit", one, repeat=rng.randint(1, 3), shared=rng.random() < 0.3)
            )
    net.add("all", "Concat", *rng.sample(ends, min(len(ends), 3)))
    net.add("head", "Linear", out_features=3)
    return net.graph("Dense")


def images(rng: random.Random) -> Graph:
    """Pictures: convolutions, pooling, residual connections and a head."""
    net = Drawing()
    last = net.add("image", "Input", shape=[3, 16, 16])
    for step in range(rng.randint(2, 6)):
        name, kind = f"n{step}", rng.choice(["conv", "pool", "norm", "keep", "residual", "pad"])
        if kind == "conv":
            size = rng.choice([1, 3, [3, 1]])
            last = net.add(
                name,
                "Conv2d",
                last,
                out_channels=rng.choice([4, 6]),
                kernel_size=size,
                padding="same",
            )
        elif kind == "pool":
            last = net.add(
                name, rng.choice(["MaxPool2d", "AvgPool2d"]), last, kernel_size=2, stride=1
            )
        elif kind == "norm":
            last = net.add(name, rng.choice(["BatchNorm2d", "InstanceNorm2d", "GroupNorm"]), last)
        elif kind == "keep":
            last = net.add(name, rng.choice(KEEPING), last)
        elif kind == "pad":
            last = net.add(name, rng.choice(["ZeroPad2d", "ReflectionPad2d"]), last, padding=1)
        else:
            net.add(
                f"{name}_conv", "Conv2d", last, out_channels=5, kernel_size=3, stride=1, padding=1
            )
            last = net.add(name, "Residual", last, f"{name}_conv")
    net.add("pool", "AdaptiveAvgPool2d", last, output_size=rng.choice([1, 2, [1, 3]]))
    net.add("flat", "Flatten")
    net.add("head", "Linear", out_features=3)
    return net.graph("Images")


def sequences(rng: random.Random) -> Graph:
    """Tokens: embeddings, recurrent layers and attention."""
    net = Drawing()
    net.add("tokens", "Input", shape=[7], dtype="int64")
    last = net.add("embed", "Embedding", num_embeddings=11, embedding_dim=8)
    net.add("positions", "PositionEmbedding", num_embeddings=7)
    last = net.add("sum", "Add", "embed", "positions", broadcast=True)
    for step in range(rng.randint(1, 4)):
        name, kind = (
            f"n{step}",
            rng.choice(["LSTM", "GRU", "MultiheadAttention", "TransformerEncoderLayer", "keep"]),
        )
        if kind in ("LSTM", "GRU"):
            last = net.add(name, kind, last, hidden_size=8, num_layers=rng.randint(1, 2))
        elif kind == "MultiheadAttention":
            last = net.add(name, kind, last, num_heads=2, causal=rng.random() < 0.5)
        elif kind == "keep":
            last = net.add(name, rng.choice(KEEPING), last)
        else:
            last = net.add(name, kind, last, nhead=2, dim_feedforward=12)
    net.add("mean", "Mean", last, dim=1)
    net.add("head", "Linear", out_features=3)
    return net.graph("Sequences")


def example(node, rows: int = 4) -> torch.Tensor:
    shape = (rows, *node.params["shape"])
    return (
        torch.randint(0, 11, shape) if node.params.get("dtype") == "int64" else torch.randn(shape)
    )


def model_of(graph: Graph) -> tuple[nn.Module, list[torch.Tensor]]:
    inputs = [example(node) for node in network_of(graph).inputs]
    return built(graph, inputs), inputs


def assert_true(graph: Graph) -> None:
    """Check the report against the model: output shape and parameters; gradients flow."""
    report = check.report(graph)
    assert report.valid, report.diagnostics
    model, inputs = model_of(graph)
    output = model(*inputs)
    [wire] = [edge for edge in graph.edges if edge.target == "model"]
    inferred = report.nodes[wire.source].outputs[wire.source_output].shape
    assert list(output.shape) == [4, *inferred[1:]]
    assert sum(p.numel() for p in model.parameters()) == report.totals.parameters
    output.square().sum().backward()


check = Validator(NodeRegistry, {}.__getitem__)


@pytest.mark.filterwarnings("ignore:dropout option adds dropout")
@pytest.mark.parametrize("seed", SEEDS)
def test_a_random_network_agrees_with_its_report_also_with_any_part_switched_off(seed):
    torch.manual_seed(seed)
    rng = random.Random(seed)
    graph = rng.choice([dense, images, sequences])(rng)
    assert_true(graph)
    for node in graph.nodes:
        if node.type in ("Input", "ModelAssembly"):
            continue
        node.disabled = True
        report = check.report(graph)
        if report.valid:
            assert_true_off(graph, report)
        else:
            errors = [d for d in report.diagnostics if d.severity == "error"]
            assert all(
                d.node and d.message.endswith(".") and d.code != "node_failed" for d in errors
            )
        node.disabled = False


def assert_true_off(graph: Graph, report) -> None:
    model, inputs = model_of(graph)
    assert model(*inputs).shape[0] == 4
    assert sum(p.numel() for p in model.parameters()) == report.totals.parameters


@pytest.mark.parametrize(
    "name",
    ["in", "lambda", "class", "self", "torch", "getattr", "None", "forward", "x y", "1st", "é"],
)
def test_nodes_may_be_called_anything(name):
    net = Drawing()
    net.add("entry", "Input", shape=[4])
    net.add("fc", "Linear", out_features=4)
    net.add("sum", "Add", "fc", "entry")
    graph = net.graph("Named")
    for node_id in ("entry", "fc", "sum"):
        graph.node(node_id).name = name if node_id != "sum" else f"{name}2"
        assert_true(graph)
    graph.node("entry").name = ""
    assert_true(graph)


@pytest.mark.parametrize("name", ["in", "class", "self"])
def test_a_block_may_be_called_anything(name):
    inner = Drawing()
    inner.add(name, "Linear", "@input", out_features=4)
    net = Drawing({"unit": inner.block()})
    net.add("entry", "Input", shape=[4])
    net.add(name, "unit", repeat=2)
    net.add("sum", "Add", name, "entry")
    assert_true(net.graph("Named"))
