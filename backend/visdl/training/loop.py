"""The training loop, as a generator: it yields after each optimizer step.

To pause it is not to pull. It knows no thread, socket or database. Invariants:
- The order of an epoch follows from the run's seed and the number of the epoch alone, so any
  position in any epoch can be found again from `FitState`.
- Losses are averaged per sample, whatever the size of the last batch.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim.lr_scheduler import LRScheduler

from visdl.models.errors import RunError
from visdl.nodes.contract.evaluation import evaluate
from visdl.nodes.contract.metrics.names import LEARNING_RATE, LOSS, metric_direction, with_part
from visdl.nodes.contract.metrics.running import RunningMetrics
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
from visdl.training.batches import remaining_batches
from visdl.training.chain import Chain, chain_of
from visdl.training.plan import EpochDone, FitPlan, FitState, StepDone, TrainEvent, Unread

_MOST_UNREAD = 32  # losses that wait on a GPU until they are read back together


def fit(plan: FitPlan, state: FitState) -> Iterator[TrainEvent]:
    """Train until `plan.epochs` epochs are finished, continuing from `state`.

    Yields a `StepDone` after each optimizer step and an `EpochDone` after each epoch. Between two
    events the model, the optimizer and `state` agree. Once `read_losses` has been called, a
    snapshot of them is a checkpoint: a new call on the restored state gives the same bits as if
    training had never been interrupted.

    The training loss of an epoch is the mean over its samples, of the predictions made while
    training: the sum of batch losses weighted by their mass (rows, or the sum of class weights),
    divided by the sum of masses. Validation loss and metrics are computed in evaluation mode
    after the epoch. The learning rate of an epoch is that of its last step.

    Training ends earlier when the monitored metric has not improved for `plan.patience` epochs
    (early stopping: Goodfellow, Bengio, Courville, "Deep Learning", 2016, algorithm 7.1).

    Raises:
        RunError: The loss, a gradient or a weight is no longer finite (the message names the
            step, and where possible the node), or there is no metric `plan.monitor`, or that of
            a scheduler.
    """
    values_to_watch = watched(plan.model)
    chain = chain_of(plan)
    while state.epoch < plan.epochs and not state.patience_ended:
        plan.model.train()
        yield from _epoch(plan, state, chain)
        yield end_epoch(plan, state, values_to_watch)


def end_epoch(plan: FitPlan, state: FitState, values_to_watch: Sequence[Tensor]) -> EpochDone:
    """Measure an epoch whose steps are done, and begin the next. Raises RunError as `fit` does."""
    if not all_finite(values_to_watch):
        raise _bad_weights(plan, state)
    values = _measure(plan, state)
    state.epoch += 1
    state.batch, state.loss_sum, state.loss_mass = 0, 0.0, 0.0
    state.running, state.newest = None, None
    for key, value in values.items():
        state.history.setdefault(key, []).append(value)
    advance(plan, "epoch", values)
    _compare(plan, state, values)
    return EpochDone(state.epoch, values)


def keep_weights(plan: FitPlan, state: FitState) -> None:
    """Put the weights that `plan.keep` names into the model.

    Before any epoch has finished, these are the present weights.
    """
    if plan.keep == "best" and state.best_weights is not None:
        plan.model.load_state_dict(state.best_weights)


def _epoch(plan: FitPlan, state: FitState, chain: Chain | None) -> Iterator[StepDone]:
    """Yield the steps of one epoch, from `state.batch` on; `chain` is quicker than autograd."""
    optimizer = plan.optimizer
    weights = [weight for group in optimizer.param_groups for weight in group["params"]]
    # Where each loss is read, the last gradients stay until then: they show why it is not finite.
    read_each = plan.reads_each
    by_step = any(part.interval == "step" for part in plan.schedule)
    metrics = running_metrics(plan, state)
    for xs, y in remaining_batches(plan, state):
        if not read_each:
            _clear_gradients(weights)
        prediction, loss = chain.forward(xs[0], y) if chain else _forward(plan, xs, y)
        output, mass = prediction.detach(), plan.loss.node.mass(y)
        losses: list[tuple[int, float]] = []
        if read_each:
            losses = [_read_loss(plan, state, loss, mass, Batch(xs, y, prediction))]
            if not chain:
                _clear_gradients(weights)
        else:
            state.unread.append(Unread(state.step + 1, loss.detach(), mass, output, y))
            if len(state.unread) >= _MOST_UNREAD:
                losses = read_losses(plan, state, Batch(xs, y, prediction))
        if chain:
            chain.backward()  # replaces the gradients
        else:
            loss.backward()  # type: ignore[no-untyped-call]
        _clip(plan, state, prediction, y)
        if isinstance(optimizer, torch.optim.LBFGS):
            _search(optimizer, LbfgsClosure(plan, state, xs, y, loss))
        else:
            optimizer.step()
        if by_step:
            advance_step(plan, state)
        state.step += 1
        state.batch += 1
        state.newest = output, y
        metrics.update(output, y)
        yield StepDone(state.step, len(y), losses)
    if state.unread:
        yield StepDone(state.step, 0, read_losses(plan, state))


def _clear_gradients(weights: Sequence[Tensor]) -> None:
    """Remove all gradients, as `Optimizer.zero_grad` does at more cost per step."""
    for weight in weights:
        weight.grad = None


def running_metrics(plan: FitPlan, state: FitState) -> RunningMetrics:
    """Return the metrics of the present epoch's batches."""
    if state.running is None:
        state.running = RunningMetrics(plan.metrics, plan.loss.node, plan.device)
    return state.running


