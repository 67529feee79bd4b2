"""What holds for every node type, found by asking the registry."""

from __future__ import annotations

import inspect

import pytest
import torch
from torch import nn, optim

from visdl.engine import seeds
from visdl.engine.inference import BATCH, layer_facts
from visdl.engine.network import INPUT, Step
from visdl.models.graph import Node
from visdl.nodes import DataType, NodeRegistry, Shape
from visdl.nodes.base import BaseNode, LayerNode, LossNode, MetricNode, OptimizerNode

from ..engine.graphs import chain
from ..engine.runs import assert_equal_weights, built

ALL = NodeRegistry.names()
LAYERS = [name for name in ALL if issubclass(NodeRegistry.get(name), LayerNode)]
#: The table of contracts: (input ports, outputs, parameters with their defaults).
NINETEEN = {
    "CSVLoader": ([], ["dataset"], {"file": "", "input_columns": "", "target_columns": ""}),
    "DataSplitter": (
        ["dataset"],
        ["train_loader", "val_loader"],
        {"val_ratio": 0.2, "batch_size": 32, "shuffle": True, "seed": 0},
    ),
    "Linear": (["input"], ["output"], {"bias": True}),
    "ReLU": (["input"], ["output"], {}),
    "Sigmoid": (["input"], ["output"], {}),
    "Tanh": (["input"], ["output"], {}),
    "Dropout": (["input"], ["output"], {"p": 0.5}),
    "BatchNorm1d": (["input"], ["output"], {}),
    "ModelAssembly": (["layers", "dataset"], ["model"], {"device": "auto"}),
    "ModelExport": (["training_result", "test_metrics"], ["file_path"], {}),
    "MSELoss": ([], ["loss_fn"], {}),
    "CrossEntropyLoss": ([], ["loss_fn"], {}),
    "L1Loss": ([], ["loss_fn"], {}),
    "SGD": (["model"], ["optimizer"], {}),
    "Adam": (["model"], ["optimizer"], {}),
    "AdamW": (["model"], ["optimizer"], {}),
    "TrainingLoop": (
        ["model", "optimizer", "loss_fn", "train_loader", "val_loader"],
        ["result"],
        {"epochs": 10, "keep": "last", "monitor": "val_loss", "patience": None},
    ),
    "MetricsCollector": (["training_result"], ["metrics"], {}),
    "Evaluator": (["training_result", "test_dataset"], ["test_metrics"], {}),
}
TORCH = {
    name: getattr(nn, name, None) or getattr(optim, name)
    for name in NINETEEN
    if hasattr(nn, name) or hasattr(optim, name)
}
#: Parameters of torch that are no choice here: derived from the input, deprecated, or how a thing is computed.
NOT_OFFERED = {
    *("in_features", "num_features", "params", "device", "dtype", "size_average", "reduce", "reduction", "weight"),
    *("ignore_index", "foreach", "maximize", "capturable", "differentiable", "fused", "decoupled_weight_decay"),
}
#: Parameters that the oldest torch in the supported range does not have.
NEW = {"BatchNorm1d": {"bias"}}


@pytest.mark.parametrize("name", ALL)
def test_a_type_describes_itself_for_palette_and_form(name):
    info = NodeRegistry.describe()[name]
    assert info.display_name
    assert info.category
    assert info.description.endswith(".")
    assert set(info.primary) <= info.inputs.keys()
    assert len(info.primary) <= 3
    assert info.can_disable or info.disable_reason.endswith(".")
    for port in info.inputs.values():
        assert port.description
        assert port.dtype in DataType.__members__
    assert len({output.name for output in info.outputs}) == len(info.outputs)
    assert info == type(info).model_validate_json(info.model_dump_json())


@pytest.mark.parametrize("name", ALL)
def test_every_default_is_allowed_and_reaches_the_node(name):
    cls = NodeRegistry.get(name)
    node = cls.create({})
    for param, spec in cls.PARAMS.items():
        if spec.default not in (None, ""):
            assert spec.problem(spec.default) is None
        assert getattr(node, param) == spec.default


