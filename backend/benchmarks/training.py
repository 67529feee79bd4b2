"""A complete run of the product compared with hand-written training loops, in samples per second.

A 2-64-64-1 MLP with Adam, one thread, no validation, the same rows and epochs for all. The
product's time is that of the complete run: reading the data, building, training, metrics,
checkpoints, weights. Above 1 the product is faster. `cnn_vs_plain` is the same for LeNet-5 on
32 x 32 grey pixels.
"""

from __future__ import annotations

import itertools
import tempfile
import warnings
from pathlib import Path

import numpy as np
import pyarrow as pa
import torch
from common import Timing, interleaved, report
from pyarrow import csv
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPRegressor
from threadpoolctl import threadpool_limits
from torch import nn
from torch.utils.data import DataLoader, Subset, TensorDataset

from visdl.datasets.dataset import Dataset
from visdl.datasets.importer import import_csv
from visdl.models.datasets import DatasetRecord
from visdl.models.graph import Edge, Graph, Node
from visdl.starters.gallery import starter_graph
from visdl.training.control import TrainingController
from visdl.training.reporter import Reporter
from visdl.worker.graph_run import GraphRun
from visdl.worker.protocol import RunSpec

ROUNDS = 3
WIDTH = 64
LR = 1e-3
#: (rows, batch size, epochs, further contenders)
CASES = [
    (100_000, 32, 2, ("dataloader", "sklearn")),
    (10_000, 256, 20, ()),
    (100_000, 256, 6, ("dataloader",)),
    (1_000_000, 256, 2, ()),
    (100_000, 4096, 20, ("dataloader",)),
]
MAIN_ROWS = 100_000
#: Of the convolutional network: (rows, epochs); the last is the figure.
CNN_CASES = [(1_000, 6), (4_000, 2), (16_000, 1)]


class Case:
    """One table, batch size and number of epochs. Each method trains a new network on it."""

    def __init__(self, folder: Path, rows: int, batch: int, epochs: int) -> None:
        self.folder = folder
        self.batch, self.epochs = batch, epochs
        self.dataset = _dataset(folder, rows)
        values = self.dataset.numbers(["x1", "x2", "y"])
        self.x, self.y = (
            torch.from_numpy(values[:, :2]).contiguous(),
            torch.from_numpy(values[:, 2:]).contiguous(),
        )

    def product(self) -> None:
        spec = RunSpec(
            run="run",
            name="Run",
            graph=_graph(self.batch, self.epochs).model_dump_json(),
            seed=0,
            device="cpu",
            threads=1,
            auto_threads=False,
            folder=tempfile.mkdtemp(dir=self.folder),  # empty: a run resumes from checkpoints
            datasets={
                ("csv", "file"): (
                    self.dataset.record.model_dump(mode="json"),
                    str(self.dataset.folder),
                )
            },
        )
        GraphRun(spec, TrainingController(), Reporter(_ignore), _ignore).run()

    def plain(self) -> None:
        """Train with a plain loop: a permutation per epoch, batches by index."""
        model, optimizer, loss_fn = _by_hand()
        for _ in range(self.epochs):
            order, total = torch.randperm(len(self.x)), 0.0
            for start in range(0, len(order), self.batch):
                rows = order[start : start + self.batch]
                total += _step(model, optimizer, loss_fn, self.x[rows], self.y[rows])

    def dataloader(self) -> None:
        """Train as in the tutorials: a DataLoader over a Subset of a TensorDataset."""
        model, optimizer, loss_fn = _by_hand()
        data = Subset(TensorDataset(self.x, self.y), range(len(self.x)))
        loader = DataLoader(data, batch_size=self.batch, shuffle=True)
        for _ in range(self.epochs):
            total = 0.0
            for x, y in loader:
                total += _step(model, optimizer, loss_fn, x, y)

    def sklearn(self) -> None:
        model = MLPRegressor(
            hidden_layer_sizes=(WIDTH, WIDTH),
            batch_size=self.batch,
            max_iter=self.epochs,
            learning_rate_init=LR,
            alpha=0.0,
            tol=0.0,
            n_iter_no_change=self.epochs + 1,
        )
        with threadpool_limits(1), warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            model.fit(self.x.numpy(), self.y[:, 0].numpy())


