"""Trainer processes: started from a preloaded forkserver, one for each run, stack of runs, and prediction."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from multiprocessing import forkserver
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from visdl.worker.protocol import NODES_DIR

_LEAVE_SECONDS = 5.0


@dataclass
class Trainer:
    """The trainer process of a run and the server's end of its pipe. Runs of a stack share a process."""

    run: str
    process: BaseProcess
    connection: Connection
    device: str
    started: float = field(default_factory=time.monotonic)
    heard: float = field(default_factory=time.monotonic)  # when it last gave a sign of life
    paused: float | None = None  # since when its run has been paused
    released: bool = False  # it was asked to leave, as its run has been paused for long
    killed: str = ""  # why the server ended it
    stored: int = 0  # messages with points
    earlier: float = 0.0  # seconds that earlier processes of this run took

    @property
    def seconds(self) -> float:
        """How long its run has had a process, by a clock that nobody sets."""
        return self.earlier + time.monotonic() - self.started

    def tell(self, command: str | int) -> None:
        """Send a command, or how many messages with points are stored.

        A trainer that is gone is noticed by whoever reads its pipe.
        """
        with contextlib.suppress(OSError):
            self.connection.send(command)

    def kill(self, reason: str) -> None:
        self.killed = reason
        self.process.kill()

    def end(self) -> str:
        """Wait for the process and say how it ended, as the end of a sentence."""
        self.process.join(_LEAVE_SECONDS)
        code = self.process.exitcode
        if self.killed:
            return self.killed
        if code is None:
            self.process.kill()
            return "it did not answer any more"
        if code < 0:
            return f"it was killed by {signal.Signals(-code).name}"
        return f"it exited with code {code}"


class TrainerPool:
    """Starts trainer processes. Where there is no fork, each is spawned and pays for its imports."""

    def __init__(self, nodes_dir: Path | None) -> None:
        can_fork = "forkserver" in multiprocessing.get_all_start_methods()
        self._context: Any = multiprocessing.get_context("forkserver" if can_fork else "spawn")
        self._can_fork = can_fork
        self._nodes_dir = nodes_dir

    def warm_up(self) -> None:
        """Start the forkserver now, so that the first run finds its imports done."""
        if self._can_fork:
            os.environ[NODES_DIR] = str(self._nodes_dir or "")
            self._context.set_forkserver_preload(["visdl.worker.preload"])
            forkserver.ensure_running()

    def start(
        self, runs: Sequence[str], device: str, target: Callable[..., None], *args: Any
    ) -> list[Trainer]:
        """Start `target(connections, *args)` in a process of its own, with a connection for each run."""
        pipes = [self._context.Pipe() for _ in runs]
        process: BaseProcess = self._context.Process(
            target=target,
            args=([theirs for _, theirs in pipes], *args),
            daemon=True,
            name=f"trainer {runs[0]}",
        )
        process.start()
        for _, theirs in pipes:
            theirs.close()
        return [
            Trainer(run, process, ours, device) for run, (ours, _) in zip(runs, pipes, strict=True)
        ]
