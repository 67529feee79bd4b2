"""Worker processes, forked by a preloaded launcher: one per run, seed batch or prediction."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from multiprocessing.reduction import ForkingPickler
from typing import Any, NamedTuple

import psutil

from visdl.models.diagnostics import Diagnostic
from visdl.runs.launching import UNKNOWN, LaunchedProcess, launcher
from visdl.worker import main as worker_main
from visdl.worker import predict as worker_predict
from visdl.worker.protocol import (
    NO_RESOURCES,
    MessageToServer,
    MessageToWorker,
    NodeFolder,
    PredictionRequest,
    RunSpec,
)

_EXIT_SECONDS = 5.0
_REPORT_SECONDS = 0.5  # that a launcher needs at most to report an exit, unless it hangs
_SMALL_MESSAGE = 32_768  # bytes that a pipe takes although nobody reads it
_DESCRIPTORS = 16  # that a start needs at most, besides those of its pipes


class Held(NamedTuple):
    """A message that cannot be stored now; None is the end of the pipe."""

    message: MessageToServer | None


@dataclass
class WorkerProcess:
    """The process of a run, and the server's end of its pipe. A seed batch shares a process."""

    run: str
    process: BaseProcess | LaunchedProcess
    connection: Connection
    device: str
    started: float = field(default_factory=time.monotonic)
    last_message: float = field(default_factory=time.monotonic)
    paused_since: float | None = None
    evicted: bool = False  # it was asked to exit, because its run has been paused for long
    kill_reason: str = ""  # why the server killed it
    stored_messages: int = 0  # stored messages with points
    earlier_seconds: float = 0.0  # of earlier processes of this run
    claimed: bool = False  # its run is started, and it was sent the spec
    held: Held | None = None  # while there is one, the pipe is not read, so the worker waits
    ended_since: float | None = None  # when its run was first seen to have ended
    unsaved: Diagnostic | None = None  # why the run's end could not be written
    last_report: float = field(default_factory=time.monotonic)  # other than a heartbeat
    #: since when it has done nothing, and what it had done by then
    idle_since: tuple[float, float] | None = None
    next_sample: float = 0.0  # when to look again whether it does anything
    _sending: threading.Lock = field(default_factory=threading.Lock)
    _handle: psutil.Process | None = None

    def __post_init__(self) -> None:
        with contextlib.suppress(psutil.Error):
            self._handle = psutil.Process(self.process.pid)

    @property
    def seconds(self) -> float:
        """How long its run has had a process, by a clock that nobody sets."""
        return self.earlier_seconds + time.monotonic() - self.started

    def send(self, message: MessageToWorker) -> None:
        """Send a message; from any thread. That it is gone is noticed where its pipe is read."""
        with self._sending, contextlib.suppress(OSError):
            self.connection.send(message)

    def send_spec(self, spec: RunSpec) -> None:
        """Send what to run. A long spec has a thread: a process that hangs does not read it."""
        data = ForkingPickler.dumps(spec)
        if len(data) < _SMALL_MESSAGE:
            self._send_bytes(data)
        else:
            threading.Thread(target=self._send_bytes, args=(data,), daemon=True).start()

    def _send_bytes(self, data: memoryview) -> None:
        with self._sending, contextlib.suppress(OSError):
            self.connection.send_bytes(data)

    def work_done(self) -> float:
        """Return a number that grows by 1 with each second of a core, or 100 kB read or written.

        It counts the processes that it has started too.
        """
        done = 0.0
        with contextlib.suppress(psutil.Error):
            family = [self._handle, *self._handle.children(recursive=True)] if self._handle else []
            for process in family:
                with contextlib.suppress(psutil.Error):
                    done += sum(process.cpu_times()[:4]) + _bytes_moved(process) / 1e5
        return done

    def kill(self, reason: str) -> None:
        """Kill the process; `reason` completes the sentence "The worker process ended: …"."""
        self.kill_reason = reason
        self._kill()

    def _kill(self) -> None:
        """Kill by number and start time: numbers are reused."""
        if self._handle is not None:
            with contextlib.suppress(psutil.Error):
                self._handle.kill()

    @property
    def ended_itself(self) -> bool:
        """Whether it has exited as it should, as far as that is known."""
        return self.process.exitcode in (0, UNKNOWN)

    @property
    def found_no_resources(self) -> bool:
        """Whether it exited because the system allowed it no thread."""
        return self.process.exitcode == NO_RESOURCES

    def wait_for_exit(self) -> str:
        """Wait for the process, and return how it ended, as the end of a sentence."""
        lives_on = self._outlives(_EXIT_SECONDS)
        code = self.process.exitcode
        if self.kill_reason:
            return self.kill_reason
        if lives_on or code is None:
            self._kill()
            return "it stopped responding"
        if code == UNKNOWN:
            return "how is not known, because the process that had started it is gone or hangs"
        if code < 0:
            return f"it was killed by {signal.Signals(-code).name}"
        return f"it exited with code {code}"

    def _outlives(self, seconds: float) -> bool:
        """Return whether the process still runs after `seconds`.

        Its launcher reports the exit code. Where that is gone or hangs, the code is unknown.
        """
        end, wait = time.monotonic() + seconds, _REPORT_SECONDS
        while time.monotonic() < end:
            self.process.join(wait)
            wait = 0.05
            if self.process.exitcode not in (None, UNKNOWN):
                return False
            if not self._is_alive():
                if isinstance(self.process, LaunchedProcess):
                    self.process.give_up()
                return False
            if self.process.exitcode == UNKNOWN:
                time.sleep(wait)
        return True

    def _is_alive(self) -> bool:
        if self._handle is None:
            return False
        try:
            return bool(self._handle.status() != psutil.STATUS_ZOMBIE)
        except psutil.NoSuchProcess:
            return False


