"""Entry point of a trainer process: a control thread that obeys the server, and the training itself."""

from __future__ import annotations

import contextlib
import faulthandler
import io
import logging
import os
import signal
import sys
import threading
import time
import traceback
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

import torch

from visdl.engine.execution import Execution, RunSpec
from visdl.engine.reporter import Reporter
from visdl.engine.run_files import CRASH
from visdl.engine.training_control import TrainingController
from visdl.engine.training_run import Leave
from visdl.models.errors import DISK_ERRORS, RunError
from visdl.models.events import RunEvent
from visdl.models.runs import RunProblem, RunState
from visdl.nodes.registry import NodeRegistry

NICE = 10
PULSE = None  # a sign of life
_PULSE_SECONDS = 1.0


@dataclass(frozen=True)
class Moved:
    """Trainer to server: the run is now in this state."""

    state: RunState
    error: RunProblem | None = None
    threads: int | None = None


class Link:
    """The trainer's end of the pipe. A server that is gone is not an error here: the control thread sees it too."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._lock = threading.Lock()

    def send(self, message: list[RunEvent] | Moved | None) -> None:
        with self._lock, contextlib.suppress(OSError):
            self._connection.send(message)

    def beat(self) -> None:
        """Give signs of life until the process ends: they stop where something keeps Python from running."""
        while True:
            time.sleep(_PULSE_SECONDS)
            self.send(PULSE)

    def obey(self, controller: TrainingController) -> None:
        """Read commands until the server is gone; then ask the training to save and leave."""
        commands = {
            "pause": controller.pause,
            "resume": controller.resume,
            "stop": controller.stop,
            "leave": controller.leave,
            "release": controller.release,
        }
        try:
            while True:
                commands[self._connection.recv()]()
        except (EOFError, OSError):
            controller.leave()


def main(connection: Connection, spec: RunSpec) -> None:
    """Run one graph and tell the server how it ended. Never raises."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl C in the terminal is the server's to handle
    with contextlib.suppress(OSError):
        os.nice(NICE)
    torch.set_num_threads(spec.threads)
    controller, link = TrainingController(), Link(connection)
    reporter = Reporter(link.send)
    threading.Thread(target=link.obey, args=(controller,), daemon=True, name="control").start()
    threading.Thread(target=link.beat, daemon=True, name="pulse").start()
    _say_where_it_crashed(Path(spec.folder))
    if spec.nodes_dir:
        NodeRegistry.load_folder(Path(spec.nodes_dir))
    with _prints_as_logs(reporter):
        ended = _run(spec, controller, reporter, link)
    if ended is not None:
        link.send(ended)
    connection.close()
    sys.stdout.flush()
    os._exit(0)  # no interpreter shutdown: it can hang in threads of libraries


def _say_where_it_crashed(folder: Path) -> None:
    """Have Python write where it was, should the process crash in native code."""
    with contextlib.suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
        faulthandler.enable((folder / CRASH).open("w"), all_threads=False)


def _run(spec: RunSpec, controller: TrainingController, reporter: Reporter, link: Link) -> Moved | None:
    def tell(state: RunState) -> None:
        link.send(Moved(state, threads=torch.get_num_threads()))

    try:
        _check_preload(reporter)
        stopped = Execution(spec, controller, reporter, tell).run()
    except Leave:
        return None
    except RunError as error:
        reporter.log(_trace(error), "error", error.node)
        return Moved(
            RunState.FAILED, RunProblem(code=error.code, message=error.message, hint=error.hint, node=error.node)
        )
    except Exception as error:  # a fault of VisDL itself: the log has the details
        if isinstance(error, OSError) and error.errno in DISK_ERRORS:
            message = f"A file of the run could not be written: {error.strerror}."
            problem = RunProblem(code="disk", message=message, hint="Make room, then resume: it goes on from there.")
            return Moved(RunState.INTERRUPTED, problem)
        reporter.log(traceback.format_exc(), "error")
        message = f"The run failed inside VisDL: {type(error).__name__}: {error}"
        return Moved(
            RunState.FAILED, RunProblem(code="internal", message=message, hint="The Logs tab has the details.")
        )
    return Moved(RunState.STOPPED if stopped else RunState.COMPLETED)


def _trace(error: RunError) -> str:
    """The message, and for a fault in a node's own code where it arose."""
    cause = error.__cause__
    if cause is None or isinstance(cause, RunError):
        return error.message
    frames = traceback.extract_tb(cause.__traceback__)[-3:]
    places = "\n".join(f"  {Path(frame.filename).name}, line {frame.lineno}: {frame.line}" for frame in frames)
    return f"{error.message}\n{places}"


def _check_preload(reporter: Reporter) -> None:
    preload = sys.modules.get("visdl.engine.preload")
    if not getattr(preload, "READY", False):
        logging.getLogger(__name__).warning("The trainer was not preloaded; starts are slow.")
        reporter.log("This trainer was started without its preload, so the start was slow.", "warning")


class _Lines(io.TextIOBase):
    """What nodes print, line by line, as log events."""

    def __init__(self, reporter: Reporter, level: str) -> None:
        self._reporter = reporter
        self._level = level
        self._rest = ""

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        *lines, self._rest = (self._rest + text).split("\n")
        for line in filter(str.strip, lines):
            self._reporter.log(line, "warning" if self._level == "warning" else "info")
        return len(text)


@contextlib.contextmanager
def _prints_as_logs(reporter: Reporter) -> Iterator[None]:
    out, err = _Lines(reporter, "info"), _Lines(reporter, "warning")
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err), warnings.catch_warnings():
        warnings.simplefilter("once")
        yield
