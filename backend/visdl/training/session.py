"""One training inside a run: from the values on a TrainingLoop's ports to its result.

Drives `fit`, obeys the controller between two steps, writes checkpoints and tells the reporter.
"""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.data import Subset, TensorDataset
from torch.utils.flop_counter import FlopCounterMode

from visdl.datasets.dataset import Dataset
from visdl.datasets.encoding import Argument, Encoding, Values
from visdl.datasets.split import Loader
from visdl.models.errors import RunError
from visdl.models.events import CheckpointEvent
from visdl.models.runs import RunState
from visdl.nodes.contract.evaluation import predict
from visdl.nodes.contract.learning import Loss, Schedule
from visdl.nodes.contract.metric_names import (
    metric_direction,
    metric_directions,
    usual_metrics,
)
from visdl.nodes.contract.registry import Registry
from visdl.nodes.contract.runtime_values import TrainingResult
from visdl.nodes.contract.specs import BATCH, Shape
from visdl.training.checkpoint import CheckpointFolder, Reason
from visdl.training.control import TrainingController, Wish
from visdl.training.loop import (
    EpochDone,
    FitPlan,
    FitState,
    Scheduled,
    StepDone,
    TrainEvent,
    batch_sizes,
    fit,
    keep_weights,
    read_losses,
)
from visdl.training.reporter import Reporter
from visdl.training.snapshot import differences, restore, snapshot

#: Between two steps the core is offered to whoever waits for it: the server, above all. Without this it may wait
#: for the next tick of the clock, 4 ms, and the p99 of a GET beside four runs on two cores was three times as long.
let_others_run: Callable[[], None] = getattr(os, "sched_yield", lambda: None)
_SMALL_STEP = 4e6  # FLOPs of a forward pass
_CHECKPOINT_SECONDS = 1.0  # epochs that take less share a checkpoint
_MOST_SHARERS = 10  # more runs that train as one wait no longer for their checkpoints


class Leave(Exception):  # noqa: N818
    """The server is gone: the checkpoint is written and the process ends. Not an error of the run."""


class Unstacked(Leave):
    """The run was to train as one with others, which is not faster: it is to have a process of its own."""


@dataclass
class Prepared:
    """A training ready to start."""

    plan: FitPlan
    encoding: Encoding


def prepare(
    args: dict[str, Any], arguments: Sequence[Argument], seed: int, registry: Registry
) -> Prepared:
    """The plan for the values on a training loop's ports.

    Raises InvalidInputError for data that cannot be trained on, RunError when prediction and target do not fit.
    """
    model, loss, train = args["model"], args["loss_fn"], _loader(args["train_loader"])
    device = next(model.parameters()).device
    encoding = Encoding.fit(train, loss.target, arguments)
    xs = _put(encoding.encode_inputs(train.dataset), device)
    _fit_target(model, loss, encoding, xs)
    (y,) = _put([encoding.encode_targets(train.dataset)], device)
    loss.module.to(device)
    schedule = Schedule.of(args["optimizer"])
    plan = FitPlan(
        model=model,
        loss=loss,
        optimizer=schedule.optimizer,
        train=Subset(TensorDataset(*xs, y), train.rows),  # type: ignore[arg-type]  # an array is a sequence of indices
        val=_validation(args.get("val_loader"), train, encoding, (xs, y)),
        batch_size=train.batch_size,
        epochs=args["epochs"],
        seed=seed,
        shuffle=train.shuffle,
        metrics=[*usual_metrics(loss.node, registry), *args["metrics"]],
        keep=args["keep"],
        monitor=args["monitor"],
        patience=args["patience"],
        clip_grad_norm=args["clip_grad_norm"],
    )
    plan = replace(plan, schedule=list(_scheduled(schedule, plan)))
    return Prepared(plan, encoding)


def _scheduled(schedule: Schedule, plan: FitPlan) -> Iterator[Scheduled]:
    """The schedulers of the plan's optimizer, made for the length of its training. Raises RunError."""
    steps = {"epoch": plan.epochs, "step": plan.epochs * len(batch_sizes(plan))}
    for node in schedule.nodes:
        if node.monitored:
            node.maximize = metric_direction(node.monitored, plan.metrics) == "maximize"
        yield Scheduled(
            node.build(schedule.optimizer, steps[node.interval]), node.interval, node.monitored
        )


