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


class ResultCharts:
    """The charts of an evaluation, pass by pass; no outputs are kept but those that are drawn.

    What the loss ignores is left out.
    """

    def __init__(
        self,
        target: Tensor,
        loss: LossNode,
        targets: Sequence[str],
        labels: Sequence[str],
        rows: Sequence[int],
    ) -> None:
        """Begin the charts of n rows.

        Args:
            target: Class indices (n, …) int64, or numbers (n, …).
            loss: The loss of the training.
            targets: Names of the target columns.
            labels: Labels of the classes by index; empty for numbers.
            rows: Numbers of the n rows in their table, from 1.
        """
        self._target, self._loss = target, loss
        self._targets, self._labels, self._rows = targets, labels, rows
        self._at = 0  # rows that were added
        self._numbers: _Numbers | None = None
        self._classes: _Classes | None = None

    def update(self, output: Tensor) -> None:
        """Add what the model gave for the next rows, (rows, …)."""
        output = output.cpu()
        one = self._loss.probability(output)
        if one is None and self._loss.TARGET == "float":
            if self._numbers is None:
                self._numbers = _Numbers(self._target, self._mask(self._target), self._targets)
            self._numbers.update(self._loss.decode(output), self._at)
        else:
            self._update_classes(output, one)
        self._at += len(output)

    def compute(self) -> dict[str, Any]:
        """Return the charts as JSON; empty without any pass."""
        charts = self._numbers or self._classes
        return charts.compute() if charts is not None else {}

    def _update_classes(self, output: Tensor, one: Tensor | None) -> None:
        """Add scores of classes, or the probabilities `one` of a 1."""
        target = self._target[self._at : self._at + len(output)]
        mask = self._mask(target)
        if one is not None:
            probabilities = torch.stack([1 - _by_row(one), _by_row(one)], dim=-1)
            truth, names = (_by_row(target) > 0.5).long(), [f"{v:g}" for v in self._loss.RANGE]
        else:
            prediction = self._loss.decode(output)
            width = prediction.shape[1]
            truth = _by_row(target)
            probabilities = prediction.movedim(1, -1).reshape(*truth.shape, width)
            names = [*self._labels, *map(str, range(len(self._labels), width))][:width]
        if self._classes is None:
            self._classes = _Classes(names, self._targets, self._rows, one is not None)
        self._classes.update(probabilities, truth, mask.reshape(truth.shape), self._at)

    def _mask(self, target: Tensor) -> Tensor:
        counted = self._loss.counted(target)
        return torch.ones_like(target, dtype=torch.bool) if counted is None else counted


def _by_row(values: Tensor) -> Tensor:
    """Return values (n, …) as (n, values per row); a model may give one number per row as (n,)."""
    return values.reshape(len(values), math.prod(values.shape[1:]))


