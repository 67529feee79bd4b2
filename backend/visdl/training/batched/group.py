"""Several runs in one process, whose trainings are one where that is faster.

Each run has a thread of its own, and one of them at a time goes on: up to its training, where it waits for the
others, and behind it again. So what runs do to the process, its random state above all, they do one after the other.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import torch

from visdl.models.errors import RunError
from visdl.models.runs import WORTH_STACKING, RunState
from visdl.nodes.contract.runtime_values import TrainingResult
from visdl.training.batched.batch import Events, Stack, fit_together, measured
from visdl.training.batched.eligibility import refusal
from visdl.training.control import Wish
from visdl.training.loop import FitState
from visdl.training.session import TrainingRun, Unstacked, let_others_run


class _Member:
    """A run at its training: where that is, and how it ended."""

    def __init__(self, training: TrainingRun) -> None:
        self.training = training
        self.state = FitState()
        self._random = _random_state()
        self.threads = torch.get_num_threads()
        self.stopped = False
        self.error: BaseException | None = None
        self.ended = threading.Event()

    @property
    def place(self) -> tuple[int, int, int]:
        return self.state.epoch, self.state.batch, self.state.step

    def start(self) -> None:
        """Find where it goes on from, with the random state that it came with."""
        try:
            _set_random_state(self._random)
            self.state = self.training.start()
            self._random = _random_state()
        except BaseException as error:  # whatever ends the training ends its run alone
            self.end(error=error)

    def alone(self) -> None:
        """Train it to its end by itself."""
        try:
            _set_random_state(self._random)
            self.end(stopped=self.training.train(self.state))
        except BaseException as error:  # likewise
            self.end(error=error)

    def obey(self) -> None:
        try:
            if self.training.obey(self.state):
                self.end(stopped=True)
        except BaseException as error:  # likewise: Leave, above all
            self.end(error=error)

    def end(self, *, stopped: bool = False, error: BaseException | None = None) -> None:
        self.stopped, self.error = stopped, error
        self.ended.set()


class Together:
    """Where the runs of a process meet.

    `told` hears how many times faster they are as one: 0 where they cannot be one, None where they no more are.
    """

    def __init__(self, told: Callable[[float | None], None]) -> None:
        self._told = told
        self._baton = threading.Lock()
        self._changed = threading.Condition()
        self._own = threading.local()
        self._underway = 0  # runs that have not come to their training yet
        self._members: list[_Member] = []

    def run(self, tasks: Sequence[Callable[[], None]]) -> None:
        """Run all tasks, each of which calls `train` or ends before; returns when the last has ended."""
        self._underway = len(tasks)
        threads = [
            threading.Thread(target=self._task, args=(task,), name=f"run {i}")
            for i, task in enumerate(tasks)
        ]
        for thread in threads:
            thread.start()
        with self._changed:
            self._changed.wait_for(lambda: self._underway == 0)
        train_all(self._members, self._told)
        for thread in threads:
            thread.join()

    def train(self, training: TrainingRun) -> TrainingResult:
        """Train a run with the others; called by its task. Raises what its training raises."""
        member = _Member(training)
        self._arrive(member)
        self._baton.release()
        member.ended.wait()
        self._baton.acquire()
        if member.error is not None:
            raise member.error
        return training.finish(member.state, stopped=member.stopped)

    def _task(self, task: Callable[[], None]) -> None:
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


def train_all(members: Sequence[_Member], told: Callable[[float | None], None]) -> None:
    """Train all of them as one where that is faster by a short measurement; else the first, and the others not here."""
    for member in members:
        member.start()
    here = [member for member in members if not member.ended.is_set()]
    if not here:
        return
    torch.set_num_threads(here[0].threads)  # each thread has a number of its own
    plans = [member.training.prepared.plan for member in here]
    reason = refusal(plans)
    apart = len({member.place for member in here}) > 1
    if apart:
        reason = "they go on from different steps"
    # Once measured it stays, so that a run that goes on ends with the same bits.
    speed = 0.0 if reason else here[0].training.speedup or measured(plans)
    told(None if apart else speed)
    if speed <= WORTH_STACKING:
        here[0].training.reporter.log(
            f"Trained alone: {reason or f'as one they would be {speed:.1f} times as fast'}."
        )
        for other in here[1:]:
            other.end(error=Unstacked())
        here = here[:1]
    for member in here:
        if len(here) > 1:
            member.training.reporter.log(
                f"Trained as one with {len(here) - 1} others: {speed:.1f} times as fast."
            )
        member.training.on_state(RunState.RUNNING)
    while len(here) > 1:
        here = _stretch(here)
    for member in here:
        member.alone()


def _random_state() -> tuple[torch.Tensor, list[torch.Tensor]]:
    has_cuda = torch.cuda.is_initialized()  # type: ignore[no-untyped-call]
    return torch.get_rng_state(), torch.cuda.get_rng_state_all() if has_cuda else []


def _set_random_state(state: tuple[torch.Tensor, list[torch.Tensor]]) -> None:
    torch.set_rng_state(state[0])
    if state[1]:
        torch.cuda.set_rng_state_all(state[1])


def _stretch(members: list[_Member]) -> list[_Member]:
    """Train these as one until all have ended, or one of them is to be treated by itself; returns those that go on."""
    plans, states = [m.training.prepared.plan for m in members], [m.state for m in members]
    stack = Stack(plans)
    for member in members:
        member.training.before_save = stack.publish
        member.training.sharers = len(members)
    odd: list[_Member] = []
    try:
        for events in fit_together(plans, states, stack):
            odd = _take(members, events)
            let_others_run()
            if odd or any(
                m.ended.is_set() or m.training.controller.wish is not Wish.RUN for m in members
            ):
                break
        else:
            stack.unstack()
            for member in members:
                member.training.reporter.flush()
                member.end()
            return []
    except BaseException as error:  # a fault of all: none of them can go on
        for member in members:
            member.end(error=error)
        raise
    stack.unstack()
    for member in members:
        member.training.before_save = lambda: None
        member.training.sharers = 1
    for member in odd:
        member.alone()
    _obey([member for member in members if not member.ended.is_set()])
    return [member for member in members if not member.ended.is_set()]


def _take(members: Sequence[_Member], events: Events) -> list[_Member]:
    """Tell what each has done, and end those that an epoch has ended; returns those whose loss is not finite."""
    odd = []
    for member, event in zip(members, events, strict=True):
        if event is None:
            odd.append(member)
        elif isinstance(event, RunError):
            member.end(error=event)
        else:
            member.training.take(event, member.state)
    return odd


def _obey(members: Sequence[_Member]) -> None:
    """Do as the controllers wish. Runs that train as one pause as one, and go on as one."""
    wishes = {member.training.controller.wish for member in members}
    if wishes <= {Wish.RUN}:
        return
    if wishes & {Wish.PAUSE, Wish.RELEASE}:
        for member in members:
            member.training.controller.pause()

    def each(member: _Member) -> None:
        member.obey()
        if not member.ended.is_set():
            for other in members:
                if other.training.controller.wish is Wish.PAUSE:
                    other.training.controller.resume()

    with ThreadPoolExecutor(len(members)) as pool:
        list(pool.map(each, members))
