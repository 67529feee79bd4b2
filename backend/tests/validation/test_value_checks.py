"""What is known to fail in a run is reported before it: unseen labels, ids out of range."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from visdl.datasets.dataset import Dataset
from visdl.models.errors import RunError
from visdl.models.graph import Graph, Node

from ..support.graphs import MLP, chain, codes, table, validator, wire
from ..support.runs import execute
from .test_advice import apply


def classes_of(tmp_path: Path, labels: list[str], name: str = "table") -> Dataset:
    rows = [(i * 0.61 % 1, i * 0.37 % 1, label) for i, label in enumerate(labels)]
    return table(tmp_path, "a,b,y", rows, name=name)


def classifier(classes: int, **split: object) -> Graph:
    layers = [*MLP[:-1], ("fc2", "Linear", {"out_features": classes})]
    return chain(layers, loss="CrossEntropyLoss", split=dict(split))


def with_test(graph: Graph, source: str, file: str = "") -> Graph:
    graph.nodes.append(Node(id="test", type="Evaluator"))
    graph.edges.append(wire("train.result > test.training_result"))
    graph.edges.append(wire(f"{source} > test.test_dataset"))
    if file:
        graph.nodes.append(
            Node(id="other", type="CSVLoader", params={"file": file, "target_columns": "y"})
        )
    return graph


def test_a_label_that_only_validation_has_is_refused_as_the_run_would(tmp_path):
    labels = ["c" if i >= 95 else "ab"[i % 2] for i in range(100)]
    data, graph = classes_of(tmp_path, labels), classifier(3, strategy="sequential")
    report = validator(data).report(graph, to_run=True)
    assert codes(report) == [("unseen_label", "train", "val_loader")]
    assert "Label 'c' of column 'y' is in 5 rows here" in report.diagnostics[0].message
    with pytest.raises(RunError, match="Label 'c' in column 'y' does not occur"):
        execute(graph, tmp_path / "run", data)
    graph.node("split").params = {"strategy": "stratified"}
    assert validator(data).report(graph, to_run=True).diagnostics == []


def test_a_label_that_only_a_test_has_is_refused_before_the_first_epoch(tmp_path):
    data = classes_of(tmp_path, ["ab"[i % 2] for i in range(60)])
    other = classes_of(tmp_path, ["abc"[i % 3] for i in range(60)], "other")
    graph = with_test(classifier(2), "other.dataset", "other")
    assert codes(validator(data, other).report(graph)) == [("unseen_label", "test", "test_dataset")]
    graph.node("other").params["file"] = "fine"
    fine = classes_of(tmp_path, ["aab"[i % 3] for i in range(60)], "fine")
    assert validator(data, fine).report(graph).valid


def test_a_rare_label_is_stratified_into_training_by_a_click(tmp_path):
    held = np.random.Generator(np.random.PCG64(0)).permutation(60)[:12].tolist()
    rare = set(held[:5])
    data = classes_of(tmp_path, ["c" if i in rare else "ab"[i % 2] for i in range(60)])
    graph = classifier(3)
    [found] = validator(data).report(graph).diagnostics
    assert found.code == "unseen_label"
    assert codes(validator(data).report(apply(graph, found))) == []


@pytest.mark.parametrize(("ids", "size"), [([0, 1, 2, 3], 3), ([1, 2, 3, 4], 4)])
def test_ids_beyond_the_vectors_are_refused_and_a_click_makes_room(tmp_path, ids, size):
    data = table(tmp_path, "w,v,y", [(ids[i % 4], i % 2, i * 0.37 % 1) for i in range(60)])
    graph = chain(
        [
            ("embed", "Embedding", {"num_embeddings": size, "embedding_dim": 4}),
            ("flat", "Flatten", {}),
            ("fc", "Linear", {"out_features": 1}),
        ]
    )
    graph.nodes.append(Node(id="ids", type="Input", params={"dtype": "int64", "columns": "w,v"}))
    graph.edges.append(wire("ids.output > embed.input"))
    [found] = validator(data).report(graph, to_run=True).diagnostics
    assert (found.code, found.node, found.port) == ("id_out_of_range", "embed", "num_embeddings")
    assert f"go from 0 to {max(ids)} (column 'w')" in found.message
    fixed = apply(graph, found)
    assert validator(data).report(fixed, to_run=True).valid
    assert fixed.node("embed").params["num_embeddings"] == max(ids) + 1
    execute(fixed, tmp_path / "run", data)


def test_negative_ids_are_refused(tmp_path):
    data = table(tmp_path, "w,v,y", [(i % 4 - 1, i % 2, i * 0.37 % 1) for i in range(60)])
    graph = chain([("embed", "Embedding", {"embedding_dim": 4}), ("flat", "Flatten", {}),
                   ("fc", "Linear", {"out_features": 1})])  # fmt: skip
    graph.nodes.append(Node(id="ids", type="Input", params={"dtype": "int64", "columns": "w,v"}))
    graph.edges.append(wire("ids.output > embed.input"))
    [found] = validator(data).report(graph, to_run=True).diagnostics
    assert (found.code, found.fix) == ("id_out_of_range", None)
