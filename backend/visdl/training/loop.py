"""The training loop, as a generator: it yields after each optimizer step, and pausing it is not pulling.

It knows no thread, socket or database. Invariants:
- The order of an epoch follows from the run's seed and the number of the epoch alone, so any position in
  any epoch can be found again from `FitState`.
- Losses are averaged per sample, whatever the size of the last batch.
- With BatchNorm, a last batch of one row is joined to the one before it: one row has no variance.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.optim.lr_scheduler import LRScheduler
from torch.utils.data import Subset

from visdl import seeds
from visdl.models.errors import RunError
from visdl.nodes.contract.evaluation import evaluate, measure
from visdl.nodes.contract.learning import Loss, MetricNode
from visdl.nodes.contract.metric_names import (
    DEFAULT_MONITOR,
    LEARNING_RATE,
    LOSS,
    metric_direction,
    with_part,
)
from visdl.nodes.contract.nan_trace import (
    Batch,
    NotFiniteError,
    all_finite,
    bad_gradient,
    bad_loss,
    bad_loss_read_late,
    bad_weights,
    first_bad,
    owner,
    statistics,
    watched,
)

CHUNK_BYTES = 128 * 2**20  # rows are gathered in shuffled order this much at a time
_MEASURE_ROWS = 65_536  # predictions of the training batches are measured this many rows at a time


@dataclass(frozen=True)
class Scheduled:
    """A learning-rate scheduler, when it steps, and the metric that it waits for."""

    scheduler: LRScheduler
    interval: str  # "epoch" or "step"
    monitor: str | None = None


@dataclass(frozen=True)
class FitPlan:
    """What a training needs. Tensors lie on the model's device, `(rows, …)` each: the model's arguments, and y."""

    model: nn.Module
    loss: Loss
    optimizer: torch.optim.Optimizer
    train: Subset[
        Any
    ]  # over (*arguments, y); its indices are the training rows, the tensors are shared, not copied
    val: tuple[tuple[Tensor, ...], Tensor] | None
    batch_size: int
    epochs: int
    seed: int = 0
    shuffle: bool = True
    metrics: Sequence[Callable[[], MetricNode]] = ()
    keep: Literal["last", "best"] = "last"
    monitor: str = DEFAULT_MONITOR
    patience: int | None = None
    clip_grad_norm: float | None = None
    schedule: Sequence[Scheduled] = ()

    @property
    def watches(self) -> bool:
        """Whether an epoch is compared with the best so far."""
        return self.keep == "best" or self.patience is not None

    @property
    def reads_each(self) -> bool:
        """Whether each loss is read at once. A GPU would have to be waited for."""
        return next(self.model.parameters()).device.type == "cpu"


@dataclass
class FitState:
    """Where a training is. Together with the weights and the optimizer's state it says all that follows."""

    epoch: int = 0  # epochs finished
    batch: int = 0  # batches of the present epoch finished
    step: int = 0  # optimizer steps finished
    history: dict[str, list[float]] = field(default_factory=dict)
    best_value: float | None = None
    best_epoch: int | None = None
    best_weights: dict[str, Tensor] | None = None
    loss_sum: float = 0.0  # over the samples of the present epoch
    loss_mass: float = 0.0  # how many samples these are, or the sum of their weights
    seen: list[tuple[Tensor, Tensor]] = field(
        default_factory=list
    )  # (prediction, target) of the present epoch
    unread: list[tuple[int, Tensor, float]] = field(
        default_factory=list
    )  # (step, loss, mass), in `loss_sum` when read
    patience_ended: bool = False
    patience_from: int = (
        0  # epochs before which patience does not count: those of a run that this one goes on from
    )


@dataclass(frozen=True, slots=True)
class StepDone:
    """One optimizer step. `losses` are (step, loss per sample) read back since the last event: on a GPU not always."""

    step: int
    rows: int
    losses: list[tuple[int, float]]


