"""Backups of the database: made by SQLite's own call, checked, numbered, the newest kept.

A backup is a complete database. Its number states its order, because clocks jump.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from visdl.store.errors import DamagedError, StoreError, is_damage
from visdl.store.integrity import check_copy

BACKUPS = "backups"  # folder in the data folder
Occasion = Literal["daily", "migration"]
_NAME = re.compile(r"visdl-(\d{6,})-(daily|migration)\.db")
_UNFINISHED = ".new-"
_PAGES = 512  # copied at a time: 2 MiB
_SIZE = ("page_count", "page_size")
_ENDING = "No backup of the database was made: the server is shutting down."
_SPARE_BYTES = 64 * 2**20  # that a backup leaves free on the disk


class BackupError(StoreError):
    """A backup could not be made; nothing has changed."""


@dataclass(frozen=True)
class Backup:
    path: Path
    number: int
    bytes: int
    modified: float  # by the clock at that time


def list_backups(data_dir: Path) -> list[Backup]:
    """Return the backups, the newest first."""
    found = list[Backup]()
    with contextlib.suppress(OSError):
        for path in (data_dir / BACKUPS).iterdir():
            match = _NAME.fullmatch(path.name)
            if match and path.is_file() and not path.is_symlink():
                status = path.stat()
                found.append(Backup(path, int(match[1]), status.st_size, status.st_mtime))
    return sorted(found, key=lambda backup: backup.number, reverse=True)


def remove_unfinished(data_dir: Path) -> None:
    """Remove what a server that died while it made a backup has left."""
    for path in (data_dir / BACKUPS).glob(f"{_UNFINISHED}*"):
        path.unlink(missing_ok=True)


def make_backup(
    source: sqlite3.Connection,
    data_dir: Path,
    occasion: Occasion,
    *,
    keep: int,
    stopping: Callable[[], bool] = lambda: False,
) -> Backup:
    """Copy a snapshot of the database while others read and write it; keep the newest `keep`.

    Raises BackupError, with nothing changed, if there is no room, the disk refuses, or the server
    is `stopping`; DamagedError if the copy shows that the database is damaged.
    """
    folder = data_dir / BACKUPS
    newest = next(iter(list_backups(data_dir)), None)
    number = 1 + (newest.number if newest else 0)
    target = folder / f"visdl-{number:06}-{occasion}.db"
    unfinished = folder / f"{_UNFINISHED}{target.name}"
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        _check_room(source, folder)
        try:
            _copy(source, unfinished, stopping)
            if not check_copy(unfinished, full=occasion == "daily", stopping=stopping):
                raise BackupError(_ENDING)
            sync(unfinished)
            unfinished.replace(target)
            sync(folder)
        finally:
            unfinished.unlink(missing_ok=True)
    except sqlite3.Error as error:
        if is_damage(error):
            raise DamagedError(f"SQLite reports: {error}") from error
        raise BackupError(f"No backup of the database was made: {error}.") from error
    except OSError as error:
        reason = error.strerror or str(error)
        raise BackupError(f"No backup of the database was made: {reason}.") from error
    for old in list_backups(data_dir)[max(1, keep) :]:
        with contextlib.suppress(OSError):
            old.path.unlink()
    status = target.stat()
    return Backup(target, number, status.st_size, status.st_mtime)


def newest_good(data_dir: Path) -> Backup | None:
    """Return the newest valid backup: reads it fully."""
    for backup in list_backups(data_dir):
        with contextlib.suppress(StoreError, OSError):
            check_copy(backup.path)
            return backup
    return None


def sync(path: Path) -> None:
    """Have a file or a folder written to the disk. Raises OSError."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _check_room(source: sqlite3.Connection, folder: Path) -> None:
    [pages], [size] = (source.execute(f"PRAGMA {name}").fetchone() for name in _SIZE)
    needed, free = pages * size + _SPARE_BYTES, shutil.disk_usage(folder).free
    if free < needed:
        raise BackupError(
            f"No backup of the database was made: it needs {needed / 2**20:,.0f} MiB of free disk "
            f"space, and {free / 2**20:,.0f} MiB are free. Free some space on the disk of the data "
            "folder."
        )


def _copy(source: sqlite3.Connection, path: Path, stopping: Callable[[], bool]) -> None:
    """Copy the pages of one snapshot: the read transaction keeps writes from restarting it."""

    def check(_status: int, _left: int, _all: int) -> None:
        if stopping():
            raise BackupError(_ENDING)

    path.unlink(missing_ok=True)
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    target = sqlite3.connect(path, isolation_level=None)
    try:
        # it counts only once it is renamed, so its own journal would protect nothing
        target.executescript("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;")
        source.execute("BEGIN")
        try:
            source.execute("SELECT count(*) FROM sqlite_master").fetchone()
            source.backup(target, pages=_PAGES, progress=check)
        finally:
            if source.in_transaction:
                source.execute("ROLLBACK")
    finally:
        target.close()
