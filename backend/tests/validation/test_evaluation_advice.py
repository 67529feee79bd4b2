"""A test is on rows that were neither trained on nor validated on, or the report states it."""

from __future__ import annotations

from typing import Any

import pytest

from visdl.models.graph import Graph, Node

from ..support.graphs import MLP, chain, codes, numbers, table, validator, wire
from .test_advice import apply

TRAINED, VALIDATED = "tested_on_training_rows", "tested_on_validation_rows"


def evaluated(source: str, **split: Any) -> Graph:
    graph = chain(MLP, split=split)
    graph.nodes.append(Node(id="test", type="Evaluator"))
    graph.edges.append(wire("train.result > test.training_result"))
    graph.edges.append(wire(f"{source} > test.test_dataset"))
    return graph


@pytest.fixture
def data(tmp_path):
    return numbers(tmp_path, rows=200)


@pytest.mark.parametrize(
    ("source", "code", "count"),
    [
        ("csv.dataset", TRAINED, "160 of its 200 rows"),
        ("split.train_loader", TRAINED, "all of its 160 rows"),
        ("split.val_loader", VALIDATED, "all of its 40 rows"),
    ],
)
@pytest.mark.parametrize("split", [{}, {"test_ratio": 0.2, "val_ratio": 0.2}])
def test_rows_already_used_are_no_test_and_a_click_holds_others_out(
    data, source, code, count, split
):
    graph = evaluated(source, **split)
    report = validator(data).report(graph, to_run=True)
    assert report.valid
    [found] = report.diagnostics
    assert (found.code, found.severity, found.node) == (code, "warning", "test")
    if not split:
        assert count in found.message
    assert "not a test" in found.message
    after = validator(data).report(apply(graph, found), to_run=True)
    assert after.diagnostics == []
    assert after.nodes["test"].inputs["test_dataset"].text == "40 rows · batch 32"


def test_the_same_table_under_another_name_is_not_a_test(tmp_path, data):
    copy = numbers(tmp_path, rows=200, name="copy")
    graph = evaluated("other.dataset")
    graph.nodes.append(
        Node(id="other", type="CSVLoader", params={"file": "copy", "target_columns": "y"})
    )
    [found] = validator(data, copy).report(graph).diagnostics
    assert found.code == TRAINED
    other = table(tmp_path, "a,b,y", [(i / 50, 0.51, i / 50) for i in range(50)], name="copy2")
    graph.node("other").params["file"] = "copy2"
    assert validator(data, other).report(graph).diagnostics == []


def test_rows_of_another_split_of_the_table_are_counted(data):
    graph = evaluated("second.val_loader")
    graph.nodes.append(Node(id="second", type="DataSplitter", params={"seed": 1}))
    graph.edges.append(wire("csv.dataset > second.dataset"))
    [found] = validator(data).report(graph).diagnostics
    assert found.code == TRAINED
    assert "of its 40 rows" in found.message


@pytest.mark.parametrize(
    ("source", "split", "ratio"),
    [
        ("split.test_loader", {}, "test_ratio"),
        ("split.val_loader", {"val_ratio": 0.0, "test_ratio": 0.2}, "val_ratio"),
    ],
)
def test_a_test_without_rows_is_refused_and_a_click_gives_it_some(data, source, split, ratio):
    graph = evaluated(source, **split)
    report = validator(data).report(graph, to_run=True)
    assert codes(report) == [("no_test_rows", "test", "test_dataset")]
    assert ratio in report.diagnostics[0].message
    fixed = apply(graph, report.diagnostics[0])
    assert validator(data).report(fixed, to_run=True).valid


def test_a_file_for_validation_is_not_a_test_either(tmp_path, data):
    other = table(tmp_path, "a,b,y", [(i / 50, 0.51, i / 50) for i in range(50)], name="other")
    graph = evaluated("other.dataset")
    graph.nodes.append(
        Node(id="other", type="CSVLoader", params={"file": "other", "target_columns": "y"})
    )
    graph.edges = [e for e in graph.edges if e.target_input != "val_loader"]
    graph.edges.append(wire("other.dataset > train.val_loader"))
    [found] = validator(data, other).report(graph).diagnostics
    assert found.code == VALIDATED
    assert validator(data, other).report(apply(graph, found)).diagnostics == []


def test_the_rows_of_each_part_and_class_are_reported(tmp_path):
    rows = [(i / 100, (i * 7 % 100) / 100, "yes" if i % 4 == 0 else "no") for i in range(100)]
    data = table(tmp_path, "a,b,y", rows)
    layers = [*MLP[:-1], ("fc2", "Linear", {"out_features": 2})]
    split = {"test_ratio": 0.2, "strategy": "stratified"}
    graph = chain(layers, loss="CrossEntropyLoss", split=split)
    parts = validator(data).report(graph).nodes["split"].parts
    assert [(part.part, part.rows, part.classes) for part in parts] == [
        ("train", 60, {"no": 45, "yes": 15}),
        ("val", 20, {"no": 15, "yes": 5}),
        ("test", 20, {"no": 15, "yes": 5}),
    ]
    graph.node("split").params = {"val_ratio": 0.0}
    [part] = validator(data).report(graph).nodes["split"].parts
    assert (part.part, part.rows) == ("train", 100)
    assert validator(data).report(graph).nodes["csv"].parts == []


def test_a_number_has_no_classes(data):
    parts = validator(data).report(chain(MLP)).nodes["split"].parts
    assert [(part.part, part.rows, part.classes) for part in parts] == [
        ("train", 160, {}),
        ("val", 40, {}),
    ]
