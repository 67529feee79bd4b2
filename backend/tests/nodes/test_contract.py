"""What holds for every node type, found by asking the registry."""

from __future__ import annotations

import json

import pytest
import torch
from torch import nn

from visdl.engine.inference import BATCH, layer_facts
from visdl.engine.network import INPUT, Step
from visdl.models.graph import Node
from visdl.nodes import DataType, InputSpec, NodeRegistry, OutputSpec, Shape
from visdl.nodes.base import BaseNode, LayerNode, LossNode, MetricNode, OptimizerNode

from ..engine.graphs import chain
from ..engine.runs import assert_equal_weights, built

ALL = NodeRegistry.names()


def of(kind):
    """The names of all types of this kind."""
    return [name for name in ALL if issubclass(NodeRegistry.get(name), kind)]


def one_layer(name, params=None, disabled=False):
    """A graph whose network is one layer, with the id and the name 'layer'."""
    graph = chain([("layer", name, params or {})])
    graph.node("layer").disabled = disabled
    return graph


LAYERS = of(LayerNode)
WEIGHTED = [name for name in LAYERS if list(built(one_layer(name)).parameters())]
RANDOM = [name for name in WEIGHTED if any(p.unique().numel() > 1 for p in built(one_layer(name)).parameters())]


@pytest.fixture(autouse=True)
def _seed():
    torch.manual_seed(0)


@pytest.mark.parametrize("name", ALL)
def test_ports_parameters_and_outputs_are_declared(name):
    cls = NodeRegistry.get(name)
    assert issubclass(cls, BaseNode)
    assert all(isinstance(spec, InputSpec) for spec in cls.INPUT_TYPES().values())
    assert all(isinstance(spec, OutputSpec) for spec in cls.RETURN_TYPES())
    assert all(port.isidentifier() for port in [*cls.INPUT_TYPES(), *cls.outputs()])
    assert len(cls.outputs()) == len(cls.RETURN_TYPES())
    assert not cls.ports().keys() & cls.parameters().keys()
    assert cls.PARAMS.items() <= cls.parameters().items()


@pytest.mark.parametrize("name", ALL)
def test_a_type_describes_itself_for_palette_and_form(name):
    info = NodeRegistry.describe()[name]
    assert info.display_name
    assert info.category
    assert info.description.endswith(".")
    assert len(info.primary) <= 3
    assert set(info.primary) <= NodeRegistry.get(name).parameters().keys()
    assert info.can_disable or info.disable_reason.endswith(".")
    for port in info.inputs.values():
        assert port.description
        assert port.dtype in DataType.__members__
    assert all(output.dtype in DataType.__members__ for output in info.outputs)


@pytest.mark.parametrize("name", ALL)
def test_the_catalogue_entry_is_strict_json_and_comes_back_equal(name):
    info = NodeRegistry.describe()[name]
    text = json.dumps(info.model_dump(mode="json"), allow_nan=False)
    assert type(info).model_validate_json(text) == info


@pytest.mark.parametrize("name", ALL)
def test_every_default_is_allowed_and_reaches_the_node(name):
    cls = NodeRegistry.get(name)
    node = cls.create({})
    for param, spec in cls.PARAMS.items():
        if spec.default not in (None, ""):
            assert spec.problem(spec.default) is None
        assert getattr(node, param) == spec.default
        assert type(getattr(node, param)) is type(spec.default)


@pytest.mark.parametrize("name", ALL)
def test_limits_are_limits_of_numbers_and_choices_are_the_parameters_type(name):
    for spec in NodeRegistry.get(name).parameters().values():
        is_number = spec.dtype in (DataType.INT, DataType.FLOAT)
        assert is_number or (spec.min is spec.max is spec.step is None)
        for choice in spec.choices or ():
            assert spec.problem(choice) is None


@pytest.mark.parametrize("name", [*of(LossNode), *of(OptimizerNode)])
def test_what_training_cannot_do_without_cannot_be_switched_off(name):
    assert not NodeRegistry.get(name).CAN_DISABLE


@pytest.mark.parametrize("name", of(LossNode))
def test_a_loss_is_a_mean_that_sends_gradients_to_the_prediction(name):
    [loss] = NodeRegistry.get(name).create({}).execute()
    prediction = torch.randn(8, 3, requires_grad=True)
    target = torch.arange(8) % 3 if loss.target == "index" else torch.randn(8, 3)
    value = loss(prediction, target)
    value.backward()
    assert value.shape == ()
    assert prediction.grad.abs().sum() > 0
    torch.testing.assert_close(loss(prediction.repeat(2, 1), target.repeat([2] + [1] * (target.dim() - 1))), value)