@dataclass(frozen=True, slots=True)
class EpochDone:
    epoch: int
    values: dict[str, float]


TrainEvent = StepDone | EpochDone


def fit(plan: FitPlan, state: FitState) -> Iterator[TrainEvent]:
    """Train until `plan.epochs`, going on from `state`.

    Raises RunError when the loss or the weights are no longer finite, and when the monitored metric does not exist.
    """
    values_to_watch = watched(plan.model)
    while state.epoch < plan.epochs and not state.patience_ended:
        plan.model.train()
        yield from _epoch(plan, state)
        yield end_epoch(plan, state, values_to_watch)


def end_epoch(plan: FitPlan, state: FitState, values_to_watch: Sequence[Tensor]) -> EpochDone:
    """Measure an epoch whose steps are done, and go on to the next. Raises RunError as `fit` does."""
    if not all_finite(values_to_watch):
        raise _bad_weights(plan, state)
    values = _measure(plan, state)
    state.epoch += 1
    state.batch, state.loss_sum, state.loss_mass, state.seen = 0, 0.0, 0.0, []
    for key, value in values.items():
        state.history.setdefault(key, []).append(value)
    advance(plan, "epoch", values)
    _compare(plan, state, values)
    return EpochDone(state.epoch, values)


def keep_weights(plan: FitPlan, state: FitState) -> None:
    """Put the weights that `plan.keep` asks for into the model; without any finished epoch, the present ones."""
    if plan.keep == "best" and state.best_weights is not None:
        plan.model.load_state_dict(state.best_weights)