def _loader(data: Loader | Dataset) -> Loader:
    return data if isinstance(data, Loader) else Loader(data, shuffle=True)


def _put(values: Sequence[Values], device: torch.device) -> tuple[Tensor, ...]:
    return tuple(torch.from_numpy(value).to(device) for value in values)


def _validation(
    data: Loader | Dataset | None,
    train: Loader,
    encoding: Encoding,
    shared: tuple[tuple[Tensor, ...], Tensor],
) -> tuple[tuple[Tensor, ...], Tensor] | None:
    """Validation rows: taken from the tensors of the training data where both are parts of one dataset."""
    if data is None or (isinstance(data, Loader) and len(data) == 0):
        return None
    loader = _loader(data)
    xs, y = shared
    if loader.dataset is not train.dataset:
        inputs, targets = encoding.encode(loader.dataset)
        xs, (y,) = _put(inputs, y.device), _put([targets], y.device)
    rows = torch.as_tensor(loader.rows).to(y.device)
    return tuple(x[rows] for x in xs), y[rows]


def _fit_target(model: nn.Module, loss: Loss, encoding: Encoding, xs: Sequence[Tensor]) -> None:
    """Try one batch, and give the target the shape of the output.

    Raises RunError where they do not fit, so that nothing is ever broadcast in silence.
    """
    prediction = predict(model, [x[:2] for x in xs])
    shape = Shape((BATCH, *prediction.shape[1:]), prediction.dtype)
    classes = len(encoding.classes) if encoding.classes is not None else None
    complaint = loss.node.mismatch(shape, None, len(encoding.targets))
    if complaint is None and classes is not None and prediction.shape[1] < classes:
        complaint = loss.node.mismatch(shape, classes, len(encoding.targets))
    if complaint:
        raise RunError(f"{complaint}.", hint="Change the model's last layer.", code="output_shape")
    encoding.target_shape = list(prediction.shape[1:] if classes is None else prediction.shape[2:])


def useful_threads(plan: FitPlan, limit: int) -> int:
    """How many threads this training gains from: one for a small step.

    Below some 4 MFLOP in the forward pass a second thread gained nothing, and where the cores were busy with
    other work each step waited up to 100 ms for it.
    """
    *xs, _ = plan.train.dataset.tensors  # type: ignore[attr-defined]
    with FlopCounterMode(display=False) as counter:
        predict(plan.model, [x[:2] for x in xs])
    return limit if counter.get_total_flops() / 2 * plan.batch_size > _SMALL_STEP else 1


