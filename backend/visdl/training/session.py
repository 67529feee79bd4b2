"""One training inside a run, from its preparation to its result.

Drives `fit`, follows the controller's commands between two steps, writes checkpoints and reports.
"""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from visdl.models.events import CheckpointEvent
from visdl.models.runs import RunState
from visdl.nodes.contract.estimates import estimate
from visdl.nodes.contract.metrics.names import metric_directions
from visdl.nodes.contract.runtime_values import TrainingResult
from visdl.training.batches import batch_sizes
from visdl.training.checkpoint import CheckpointFolder, Reason
from visdl.training.control import Command, TrainingController
from visdl.training.convergence import not_converged
from visdl.training.loop import fit, keep_weights, read_losses
from visdl.training.plan import EpochDone, FitState, StepDone, TrainEvent
from visdl.training.preparation import Prepared
from visdl.training.reporter import Reporter
from visdl.training.snapshot import differences, restore, snapshot

_CHECKPOINT_SECONDS = 1.0  # epochs that take less share a checkpoint
_MOST_SHARERS = 10  # the interval between checkpoints grows with a seed batch up to this size


class CpuTurns:
    """Offers the core to other threads, the server's above all, between two steps of a training.

    Without that they may wait for the next tick of the clock, 4 ms; the p99 of a GET beside four
    runs on two cores was three times as long. After each step of 0.2 ms it would slow the
    training down to a third beside other processes.
    """

    _SECONDS = 0.001

    def __init__(self) -> None:
        self._yield: Callable[[], None] = getattr(os, "sched_yield", lambda: None)
        self._yielded_at = time.monotonic()

    def offer(self) -> None:
        """Offer the core, if the last offer is long enough ago."""
        now = time.monotonic()
        if now - self._yielded_at >= self._SECONDS:
            self._yield()
            self._yielded_at = time.monotonic()


class TrainingSuspended(Exception):  # noqa: N818
    """A checkpoint is written and the process is to end. Not an error of the run."""


class NotBatched(TrainingSuspended):
    """Training in the seed batch would not be faster: the run needs a process of its own."""


def _do_nothing() -> None:
    """Stand in for `before_save` of a training on its own."""


