"""Entry point of a worker process: a thread that receives commands, and the training itself."""

from __future__ import annotations

import contextlib
import faulthandler
import logging
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Sequence
from concurrent.futures import CancelledError, Future
from dataclasses import dataclass
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path

import torch

from visdl.models.diagnostics import Diagnostic
from visdl.models.error_texts import reason_of
from visdl.models.errors import RunError, is_disk_error
from visdl.models.runs import RunState
from visdl.nodes.contract.runtime_values import TrainingResult
from visdl.training.batched.group import SeedGroup
from visdl.training.control import TrainingController
from visdl.training.reporter import Reporter
from visdl.training.run_folder import CRASH
from visdl.training.session import NotBatched, TrainingSession, TrainingSuspended
from visdl.worker.graph_run import GraphRun
from visdl.worker.node_files import import_limit, load_node_files
from visdl.worker.prints import LogRouter, capture_prints
from visdl.worker.priority import lower_priority
from visdl.worker.protocol import (
    DISK,
    HEARTBEAT,
    NO_RESOURCES,
    NOT_BATCHED,
    READY,
    BatchMeasured,
    Command,
    MessageToServer,
    MessageToWorker,
    RunSpec,
    StateChanged,
    StoredCount,
)
from visdl.worker.run_lock import hold_run

_HEARTBEAT_SECONDS = 1.0


class ServerConnection:
    """The worker's end of a run's pipe.

    A server that is gone raises no error here: the thread that receives commands notices it.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._lock = threading.Lock()
        #: what to run; cancelled when the run is not to be started after all
        self.spec: Future[RunSpec] = Future()

    def send(self, message: MessageToServer) -> None:
        """Send a message; from any thread."""
        with self._lock, contextlib.suppress(OSError):
            self._connection.send(message)

    def send_heartbeats(self, reporter: Reporter) -> None:
        """Send heartbeats until the process ends; they stop when Python is kept from running."""
        while True:
            time.sleep(_HEARTBEAT_SECONDS)
            reporter.flush_prints()
            self.send(HEARTBEAT)

    def receive_commands(self, controller: TrainingController, reporter: Reporter) -> None:
        """Receive until the server is gone; then have the training save and end."""
        try:
            while True:
                message: MessageToWorker = self._connection.recv()
                if isinstance(message, RunSpec):
                    self.spec.set_result(message)
                elif isinstance(message, StoredCount):
                    reporter.confirm_stored(message.messages)
                else:
                    controller.request(message)
        except (EOFError, OSError):
            controller.request(Command.SHUTDOWN)
            self.spec.cancel()


@dataclass(frozen=True)
class _RunTask:
    """One run of this process, with its connection, controller and reporter."""

    server: ServerConnection
    controller: TrainingController
    reporter: Reporter

    @classmethod
    def connect(cls, connection: Connection) -> _RunTask:
        """Start the threads that receive commands and send heartbeats."""
        controller, server = TrainingController(), ServerConnection(connection)
        reporter = Reporter(server.send)
        threading.Thread(
            target=server.receive_commands,
            args=(controller, reporter),
            daemon=True,
            name="commands",
        ).start()
        threading.Thread(
            target=server.send_heartbeats, args=(reporter,), daemon=True, name="heartbeat"
        ).start()
        return cls(server, controller, reporter)

    @property
    def spec(self) -> RunSpec:
        """What to run."""
        return self.server.spec.result()

    def wait_for_spec(self) -> bool:
        """Wait until the server has sent the spec; return False if it will not."""
        try:
            self.server.spec.result()
        except CancelledError:
            return False
        return True

    def run_graph(
        self, train: Callable[[TrainingSession], TrainingResult] = TrainingSession.train_to_end
    ) -> None:
        """Run the graph, and report to the server how it ended."""
        ended = self._run(train)
        self.reporter.flush_prints()
        if ended is not None:
            self.server.send(ended)

    def _report_state(self, state: RunState) -> None:
        self.server.send(StateChanged(state, threads=torch.get_num_threads()))

    def _check_shutdown(self) -> None:
        if self.controller.command is Command.SHUTDOWN:
            raise TrainingSuspended

    def _run(self, train: Callable[[TrainingSession], TrainingResult]) -> StateChanged | None:
        """Return the state in which the run ended; None when it continues in another process."""
        folder, reporter = Path(self.spec.folder), self.reporter
        try:
            _check_preload(reporter)
            with hold_run(folder, self._check_shutdown, reporter.log):
                stopped = GraphRun(
                    self.spec, self.controller, reporter, self._report_state, train=train
                ).run()
        except NotBatched:
            message = "Batching these seeds would not be faster, so each is trained separately."
            return _interrupted(Diagnostic(code=NOT_BATCHED, message=message))
        except TrainingSuspended:
            return None
        except RunError as error:
            reporter.log(_trace(error), "error", error.node)
            return _failed(error.code, error.message, error.hint, error.node)
        except Exception as error:  # a fault of VisDL itself: the log has the details
            if is_disk_error(error, folder):
                message = f"A file of the run could not be written: {error.strerror}."
                hint = "Free some space: training then continues from the last checkpoint."
                return _interrupted(Diagnostic(code=DISK, message=message, hint=hint))
            traceback.print_exception(error, file=sys.__stderr__)  # of the server, not of the run
            message = f"The run failed inside VisDL: {type(error).__name__}: {reason_of(error)}"
            reporter.log(f"{message}\n{_stack(error)}", "error")
            return _failed("internal", message, "The Logs tab has the details.")
        return StateChanged(RunState.STOPPED if stopped else RunState.COMPLETED)


def _interrupted(reason: Diagnostic) -> StateChanged:
    return StateChanged(RunState.INTERRUPTED, reason)


def _failed(code: str, message: str, hint: str, node: str | None = None) -> StateChanged:
    reason = Diagnostic(code=code, message=message, hint=hint, node=node)
    return StateChanged(RunState.FAILED, reason)


def main(connections: Sequence[Connection]) -> None:
    """Run one graph, or the graphs of a seed batch, and report how each ended. Never raises.

    What to run is sent when the process is ready: a run is started only once it has a process, and
    none that was stopped or deleted meanwhile.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl C in the terminal is the server's to handle
    lower_priority()
    try:
        connected = [_RunTask.connect(connection) for connection in connections]
    except RuntimeError:  # the system allows no more threads
        os._exit(NO_RESOURCES)
    for task in connected:
        task.server.send(READY)
    tasks = [task for task in connected if task.wait_for_spec()]
    if tasks:
        _run_tasks(tasks)
    for connection in connections:
        connection.close()
    sys.stdout.flush()
    os._exit(0)  # no interpreter shutdown: it can hang in threads of libraries


