"""Tries node files in processes of their own, side by side, before this process imports them."""

from __future__ import annotations

import contextlib
import os
import re
import selectors
import signal
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from pydantic import ValidationError

from visdl.models.diagnostics import Diagnostic
from visdl.nodes.contract.node_files.child import try_file
from visdl.nodes.contract.node_files.global_state import GlobalState
from visdl.nodes.contract.node_files.limits import Limits
from visdl.nodes.contract.node_files.reading import NodeFile, why_not

_MOST = 64  # processes at a time, of which most only wait
_YOUNG_SECONDS = 1.0  # how long a process counts as one that computes
_GRACE = 2.0  # seconds for a process that is over its time, to write where it is
_BUSY_MACHINE = 15  # times the limit of a file that a process may last, with its waits
_MOST_OVERDUE = 4 * _MOST  # files that used up their time, after which no further one is tried
_MOST_ANSWER = 2**20
_SLOW = "Shorten what it does while it is imported, or raise VISDL_NODE_FILE_SECONDS."
_RESTART = "Restart VisDL when it allows more processes and files."
_CRASH = "Remove what ends the process while the file is imported."

Load = Callable[[NodeFile], None]
NodeTypes = Callable[[], Mapping[str, object]]


def try_files(
    files: Sequence[NodeFile], load: Load, node_types: NodeTypes, limits: Limits
) -> dict[Path, Diagnostic]:
    """Return why files cannot be used, by path; those that can are left out.

    Takes at most a few times the limit of one file, however many there are. The time in which a
    file waits for a processor does not count. `load` imports a file and raises what it raises; it
    is called in forks of this process. Without fork, all pass.
    """
    if not hasattr(os, "fork"):
        return {}
    trial = _Trial(load, node_types, limits)
    found = trial.run(files)
    for file in files:
        # of files that were tried side by side, another one may have changed the folder
        blamed = file.path in found and "node file" in found[file.path].message
        if blamed and not trial.run([file]):
            del found[file.path]
    return found


@dataclass
class _Process:
    file: NodeFile
    pid: int
    answer: int
    dump: IO[bytes]
    started: float = field(default_factory=time.monotonic)
    data: bytearray = field(default_factory=bytearray)

    @property
    def age(self) -> float:
        """Seconds since its start."""
        return time.monotonic() - self.started

    @property
    def used(self) -> float:
        """Seconds in which it did not wait for a processor, where the system knows them."""
        waited = 0
        with contextlib.suppress(OSError, ValueError, IndexError):
            text = Path(f"/proc/{self.pid}/schedstat").read_text(encoding="ascii")
            waited = int(text.split()[1])
        return self.age - waited / 1e9


