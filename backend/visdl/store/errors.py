"""What is wrong with the database as a whole."""

from __future__ import annotations

import sqlite3

_DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


class StoreError(Exception):
    """The database cannot be used: it is from a newer VisDL, damaged, or closed."""


class DamagedError(StoreError):
    """The file of the database is damaged or is not a database.

    `restorable`: it is known that a whole copy can replace it.
    """

    def __init__(self, message: str, *, restorable: bool = False) -> None:
        super().__init__(message)
        self.restorable = restorable


def is_damage(error: BaseException) -> bool:
    """Return whether SQLite met a damaged page or a file that is not a database."""
    code = getattr(error, "sqlite_errorcode", None)
    return isinstance(error, sqlite3.DatabaseError) and code is not None and code & 0xFF in _DAMAGED
