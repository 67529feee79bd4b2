"""The server's side of the launcher: has it fork workers, and replaces it when it dies."""

from __future__ import annotations

import contextlib
import errno
import json
import logging
import os
import pickle
import select
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from multiprocessing.connection import Connection
from typing import Any

from visdl.nodes.contract.node_files.checks import PRELOAD
from visdl.worker.launcher import ANSWER, COMMAND, SPARE, WORKER, Target
from visdl.worker.protocol import NodeFolder

log = logging.getLogger(__name__)
_IMPORT_SECONDS = 300.0  # until a new launcher has its imports
_ANSWER_SECONDS = 5.0  # for an answer of a launcher that has them
_SILENT = "the process that starts workers did not answer"
_MOST_ENVIRONMENT = 100_000  # bytes of one variable that every system accepts
UNKNOWN = 255  # exit code of a process whose launcher was killed before it could report it


@dataclass(eq=False)
class LaunchedProcess:
    """A process that the launcher has forked; the attributes are those of multiprocessing."""

    pid: int
    status: Connection
    exitcode: int | None = None

    def join(self, timeout: float | None = None) -> None:
        """Wait until it has exited, or its launcher is dead, or for `timeout` seconds."""
        if self.exitcode is None and self.status.poll(timeout):
            data = os.read(self.status.fileno(), ANSWER.size)
            self._end(ANSWER.unpack(data)[0] if len(data) == ANSWER.size else UNKNOWN)

    def give_up(self) -> None:
        """Wait for its exit code no longer: it has exited, and its launcher does not report it."""
        if self.exitcode is None:
            self._end(UNKNOWN)

    def _end(self, code: int) -> None:
        self.exitcode = code
        self.status.close()


class _Forker:
    """The server's end of the socket of one process that forks."""

    def __init__(self, end: socket.socket) -> None:
        self._end = end
        self.pid: int | None = None  # known once it has its imports

    def order(self, order: bytes, descriptors: list[int]) -> int:
        """Send an order; return its answer. Raises OSError.

        Raises ConnectionError when the process has ended, and TimeoutError when it does not answer;
        it is killed then, so that no answer can come late.
        """
        try:
            if self.pid is None:
                self.pid = self._receive(_IMPORT_SECONDS)
            socket.send_fds(self._end, [order], descriptors)
            answer = self._receive(_ANSWER_SECONDS)
        except TimeoutError as error:
            self.kill()
            raise TimeoutError(errno.ETIMEDOUT, _SILENT) from error
        if answer < 0:
            raise OSError(-answer, os.strerror(-answer))
        return answer

    def _receive(self, seconds: float) -> int:
        self._end.settimeout(seconds)
        data = self._end.recv(ANSWER.size)
        if len(data) < ANSWER.size:
            raise ConnectionResetError(
                errno.ECONNRESET, "the process that starts workers has ended"
            )
        return int(ANSWER.unpack(data)[0])

    def has_ended(self) -> bool:
        """Return whether the process is gone: unasked it sends nothing but its process id."""
        poll = select.poll()
        poll.register(self._end, select.POLLIN)
        while poll.poll(0):
            try:
                self.pid = self._receive(0.0)
            except OSError:
                return True
        return False

    def kill(self) -> None:
        """Kill the process, if it has its imports, and close the socket."""
        if self.pid is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)  # it exists: the socket is open
        self.close()

    def close(self) -> None:
        self._end.close()


