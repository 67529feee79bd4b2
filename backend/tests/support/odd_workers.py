"""Entry points of worker processes for tests: those that end too soon, and one that only counts.

They import no torch, so a server of a test can have many of them.
"""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Sequence
from multiprocessing.connection import Connection

from visdl.models.events import MetricsEvent, ProgressEvent
from visdl.models.runs import Progress, RunState
from visdl.training.control import Command
from visdl.worker.protocol import NO_RESOURCES, READY, RunSpec, StateChanged

SHORT = 1  # seed of a run that completes at once
_SECONDS = 0.01  # between two reports
#: Starts a launcher without the imports that real workers need.
COMMAND = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1]);"
    "import tests.support.odd_workers; from visdl.worker.launcher import main;"
    "main(int(sys.argv[2]), int(sys.argv[3]))"
)


def without_threads(connections: Sequence[Connection]) -> None:
    """End as a worker that may not start a thread."""
    os._exit(NO_RESOURCES)


def killed(connections: Sequence[Connection]) -> None:
    """End as a worker that the kernel kills at once."""
    os.kill(os.getpid(), signal.SIGKILL)


def counting(connections: Sequence[Connection]) -> None:
    """Report steps as a training would, without one: until it is stopped, or at once to the end."""
    [server] = connections
    with contextlib.suppress(OSError, EOFError):
        server.send(READY)
        spec = server.recv()
        assert isinstance(spec, RunSpec)
        server.send(StateChanged(RunState.RUNNING))
        step, command = spec.stored.get("batch_loss", 0), Command.RESUME
        while spec.seed != SHORT and command not in (Command.STOP, Command.SHUTDOWN):
            step += 1
            points = MetricsEvent(series={"batch_loss": [(step, 0, 1.0)]}, time=time.time())
            progress = Progress(step=step, steps=1_000_000)
            server.send([points, ProgressEvent(progress=progress, time=time.time())])
            time.sleep(_SECONDS)
            while server.poll():
                message = server.recv()
                command = message if isinstance(message, Command) else command
        if command is not Command.SHUTDOWN:
            ended = RunState.COMPLETED if spec.seed == SHORT else RunState.STOPPED
            server.send(StateChanged(ended))
    os._exit(0)
