"""`predictions.parquet` has every evaluated row, as `predict` gives it."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from sklearn.metrics import accuracy_score, r2_score

from visdl.datasets.split import Loader
from visdl.models.errors import RunError
from visdl.models.graph import Graph, Node
from visdl.nodes import NodeRegistry
from visdl.training import row_predictions, run_folder
from visdl.training.row_predictions import NAME, RowPredictions

from ..support.graphs import MLP, chain, table, wire
from ..support.runs import Outcome, execute

pytestmark = pytest.mark.integration

ROWS = 40


def evaluated(graph: Graph, source: str = "split.test_loader", number: str = "test") -> Graph:
    graph.nodes.append(Node(id=number, type="Evaluator"))
    graph.edges.append(wire(f"train.result > {number}.training_result"))
    graph.edges.append(wire(f"{source} > {number}.test_dataset"))
    return graph


def file_of(outcome: Outcome) -> Any:
    return pq.ParquetFile(outcome.folder / "artifacts" / NAME)


def read(outcome: Outcome, part: str) -> RowPredictions:
    return RowPredictions.read(outcome.folder / "artifacts" / NAME, part)


def about(outcome: Outcome) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(file_of(outcome).metadata.metadata[b"visdl"])
    return found


def rows_of(data: Any, names: list[str]) -> list[dict[str, Any]]:
    return [dict(zip(names, values, strict=True)) for values in data.exact(names).T.tolist()]


def test_numbers_are_in_their_own_units_row_by_row_of_the_kept_epoch(tmp_path):
    rows = [(i / ROWS, (i * 7 % ROWS) / ROWS, 1000.5 + 30 * i) for i in range(ROWS)]
    data = table(tmp_path, "a,b,y", rows)
    split = {"test_ratio": 0.3, "target_scaling": "standardize", "seed": 4}
    graph = chain(
        MLP, split=split, train={"epochs": 6, "keep": "best"}, optimizer=("Adam", {"lr": 1.0})
    )
    outcome = execute(evaluated(graph), tmp_path / "run", data)
    answers = outcome.predict(rows_of(data, ["a", "b"]))["predictions"]
    y = data.values("y")
    for part in ("val", "test"):
        loader = Loader(data.select("a,b", "y"), part=part, val_ratio=0.2, test_ratio=0.3, seed=4)
        found = read(outcome, part)
        assert [row for row, _ in found.keys] == (loader.rows + 1).tolist()
        assert {column for _, column in found.keys} == {"y"}
        np.testing.assert_array_equal(found.target, y[loader.rows])
        np.testing.assert_allclose(found.prediction, np.array(answers)[loader.rows], rtol=1e-7)
    assert r2_score(found.target, found.prediction) == pytest.approx(outcome.series("test_r2")[-1])
    assert list(file_of(outcome).schema_arrow.names) == [
        "part",
        "row",
        "column",
        "target",
        "prediction",
    ]
    kinds = {one.name: one.media_type for one in run_folder.artifacts(outcome.folder)}
    assert kinds[NAME] == "application/vnd.apache.parquet"


def test_classes_have_their_labels_and_a_probability_each(tmp_path):
    words = ["pear", "apple", "fig"]
    rows = [(i / ROWS, (i * 7 % ROWS) / ROWS, words[i % 3]) for i in range(ROWS)]
    data = table(tmp_path, "a,b,y", rows)
    layers = [*MLP[:-1], ("fc2", "Linear", {"out_features": 3})]
    graph = chain(layers, loss="CrossEntropyLoss", split={"val_ratio": 0.3})
    outcome = execute(graph, tmp_path / "run", data)
    found = read(outcome, "val")
    answer = outcome.predict(rows_of(data, ["a", "b"]))
    at = [row - 1 for row, _ in found.keys]
    assert found.prediction.tolist() == [answer["predictions"][row] for row in at]
    assert found.target.tolist() == [rows[row][2] for row in at]
    assert list(found.probabilities) == answer["classes"] == ["apple", "fig", "pear"]
    mine = np.stack(list(found.probabilities.values()), axis=1)
    np.testing.assert_allclose(mine, np.array(answer["probabilities"])[at], rtol=1e-6)
    accuracy = accuracy_score(found.target, found.prediction)
    assert accuracy == pytest.approx(outcome.series("val_accuracy")[-1])


def test_two_tests_of_two_targets_are_two_parts_with_a_line_for_each(tmp_path):
    header = "a,b,y,z"
    data = table(tmp_path, header, [(i / 9, i / 7, i % 2, (i + 1) % 2) for i in range(ROWS)])
    more = table(tmp_path, header, [(i / 9, i / 7, 1, 0) for i in range(5)], name="more")
    layers = [*MLP[:-1], ("fc2", "Linear", {"out_features": 2})]
    graph = chain(
        layers, loss="BCEWithLogitsLoss", data={"target_columns": "y,z"}, split={"val_ratio": 0}
    )
    graph.nodes.append(Node(id="more", type="CSVLoader", params={"file": "more"}))
    graph = evaluated(evaluated(graph, "csv.dataset"), "more.dataset", "again")
    outcome = execute(graph, tmp_path / "run", data, more)
    parts = about(outcome)["parts"]
    assert {name: one["dataset"] for name, one in parts.items()} == {
        "test": "table",
        "test_2": "more",
    }
    found = read(outcome, "test_2")
    assert found.keys == [(row, column) for row in range(1, 6) for column in ("y", "z")]
    assert found.target.tolist() == [1, 0] * 5
    np.testing.assert_allclose(found.probabilities["1"], found.prediction, rtol=1e-6)


def test_large_parts_are_capped_evenly_and_state_it(tmp_path, monkeypatch):
    monkeypatch.setattr(row_predictions, "MOST_LINES", 5)
    monkeypatch.setattr(row_predictions, "MOST_PROBABILITIES", 9)
    monkeypatch.setattr(row_predictions, "_CHUNK_VALUES", 4)
    rows = [(i / ROWS, (i * 7 % ROWS) / ROWS, i % 2) for i in range(ROWS)]
    data = table(tmp_path, "a,b,y", rows)
    layers = [*MLP[:-1], ("fc2", "Linear", {"out_features": 2})]
    graph = chain(layers, loss="CrossEntropyLoss", split={"val_ratio": 0})
    outcome = execute(evaluated(graph, "csv.dataset"), tmp_path / "run", data)
    found = read(outcome, "test")
    assert [row for row, _ in found.keys] == [1, 10, 20, 30, 40]
    assert found.probabilities == {}
    assert file_of(outcome).num_row_groups == 3  # two rows at a time
    [file] = [one for one in run_folder.artifacts(outcome.folder) if one.name == NAME]
    assert (
        file.notes
        == about(outcome)["notes"]
        == [
            "Part test has 5 of 40 rows, evenly spaced: at most 5 lines.",
            "Part test has no probabilities: there would be 10.",
        ]
    )


def test_what_the_loss_ignores_has_no_line_and_runs_pair_by_row(tmp_path):
    rows = [(i / ROWS, (i * 7 % ROWS) / ROWS, i % 3) for i in range(ROWS)]
    data = table(tmp_path, "a,b,y", rows)
    layers = [*MLP[:-1], ("fc2", "Linear", {"out_features": 3})]
    found = []
    for ignored in (-100, 1):
        graph = evaluated(
            chain(layers, loss="CrossEntropyLoss", split={"val_ratio": 0}), "csv.dataset"
        )
        graph.node("loss").params["ignore_index"] = ignored
        found.append(read(execute(graph, tmp_path / f"run{ignored}", data), "test"))
    assert len(found[0].keys) == ROWS
    assert set(found[1].target) == {"0", "2"}
    mine, theirs = found[0].paired(found[1])
    assert mine.keys == theirs.keys == found[1].keys
    assert mine.target.tolist() == theirs.target.tolist()


def test_a_file_that_cannot_be_written_fails_no_run(tmp_path, monkeypatch):
    def fail(*_: object, **__: object) -> None:
        raise ValueError("no schema")

    monkeypatch.setattr(row_predictions, "_words", fail)
    data = table(tmp_path, "a,b,y", [(i / ROWS, i % 7, i) for i in range(ROWS)])
    outcome = execute(chain(MLP), tmp_path / "run", data)
    assert (outcome.folder / "artifacts" / "report.json").is_file()
    assert not (outcome.folder / "artifacts" / NAME).exists()
    logged = [event.message for event in outcome.events if event.type == "log"]
    assert f"{NAME} is not written: no schema." in logged


def test_a_run_that_fails_after_a_part_leaves_nothing_of_the_file(tmp_path, monkeypatch):
    data = table(tmp_path, "a,b,y", [(i / ROWS, i % 7, i) for i in range(ROWS)])
    graph = evaluated(chain(MLP, split={"test_ratio": 0.2}))
    monkeypatch.setattr(NodeRegistry.get("Evaluator"), "execute", lambda *_, **__: ())
    with pytest.raises(RunError):
        execute(graph, tmp_path / "run", data)
    assert [path for path in (tmp_path / "run" / "artifacts").iterdir() if NAME in path.name] == []


def test_nothing_that_imports_pandas_is_called(tmp_path, monkeypatch):
    def fail(*_: object, **__: object) -> None:
        raise AssertionError("pyarrow imports pandas here, half a second in each worker")

    for name in ("array", "table"):
        monkeypatch.setattr(row_predictions.pa, name, fail)
    data = table(tmp_path, "a,b,y", [(i / ROWS, i % 7, i) for i in range(ROWS)])
    outcome = execute(chain(MLP), tmp_path / "run", data)
    assert (outcome.folder / "artifacts" / NAME).is_file()
