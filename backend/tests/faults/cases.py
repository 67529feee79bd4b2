"""Networks with all a checkpoint must hold: dropout, statistics, recurrence, best weights."""

from __future__ import annotations

import csv
import random
from pathlib import Path
from typing import Any

from visdl.datasets.dataset import Dataset
from visdl.datasets.importer import import_csv
from visdl.models.graph import Graph, Node

from ..support.graphs import chain, wire

ROWS, COLUMNS = 44, 16
STEPS = 60  # optimizer steps of a training
LINEAR = ("head", "Linear", {"out_features": 1})
LAYERS: dict[str, list[tuple[str, str, dict[str, Any]]]] = {
    "mlp": [
        ("fc", "Linear", {"out_features": 8}),
        ("act", "ReLU", {}),
        ("drop", "Dropout", {"p": 0.3}),
        LINEAR,
    ],
    "cnn": [
        ("conv", "Conv2d", {"out_channels": 3, "kernel_size": 3}),
        ("bn", "BatchNorm2d", {}),
        ("act", "ReLU", {}),
        ("drop", "Dropout2d", {"p": 0.3}),
        ("flat", "Flatten", {}),
        LINEAR,
    ],
    "lstm": [
        ("rnn", "LSTM", {"hidden_size": 5}),
        ("last", "Select", {"dim": 1, "index": -1}),
        LINEAR,
    ],
}
SHAPES = {"mlp": [COLUMNS], "cnn": [1, 4, 4], "lstm": [4, 4]}


def network(name: str, epochs: int = 12) -> Graph:
    """Five batches an epoch, a schedule by steps; the best weights are kept and measured."""
    train = {"epochs": epochs, "keep": "best", "monitor": "val_loss"}
    graph = chain(LAYERS[name], train=train, split={"batch_size": 8, "val_ratio": 0.2})
    first = LAYERS[name][0][0]
    graph.nodes.append(Node(id="x", type="Input", params={"shape": SHAPES[name]}))
    graph.nodes += [
        Node(id="schedule", type="CosineAnnealingLR"),
        Node(id="eval", type="Evaluator"),
    ]
    graph.edges = [edge for edge in graph.edges if edge.source != "opt"]
    graph.edges += [
        wire(f"x.output > {first}.input"),
        wire("opt.optimizer > schedule.optimizer"),
        wire("schedule.scheduler > train.optimizer"),
        wire("train.result > eval.training_result"),
        wire("csv.dataset > eval.test_dataset"),
    ]
    return graph


def table(folder: Path) -> Dataset:
    rng, path = random.Random(0), folder / "table.csv"
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([*(f"x{i}" for i in range(COLUMNS)), "y"])
        for _ in range(ROWS):
            values = [rng.gauss(0, 1) for _ in range(COLUMNS)]
            writer.writerow([*values, sum(values[:4]) + rng.gauss(0, 0.1)])
    record = import_csv(path, folder / "table", dataset_id="table", name="table", max_columns=100)
    return Dataset(record, folder / "table")
