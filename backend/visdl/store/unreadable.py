"""Records that cannot be read: damaged, or of a newer VisDL. One of them never hides the others."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from typing import TypeVar

from visdl.models.errors import UnreadableError

log = logging.getLogger(__name__)
T = TypeVar("T")
HINT = "Delete it; the newest backup of the database may still have it."
#: What reading a stored record raises: no JSON, a missing field, a value that is not known.
READ_ERRORS = (ValueError, TypeError, KeyError, IndexError)


def unreadable(kind: str, record_id: str) -> UnreadableError:
    return UnreadableError(describe(kind, record_id), hint=HINT)


def describe(kind: str, record_id: str) -> str:
    """Return what is wrong with a record, as a sentence."""
    return (
        f"The record of {kind} '{record_id[:100]}' cannot be read: it is damaged, "
        "or a newer VisDL wrote it."
    )


def readable(
    kind: str, rows: Iterable[sqlite3.Row], read: Callable[[sqlite3.Row], T]
) -> Iterator[T]:
    """Yield what can be read of rows with an `id`; the log names each of the others once."""
    for row in rows:
        try:
            yield read(row)
        except UnreadableError as error:
            log_once(error.message)
        except READ_ERRORS:
            log_once(describe(kind, row["id"]))


@lru_cache(maxsize=1000)
def log_once(sentence: str) -> None:
    log.error("%s Lists leave it out, or show that it cannot be read.", sentence)


def extract(column: str, path: str) -> str:
    """Return SQL for a value in a JSON column: NULL where the column is not JSON."""
    return f"CASE WHEN json_valid({column}) THEN json_extract({column}, {path}) END"