def _bytes_moved(process: psutil.Process) -> int:
    if not hasattr(process, "io_counters"):  # as on macOS
        return 0
    counters = process.io_counters()
    return int(getattr(counters, "read_chars", 0) + getattr(counters, "write_chars", 0))


class WorkerPool:
    """Owns the worker processes of all runs.

    The supervisor's thread adds and removes them; any thread may look one up.
    """

    def __init__(self, node_folder: NodeFolder | None = None) -> None:
        """Without fork, each process is spawned and spends seconds on its imports."""
        self._launcher = launcher if hasattr(os, "fork") else None
        self._node_folder = node_folder
        self._workers: dict[str, WorkerProcess] = {}

    def warm_up(self) -> None:
        """Start the launcher now, so that the first run starts quickly."""
        if self._launcher is not None:
            self._launcher.preload(self._node_folder)
        self.keep_launcher()

    def keep_launcher(self) -> None:
        """Start the launcher, or its spare, again if it has died. Raises OSError."""
        if self._launcher is not None:
            self._launcher.keep()

    def start_workers(self, runs: Sequence[str], device: str) -> list[WorkerProcess]:
        """Start a process for one run, or for all runs of a seed batch; each waits for its spec.

        May take seconds, from any thread. Raises OSError or EOFError when the system does not
        allow it.
        """
        return self._start_process(runs, device, worker_main.main)

    def add_workers(self, workers: Sequence[WorkerProcess]) -> None:
        """Own the process of these runs."""
        for worker in workers:
            worker.last_message = worker.last_report = time.monotonic()
            self._workers[worker.run] = worker

    def start_prediction(self, request: PredictionRequest) -> WorkerProcess:
        """Start a process that sends one `PredictionAnswer`; it does not count as a worker.

        Raises as `start_workers`.
        """
        [process] = self._start_process([request.spec.run], "cpu", worker_predict.main, request)
        return process

    def find_worker(self, run_id: str) -> WorkerProcess | None:
        """Return the process of a run, if it has one."""
        return self._workers.get(run_id)

    def remove_worker(self, worker: WorkerProcess) -> None:
        """Close the pipe of a run's process, and forget it."""
        worker.connection.close()
        del self._workers[worker.run]

    def workers(self) -> list[WorkerProcess]:
        """Return all processes of runs, in the order in which they were started."""
        return list(self._workers.values())

    def count_by_device(self) -> Counter[str]:
        """Return how many processes each device has: runs of a seed batch share one."""
        return Counter({worker.process: worker.device for worker in self.workers()}.values())

    def _start_process(
        self, runs: Sequence[str], device: str, target: Callable[..., None], *args: Any
    ) -> list[WorkerProcess]:
        """Start `target(connections, *args)` in a process with a connection for each run."""
        _check_descriptors(_DESCRIPTORS + 2 * len(runs))
        pipes = [multiprocessing.Pipe() for _ in runs]
        theirs = [end for _, end in pipes]
        try:
            process = self._launch(target, theirs, args, f"worker {runs[0]}")
        except BaseException:
            for ours, _ in pipes:
                ours.close()
            raise
        finally:
            for end in theirs:
                end.close()
        return [
            WorkerProcess(run, process, ours, device)
            for run, (ours, _) in zip(runs, pipes, strict=True)
        ]

    def _launch(
        self,
        target: Callable[..., None],
        ends: Sequence[Connection],
        args: Sequence[Any],
        name: str,
    ) -> BaseProcess | LaunchedProcess:
        if self._launcher is not None:
            return self._launcher.launch(target, ends, *args)
        process = multiprocessing.get_context("spawn").Process(
            target=target, args=(ends, *args), daemon=True, name=name
        )
        process.start()
        return process


def _check_descriptors(count: int) -> None:
    """Raise OSError unless this process can open `count` more files."""
    opened: list[int] = []
    try:
        opened.extend(os.dup(0) for _ in range(count))
    finally:
        for descriptor in opened:
            os.close(descriptor)
