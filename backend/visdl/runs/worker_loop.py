"""The thread that starts worker processes, reads their pipes, and settles how their runs end."""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from multiprocessing.connection import Connection, Pipe, wait
from pathlib import Path
from typing import Any

from visdl.models.diagnostics import Diagnostic
from visdl.models.errors import NotFoundError, TransitionError
from visdl.models.events import LogEvent, MetricsEvent, RunEvent
from visdl.models.runs import ENDED, LIVE, WORTH_BATCHING, Run, RunState
from visdl.runs.curve_downsampling import CurveDownsampler
from visdl.runs.obstacles import Obstacle, is_system_error
from visdl.runs.policy import RunPolicy
from visdl.runs.postponed import PostponedRuns
from visdl.runs.processes import Held, WorkerPool, WorkerProcess
from visdl.runs.states import RunStates
from visdl.runs.telemetry import Telemetry
from visdl.runs.worker_starter import WorkerStarter
from visdl.runs.worker_watch import WorkerWatch
from visdl.store import Store
from visdl.training import run_folder
from visdl.worker.protocol import (
    DISK,
    NOT_BATCHED,
    BatchMeasured,
    Command,
    Heartbeat,
    MessageToServer,
    StateChanged,
    StoredCount,
    WorkerReady,
)

log = logging.getLogger(__name__)
_DRAIN_SECONDS = 10.0  # how long the end of the server waits for a message of a worker
_CHECK_SECONDS = 0.5  # between two checks of the workers and of what starts them
_IDLE_SECONDS = 5.0  # the same while there are no workers
_LOG_LINES = 5  # of a run's log, stored with the reason why its worker died
RESUME_HINT = "Resume continues from the last checkpoint."
S = RunState


