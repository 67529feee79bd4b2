"""Every node file in docs/nodes.md works as the page says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import torch
from torch import nn

from visdl.models.graph import Node
from visdl.nodes import NodeRegistry

from ..engine.graphs import MLP, chain, numbers, validator, wire
from ..engine.runs import built, execute
from .files import load  # noqa: F401  a fixture

PAGE = Path(__file__).resolve().parents[3] / "docs" / "nodes.md"
FILES = {
    re.search(r'register\("(\w+)"\)', block).group(1): block
    for block in re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.S)
}


@pytest.fixture
def page(load):  # noqa: F811
    assert load(**{name.lower(): text for name, text in FILES.items()}) == []


def graph(layers=MLP, **options):
    return chain(layers, train={"epochs": 30, **options.pop("train", {})}, **options)


def last(outcome, key):
    return outcome.series(key)[-1]


def test_the_page_holds_a_node_a_layer_a_loss_and_a_metric():
    assert list(FILES) == ["MyNode", "LearnedPower", "LogCoshLoss", "WithinTolerance"]


@pytest.mark.usefixtures("page")
def test_the_node_between_two_layers_is_an_operation_of_the_network(tmp_path):
    own = graph([MLP[0], ("twice", "MyNode", {}), MLP[2]])
    # its ports are its own: `x` and `output`
    own.edges = [
        edge.model_copy(update={"target_input": "x"}) if edge.target == "twice" else edge for edge in own.edges
    ]
    data = numbers(tmp_path)
    report = validator(data).report(own, to_run=True)
    assert report.valid, report.diagnostics
    assert report.nodes["twice"].outputs["output"].shape == ["B", 8]

    model = built(own)
    x = torch.rand(5, 2, requires_grad=True)
    expected = model.fc2(2 * model.fc1(x))
    torch.testing.assert_close(model(x), expected)
    model(x).sum().backward()
    assert x.grad.abs().sum() > 0

    off = own.model_copy(deep=True)
    off.node("twice").disabled = True
    model = built(off)
    torch.testing.assert_close(model(x), model.fc2(model.fc1(x)))

    outcome = execute(own, tmp_path / "run", data)
    assert last(outcome, "train_loss") < outcome.series("train_loss")[0] / 2
    assert list(outcome.weights()) == ["fc1.bias", "fc1.weight", "fc2.bias", "fc2.weight"]


@pytest.mark.usefixtures("page")
def test_the_layer_learns_and_its_weights_are_saved(tmp_path):
    own = graph([MLP[0], ("power", "LearnedPower", {"start": 1.5}), MLP[2]])
    model = built(own)
    torch.testing.assert_close(model.power.power, nn.Parameter(torch.full((8,), 1.5)))
    outcome = execute(own, tmp_path / "run", numbers(tmp_path))
    assert last(outcome, "train_loss") < outcome.series("train_loss")[0]
    assert (outcome.weights()["power.power"] != 1.5).all()


@pytest.mark.usefixtures("page")
def test_the_loss_is_what_is_minimised(tmp_path):
    outcome = execute(graph(loss="LogCoshLoss"), tmp_path / "run", numbers(tmp_path))
    assert last(outcome, "train_loss") < outcome.series("train_loss")[0]
    # ln cosh e ≤ e²/2, so it is the custom loss and not the MSE that is reported
    assert last(outcome, "val_loss") <= last(outcome, "val_mse") / 2


@pytest.mark.usefixtures("page")
def test_the_metric_is_reported_for_training_and_validation(tmp_path):
    own = graph()
    own.nodes.append(Node(id="within", type="WithinTolerance", params={"tolerance": 100.0}))
    own.edges.append(wire("within.metric > train.metrics"))
    outcome = execute(own, tmp_path / "run", numbers(tmp_path))
    assert set(outcome.series("train_within_tolerance")) == set(outcome.series("val_within_tolerance")) == {1.0}


@pytest.mark.usefixtures("page")
def test_all_of_them_are_in_the_catalogue_under_their_files_name():
    catalogue = NodeRegistry.describe()
    assert catalogue["MyNode"].category == "MyCategory"
    assert catalogue["LearnedPower"].source == "learnedpower.py"
    assert catalogue["LogCoshLoss"].description.startswith("Like the squared error")
