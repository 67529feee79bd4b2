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
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path

import torch

from visdl.models.errors import RunError, is_refusal
from visdl.models.events import RunEvent
from visdl.models.runs import RunProblem, RunState
from visdl.nodes.contract.registry import NodeRegistry
from visdl.nodes.contract.runtime_values import TrainingResult
from visdl.training.batched.group import Together
from visdl.training.control import TrainingController, Wish
from visdl.training.reporter import Level, Reporter
from visdl.training.run_folder import CRASH
from visdl.training.session import Leave, TrainingRun, Unstacked
from visdl.worker.graph_run import Execution
from visdl.worker.protocol import PULSE, UNSTACKED, Measured, Moved, RunSpec
from visdl.worker.run_lock import hold_run

NICE = 10
_PULSE_SECONDS = 1.0


class Link:
    """The trainer's end of the pipe. A server that is gone is not an error here: the control thread sees it too."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._lock = threading.Lock()

    def send(self, message: list[RunEvent] | Moved | Measured | None) -> None:
        with self._lock, contextlib.suppress(OSError):
            self._connection.send(message)

    def beat(self, reporter: Reporter) -> None:
        """Give signs of life until the process ends: they stop where something keeps Python from running."""
        while True:
            time.sleep(_PULSE_SECONDS)
            reporter.flush_prints()
            self.send(PULSE)

    def obey(self, controller: TrainingController, reporter: Reporter) -> None:
        """Read commands until the server is gone; then ask the training to save and leave.

        A number is no command: so many messages with points are stored.
        """
        commands = {
            "pause": controller.pause,
            "resume": controller.resume,
            "stop": controller.stop,
            "leave": controller.leave,
            "release": controller.release,
        }
        try:
            while True:
                message = self._connection.recv()
                if isinstance(message, int):
                    reporter.stored(message)
                else:
                    commands[message]()
        except (EOFError, OSError):
            controller.leave()


@dataclass(frozen=True)
class _Task:
    """One run of this process, and who steers it and hears of it."""

    spec: RunSpec
    link: Link
    controller: TrainingController
    reporter: Reporter

    @classmethod
    def begin(cls, connection: Connection, spec: RunSpec) -> _Task:
        controller, link = TrainingController(), Link(connection)
        reporter = Reporter(link.send)
        threading.Thread(
            target=link.obey, args=(controller, reporter), daemon=True, name="control"
        ).start()
        threading.Thread(target=link.beat, args=(reporter,), daemon=True, name="pulse").start()
        return cls(spec, link, controller, reporter)

    def run(self, train: Callable[[TrainingRun], TrainingResult] = TrainingRun.run) -> None:
        """Run the graph and tell the server how it ended."""
        ended = _run(self.spec, self.controller, self.reporter, self.link, train)
        self.reporter.flush_prints()
        if ended is not None:
            self.link.send(ended)


def main(connections: Sequence[Connection], specs: Sequence[RunSpec]) -> None:
    """Run a graph, or several whose trainings may be one, and tell the server how each ended. Never raises."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl C in the terminal is the server's to handle
    with contextlib.suppress(OSError):
        os.nice(NICE)
    first = specs[0]
    torch.set_num_threads(first.threads)
    tasks = [
        _Task.begin(connection, spec) for connection, spec in zip(connections, specs, strict=True)
    ]
    _say_where_it_crashed(Path(first.folder))
    if first.nodes_dir:
        NodeRegistry.load_folder(Path(first.nodes_dir))
    with _prints_as_logs(_Speaker(tasks[0].reporter)) as speaker:
        if len(tasks) == 1:
            tasks[0].run()
        else:
            _run_together(tasks, speaker)
    for connection in connections:
        connection.close()
    sys.stdout.flush()
    os._exit(0)  # no interpreter shutdown: it can hang in threads of libraries


def _run_together(tasks: Sequence[_Task], speaker: _Speaker) -> None:
    def tell(speedup: float | None) -> None:
        for task in tasks:
            task.link.send(Measured(speedup))

    def run(task: _Task) -> None:
        speaker.own.reporter = task.reporter
        task.run(together.train)

    together = Together(tell)
    together.run([partial(run, task) for task in tasks])


