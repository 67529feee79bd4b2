"""Worker processes, started from a preloaded forkserver: one per run, seed batch or prediction."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from multiprocessing import forkserver
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from visdl.worker import main as worker_main
from visdl.worker import predict as worker_predict
from visdl.worker.protocol import NODES_DIR, MessageToWorker, PredictionRequest, RunSpec

_EXIT_SECONDS = 5.0


@dataclass
class WorkerProcess:
    """The process of a run, and the server's end of its pipe. A seed batch shares a process."""

    run: str
    process: BaseProcess
    connection: Connection
    device: str
    started: float = field(default_factory=time.monotonic)
    last_message: float = field(default_factory=time.monotonic)
    paused_since: float | None = None
    evicted: bool = False  # it was asked to exit, because its run has been paused for long
    kill_reason: str = ""  # why the server killed it
    stored_messages: int = 0  # stored messages with points
    earlier_seconds: float = 0.0  # of earlier processes of this run

    @property
    def seconds(self) -> float:
        """How long its run has had a process, by a clock that nobody sets."""
        return self.earlier_seconds + time.monotonic() - self.started

    def send(self, message: MessageToWorker) -> None:
        """Send a message. That a process is gone is noticed where its pipe is read."""
        with contextlib.suppress(OSError):
            self.connection.send(message)

    def kill(self, reason: str) -> None:
        """Kill the process; `reason` completes the sentence "The worker process ended: …"."""
        self.kill_reason = reason
        self.process.kill()

    def wait_for_exit(self) -> str:
        """Wait for the process, and return how it ended, as the end of a sentence."""
        self.process.join(_EXIT_SECONDS)
        code = self.process.exitcode
        if self.kill_reason:
            return self.kill_reason
        if code is None:
            self.process.kill()
            return "it stopped responding"
        if code < 0:
            return f"it was killed by {signal.Signals(-code).name}"
        return f"it exited with code {code}"


class WorkerPool:
    """Owns the worker processes of all runs.

    The supervisor's thread adds and removes them; any thread may look one up.
    """

    def __init__(self, nodes_dir: Path | None) -> None:
        """Without fork, each process is spawned and spends seconds on its imports."""
        can_fork = "forkserver" in multiprocessing.get_all_start_methods()
        self._context: Any = multiprocessing.get_context("forkserver" if can_fork else "spawn")
        self._can_fork = can_fork
        self._nodes_dir = nodes_dir
        self._workers: dict[str, WorkerProcess] = {}

    def warm_up(self) -> None:
        """Start the forkserver now, so that the first run starts quickly."""
        if self._can_fork:
            os.environ[NODES_DIR] = str(self._nodes_dir or "")
            self._context.set_forkserver_preload(["visdl.worker.preload"])
            forkserver.ensure_running()

    def start_workers(self, specs: Sequence[RunSpec], device: str) -> list[WorkerProcess]:
        """Start a process for one run, or for all runs of a seed batch."""
        runs = [spec.run for spec in specs]
        workers = self._start_process(runs, device, worker_main.main, specs)
        for worker in workers:
            self._workers[worker.run] = worker
        return workers

    def start_prediction(self, request: PredictionRequest) -> WorkerProcess:
        """Start a process that sends one `PredictionAnswer`; it does not count as a worker."""
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
        pipes = [self._context.Pipe() for _ in runs]
        process: BaseProcess = self._context.Process(
            target=target,
            args=([theirs for _, theirs in pipes], *args),
            daemon=True,
            name=f"worker {runs[0]}",
        )
        process.start()
        for _, theirs in pipes:
            theirs.close()
        return [
            WorkerProcess(run, process, ours, device)
            for run, (ours, _) in zip(runs, pipes, strict=True)
        ]
