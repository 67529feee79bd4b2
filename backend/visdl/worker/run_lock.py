"""One trainer at a time works on the files of a run.

A trainer outlives a server that is killed: it ends its batch, saves and leaves, while the next server may have
started another one for the same run already. Two that write checkpoints would leave some that fit no curve.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
from filelock import FileLock, Timeout

from visdl.models.errors import RunError

PATIENCE = 60.0  # seconds that an earlier trainer gets to leave, before it is ended
_LOOK = 0.2  # seconds between two looks whether this one is to leave itself


@contextlib.contextmanager
def hold_run(folder: Path, check: Callable[[], None], say: Callable[[str], None]) -> Iterator[None]:
    """Keep other trainers away from a run's folder. Waits for one that is still there, then ends it.

    `check` is called while it waits, and may raise. Raises RunError where the other one cannot be ended, OSError.
    """
    folder.mkdir(parents=True, exist_ok=True)
    lock, owner = FileLock(folder / "trainer.lock"), folder / "trainer.pid"
    try:
        if not _acquire(lock, 0, check):
            say(
                "An earlier trainer of this run is still at work; this one waits until it has saved and left."
            )
            if not _acquire(lock, PATIENCE, check):
                _end(owner)
                say(f"The earlier trainer did not leave within {PATIENCE:g} s and was ended.")
                if not _acquire(lock, PATIENCE, check):
                    raise _in_use()
        owner.write_text(_sign(psutil.Process()))
        yield
    finally:
        lock.release()


def _acquire(lock: FileLock, seconds: float, check: Callable[[], None]) -> bool:
    for _ in range(1 + round(seconds / _LOOK)):
        check()
        with contextlib.suppress(Timeout):
            lock.acquire(timeout=_LOOK if seconds else 0, poll_interval=_LOOK / 4)
            return True
    return False


def _sign(process: psutil.Process) -> str:
    """Numbers of processes are used again: one is told by its start, too."""
    return f"{process.pid} {process.create_time()}"


def _end(owner: Path) -> None:
    with contextlib.suppress(OSError, ValueError, IndexError, psutil.Error):
        process = psutil.Process(int(owner.read_text().split()[0]))
        if _sign(process) == owner.read_text() and process.pid != os.getpid():
            process.kill()
            return
    raise _in_use()


def _in_use() -> RunError:
    message = "Another process works on the files of this run, and this machine cannot end it."
    return RunError(message, hint="End it where it runs, then resume.", code="in_use")
