"""Runs of a seed batch end with the bits of runs of their own, also after a kill and a resume."""

from __future__ import annotations

import math
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from visdl.datasets.dataset import Dataset
from visdl.models.graph import Graph
from visdl.training.batched import batch, group
from visdl.training.batched.group import SeedGroup
from visdl.training.control import Command, TrainingController
from visdl.training.session import NotBatched, TrainingSuspended

from ..support.graphs import MLP, chain, table
from ..support.runs import Outcome, assert_equal_weights, execute
from ..support.strength import count

pytestmark = [pytest.mark.integration, pytest.mark.timeout(count(gate=300, full=3600))]

EPOCHS = count(gate=3, full=1500)
SEEDS = range(3)
SIZES = [(1, 8), (7, 40), (32, 75), (256, 400)][:: count(gate=3, full=1)]  # batch size, rows
WIDE = [
    ("fc1", "Linear", {"out_features": 33}),
    ("gelu", "GELU", {}),
    ("drop", "Dropout", {"p": 0.1}),
    ("fc2", "Linear", {"out_features": 7}),
    ("sigmoid", "Sigmoid", {}),
    ("out", "Linear", {"out_features": 1}),
]
CNN = [
    ("image", "Unflatten", {"unflattened_size": [1, 6, 6]}),
    ("conv", "Conv2d", {"out_channels": 3, "kernel_size": 3}),
    ("relu", "ReLU", {}),
    ("pool", "MaxPool2d", {"kernel_size": 2}),
    ("flat", "Flatten", {}),
    ("out", "Linear", {"out_features": 1}),
]
TOKENS = [
    ("ids", "Input", {"shape": [4], "dtype": "int64"}),
    ("embed", "Embedding", {"num_embeddings": 9, "embedding_dim": 5}),
    ("flat", "Flatten", {}),
    *MLP,
]


def columns(rows: int, number: int, *, ids: bool = False) -> list[list[float]]:
    """Numbers without a pattern, or ids up to 8; then a target that follows from them."""
    found = []
    for row in range(rows):
        values = [math.sin(1 + 7.3 * row + 1.7 * column) for column in range(number)]
        values = [math.floor(4.5 * (value + 1)) % 9 for value in values] if ids else values
        found.append([*values, round(values[0] * values[-1] + row / rows, 6)])
    return found


def make(network: str, folder: Path, batch_size: int, rows: int) -> tuple[Graph, Dataset]:
    layers, number = {"mlp": (WIDE, 3), "cnn": (CNN, 36), "embedding": (TOKENS, 4)}[network]
    header = ",".join([*(f"x{i}" for i in range(number)), "y"])
    data = table(folder, header, columns(rows, number, ids=network == "embedding"))
    split = {"batch_size": batch_size, "val_ratio": 0.2}
    return chain(layers, split=split, train={"epochs": EPOCHS}), data


def train_group(
    graph: Graph, folder: Path, data: Dataset, kill: dict[int, int] | None = None
) -> dict[int, Any]:
    """Train all seeds in one process; send a shutdown to some at a step. Return how each ended."""
    ends: dict[int, Any] = {}
    together = SeedGroup(lambda speedup: None)

    def run(seed: int) -> None:
        controller, last = TrainingController(), (kill or {}).get(seed, -1)

        def after_step(step: int) -> None:
            if step == last:
                controller.request(Command.SHUTDOWN)

        try:
            ends[seed] = execute(
                graph,
                folder / str(seed),
                data,
                seed=seed,
                controller=controller,
                after_step=after_step,
                train=together.train,
            )
        except (NotBatched, TrainingSuspended) as error:
            ends[seed] = error

    together.run_tasks([partial(run, seed) for seed in SEEDS])
    return ends


def assert_same_runs(ends: dict[int, Outcome], alone: dict[int, Outcome]) -> None:
    for seed, one in alone.items():
        assert_equal_weights(ends[seed].weights(), one.weights())
        for key in ("train_loss", "val_loss", "val_r2"):
            assert ends[seed].series(key)[-1] == one.series(key)[-1]


@pytest.fixture
def faster(monkeypatch):
    """Have the measurement find that a batch is faster; report each step of it."""
    monkeypatch.setattr(group, "measure_speedup", lambda plans: 9.0)
    monkeypatch.setattr(batch, "_REPORT_SECONDS", 0)


def logged(outcome: Outcome) -> Iterable[str]:
    return (event.message for event in outcome.events if event.type == "log")


@pytest.mark.usefixtures("faster")
@pytest.mark.parametrize("network", ["mlp", "cnn", "embedding"])
@pytest.mark.parametrize(("batch_size", "rows"), SIZES)
def test_each_run_of_a_batch_has_the_bits_of_a_run_of_its_own(tmp_path, network, batch_size, rows):
    graph, data = make(network, tmp_path, batch_size, rows)
    seeds = SEEDS[-count(gate=1, full=2) :]
    alone = {s: execute(graph, tmp_path / f"alone{s}", data, seed=s) for s in seeds}
    ends = train_group(graph, tmp_path / "batch", data)
    assert any("Trained as a batch of 3 seeds" in line for line in logged(ends[0]))
    assert_same_runs(ends, alone)


@pytest.mark.usefixtures("faster")
@pytest.mark.parametrize("network", ["mlp", "cnn", "embedding"])
@pytest.mark.parametrize("killed", [[0, 1, 2], [1]])
def test_runs_of_a_batch_that_were_killed_resume_with_the_same_bits(tmp_path, network, killed):
    graph, data = make(network, tmp_path, 7, 40)
    alone = {s: execute(graph, tmp_path / f"alone{s}", data, seed=s) for s in (1, 2)}
    step = 5 * EPOCHS // 2 + 1  # within an epoch of 5 steps
    cut = train_group(graph, tmp_path / "batch", data, dict.fromkeys(killed, step))
    assert [seed for seed in SEEDS if type(cut[seed]) is TrainingSuspended] == killed
    if len(killed) == 1:
        ends = {**cut, 1: execute(graph, tmp_path / "batch" / "1", data, seed=1)}
    else:
        ends = train_group(graph, tmp_path / "batch", data)
        assert any("Trained as a batch of 3 seeds" in line for line in logged(ends[0]))
    assert any(f"Continuing from the checkpoint at step {step}" in line for line in logged(ends[1]))
    assert_same_runs(ends, alone)
