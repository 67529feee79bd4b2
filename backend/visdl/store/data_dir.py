"""The data folder, which one server at a time uses.

Without torch, so that a server that cannot start reports it at once.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator
from pathlib import Path

from filelock import FileLock, Timeout

from visdl.store import KEEP_BACKUPS, DamagedError, Store
from visdl.store.backups import remove_unfinished
from visdl.store.integrity import check_database
from visdl.store.private_folder import make_private, unusable
from visdl.store.restoring import explain_damage, finish_restore, restore

log = logging.getLogger(__name__)

DATABASE = "visdl.db"
NODE_FILES = "node_files.json"  # which node files have passed their trial
STAGE = ".starter-"  # prefix of a folder in which tables are being made


class DataDirInUseError(Exception):
    """Another server uses the same data folder."""


def check_data_dir(data_dir: Path, keep_backups: int = KEEP_BACKUPS) -> None:
    """Check that a server can use this folder, and migrate its database.

    Raises DataDirInUseError, StoreError or OSError, each with a sentence for the user; DamagedError
    if a backup can help.
    """
    database = data_dir / DATABASE
    with hold(data_dir):
        finish_restore(database)
        remove_unfinished(data_dir)
        try:
            check_database(database)
            Store(database, keep_backups=keep_backups).close()
        except DamagedError as damage:
            raise explain_damage(database, damage) from damage


def restore_data_dir(data_dir: Path) -> str:
    """Replace a damaged database by the newest whole copy; return what was done.

    Raises DataDirInUseError, StoreError or OSError, with nothing changed.
    """
    with hold(data_dir):
        return restore(data_dir / DATABASE)


@contextlib.contextmanager
def hold(data_dir: Path) -> Iterator[None]:
    """Lock this data folder against other servers; create it if there is none.

    Other users of the machine cannot read it then. Raises DataFolderError or DataDirInUseError.
    """
    warning = make_private(data_dir)
    if warning:
        log.warning("%s", warning)
    lock = FileLock(data_dir / ".lock", mode=0o600)
    try:
        lock.acquire(timeout=1)
    except Timeout:
        raise DataDirInUseError(
            f"Another VisDL server uses {data_dir}. Stop it, or set VISDL_DATA_DIR."
        ) from None
    except OSError as error:
        raise unusable(data_dir, error) from error
    try:
        yield
    finally:
        lock.release()
