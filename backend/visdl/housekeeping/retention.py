"""Retention of checkpoints: older ones are removed when the server starts, and daily."""

from __future__ import annotations

import logging

from visdl.housekeeping.background import BackgroundThread
from visdl.housekeeping.service import Storage
from visdl.models.storage import CleanRequest

log = logging.getLogger(__name__)
_DAY = 86_400.0


class Retention(BackgroundThread):
    """A thread that removes checkpoints older than `days` daily. With 0 days it never starts."""

    def __init__(self, storage: Storage, days: int) -> None:
        super().__init__("retention", enabled=days > 0)
        self._storage = storage
        self._request = CleanRequest(dry_run=False, checkpoint_days=days)

    def _loop(self) -> None:
        while not self._closing.is_set():
            try:
                report = self._storage.clean(self._request)
            except Exception:
                log.exception("Old checkpoints could not be removed. Trying again in a day.")
            else:
                for problem in report.problems:
                    log.warning(problem)
                if report.runs:
                    mega = report.checkpoint_bytes / 2**20
                    days = self._request.checkpoint_days
                    log.info(
                        "Removed checkpoints of %d runs that ended at least %d days ago: %.1f MiB.",
                        len(report.runs), days, mega,
                    )  # fmt: skip
            self._closing.wait(_DAY)
