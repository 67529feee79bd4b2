"""Exported models take columns as in the table, and give what `predict` of the run gives."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors import safe_open

from visdl.datasets.dataset import Dataset
from visdl.models.errors import RunError
from visdl.models.exports import ExportSignature
from visdl.models.graph import Graph, Node
from visdl.nodes import LossNode, NodeRegistry
from visdl.nodes.model import export
from visdl.training import run_folder

from ..support.graphs import MLP, chain, table, wire
from ..support.runs import Outcome, built, execute
from ..support.strength import count
from .layers import cases, inputs_of, model_of, tensors

pytestmark = pytest.mark.integration

ROWS = 60
#: Calls each program as its signature states, with nothing but torch.
CALLER = """
import json, sys
import torch
given = json.load(open(sys.argv[1]))
answers = []
for path, rows in given:
    extra = {"signature.json": ""}
    program = torch.export.load(path, extra_files=extra).module()
    signature = json.loads(extra["signature.json"])
    arguments = []
    for argument in signature["inputs"]:
        values = [[row[name] for name in argument["columns"]] for row in rows]
        kind = torch.int64 if argument["dtype"] == "int64" else torch.float64
        arguments.append(torch.tensor(values, dtype=kind).reshape(len(rows), *argument["shape"]))
    answer = {"values": program(*arguments).tolist()}
    if signature["output"]["classes"]:
        places = torch.tensor(answer["values"]).argmax(1).tolist()
        answer["labels"] = [signature["output"]["classes"][place] for place in places]
    answers.append(answer)
