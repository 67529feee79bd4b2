"""Graphs and tables for the engine's tests."""

from __future__ import annotations

import csv
import itertools
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from visdl.datasets.dataset import Dataset
from visdl.datasets.importer import import_csv
from visdl.models.diagnostics import Report
from visdl.models.graph import Edge, Graph, Node
from visdl.nodes import NodeRegistry
from visdl.nodes.contract.registry import Registry
from visdl.validation.validator import Validator


def wire(text: str) -> Edge:
    """'a.output > b.input' as an edge."""
    source, target = (end.strip().rsplit(".", 1) for end in text.split(">"))
    return Edge(source=source[0], source_output=source[1], target=target[0], target_input=target[1])


def chain(
    layers: Sequence[tuple[str, str, dict[str, Any]]],
    *,
    loss: str = "MSELoss",
    train: dict[str, Any] | None = None,
    split: dict[str, Any] | None = None,
    data: dict[str, Any] | None = None,
    optimizer: tuple[str, dict[str, Any]] = ("Adam", {"lr": 0.01}),
) -> Graph:
    """A whole training graph around a chain of (id, type, params) layers."""
    nodes = [
        Node(
            id="csv",
            type="CSVLoader",
            params={"file": "table", "target_columns": "y", **(data or {})},
        ),
        Node(id="split", type="DataSplitter", params=split or {}),
        *(Node(id=i, type=t, name=i, params=p) for i, t, p in layers),
        Node(id="model", type="ModelAssembly"),
        Node(id="loss", type=loss),
        Node(id="opt", type=optimizer[0], params=optimizer[1]),
        Node(id="train", type="TrainingLoop", params={"epochs": 2, **(train or {})}),
    ]
    ids = [i for i, _, _ in layers]
    edges = [
        wire("csv.dataset > split.dataset"),
        *(wire(f"{a}.output > {b}.input") for a, b in itertools.pairwise(ids)),
        wire(f"{ids[-1]}.output > model.layers"),
        wire("model.model > opt.model"),
        wire("model.model > train.model"),
        wire("opt.optimizer > train.optimizer"),
        wire("loss.loss_fn > train.loss_fn"),
        wire("split.train_loader > train.train_loader"),
        wire("split.val_loader > train.val_loader"),
    ]
    return Graph(name="Test", nodes=nodes, edges=edges)


MLP = [
    ("fc1", "Linear", {"out_features": 8}),
    ("relu", "ReLU", {}),
    ("fc2", "Linear", {"out_features": 1}),
]


def table(
    folder: Path, header: str, rows: Sequence[Sequence[object]], name: str = "table"
) -> Dataset:
    """A dataset from rows, as if uploaded."""
    path = folder / f"{name}.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([header.split(","), *rows])
    record = import_csv(path, folder / name, dataset_id=name, name=name, max_columns=1000)
    return Dataset(record, folder / name)


def numbers(folder: Path, rows: int = 40, name: str = "table") -> Dataset:
    """y = 2a - b."""
    return table(
        folder,
        "a,b,y",
        [(i / rows, (i * 7 % rows) / rows, (2 * i - i * 7 % rows) / rows) for i in range(rows)],
        name,
    )


def validator(*datasets: Dataset, registry: Registry = NodeRegistry) -> Validator:
    return Validator(registry, {dataset.record.name: dataset for dataset in datasets}.__getitem__)


def codes(report: Report, severity: str = "error") -> list[tuple[str, str | None, str | None]]:
    """(code, node, port) of every problem."""
    return [(d.code, d.node, d.port) for d in report.diagnostics if d.severity == severity]