class _Numbers:
    """Predicted and true values of at most 2,000 evenly spaced rows."""

    def __init__(self, target: Tensor, mask: Tensor, targets: Sequence[str]) -> None:
        target, mask = _by_row(target), _by_row(mask)
        kept = mask.any(1).nonzero().flatten()
        self._targets, self._rows = targets, len(kept)
        self._drawn = kept[:: max(1, -(-len(kept) // _POINTS))]
        self._mask = mask[self._drawn]
        self._true = target[self._drawn].where(self._mask, torch.tensor(math.nan))
        self._predicted: list[Tensor] = []

    def update(self, prediction: Tensor, start: int) -> None:
        """Add the predictions of the rows from `start` on."""
        end = start + len(prediction)
        drawn = self._drawn[(self._drawn >= start) & (self._drawn < end)]
        self._predicted.append(_by_row(prediction)[drawn - start].clone())

    def compute(self) -> dict[str, Any]:
        predicted = torch.cat(self._predicted).where(self._mask, torch.tensor(math.nan))
        return {
            "format": FORMAT,
            "task": "regression",
            "targets": list(self._targets),
            "true": _plain(self._true.T),
            "predicted": _plain(predicted.T),
            "rows": self._rows,
        }


def _plain(values: Tensor) -> list[list[float | None]]:
    """Return values for JSON, with None for those that are not finite."""
    return [[value if math.isfinite(value) else None for value in row] for row in values.tolist()]


class _Classes:
    """Confusions (rows: true class) and the most confident mistakes.

    Labels, each with a meaning of its own, have a confusion each and none together.
    """

    def __init__(
        self, classes: list[str], targets: Sequence[str], table: Sequence[int], are_labels: bool
    ) -> None:
        self._classes, self._targets, self._table = classes, targets, table
        self._are_labels = are_labels
        self._rows = self._ignored = 0
        self._together: Tensor | int = 0
        self._each: Tensor | int = 0
        self._columns = 0
        #: of the worst mistakes: confidence, and (row, column, truth, guess)
        self._confidence = torch.empty(0)
        self._wrong = torch.empty(0, 4, dtype=torch.int64)

    def update(self, probabilities: Tensor, truth: Tensor, mask: Tensor, start: int) -> None:
        """Add rows from `start` on: (rows, columns, classes), truth and mask (rows, columns)."""
        confidence, guess = probabilities.max(-1)
        self._columns = truth.shape[1]
        self._rows += int(mask.any(1).sum())
        self._ignored += int((~mask).sum())
        width = len(self._classes)
        if self._has_together:
            self._together = self._together + _confusion(guess[mask], truth[mask], width)
        if self._has_each:
            column = torch.arange(self._columns).expand(truth.shape)
            self._each = self._each + _confusion(
                guess[mask], truth[mask], width, column[mask], self._columns
            )
        self._add_mistakes(confidence, guess, truth, mask, start)

    @property
    def _has_together(self) -> bool:
        return not (self._columns > 1 and self._are_labels)

    @property
    def _has_each(self) -> bool:
        return self._columns > 1 and (self._are_labels or self._columns <= _MATRICES)

    def _add_mistakes(
        self, confidence: Tensor, guess: Tensor, truth: Tensor, mask: Tensor, start: int
    ) -> None:
        """Keep the wrong guesses of the highest confidence; equal ones in the order of the rows."""
        wrong = ((guess != truth) & mask).nonzero()
        at = wrong[:, 0], wrong[:, 1]
        order = confidence[at].argsort(descending=True, stable=True)[:_MISTAKES]
        at = at[0][order], at[1][order]
        found = torch.stack([at[0] + start, at[1], truth[at], guess[at]], dim=1)
        confidences = torch.cat([self._confidence, confidence[at]])
        order = confidences.argsort(descending=True, stable=True)[:_MISTAKES]
        self._confidence = confidences[order]
        self._wrong = torch.cat([self._wrong, found])[order]

    def compute(self) -> dict[str, Any]:
        charts: dict[str, Any] = {
            "format": FORMAT,
            "task": "classification",
            "classes": self._classes,
            "mistakes": list(map(self._mistake, self._wrong.tolist(), self._confidence.tolist())),
            "rows": self._rows,
            "ignored": self._ignored,
        }
        if self._has_together:
            [charts["confusion"]] = torch.as_tensor(self._together).tolist()
        if self._has_each:
            charts["columns"] = [
                _column(name, confusion, self._are_labels)
                for name, confusion in zip(
                    self._targets, torch.as_tensor(self._each).tolist(), strict=True
                )
            ]
        return charts

    def _mistake(self, wrong: list[int], confidence: float) -> dict[str, Any]:
        """Return a mistake; with several columns, name its column."""
        row, column, truth, guess = wrong
        return {
            "row": int(self._table[row]),
            **({"column": self._targets[column]} if self._columns > 1 else {}),
            "true": self._classes[truth],
            "predicted": self._classes[guess],
            "confidence": confidence,
        }


def _confusion(
    guess: Tensor, truth: Tensor, width: int, column: Tensor | int = 0, columns: int = 1
) -> Tensor:
    """Return how often each class (rows) was taken for each class, for each target column."""
    cells = (column * width + truth) * width + guess
    return torch.bincount(cells, minlength=columns * width * width).view(columns, width, width)


def _column(name: str, confusion: list[list[int]], is_label: bool) -> dict[str, Any]:
    """Return the confusion of a target column; of a label also precision, recall and F1 of a 1."""
    column: dict[str, Any] = {"name": name, "confusion": confusion}
    if is_label:
        [[_, false_ones], [missed, right]] = confusion
        column |= {
            "precision": _share(right, right + false_ones),
            "recall": _share(right, right + missed),
            "f1": _share(2 * right, 2 * right + false_ones + missed),
        }
    return column


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None