class Launcher:
    """Has worker processes forked. Used from any thread; a call may take seconds.

    It keeps two processes: one that forks, and its spare, which is a fork of it and needs no
    imports. When the first is killed, or does not answer, the second takes its place and forks a
    new spare.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._active: _Forker | None = None
        self._spare: _Forker | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._node_folder: NodeFolder | None = None

    def preload(self, node_folder: NodeFolder | None) -> None:
        """Have processes that are started from now on import these node files."""
        with self._lock:
            self._node_folder = node_folder

    def keep(self) -> None:
        """Start what is missing of the two. Raises OSError when the system does not allow it."""
        with self._lock:
            self._keep()

    def launch(
        self, target: Target, ends: Sequence[Connection], *arguments: Any
    ) -> LaunchedProcess:
        """Have `target(connections, *arguments)` run in a process. Raises OSError.

        `ends` are the process's ends of its pipes; the caller closes them afterwards.
        """
        order = pickle.dumps((target, arguments))
        with self._lock:
            try:
                process, pipe = self._launch(ends)
            except (ConnectionError, TimeoutError) as error:
                how = "does not answer" if isinstance(error, TimeoutError) else "has ended"
                log.warning("The process that starts workers %s; its spare replaces it.", how)
                process, pipe = self._launch(ends)
        with contextlib.suppress(BrokenPipeError), open(pipe, "wb") as file:  # noqa: PTH123
            file.write(order)
        return process

    def close(self) -> None:
        """End both processes; workers live on."""
        with self._lock:
            for forker in (self._active, self._spare):
                if forker is not None:
                    forker.close()
            self._active = self._spare = None
            if self._process is not None:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    self._process.wait(_ANSWER_SECONDS)
                self._process.kill()
                self._process.wait()

    def _launch(self, ends: Sequence[Connection]) -> tuple[LaunchedProcess, int]:
        """Return a new process, and the pipe from which it reads what to run."""
        self._keep()
        with contextlib.ExitStack() as theirs, contextlib.ExitStack() as ours:
            status, their_status = os.pipe()
            ours.callback(os.close, status)
            theirs.callback(os.close, their_status)
            their_order, order = os.pipe()
            ours.callback(os.close, order)
            theirs.callback(os.close, their_order)
            pid = self._order(WORKER, [their_status, their_order, *(end.fileno() for end in ends)])
            ours.pop_all()
        return LaunchedProcess(pid, Connection(status, writable=False)), order

    def _order(self, order: bytes, descriptors: list[int]) -> int:
        """Send an order to the launcher; return its answer. Raises OSError."""
        assert self._active is not None  # noqa: S101  as `_keep` has started it
        try:
            return self._active.order(order, descriptors)
        except (TimeoutError, ConnectionError):
            if self._active.pid is None and self._spare is not None:
                self._spare.close()  # it has no imports either
                self._spare = None
            self._drop()
            raise

    def _drop(self) -> None:
        if self._active is not None:
            if self._active.pid is None and self._node_folder is not None:
                log.warning("The process that starts workers does without the node files now.")
                self._node_folder = None  # one may be why; each worker process then loads them
            self._active.close()
            self._active = None

    def _keep(self) -> None:
        if self._process is not None:
            self._process.poll()  # leaves no zombie
        if self._active is not None and self._active.has_ended():
            log.warning("The process that starts workers has ended; its spare replaces it.")
            self._drop()
        if self._spare is not None and self._spare.has_ended():
            self._spare.close()
            self._spare = None
        if self._active is None and self._spare is not None:
            self._active, self._spare = self._spare, None
        if self._active is None:
            self._start()
        elif self._spare is None:
            try:
                self._order_spare()
            except (TimeoutError, ConnectionError):
                self._start()
            except OSError:  # it works without one, and the next call tries it
                return

    def _start(self) -> None:
        """Start an interpreter as the launcher, which forks its spare when it has its imports."""
        if self._process is not None:
            self._process.kill()  # it may hang
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(_ANSWER_SECONDS)
        with contextlib.ExitStack() as theirs:
            ends = []
            for _ in range(2):
                ours, end = socket.socketpair()
                theirs.enter_context(end)
                ends.append((_Forker(ours), end.fileno()))
            (self._active, active), (self._spare, spare) = ends
            arguments = [json.dumps(sys.path), str(active), str(spare)]
            preload = json.dumps(asdict(self._node_folder)) if self._node_folder else ""
            if len(preload) > _MOST_ENVIRONMENT:  # each worker process then loads them itself
                preload = ""
            try:
                self._process = subprocess.Popen(  # noqa: S603  this very interpreter
                    [sys.executable, "-c", COMMAND, *arguments],
                    pass_fds=[active, spare],
                    stdin=subprocess.DEVNULL,
                    env={**os.environ, PRELOAD: preload},
                )
            except BaseException:
                self._active.close()
                self._spare.close()
                self._active = self._spare = None
                raise

    def _order_spare(self) -> None:
        """Have the launcher fork its spare. Raises OSError."""
        ours, theirs = socket.socketpair()
        with theirs:
            try:
                self._order(SPARE, [theirs.fileno()])
            except BaseException:
                ours.close()
                raise
        self._spare = _Forker(ours)


#: One for all pools of this process, as it costs seconds to start; it ends with this process.
launcher = Launcher()
