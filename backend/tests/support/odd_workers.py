"""Entry points of worker processes for tests: those that end too soon, and one that only counts.

They need no imports that take seconds, so a test can have many of them.
"""

from __future__ import annotations

import contextlib
import errno
import itertools
import os
import select
import signal
import time
from collections import deque
from collections.abc import Sequence
from multiprocessing.connection import Connection
from pathlib import Path

from visdl.models.diagnostics import Diagnostic
from visdl.models.events import MetricsEvent, ProgressEvent
from visdl.models.runs import Progress, RunState
from visdl.training.control import Command
from visdl.worker.protocol import DISK, HEARTBEAT, NO_RESOURCES, READY, RunSpec, StateChanged

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
        ended = _count(server, *_receive_spec(server))
        if ended is not None:
            server.send(StateChanged(ended))
    os._exit(0)


def unsaved(connections: Sequence[Connection]) -> None:
    """Count, and have a full disk at the end while there is a file `full` beside the runs."""
    [server] = connections
    with contextlib.suppress(OSError, EOFError):
        spec, command = _receive_spec(server)
        ended = _count(server, spec, command)
        if ended is not None and (Path(spec.folder).parent / "full").exists():
            message = "A file of the run could not be written: No space left on device."
            reason = Diagnostic(code=DISK, message=message)
            server.send(StateChanged(RunState.INTERRUPTED, reason))
        elif ended is not None:
            server.send(StateChanged(ended))
    os._exit(0)


def deaf(connections: Sequence[Connection]) -> None:
    """Be ready, and never read what to run."""
    connections[0].send(READY)
    poll = select.poll()
    poll.register(connections[0].fileno(), 0)
    poll.poll()  # until the server is gone


def endless(connections: Sequence[Connection]) -> None:
    """Hang in a loop in C, in which no other thread of Python runs."""
    [server] = connections
    _receive_spec(server)
    server.send(StateChanged(RunState.RUNNING))
    signal.alarm(120)  # if nobody kills it
    deque(itertools.repeat(None), maxlen=0)


def deadlocked(connections: Sequence[Connection]) -> None:
    """Send heartbeats beside a training that waits for ever."""
    [server] = connections
    _receive_spec(server)
    server.send(StateChanged(RunState.RUNNING))
    while True:
        server.send(HEARTBEAT)
        time.sleep(0.25)


def _receive_spec(server: Connection) -> tuple[RunSpec, Command]:
    """Return what to run, and the command that came before it."""
    server.send(READY)
    spec, command = server.recv(), Command.RESUME
    while not isinstance(spec, RunSpec):
        spec, command = server.recv(), spec
    return spec, command


def _count(server: Connection, spec: RunSpec, command: Command) -> RunState | None:
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
            return None
        if command is Command.STOP:
            return RunState.STOPPED
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
    return RunState.COMPLETED
