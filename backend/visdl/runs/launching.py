"""The server's side of the launcher: has it fork workers, and replaces it when it dies."""

from __future__ import annotations

import contextlib
import errno
import json
import logging
import os
import pickle
import select
import socket
import subprocess
import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

from visdl.worker.launcher import ANSWER, COMMAND, SPARE, WORKER, Target

log = logging.getLogger(__name__)
_ANSWER_SECONDS = 300.0  # for an answer of a launcher that may still import
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
            self.exitcode = ANSWER.unpack(data)[0] if len(data) == ANSWER.size else UNKNOWN
            self.status.close()


class Launcher:
    """Has worker processes forked. Used from any thread.

    It keeps two processes: one that forks, and its spare, which is a fork of it and needs no
    imports. When the first is killed, the second takes its place and forks a new spare.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._active: socket.socket | None = None
        self._spare: socket.socket | None = None
        self._process: subprocess.Popen[bytes] | None = None

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
                return self._launch(ends, order)
            except ConnectionError:  # it has just died: its spare replaces it
                return self._launch(ends, order)

    def _launch(self, ends: Sequence[Connection], order: bytes) -> LaunchedProcess:
        self._keep()
        status, their_status = os.pipe()
        try:
            pid = self._order_worker(their_status, ends, order)
        except BaseException:
            os.close(status)
            raise
        finally:
            os.close(their_status)
        return LaunchedProcess(pid, Connection(status, writable=False))

    def close(self) -> None:
        """End both processes; workers live on."""
        with self._lock:
            for end in (self._active, self._spare):
                if end is not None:
                    end.close()
            self._active = self._spare = None
            if self._process is not None:
                self._process.wait()

    def _order_worker(self, status: int, ends: Sequence[Connection], order: bytes) -> int:
        """Return the process id of a new worker."""
        theirs, ours = os.pipe()
        try:
            pid = self._order(WORKER, [status, theirs, *(end.fileno() for end in ends)])
        except BaseException:
            os.close(ours)
            raise
        finally:
            os.close(theirs)
        with contextlib.suppress(BrokenPipeError), open(ours, "wb") as file:  # noqa: PTH123
            file.write(order)
        return pid

    def _order(self, order: bytes, descriptors: list[int]) -> int:
        """Send an order to the launcher; return its answer. Raises OSError."""
        assert self._active is not None  # noqa: S101  as `_keep` has started it
        try:
            socket.send_fds(self._active, [order], descriptors)
            data = self._active.recv(ANSWER.size)
        except (TimeoutError, ConnectionError):
            self._drop()
            raise
        if len(data) < ANSWER.size:
            self._drop()
            raise ConnectionResetError(
                errno.ECONNRESET, "the process that starts workers has ended"
            )
        answer: int = ANSWER.unpack(data)[0]
        if answer < 0:
            raise OSError(-answer, os.strerror(-answer))
        return answer

    def _drop(self) -> None:
        if self._active is not None:
            self._active.close()
            self._active = None

    def _keep(self) -> None:
        if self._process is not None:
            self._process.poll()  # leaves no zombie
        if self._active is not None and _is_closed(self._active):
            log.warning("The process that starts workers has ended; its spare replaces it.")
            self._drop()
        if self._spare is not None and _is_closed(self._spare):
            self._spare.close()
            self._spare = None
        if self._active is None and self._spare is not None:
            self._active, self._spare = self._spare, None
        if self._active is None:
            self._start()
        elif self._spare is None:
            with contextlib.suppress(OSError):  # it works without one, and the next call tries it
                self._order_spare()

    def _start(self) -> None:
        """Start an interpreter as the launcher, which forks its spare when it has its imports."""
        with contextlib.ExitStack() as theirs:
            ends = []
            for _ in range(2):
                ours, end = socket.socketpair()
                theirs.enter_context(end)
                ours.settimeout(_ANSWER_SECONDS)
                ends.append((ours, end.fileno()))
            (self._active, active), (self._spare, spare) = ends
            arguments = [json.dumps(sys.path), str(active), str(spare)]
            try:
                self._process = subprocess.Popen(  # noqa: S603  this very interpreter
                    [sys.executable, "-c", COMMAND, *arguments],
                    pass_fds=[active, spare],
                    stdin=subprocess.DEVNULL,
                )
            except BaseException:
                self._active.close()
                self._spare.close()
                self._active = self._spare = None
                raise

    def _order_spare(self) -> None:
        """Have the launcher fork its spare."""
        ours, theirs = socket.socketpair()
        with theirs:
            ours.settimeout(_ANSWER_SECONDS)
            try:
                self._order(SPARE, [theirs.fileno()])
            except BaseException:
                ours.close()
                raise
        self._spare = ours


#: One for all pools of this process, as it costs seconds to start; it ends with this process.
launcher = Launcher()


def _is_closed(end: socket.socket) -> bool:
    """Return whether the process at the other end is gone: nothing else is sent unasked."""
    poll = select.poll()
    poll.register(end, select.POLLIN)
    return bool(poll.poll(0))
