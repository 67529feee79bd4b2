"""The daily backup of the database."""

from __future__ import annotations

import logging
import time
from pathlib import Path

from visdl.housekeeping.background import BackgroundThread
from visdl.store import DamagedError, Store, StoreError
from visdl.store.backups import list_backups

log = logging.getLogger(__name__)
DAY = 86_400.0
_FIRST_SECONDS = 60.0  # after the start, which has other things to do
_RETRY_SECONDS = 3600.0
_LOOK_SECONDS = 300.0  # a machine that slept notices the time within these


class DailyBackup(BackgroundThread):
    """A thread that backs the database up daily. With `keep` 0 it never starts.

    The date of the newest backup counts once, at the start; from then on the clock that nobody
    sets. So a clock that jumps costs one backup at most, and never stops them. One that is being
    made at the end is dropped.
    """

    def __init__(
        self, store: Store, data_dir: Path, keep: int, *, first_seconds: float = _FIRST_SECONDS
    ) -> None:
        super().__init__("backup", enabled=keep > 0)
        self._store = store
        self._data_dir = data_dir
        self._first_seconds = first_seconds
        self.problem: str | None = None  # why the last one was not made

    def seconds_until_first(self) -> float:
        """Return when the first backup is due: a day after the newest, or now.

        A newest one of the future states that the clock was set: it is due now.
        """
        newest = next(iter(list_backups(self._data_dir)), None)
        age = time.time() - newest.modified if newest else DAY
        return max(self._first_seconds, DAY - age if age >= 0 else 0.0)

    def _loop(self) -> None:
        due = _steady() + self.seconds_until_first()
        while not self._closing.is_set():
            left = due - _steady()
            if left > 0:
                self._closing.wait(min(left, _LOOK_SECONDS))
            else:
                due = _steady() + (DAY if self._back_up() else _RETRY_SECONDS)

    def _back_up(self) -> bool:
        try:
            self._store.backup(self._closing.is_set)
        except DamagedError:
            self.problem = self._store.explain_damage()
            return True  # the earlier ones stay, and the next start checks every page
        except StoreError as error:
            if not self._closing.is_set():
                self.problem = str(error)
                log.warning("%s Trying again in an hour.", self.problem)
            return False
        except Exception:
            log.exception("No backup of the database was made. Trying again in an hour.")
            self.problem = "No backup of the database was made. The server's log has the details."
            return False
        self.problem = None
        return True


def _steady() -> float:
    """Return seconds of a clock that nobody sets and that continues while the machine sleeps."""
    clock = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if clock is None else time.clock_gettime(clock)
