"""Put the newest backup in the place of a damaged database: make restore."""

from __future__ import annotations

import sys

from visdl.config import Settings
from visdl.store import DamagedError, StoreError
from visdl.store.data_dir import DataDirInUseError, check_data_dir, restore_data_dir

_YES = frozenset({"y", "yes"})


def open_data_dir(settings: Settings) -> None:
    """Check the data folder; in a terminal, offer to restore a damaged database.

    Raises DataDirInUseError, StoreError or OSError, each with a sentence for the user.
    """
    try:
        check_data_dir(settings.data_dir, settings.backups)
    except DamagedError as damage:
        if not (damage.restorable and sys.stdin.isatty() and sys.stderr.isatty()):
            raise
        print(damage, file=sys.stderr)
        print("Restore it now? The damaged file is kept. [y/N] ", end="", file=sys.stderr)
        sys.stderr.flush()
        if sys.stdin.readline().strip().lower() not in _YES:
            raise
        print(restore_data_dir(settings.data_dir), file=sys.stderr)
        check_data_dir(settings.data_dir, settings.backups)


def main() -> int:
    """Restore the database of the data folder; return the exit code."""
    try:
        print(restore_data_dir(Settings().data_dir))
    except (DataDirInUseError, StoreError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