class _Trial:
    def __init__(self, load: Load, node_types: NodeTypes, limits: Limits) -> None:
        self._load = load
        self._node_types = node_types
        self._limits = limits
        self._overdue = 0
        self._computing = max(2, os.cpu_count() or 1)
        self._processes: list[_Process] = []

    def run(self, files: Sequence[NodeFile]) -> dict[Path, Diagnostic]:
        """Try files of one folder."""
        found, waiting = dict[Path, Diagnostic](), list(files)[::-1]
        self._state = GlobalState(files[0].path.parent, self._node_types)
        with selectors.DefaultSelector() as selector:
            try:
                while waiting or self._processes:
                    while waiting and self._has_room():
                        file = waiting.pop()
                        try:
                            self._start(file, selector)
                        except OSError as error:
                            reason = f"The system allows no process to try it: {error.strerror}."
                            found[file.path] = why_not(file.path, reason, _RESTART)
                    if self._overdue >= _MOST_OVERDUE:
                        found.update({file.path: self._not_tried(file) for file in waiting})
                        waiting.clear()
                    for process in self._wait(selector):
                        selector.unregister(process.answer)
                        verdict = self._finish(process)
                        if verdict is not None:
                            found[process.file.path] = verdict
            finally:
                for process in list(self._processes):
                    self._finish(process)
        return found

    def _has_room(self) -> bool:
        young = sum(process.used < _YOUNG_SECONDS for process in self._processes)
        return young < self._computing and len(self._processes) < _MOST

    def _start(self, file: NodeFile, selector: selectors.BaseSelector) -> None:
        with contextlib.ExitStack() as opened:
            ours, theirs = os.pipe()
            opened.callback(os.close, theirs)
            opened.callback(os.close, ours)
            dump = opened.enter_context(tempfile.TemporaryFile())
            with warnings.catch_warnings():  # threads of NumPy's libraries survive a fork
                warnings.simplefilter("ignore", DeprecationWarning)
                pid = os.fork()
            opened.pop_all()
        if pid == 0:
            try:
                try_file(file, self._load, self._state, self._limits, theirs, dump)
            finally:
                os._exit(1)
        os.close(theirs)
        process = _Process(file, pid, ours, dump)
        self._processes.append(process)
        selector.register(ours, selectors.EVENT_READ, process)

    def _wait(self, selector: selectors.BaseSelector) -> Iterator[_Process]:
        """Yield the processes that have ended, or that have to."""
        for key, _ in selector.select(timeout=0.2):
            process: _Process = key.data
            data = os.read(process.answer, 65536)
            process.data += data
            if not data or len(process.data) > _MOST_ANSWER:
                yield process
        for process in list(self._processes):
            if self._is_over(process) or _has_exited(process.pid):
                yield process  # a process of its own may still hold the pipe

    def _finish(self, process: _Process) -> Diagnostic | None:
        """End a process with all that it started, and return why its file cannot be used."""
        self._processes.remove(process)
        is_over = self._is_over(process) and not _has_exited(process.pid)
        if is_over:
            self._overdue += 1
            _ask_for_stack(process.pid, process.dump)
        else:  # its pipe is closed: it is about to exit
            _wait_for_exit(process.pid)
        status = _kill(process.pid)
        os.set_blocking(process.answer, False)
        with contextlib.suppress(BlockingIOError):
            process.data += os.read(process.answer, _MOST_ANSWER)
        os.close(process.answer)
        with process.dump as dump:
            dump.seek(0)
            stack = dump.read(2**20).decode("utf-8", "replace")
        with contextlib.suppress(ValidationError, ValueError):
            if status == 0:
                text = bytes(process.data)
                return None if text == b"{}" else Diagnostic.model_validate_json(text)
        line = _line(stack, process.file.path)
        if is_over:
            message = f"Its import did not end within {self._limits.seconds:g} seconds."
            return why_not(process.file.path, message, _SLOW, line)
        message = f"Its import ends the process: {_how(status)}."
        return why_not(process.file.path, message, _CRASH, line)

    def _is_over(self, process: _Process) -> bool:
        seconds = self._limits.seconds
        return process.used > seconds or process.age > _BUSY_MACHINE * seconds

    def _not_tried(self, file: NodeFile) -> Diagnostic:
        message = "It was not imported, because other node files used up the time for all of them."
        return why_not(file.path, message, "Repair or remove those that take too long.")


def _ask_for_stack(pid: int, dump: IO[bytes]) -> None:
    """Have a process that hangs write where it is."""
    os.kill(pid, signal.SIGUSR1)
    end = time.monotonic() + _GRACE
    while os.fstat(dump.fileno()).st_size == 0 and time.monotonic() < end:
        time.sleep(0.01)


def _wait_for_exit(pid: int) -> None:
    """Wait a moment until a child has exited, and leave it to be reaped."""
    end = time.monotonic() + _GRACE
    while not _has_exited(pid) and time.monotonic() < end:
        time.sleep(0.002)


def _has_exited(pid: int) -> bool:
    return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def _kill(pid: int) -> int:
    """Kill a child and its session; return its exit code, negative for a signal."""
    for kill, target in ((os.killpg, pid), (os.kill, pid)):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            kill(target, signal.SIGKILL)
    _, status = os.waitpid(pid, 0)
    return os.waitstatus_to_exitcode(status)


def _how(code: int) -> str:
    if code < 0:
        return f"it was killed by {signal.Signals(-code).name}"
    return f"it exits with code {code}"


def _line(stack: str, path: Path) -> int | None:
    """Return the innermost line of a file in a call stack that faulthandler wrote."""
    found = re.search(rf'File "{re.escape(str(path))}", line (\d+)', stack)
    return int(found[1]) if found else None
