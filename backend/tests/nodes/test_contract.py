"""What holds for every node type, found by asking the registry."""

from __future__ import annotations

import json

import pytest
import torch
from torch import nn

from visdl.nodes import DataType, InputSpec, NodeRegistry, OutputSpec, Shape
from visdl.nodes.base import BaseNode, LossNode, MetricNode, OptimizerNode
from visdl.nodes.specs import BATCH

ALL = NodeRegistry.names()


def of(kind):
    """The names of all types of this kind."""
    return [name for name in ALL if issubclass(NodeRegistry.get(name), kind)]


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