def _run_tasks(tasks: Sequence[_RunTask]) -> None:
    first = tasks[0].spec
    torch.set_num_threads(first.threads)
    enable_faulthandler(Path(first.folder))

    def give_up(error: RunError) -> None:
        for task in tasks:
            task.server.send(_failed(error.code, error.message, error.hint, error.node))
        os._exit(0)

    with import_limit(first.node_folder, first.graph, give_up):
        load_node_files(first.node_folder)
    with capture_prints(LogRouter(tasks[0].reporter)) as router:
        if len(tasks) == 1:
            tasks[0].run_graph()
        else:
            _run_seed_group(tasks, router)


def _run_seed_group(tasks: Sequence[_RunTask], router: LogRouter) -> None:
    def report_speedup(speedup: float | None) -> None:
        for task in tasks:
            task.server.send(BatchMeasured(speedup))

    def run(task: _RunTask) -> None:
        router.own.reporter = task.reporter
        task.run_graph(group.train)

    group = SeedGroup(report_speedup)
    group.run_tasks([partial(run, task) for task in tasks])


def enable_faulthandler(folder: Path) -> None:
    """Have Python write its call stack to the run's folder if the process crashes."""
    with contextlib.suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
        (folder / CRASH).unlink(missing_ok=True)  # it could be a link to another file
        faulthandler.enable((folder / CRASH).open("x"), all_threads=False)


def _trace(error: RunError) -> str:
    """Return the message, with the call stack of an error in a node's own code."""
    cause = error.__cause__
    if cause is None or isinstance(cause, RunError):
        return error.message
    return f"{error.message}\n{_stack(cause, 3)}"


def _stack(error: BaseException, most: int = 8) -> str:
    """Return the innermost calls of an error, a line each, with names of files without folders."""
    frames = traceback.extract_tb(error.__traceback__)[-most:]
    return "\n".join(
        f"  {Path(frame.filename).name}, line {frame.lineno}: {frame.line}" for frame in frames
    )


def _check_preload(reporter: Reporter) -> None:
    preload = sys.modules.get("visdl.worker.preload")
    if not getattr(preload, "READY", False):
        logging.getLogger(__name__).warning("The worker process has no preload; starts are slow.")
        reporter.log("The worker process had no preload, so the start was slow.", "warning")
