"""Rows that are both trained on and held out, and folds that outnumber a class, before a run."""

from __future__ import annotations

import pandas as pd
import pytest
from sklearn.model_selection import StratifiedKFold

from visdl.datasets.dataset import Dataset
from visdl.datasets.split import Loader
from visdl.models.diagnostics import Diagnostic
from visdl.models.graph import Graph, Node
from visdl.validation import duplicate_rows

from ..support.graphs import MLP, chain, table, validator, wire
from .test_advice import apply
from .test_leakage_advice import classes_of, classifier

SPLIT = {"val_ratio": 0.3, "test_ratio": 0.25, "seed": 1}


def about(
    data: Dataset, graph: Graph, *more: Dataset, code: str = "duplicate_rows"
) -> list[Diagnostic]:
    return [d for d in validator(data, *more).report(graph).diagnostics if d.code == code]


def coarse(folder, rows: int = 120, name: str = "table", offset: float = 0.0) -> Dataset:
    """Many rows are equal, zeros of both signs among them."""
    values = [
        (i * 7 % 12 / 12 + offset, -0.0 if i % 2 else 0.0, "xyz"[i // 5 % 3]) for i in range(rows)
    ]
    return table(folder, "a,b,y", values, name=name)


@pytest.mark.parametrize("columns", [16, 1])
def test_equal_rows_of_two_parts_are_counted_as_pandas_does(tmp_path, monkeypatch, columns):
    monkeypatch.setattr(duplicate_rows, "_COLUMNS", columns)
    duplicate_rows._repeats.cache_clear()
    duplicate_rows._count.cache_clear()
    data = coarse(tmp_path)
    [found] = about(data, classifier(3, **SPLIT))
    assert (found.severity, found.node, found.port) == ("warning", "split", "strategy")
    frame = pd.DataFrame({"a": data.values("a"), "b": data.values("b"), "y": data.labels("y")})
    part = {p: Loader(data, part=p, **SPLIT).rows for p in ("train", "val", "test")}
    train = set(frame.loc[part["train"]].itertuples(index=False, name=None))
    counts = {
        p: sum(row in train for row in frame.loc[part[p]].itertuples(index=False, name=None))
        for p in ("val", "test")
    }
    assert found.message == (
        f"{counts['val']} of the 36 validation rows and {counts['test']} of the 30 test rows equal "
        "a training row in all inputs and targets."
    )


def test_rows_that_differ_in_one_column_are_not_equal(tmp_path):
    data = table(tmp_path, "a,b,y", [(i % 2, i, i % 2) for i in range(80)])
    assert about(data, chain(MLP)) == []
    assert len(about(data, chain(MLP, data={"input_columns": "a"}))) == 1


def test_a_table_is_searched_once(tmp_path, monkeypatch):
    data, graph = coarse(tmp_path, rows=90, name="table"), classifier(3)
    about(data, graph)
    monkeypatch.setattr(Dataset, "exact", lambda *_: pytest.fail("read again"))
    graph.node("fc1").params["out_features"] = 9
    assert len(about(data, graph)) == 1
    graph.node("split").params["seed"] = 5  # other parts of the same rows
    assert len(about(data, graph)) == 1


def test_rows_of_a_file_for_the_test_are_compared_with_those_trained_on(tmp_path):
    data, other = coarse(tmp_path), coarse(tmp_path, rows=44, name="other")
    apart = coarse(tmp_path, rows=45, name="apart", offset=0.01)
    graph = classifier(3, val_ratio=0)
    graph.nodes.append(
        Node(id="more", type="CSVLoader", params={"file": "other", "target_columns": "y"})
    )
    graph.nodes.append(Node(id="test", type="Evaluator"))
    graph.edges.append(wire("train.result > test.training_result"))
    graph.edges.append(wire("more.dataset > test.test_dataset"))
    [found] = about(data, graph, other)
    assert (found.node, found.port) == ("test", "test_dataset")
    assert found.message.startswith("44 of the 44 rows that 'test' measures on equal")
    graph.edges = [edge for edge in graph.edges if edge.target != "test"]
    graph.edges.append(wire("more.dataset > train.val_loader"))
    graph.edges.remove(wire("split.val_loader > train.val_loader"))
    assert about(data, graph, other)[0].port == "val_loader"
    graph.node("more").params["file"] = "apart"
    assert about(data, graph, apart) == []


def test_folds_that_outnumber_the_rows_of_a_class_are_reported_at_their_field(tmp_path):
    labels = ["rare" if i in (3, 40, 77) else "ab"[i % 2] for i in range(90)]
    data, graph = classes_of(tmp_path, labels), classifier(3, strategy="fold", folds=5, fold=4)
    [found] = about(data, graph, code="few_rows_per_fold")
    assert (found.node, found.port, found.severity) == ("split", "folds", "warning")
    assert found.message == (
        "Class 'rare' has 3 rows besides those of the test, fewer than the 5 folds: "
        "2 of them validate on no row of it."
    )
    with pytest.warns(UserWarning, match="least populated class in y has only 3 members"):
        next(StratifiedKFold(5).split(labels, labels))
    graph = apply(graph, found)
    assert graph.node("split").params | {"folds": 3, "fold": 3} == graph.node("split").params
    assert validator(data).report(graph).diagnostics == []
