"""The estimate of a training's memory, against what autograd keeps when the model really runs."""

from __future__ import annotations

import pytest
import torch
from torch.autograd.graph import saved_tensors_hooks

from visdl.compiler.memory import checkpoint_bytes, data_bytes, training_bytes
from visdl.models.graph import Node
from visdl.nodes import NodeRegistry
from visdl.validation.validator import Validator

from ..support.graphs import MLP, chain, numbers, table, validator, wire
from ..support.runs import built, execute

CHAINS = {
    "mlp": MLP,
    "normalised": [
        ("fc1", "Linear", {"out_features": 8}),
        ("bn", "BatchNorm1d", {}),
        ("act", "GELU", {}),
        ("fc2", "Linear", {"out_features": 1}),
    ],
    "views": [
        ("fc1", "Linear", {"out_features": 8}),
        ("cut", "Unflatten", {"dim": 1, "unflattened_size": [2, 4]}),
        ("act", "Tanh", {}),
        ("flat", "Flatten", {}),
        ("fc2", "Linear", {"out_features": 1}),
    ],
    "images": [
        ("cut", "Unflatten", {"dim": 1, "unflattened_size": [1, 1, 2]}),
        ("conv", "Conv2d", {"out_channels": 4, "kernel_size": 3, "padding": 1}),
        ("relu", "ReLU", {}),
        ("flat", "Flatten", {}),
        ("fc", "Linear", {"out_features": 1}),
    ],
}


def really_kept(graph, rows):
    """Bytes that autograd keeps of a forward pass of the graph's model, but for its weights."""
    model = built(graph)
    weights = {p.untyped_storage().data_ptr() for p in [*model.parameters(), *model.buffers()]}
    found = {}

    def pack(tensor):
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in weights:
            found[storage.data_ptr()] = storage.nbytes()
        return tensor

    x = torch.rand(rows, 2).requires_grad_() * 1
    with saved_tensors_hooks(pack, lambda tensor: tensor):
        kept = model(x)
    assert kept.requires_grad
    return sum(found.values())


def needed(report, activations):
    """The estimate of a training of 40 rows, 32 in training and 8 in validation."""
    data = data_bytes(2 * 4 + 8, rows=40, training=32, held_out=8, batch=16)
    return training_bytes(report.totals.parameters, 0, activations, data, 32, saves=True)


@pytest.mark.parametrize("name", CHAINS)
def test_activations_are_more_than_autograd_keeps_by_gradients_alone(tmp_path, name):
    data = numbers(tmp_path)
    graph = chain(CHAINS[name], split={"batch_size": 16}, optimizer=("SGD", {"lr": 0.1}))
    report = validator(data).report(graph)
    kept = really_kept(graph, 16)
    assert needed(report, kept) < report.totals.memory <= needed(report, 3 * kept)


def test_the_moment_of_most_activations_is_in_the_backward_pass(tmp_path):
    data = numbers(tmp_path)
    graph = chain(MLP, split={"batch_size": 16}, optimizer=("SGD", {"lr": 0.1}))
    # at the ReLU: the batch, what the ReLU gave, and the gradients of what it gave and read
    most = 4 * 16 * (2 + 8 + 8 + 8)
    assert validator(data).report(graph).totals.memory == needed(
        validator(data).report(graph), most
    )


def test_a_residual_network_keeps_gradients_of_both_branches(tmp_path):
    data = numbers(tmp_path)
    graph = chain(
        [
            ("fc1", "Linear", {"out_features": 4}),
            ("act", "ReLU", {}),
            ("fc2", "Linear", {"out_features": 1}),
        ],
        split={"batch_size": 16},
        optimizer=("SGD", {"lr": 0.1}),
    )
    graph.nodes.append(Node(id="add", type="Add"))
    graph.edges = [e for e in graph.edges if not (e.source == "act" and e.target == "fc2")]
    graph.edges += [
        wire("fc1.output > add.inputs"),
        wire("act.output > add.inputs"),
        wire("add.output > fc2.input"),
    ]
    report = validator(data).report(graph)
    # at the Add: the batch, what ReLU and Add gave, and gradients of its output and both inputs
    assert report.totals.memory == needed(report, 4 * 16 * (2 + 4 + 3 * 4))


def test_the_optimizer_and_the_batch_size_count(tmp_path):
    data = numbers(tmp_path)

    def memory(optimizer, batch):
        graph = chain(MLP, split={"batch_size": batch}, optimizer=optimizer)
        return validator(data).report(graph).totals.memory

    parameters = 8 * 2 + 8 + 8 + 1
    sgd, adam = memory(("SGD", {}), 8), memory(("Adam", {}), 8)
    assert adam - sgd == 2 * 4 * parameters
    per_sample = (2 + 3 * 8) * 4  # what fc1 reads, what relu gives, and two gradients
    assert memory(("SGD", {}), 16) - sgd == 8 * per_sample


def test_a_batch_is_never_larger_than_the_data(tmp_path):
    data = table(tmp_path, "a,b,y", [(i / 10, 0.1, i / 10) for i in range(10)])

    def memory(batch):
        return (
            validator(data)
            .report(chain(MLP, split={"batch_size": batch, "val_ratio": 0.2}))
            .totals.memory
        )

    assert memory(8) == memory(10_000)


def test_a_disk_without_space_for_the_checkpoints_is_a_warning(tmp_path):
    data, graph = numbers(tmp_path), chain(MLP)
    outcome = execute(graph, tmp_path / "run", data)
    written = max(file.stat().st_size for file in outcome.folder.glob("checkpoints/*.pt"))

    def codes(free):
        report = Validator(
            NodeRegistry, {"table": data}.__getitem__, free_disk=lambda: free
        ).report(graph)
        assert report.valid
        return [d.code for d in report.diagnostics]

    assert codes(4 * written) == codes(None) == []
    assert codes(100) == ["disk"]


@pytest.mark.parametrize(("optimizer", "values"), [("SGD", 1), ("Adam", 3)])
def test_the_size_of_a_checkpoint_is_known_before_there_is_one(tmp_path, optimizer, values):
    wide = [("a", "Linear", {"out_features": 700}), ("b", "Linear", {"out_features": 700}), MLP[-1]]
    data, graph = numbers(tmp_path), chain(wide, optimizer=(optimizer, {}), train={"epochs": 1})
    outcome = execute(graph, tmp_path / "run", data)
    written = max(file.stat().st_size for file in outcome.folder.glob("checkpoints/*.pt"))
    parameters = sum(weight.numel() for weight in outcome.weights().values())
    assert 1 <= written / checkpoint_bytes(parameters, values - 1) < 1.1


def test_more_than_is_free_is_a_warning(tmp_path):
    data = numbers(tmp_path)
    asked = []

    def free(device):
        asked.append(device)
        return 1000

    tight = Validator(NodeRegistry, {"table": data}.__getitem__, free_memory=free)
    graph = chain(MLP)
    graph.node("model").params["device"] = "cpu"
    report = tight.report(graph)
    assert report.valid
    assert [d.code for d in report.diagnostics] == ["memory"]
    assert report.totals.memory_free == 1000
    assert asked == ["cpu"]
