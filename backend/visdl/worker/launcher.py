"""The process that starts worker processes: it has imported everything, and forks one per order.

A fork takes milliseconds, where a new process would spend seconds on imports. multiprocessing's own
forkserver is not used, because it ends when the system refuses a fork, and another one would have
to import everything again. This one answers with the reason. It also forks its own spare, which
waits, so that runs can be started at once after it was killed.

Each of the two sends its own process id when it is ready. Orders come over a socket: one byte, and
descriptors. The answer is a number: the process id of the worker, or a negative errno if the system
refused it.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import selectors
import signal
import socket
import struct
import sys
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any, NoReturn

WORKER, SPARE = b"w", b"s"  # orders
ANSWER = struct.Struct("q")
MOST_DESCRIPTORS = 250  # of one order, as the kernel allows
#: Starts an interpreter as the launcher; the arguments are `sys.path` and two sockets.
#: Ctrl C in the terminal is the server's to handle.
COMMAND = (
    "import json, signal, sys; signal.signal(signal.SIGINT, signal.SIG_IGN);"
    "sys.path[:] = json.loads(sys.argv[1]); import visdl.worker.preload;"
    "from visdl.worker.launcher import main; main(int(sys.argv[2]), int(sys.argv[3]))"
)


def main(descriptor: int, spare: int) -> None:
    """Entry point of the process, after its imports: fork the spare, and serve."""
    server, other = socket.socket(fileno=descriptor), socket.socket(fileno=spare)
    with contextlib.suppress(OSError):  # refused: the server orders it again
        if os.fork() == 0:
            server, other = other, server
    other.close()
    _Launcher(server).serve()


class _Launcher:
    """Forks workers, and reports how they end."""

    def __init__(self, server: socket.socket) -> None:
        self._server = server
        self._statuses: dict[int, int] = {}  # pipe to the server, by process
        self._woken, self._wake = os.pipe()
        for end in (self._woken, self._wake):
            os.set_blocking(end, False)

    def serve(self) -> NoReturn:
        """Fork a process for each order, until the server is gone."""
        signal.signal(signal.SIGCHLD, lambda *_: None)  # so that the pipe is written to
        signal.set_wakeup_fd(self._wake, warn_on_full_buffer=False)
        selector = selectors.DefaultSelector()
        selector.register(self._server, selectors.EVENT_READ)
        selector.register(self._woken, selectors.EVENT_READ)
        with contextlib.suppress(OSError):  # the server is gone: the first order is empty
            self._server.send(ANSWER.pack(os.getpid()))
        while True:
            ready = {key.fileobj for key, _ in selector.select()}
            if self._woken in ready:
                with contextlib.suppress(BlockingIOError):
                    os.read(self._woken, 65536)
                self._report_ends()
            if self._server in ready:
                self._apply_order(selector)

    def _report_ends(self) -> None:
        with contextlib.suppress(ChildProcessError):
            while True:
                process, status = os.waitpid(-1, os.WNOHANG)
                if process == 0:
                    return
                pipe = self._statuses.pop(process, None)
                if pipe is not None:
                    with contextlib.suppress(OSError):  # nobody waits for it
                        os.write(pipe, ANSWER.pack(os.waitstatus_to_exitcode(status)))
                    os.close(pipe)

    def _apply_order(self, selector: selectors.BaseSelector) -> None:
        """Fork as ordered, and answer. The descriptors of an order belong to the new process."""
        order, descriptors = b"", list[int]()
        with contextlib.suppress(ConnectionError):
            order, descriptors, _, _ = socket.recv_fds(self._server, 1, MOST_DESCRIPTORS)
        if not order:  # the server is gone
            os._exit(0)
        try:
            process = os.fork()
        except OSError as error:
            answer = -(error.errno or 1)
            kept = None
        else:
            if process == 0:
                selector.close()
                self._become(order, descriptors)
            answer = process
            kept = descriptors[0] if order == WORKER else None
            if kept is not None:
                self._statuses[process] = kept
        for descriptor in descriptors:
            if descriptor != kept:
                os.close(descriptor)
        with contextlib.suppress(OSError):
            self._server.send(ANSWER.pack(answer))

    def _become(self, order: bytes, descriptors: list[int]) -> NoReturn:
        """Be the new process: a worker, or the spare of this launcher."""
        signal.set_wakeup_fd(-1)
        for descriptor in (self._woken, self._wake, *self._statuses.values()):
            os.close(descriptor)
        self._server.close()
        if order == SPARE:
            _Launcher(socket.socket(fileno=descriptors[0])).serve()
        code = 1
        try:  # whatever happens, it never returns to the launcher's loop
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            signal.signal(signal.SIGINT, signal.default_int_handler)
            status, order_pipe, *connections = descriptors
            os.close(status)
            with open(order_pipe, "rb") as file:  # noqa: PTH123  a descriptor
                target, arguments = pickle.load(file)  # noqa: S301  written by the server
            target([Connection(descriptor) for descriptor in connections], *arguments)
            code = 0
        except BaseException:
            sys.excepthook(*sys.exc_info())
            sys.stderr.flush()
        finally:
            os._exit(code)


#: What a worker process runs: it gets its connections, and further arguments.
Target = Callable[..., Any]
