"""Only one worker process at a time works on the files of a run.

A worker outlives a server that is killed: it finishes its batch, saves and exits, while the next
server may already have started another one for the same run. If both wrote checkpoints, some of
them would match no curve.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
from filelock import FileLock, Timeout

from visdl.models.errors import RunError

PATIENCE = 60.0  # seconds that an earlier worker gets to exit, before it is killed
_CHECK_SECONDS = 0.2  # between two checks whether this worker has to exit itself
#: These names stay: a worker process of an earlier version may hold the lock.
_LOCK, _OWNER = "trainer.lock", "trainer.pid"  # words: ok


@contextlib.contextmanager
def hold_run(folder: Path, check: Callable[[], None], log: Callable[[str], None]) -> Iterator[None]:
    """Keep other workers away from a run's folder. Wait for an earlier one, then kill it.

    `check` is called while waiting, and may raise. Raises RunError when the earlier worker cannot
    be killed, and OSError.
    """
    folder.mkdir(parents=True, exist_ok=True)
    lock, owner = FileLock(folder / _LOCK), folder / _OWNER
    try:
        if not _acquire(lock, 0, check):
            message = "An earlier worker process of this run is still active"
            log(f"{message}; this one waits until it has saved and exited.")
            if not _acquire(lock, PATIENCE, check):
                _kill(owner)
                log(
                    f"The earlier worker process did not exit within {PATIENCE:g} s; it was killed."
                )
                if not _acquire(lock, PATIENCE, check):
                    raise _in_use()
        owner.write_text(_sign(psutil.Process()))
        yield
    finally:
        lock.release()


def _acquire(lock: FileLock, seconds: float, check: Callable[[], None]) -> bool:
    for _ in range(1 + round(seconds / _CHECK_SECONDS)):
        check()
        with contextlib.suppress(Timeout):
            lock.acquire(timeout=_CHECK_SECONDS if seconds else 0, poll_interval=_CHECK_SECONDS / 4)
            return True
    return False


def _sign(process: psutil.Process) -> str:
    """Identify a process by number and start time: numbers are reused."""
    return f"{process.pid} {process.create_time()}"


def _kill(owner: Path) -> None:
    with contextlib.suppress(OSError, ValueError, IndexError, psutil.Error):
        process = psutil.Process(int(owner.read_text().split()[0]))
        if _sign(process) == owner.read_text() and process.pid != os.getpid():
            process.kill()
            return
    raise _in_use()


def _in_use() -> RunError:
    message = "Another process uses the files of this run, and this machine cannot end it."
    return RunError(message, hint="End it where it runs, then resume.", code="in_use")
