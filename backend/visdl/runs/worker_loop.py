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
from visdl.models.events import MetricsEvent, RunEvent
from visdl.models.runs import ENDED, LIVE, WORTH_BATCHING, Run, RunState
from visdl.runs.curve_downsampling import CurveDownsampler
from visdl.runs.policy import RunPolicy
from visdl.runs.processes import WorkerPool, WorkerProcess
from visdl.runs.scheduler import Launch, Scheduler
from visdl.runs.specs import SpecBuilder
from visdl.runs.states import RunStates
from visdl.runs.telemetry import Telemetry
from visdl.store import Store
from visdl.training import run_folder
from visdl.training.environment import versions
from visdl.worker.protocol import (
    NOT_BATCHED,
    BatchMeasured,
    Command,
    Heartbeat,
    MessageToServer,
    StateChanged,
    StoredCount,
)

log = logging.getLogger(__name__)
_DRAIN_SECONDS = 10.0  # how long the end of the server waits for a message of a worker
_CHECK_SECONDS = 0.5  # between two checks of the workers' clocks
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
        scheduler: Scheduler,
        specs: SpecBuilder,
        pool: WorkerPool,
        curves: CurveDownsampler,
        *,
        folder: Path,
        policy: RunPolicy,
    ) -> None:
        self._store = store
        self._telemetry = telemetry
        self._states = states
        self._scheduler = scheduler
        self._specs = specs
        self._pool = pool
        self._curves = curves
        self._folder = folder
        self._policy = policy
        self._closing = False
        self._has_news = True  # whether to read the queue; only this thread uses it
        self._wake_reader, self._wake_writer = Pipe(duplex=False)
        self._thread = threading.Thread(target=self._run, name="supervisor", daemon=True)

    def start(self) -> None:
        """Begin to work on the queue."""
        self._thread.start()

    def wake(self) -> None:
        """Have the thread read the queue; from any thread."""
        self._wake_writer.send_bytes(b"!")

    def close(self) -> None:
        """End: workers write a checkpoint and exit, their runs are interrupted."""
        self._closing = True
        self.wake()
        self._thread.join()
        for worker in self._pool.workers():
            worker.send(Command.SHUTDOWN)
        for worker in self._pool.workers():
            self._drain(worker)
            worker.evicted = worker.evicted or worker.paused_since is not None
            with contextlib.suppress(NotFoundError):  # ended, and deleted before its process exited
                reason = server_ended(self._store.run(worker.run), "was shut down")
                self._handle_exit(worker, reason)

    def _drain(self, worker: WorkerProcess) -> None:
        """Store what an exiting worker still sends."""
        try:
            while worker.connection.poll(_DRAIN_SECONDS):
                self._handle_message(worker, worker.connection.recv())
        except (EOFError, OSError):
            return

    def _run(self) -> None:
        while not self._closing:
            try:
                if self._has_news:
                    for launch in self._scheduler.next_launches():
                        self._start_launch(launch)
                    self._has_news = False
                workers = self._pool.workers()
                pipes = [self._wake_reader, *(worker.connection for worker in workers)]
                for connection in wait(pipes, _CHECK_SECONDS if workers else None):
                    self._receive(connection)  # type: ignore[arg-type]
                self._check_workers()
            except Exception:
                log.exception("The supervisor could not handle a message; it continues.")

    def _start_launch(self, launch: Launch) -> None:
        """Start one process for the runs of a launch."""
        device = launch.device
        runs = [run for run in launch.runs if self._mark_starting(run, device)]
        if not runs:
            return
        try:
            specs = [self._specs.build_spec(run, device) for run in runs]
            workers = self._pool.start_workers(specs, device)
            for run, worker in zip(runs, workers, strict=True):
                worker.earlier_seconds = run.duration or 0.0
                if self._store.run(run.id).state is S.STOPPING:
                    worker.send(Command.STOP)  # the command came before there was a worker
        except Exception as error:
            log.exception("The worker process of run %s could not be started.", runs[0].id)
            message = f"The worker process could not be started: {error}"
            reason = Diagnostic(code="not_started", message=message)
            for run in runs:
                with contextlib.suppress(TransitionError):
                    self._states.change_state(run.id, S.FAILED, error=reason)

    def _mark_starting(self, run: Run, device: str) -> bool:
        """Record that a run gets a process; return False if it was stopped or deleted just now."""
        try:
            if run.state is S.QUEUED:
                self._states.change_state(run.id, S.STARTING, device=device, versions=versions())
            else:  # paused or stopping, without a process
                self._store.patch_run(run.id, device=device, recovery={"released": False})
        except (TransitionError, NotFoundError):
            return False
        return True

    def _receive(self, connection: Connection) -> None:
        if connection is self._wake_reader:
            connection.recv_bytes()
            self._has_news = True
            return
        worker = next(w for w in self._pool.workers() if w.connection is connection)
        try:
            message = connection.recv()
        except (EOFError, OSError):
            self._handle_exit(worker)
            return
        self._handle_message(worker, message)

    def _handle_message(self, worker: WorkerProcess, message: MessageToServer) -> None:
        worker.last_message = time.monotonic()
        if isinstance(message, StateChanged):
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
        if state is S.COMPLETED and self._store.run(worker.run).state is S.STOPPING:
            state = S.STOPPED  # the stop came when training was over
        worker.paused_since = time.monotonic() if state is S.PAUSED else None
        if change.threads:
            fields["threads"] = change.threads
        if state is not S.PAUSED:
            fields["recovery"] = {"resuming": False}
        if state in ENDED:
            fields["duration"] = worker.seconds
        self._states.change_if_allowed(worker.run, state, change.error, **fields)
        if change.error is not None and change.error.code == NOT_BATCHED:
            self._requeue(worker)

    def _requeue(self, worker: WorkerProcess) -> None:
        """Queue a run of a seed batch on its own; its process continues with another run."""
        self._pool.remove_worker(worker)
        self._store.patch_run(worker.run, batch={"id": None, "size": 1})
        with contextlib.suppress(TransitionError):  # stopped a moment ago
            self._states.change_state(worker.run, S.QUEUED)
        self._has_news = True

    def _check_workers(self) -> None:
        """Kill workers that no longer respond, and evict runs that have been paused for long."""
        now, policy = time.monotonic(), self._policy
        for worker in self._pool.workers():
            if now - worker.last_message > policy.hang_seconds:
                worker.kill(f"it did not respond for {policy.hang_seconds:g} s and was killed")
            elif (
                worker.paused_since is not None
                and now - worker.paused_since >= 60 * policy.pause_minutes
            ):
                worker.paused_since = None
                worker.evicted = True
                worker.send(Command.EVICT)

    def _handle_exit(self, worker: WorkerProcess, reason: Diagnostic | None = None) -> None:
        """Settle a run whose pipe is closed: it has ended, was evicted, or is interrupted now."""
        how = worker.wait_for_exit()
        self._pool.remove_worker(worker)
        self._curves.forget(worker.run)
        self._has_news = True
        try:
            state = self._store.run(worker.run).state
        except NotFoundError:  # it had ended, and was deleted before its process exited
            return
        if worker.evicted and worker.process.exitcode == 0 and state in (S.PAUSED, S.STOPPING):
            self._store.patch_run(worker.run, recovery={"released": True}, duration=worker.seconds)
        elif state in LIVE:
            reason = reason or self._exit_reason(worker, how)
            self._states.change_if_allowed(
                worker.run, S.INTERRUPTED, reason, duration=worker.seconds
            )

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
