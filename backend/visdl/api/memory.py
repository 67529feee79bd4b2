"""Gives memory back to the system that large requests have used and freed."""

from __future__ import annotations

import contextlib
import ctypes

import psutil
import pyarrow as pa

from visdl.housekeeping.background import BackgroundThread

_SECONDS = 5.0
_REPEATED = 12  # looks after which what was in use at the last release is released too
_GROWN = 32 * 2**20  # bytes by which the process has grown before anything is done


def release_memory() -> None:
    """Return what is free to the system: allocators keep it for later."""
    pa.default_memory_pool().release_unused()
    with contextlib.suppress(OSError, AttributeError, TypeError):  # a system without glibc
        ctypes.CDLL(None).malloc_trim(0)


class MemoryKeeper(BackgroundThread):
    """Looks at the size of this process in a thread, and releases memory when it has grown.

    While it is larger than it was at its smallest, this is repeated: a release in the middle of a
    request frees nothing of it.
    """

    def __init__(self) -> None:
        super().__init__("memory")
        self._process = psutil.Process()
        self._smallest = self._released = self._process.memory_info().rss

    def _loop(self) -> None:
        looks = 0
        while not self._closing.wait(_SECONDS):
            looks += 1
            size = self._process.memory_info().rss
            known = self._smallest if looks % _REPEATED == 0 else self._released
            if size > known + _GROWN:
                release_memory()
                size = self._released = self._process.memory_info().rss
            self._released = min(self._released, size)
            self._smallest = min(self._smallest, size)
