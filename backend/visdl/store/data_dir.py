"""The data folder, used by one server at a time. Without torch, so that errors appear at once."""

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
    """Raise DataDirInUseError, StoreError or OSError if a server cannot start on this folder."""
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
