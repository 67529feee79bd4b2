"""Ten seeds of one network, batched, one by one, and with scikit-learn.

A 2-64-64-1 MLP with Adam, one thread. Each time is that of ten complete runs in one process: data,
building, training, metrics, checkpoints, weights. Above 1 the seed batch is faster. scikit-learn
fits ten MLPRegressors in turn.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

import torch
from common import Timing, interleaved, report
from training import Case, _graph, _ignore

from visdl.training.batched.group import SeedGroup
from visdl.training.control import TrainingController
from visdl.training.reporter import Reporter
from visdl.worker.graph_run import GraphRun
from visdl.worker.protocol import RunSpec

ROUNDS = 3
SEEDS = 10
#: (rows, batch size, epochs, whether scikit-learn takes part)
CASES = [
    (2_000, 32, 5, False),
    (10_000, 32, 2, True),
    (40_000, 32, 3, False),
    (10_000, 256, 10, False),
    (40_000, 256, 10, False),
    (160_000, 256, 3, False),
]
MAIN_ROWS = {32: 40_000, 256: 40_000}


class Seeds(Case):
    """Ten seeds of the network of `Case`."""

    def _spec(self, seed: int) -> RunSpec:
        return RunSpec(
            run=f"run {seed}",
            name="Run",
            graph=_graph(self.batch, self.epochs).model_dump_json(),
            seed=seed,
            device="cpu",
            threads=1,
            auto_threads=False,
            folder=tempfile.mkdtemp(dir=self.folder),
            datasets={
                ("csv", "file"): (
                    self.dataset.record.model_dump(mode="json"),
                    str(self.dataset.folder),
                )
            },
        )

    def one_by_one(self) -> None:
        for seed in range(SEEDS):
            GraphRun(self._spec(seed), TrainingController(), Reporter(_ignore), _ignore).run()

    def batched(self) -> None:
        speeds: list[float] = []
        group = SeedGroup(speeds.append)

        def run(seed: int) -> None:
            GraphRun(
                self._spec(seed),
                TrainingController(),
                Reporter(_ignore),
                _ignore,
                train=group.train,
            ).run()

        group.run_tasks([partial(run, seed) for seed in range(SEEDS)])
        if not speeds or speeds[0] <= 1:
            raise SystemExit(f"The seeds were not batched: measured {speeds}.")

    def sklearn_each(self) -> None:
        for _ in range(SEEDS):
            self.sklearn()


def main() -> None:
    torch.set_num_threads(1)
    rows_of_table: list[list[object]] = []
    figures: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder:
        for rows, batch, epochs, with_sklearn in CASES:
            case = Seeds(Path(folder), rows, batch, epochs)
            contenders: dict[str, Callable[[], None]] = {
                "one by one": case.one_by_one,
                "batched": case.batched,
            }
            if with_sklearn:
                contenders["sklearn"] = case.sklearn_each
            found = interleaved(contenders, ROUNDS)
            rows_of_table.append(_row(rows, batch, found))
            if MAIN_ROWS[batch] == rows:
                figures[f"stacked_10_{batch}"] = (  # words: ok (a published name)
                    found["one by one"].median / found["batched"].median
                )
            if with_sklearn:
                figures[f"vs_sklearn_10_{batch}"] = (
                    found["sklearn"].median / found["batched"].median
                )
    report(
        ["rows", "batch", "one by one", "batched", "ratio", "scikit-learn"], rows_of_table, figures
    )


def _row(rows: int, batch: int, found: dict[str, Timing]) -> list[object]:
    alone, batched = found["one by one"], found["batched"]
    sklearn = found.get("sklearn", "")
    return [f"{rows:,}", batch, alone, batched, f"{alone.median / batched.median:.2f}x", sklearn]


if __name__ == "__main__":
    main()