@dataclass
class TrainingSession:
    """Drives one training to its end, to a stop, or until its process has to end.

    Attributes:
        prepared: The plan, and the encoding of its data.
        controller: Where commands arrive.
        reporter: Where progress, values and log lines go.
        folder: The run's folder; checkpoints are written to `checkpoints/` in it.
        on_state: Called with RUNNING and PAUSED when the training changes to them.
        run_id: Names the run in checkpoints, to recognise one of a parent.
        provenance: JSON that is stored in each checkpoint.
        stored: By metric key, the step up to which the server has stored its points.
        speedup: Of the seed batch, as measured when it began; None where not measured yet.
    """

    prepared: Prepared
    controller: TrainingController
    reporter: Reporter
    folder: Path
    on_state: Callable[[RunState], None]
    run_id: str = ""
    provenance: str = "{}"
    stored: Mapping[str, int] = field(default_factory=dict)
    speedup: float | None = None

    def __post_init__(self) -> None:
        self._checkpoints = CheckpointFolder(self.folder / "checkpoints")
        self._saved_at = time.monotonic()
        self.sharers = 1  # runs in its seed batch: together they save as often as one run alone
        self.before_save = _do_nothing  # brings plan and state to the present step
        self._saved_step: int | None = None  # the step that the newest checkpoint holds

    def train_to_end(self) -> TrainingResult:
        """Train, from the newest checkpoint if there is one. Raises RunError, TrainingSuspended."""
        state = self.restore_state()
        self.on_state(RunState.RUNNING)
        return self.finish(state, stopped=self.train(state))

    def train(self, state: FitState) -> bool:
        """Train from this state on; return True when it was stopped before its end."""
        try:
            if self.apply_command(state):  # a stop of a paused run that had no process
                return True
            turns = CpuTurns()
            for event in fit(self.prepared.plan, state):
                self.record_event(event, state)
                turns.offer()
                if self.apply_command(state):
                    return True
        finally:
            self.reporter.flush()
        return False

    def record_event(self, event: TrainEvent, state: FitState) -> None:
        """Report a step or an epoch, and write a checkpoint when one is due."""
        if isinstance(event, StepDone):
            self.reporter.step(event.step, event.rows, event.losses)
        else:
            self._epoch_done(event, state)

    def finish(self, state: FitState, *, stopped: bool) -> TrainingResult:
        """Return the result of a training that has reached its end, or was stopped."""
        if not stopped and state.epoch:
            self.save_checkpoint(state, "epoch")
            for line in self._not_converged(state):
                self.reporter.log(line, "warning")
        keep_weights(self.prepared.plan, state)
        result = self._result(state, stopped)
        best = result.best_epoch if result.kept == "best" else None
        if best is not None and best != state.epoch:
            self.reporter.keep_epoch(best, result.kept_values())
            message = f"The run's values are those of epoch {best}, the best one."
            self.reporter.log(f"{message} Its weights are kept.")
        return result

    def _not_converged(self, state: FitState) -> list[str]:
        return estimate(
            lambda: list(not_converged(state.history, ended_early=state.patience_ended)),
            [],
            lambda line: self.reporter.log(line, "warning"),
            "It is not known whether the training has converged",
        )

    def restore_state(self) -> FitState:
        """Return the state of the newest valid checkpoint, or that of the beginning."""
        plan, progress = self.prepared.plan, self.reporter.progress
        damaged: list[str] = []
        newest = self._checkpoints.newest(damaged.append)
        for sentence in damaged:
            self.reporter.log(sentence, "warning")
        if damaged and newest is None:
            message = "No valid checkpoint was found; training restarts from the beginning."
            self.reporter.log(message, "warning")
        extends = newest is not None and newest[1].get("run", self.run_id) != self.run_id
        state = restore(newest[1], plan, extends=extends) if newest else FitState()
        progress.epochs = plan.epochs
        progress.steps = plan.epochs * len(batch_sizes(plan))
        progress.epoch, progress.step = state.epoch, state.step
        if newest is None:
            self.reporter.flush()
            return state
        self._saved_step = state.step
        self.reporter.log(f"Continuing from the checkpoint at step {state.step}.")
        self.reporter.restore(newest[1].get("reporter", {}), self.stored)
        self._warn_missing(state)
        if extends:  # the checkpoint of its parent
            state.patience_ended, state.patience_from = False, state.epoch
            if any(part.is_tied for part in plan.schedule):
                message = f"The learning-rate schedule is stretched to {plan.epochs:,} epochs."
                self.reporter.log(message)
        if different := differences(newest[1], plan):
            what = "; ".join(different)
            message = f"From here on, values may differ in the last digits: {what}."
            self.reporter.log(message, "warning")
        return state

    def _warn_missing(self, state: FitState) -> None:
        """Log the metrics of node files whose state of this epoch no checkpoint can hold."""
        for name in state.running.missing if state.running is not None else ():
            message = f"'train_{name}' has no value for epoch {state.epoch + 1}, in which training"
            why = "continues: its node keeps values that a checkpoint cannot hold."
            remedy = "Keep tensors and numbers, or define state_dict and load_state_dict."
            self.reporter.log(f"{message} {why} {remedy}", "warning")

    def _epoch_done(self, event: EpochDone, state: FitState) -> None:
        plan, progress = self.prepared.plan, self.reporter.progress
        progress.epoch = event.epoch
        if state.patience_ended:
            progress.epochs, progress.steps = event.epoch, state.step
            self.reporter.log(
                f"{plan.monitor} has not improved for {plan.patience} epochs: training ends early."
            )
        self._warn_not_finite(event, state)
        self.reporter.values(event.values, metric_directions(event.values, plan.metrics))
        every = _CHECKPOINT_SECONDS * min(self.sharers, _MOST_SHARERS)
        if time.monotonic() - self._saved_at >= every and event.epoch < plan.epochs:
            self.save_checkpoint(state, "epoch")

    def _warn_not_finite(self, event: EpochDone, state: FitState) -> None:
        """Log the first time that a metric is not finite."""
        for key, value in event.values.items():
            if not math.isfinite(value) and all(map(math.isfinite, state.history[key][:-1])):
                message = f"'{key}' is {value} after epoch {event.epoch}."
                rest = "The value is recorded as missing; training continues."
                self.reporter.log(f"{message} {rest}", "warning")

    def apply_command(self, state: FitState) -> bool:
        """Apply the controller's command; return True when the training is to stop.

        Blocks during a pause. Raises TrainingSuspended when the process is to end.
        """
        command = self.controller.command
        if command is Command.RESUME:
            return False
        self.reporter.step(state.step, 0, read_losses(self.prepared.plan, state))
        self.reporter.suspend()
        if command is Command.PAUSE:
            self.save_checkpoint(state, "pause")
            self.on_state(RunState.PAUSED)
            command = self._wait_while_paused(state)
            if command is Command.RESUME:
                self.on_state(RunState.RUNNING)
                return False
        if command is Command.SHUTDOWN:
            self.save_checkpoint(state, "interrupted")
            raise TrainingSuspended
        self.save_checkpoint(state, "stop")
        return True

    def _wait_while_paused(self, state: FitState) -> Command:
        """Wait until a pause ends, and return the command that ended it.

        Raises TrainingSuspended on EVICT, but only when a checkpoint holds everything.
        """
        while (command := self.controller.wait_while_paused()) is Command.EVICT:
            if self._saved_step != state.step:
                self.save_checkpoint(state, "pause")
            if self._saved_step == state.step:
                raise TrainingSuspended
            self.controller.request(Command.PAUSE)
        return command

    def save_checkpoint(self, state: FitState, reason: Reason) -> None:
        """Write a checkpoint. When the disk refuses, log that and continue training."""
        self._saved_at = time.monotonic()
        self.before_save()
        payload = snapshot(self.prepared.plan, state)
        payload |= {
            "reporter": self.reporter.state(),
            "run": self.run_id,
            "provenance": self.provenance,
        }
        is_best = state.epoch == state.best_epoch and state.batch == 0
        try:
            saved = self._checkpoints.save(
                payload, epoch=state.epoch, step=state.step, reason=reason, is_best=is_best
            )
        except OSError as error:
            self.reporter.log(
                f"The checkpoint could not be saved: {error.strerror or error}.", "error"
            )
            return
        self._saved_step = state.step
        self.reporter.event(
            CheckpointEvent(name=saved.file, epoch=saved.epoch, step=saved.step, reason=reason)
        )

    def _result(self, state: FitState, stopped: bool) -> TrainingResult:
        plan = self.prepared.plan
        return TrainingResult(
            model=plan.model,
            loss=plan.loss,
            encoding=self.prepared.encoding,
            device=next(plan.model.parameters()).device,
            folder=self.folder / "artifacts",
            metrics=plan.metrics,
            history=state.history,
            epochs=state.epoch,
            best_epoch=state.best_epoch,
            kept="best" if plan.keep == "best" and state.best_weights is not None else "last",
            stopped=stopped,
            provenance=self.provenance,
        )
