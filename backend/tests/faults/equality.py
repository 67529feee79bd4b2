"""That a disturbed training came to the very same end as one that nothing disturbed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch

from visdl.training.checkpoint import CheckpointFolder

from ..support.runs import Outcome, assert_equal_weights


def assert_as_undisturbed(outcome: Outcome, whole: Outcome) -> None:
    """Weights, optimizer, schedule, generators, metrics, history equal those without a fault."""
    assert_equal_weights(outcome.weights(), whole.weights())
    mine, theirs = _final_state(outcome.folder), _final_state(whole.folder)
    for part in ("model", "optimizer", "schedule", "state", "generators", "torch_rng"):
        _assert_equal(mine[part], theirs[part], part)
    for key in ("train_loss", "val_loss"):
        assert outcome.best(key) == whole.best(key)
    reports = [
        json.loads((o.folder / "artifacts" / "report.json").read_text()) for o in (outcome, whole)
    ]
    assert reports[0]["metrics"] == reports[1]["metrics"]


def _final_state(folder: Path) -> dict[str, Any]:
    found = CheckpointFolder(folder / "checkpoints").newest()
    assert found is not None
    return found[1]


def _assert_equal(a: Any, b: Any, at: str) -> None:
    """The same bit-for-bit, whatever is nested in what."""
    if isinstance(a, torch.Tensor):
        assert torch.equal(a, b) or (a.isnan() == b.isnan()).all(), at
    elif isinstance(a, dict):
        assert a.keys() == b.keys(), at
        for key in a:
            _assert_equal(a[key], b[key], f"{at}.{key}")
    elif isinstance(a, list | tuple):
        assert len(a) == len(b), at
        for place, (one, other) in enumerate(zip(a, b, strict=True)):
            _assert_equal(one, other, f"{at}[{place}]")
    else:
        assert a == b, at
