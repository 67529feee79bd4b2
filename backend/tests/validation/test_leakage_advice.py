"""Columns that give the target away, and classes that a part lacks, are reported before a run."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from visdl.datasets.dataset import Dataset
from visdl.datasets.importer import import_csv
from visdl.datasets.storage import Floats, Index
from visdl.models.graph import Graph, Node

from ..support.graphs import MLP, chain, numbers, table, validator, wire
from ..support.runs import execute
from .test_advice import apply

CASES = Path(__file__).parents[1] / "cases"


def case(name: str, folder: Path) -> Dataset:
    """The table of a case, as if uploaded."""
    file = f"{name.lower()}.csv"
    record = import_csv(
        CASES / name / file, folder / name, dataset_id=name, name=file, max_columns=100
    )
    return Dataset(record, folder / name)


def graph_of(name: str, file: str = "graph.json") -> Graph:
    return Graph.model_validate_json((CASES / name / file).read_bytes())


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        ("graph_all_columns.json", {"row_number", "target_leak"}),
        ("graph_row_number.json", {"row_number"}),
        ("graph_target_as_input.json", {"target_among_inputs"}),
    ],
)
def test_inputs_that_give_the_answer_away_are_left_out_by_clicks(tmp_path, file, expected):
    data, graph = case("F19", tmp_path), graph_of("F19", file)
    found = validator(data).report(graph).diagnostics
    assert {one.code for one in found} == expected
    assert all(one.severity == "warning" and one.port == "input_columns" for one in found)
    while found := validator(data).report(graph).diagnostics:
        graph = apply(graph, found[0])
    names = set(data.select(graph.node("csv").params["input_columns"], "group").inputs)
    assert names == {"a", "b"}


def test_a_table_is_searched_once_however_often_its_graph_is_checked(tmp_path, monkeypatch):
    data, graph = case("F19", tmp_path), graph_of("F19", "graph_all_columns.json")
    reads: list[str] = []
    exact = Dataset.exact

    def counted(self: Dataset, names: Sequence[str], rows: Index | None = None) -> Floats:
        reads.extend(names)
        return exact(self, names, rows)

    monkeypatch.setattr(Dataset, "exact", counted)
    validator(data).report(graph)
    assert reads
    reads.clear()
    assert {one.code for one in validator(data).report(graph).diagnostics} >= {"target_leak"}
    assert reads == []


@pytest.mark.parametrize(
    ("x", "y", "leaks"),
    [
        (lambda i: i * i, lambda i: 3 * i * i - 7, True),
        (lambda i: i * i, lambda i: 3 * i * i - 7 + 0.01 * (i == 5), False),
        (lambda i: i % 4 * 2.5, lambda i: (i % 4) ** 2, True),  # value by value
        (lambda i: i % 4, lambda i: i % 5, False),
        (lambda i: i * 0.37 % 1, lambda i: i % 3, False),  # every value occurs once
        (lambda i: i % 2, lambda i: 1, False),
    ],
)
def test_an_exact_relation_is_found_and_a_close_one_is_not(tmp_path, x, y, leaks):
    data = table(tmp_path, "x,b,y", [(x(i), i * 0.61 % 1, y(i)) for i in range(100)])
    codes = [one.code for one in validator(data).report(chain(MLP)).diagnostics]
    assert ("target_leak" in codes) == leaks


def test_an_autoencoder_is_no_leak(tmp_path):
    data = numbers(tmp_path)
    layers = [*MLP[:-1], ("fc2", "Linear", {"out_features": 2})]
    graph = chain(layers, data={"input_columns": "a,b", "target_columns": "a,b"})
    assert validator(data).report(graph).diagnostics == []


def test_text_columns_that_are_left_out_are_named(tmp_path):
    data, graph = case("F25", tmp_path), graph_of("F25")
    [found] = [d for d in validator(data).report(graph).diagnostics if d.code == "omitted_text"]
    assert found.message.startswith("'colour', 'brand', 'fuel' are text and are left out")
    after = validator(data).report(apply(graph, found)).diagnostics
    assert "omitted_text" not in {one.code for one in after}


def test_two_columns_of_true_and_false_train_as_classes(tmp_path):
    data, graph = case("F12", tmp_path), graph_of("F12")
    report = validator(data).report(graph, to_run=True)
    assert report.valid
    outcome = execute(graph, tmp_path / "run", data)
    assert outcome.series("val_accuracy")[-1] is not None
    assert '"classes":["false","true"]' in (
        tmp_path / "run" / "artifacts" / "encoding.json"
    ).read_text().replace(" ", "").replace("\n", "")


def classes_of(tmp_path: Path, labels: list[str]) -> Dataset:
    rows = [(i * 0.6180339 % 1, i * 0.3819661 % 1, label) for i, label in enumerate(labels)]
    return table(tmp_path, "a,b,y", rows)


def classifier(classes: int, **split: object) -> Graph:
    layers = [*MLP[:-1], ("fc2", "Linear", {"out_features": classes})]
    return chain(layers, loss="CrossEntropyLoss", split=dict(split))


def test_a_part_without_a_class_is_stratified_by_a_click(tmp_path):
    data = classes_of(tmp_path, ["c" if i in (0, 1, 2, 3, 4) else "ab"[i % 2] for i in range(60)])
    graph = classifier(3, seed=2)
    [found] = validator(data).report(graph).diagnostics
    assert (found.code, found.node, found.port) == ("missing_class", "split", "strategy")
    assert "no row of class 'c'" in found.message
    assert validator(data).report(apply(graph, found)).diagnostics == []


def test_one_class_in_nearly_all_rows_and_a_constant_target_are_reported(tmp_path):
    data = classes_of(tmp_path, ["b" if i % 25 == 0 else "a" for i in range(200)])
    [found] = validator(data).report(classifier(2, strategy="stratified")).diagnostics
    assert found.code == "dominant_class"
    assert "96.0%" in found.message
    constant = table(tmp_path, "a,b,y", [(i * 0.61 % 1, i % 7, 5) for i in range(50)], name="same")
    graph = chain(MLP, data={"file": "same"})
    assert [one.code for one in validator(constant).report(graph).diagnostics] == [
        "constant_target"
    ]


def test_a_test_on_a_few_rows_states_the_step_of_an_accuracy(tmp_path):
    data = numbers(tmp_path, rows=100)
    graph = chain(MLP, split={"test_ratio": 0.1})
    graph.nodes.append(Node(id="test", type="Evaluator"))
    graph.edges.append(wire("train.result > test.training_result"))
    graph.edges.append(wire("split.test_loader > test.test_dataset"))
    [found] = validator(data).report(graph).diagnostics
    assert (found.code, found.node) == ("few_test_rows", "test")
    assert "only 10 rows: one row changes an accuracy by 0.100" in found.message