def _forward(plan: FitPlan, xs: Sequence[Tensor], y: Tensor) -> tuple[Tensor, Tensor]:
    """Return the prediction, (batch, …), and the loss, a scalar, of a batch."""
    prediction = plan.model(*xs)
    return prediction, plan.loss.module(prediction, y)


def _clip(plan: FitPlan, state: FitState, prediction: Tensor, y: Tensor) -> None:
    """Scale all gradients so that their 2-norm is at most `plan.clip_grad_norm`.

    On a CPU, raises RunError when the norm is not finite: scaled by it, no gradient is left.
    """
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


class LbfgsClosure:
    """The closure that LBFGS calls for loss and gradients; the first call reuses the known ones."""

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


def _search(optimizer: torch.optim.LBFGS, closure: LbfgsClosure) -> None:
    optimizer.step(closure)  # type: ignore[no-untyped-call]
    optimizer.zero_grad()  # its gradients belong to a trial point, not to this step


def advance(plan: FitPlan, interval: str, values: Mapping[str, float] | None = None) -> None:
    """Step the schedulers of this interval. Raises RunError when the metric of one is missing."""
    for part in plan.schedule:
        if part.interval != interval:
            continue
        if part.monitor is None:
            _step_scheduler(part.scheduler)
        else:
            _step_scheduler(part.scheduler, _monitored(plan, part.monitor, values or {}))


def advance_step(plan: FitPlan, state: FitState) -> None:
    """Note the learning rate of the step that is done, and step the schedulers of batches."""
    state.lr = float(plan.optimizer.param_groups[0]["lr"])
    advance(plan, "step")


def _step_scheduler(scheduler: LRScheduler, *value: Any) -> None:
    try:
        scheduler.step(*value)
    except Exception as error:  # torch, or the code of a node file
        message = f"{type(scheduler).__name__} has no learning rate for another step."
        hint = "Its schedule may be shorter than the training. The log has the reason."
        raise RunError(message, hint=hint, code="scheduler") from error


def _monitored(plan: FitPlan, name: str, values: Mapping[str, float]) -> float:
    if name not in values:
        known = ", ".join(key for key in values if metric_direction(key, plan.metrics))
        raise RunError(
            f"There is no metric '{name}' to monitor.", hint=f"This run measures {known}."
        )
    return values[name]


