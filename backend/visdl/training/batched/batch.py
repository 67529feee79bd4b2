"""Trainings that differ only in their seed, as a batch: one step trains all of them.

The weights of each model are views of the batch, so anything that reads a model between two steps
sees its own. Each member keeps its own order of the data, initial weights and dropout masks, and
computes bit-for-bit what it computes alone (`batched.layers`). It is faster because the optimizer
and what works element by element are called once for all. It knows no thread, socket or database.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from visdl.datasets.split import CHUNK_BYTES
from visdl.models.errors import RunError
from visdl.nodes.contract.nan_trace import watched
from visdl.training.batched.flat import FlatWeights
from visdl.training.batched.layers import Losses, Values, stages_of
from visdl.training.batches import remaining_batches
from visdl.training.loop import advance_step, end_epoch, running_metrics
from visdl.training.plan import FitPlan, FitState, StepDone, TrainEvent

_REPORT_SECONDS = 0.002  # quick steps are reported together, at this interval

#: An event for each member: of some steps, or of the end of an epoch.
Events = Sequence[TrainEvent | RunError | None]


def fit_batched(
    plans: Sequence[FitPlan], states: Sequence[FitState], batch: SeedBatch
) -> Iterator[Events]:
    """Train all members as `fit` trains one; yield their events together.

    All states are at the same position, and `batch` was made from `plans`. In place of an event,
    None means that the member's loss was not finite: its weights and state are those before the
    step. A RunError means that the end of the epoch has ended its training, as `fit` would raise
    it. The events of the others are valid; the caller continues without such members.
    """
    values_to_watch = [watched(plan.model) for plan in plans]
    while states[0].epoch < plans[0].epochs:
        for plan in plans:
            plan.model.train()
        yield from batch.train_epoch(states)
        yield [_end_epoch(*member) for member in zip(plans, states, values_to_watch, strict=True)]


def _end_epoch(
    plan: FitPlan, state: FitState, values_to_watch: Sequence[Tensor]
) -> TrainEvent | RunError:
    try:
        return end_epoch(plan, state, values_to_watch)
    except RunError as error:
        return error


@dataclass(frozen=True, slots=True)
class _Step:
    """A step of all members: their losses and targets, (batch, …) each."""

    values: list[float]
    targets: Sequence[Tensor]

    @property
    def bad(self) -> list[int]:
        """The numbers of the members whose loss is not finite."""
        if math.isfinite(sum(self.values)):
            return []
        return [number for number, value in enumerate(self.values) if not math.isfinite(value)]


class SeedBatch:
    """Several trainings in one, until `split` separates them."""

    def __init__(self, plans: Sequence[FitPlan]) -> None:
        self._plans = list(plans)
        self._weights = FlatWeights(plans)
        self._stages = stages_of([plan.model for plan in plans], self._weights)
        self._losses = Losses(plans)
        #: predictions and targets of batches, (batch, …) for each member
        self._waiting: list[tuple[Sequence[Tensor], Sequence[Tensor]]] = []
        self._rows = self._values = 0  # of a member, that wait
        self._states: Sequence[FitState] = ()
        for plan in plans:  # otherwise their schedulers warn that they step first
            plan.optimizer._opt_called = True  # type: ignore[attr-defined]

    def train_epoch(self, states: Sequence[FitState]) -> Iterator[Events]:
        """Yield the remaining steps of the present epoch; all states are at the same position.

        Quick steps are reported together: the work per member then costs less than the step.
        """
        self._states = states
        done: list[_Step] = []
        reported = time.perf_counter()
        for xs, targets in self._batches(states):
            prediction, values, gradient = self._forward(xs, targets)
            step = _Step(values, targets)
            if step.bad and done:
                yield self._record_steps(done)
                done = []
            self._optimizer_step(gradient, step.bad)
            self._add_batch(prediction.parts, targets)
            done.append(step)
            if step.bad or time.perf_counter() - reported >= _REPORT_SECONDS:
                yield self._record_steps(done)
                done, reported = [], time.perf_counter()
        if done:
            yield self._record_steps(done)
        self._hand_out_waiting()

    @torch.no_grad()
    def _forward(
        self, xs: Sequence[Values], targets: Sequence[Tensor]
    ) -> tuple[Values, list[float], Values]:
        """Return predictions, losses, and the gradients of the predictions."""
        values = xs
        for stage in self._stages:
            values = [stage.forward(values)]
        return values[0], *self._losses.compute(values[0], targets)

    @torch.no_grad()
    def _optimizer_step(self, gradient: Values, bad: Sequence[int]) -> None:
        """Step the optimizer for all members except the `bad` ones."""
        before = [self._weights.copy_of(number) for number in bad]
        self._weights.clear_gradients()
        found: Values | None = gradient
        for stage in reversed(self._stages):
            if found is not None:
                found = stage.backward(found)
        self._weights.step()
        for number, weights in zip(bad, before, strict=True):
            self._weights.put_back(number, weights)
        if any(part.interval == "step" for part in self._plans[0].schedule):
            for number, each in enumerate(self._plans):
                if number not in bad:
                    advance_step(each, self._states[number])

    def _record_steps(self, steps: Sequence[_Step]) -> Events:
        """Update each state by these steps, and return their events. A bad step comes alone."""
        loss, bad = self._plans[0].loss, steps[-1].bad
        rows = sum(len(step.targets[0]) for step in steps)
        events: list[TrainEvent | None] = []
        for number, state in enumerate(self._states):
            if number in bad:
                events.append(None)
                continue
            losses = []
            for step in steps:
                value, mass = step.values[number], loss.node.mass(step.targets[number])
                state.step += 1
                state.loss_sum += loss.share(value, mass)
                state.loss_mass += mass
                losses.append((state.step, value / mass if loss.is_sum and mass else value))
            state.batch += len(steps)
            events.append(StepDone(state.step, rows, losses))
        return events

    def _batches(
        self, states: Sequence[FitState]
    ) -> Iterator[tuple[Sequence[Values], Sequence[Tensor]]]:
        """Yield arguments and targets of all members; each has the batches of its own training."""
        chunk_bytes = CHUNK_BYTES // len(self._plans)
        members = [
            remaining_batches(plan, state, chunk_bytes)
            for plan, state in zip(self._plans, states, strict=True)
        ]
        for batches in zip(*members, strict=True):
            arguments, targets = zip(*batches, strict=True)
            yield [Values(parts) for parts in zip(*arguments, strict=True)], targets

    def sync_members(self) -> None:
        """Bring each member's optimizer and state to the present step, for a checkpoint."""
        self._hand_out_waiting()
        self._weights.sync_optimizers(max((state.step for state in self._states), default=0))

    def _add_batch(self, predictions: Sequence[Tensor], targets: Sequence[Tensor]) -> None:
        """Keep a batch of all members, until as many wait as a single training measures at once."""
        self._waiting.append((predictions, targets))
        self._rows += len(predictions[0])
        self._values += predictions[0].numel()
        metrics = running_metrics(self._plans[0], self._states[0])
        if metrics.fills(self._rows, self._values):
            self._hand_out_waiting()

    def _hand_out_waiting(self) -> None:
        """Add what waits to the metrics of each member, joined: that is cheaper to measure."""
        if not self._waiting:
            return
        for number, (plan, state) in enumerate(zip(self._plans, self._states, strict=True)):
            predictions, targets = (
                torch.cat([parts[number] for parts in column])
                for column in zip(*self._waiting, strict=True)
            )
            running_metrics(plan, state).update(predictions, targets)
            state.newest = self._waiting[-1][0][number], self._waiting[-1][1][number]
        self._waiting, self._rows, self._values = [], 0, 0

    def split(self) -> None:
        """Give each member weights and optimizer state of its own again."""
        self.sync_members()
        self._weights.split()
