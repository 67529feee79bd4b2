"""What the operating system refuses for now: it is retried with back-off, and nothing fails."""

from __future__ import annotations

import errno
import logging
import os
import sqlite3
import time

from visdl.models.error_texts import without_folders

log = logging.getLogger(__name__)
_FIRST_SECONDS, _MOST_SECONDS = 0.25, 5.0  # between two tries
_REMEDIES = {
    errno.EMFILE: "Close connections, or raise the limit of open files (ulimit -n).",
    errno.ENFILE: "Close other programs, or raise the limit of open files of this machine.",
    errno.EAGAIN: "End other programs, or raise the limit of processes (ulimit -u).",
    errno.ENOMEM: "End other programs, so that memory gets free.",
    errno.ENOSPC: "Free some space on the disk of the data folder.",
    errno.EDQUOT: "Free some space in the data folder.",
    errno.EROFS: "Make the data folder writable.",
    errno.EACCES: "Make the data folder writable.",
}
_RESTART = "Stop VisDL and start it again: the start offers the newest backup."
#: By what SQLite states: the reason in plain words, and the remedy.
_STORE_REASONS = {
    "disk image is malformed": ("the database is damaged", _RESTART),
    "is not a database": ("the database is damaged", _RESTART),
    "disk is full": ("the disk is full", _REMEDIES[errno.ENOSPC]),
    "readonly": ("the data folder cannot be written", _REMEDIES[errno.EROFS]),
    "locked": ("another program has locked the database", "Close what else uses visdl.db."),
    "unable to open": ("the database cannot be opened", _REMEDIES[errno.EMFILE]),
    "disk I/O error": ("the disk refuses to write", "Check the disk of the data folder."),
}


def is_system_error(error: BaseException) -> bool:
    """Return whether the operating system or the disk caused an error, not a run or a bug."""
    if isinstance(error, sqlite3.Error):
        return isinstance(error, sqlite3.OperationalError) or type(error) is sqlite3.DatabaseError
    return isinstance(error, OSError | EOFError | MemoryError)


def has_remedy(error: BaseException) -> bool:
    """Return whether the system refused something, and it is known what helps."""
    return is_system_error(error) and bool(explain(error)[1])


def explain(error: BaseException) -> tuple[str, str]:
    """Return why something was refused, as the end of a sentence, and the remedy if known."""
    if isinstance(error, sqlite3.Error):
        known = (found for text, found in _STORE_REASONS.items() if text in str(error))
        return next(known, (without_folders(str(error)), ""))
    if isinstance(error, MemoryError):
        return "there is no memory", _REMEDIES[errno.ENOMEM]
    if isinstance(error, OSError) and error.errno is not None:
        return error.strerror or os.strerror(error.errno), _REMEDIES.get(error.errno, "")
    return without_folders(str(error)) or "the process that starts workers has ended", ""


class Obstacle:
    """One kind of thing that the operating system refuses, from the first time until it works.

    It is logged when it begins and when it ends, not with every try. Only one thread changes it;
    any thread may read `sentence`.
    """

    def __init__(self, what: str, *, after: str) -> None:
        """`what` begins the sentence; `after` is logged when it works again."""
        self._what = what
        self._after = after
        self._since: float | None = None
        self._next_try = 0.0
        self._delay = _FIRST_SECONDS
        self.sentence: str | None = None
        self.reason = ""

    @property
    def seconds(self) -> float:
        """How long it has lasted; 0 while there is none."""
        return 0.0 if self._since is None else time.monotonic() - self._since

    @property
    def seconds_until_try(self) -> float:
        """In how many seconds the next try is due."""
        return max(0.0, self._next_try - time.monotonic()) if self.sentence else 0.0

    def note(self, error: BaseException) -> None:
        """Note that it was refused, and when the next try is due."""
        now = time.monotonic()
        self.reason, remedy = explain(error)
        begun = self._since is None
        if self._since is None:
            self._since, self._delay, self._next_try = now, _FIRST_SECONDS, now + _FIRST_SECONDS
        elif now >= self._next_try:
            self._delay = min(2 * self._delay, _MOST_SECONDS)
            self._next_try = now + self._delay
        self.sentence = f"{self._what}: {self.reason}. {remedy}".rstrip()
        if begun:
            log.warning("%s It is tried again until it works.", self.sentence)

    def clear(self) -> None:
        """Note that it works."""
        if self.sentence is not None:
            log.warning("%s It had been refused for %.0f s.", self._after, self.seconds)
            self.sentence, self._since = None, None
