"""What the results page draws of an evaluation: points of numbers, confusions, worst mistakes.

Rows are numbered as in the table, the first row of data being 1.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from visdl.nodes.contract.learning import LossNode

FORMAT = 2  # 1: rows counted from 0, through all target columns together
_POINTS = 2000  # most points of a chart
_MISTAKES = 20
_MATRICES = 64  # most target columns of classes with a confusion matrix of their own


def result_charts(
    output: Tensor,
    target: Tensor,
    loss: LossNode,
    targets: Sequence[str],
    labels: Sequence[str],
    rows: Sequence[int],
) -> dict[str, Any]:
    """Return the charts of an evaluation as JSON. What the loss ignores is left out.

    Args:
        output: What the model gave, (n, …).
        target: Class indices (n, …) int64, or numbers (n, …).
        targets: Names of the target columns.
        labels: Labels of the classes by index; empty for numbers.
        rows: Numbers of the n rows in their table, from 1.
    """
    prediction, counted = loss.decode(output), loss.counted(target)
    mask = torch.ones_like(target, dtype=torch.bool) if counted is None else counted
    table = torch.as_tensor(rows)
    one = loss.probability(output)
    if one is None and loss.TARGET == "float":
        return _numbers(prediction, target, mask, targets)
    if one is not None:
        probabilities = torch.stack([1 - _by_row(one), _by_row(one)], dim=-1)
        truth, names = (_by_row(target) > 0.5).long(), [f"{value:g}" for value in loss.RANGE]
    else:
        width = prediction.shape[1]
        probabilities = prediction.movedim(1, -1).reshape(len(prediction), -1, width)
        truth = target.reshape(len(target), -1)
        names = [*labels, *map(str, range(len(labels), width))][:width]
    return _classes(
        probabilities, truth, mask.reshape(truth.shape), names, targets, table, one is not None
    )


def _by_row(values: Tensor) -> Tensor:
    """Return values (n, …) as (n, values per row); a model may give one number per row as (n,)."""
    return values.reshape(len(values), -1)


def _numbers(
    prediction: Tensor, target: Tensor, mask: Tensor, targets: Sequence[str]
) -> dict[str, Any]:
    """Return predicted and true values of at most 2,000 evenly spaced rows."""
    kept = _by_row(mask).any(1)
    prediction, target, mask = (_by_row(each)[kept] for each in (prediction, target, mask))
    step = max(1, -(-len(target) // _POINTS))
    nothing = torch.tensor(math.nan)
    return {
        "format": FORMAT,
        "task": "regression",
        "targets": list(targets),
        "true": _plain(target.where(mask, nothing)[::step].T),
        "predicted": _plain(prediction.where(mask, nothing)[::step].T),
        "rows": len(target),
    }


def _plain(values: Tensor) -> list[list[float | None]]:
    """Return values for JSON, with None for those that are not finite."""
    return [[value if math.isfinite(value) else None for value in row] for row in values.tolist()]


def _classes(
    probabilities: Tensor,
    truth: Tensor,
    mask: Tensor,
    classes: list[str],
    targets: Sequence[str],
    table: Tensor,
    are_labels: bool,
) -> dict[str, Any]:
    """Return confusions (rows: true class) and the most confident mistakes.

    `probabilities` is (rows, columns, classes), `truth` and `mask` are (rows, columns). Labels,
    each with a meaning of its own, have a confusion each and none together.
    """
    confidence, guess = probabilities.max(-1)
    charts = {
        "format": FORMAT,
        "task": "classification",
        "classes": classes,
        "mistakes": _mistakes(confidence, guess, truth, mask, classes, targets, table),
        "rows": int(mask.any(1).sum()),
        "ignored": int((~mask).sum()),
    }
    several = truth.shape[1] > 1
    if not (several and are_labels):
        charts["confusion"] = _confusion(guess[mask], truth[mask], len(classes)).tolist()
    if several and (are_labels or truth.shape[1] <= _MATRICES):
        charts["columns"] = [
            _column(name, _confusion(guess[kept, i], truth[kept, i], len(classes)), are_labels)
            for i, (name, kept) in enumerate(zip(targets, mask.T, strict=True))
        ]
    return charts


def _confusion(guess: Tensor, truth: Tensor, width: int) -> Tensor:
    """Return how often each class (rows) was taken for each class (columns)."""
    return torch.bincount(truth * width + guess, minlength=width * width).view(width, width)


def _column(name: str, confusion: Tensor, is_label: bool) -> dict[str, Any]:
    """Return the confusion of a target column; of a label also precision, recall and F1 of a 1."""
    column: dict[str, Any] = {"name": name, "confusion": confusion.tolist()}
    if is_label:
        [[_, false_ones], [missed, right]] = column["confusion"]
        column |= {
            "precision": _share(right, right + false_ones),
            "recall": _share(right, right + missed),
            "f1": _share(2 * right, 2 * right + false_ones + missed),
        }
    return column


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def _mistakes(
    confidence: Tensor,
    guess: Tensor,
    truth: Tensor,
    mask: Tensor,
    classes: list[str],
    targets: Sequence[str],
    table: Tensor,
) -> list[dict[str, Any]]:
    """Return the wrong guesses of the highest confidence; with several columns, name theirs."""
    wrong = ((guess != truth) & mask).nonzero()
    order = confidence[wrong[:, 0], wrong[:, 1]].argsort(descending=True, stable=True)
    return [
        {
            "row": int(table[row]),
            **({"column": targets[column]} if truth.shape[1] > 1 else {}),
            "true": classes[truth[row, column]],
            "predicted": classes[guess[row, column]],
            "confidence": float(confidence[row, column]),
        }
        for row, column in wrong[order][:_MISTAKES].tolist()
    ]
