"""What holds for every node type, found by asking the registry."""

from __future__ import annotations

import json

import pytest
import torch

from visdl.nodes import DataType, InputSpec, NodeRegistry, OutputSpec
from visdl.nodes.contract.base import BaseNode
from visdl.nodes.contract.learning import LossNode, MetricNode
from visdl.nodes.contract.parameter_groups.optimizer_node import OptimizerNode

ALL = NodeRegistry.names()
CATALOGUE = NodeRegistry.describe()


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
    info = CATALOGUE[name]
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
    info = CATALOGUE[name]
    text = json.dumps(info.model_dump(mode="json"), allow_nan=False)
    assert type(info).model_validate_json(text) == info


@pytest.mark.parametrize("name", ALL)
def test_every_default_is_allowed_and_reaches_the_node(name):
    cls = NodeRegistry.get(name)
    node = cls.create({})
    for param, spec in cls.PARAMS.items():
        if spec.default not in (None, ""):
            assert spec.why_not(spec.default) is None
        assert getattr(node, param) == spec.default
        assert type(getattr(node, param)) is type(spec.default)


@pytest.mark.parametrize("name", ALL)
def test_limits_are_limits_of_numbers_and_choices_are_the_parameters_type(name):
    for spec in NodeRegistry.get(name).parameters().values():
        is_number = spec.dtype in (DataType.INT, DataType.FLOAT)
        assert is_number or (spec.min is spec.max is spec.step is None)
        for choice in spec.choices or ():
            assert spec.why_not(choice) is None


@pytest.mark.parametrize("name", [*of(LossNode), *of(OptimizerNode)])
def test_what_training_cannot_do_without_cannot_be_switched_off(name):
    assert not NodeRegistry.get(name).CAN_DISABLE


@pytest.mark.parametrize("name", of(MetricNode))
def test_a_metric_is_over_all_samples_however_they_are_batched(name):
    [make] = NodeRegistry.get(name).create({}).execute()
    prediction, target = torch.randn(32, 3).softmax(1), torch.randn(32, 3)
    if NodeRegistry.get(name).MEASURES == "index":
        target = torch.arange(32) % 3
    whole, parts = make(), make()
    whole.update(prediction, target)
    for rows in (slice(0, 1), slice(1, 20), slice(20, 32)):
        parts.update(prediction[rows], target[rows])
    assert parts.compute() == pytest.approx(whole.compute(), rel=1e-6)
    assert type(whole).DIRECTION in ("minimize", "maximize")
