"""Everything that is stored, in one SQLite database. Only the server process opens it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from visdl.store.backups import Backup
from visdl.store.blocks import BlockTable
from visdl.store.database import Database
from visdl.store.datasets import DatasetTable
from visdl.store.errors import DamagedError, StoreError
from visdl.store.events import EventTable
from visdl.store.graphs import GraphTable
from visdl.store.run_bulk import RunBulkTable
from visdl.store.run_list import RunListTable
from visdl.store.studies import StudyTable

__all__ = ["DamagedError", "Store", "StoreError"]
KEEP_BACKUPS = 3


class Store(
    DatasetTable, GraphTable, BlockTable, RunBulkTable, RunListTable, EventTable, StudyTable
):
    """All tables in one object.

    Every method may be called from any thread. A write that has returned is on the disk.
    """

    def __init__(self, path: Path, *, keep_backups: int = KEEP_BACKUPS) -> None:
        """Open the database, or create it; an older one is backed up, then migrated.

        Raises StoreError if this version cannot use it.
        """
        self._db = Database(path, keep_backups=keep_backups)

    def close(self) -> None:
        self._db.close()

    def backup(self, stopping: Callable[[], bool] = lambda: False) -> Backup:
        """Make a checked backup while others read and write. Raises StoreError with the reason."""
        return self._db.backup(stopping)

    def explain_damage(self) -> str | None:
        """Return what the user does about a database found to be damaged; None if none is known."""
        if self._db.damage is None:
            return None
        return (
            f"The database is damaged ({self._db.damage}). Stop VisDL and start it again: "
            "the start offers the newest backup."
        )

    def compact(self) -> int:
        """Free the space of deleted records; return its bytes. Raises StoreError."""
        return self._db.compact()

    def spare_bytes(self) -> int:
        """Return the least number of bytes that `compact` frees."""
        return self._db.spare_bytes()

    def flag(self, key: str) -> bool:
        """Return True the first time for a key, later False: once per data folder."""
        return self._db.write(
            lambda db: db.execute("INSERT OR IGNORE INTO flags VALUES (?)", (key,)).rowcount == 1
        )
