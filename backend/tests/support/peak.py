"""Train a model in this process and print the most memory that it had, in MiB.

Run as `python -m tests.support.peak KIND FOLDER`.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import torch

from visdl.datasets.dataset import Dataset
from visdl.datasets.importer import import_csv
from visdl.models.datasets import DatasetRecord
from visdl.models.graph import Graph, Node
from visdl.nodes.contract.runtime_values import TrainingResult
from visdl.training.session import TrainingSession

from .graphs import chain, wire
from .runs import execute

Layers = list[tuple[str, str, dict[str, Any]]]
LENGTH = 64  # of a sequence, and the number of tokens

MLP: Layers = [
    ("a", "Linear", {"out_features": 3000}),
    ("b", "ReLU", {}),
    ("c", "Linear", {"out_features": 3000}),
    ("d", "ReLU", {}),
    ("e", "Linear", {"out_features": 1}),
]
CNN: Layers = [
    ("cut", "Unflatten", {"dim": 1, "unflattened_size": [3, 16, 16]}),
    ("a", "Conv2d", {"out_channels": 64, "kernel_size": 3, "padding": 1}),
    ("b", "ReLU", {}),
    ("c", "Conv2d", {"out_channels": 64, "kernel_size": 3, "padding": 1}),
    ("d", "ReLU", {}),
    ("flat", "Flatten", {}),
    ("e", "Linear", {"out_features": 1}),
]
ENCODER = ("TransformerEncoderLayer", {"nhead": 4, "dim_feedforward": 1024})
TOKENS: Layers = [
    ("a", "Embedding", {"num_embeddings": LENGTH, "embedding_dim": 32}),
    ("b", "Linear", {"out_features": LENGTH}),
    ("c", "Permute", {"dims": [0, 2, 1]}),
]
TRANSFORMER: Layers = [
    ("a", "Embedding", {"num_embeddings": LENGTH, "embedding_dim": 256}),
    *((f"e{number}", *ENCODER) for number in range(4)),
    *TOKENS[1:],
]
#: by kind: layers, rows, inputs, rows of a batch
KINDS: dict[str, tuple[Layers, int, int, int]] = {
    "minimal": ([MLP[-1]], 100, 2, 32),
    "mlp": (MLP, 300, 100, 64),
    "cnn": (CNN, 600, 768, 300),
    "tokens": (TOKENS, 80_000, LENGTH, 32),
    "transformer": (TRANSFORMER, 80, LENGTH, 64),
}


def training(kind: str, folder: Path) -> tuple[Graph, Dataset]:
    """The graph and the data of a kind of model."""
    layers, rows, inputs, batch = KINDS[kind]
    is_sequence = kind in ("tokens", "transformer")
    targets = LENGTH if is_sequence else 1
    name = f"{kind}_table"
    record = folder / f"{name}.json"
    if not record.exists():
        _write(folder / f"{name}.csv", rows, inputs, targets, is_sequence)
        made = import_csv(
            folder / f"{name}.csv", folder / name, dataset_id=name, name=name, max_columns=1000
        )
        record.write_text(made.model_dump_json())
    graph = chain(
        layers,
        loss="CrossEntropyLoss" if is_sequence else "MSELoss",
        split={"batch_size": batch, "val_ratio": 0.2, "strategy": "random"},
        data={"file": name, "input_columns": "x*", "target_columns": "y*"},
        optimizer=("Adam", {}),
        train={"epochs": 1},
    )
    if is_sequence:
        graph.nodes.append(
            Node(id="ids", type="Input", params={"shape": [inputs], "dtype": "int64"})
        )
        graph.edges.append(wire("ids.output > a.input"))
    return graph, Dataset(DatasetRecord.model_validate_json(record.read_text()), folder / name)


def _write(path: Path, rows: int, inputs: int, targets: int, is_sequence: bool) -> None:
    random = np.random.default_rng(0)
    columns = inputs + targets
    values = random.integers(0, LENGTH, (rows, columns)) if is_sequence else None
    header = ",".join(
        [*(f"x{number}" for number in range(inputs)), *(f"y{number}" for number in range(targets))]
    )
    np.savetxt(
        path,
        random.random((rows, columns)) if values is None else values,
        "%.3f" if values is None else "%d",
        ",",
        header=header,
        comments="",
    )


def _most() -> float:
    """The most memory of this process so far, in MiB; ru_maxrss would contain its parent's."""
    status = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in status if line.startswith("VmHWM")) / 2**10


if __name__ == "__main__":
    torch.set_num_threads(1)
    folder = Path(sys.argv[2])
    graph, data = training(sys.argv[1], folder)
    found: list[float] = []

    def train(session: TrainingSession) -> TrainingResult:
        result = session.train_to_end()
        found.append(_most())
        return result

    execute(graph, folder / f"run {sys.argv[1]}", data, train=train)
    print(found[0])  # before the files of predictions are written, for which libraries are loaded
