"""The process that tries one node file: it imports the file and reports what it did."""

from __future__ import annotations

import contextlib
import faulthandler
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import IO, NoReturn

from visdl.models.diagnostics import Diagnostic
from visdl.nodes.contract.node_files.global_state import GlobalState
from visdl.nodes.contract.node_files.limits import Limits
from visdl.nodes.contract.node_files.reading import NodeFile, diagnose, why_not

_MOVE = (
    "Move it into the node's methods (build, execute) and undo it there, or remove it. "
    "A node file only defines nodes."
)
_LATER = "Start it in the node's methods (build, execute), not while the file is imported."


def try_file(
    file: NodeFile,
    load: Callable[[NodeFile], None],
    state: GlobalState,
    limits: Limits,
    answer: int,
    dump: IO[bytes],
) -> NoReturn:
    """Import a file, write its diagnostic or nothing to the pipe `answer`, and exit with code 0.

    `state` was read before the fork. `dump` gets the call stack when the process crashes, or at the
    signal SIGUSR1.
    """
    code = 1
    try:
        _isolate(limits, answer, dump)
        state.begin()
        pid = os.getpid()
        found = _import(file, load, state)
        if os.getpid() != pid:  # the file has forked: the other one answers
            os._exit(0)
        text = b"{}" if found is None else found.model_dump_json().encode()
        os.write(answer, text)
        code = 0
    finally:  # no handler of the file runs at the exit
        os._exit(code)


def _import(
    file: NodeFile, load: Callable[[NodeFile], None], state: GlobalState
) -> Diagnostic | None:
    try:
        load(file)
    except MemoryError:
        message = "Its import needs more memory than VISDL_NODE_FILE_MB allows."
        return why_not(file.path, message, "Read large data in a node's methods, or raise it.")
    except BaseException as error:  # also SystemExit: a file may raise anything
        return diagnose(file.path, error)
    if activity := state.find_activity():
        message = f"Its import {' and '.join(activity)}."
        return why_not(file.path, message, _LATER)
    if changes := state.find_changes():
        more = f" and {len(changes) - 3} more" if len(changes) > 3 else ""
        message = f"Its import changes {', '.join(changes[:3])}{more}, also for all other nodes."
        return why_not(file.path, message, _MOVE)
    return None


def _isolate(limits: Limits, answer: int, dump: IO[bytes]) -> None:
    """Give the process a session, descriptors and limits of its own."""
    import resource  # noqa: PLC0415  only where processes can be forked

    os.setsid()
    nothing = os.open(os.devnull, os.O_RDWR)
    silent, other = os.pipe()  # both ends stay open: to read it is to wait until the time is over
    os.dup2(silent, 0)
    for descriptor in (1, 2):
        os.dup2(nothing, descriptor)
    sys.stdout = os.fdopen(1, "w", closefd=False)
    sys.stderr = os.fdopen(2, "w", closefd=False)
    kept = sorted({answer, dump.fileno(), other})
    for first, last in zip([2, *kept], [*kept, os.sysconf("SC_OPEN_MAX")], strict=True):
        os.closerange(first + 1, last)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGCHLD):
        signal.signal(number, signal.SIG_DFL)
    signal.set_wakeup_fd(-1)
    sys.settrace(None)
    faulthandler.enable(dump, all_threads=False)
    faulthandler.register(signal.SIGUSR1, dump, all_threads=False)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with contextlib.suppress(OSError, ValueError):  # where the kernel reports how much it has
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[5])
        most = pages * resource.getpagesize() + limits.memory
        resource.setrlimit(resource.RLIMIT_DATA, (most, most))
    with contextlib.suppress(OSError):  # if memory runs out, kill this one
        Path("/proc/self/oom_score_adj").write_text("1000", encoding="ascii")
