"""The data folder, on which one server at a time works. Without torch: who cannot start is to say so at once."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from filelock import FileLock, Timeout

from visdl.store import Store

DATABASE = "visdl.db"
STAGE = ".starter-"  # begins the name of a folder in which tables are being made


class DataDirInUseError(Exception):
    """Another server works on the same data folder."""


def check_data_dir(data_dir: Path) -> None:
    """Whether a server can start on this data folder. Raises DataDirInUseError, StoreError or OSError."""
    with hold(data_dir):
        Store(data_dir / DATABASE).close()


@contextlib.contextmanager
def hold(data_dir: Path) -> Iterator[None]:
    """Keep other servers away from this data folder, which is made where there is none."""
    data_dir.mkdir(parents=True, exist_ok=True)
    lock = FileLock(data_dir / ".lock")
    try:
        lock.acquire(timeout=1)
    except Timeout:
        raise DataDirInUseError(
            f"Another VisDL server uses {data_dir}. Stop it, or set VISDL_DATA_DIR."
        ) from None
    try:
        yield
    finally:
        lock.release()
