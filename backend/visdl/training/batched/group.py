"""Several runs in one process, whose trainings become a seed batch when that is faster.

Each run has a thread of its own, and only one of them runs at a time: up to its training, where it
waits for the others, and again after it. What runs do to the process, above all to its random
state, therefore happens one run after the other.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import torch

from visdl.models.errors import RunError
from visdl.models.runs import WORTH_BATCHING, RunState
from visdl.nodes.contract.estimates import estimate
from visdl.nodes.contract.runtime_values import TrainingResult
from visdl.training.batched.batch import Events, SeedBatch, fit_batched
from visdl.training.batched.eligibility import why_not_batched
from visdl.training.batched.speedup import measure_speedup
from visdl.training.control import Command
from visdl.training.plan import FitPlan, FitState
from visdl.training.session import CpuTurns, NotBatched, TrainingSession


class _Member:
    """A run at its training: where that is, and how it ended."""

    def __init__(self, training: TrainingSession) -> None:
        self.training = training
        self.state = FitState()
        self._random = _random_state()
        self.threads = torch.get_num_threads()
        self.stopped = False
        self.error: BaseException | None = None
        self.ended = threading.Event()

    @property
    def position(self) -> tuple[int, int, int]:
        """Epochs, batches and steps finished."""
        return self.state.epoch, self.state.batch, self.state.step

    def restore_state(self) -> None:
        """Restore the newest checkpoint, under the random state that the run came with."""
        try:
            _set_random_state(self._random)
            self.state = self.training.restore_state()
            self._random = _random_state()
        except BaseException as error:  # any error ends this run alone
            self.end(error=error)

    def train_alone(self) -> None:
        """Train to the end without the others."""
        try:
            _set_random_state(self._random)
            self.end(stopped=self.training.train(self.state))
        except BaseException as error:  # also
            self.end(error=error)

    def apply_command(self) -> None:
        """Apply the command of its controller; blocks during a pause."""
        try:
            if self.training.apply_command(self.state):
                self.end(stopped=True)
        except BaseException as error:  # also: above all TrainingSuspended
            self.end(error=error)

    def end(self, *, stopped: bool = False, error: BaseException | None = None) -> None:
        """Let the thread of the run continue, with this outcome of its training."""
        self.stopped, self.error = stopped, error
        self.ended.set()


class SeedGroup:
    """Where the runs of a process meet for their training.

    `on_measured` is called with the speed-up as a seed batch: 0 when they cannot be batched, None
    when they no longer can, because they continue from different steps.
    """

    def __init__(self, on_measured: Callable[[float | None], None]) -> None:
        self._on_measured = on_measured
        self._baton = threading.Lock()
        self._changed = threading.Condition()
        self._own = threading.local()
        self._underway = 0  # runs that have not reached their training yet
        self._members: list[_Member] = []

    def run_tasks(self, tasks: Sequence[Callable[[], None]]) -> None:
        """Run all tasks, and return when the last has ended.

        Each task calls `train`, or ends before it would.
        """
        self._underway = len(tasks)
        threads = [
            threading.Thread(target=self._run_task, args=(task,), name=f"run {i}")
            for i, task in enumerate(tasks)
        ]
        for thread in threads:
            thread.start()
        with self._changed:
            self._changed.wait_for(lambda: self._underway == 0)
        train_members(self._members, self._on_measured)
        for thread in threads:
            thread.join()

    def train(self, training: TrainingSession) -> TrainingResult:
        """Train a run with the others; called by its task. Raises what its training raises."""
        member = _Member(training)
        self._arrive(member)
        self._baton.release()
        member.ended.wait()
        self._baton.acquire()
        if member.error is not None:
            raise member.error
        return training.finish(member.state, stopped=member.stopped)

    def _run_task(self, task: Callable[[], None]) -> None:
        with self._baton:
            try:
                task()
            finally:
                if not getattr(self._own, "arrived", False):
                    self._arrive(None)

    def _arrive(self, member: _Member | None) -> None:
        self._own.arrived = True
        with self._changed:
            if member is not None:
                self._members.append(member)
            self._underway -= 1
            self._changed.notify_all()


def train_members(members: Sequence[_Member], on_measured: Callable[[float | None], None]) -> None:
    """Train all members as a seed batch when a short measurement finds that faster.

    Otherwise train the first, and end the others with NotBatched.
    """
    for member in members:
        member.restore_state()
    live = [member for member in members if not member.ended.is_set()]
    if not live:
        return
    torch.set_num_threads(live[0].threads)  # each thread has a number of its own
    plans = [member.training.prepared.plan for member in live]
    reason, speedup = estimate(
        lambda: _speedup(plans, live[0].training.speedup),
        ("their speed is not known", 0.0),
        lambda line: live[0].training.reporter.log(line, "warning"),
        "These seeds are trained separately",
    )
    apart = len({member.position for member in live}) > 1
    if apart:
        reason, speedup = "they continue from different steps", 0.0
    on_measured(None if apart else speedup)
    if speedup <= WORTH_BATCHING:
        why = reason or f"batching these seeds would be only {speedup:.1f} times as fast"
        live[0].training.reporter.log(f"Trained separately: {why}.")
        for other in live[1:]:
            other.end(error=NotBatched())
        live = live[:1]
    for member in live:
        if len(live) > 1:
            member.training.reporter.log(
                f"Trained as a batch of {len(live)} seeds: {speedup:.1f} times as fast."
            )
        member.training.on_state(RunState.RUNNING)
    while len(live) > 1:
        live = _train_batched(live)
    for member in live:
        member.train_alone()


def _speedup(plans: Sequence[FitPlan], known: float | None) -> tuple[str | None, float]:
    """Return why the trainings cannot be a seed batch, or None, and how many times faster it is.

    It is measured once, and `known` when the runs are resumed.
    """
    reason = why_not_batched(plans)
    return reason, 0.0 if reason else known or measure_speedup(plans)


def _random_state() -> tuple[torch.Tensor, list[torch.Tensor]]:
    has_cuda = torch.cuda.is_initialized()  # type: ignore[no-untyped-call]
    return torch.get_rng_state(), torch.cuda.get_rng_state_all() if has_cuda else []


def _set_random_state(state: tuple[torch.Tensor, list[torch.Tensor]]) -> None:
    torch.set_rng_state(state[0])
    if state[1]:
        torch.cuda.set_rng_state_all(state[1])


def _train_batched(members: list[_Member]) -> list[_Member]:
    """Train a seed batch until all members have ended, or one of them has to leave it.

    Returns the members that train on.
    """
    plans = [member.training.prepared.plan for member in members]
    states = [member.state for member in members]
    batch = SeedBatch(plans)
    for member in members:
        member.training.before_save = batch.sync_members
        member.training.sharers = len(members)
    diverged: list[_Member] = []
    turns = CpuTurns()
    try:
        for events in fit_batched(plans, states, batch):
            diverged = _record_events(members, events)
            turns.offer()
            if diverged or any(map(_needs_attention, members)):
                break
        else:
            batch.split()
            for member in members:
                member.training.reporter.flush()
                member.end()
            return []
    except BaseException as error:  # a fault of all: none of them can continue
        for member in members:
            member.end(error=error)
        raise
    batch.split()
    for member in members:
        member.training.before_save = lambda: None
        member.training.sharers = 1
    for member in diverged:
        member.train_alone()
    _apply_commands([member for member in members if not member.ended.is_set()])
    return [member for member in members if not member.ended.is_set()]


def _needs_attention(member: _Member) -> bool:
    """Whether it has ended, or a command awaits it."""
    return member.ended.is_set() or member.training.controller.command is not Command.RESUME


def _record_events(members: Sequence[_Member], events: Events) -> list[_Member]:
    """Report each member's event, and end those that an epoch has ended.

    Returns the members whose loss is not finite.
    """
    diverged = []
    for member, event in zip(members, events, strict=True):
        if event is None:
            diverged.append(member)
        elif isinstance(event, RunError):
            member.end(error=event)
        else:
            member.training.record_event(event, member.state)
    return diverged


def _apply_commands(members: Sequence[_Member]) -> None:
    """Apply the commands of all controllers. Runs of a seed batch pause and resume together."""
    commands = {member.training.controller.command for member in members}
    if commands <= {Command.RESUME}:
        return
    if commands & {Command.PAUSE, Command.EVICT}:
        for member in members:
            member.training.controller.request(Command.PAUSE)

    def apply(member: _Member) -> None:
        member.apply_command()
        if not member.ended.is_set():
            for other in members:
                if other.training.controller.command is Command.PAUSE:
                    other.training.controller.request(Command.RESUME)

    with ThreadPoolExecutor(len(members)) as pool:
        list(pool.map(apply, members))
