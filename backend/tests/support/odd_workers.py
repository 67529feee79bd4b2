"""Entry points of worker processes for tests: those that end too soon, and one that only counts.

They need no imports that take seconds, so a test can have many of them.
"""

from __future__ import annotations

import contextlib
import errno
import os
import signal
import time
from collections.abc import Sequence
from multiprocessing.connection import Connection
from pathlib import Path

from visdl.models.events import MetricsEvent, ProgressEvent
from visdl.models.runs import Progress, RunState
from visdl.training.control import Command
from visdl.worker.protocol import NO_RESOURCES, READY, RunSpec, StateChanged

NO_FORK = "VISDL_TEST_NO_FORK"  # the variable with the name of a file that refuses forks
SHORT = 1  # seed of a run that completes at once
_SECONDS = 0.01  # between two reports


def refuse_forks() -> None:
    """Have the system refuse forks of this process while the file of NO_FORK exists."""
    fork, path = os.fork, os.environ.get(NO_FORK, "")

    def refused_fork() -> int:
        if path and Path(path).exists():
            raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))
        return fork()

    os.fork = refused_fork


def without_threads(connections: Sequence[Connection]) -> None:
    """End as a worker that may not start a thread."""
    os._exit(NO_RESOURCES)


def killed(connections: Sequence[Connection]) -> None:
    """End as a worker that the kernel kills at once."""
    os.kill(os.getpid(), signal.SIGKILL)


def counting(connections: Sequence[Connection]) -> None:
    """Follow commands and report steps as a training would, without one."""
    [server] = connections
    with contextlib.suppress(OSError, EOFError):
        server.send(READY)
        spec, command = server.recv(), Command.RESUME
        while not isinstance(spec, RunSpec):
            spec, command = server.recv(), spec
        _count(server, spec, command)
    os._exit(0)


def _count(server: Connection, spec: RunSpec, command: Command) -> None:
    """Count until the end of a short run, or until a command ends this process."""
    step = spec.stored.get("batch_loss", 0)
    state = RunState.RUNNING
    server.send(StateChanged(state))
    while spec.seed != SHORT:
        while server.poll():
            message = server.recv()
            if isinstance(message, Command) and command is not Command.STOP:
                command = message
        if command in (Command.SHUTDOWN, Command.EVICT):
            return
        if command is Command.STOP:
            server.send(StateChanged(RunState.STOPPED))
            return
        expected = RunState.PAUSED if command is Command.PAUSE else RunState.RUNNING
        if expected is not state:
            server.send(StateChanged(expected))
            state = expected
        time.sleep(_SECONDS)
        if state is RunState.RUNNING:
            step += 1
            points = MetricsEvent(series={"batch_loss": [(step, 0, 1.0)]}, time=time.time())
            progress = Progress(step=step, steps=1_000_000)
            server.send([points, ProgressEvent(progress=progress, time=time.time())])
    server.send(StateChanged(RunState.COMPLETED))