def _read_loss(
    plan: FitPlan, state: FitState, loss: Tensor, mass: float, batch: Batch
) -> tuple[int, float]:
    """Read the loss of the step that is under way, as (step, loss per sample).

    Raises RunError when it is not finite.
    """
    step, value = state.step + 1, loss.item()
    if not math.isfinite(value):
        raise _not_finite(f"The loss is {value} at step {step}", plan, state, batch)
    return step, _add_loss(plan, state, value, mass)


def _add_loss(plan: FitPlan, state: FitState, value: float, mass: float) -> float:
    """Add the loss of a batch to that of the epoch; return it per sample."""
    state.loss_sum += plan.loss.share(value, mass)
    state.loss_mass += mass
    return value / mass if plan.loss.is_sum and mass else value


def read_losses(
    plan: FitPlan, state: FitState, batch: Batch | None = None
) -> list[tuple[int, float]]:
    """Read the unread losses back from the device, as (step, loss per sample).

    A checkpoint holds no unread loss. `batch` is the batch of the newest loss, as long as no step
    has followed it. Raises RunError at the first loss that is not finite.
    """
    unread = state.unread
    if not unread:
        return []
    values = (
        [unread[0].loss.item()]
        if len(unread) == 1
        else torch.stack([each.loss for each in unread]).tolist()
    )
    losses = []
    for each, value in zip(unread, values, strict=True):
        step = each.step
        if not math.isfinite(value):
            earlier = (each.prediction, each.target) if step <= state.step else None
            raise _not_finite(f"The loss is {value} at step {step}", plan, state, batch, earlier)
        losses.append((step, _add_loss(plan, state, value, each.mass)))
    unread.clear()
    return losses


def _not_finite(
    what: str,
    plan: FitPlan,
    state: FitState,
    batch: Batch | None,
    earlier: tuple[Tensor, Tensor] | None = None,
) -> RunError:
    """Return the error for a loss or weights that are not finite; its message begins with `what`.

    `earlier` are prediction and target of a step whose loss was read late: the weights have
    changed since.
    """
    lr = [group["lr"] for group in plan.optimizer.param_groups if not math.isfinite(group["lr"])]
    if lr:
        return NotFiniteError(
            f"{what}: the learning rate is {float(lr[0])}.", hint="Check the scheduler."
        )
    if earlier is not None:
        return bad_loss_read_late(what, plan.loss, *earlier)
    if not all(p.isfinite().all() for p in plan.model.parameters()):
        return bad_weights(what, plan.model, plan.loss, state.step, state.newest)
    return bad_loss(what, plan.model, plan.loss, batch) if batch else NotFiniteError(f"{what}.")


def _bad_weights(plan: FitPlan, state: FitState) -> RunError:
    """Return the error for weights that broke in the last steps, which no loss shows yet."""
    if statistic := first_bad(statistics(plan.model)):
        return NotFiniteError(
            f"'{statistic}' is not finite after step {state.step}.", place=owner(statistic)
        )
    return _not_finite(f"The weights are not finite after step {state.step}", plan, state, None)


def _measure(plan: FitPlan, state: FitState) -> dict[str, float]:
    """Return the values of the epoch that has just ended."""
    loss = state.loss_sum / state.loss_mass if state.loss_mass else math.nan
    values = with_part("train", {LOSS: loss, **running_metrics(plan, state).compute()})
    if plan.val is not None:
        where = f"validation loss is {{}} after step {state.step}"
        measured = evaluate(
            plan.model, plan.loss, *plan.val, plan.metrics, where, plan.rows_per_pass
        )
        values |= with_part("val", measured)
    lr, state.lr = state.lr, None
    return {
        **values,
        LEARNING_RATE: float(plan.optimizer.param_groups[0]["lr"] if lr is None else lr),
    }


def _compare(plan: FitPlan, state: FitState, values: dict[str, float]) -> None:
    """Compare this epoch with the best so far by the monitored metric, and update `state`."""
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
