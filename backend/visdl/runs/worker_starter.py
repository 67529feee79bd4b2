"""Gives waiting runs a process. Where the system allows none, they wait, and it is tried again."""

from __future__ import annotations

import errno
import logging
import os
import shutil
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from visdl.models.diagnostics import Diagnostic
from visdl.models.errors import AppError, NotFoundError, TransitionError
from visdl.models.runs import RunState
from visdl.runs.obstacles import Obstacle, is_system_error
from visdl.runs.processes import WorkerPool, WorkerProcess
from visdl.runs.scheduler import Scheduler
from visdl.runs.specs import SpecBuilder
from visdl.runs.start_thread import StartThread
from visdl.runs.states import RunStates
from visdl.store import Store
from visdl.worker.protocol import Command, RunSpec, StateChanged

log = logging.getLogger(__name__)
_LATE_SECONDS = 1.0  # after which a start is late
_ROOM = 16 * 2**20  # bytes that must be free on the disk of the data folder


@dataclass(frozen=True)
class _Start:
    """The start of a process that is under way."""

    result: Future[list[WorkerProcess]]
    since: float = field(default_factory=time.monotonic)

    @property
    def is_late(self) -> bool:
        """Whether it takes longer than a launcher needs that has its imports."""
        return not self.result.done() and time.monotonic() - self.since > _LATE_SECONDS


class WorkerStarter:
    """Starts processes, and each run once its process is ready. Used by the supervisor's thread.

    A run leaves the queue only when there is a process for it, in one step with the check that it
    still waits. So a start that the system refuses changes nothing of a run.
    """

    def __init__(
        self,
        store: Store,
        scheduler: Scheduler,
        states: RunStates,
        specs: SpecBuilder,
        pool: WorkerPool,
        folder: Path,
    ) -> None:
        self._store = store
        self._scheduler = scheduler
        self._states = states
        self._specs = specs
        self._pool = pool
        self._folder = folder
        self.obstacle = Obstacle("No run can be started", after="Runs can be started again.")
        self._thread = StartThread()
        self._starting: _Start | None = None
        self._keeping: Future[None] | None = None

    def start(self, wake: Callable[[], None]) -> None:
        """Begin; `wake` is called from another thread whenever a process has been started."""
        self._wake = wake
        self._thread.start()

    def close(self) -> None:
        """End. A process that is still being started finds its pipe closed, and exits."""
        self._thread.close()
        if self._starting is not None:
            self._starting.result.add_done_callback(_close_pipes)
            self._starting = None

    @property
    def lateness(self) -> str | None:
        """Why the next start takes long, if it does, as a sentence; from any thread."""
        starting = self._starting
        if starting is None or not starting.is_late:
            return None
        return "Waiting for the process that starts workers, which has not answered yet."

    def keep_launcher(self) -> None:
        """Have the launcher, or its spare, started again if it has died."""
        if self._keeping is None or self._keeping.done():
            self._keeping = self._thread.submit(self._pool.keep_launcher)

    def start_processes(self) -> bool:
        """Have a process started for what is next; return False if it has to be repeated.

        One start is under way at a time. When it has ended, `wake` is called, for this to be
        called again.
        """
        if self._starting is not None:
            if not self._starting.result.done():
                return True
            result, self._starting = self._starting.result, None
            try:
                self._pool.add_workers(result.result())
            except Exception as error:  # whatever it is, no run is to blame
                self._refuse(error)
        if self.obstacle.seconds_until_try:
            return False
        try:
            self._start_next()
        except Exception as error:
            self._refuse(error)
            return False
        if self._starting is None and not self._waits():
            self.obstacle.clear()  # of what was refused nothing is left
        return True

    def _start_next(self) -> None:
        """Have a process started for the first launch of the queue, if there is room for one."""
        for launch in self._scheduler.next_launches():
            self._check_room()
            if launch.runs:
                runs, device = [run.id for run in launch.runs], launch.device
                start = partial(self._pool.start_workers, runs, device)
                self._starting = _Start(self._thread.submit(start))
                self._starting.result.add_done_callback(lambda _: self._wake())
                return

    def start_run(self, worker: WorkerProcess) -> StateChanged | None:
        """Start the run of a process that is ready, or end the process if it waits no longer.

        Returns how the run ended instead, where it can never be started.
        """
        try:
            spec = self._build_spec(worker)
            run = self._states.claim(worker.run, worker.device)
        except Exception as error:
            self._pool.remove_worker(worker)  # its pipe is closed: it exits
            if not isinstance(error, TransitionError | NotFoundError):
                self._refuse(error)
            return None
        self.obstacle.clear()
        worker.claimed, worker.started = True, time.monotonic()
        worker.last_report = worker.started
        worker.earlier_seconds = run.duration or 0.0
        if isinstance(spec, StateChanged):
            return spec
        worker.send_spec(spec)
        if run.state is RunState.STOPPING:
            worker.send(Command.STOP)  # the command came before there was a worker
        return None

    def note_exit(self, worker: WorkerProcess) -> None:
        """Note that a process ended before it was ready; its runs wait for another one."""
        how = worker.wait_for_exit()
        for other in self._pool.workers():
            if other.process is worker.process:
                self._pool.remove_worker(other)
        if worker.found_no_resources:
            self._refuse(OSError(errno.EAGAIN, os.strerror(errno.EAGAIN)))
        else:
            self._refuse(EOFError(f"a worker process ended at once: {how}"))

    def _build_spec(self, worker: WorkerProcess) -> RunSpec | StateChanged:
        """Return the spec, or that the run has failed. Raises NotFoundError for a deleted run."""
        run = self._store.run(worker.run)
        try:
            return self._specs.build_spec(run, worker.device)
        except Exception as error:
            if is_system_error(error):
                raise
            if not isinstance(error, AppError):
                log.exception("The run %s could not be started.", worker.run)
            message = f"The worker process could not be started: {error}"
            return StateChanged(RunState.FAILED, Diagnostic(code="not_started", message=message))

    def _waits(self) -> bool:
        """Return whether a process that was started is not ready yet."""
        return any(not worker.claimed for worker in self._pool.workers())

    def _refuse(self, error: BaseException) -> None:
        if not is_system_error(error):
            log.error("No run could be started.", exc_info=error)
        self.obstacle.note(error)

    def _check_room(self) -> None:
        """Raise OSError when the disk of the data folder is full: a run would end at once."""
        if shutil.disk_usage(self._folder.parent).free < _ROOM:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def _close_pipes(started: Future[list[WorkerProcess]]) -> None:
    if started.exception() is None:
        for worker in started.result():
            worker.connection.close()
