"""The data folder, which one server at a time uses.

Without torch, so that a server that cannot start reports it at once.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from filelock import FileLock, Timeout

from visdl.store import Store

DATABASE = "visdl.db"
NODE_FILES = "node_files.json"  # which node files have passed their trial
STAGE = ".starter-"  # prefix of a folder in which tables are being made


class DataDirInUseError(Exception):
    """Another server uses the same data folder."""


def check_data_dir(data_dir: Path) -> None:
    """Check that a server can use this folder. Raises DataDirInUseError, StoreError or OSError."""
    with hold(data_dir):
        Store(data_dir / DATABASE).close()


@contextlib.contextmanager
def hold(data_dir: Path) -> Iterator[None]:
    """Lock this data folder against other servers; create it if there is none."""
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
