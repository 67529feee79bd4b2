"""Whether the file of the database is whole, before SQLite opens it for writing.

SQLite answers some damage by making it worse: it deletes the log beside an empty file, and rolls
the journal of any other database back into this one. So the file is looked at first.
"""

from __future__ import annotations

import logging
import math
import os
import sqlite3
import stat
import threading
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

from visdl.models.ids import is_id
from visdl.store.errors import DamagedError, StoreError, is_damage
from visdl.store.migrations import MIGRATIONS

log = logging.getLogger(__name__)
_MAGIC = b"SQLite format 3\x00"
_WAL_FORMAT = b"\x02\x02"  # at byte 18 of a database with a write-ahead log
_START_SECONDS = 3.0  # about 2 GB; the daily backup is checked without a limit
_MOST_VERSIONS = 1000  # a greater number comes from damage
_WATCH_SECONDS = 0.1  # between two looks at whether a check is to stop
#: Beside the database: damage was met while the server ran, so the next check has no limit.
SUSPECT = "visdl.db.suspect"


def check_database(path: Path) -> None:
    """Check the file and its log; a missing one is right only in a folder without runs.

    Raises DamagedError, or StoreError if this server cannot use it.
    """
    if _is_missing(path):
        if holds_data(path.parent):
            raise DamagedError("it is missing")
        return
    _check_access(path)
    _check_header(path)
    _move_foreign_journal(path)
    suspect = path.with_name(SUSPECT)
    deadline = math.inf if suspect.exists() else time.monotonic() + _START_SECONDS
    _check_content(path, log_too=True, stopping=lambda: time.monotonic() > deadline)
    suspect.unlink(missing_ok=True)


def check_copy(
    path: Path, *, full: bool = False, stopping: Callable[[], bool] = lambda: False
) -> bool:
    """Check a database that nothing writes, without its log. Raises DamagedError.

    `full` compares the indexes with the tables too. Returns False if it was stopped.
    """
    _check_header(path)
    return _check_content(path, log_too=False, stopping=stopping, full=full)


def holds_data(folder: Path) -> bool:
    """Return whether a data folder has runs, tables or backups."""
    if any((folder / "backups").glob("visdl-*.db")):
        return True
    return any(
        is_id(entry.name) for kind in ("runs", "datasets") for entry in _entries(folder / kind)
    )


def newer_version(path: Path, version: int) -> StoreError:
    return StoreError(
        f"A newer VisDL wrote {path} (schema {version}; this one knows {len(MIGRATIONS)}). "
        "Install the newer one, or set VISDL_DATA_DIR to another folder."
    )


def _entries(folder: Path) -> list[Path]:
    try:
        return list(folder.iterdir())
    except OSError:
        return []


def _is_missing(path: Path) -> bool:
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        return True
    except OSError as error:
        raise StoreError(f"{path} cannot be read ({error.strerror}).") from error
    if stat.S_ISDIR(mode):
        raise DamagedError("it is a folder")
    if not stat.S_ISREG(mode):
        raise DamagedError("it is not a file")
    if path.stat().st_size:
        return False
    if holds_data(path.parent) or path.with_name(f"{path.name}-wal").exists():
        raise DamagedError("it is empty")
    return True


def _check_access(path: Path) -> None:
    files = (path, *(path.with_name(f"{path.name}-{end}") for end in ("wal", "shm")))
    for file in (*(file for file in files if file.exists()), path.parent):
        if not os.access(file, os.R_OK | os.W_OK):
            raise StoreError(
                f"{file} cannot be written. Make it writable (chmod u+rw), or set VISDL_DATA_DIR "
                "to another folder."
            )


def _check_header(path: Path) -> None:
    with path.open("rb") as file:
        start = file.read(100)
    if start.startswith(_MAGIC) and len(start) == 100:
        return
    raise DamagedError(
        "it begins with zeros"
        if not any(start)
        else "it is cut off"
        if _MAGIC.startswith(start[:16]) and len(start) < 100
        else "it is not a database"
    )


def _move_foreign_journal(path: Path) -> None:
    """Move a rollback journal away: this database has none, so it belongs to another one."""
    journal = path.with_name(f"{path.name}-journal")
    if not journal.exists():
        return
    with path.open("rb") as file:
        own = file.read(20)[18:] != _WAL_FORMAT
    if not own:
        kept = journal.with_name(f"{journal.name}.foreign")
        journal.replace(kept)
        log.warning("%s belongs to another database and was moved to %s.", journal, kept.name)


def _check_content(
    path: Path, *, log_too: bool, stopping: Callable[[], bool], full: bool = False
) -> bool:
    """Check pages, version and tables; return False if it was stopped before it knew all."""
    mode = "mode=ro" if log_too else "mode=ro&immutable=1"
    try:
        connection = sqlite3.connect(
            f"file:{quote(str(path))}?{mode}", uri=True, isolation_level=None, timeout=30,
            check_same_thread=False,
        )  # fmt: skip
        try:
            version = connection.execute("PRAGMA user_version").fetchone()[0]
            if len(MIGRATIONS) < version < _MOST_VERSIONS:
                raise newer_version(path, version)
            checked = _check_pages(connection, stopping, full=full)
            _check_tables(connection, version, path.parent)
        finally:
            connection.close()
    except sqlite3.Error as error:
        if is_damage(error) or getattr(error, "sqlite_errorcode", 0) == sqlite3.SQLITE_ERROR:
            raise DamagedError(f"SQLite reports: {error}") from error
        raise StoreError(
            f"{path} cannot be opened ({error}). End what else uses it, or set VISDL_DATA_DIR."
        ) from error
    return checked


def _check_pages(
    connection: sqlite3.Connection, stopping: Callable[[], bool], *, full: bool
) -> bool:
    """Check every page, or return False once it is `stopping`. Raises DamagedError."""
    done = threading.Event()

    def watch() -> None:
        while not done.wait(_WATCH_SECONDS):
            if stopping():
                connection.interrupt()

    watcher = threading.Thread(target=watch, name="check of the database", daemon=True)
    watcher.start()
    try:
        pragma = "integrity_check" if full else "quick_check"
        rows = connection.execute(f"PRAGMA {pragma}(1)").fetchall()
    except sqlite3.OperationalError:
        if not stopping():
            raise
        return False
    finally:
        done.set()
        watcher.join()
    finding = str(rows[0][0])
    if finding != "ok":
        raise DamagedError(f"SQLite reports: {finding.splitlines()[-1]}")
    return True


def _check_tables(connection: sqlite3.Connection, version: int, folder: Path) -> None:
    if not 0 <= version < _MOST_VERSIONS:
        raise DamagedError(f"its version is {version}")
    found = _tables(connection)
    if version == 0:
        if found:
            raise DamagedError("it is the database of another program")
        if holds_data(folder):
            raise DamagedError("it has no tables")
        return
    with sqlite3.connect(":memory:", isolation_level=None) as empty:
        for script in MIGRATIONS[:version]:
            empty.executescript(script)
        missing = sorted(_tables(empty) - found)
    empty.close()
    if missing:
        raise DamagedError(f"its table '{missing[0]}' is missing")


def _tables(connection: sqlite3.Connection) -> set[str]:
    rows = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
    return {row[0] for row in rows if not row[0].startswith("sqlite_")}