@pytest.mark.parametrize("name", of(LossNode))
def test_a_loss_refuses_a_prediction_that_would_be_broadcast(name):
    loss = NodeRegistry.get(name).create({})
    classes, targets = (3, 1) if loss.TARGET == "index" else (None, 2)
    right = Shape((BATCH, classes or targets))
    assert loss.mismatch(right, classes, targets) is None
    for wrong in ((BATCH,), (BATCH, 1), (BATCH, 5), (BATCH, 5, right[1])):
        assert loss.mismatch(Shape(wrong), classes, targets)


@pytest.mark.parametrize("name", of(OptimizerNode))
def test_an_optimizer_moves_the_weights_against_the_gradient_and_leaves_frozen_ones_alone(name):
    model = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 1))
    model[0].requires_grad_(False)
    before = [weight.clone() for weight in model.parameters()]
    [optimizer] = NodeRegistry.get(name).create({"lr": 0.01}).execute(model=model)
    x = torch.rand(16, 2)
    loss = model(x).square().mean()
    loss.backward()
    optimizer.step()
    assert model(x).square().mean() < loss
    assert [torch.equal(a, b) for a, b in zip(before, model.parameters(), strict=True)] == [True, True, False, False]


@pytest.mark.parametrize("name", of(MetricNode))
def test_a_metric_is_over_all_samples_however_they_are_batched(name):
    [make] = NodeRegistry.get(name).create({}).execute()
    prediction, target = torch.randn(32, 3), torch.randn(32, 3)
    if name == "Accuracy":
        target = torch.arange(32) % 3
    whole, parts = make(), make()
    whole.update(prediction, target)
    for rows in (slice(0, 1), slice(1, 20), slice(20, 32)):
        parts.update(prediction[rows], target[rows])
    assert parts.compute() == pytest.approx(whole.compute(), rel=1e-6)
    assert type(whole).DIRECTION in ("minimize", "maximize")


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


@pytest.mark.parametrize("name", LAYERS)
def test_gradients_reach_the_input_and_every_weight(name):
    module = built(one_layer(name), inputs=4)
    x = torch.randn(16, 4, requires_grad=True)
    (module(x) * torch.randn(16, 1)).sum().backward()
    assert x.grad.abs().sum() > 0
    assert all(weight.grad is not None for weight in module.parameters())


@pytest.mark.parametrize("name", LAYERS)
def test_a_layer_reads_the_input_and_leaves_it_as_it_was(name):
    module = built(one_layer(name), inputs=4)
    x = torch.randn(8, 4)
    before = x.clone()
    module(x)
    assert torch.equal(x, before)


@pytest.mark.parametrize("name", LAYERS)
def test_a_layer_switched_off_hands_its_input_on_and_has_no_weights(name):
    module = built(one_layer(name, disabled=True), inputs=4)
    x = torch.randn(3, 4)
    assert module(x) is x
    assert module.state_dict() == {}


@pytest.mark.parametrize("name", LAYERS)
def test_the_same_seed_gives_the_same_initial_weights(name):
    first, again = (built(one_layer(name), inputs=4, seed=5) for _ in range(2))
    assert_equal_weights(first.state_dict(), again.state_dict())


@pytest.mark.parametrize("name", RANDOM)
def test_another_seed_or_another_node_gives_other_initial_weights(name):
    own = built(one_layer(name), inputs=4, seed=5).layer
    other_seed = built(one_layer(name), inputs=4, seed=6).layer
    other_node = built(chain([("twin", name, {})]), inputs=4, seed=5).twin
    for weights in (other_seed.state_dict(), other_node.state_dict()):
        assert any(not torch.equal(value, weights[key]) for key, value in own.state_dict().items())


@pytest.mark.parametrize("name", WEIGHTED)
def test_the_state_dict_of_a_trained_layer_makes_an_equal_layer(name):
    trained, fresh = (built(one_layer(name), inputs=4, seed=seed) for seed in (5, 6))
    optimizer = torch.optim.SGD(trained.parameters(), lr=0.1)
    trained(torch.randn(16, 4)).square().sum().backward()
    optimizer.step()
    x = torch.randn(8, 4)
    assert not torch.equal(fresh.eval()(x), trained.eval()(x))
    fresh.load_state_dict(trained.state_dict(), strict=True)
    assert_equal_weights(fresh.state_dict(), trained.state_dict())
    assert torch.equal(fresh.eval()(x), trained.eval()(x))


@pytest.mark.parametrize("name", LAYERS)
def test_in_evaluation_a_layer_gives_the_same_for_a_row_alone_and_in_a_batch(name):
    module = built(one_layer(name), inputs=4).eval()
    x = torch.randn(8, 4)
    torch.testing.assert_close(torch.cat([module(row) for row in x.split(1)]), module(x))