@dataclass
class TrainingRun:
    """Drives one training to its end, a stop, or the server's death."""

    prepared: Prepared
    controller: TrainingController
    reporter: Reporter
    folder: Path
    on_state: Callable[[RunState], None]
    run_id: str = ""
    provenance: str = "{}"  # JSON
    stored: Mapping[str, int] = field(
        default_factory=dict
    )  # up to which step the server has each metric
    speedup: float | None = None  # of its stack, as it was measured when that began

    def __post_init__(self) -> None:
        self._checkpoints = CheckpointFolder(self.folder / "checkpoints")
        self._saved_at = time.monotonic()
        self.sharers = 1  # runs that train as one with this one, itself counted: all save as often as one would alone
        self.before_save: Callable[[], None] = lambda: (
            None
        )  # brings the plan to where the training is
        self._saved_step: int | None = None  # which step the newest checkpoint holds

    def run(self) -> TrainingResult:
        """Train. Goes on from the newest checkpoint where the run has one. Raises RunError, or Leave."""
        state = self.start()
        self.on_state(RunState.RUNNING)
        return self.finish(state, stopped=self.train(state))

    def train(self, state: FitState) -> bool:
        """Train from this state on; True when it was stopped before its end."""
        try:
            if self.obey(state):  # a stop of a run that had given its process back
                return True
            for event in fit(self.prepared.plan, state):
                self.take(event, state)
                let_others_run()
                if self.obey(state):
                    return True
        finally:
            self.reporter.flush()
        return False

    def take(self, event: TrainEvent, state: FitState) -> None:
        """Tell of a step or an epoch, and save what is worth it."""
        if isinstance(event, StepDone):
            self.reporter.step(event.step, event.rows, event.losses)
        else:
            self._epoch_done(event, state)

    def finish(self, state: FitState, *, stopped: bool) -> TrainingResult:
        """The result of a training that has come to its end, or was stopped."""
        if not stopped and state.epoch:
            self.save(state, "epoch")
        keep_weights(self.prepared.plan, state)
        return self._result(state, stopped)

    def start(self) -> FitState:
        """Where the training goes on from: its newest checkpoint, or the beginning."""
        plan, progress = self.prepared.plan, self.reporter.progress
        damaged: list[str] = []
        newest = self._checkpoints.newest(damaged.append)
        for sentence in damaged:
            self.reporter.log(sentence, "warning")
        if damaged and newest is None:
            self.reporter.log("No checkpoint is whole: the training begins anew.", "warning")
        state = restore(newest[1], plan) if newest else FitState()
        progress.epochs = plan.epochs
        progress.steps = plan.epochs * len(batch_sizes(plan))
        progress.epoch, progress.step = state.epoch, state.step
        if newest is None:
            self.reporter.flush()
            return state
        self._saved_step = state.step
        self.reporter.restore(newest[1].get("reporter", {}), self.stored)
        if (
            newest[1].get("run", self.run_id) != self.run_id
        ):  # that of a run which this one goes on from
            state.patience_ended, state.patience_from = False, state.epoch
        self.reporter.log(f"Going on from the checkpoint at step {state.step}.")
        different = differences(newest[1], plan)
        if different:
            what = "; ".join(different)
            self.reporter.log(
                f"From here on the numbers may differ in the last digits: {what}.", "warning"
            )
        return state

    def _epoch_done(self, event: EpochDone, state: FitState) -> None:
        plan, progress = self.prepared.plan, self.reporter.progress
        progress.epoch = event.epoch
        if state.patience_ended:
            progress.epochs, progress.steps = event.epoch, state.step
            self.reporter.log(
                f"{plan.monitor} was not better for {plan.patience} epochs: training ends early."
            )
        self._say_missing(event, state)
        self.reporter.values(event.values, metric_directions(event.values, plan.metrics))
        every = _CHECKPOINT_SECONDS * min(self.sharers, _MOST_SHARERS)
        if time.monotonic() - self._saved_at >= every and event.epoch < plan.epochs:
            self.save(state, "epoch")

    def _say_missing(self, event: EpochDone, state: FitState) -> None:
        """Say of a metric, once, that it is no number."""
        for key, value in event.values.items():
            if not math.isfinite(value) and all(map(math.isfinite, state.history[key][:-1])):
                message = f"'{key}' is {value} after epoch {event.epoch}."
                rest = "It is left empty where it is no number, and the run goes on."
                self.reporter.log(f"{message} {rest}", "warning")

    def obey(self, state: FitState) -> bool:
        """Do as the controller wishes; True when the training is to stop. Raises Leave when its process is to end."""
        wish = self.controller.wish
        if wish is Wish.RUN:
            return False
        self.reporter.step(state.step, 0, read_losses(self.prepared.plan, state))
        self.reporter.rest()
        if wish is Wish.PAUSE:
            self.save(state, "pause")
            self.on_state(RunState.PAUSED)
            wish = self._wait(state)
            if wish is Wish.RUN:
                self.on_state(RunState.RUNNING)
                return False
        if wish is Wish.LEAVE:
            self.save(state, "interrupted")
            raise Leave
        self.save(state, "stop")
        return True

    def _wait(self, state: FitState) -> Wish:
        """Wait until a pause ends. The process is given back only when a checkpoint holds all there is."""
        while (wish := self.controller.wait_while_paused()) is Wish.RELEASE:
            if self._saved_step != state.step:
                self.save(state, "pause")
            if self._saved_step == state.step:
                raise Leave
            self.controller.pause()
        return wish

    def save(self, state: FitState, reason: Reason) -> None:
        """Write a checkpoint. A disk that refuses is said, and the training goes on."""
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
