"""What a run does with its split: rows drawn by the run's seed, `split.csv`, provenance."""

from __future__ import annotations

import csv
import json
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from visdl.datasets.split import PARTS, Loader
from visdl.models.graph import Graph, Node
from visdl.seeds import derive
from visdl.training.batched.group import SeedGroup
from visdl.training.session import NotBatched

from ..support.graphs import MLP, chain, codes, numbers, validator, wire
from ..support.runs import assert_equal_weights, execute, suspend

pytestmark = pytest.mark.integration


def evaluated(**split: Any) -> Graph:
    """A graph with a test on rows that its splitter holds out."""
    graph = chain(MLP, split={"test_ratio": 0.2, "batch_size": 8, **split}, train={"epochs": 4})
    graph.nodes.append(Node(id="test", type="Evaluator"))
    graph.edges.append(wire("train.result > test.training_result"))
    graph.edges.append(wire("split.test_loader > test.test_dataset"))
    return graph


def split_file(folder: Path) -> list[str]:
    """The part of each row."""
    with (folder / "artifacts" / "split.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["row"] for row in rows] == [str(number) for number in range(1, len(rows) + 1)]
    return [row["part"] for row in rows]


def expected(data, **options: Any) -> list[str]:
    loader = Loader(data, part="train", **{"val_ratio": 0.2, "test_ratio": 0.2, **options})
    return [PARTS[part] for part in loader.parts]


def test_a_run_tests_on_its_own_rows_and_writes_which_row_is_in_which_part(tmp_path):
    data = numbers(tmp_path)
    graph = evaluated()
    report = validator(data).report(graph, to_run=True)
    assert codes(report) == []
    outputs = report.nodes["split"].outputs
    assert {name: port.text for name, port in outputs.items()} == {
        "train_loader": "24 rows · batch 8",
        "val_loader": "8 rows · batch 8",
        "test_loader": "8 rows · batch 8",
    }
    outcome = execute(graph, tmp_path / "run", data)
    assert outcome.series("test_loss")[-1] is not None
    assert split_file(tmp_path / "run") == expected(data)
    provenance = json.loads((tmp_path / "run" / "artifacts" / "provenance.json").read_text())
    counts = {key: provenance["split"][key] for key in ("train_rows", "val_rows", "test_rows")}
    assert counts == {"train_rows": 24, "val_rows": 8, "test_rows": 8}


def test_the_run_s_seed_draws_the_split_only_where_it_is_asked_to(tmp_path):
    data = numbers(tmp_path)
    for seed in (0, 1):
        execute(evaluated(seed=5), tmp_path / f"fixed{seed}", data, seed=seed)
        execute(evaluated(seed=5, vary_with_seed=True), tmp_path / f"drawn{seed}", data, seed=seed)
        assert split_file(tmp_path / f"fixed{seed}") == expected(data, seed=5)
        assert split_file(tmp_path / f"drawn{seed}") == expected(
            data, seed=derive(seed, "split", "split")
        )
    assert split_file(tmp_path / "drawn0") != split_file(tmp_path / "drawn1")


def test_a_resumed_run_keeps_the_rows_that_its_seed_drew(tmp_path):
    data, graph = numbers(tmp_path), evaluated(vary_with_seed=True)
    suspend(graph, tmp_path / "cut", data, step=5)
    resumed = execute(graph, tmp_path / "cut", data)
    again = execute(graph, tmp_path / "again", data)
    execute(graph, tmp_path / "other", data, seed=3)
    assert_equal_weights(resumed.weights(), again.weights())
    assert split_file(tmp_path / "cut") == split_file(tmp_path / "again")
    assert split_file(tmp_path / "other") != split_file(tmp_path / "cut")


@pytest.mark.parametrize("vary", [True, False])
def test_seeds_with_splits_of_their_own_are_not_batched(tmp_path, vary):
    data, graph = numbers(tmp_path), evaluated(vary_with_seed=vary)
    speeds: list[float | None] = []
    ends: dict[int, Any] = {}
    group = SeedGroup(speeds.append)

    def run(seed: int) -> None:
        try:
            ends[seed] = execute(graph, tmp_path / str(seed), data, seed=seed, train=group.train)
        except NotBatched as error:
            ends[seed] = error

    group.run_tasks([partial(run, seed) for seed in range(3)])
    if not vary:
        assert speeds[0]  # they could be batched
        return
    assert speeds == [0.0]
    assert [type(ends[seed]) for seed in (1, 2)] == [NotBatched, NotBatched]
    alone = execute(graph, tmp_path / "alone", data, seed=0)
    assert_equal_weights(ends[0].weights(), alone.weights())
