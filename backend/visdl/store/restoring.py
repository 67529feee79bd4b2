"""Putting a backup in the place of a damaged database.

The new file is written whole under a name of its own; its renaming to `visdl.db.restored` decides.
From then on every start finishes the rest, so that it may be killed at any moment.
"""

from __future__ import annotations

import contextlib
import logging
import os
import shlex
import shutil
import time
from pathlib import Path
from typing import NamedTuple

from visdl.store.backups import Backup, newest_good, sync
from visdl.store.errors import DamagedError, StoreError
from visdl.store.integrity import check_copy, check_database

log = logging.getLogger(__name__)
_PARTS = ("", "-wal", "-shm", "-journal")


class Source(NamedTuple):
    """What can replace a damaged database; `backup` is None for the file without its log."""

    path: Path
    backup: Backup | None

    def describe(self) -> str:
        if self.backup is None:
            return "the database without its damaged log, which loses the last changes"
        date = time.strftime("%Y-%m-%d %H:%M", time.localtime(self.backup.modified))
        return f"the backup of {date} ({self.backup.bytes / 2**20:,.1f} MiB)"


def find_source(database: Path) -> Source | None:
    """Return the newest whole copy of a damaged database, or None."""
    with contextlib.suppress(StoreError, OSError):
        if _log(database).exists() and check_copy(database):
            return Source(database, None)
    backup = newest_good(database.parent)
    return Source(backup.path, backup) if backup else None


def explain_damage(database: Path, damage: DamagedError) -> DamagedError:
    """Return a damage with the sentence for the user: what it is, and what restores it."""
    found = f"The database {database} cannot be used: {damage}."
    source = find_source(database)
    if source is None:
        return DamagedError(
            f"{found} There is no backup of it. Put it back from a copy of your own, or set "
            "VISDL_DATA_DIR to another folder."
        )
    command = restore_command(database.parent)
    return DamagedError(f"{found} To restore {source.describe()}, run: {command}", restorable=True)


def restore_command(data_dir: Path) -> str:
    return f"VISDL_DATA_DIR={shlex.quote(str(data_dir))} make restore"


def restore(database: Path) -> str:
    """Replace a damaged database; return what was done as a sentence.

    The damaged file is kept beside it. Raises StoreError, with nothing changed, if the database is
    whole or nothing can replace it; OSError if the disk refuses.
    """
    finish_restore(database)
    try:
        check_database(database)
    except DamagedError as damage:
        source = find_source(database)
        if source is None:
            raise explain_damage(database, damage) from damage
    else:
        raise StoreError(f"The database {database} is not damaged. Nothing was changed.")
    description = source.describe()
    unfinished = _beside(database, ".restoring")
    _copy(source.path, unfinished)
    check_copy(unfinished)
    sync(unfinished)
    unfinished.replace(_beside(database, ".restored"))
    sync(database.parent)
    kept = finish_restore(database)
    return f"Restored {description}. The damaged file is kept as {kept}."


def finish_restore(database: Path) -> Path | None:
    """Finish a restore that was interrupted, if any; return where the damaged file is kept."""
    _beside(database, ".restoring").unlink(missing_ok=True)
    restored = _beside(database, ".restored")
    if not restored.exists():
        return None
    kept = _free_name(database)
    for part in _PARTS:
        old = _beside(database, part)
        if os.path.lexists(old):
            old.rename(_beside(kept, part))
    sync(database.parent)  # the log is gone before there is a file that it could be applied to
    restored.replace(database)
    _beside(database, ".suspect").unlink(missing_ok=True)
    sync(database.parent)
    log.warning("The database was restored. The damaged file is kept as %s.", kept)
    return kept


def _copy(source: Path, target: Path) -> None:
    needed, free = source.stat().st_size, shutil.disk_usage(target.parent).free
    if free < needed:
        raise StoreError(
            f"Nothing was restored: it needs {needed / 2**20:,.0f} MiB of free disk space, and "
            f"{free / 2**20:,.0f} MiB are free. Free some space, then run it again."
        )
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as into, source.open("rb") as data:
        shutil.copyfileobj(data, into, 2**20)


def _free_name(database: Path) -> Path:
    number = 1
    while any(os.path.lexists(_beside(database, f".damaged-{number}{part}")) for part in _PARTS):
        number += 1
    return _beside(database, f".damaged-{number}")


def _beside(database: Path, end: str) -> Path:
    return database.with_name(f"{database.name}{end}")


def _log(database: Path) -> Path:
    return _beside(database, "-wal")