def _say_where_it_crashed(folder: Path) -> None:
    """Have Python write where it was, should the process crash in native code."""
    with contextlib.suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
        faulthandler.enable((folder / CRASH).open("w"), all_threads=False)


def _run(
    spec: RunSpec,
    controller: TrainingController,
    reporter: Reporter,
    link: Link,
    train: Callable[[TrainingRun], TrainingResult],
) -> Moved | None:
    def tell(state: RunState) -> None:
        link.send(Moved(state, threads=torch.get_num_threads()))

    def check() -> None:
        if controller.wish is Wish.LEAVE:
            raise Leave

    try:
        _check_preload(reporter)
        with hold_run(Path(spec.folder), check, reporter.log):
            stopped = Execution(spec, controller, reporter, tell, train=train).run()
    except Unstacked:
        message = "The seeds of this network are not faster as one: it trains by itself."
        return Moved(RunState.INTERRUPTED, RunProblem(code=UNSTACKED, message=message))
    except Leave:
        return None
    except RunError as error:
        reporter.log(_trace(error), "error", error.node)
        return Moved(
            RunState.FAILED,
            RunProblem(code=error.code, message=error.message, hint=error.hint, node=error.node),
        )
    except Exception as error:  # a fault of VisDL itself: the log has the details
        if is_refusal(error, Path(spec.folder)):
            message = f"A file of the run could not be written: {error.strerror}."
            problem = RunProblem(
                code="disk", message=message, hint="Make room, then resume: it goes on from there."
            )
            return Moved(RunState.INTERRUPTED, problem)
        reporter.log(traceback.format_exc(), "error")
        message = f"The run failed inside VisDL: {type(error).__name__}: {error}"
        return Moved(
            RunState.FAILED,
            RunProblem(code="internal", message=message, hint="The Logs tab has the details."),
        )
    return Moved(RunState.STOPPED if stopped else RunState.COMPLETED)


def _trace(error: RunError) -> str:
    """The message, and for a fault in a node's own code where it arose."""
    cause = error.__cause__
    if cause is None or isinstance(cause, RunError):
        return error.message
    frames = traceback.extract_tb(cause.__traceback__)[-3:]
    places = "\n".join(
        f"  {Path(frame.filename).name}, line {frame.lineno}: {frame.line}" for frame in frames
    )
    return f"{error.message}\n{places}"


def _check_preload(reporter: Reporter) -> None:
    preload = sys.modules.get("visdl.worker.preload")
    if not getattr(preload, "READY", False):
        logging.getLogger(__name__).warning("The trainer was not preloaded; starts are slow.")
        reporter.log(
            "This trainer was started without its preload, so the start was slow.", "warning"
        )


class _Speaker:
    """Whose log has what is printed: that of the run whose thread it is, else the first."""

    def __init__(self, first: Reporter) -> None:
        self._first = first
        self.own = threading.local()

    def printed(self, line: str, level: Level) -> None:
        getattr(self.own, "reporter", self._first).printed(line, level)

    def flush_prints(self) -> None:
        getattr(self.own, "reporter", self._first).flush_prints()


class _Lines(io.TextIOBase):
    """What nodes print, line by line, as log events. Of a line that is drawn anew (a progress bar) the last form."""

    def __init__(self, speaker: _Speaker, level: Level) -> None:
        self._reporter = speaker
        self._level: Level = level
        self._rest = ""

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        *lines, rest = (self._rest + text).split("\n")
        self._rest = rest.rpartition("\r")[2]
        for line in lines:
            shown = line.rstrip("\r").rpartition("\r")[2]
            if shown.strip():
                self._reporter.printed(shown, self._level)
        return len(text)

    def finish(self) -> None:
        """The last line may have no end."""
        self.write("\n")


@contextlib.contextmanager
def _prints_as_logs(speaker: _Speaker) -> Iterator[_Speaker]:
    out, err = _Lines(speaker, "info"), _Lines(speaker, "warning")
    with (
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("once")
        try:
            yield speaker
        finally:
            out.finish()
            err.finish()
            speaker.flush_prints()