def _ignore(_: object) -> None:
    """Where a server would store."""


def _dataset(folder: Path, rows: int) -> Dataset:
    rng = np.random.default_rng(0)
    x1, x2 = rng.uniform(-2, 2, (2, rows))
    source = folder / f"{rows}.csv"
    csv.write_csv(
        pa.table({"x1": x1, "x2": x2, "y": x1**2 + 2 * x2 + rng.normal(0, 0.25, rows)}), source
    )
    place = folder / f"table-{rows}"
    if not place.exists():
        import_csv(source, place, dataset_id="table", name="table", max_columns=10)
    return Dataset(DatasetRecord.model_validate_json((place / "record.json").read_bytes()), place)


def _by_hand() -> tuple[nn.Module, torch.optim.Optimizer, nn.Module]:
    torch.manual_seed(0)
    model = nn.Sequential(
        nn.Linear(2, WIDTH), nn.ReLU(), nn.Linear(WIDTH, WIDTH), nn.ReLU(), nn.Linear(WIDTH, 1)
    )
    return model, torch.optim.Adam(model.parameters(), lr=LR), nn.MSELoss()


def _step(
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    loss_fn: nn.Module,
    x: torch.Tensor,
    y: torch.Tensor,
) -> float:
    optimizer.zero_grad()
    loss = loss_fn(model(x), y)
    loss.backward()
    optimizer.step()
    return loss.item() * len(x)


def _graph(batch: int, epochs: int) -> Graph:
    layers = ["fc1", "relu1", "fc2", "relu2", "fc3"]
    nodes = [
        Node(
            id="csv",
            type="CSVLoader",
            params={"file": "table", "input_columns": "x1,x2", "target_columns": "y"},
        ),
        Node(id="split", type="DataSplitter", params={"batch_size": batch, "val_ratio": 0.0}),
        *(
            Node(id=name, type="Linear", params={"out_features": 1 if name == "fc3" else WIDTH})
            if name.startswith("fc")
            else Node(id=name, type="ReLU")
            for name in layers
        ),
        Node(id="model", type="ModelAssembly"),
        Node(id="loss", type="MSELoss"),
        Node(id="adam", type="Adam", params={"lr": LR}),
        Node(id="train", type="TrainingLoop", params={"epochs": epochs, "monitor": "train_loss"}),
    ]
    wires = [
        ("csv", "dataset", "split", "dataset"),
        *((a, "output", b, "input") for a, b in itertools.pairwise(layers)),
        ("fc3", "output", "model", "layers"),
        ("model", "model", "adam", "model"),
        ("model", "model", "train", "model"),
        ("adam", "optimizer", "train", "optimizer"),
        ("loss", "loss_fn", "train", "loss_fn"),
        ("split", "train_loader", "train", "train_loader"),
    ]
    edges = [Edge(source=a, source_output=b, target=c, target_input=d) for a, b, c, d in wires]
    return Graph(nodes=nodes, edges=edges)


