"""Graphs with random mistakes: the validator never fails, and every valid graph trains."""

from __future__ import annotations

import random

import pytest

from visdl.models.errors import NotFoundError
from visdl.models.graph import Edge, Graph, Node
from visdl.nodes import NodeRegistry

from ..support.graphs import chain, table, validator, wire
from ..support.runs import execute
from ..support.strength import count

pytestmark = pytest.mark.integration

LAYERS = ["Linear", "ReLU", "Sigmoid", "Tanh", "Dropout", "BatchNorm1d"]
ODD = [
    0,
    -1,
    1e308,
    2**63,
    0.5,
    float("nan"),
    float("inf"),
    True,
    None,
    "",
    "x",
    "x" * 65_536,
    "\0",
    "\u202e",
    [1],
    {},
]
NAMES = ["forward", "train", "a.b", "", "0", "🎲", "__proto__", "l0"]


def random_graph(rng: random.Random) -> Graph:
    """A graph that trains."""
    loss, val_ratio = (
        rng.choice(["MSELoss", "L1Loss", "CrossEntropyLoss"]),
        rng.choice([0, 0.2, 0.5]),
    )
    target = "y" if loss == "CrossEntropyLoss" else rng.choice(["y", "y,c"])
    width = 3 if loss == "CrossEntropyLoss" else len(target.split(","))
    params = {
        "Linear": {"out_features": rng.choice([1, 2, 3])},
        "Dropout": {"p": rng.choice([0, 0.5, 1])},
    }
    kinds = [rng.choice(LAYERS) for _ in range(rng.randint(0, 4))]
    layers = [(f"l{place}", kind, dict(params.get(kind, {}))) for place, kind in enumerate(kinds)]
    graph = chain(
        [*layers, ("last", "Linear", {"out_features": width})],
        loss=loss,
        train={
            "epochs": rng.choice([1, 2]),
            "keep": rng.choice(["last", "best"]),
            "monitor": rng.choice(["val_loss", "train_loss"] if val_ratio else ["train_loss"]),
            "patience": rng.choice([None, 1]),
        },
        split={
            "val_ratio": val_ratio,
            "batch_size": rng.choice([2, 3, 13, 39, 100]),
            "scaling": rng.choice(["none", "standardize", "minmax"]),
        },
        data={"input_columns": rng.choice(["", "a", "a,b", "*"]), "target_columns": target},
        optimizer=(rng.choice(["SGD", "Adam", "AdamW"]), {"lr": 0.01}),
    )
    sinks = [("Evaluator", "test_dataset"), ("MetricsCollector", None), ("ModelExport", None)]
    for kind, port in rng.sample(sinks, rng.randint(0, 3)):
        graph.nodes.append(Node(id=kind, type=kind))
        graph.edges.append(wire(f"train.result > {kind}.training_result"))
        if port:
            graph.edges.append(wire(f"csv.dataset > {kind}.{port}"))
    return graph


def mutate(graph: Graph, rng: random.Random) -> None:
    """One mistake: of a wire, a parameter, a node or a name."""
    node = rng.choice(graph.nodes)
    ports, params = (
        list(NodeRegistry.get(node.type).ports()),
        list(NodeRegistry.get(node.type).parameters()),
    )
    match rng.randrange(8):
        case 0:
            node.disabled = True
        case 1 if graph.edges:
            graph.edges.remove(rng.choice(graph.edges))
        case 2 if ports and graph.edges:  # doubled, a cycle, a self-loop, a wrong type
            edge = rng.choice(graph.edges)
            target = {"target": node.id, "target_input": rng.choice(ports)}
            graph.edges.append(edge.model_copy(update=target))
        case 3 if params:
            node.params[rng.choice(params)] = rng.choice(ODD)
        case 4:
            graph.nodes.remove(node)
        case 5:
            node.name = rng.choice(NAMES)
        case 6:
            node.type = rng.choice([*NodeRegistry.names()])
        case _:
            graph.edges.append(
                Edge(source=node.id, source_output="no", target=node.id, target_input="such")
            )


def check(folder, seeds) -> int:
    data = table(folder, "a,b,c,y", [(i / 40, (i * 7 % 40) / 40, i % 5, i % 3) for i in range(40)])
    judge = validator(data)

    def find(name):
        if name != "table":
            raise NotFoundError("There is no such dataset.")
        return data

    judge.find_dataset = find
    trained = 0
    for seed in seeds:
        rng = random.Random(seed)
        graph = random_graph(rng)
        for _ in range(rng.choice([0, 0, 0, 1, 1, 2, 4])):
            if graph.nodes:
                mutate(graph, rng)
        report = judge.report(graph, to_run=True)
        errors = [d for d in report.diagnostics if d.severity == "error"]
        assert report.valid == (not errors)
        assert all(
            d.message.endswith((".", "?")) and len(d.message) < 2000 for d in report.diagnostics
        ), seed
        assert "NaN" not in report.model_dump_json()
        if report.valid:
            execute(graph, folder / str(seed), data)
            trained += 1
    return trained


def test_graphs_with_mistakes_are_judged_and_the_valid_ones_train(tmp_path):
    graphs = count(gate=250, full=1000)
    assert check(tmp_path, range(graphs)) > graphs // 10


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_ten_thousand_graphs_with_mistakes(tmp_path):
    assert check(tmp_path, range(1000, 11_000)) > 1000