class WorkerLoop:
    """Follows the worker processes of a pool; only this thread adds and removes them."""

    def __init__(
        self,
        store: Store,
        telemetry: Telemetry,
        states: RunStates,
        starter: WorkerStarter,
        postponed: PostponedRuns,
        pool: WorkerPool,
        curves: CurveDownsampler,
        *,
        folder: Path,
        policy: RunPolicy,
    ) -> None:
        self._store = store
        self._telemetry = telemetry
        self._states = states
        self._starter = starter
        self._postponed = postponed
        self._pool = pool
        self._curves = curves
        self._folder = folder
        self._watch = WorkerWatch(store, pool, policy)
        self._closing = False
        self._looked = time.monotonic()  # at the runs that are postponed
        self._storing = Obstacle(
            "The server cannot store what runs report", after="What runs report is stored again."
        )
        self._checked = time.monotonic()
        self._has_news = True  # whether to read the queue; only this thread uses it
        self._wake_reader, self._wake_writer = Pipe(duplex=False)
        self._thread = threading.Thread(target=self._run, name="supervisor", daemon=True)

    def start(self) -> None:
        """Begin to work on the queue."""
        self._starter.start(self.wake)
        self._thread.start()

    def wake(self) -> None:
        """Have the thread read the queue; from any thread."""
        self._wake_writer.send_bytes(b"!")

    def find_obstacle(self, run_id: str | None = None) -> str | None:
        """Return why the machine keeps runs, or this one, from starting or continuing now."""
        worker = None if run_id is None else self._pool.find_worker(run_id)
        if worker is not None and worker.claimed and worker.held is None:
            return None
        machine = self._storing.sentence or self._starter.obstacle.sentence
        return machine or (None if run_id is None else self._postponed.find_sentence(run_id))

    def find_lateness(self) -> str | None:
        """Return why the next start of a run takes long, if it does, as a sentence."""
        return self._starter.lateness

    def close(self) -> None:
        """End: workers write a checkpoint and exit, their runs are interrupted."""
        self._closing = True
        self.wake()
        self._thread.join()
        self._starter.close()
        for worker in self._pool.workers():
            worker.send(Command.SHUTDOWN)
        for worker in self._pool.workers():
            try:
                self._close_worker(worker)
            except NotFoundError:  # ended, and deleted before its process exited
                continue
            except Exception as error:
                if not is_system_error(error):
                    raise
                worker.connection.close()
                log.warning("The end of run %s could not be stored: %s.", worker.run, error)

    def _close_worker(self, worker: WorkerProcess) -> None:
        """Store what an exiting worker still sends, and that its run is interrupted."""
        if not worker.claimed:
            self._pool.remove_worker(worker)
            return
        if worker.held is not None and worker.held.message is not None:
            self._handle_message(worker, worker.held.message)
        with contextlib.suppress(EOFError, OSError):
            while worker.connection.poll(_DRAIN_SECONDS):
                self._handle_message(worker, worker.connection.recv())
        worker.evicted = worker.evicted or worker.paused_since is not None
        self._handle_exit(worker, server_ended(self._store.run(worker.run), "was shut down"))

    def _run(self) -> None:
        while not self._closing:
            try:
                self._retry_held()
                self._has_news = self._is_postponed_due() or self._has_news
                if self._has_news and self._storing.sentence is None:
                    self._has_news = not self._starter.start_processes()
                workers = [worker for worker in self._pool.workers() if worker.held is None]
                pipes = [self._wake_reader, *(worker.connection for worker in workers)]
                for connection in wait(pipes, self._seconds_to_wait()):
                    self._receive(connection)  # type: ignore[arg-type]
                if time.monotonic() - self._checked >= _CHECK_SECONDS:
                    self._check_workers()
            except Exception:
                log.exception("The supervisor could not handle a message; it continues.")

    def _is_postponed_due(self) -> bool:
        """Return whether a run that waits for the disk may start now, and not at the last call."""
        before, self._looked = self._looked, time.monotonic()
        return self._postponed.became_due(before, self._looked)

    def _seconds_to_wait(self) -> float:
        """Return until when the thread may sleep if no worker sends anything."""
        if self._storing.sentence is not None:
            return min(_CHECK_SECONDS, self._storing.seconds_until_try)
        if self._has_news:
            return min(_CHECK_SECONDS, self._starter.obstacle.seconds_until_try)
        seconds = _CHECK_SECONDS if self._pool.workers() else _IDLE_SECONDS
        return min(seconds, self._postponed.seconds_until_due())

    def _receive(self, connection: Connection) -> None:
        if connection is self._wake_reader:
            connection.recv_bytes()
            self._has_news = True
            return
        worker = next((w for w in self._pool.workers() if w.connection is connection), None)
        if worker is None:  # removed with another one of its process
            return
        try:
            message: MessageToServer | None = connection.recv()
        except (EOFError, OSError):
            message = None
        self._deliver(worker, message)

    def _deliver(self, worker: WorkerProcess, message: MessageToServer | None) -> bool:
        """Handle a message, or with None the end of the pipe; return whether that was possible.

        What cannot be stored now is held, and the pipe is not read until it is: once the pipe is
        full, the training waits. So nothing that a worker has reported is lost.
        """
        try:
            if message is None:
                self._handle_exit(worker)
            else:
                self._handle_message(worker, message)
        except NotFoundError:  # it had ended, and was deleted before its process exited
            self._checked = 0.0
        except Exception as error:
            if not is_system_error(error):
                raise
            worker.held = Held(message)
            self._storing.note(error)
            return False
        return True

    def _retry_held(self) -> None:
        """Store what could not be stored, as soon as that is possible again."""
        if self._storing.sentence is None or self._storing.seconds_until_try:
            return
        stored = []
        for worker in self._pool.workers():
            if worker.held is None:
                continue
            message, worker.held = worker.held.message, None
            if not self._deliver(worker, message):
                return
            stored.append(worker)
        text = (
            f"For {self._storing.seconds:.0f} s the server could not store what this run reported:"
            f" {self._storing.reason}. Nothing is lost."
        )
        self._storing.clear()
        for worker in stored:
            self._deliver(worker, [LogEvent(level="warning", message=text, time=time.time())])

    def _handle_message(self, worker: WorkerProcess, message: MessageToServer) -> None:
        worker.last_message = time.monotonic()
        if not isinstance(message, Heartbeat):
            worker.last_report = worker.last_message
        if isinstance(message, WorkerReady):
            failure = self._starter.start_run(worker)
            if failure is not None:
                self._deliver(worker, failure)
            self._has_news = self._has_news or not worker.claimed
        elif isinstance(message, StateChanged):
            self._handle_state(worker, message)
        elif isinstance(message, BatchMeasured):
            alone = (message.speedup or 0.0) <= WORTH_BATCHING
            measured = {"speedup": message.speedup, **({"size": 1} if alone else {})}
            self._store.patch_run(worker.run, batch=measured)
        elif not isinstance(message, Heartbeat):
            self._store_events(worker, message)

    def _store_events(self, worker: WorkerProcess, events: list[RunEvent]) -> None:
        """Store and publish events, and acknowledge those with points."""
        stored = self._store.append(worker.run, events)
        self._telemetry.publish(stored)
        self._curves.count_points(worker.run, stored)
        points = sum(isinstance(event, MetricsEvent) for event in stored)
        if points:
            worker.stored_messages += points
            worker.send(StoredCount(worker.stored_messages))

    def _handle_state(self, worker: WorkerProcess, change: StateChanged) -> None:
        state, fields = change.state, dict[str, Any]()
        if change.error is not None and change.error.code == DISK:
            worker.unsaved = change.error  # it continues later, once its process has ended
            return
        if change.error is not None and change.error.code == NOT_BATCHED:
            self._requeue(worker, change.error)
            return
        if state is S.COMPLETED and self._store.run(worker.run).state is S.STOPPING:
            state = S.STOPPED  # the stop came when training was over
        worker.paused_since = time.monotonic() if state is S.PAUSED else None
        if change.threads:
            fields["threads"] = change.threads
        if state is not S.PAUSED:
            fields["recovery"] = {"resuming": False}
        if state in ENDED:
            fields["duration"] = worker.seconds
            worker.ended_since = time.monotonic()
        self._states.change_if_allowed(worker.run, state, change.error, **fields)

    def _requeue(self, worker: WorkerProcess, reason: Diagnostic) -> None:
        """Queue a run of a seed batch on its own; its process continues with another run."""
        self._store.patch_run(worker.run, batch={"id": None, "size": 1})
        with contextlib.suppress(TransitionError):  # its end was reported a moment ago
            self._states.requeue(worker.run, reason)
        self._pool.remove_worker(worker)
        self._has_news = True

    def _check_workers(self) -> None:
        since, self._checked = self._checked, time.monotonic()
        self._starter.keep_launcher()
        self._watch.check(since)

    def _handle_exit(self, worker: WorkerProcess, reason: Diagnostic | None = None) -> None:
        """Settle a run whose pipe is closed: it has ended, was evicted, or is interrupted now."""
        if not worker.claimed:
            self._starter.note_exit(worker)
            self._has_news = True
            return
        how = worker.wait_for_exit()
        with contextlib.suppress(NotFoundError):  # ended, and deleted before its process exited
            self._settle(worker, how, reason)
        self._pool.remove_worker(worker)
        self._curves.forget(worker.run)
        self._has_news = True

    def _settle(self, worker: WorkerProcess, how: str, reason: Diagnostic | None) -> None:
        """Store in which state a process leaves its run. Raises NotFoundError."""
        state = self._store.run(worker.run).state
        if worker.evicted and worker.ended_itself and state in (S.PAUSED, S.STOPPING):
            self._store.patch_run(worker.run, recovery={"released": True}, duration=worker.seconds)
        elif state not in LIVE:
            self._postponed.forget(worker.run)
        elif worker.unsaved is not None:
            self._continue_later(worker, worker.unsaved)
        else:
            reason = reason or self._exit_reason(worker, how)
            fields = {"duration": worker.seconds, "recovery": {"resuming": False}}
            self._states.change_if_allowed(worker.run, S.INTERRUPTED, reason, **fields)

    def _continue_later(self, worker: WorkerProcess, reason: Diagnostic) -> None:
        """Have a run that could not write its files continue when the disk takes them."""
        self._states.requeue(worker.run, reason, duration=worker.seconds)
        sentence = self._postponed.postpone(worker.run, reason.message)
        self._store_events(worker, [LogEvent(level="warning", message=sentence, time=time.time())])

    def _exit_reason(self, worker: WorkerProcess, how: str) -> Diagnostic:
        """Return why a worker died, with the last lines of its log."""
        hint = RESUME_HINT
        if "SIGKILL" in how:
            hint = f"If memory ran out, lower batch_size in a copy. {hint}"
        lines = [
            *self._store.last_log(worker.run, _LOG_LINES),
            *run_folder.crash(self._folder / worker.run),
        ]
        message = f"The worker process ended: {how}."
        return Diagnostic(code="worker_died", message=message, hint=hint, log=lines)


def server_ended(run: Run, how: str) -> Diagnostic:
    """Return the reason why the end of the server interrupted a run."""
    in_pause = run.state is S.PAUSED and not run.recovery.resuming
    code = "server_ended_in_pause" if in_pause else "server_ended"
    return Diagnostic(code=code, message=f"The server {how}.", hint=RESUME_HINT)