def batch_sizes(plan: FitPlan) -> list[int]:
    """The sizes of an epoch's batches.

    Raises RunError when BatchNorm would get batches of one row.
    """
    rows, size = len(plan.train), plan.batch_size
    sizes = [size] * (rows // size) + ([rows % size] if rows % size else [])
    if any(isinstance(module, _BatchNorm) for module in plan.model.modules()):
        if sizes[0] == 1:
            raise RunError(
                "BatchNorm needs at least 2 rows in a batch, but batches have 1.",
                hint="Raise batch_size, or add rows.",
            )
        if sizes[-1] == 1:
            sizes[-2:] = [size + 1]
    return sizes


def _epoch(plan: FitPlan, state: FitState) -> Iterator[StepDone]:
    """The steps of one epoch, from `state.batch` on."""
    optimizer = plan.optimizer
    # Where each loss is read, the last gradients stay until it is: they tell why it is not finite.
    read_each = plan.reads_each
    by_step = any(part.interval == "step" for part in plan.schedule)
    for xs, y in _batches(plan, state):
        if not read_each:
            optimizer.zero_grad()
        prediction, loss = _forward(plan, xs, y)
        state.unread.append((state.step + 1, loss.detach(), plan.loss.node.mass(y)))
        losses: list[tuple[int, float]] = []
        if read_each or len(state.unread) >= 32:
            losses = read_losses(plan, state, Batch(xs, y, prediction))
        if read_each:
            optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        _clip(plan, state, prediction, y)
        if isinstance(optimizer, torch.optim.LBFGS):
            optimizer.step(_Again(plan, state, xs, y, loss))  # type: ignore[no-untyped-call]
            optimizer.zero_grad()  # what is left is of a trial, and tells nothing of this step
        else:
            optimizer.step()
        if by_step:
            advance(plan, "step")
        state.step += 1
        state.batch += 1
        state.seen.append((prediction.detach(), y))
        yield StepDone(state.step, len(y), losses)
    if state.unread:
        yield StepDone(state.step, 0, read_losses(plan, state))


def _forward(plan: FitPlan, xs: Sequence[Tensor], y: Tensor) -> tuple[Tensor, Tensor]:
    """The prediction and the loss of a batch."""
    prediction = plan.model(*xs)
    return prediction, plan.loss.module(prediction, y)


def _clip(plan: FitPlan, state: FitState, prediction: Tensor, y: Tensor) -> None:
    """Clip the gradients. On a CPU, raises RunError where their norm is not finite: scaled by it, nothing is left."""
    if plan.clip_grad_norm is None:
        return
    parameters = list(plan.model.parameters())
    try:
        nn.utils.clip_grad_norm_(
            parameters, plan.clip_grad_norm, error_if_nonfinite=plan.reads_each
        )
    except RuntimeError as error:
        what = f"The norm of the gradients is not finite at step {state.step + 1}"
        raise bad_gradient(what, plan.model, plan.loss, (prediction, y)) from error


class _Again:
    """What LBFGS calls to have the loss and the gradients of the batch: the first time they are there already."""

    def __init__(
        self, plan: FitPlan, state: FitState, xs: Sequence[Tensor], y: Tensor, loss: Tensor
    ) -> None:
        self._plan, self._state, self._xs, self._y, self._loss = plan, state, xs, y, loss
        self._is_first = True

    def __call__(self) -> float:
        if not self._is_first:
            self._plan.optimizer.zero_grad()
            with torch.enable_grad():
                prediction, self._loss = _forward(self._plan, self._xs, self._y)
                self._loss.backward()  # type: ignore[no-untyped-call]
            _clip(self._plan, self._state, prediction, self._y)
        self._is_first = False
        return float(self._loss.detach())


def advance(plan: FitPlan, interval: str, values: Mapping[str, float] | None = None) -> None:
    """Let the schedulers of this interval step. Raises RunError where one waits for a metric that is not there."""
    for part in plan.schedule:
        if part.interval != interval:
            continue
        if part.monitor is None:
            part.scheduler.step()
        else:
            part.scheduler.step(_monitored(plan, part.monitor, values or {}))  # type: ignore[arg-type]


def _monitored(plan: FitPlan, name: str, values: Mapping[str, float]) -> float:
    if name not in values:
        there = ", ".join(key for key in values if metric_direction(key, plan.metrics))
        raise RunError(
            f"There is no metric '{name}' to monitor.", hint=f"This run measures {there}."
        )
    return values[name]


def read_losses(
    plan: FitPlan, state: FitState, batch: Batch | None = None
) -> list[tuple[int, float]]:
    """Read back from the device what is unread, as (step, loss per sample); a checkpoint holds none of it.

    Raises RunError at the first that is not finite. `batch` is that of the newest, while no step has followed.
    """
    unread = state.unread
    if not unread:
        return []
    values = (
        [unread[0][1].item()]
        if len(unread) == 1
        else torch.stack([loss for _, loss, _ in unread]).tolist()
    )
    losses = []
    for (step, _, mass), value in zip(unread, values, strict=True):
        if not math.isfinite(value):
            earlier = state.seen[step - state.step - 1] if step <= state.step else None
            raise _not_finite(f"The loss is {value} at step {step}", plan, state, batch, earlier)
        state.loss_sum += plan.loss.share(value, mass)
        state.loss_mass += mass
        losses.append((step, value / mass if plan.loss.is_sum and mass else value))
    unread.clear()
    return losses


def _not_finite(
    what: str,
    plan: FitPlan,
    state: FitState,
    batch: Batch | None,
    earlier: tuple[Tensor, Tensor] | None = None,
) -> RunError:
    """The error for a loss or weights that are not finite, which `what` begins to say.

    `earlier` are prediction and target of a step whose loss is read only now: the weights are others by now.
    """
    lr = [group["lr"] for group in plan.optimizer.param_groups if not math.isfinite(group["lr"])]
    if lr:
        return NotFiniteError(
            f"{what}: the learning rate is {float(lr[0])}.", hint="Check the scheduler."
        )
    if earlier is not None:
        return bad_loss_read_late(what, plan.loss, *earlier)
    if not all(p.isfinite().all() for p in plan.model.parameters()):
        before = state.seen[-1] if state.seen else None
        return bad_weights(what, plan.model, plan.loss, state.step, before)
    return bad_loss(what, plan.model, plan.loss, batch) if batch else NotFiniteError(f"{what}.")


def _bad_weights(plan: FitPlan, state: FitState) -> RunError:
    """The error for what the last steps of an epoch have made of the weights: no loss shows it yet."""
    if statistic := first_bad(statistics(plan.model)):
        return NotFiniteError(
            f"'{statistic}' is not finite after step {state.step}.", place=owner(statistic)
        )
    return _not_finite(f"The weights are not finite after step {state.step}", plan, state, None)


def _batches(plan: FitPlan, state: FitState) -> Iterator[tuple[tuple[Tensor, ...], Tensor]]:
    """The batches of the present epoch that are still to come, gathered a chunk of rows at a time."""
    sizes = batch_sizes(plan)
    tensors: tuple[Tensor, ...] = plan.train.dataset.tensors  # type: ignore[attr-defined]
    order = row_order(plan, state.epoch, tensors[0].device)
    first = state.batch
    start = sum(sizes[:first])
    row_bytes = sum(tensor[0].numel() * tensor.element_size() for tensor in tensors)
    per_chunk = max(1, CHUNK_BYTES // max(1, sizes[0] * row_bytes))
    while first < len(sizes):
        part = sizes[first : first + per_chunk]
        rows = order[start : start + sum(part)]
        for *xs, y in zip(*(torch.split(tensor[rows], part) for tensor in tensors), strict=True):
            yield tuple(xs), y
        first, start = first + len(part), start + sum(part)


def row_order(plan: FitPlan, epoch: int, device: torch.device) -> Tensor:
    """The training rows in the order of this epoch."""
    rows = torch.as_tensor(plan.train.indices)
    if plan.shuffle:
        generator = torch.Generator().manual_seed(seeds.derive(plan.seed, "order", str(epoch)))
        rows = rows[torch.randperm(len(rows), generator=generator)]
    return rows.to(device)


def _measure(plan: FitPlan, state: FitState) -> dict[str, float]:
    """The values of the epoch that has just ended."""
    loss = state.loss_sum / state.loss_mass if state.loss_mass else math.nan
    measured = measure(plan.metrics, list(_joined(state.seen)))
    values = with_part("train", {LOSS: loss, **measured})
    if plan.val is not None:
        where = f"validation loss is {{}} after step {state.step}"
        measured, _ = evaluate(plan.model, plan.loss, *plan.val, plan.metrics, where)
        values |= with_part("val", measured)
    return {**values, LEARNING_RATE: float(plan.optimizer.param_groups[0]["lr"])}


def _joined(batches: list[tuple[Tensor, Tensor]]) -> Iterator[tuple[Tensor, Tensor]]:
    """Small batches joined to larger ones: measuring costs per call, not per row."""
    group: list[tuple[Tensor, Tensor]] = []
    rows = 0
    for batch in batches:
        group.append(batch)
        rows += len(batch[0])
        if rows >= _MEASURE_ROWS or batch is batches[-1]:
            yield torch.cat([p for p, _ in group]), torch.cat([t for _, t in group])
            group, rows = [], 0


def _compare(plan: FitPlan, state: FitState, values: dict[str, float]) -> None:
    """Note whether this epoch is the best so far by the monitored metric; keeps its weights when they are wanted."""
    if not plan.watches:
        return
    value, best = _monitored(plan, plan.monitor, values), state.best_value
    minimize = metric_direction(plan.monitor, plan.metrics) == "minimize"
    is_best = math.isfinite(value) and (
        best is None or (value < best if minimize else value > best)
    )
    if is_best:
        state.best_value, state.best_epoch = value, state.epoch
        if plan.keep == "best":
            state.best_weights = {
                key: tensor.detach().clone() for key, tensor in plan.model.state_dict().items()
            }
    waited = state.epoch - max(state.best_epoch or 0, state.patience_from)
    state.patience_ended = plan.patience is not None and waited >= plan.patience
