"""Metrics that accumulate over the batches of an epoch, whose predictions are not kept."""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from visdl.nodes.contract.learning import LossNode, MetricNode
from visdl.nodes.contract.metrics.names import metric_names

_GROUP_ROWS = 65_536  # batches wait until they have as many rows,
GROUP_VALUES = 2**20  # or outputs: measuring costs per call, not per row
_APART = 16  # batches that are kept as they came: small tensors that stay fragment the memory


class RunningMetrics:
    """The metrics of an epoch, and the few batches that were not measured yet.

    Metrics get the outputs as predictions of the loss, and only the targets that count in it. The
    groups of batches that are measured together follow from the batches alone, so that values are
    the same bit-for-bit with a checkpoint between any two batches, and in a seed batch.
    """

    def __init__(
        self, metrics: Sequence[Callable[[], MetricNode]], loss: LossNode, device: torch.device
    ) -> None:
        self._metrics = named_metrics(metrics, loss)
        self._loss = loss
        self._device = device
        self._waiting: list[tuple[Tensor, Tensor]] = []
        self._joined: tuple[Tensor, Tensor] | None = None  # with room for all that may wait
        self._joined_rows = 0
        self._rows = self._values = 0  # that wait, joined or not
        self._counted = False  # whether any target has counted so far
        self.missing: list[str] = []  # without a value for this epoch: see `load_state_dict`

    def update(self, output: Tensor, target: Tensor) -> None:
        """Add a batch: outputs of the model (rows, …), without gradients, and targets."""
        self._waiting.append((output, target))
        self._rows += len(output)
        self._values += output.numel()
        if self._rows >= _GROUP_ROWS or self._values >= GROUP_VALUES:
            self._measure()
        elif len(self._waiting) >= _APART:
            self._join()

    def fills(self, rows: int, values: int) -> bool:
        """Return whether what waits is measured once these rows and outputs have joined it."""
        return self._rows + rows >= _GROUP_ROWS or self._values + values >= GROUP_VALUES

    @torch.no_grad()
    def compute(self) -> dict[str, float]:
        """Return the values over all batches by name; they are not finite if no target counts."""
        self._measure()
        return {
            name: float(metric.compute())
            if self._counted and name not in self.missing
            else math.nan
            for name, metric in self._metrics.items()
        }

    def state_dict(self) -> dict[str, Any]:
        """Return the state of all metrics and what waits, for a checkpoint.

        A metric that holds anything but tensors and plain values has None instead of a state.
        """
        states = {name: metric.state_dict() for name, metric in self._metrics.items()}
        return {
            "metrics": {name: s if is_plain(s) else None for name, s in states.items()},
            "waiting": [[each.clone() for each in self._all_waiting()]] if self._rows else [],
            "counted": self._counted,
            "missing": self.missing,
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Continue from a state; `missing` then names the metrics that could not be continued."""
        for name, metric in self._metrics.items():
            known = state["metrics"].get(name)
            if known is None:
                self.missing.append(name)
            else:
                metric.load_state_dict(_moved(known, self._device))
        self.missing += [name for name in state["missing"] if name not in self.missing]
        self._counted = state["counted"]
        self._waiting = [
            (output.to(self._device), target.to(self._device))
            for output, target in state["waiting"]
        ]
        self._rows = sum(len(output) for output, _ in self._waiting)
        self._values = sum(output.numel() for output, _ in self._waiting)

    @torch.no_grad()
    def _measure(self) -> None:
        """Update the metrics by what waits."""
        if not self._rows:
            return
        for output, target in _pieces(*self._all_waiting()):
            mask = self._loss.counted(target)
            counted = target if mask is None else target[mask]
            if not len(counted):
                continue
            self._counted = True
            prediction = _where_counted(self._loss.decode(output), target, mask)
            for metric in self._metrics.values():
                read = _where_counted(output, target, mask) if metric.READS_OUTPUTS else prediction
                metric.update(read, counted)
        self._waiting = []
        self._joined_rows = self._rows = self._values = 0

    def _join(self) -> None:
        """Copy what waits to where a whole group has room."""
        if self._joined is None:
            output, target = self._waiting[0]
            rows = min(_GROUP_ROWS, -(-GROUP_VALUES // max(1, output[:1].numel())))
            self._joined = (
                output.new_empty(rows, *output.shape[1:]),
                target.new_empty(rows, *target.shape[1:]),
            )
        for whole, parts in zip(self._joined, zip(*self._waiting, strict=True), strict=True):
            torch.cat(parts, out=whole[self._joined_rows : self._rows])
        self._waiting, self._joined_rows = [], self._rows

    def _all_waiting(self) -> tuple[Tensor, Tensor]:
        """Return what waits as one batch; a copy, unless it is a single one."""
        joined = self._joined if self._joined_rows else None
        if joined is None and len(self._waiting) == 1:
            return self._waiting[0]
        first = [(joined[0][: self._joined_rows], joined[1][: self._joined_rows])] if joined else []
        outputs, targets = zip(*first, *self._waiting, strict=True)
        return torch.cat(outputs), torch.cat(targets)


def named_metrics(
    metrics: Sequence[Callable[[], MetricNode]], loss: LossNode
) -> dict[str, MetricNode]:
    """Return new metrics by name, each once, for trainings with this loss."""
    made = [make() for make in metrics]
    for metric in made:
        metric.loss = loss
    return dict(zip(metric_names(made), made, strict=True))


def is_plain(value: Any) -> bool:
    """Return whether a checkpoint can hold this value: tensors and plain values."""
    if type(value) in (dict, OrderedDict):
        return all(is_plain(key) and is_plain(each) for key, each in value.items())
    if type(value) in (list, tuple):
        return all(map(is_plain, value))
    return value is None or type(value) in (Tensor, bool, int, float, str, bytes)


def _moved(value: Any, device: torch.device) -> Any:
    """Return a state with its tensors on the device."""
    if isinstance(value, Tensor):
        return value.to(device)
    if isinstance(value, Mapping):
        return {key: _moved(each, device) for key, each in value.items()}
    return type(value)(_moved(v, device) for v in value) if type(value) in (list, tuple) else value


def _pieces(output: Tensor, target: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
    """Split a large batch: its predictions would take as much memory again."""
    rows = max(1, GROUP_VALUES // max(1, output[:1].numel()))
    yield from zip(torch.split(output, rows), torch.split(target, rows), strict=True)


def _where_counted(values: Tensor, target: Tensor, mask: Tensor | None) -> Tensor:
    """Return the values of the targets in `mask`: scores of classes as (counted, classes)."""
    if mask is None:
        return values
    if values.dim() > target.dim():
        return values.movedim(1, -1)[mask]
    return values.reshape(target.shape)[mask]