@pytest.mark.parametrize("name", ALL)
def test_a_type_is_of_one_kind_and_only_networks_read_layers(name):
    cls = NodeRegistry.get(name)
    assert issubclass(cls, BaseNode)
    kinds = [kind for kind in (LayerNode, LossNode, OptimizerNode, MetricNode) if issubclass(cls, kind)]
    assert len(kinds) <= 1


@pytest.mark.parametrize(("name", "inputs", "outputs", "params"), [(n, *row) for n, row in NINETEEN.items()])
def test_the_nineteen_have_the_ports_and_parameters_of_the_contract(name, inputs, outputs, params):
    cls = NodeRegistry.get(name)
    assert list(cls.ports())[: len(inputs)] == inputs
    assert list(cls.outputs()) == outputs
    defaults = {param: spec.default for param, spec in cls.parameters().items()}
    assert params.items() <= defaults.items()


@pytest.mark.parametrize(("name", "original"), TORCH.items(), ids=TORCH)
def test_parameters_carry_torchs_own_names_and_defaults(name, original):
    own = NodeRegistry.get(name).parameters()
    theirs = {
        param.name: param.default
        for param in inspect.signature(original).parameters.values()
        if param.name not in NOT_OFFERED | NEW.get(name, set())
        and param.kind not in (param.VAR_POSITIONAL, param.VAR_KEYWORD)
    }
    assert own.keys() == theirs.keys()
    for param, default in theirs.items():
        if default is not inspect.Parameter.empty:
            assert own[param].default == default, param


def step(name, params=None, disabled=False):
    node = Node(id="layer", type=name, params=params or {}, disabled=disabled)
    return Step(node, NodeRegistry.get(name), "layer", {"input": INPUT})


@pytest.mark.parametrize("width", [1, 6])
@pytest.mark.parametrize("disabled", [False, True])
@pytest.mark.parametrize("name", LAYERS)
def test_the_inferred_shape_is_the_real_one(name, disabled, width):
    facts = layer_facts(step(name, disabled=disabled), [Shape((BATCH, width))])
    assert facts.error == ""
    [shape] = facts.outputs
    module = built(one_layer(name, disabled=disabled), inputs=width)
    output = module(torch.rand(5, width))
    assert tuple(output.shape[1:]) == shape.features
    assert output.dtype == shape.dtype
    assert facts.parameters == sum(p.numel() for p in module.parameters())


def one_layer(name, disabled=False):
    graph = chain([("layer", name, {})])
    graph.node("layer").disabled = disabled
    return graph


@pytest.mark.parametrize("name", LAYERS)
def test_gradients_reach_the_input_and_every_weight(name):
    module = built(one_layer(name), inputs=4)
    x = torch.randn(16, 4, requires_grad=True)
    (module(x) * torch.randn(16, 1)).sum().backward()
    assert x.grad.abs().sum() > 0
    assert all(weight.grad is not None for weight in module.parameters())


@pytest.mark.parametrize("name", LAYERS)
def test_a_layer_switched_off_hands_its_input_on(name):
    module = built(one_layer(name, disabled=True), inputs=4)
    x = torch.randn(3, 4)
    assert module(x) is x
    assert list(module.parameters()) == []


@pytest.mark.parametrize("name", LAYERS)
def test_initial_weights_follow_from_the_seed_and_survive_a_round_trip(name):
    first, again = (built(one_layer(name), inputs=4, seed=5) for _ in range(2))
    assert_equal_weights(first.state_dict(), again.state_dict())
    other = built(one_layer(name), inputs=4, seed=6)
    other.load_state_dict(first.state_dict())
    x = torch.randn(8, 4)
    torch.testing.assert_close(other.eval()(x), first.eval()(x))


def test_seeds_differ_by_run_purpose_and_node():
    made = {seeds.derive(run, purpose, node) for run in (0, 1) for purpose in ("init", "order") for node in "ab"}
    assert len(made) == 8
