"""Every node file in docs/nodes.md works as the page describes."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import torch
from torch import nn

from visdl.models.errors import RunError
from visdl.models.graph import Node

from ..api.helpers import upload
from ..support.graphs import MLP, chain, codes, numbers, validator, wire
from ..support.runs import built, execute

PAGE = Path(__file__).resolve().parents[3] / "docs" / "nodes.md"
#: Every Python block of the page that is a node file, by its type name.
FILES = {
    found.group(1): block
    for block in re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.S)
    if (found := re.search(r'@(?:NodeRegistry\.register|node)\("(\w+)"', block))
}


@pytest.fixture
def page(load, registry):
    """A registry with the node files of the page."""
    assert load(**{name.lower(): text for name, text in FILES.items()}) == []
    return registry


def graph(layers=MLP, **options):
    """A chain to train; what reaches the node `own` goes to its port `x`."""
    made = chain(layers, train={"epochs": 30, **options.pop("train", {})}, **options)
    made.edges = [
        e.model_copy(update={"target_input": "x"}) if e.target == "own" else e for e in made.edges
    ]
    return made


def last(outcome, key):
    return outcome.series(key)[-1]


def test_the_page_holds_functions_a_node_a_layer_a_loss_and_a_metric():
    classes = ["MyNode", "LearnedPower", "LogCoshLoss", "WithinTolerance"]
    assert list(FILES) == ["Gain", "SplitSigns", *classes]


#: The two forms of one operation: x times two.
DOUBLES = ["MyNode", "Gain"]


@pytest.mark.parametrize("name", DOUBLES)
def test_the_node_between_two_layers_is_an_operation_of_the_network(page, tmp_path, name):
    own = graph([MLP[0], ("own", name, {}), MLP[2]])
    data = numbers(tmp_path)
    report = validator(data, registry=page).report(own, to_run=True)
    assert report.valid, report.diagnostics
    assert report.nodes["own"].outputs["output"].shape == ["B", 8]

    model = built(own, registry=page)
    x = torch.rand(5, 2, requires_grad=True)
    expected = model.fc2(2 * model.fc1(x))
    torch.testing.assert_close(model(x), expected)
    model(x).sum().backward()
    assert x.grad.abs().sum() > 0

    off = own.model_copy(deep=True)
    off.node("own").disabled = True
    model = built(off, registry=page)
    torch.testing.assert_close(model(x), model.fc2(model.fc1(x)))

    outcome = execute(own, tmp_path / "run", data, registry=page)
    assert last(outcome, "train_loss") < outcome.series("train_loss")[0] / 2
    assert list(outcome.weights()) == ["fc1.bias", "fc1.weight", "fc2.bias", "fc2.weight"]
    assert outcome.series("batch_loss") != execute(
        off, tmp_path / "off", data, registry=page
    ).series("batch_loss")


@pytest.mark.parametrize("name", DOUBLES)
def test_a_model_with_the_node_and_the_layer_is_exported_as_a_program(page, tmp_path, name):
    own = graph(
        [MLP[0], ("own", name, {}), ("power", "LearnedPower", {}), MLP[2]], train={"epochs": 1}
    )
    own.nodes.append(Node(id="export", type="ModelExport", params={"name": "own", "format": "pt2"}))
    own.edges.append(wire("train.result > export.training_result"))
    outcome = execute(own, tmp_path / "run", numbers(tmp_path), registry=page)
    program = torch.export.load(outcome.folder / "artifacts" / "own.pt2").module()
    model = built(own, registry=page)
    model.load_state_dict(outcome.weights())
    x = torch.rand(7, 2)
    torch.testing.assert_close(program(x), model.eval()(x))


def test_a_function_has_two_outputs_and_another_reads_the_result(page, tmp_path):
    own = graph([MLP[0], ("own", "SplitSigns", {}), MLP[2]])
    for edge in own.edges:
        if edge.source == "own":
            edge.source_output = "positive"
    own.nodes += [Node(id="norm", type="WeightNorm"), Node(id="export", type="ModelExport")]
    own.edges += [
        wire("train.result > norm.result"),
        wire("train.result > export.training_result"),
        wire("norm.output > export.test_metrics"),
    ]
    outcome = execute(own, tmp_path / "run", numbers(tmp_path), registry=page)
    weights = torch.cat([weight.flatten() for weight in outcome.weights().values()])
    stored = json.loads((outcome.folder / "artifacts" / "model.metrics.json").read_text())
    assert stored == {"weight_norm": pytest.approx(float(weights.norm()), rel=1e-5)}


def test_the_layer_learns_and_its_weights_are_saved(page, tmp_path):
    own = graph([MLP[0], ("power", "LearnedPower", {"start": 1.5}), MLP[2]])
    model = built(own, registry=page)
    torch.testing.assert_close(model.power.power, nn.Parameter(torch.full((8,), 1.5)))
    outcome = execute(own, tmp_path / "run", numbers(tmp_path), registry=page)
    assert last(outcome, "train_loss") < outcome.series("train_loss")[0]
    assert (outcome.weights()["power.power"] != 1.5).all()


def test_the_loss_is_what_is_minimised(page, tmp_path):
    outcome = execute(graph(loss="LogCoshLoss"), tmp_path / "run", numbers(tmp_path), registry=page)
    assert last(outcome, "train_loss") < outcome.series("train_loss")[0]
    # ln cosh e is at most e²/2, so it is the custom loss and not the MSE that is reported
    assert last(outcome, "val_loss") <= last(outcome, "val_mse") / 2


def test_the_loss_is_finite_also_far_from_the_target(page):
    [loss] = page.get("LogCoshLoss").create({}).execute()
    error = torch.tensor([[0.0], [0.5], [1e4]], requires_grad=True)
    torch.testing.assert_close(
        loss(error[:2], torch.zeros(2, 1)), torch.cosh(error[:2]).log().mean()
    )
    loss(error, torch.zeros(3, 1)).backward()
    torch.testing.assert_close(error.grad, torch.tanh(error.detach()) / 3)


def test_the_loss_never_broadcasts_a_prediction_of_another_shape(page, tmp_path):
    data = numbers(tmp_path)
    wide = graph([MLP[0]], loss="LogCoshLoss")
    assert codes(validator(data, registry=page).report(wide)) == [
        ("output_shape", "fc1", "out_features")
    ]
    with pytest.raises(RunError, match="the target has 1 column"):
        execute(wide, tmp_path / "run", data, registry=page)


def test_the_metric_is_reported_for_training_and_validation(page, tmp_path):
    own = graph()
    own.nodes.append(Node(id="within", type="WithinTolerance", params={"tolerance": 100.0}))
    own.edges.append(wire("within.metric > train.metrics"))
    data = numbers(tmp_path)
    outcome = execute(own, tmp_path / "run", data, registry=page)
    assert (
        set(outcome.series("train_within_tolerance"))
        == set(outcome.series("val_within_tolerance"))
        == {1.0}
    )
    own.node("within").params["tolerance"] = 0.0
    assert (
        last(execute(own, tmp_path / "strict", data, registry=page), "val_within_tolerance") == 0.0
    )


def test_all_of_them_are_in_the_catalogue_under_their_files_name(page):
    catalogue = page.describe()
    assert catalogue["MyNode"].category == "MyCategory"
    assert catalogue["LearnedPower"].source == "learnedpower.py"
    assert catalogue["LogCoshLoss"].description.startswith("Like the squared error")


DATA_DEPENDENT = {
    "Branching": 'return (kwargs["x"] * 2 if kwargs["x"].sum() > 0 else kwargs["x"],)',
    "Detouring": 'return (kwargs["x"] + kwargs["x"].detach().numpy().mean(),)',
}


@pytest.mark.parametrize("name", DATA_DEPENDENT)
def test_a_node_that_needs_values_is_a_warning_and_trains(load, registry, tmp_path, name):
    text = (
        FILES["MyNode"]
        .replace("MyNode", name)
        .replace('return (kwargs["x"] * 2,)', DATA_DEPENDENT[name])
    )
    assert load(**{name.lower(): text}) == []
    own = graph([MLP[0], ("own", name, {}), MLP[2]], train={"epochs": 2})
    data = numbers(tmp_path)
    report = validator(data, registry=registry).report(own, to_run=True)
    assert report.valid
    assert codes(report, "warning") == [("shape_at_run", "own", None)]
    outcome = execute(own, tmp_path / "run", data, registry=registry)
    assert last(outcome, "train_loss") < outcome.series("train_loss")[0]


def test_files_of_the_nodes_folder_are_in_the_palette_and_train_in_a_process_of_their_own(
    serve, tmp_path
):
    folder = tmp_path / "nodes"
    folder.mkdir()
    for name, text in FILES.items():
        (folder / f"{name.lower()}.py").write_text(text)
    (folder / "broken.py").write_text("import visdl\n\nvisdl.there_is_no_such_thing\n")
    client = serve(nodes_dir=folder).client
    catalogue = client.get("/api/nodes").json()
    assert {catalogue[name]["source"] for name in FILES} == {f"{name.lower()}.py" for name in FILES}
    [problem] = client.get("/api/nodes/diagnostics").json()
    assert (problem["file"], problem["line"]) == ("broken.py", 3)

    layers = [MLP[0], ("own", "Gain", {"factor": 3.0}), ("power", "LearnedPower", {}), MLP[2]]
    own = graph(layers, loss="LogCoshLoss", train={"epochs": 2})
    own.nodes.append(Node(id="within", type="WithinTolerance"))
    own.edges.append(wire("within.metric > train.metrics"))
    upload(client)
    run = client.post("/api/runs", json={"graph": own.model_dump(mode="json")}).json()
    run = client.get(f"/api/runs/{run['id']}", params={"wait": 60}).json()
    assert run["state"] == "completed", run["error"]
    assert (catalogue["Gain"]["category"], catalogue["Gain"]["outputs"][0]["name"]) == (
        "My nodes",
        "output",
    )
    assert 0 <= run["metrics"]["val_within_tolerance"]["last"] <= 1
    rows = {"rows": [{"a": 0.5, "b": 0.25}, {"a": 1, "b": 0}]}
    assert len(client.post(f"/api/runs/{run['id']}/predict", json=rows).json()["predictions"]) == 2
