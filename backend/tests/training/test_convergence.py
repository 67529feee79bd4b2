"""A training that has not converged states it at its end."""

from __future__ import annotations

import json

import pytest

from visdl.models.events import LogEvent
from visdl.training.convergence import not_converged

from ..support.graphs import MLP, chain, numbers
from ..support.runs import execute


@pytest.mark.parametrize(
    ("losses", "steep"),
    [
        ([1 / (epoch + 1) for epoch in range(12)], True),
        ([0.9**epoch for epoch in range(100)], True),
        ([0.5 + 0.9**epoch for epoch in range(100)], False),
        ([1.0] * 50, False),
        ([1.0 - 0.1 * epoch for epoch in range(5)], False),  # too few epochs
        ([-1.0 - 0.1 * epoch for epoch in range(40)], True),
        ([0.0] * 20, False),
    ],
)
def test_a_loss_that_still_falls_steeply_is_reported(losses, steep):
    found = list(not_converged({"train_loss": losses}, ended_early=False))
    assert bool(found) == steep
    assert list(not_converged({"train_loss": losses}, ended_early=True)) == []


def lines(outcome) -> list[str]:
    return [event.message for event in outcome.events if isinstance(event, LogEvent)]


def test_a_run_that_is_worse_than_the_mean_on_its_own_rows_states_it_at_its_end(tmp_path):
    data = numbers(tmp_path)
    slow = chain(MLP, optimizer=("SGD", {"lr": 1e-6}), train={"epochs": 3})
    [line] = [text for text in lines(execute(slow, tmp_path / "slow", data)) if "R²" in text]
    assert line.startswith("Not converged: R² is -")
    good = chain(MLP, optimizer=("Adam", {"lr": 0.05}), train={"epochs": 60})
    assert not [text for text in lines(execute(good, tmp_path / "good", data)) if "R²" in text]


def test_report_and_metrics_are_of_the_epoch_whose_weights_are_kept(tmp_path):
    data = numbers(tmp_path)
    graph = chain(MLP, optimizer=("SGD", {"lr": 0.9}), train={"epochs": 12, "keep": "best"})
    outcome = execute(graph, tmp_path / "run", data)
    report = json.loads((outcome.folder / "artifacts" / "report.json").read_text())
    best = report["best_epoch"]
    values = outcome.series("val_loss")
    assert values[best - 1] == min(values) < values[-1]
    assert report["weights"] == "best"
    assert outcome.progress.kept_epoch == best
    assert outcome.best("val_loss").last == min(values)
    assert f"The run's values are those of epoch {best}, the best one. Its weights are kept." in (
        lines(outcome)
    )
    for key in ("val_loss", "train_loss", "val_r2", "lr"):
        assert report["metrics"][key] == outcome.series(key)[best - 1]
        assert outcome.best(key).last == outcome.series(key)[best - 1]
