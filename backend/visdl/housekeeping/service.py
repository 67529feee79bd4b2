"""The data folder for the routes: how much lies in it, and a clean-up of what nobody needs."""

from __future__ import annotations

import shutil
import threading
import time
from pathlib import Path

from visdl.housekeeping.cleaning import make_plan, perform, rehearse, unlink
from visdl.housekeeping.usage import measure
from visdl.models.errors import ConflictError
from visdl.models.storage import CleanReport, CleanRequest, StorageReport
from visdl.store import Store, StoreError

_FRESH = 2.0  # seconds for which a report is given again: many pages that ask at once cost one walk


class Storage:
    """Measures and cleans the data folder. Every method may take seconds: call it from a thread."""

    def __init__(self, store: Store, data_dir: Path, keep_checkpoint_days: int) -> None:
        self._store = store
        self._root = data_dir
        self._keep_days = keep_checkpoint_days
        self._measuring = threading.Lock()
        self._cleaning = threading.Lock()
        self._last: StorageReport | None = None
        self._taken = 0.0

    def report(self) -> StorageReport:
        with self._measuring:
            if self._last is None or time.monotonic() - self._taken > _FRESH:
                self._last, self._taken = self._measure(), time.monotonic()
            return self._last

    def clean(self, request: CleanRequest) -> CleanReport:
        """Remove what the request asks for, or say what that would be.

        Raises ConflictError while another clean-up is under way.
        """
        if request.dry_run:
            return self._clean(request)
        if not self._cleaning.acquire(blocking=False):
            raise ConflictError(
                "A clean-up is under way.", hint="Wait until it has ended, then look again."
            )
        try:
            return self._clean(request)
        finally:
            self._cleaning.release()
            with self._measuring:  # a walk that is under way has seen what is gone by now
                self._last = None

    def _measure(self) -> StorageReport:
        runs = self._store.run_facts()
        kinds, largest = measure(self._root, runs, self._store.dataset_ids(), time.time())
        disk = shutil.disk_usage(self._root)
        return StorageReport(
            folder=str(self._root),
            disk_free=disk.free,
            disk_total=disk.total,
            kinds=kinds,
            runs=largest,
            run_count=len(runs),
            keep_checkpoint_days=self._keep_days,
        )

    def _clean(self, request: CleanRequest) -> CleanReport:
        store, dry_run = self._store, request.dry_run
        plan = make_plan(request, self._root, store.run_facts(), store.dataset_ids(), time.time())
        remove = rehearse() if dry_run else unlink
        report = perform(plan, self._root, store.find_run_facts, remove, dry_run=dry_run)
        if request.database:
            self._compact(report)
        return report

    def _compact(self, report: CleanReport) -> None:
        """The database last, when the files have made room for its copy."""
        try:
            report.database_bytes = (
                self._store.spare_bytes() if report.dry_run else self._store.compact()
            )
        except StoreError as error:
            report.problems.append(str(error))