class CnnCase:
    """LeNet-5 on random pixels, in batches of 64."""

    batch = 64

    def __init__(self, folder: Path, rows: int, epochs: int) -> None:
        self.folder, self.epochs = folder, epochs
        rng = np.random.default_rng(0)
        pixels = {f"p{place}": rng.integers(0, 10, rows) for place in range(1024)}
        source, place = folder / f"pixels-{rows}.csv", folder / f"pixels-{rows}"
        csv.write_csv(pa.table({**pixels, "label": rng.integers(0, 10, rows)}), source)
        record = import_csv(source, place, dataset_id="table", name="table", max_columns=2000)
        self.dataset = Dataset(record, place)
        self.x = torch.from_numpy(self.dataset.numbers(list(pixels))).reshape(rows, 1, 32, 32)
        self.y = torch.from_numpy(self.dataset.numbers(["label"])[:, 0]).long()

    def product(self) -> None:
        graph = starter_graph("lenet5")
        nodes = {node.id: node for node in graph.nodes}
        nodes["data"].params = {"file": "table", "input_columns": "p*", "target_columns": "label"}
        nodes["split"].params = {"batch_size": self.batch, "val_ratio": 0.0}
        nodes["train"].params = {"epochs": self.epochs, "monitor": "train_loss"}
        graph.nodes = [
            node for node in graph.nodes if node.id not in ("evaluate", "collect", "export")
        ]
        graph.edges = [
            edge
            for edge in graph.edges
            if edge.target not in ("evaluate", "collect", "export")
            and edge.target_input != "val_loader"
        ]
        spec = RunSpec(
            run="run",
            name="Run",
            graph=graph.model_dump_json(),
            seed=0,
            device="cpu",
            threads=1,
            auto_threads=False,
            folder=tempfile.mkdtemp(dir=self.folder),
            datasets={
                ("data", "file"): (
                    self.dataset.record.model_dump(mode="json"),
                    str(self.dataset.folder),
                )
            },
        )
        GraphRun(spec, TrainingController(), Reporter(_ignore), _ignore).run()

    def plain(self) -> None:
        torch.manual_seed(0)
        model = nn.Sequential(
            *(
                nn.Conv2d(1, 6, 5),
                nn.ReLU(),
                nn.MaxPool2d(2),
                nn.Conv2d(6, 16, 5),
                nn.ReLU(),
                nn.MaxPool2d(2),
            ),
            *(
                nn.Flatten(),
                nn.Linear(400, 120),
                nn.ReLU(),
                nn.Linear(120, 84),
                nn.ReLU(),
                nn.Linear(84, 10),
            ),
        )
        optimizer, loss_fn = torch.optim.Adam(model.parameters(), lr=0.002), nn.CrossEntropyLoss()
        for _ in range(self.epochs):
            order, total = torch.randperm(len(self.x)), 0.0
            for start in range(0, len(order), self.batch):
                rows = order[start : start + self.batch]
                total += _step(model, optimizer, loss_fn, self.x[rows], self.y[rows])


def main() -> None:
    torch.set_num_threads(1)
    rows_of_table, figures = [], dict[str, float]()
    with tempfile.TemporaryDirectory() as folder:
        _dataset(Path(folder), 1000)
        Case(Path(folder), 1000, 32, 1).product()  # PyTorch's first steps are slow
        for rows, batch, epochs, more in CASES:
            case = Case(Path(folder), rows, batch, epochs)
            names = ("product", "plain", *more)
            timings = interleaved({name: getattr(case, name) for name in names}, ROUNDS)
            figures |= _figures(rows, batch, timings)
            speed = {name: rows * epochs / timing.median for name, timing in timings.items()}
            for name, timing in timings.items():
                ratio = timing.median / timings["product"].median
                rows_of_table.append(
                    [f"{rows:,}", batch, name, f"{speed[name]:,.0f}", timing, f"{ratio:.2f}x"]
                )
        for rows, epochs in CNN_CASES:
            cnn = CnnCase(Path(folder), rows, epochs)
            timings = interleaved({"product": cnn.product, "plain": cnn.plain}, ROUNDS)
            ratio = timings["plain"].median / timings["product"].median
            figures |= {f"cnn_vs_plain_n{rows}": ratio, "cnn_vs_plain": ratio}
            for name, timing in timings.items():
                speed = rows * epochs / timing.median
                factor = timing.median / timings["product"].median
                rows_of_table.append(
                    [
                        f"{rows:,}",
                        cnn.batch,
                        f"cnn {name}",
                        f"{speed:,.0f}",
                        timing,
                        f"{factor:.2f}x",
                    ]
                )
    report(
        ["rows", "batch", "contender", "samples/s", "time", "product is faster by"],
        rows_of_table,
        figures,
    )


def _figures(rows: int, batch: int, timings: dict[str, Timing]) -> dict[str, float]:
    found = {f"vs_plain_{batch}_n{rows}": timings["plain"].median / timings["product"].median}
    if rows == MAIN_ROWS:
        others = {name: timing.median for name, timing in timings.items() if name != "product"}
        found |= {
            f"vs_{name}_{batch}": median / timings["product"].median
            for name, median in others.items()
        }
    return found


if __name__ == "__main__":
    main()
