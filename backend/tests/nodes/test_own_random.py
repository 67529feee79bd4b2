"""The random numbers of a layer depend on its own seed: no layer changes those of another."""

from __future__ import annotations

import pytest
import torch

from visdl.compiler.builder import build, seed_modules
from visdl.nodes import NodeRegistry
from visdl.nodes.contract.own_random import OwnRandom
from visdl.training.plan import FitPlan, FitState
from visdl.training.snapshot import restore, snapshot

from ..support.graphs import chain, numbers
from ..support.runs import execute, network_of, suspend
from .layers import LAYERS, inputs_of, model_of, tensors
from .layers import network_of as network_of_layer

CPU = torch.device("cpu")
#: Layers that draw inside torch's own code, by name, with parameters of a chain that they fit.
INSIDE = {
    "GRU": {"num_layers": 2, "hidden_size": 4, "dropout": 0.5},
    "LSTM": {"num_layers": 2, "hidden_size": 4, "dropout": 0.5},
    "MultiheadAttention": {"dropout": 0.5},
    "RNN": {"num_layers": 2, "hidden_size": 4, "dropout": 0.5},
    "RReLU": {},
    "TransformerEncoderLayer": {"dropout": 0.5, "dim_feedforward": 8},
}


def random_params(name: str) -> dict[str, object]:
    """Return the parameters with which a layer drops as much as it can."""
    known = NodeRegistry.get(name).parameters()
    params: dict[str, object] = {key: 0.5 for key in ("dropout", "dropout_p") if key in known}
    return {**params, "num_layers": 2} if params and "num_layers" in known else params


@pytest.mark.parametrize("name", LAYERS)
def test_no_layer_draws_from_the_shared_generator_or_changes_it(name):
    inputs, params = inputs_of(name), random_params(name)
    model = model_of(name, inputs, params).train()
    network = network_of_layer(name, inputs, params)
    outputs = []
    for shared in (1, 2):
        seed_modules(model, network, 0, CPU)
        torch.manual_seed(shared)
        before = torch.get_rng_state()
        output = model(*tensors(inputs))
        outputs.append(output if isinstance(output, torch.Tensor) else output[0])
        assert torch.equal(torch.get_rng_state(), before)
    assert torch.equal(*outputs)


@pytest.mark.parametrize("name", INSIDE)
def test_a_layer_that_is_switched_off_leaves_the_masks_of_another(name):
    layers = [
        ("wide", "Linear", {"out_features": 12}),
        ("cut", "Unflatten", {"dim": 1, "unflattened_size": [3, 4]}),
        ("first", name, INSIDE[name]),
        ("second", name, INSIDE[name]),
        ("flat", "Flatten", {}),
        ("fc", "Linear", {"out_features": 1}),
    ]
    states, masks = [], []
    for disabled in (False, True):
        graph = chain(layers)
        for edge in graph.edges:
            if edge.target_input == "input" and edge.target in ("first", "second"):
                edge.target_input = next(iter(NodeRegistry.get(name).ports()))
        graph.node("first").disabled = disabled
        network = network_of(graph)
        model = build(network, [torch.zeros(2, 2)], 0)
        seed_modules(model, network, 0, CPU)
        second = model.get_submodule("second")
        assert isinstance(second, OwnRandom)
        values = -torch.ones(5, 3, 4)
        masks.append([_first(second(values)) for _ in range(2)])
        model(torch.rand(5, 2))
        states.append(second.generator.get_state())
    assert all(torch.equal(a, b) for a, b in zip(*masks, strict=True))
    assert not torch.equal(*masks[0])
    assert torch.equal(*states)


def _first(output):
    return output if isinstance(output, torch.Tensor) else output[0]


def test_a_run_with_attention_dropout_continues_with_the_same_bits(tmp_path):
    data = numbers(tmp_path)
    graph = chain(
        [
            ("wide", "Linear", {"out_features": 12}),
            ("cut", "Unflatten", {"dim": 1, "unflattened_size": [3, 4]}),
            ("block", "TransformerEncoderLayer", INSIDE["TransformerEncoderLayer"]),
            ("flat", "Flatten", {}),
            ("fc", "Linear", {"out_features": 1}),
        ],
        split={"batch_size": 8},
    )
    whole = execute(graph, tmp_path / "whole", data)
    suspend(graph, tmp_path / "parts", data, step=3)
    rest = execute(graph, tmp_path / "parts", data)
    for name, weight in whole.weights().items():
        assert torch.equal(weight, rest.weights()[name])


def test_a_checkpoint_from_before_layers_had_their_own_generators_continues_as_it_was(tmp_path):
    network = network_of_layer("TransformerEncoderLayer", inputs_of("TransformerEncoderLayer"))
    model = model_of("TransformerEncoderLayer", inputs_of("TransformerEncoderLayer"))
    seed_modules(model, network, 0, CPU)
    optimizer = torch.optim.SGD(model.parameters())
    [loss] = NodeRegistry.get("MSELoss").create({}).execute()
    rows = torch.utils.data.Subset(torch.utils.data.TensorDataset(torch.zeros(2)), [0, 1])
    plan = FitPlan(model, loss, optimizer, train=rows, val=None, batch_size=1, epochs=1)
    old = {**snapshot(plan, FitState()), "generators": []}
    del old["own_random"]
    restore(old, plan)
    assert all(m.generator is None for m in model.modules() if isinstance(m, OwnRandom))