assert "visdl" not in sys.modules
json.dump(answers, open(sys.argv[1], "w"))
"""


def last_layer(out: int) -> list[tuple[str, str, dict[str, Any]]]:
    return [*MLP[:-1], ("fc2", "Linear", {"out_features": out})]


def amounts() -> tuple[str, list[Any], Graph]:
    """A target of some thousand, trained as its logarithm, by inputs far from 0."""
    rows = [(1e6 + i, (i * 7 % ROWS) / 1000, 2000 + 30 * i) for i in range(ROWS)]
    split = {"scaling": "standardize", "target_scaling": "log1p"}
    return "a,b,y", rows, chain(MLP, split=split, train={"epochs": 20})


def labels() -> tuple[str, list[Any], Graph]:
    """Three words as classes, by inputs between 0 and 1."""
    words = ["pear", "apple", "fig"]
    rows = [(i * 100, i * 7 % ROWS, words[3 * i // ROWS]) for i in range(ROWS)]
    graph = chain(last_layer(3), loss="CrossEntropyLoss", split={"scaling": "minmax"})
    return "a,b,y", rows, graph


def counts() -> tuple[str, list[Any], Graph]:
    """A Poisson model of logarithms of rates, with a column of booleans."""
    rows = [(i / ROWS, "true" if i % 3 else "false", i % 5) for i in range(ROWS)]
    return "a,b,y", rows, chain(MLP, loss="PoissonNLLLoss")


def ids() -> tuple[str, list[Any], Graph]:
    """Ids and numbers as two arguments, standardized prices of two columns."""
    rows = [(i % 4, i / 10, 500 + 3 * i, -i / 100) for i in range(ROWS)]
    layers = [
        ("id", "Input", {"columns": "a", "dtype": "int64"}),
        ("embed", "Embedding", {"num_embeddings": 4, "embedding_dim": 3}),
        ("flat", "Flatten", {}),
    ]
    graph = chain(
        [*layers, ("fc", "Linear", {"out_features": 2})],
        data={"target_columns": "y,z"},
        split={"scaling": "standardize", "target_scaling": "standardize"},
    )
    graph.nodes += [
        Node(id="b", type="Input", params={"columns": "b"}),
        Node(id="join", type="Concat"),
    ]
    graph.edges = [edge for edge in graph.edges if edge != wire("flat.output > fc.input")]
    ends = ["flat.output > join.inputs", "b.output > join.inputs", "join.output > fc.input"]
    graph.edges += map(wire, ends)
    return "a,b,y,z", rows, graph


def chances() -> tuple[str, list[Any], Graph]:
    """Logits of a target of 0 and 1."""
    rows = [(i / ROWS, (i * 7 % ROWS) / ROWS, int(i * 7 % ROWS > i)) for i in range(ROWS)]
    return "a,b,y", rows, chain(MLP, loss="BCEWithLogitsLoss")


def exported(graph: Graph, kind: str = "pt2") -> Graph:
    graph.nodes.append(Node(id="export", type="ModelExport", params={"name": "it", "format": kind}))
    graph.edges.append(wire("train.result > export.training_result"))
    return graph


def raw(data: Dataset, names: list[str]) -> list[dict[str, Any]]:
    return [
        {name: data.values(name, np.array([row]))[0].item() for name in names}
        for row in range(0, data.rows, 9)
    ]


def call(folder: Path, given: list[tuple[Path, list[dict[str, Any]]]]) -> list[dict[str, Any]]:
    """What the programs answer in a process that knows no VisDL."""
    task = folder / "task.json"
    task.write_text(json.dumps([(str(path), rows) for path, rows in given]))
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    command = [sys.executable, "-c", CALLER, str(task)]
    subprocess.run(command, check=True, cwd=folder, env=environment, timeout=120)
    answers: list[dict[str, Any]] = json.loads(task.read_text())
    return answers


def test_a_program_gives_what_predict_gives_for_rows_of_the_table(tmp_path):
    given, expected = [], []
    for case in (amounts, labels, ids, counts, chances)[: count(gate=3, full=5)]:
        header, rows, graph = case()
        folder = tmp_path / case.__name__
        folder.mkdir()
        data = table(folder, header, rows)
        outcome = execute(exported(graph), folder / "run", data)
        assert data.select("", graph.node("csv").params["target_columns"]).inputs == ("a", "b")
        records = raw(data, ["a", "b"])
        given.append((folder / "run" / "artifacts" / "it.pt2", records))
        expected.append(outcome.predict(records))
    for answer, found in zip(call(tmp_path, given), expected, strict=True):
        values = found.get("probabilities", found["predictions"])
        shape = np.array(answer["values"]).shape
        np.testing.assert_allclose(
            answer["values"], np.array(values, dtype=float).reshape(shape), rtol=1e-6
        )
        assert answer.get("labels", found["predictions"]) == found["predictions"]


def notes(outcome: Outcome, name: str) -> list[str]:
    [file] = [one for one in run_folder.artifacts(outcome.folder) if one.name == name]
    return file.notes


def test_the_file_and_the_page_state_what_is_left_to_the_caller(tmp_path):
    header, rows, graph = labels()
    data = table(tmp_path, header, rows)
    outcome = execute(exported(graph), tmp_path / "run", data)
    extra = {"signature.json": "", "visdl.json": ""}
    torch.export.load(tmp_path / "run" / "artifacts" / "it.pt2", extra_files=extra)
    signature = ExportSignature.model_validate_json(extra["signature.json"])
    assert signature.applied == ["inputs", "predictions", "targets"]
    assert signature.output.classes == ["apple", "fig", "pear"]
    assert signature.output.shape == [3]
    assert notes(outcome, "it.pt2") == signature.caller
    assert any("output.classes[" in line for line in signature.caller)
    assert json.loads(extra["visdl.json"])["predictions"] == "output"


@pytest.mark.parametrize("kind", ["safetensors", "pt"])
def test_weights_alone_state_how_inputs_are_scaled_and_predictions_are_made(tmp_path, kind):
    header, rows, graph = amounts()
    data = table(tmp_path, header, rows)
    outcome = execute(exported(graph, kind), tmp_path / "run", data)
    path = outcome.folder / "artifacts" / f"it.{kind}"
    if kind == "safetensors":
        with safe_open(path, "pt") as file:
            text = file.metadata()["signature"]
    else:
        with zipfile.ZipFile(path) as archive:
            text = archive.read("it/signature.json").decode()
        assert torch.load(path, weights_only=True).keys() == outcome.weights().keys()
    signature = ExportSignature.model_validate_json(text)
    assert signature.applied == []
    assert signature.encoding["scale"]
    assert any("(x − shift) / scale" in line for line in signature.caller)
    assert any("expm1(output)" in line for line in notes(outcome, path.name))


def test_predictions_that_torch_cannot_trace_are_left_to_the_caller(tmp_path, monkeypatch):
    def rounded(self: LossNode, output: torch.Tensor) -> torch.Tensor:
        return torch.tensor([round(value) for value in output.flatten().tolist()])[:, None]

    header, rows, graph = counts()
    graph.node("loss").type = "MSELoss"
    monkeypatch.setattr(NodeRegistry.get("MSELoss"), "predictions", rounded)
    data = table(tmp_path, header, rows)
    outcome = execute(exported(graph), tmp_path / "run", data)
    program = torch.export.load(outcome.folder / "artifacts" / "it.pt2").module()
    assert program(torch.rand(3, 2)).shape == (3, 1)
    assert any("MSELoss.predictions(output)" in line for line in notes(outcome, "it.pt2"))


def program_of(model: torch.nn.Module, example: list[torch.Tensor]) -> torch.nn.Module:
    """The program of a model for any number of rows, as an export traces it."""
    axes = tuple({0: torch.export.Dim("batch", min=1)} for _ in example)
    exported = torch.export.export(model.eval(), tuple(example), dynamic_shapes=axes)
    return exported.module()


def assert_same(program: torch.nn.Module, model: torch.nn.Module, x: list[torch.Tensor]) -> None:
    torch.testing.assert_close(program(*x), model(*x), equal_nan=True)


def test_a_token_that_is_repeated_for_each_sample_is_exported_for_any_number_of_rows():
    nodes = [
        Node(id="token", type="Parameter", params={"shape": [1, 4], "init": "normal"}),
        Node(id="x", type="Input", params={"shape": [3, 4]}),
        Node(id="join", type="Concat", params={"dim": 1}),
        Node(id="model", type="ModelAssembly"),
    ]
    wires = ["token.output > join.inputs", "x.output > join.inputs", "join.output > model.layers"]
    model = built(
        Graph(name="Token", nodes=nodes, edges=list(map(wire, wires))), [torch.rand(2, 3, 4)]
    )
    program = program_of(model, [torch.rand(2, 3, 4)])
    for rows in (1, 5):
        assert_same(program, model, [torch.rand(rows, 3, 4)])


#: Layers for which torch itself fixes the number of rows.
NOT_TRACED = {"FractionalMaxPool3d"}


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # of torch: about the weights of recurrent layers
@pytest.mark.parametrize(("name", "params"), cases(), ids=str)
def test_every_layer_is_exported_for_any_number_of_rows(name, params):
    torch.manual_seed(0)
    example = inputs_of(name, 2)
    model = model_of(name, example, params)
    if name in NOT_TRACED:
        with pytest.raises(Exception, match="batch"):
            program_of(model, tensors(example))
        return
    program = program_of(model, tensors(example))
    for rows in (1, 5):
        assert_same(program, model, tensors(inputs_of(name, rows)))


def test_a_model_that_torch_cannot_trace_fails_with_the_remedy(tmp_path, monkeypatch):
    def fail(result: object) -> None:
        raise ValueError("Constraints violated (batch)!")

    monkeypatch.setattr(export, "export_program", fail)
    header, rows, graph = labels()
    with pytest.raises(RunError, match="PyTorch cannot export this model as a program") as caught:
        execute(exported(graph), tmp_path / "run", table(tmp_path, header, rows))
    assert caught.value.node == "export"
    assert "safetensors" in caught.value.hint
