"""The storage service of the API: measure the data folder, and clean it up."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Callable
from pathlib import Path

from visdl.housekeeping.cleaning import execute_plan, plan_cleanup, remove_file, simulate_removal
from visdl.housekeeping.usage import measure_usage
from visdl.models.errors import ConflictError
from visdl.models.storage import BackupUsage, CleanReport, CleanRequest, StorageReport
from visdl.store import KEEP_BACKUPS, Store, StoreError
from visdl.store.backups import list_backups

_FRESH = 2.0  # seconds for which a report is reused, so that many pages cost one walk


class Storage:
    """Measure and clean the data folder. Methods may take seconds: call them from a thread."""

    def __init__(
        self,
        store: Store,
        data_dir: Path,
        keep_checkpoint_days: int,
        *,
        keep_backups: int = KEEP_BACKUPS,
        backup_problem: Callable[[], str | None] = lambda: None,
    ) -> None:
        self._store = store
        self._root = data_dir
        self._keep_days = keep_checkpoint_days
        self._keep_backups = keep_backups
        self._backup_problem = backup_problem
        self._measuring = threading.Lock()
        self._cleaning = threading.Lock()
        self._last: StorageReport | None = None
        self._taken = 0.0

    def report(self) -> StorageReport:
        """Return the size of the data folder by kind, at most two seconds old."""
        with self._measuring:
            if self._last is None or time.monotonic() - self._taken > _FRESH:
                self._last, self._taken = self._measure(), time.monotonic()
            return self._last

    def clean(self, request: CleanRequest) -> CleanReport:
        """Remove what the request asks for, or report what would be removed.

        Raises ConflictError while another clean-up is running.
        """
        if request.dry_run:
            return self._clean(request)
        if not self._cleaning.acquire(blocking=False):
            raise ConflictError(
                "A clean-up is already running.", hint="Wait until it has finished, then try again."
            )
        try:
            return self._clean(request)
        finally:
            self._cleaning.release()
            with self._measuring:  # a report that is being made may count removed files
                self._last = None

    def _measure(self) -> StorageReport:
        runs = self._store.run_facts()
        kinds, largest = measure_usage(self._root, runs, self._store.dataset_ids(), time.time())
        disk = shutil.disk_usage(self._root)
        return StorageReport(
            folder=str(self._root),
            disk_free=disk.free,
            disk_total=disk.total,
            kinds=kinds,
            runs=largest,
            run_count=len(runs),
            keep_checkpoint_days=self._keep_days,
            backups=self._measure_backups(),
        )

    def _measure_backups(self) -> BackupUsage:
        backups = list_backups(self._root)
        return BackupUsage(
            keep=self._keep_backups,
            count=len(backups),
            bytes=sum(backup.bytes for backup in backups),
            newest=backups[0].modified if backups else None,
            problem=self._backup_problem(),
        )

    def _clean(self, request: CleanRequest) -> CleanReport:
        store, dry_run = self._store, request.dry_run
        plan = plan_cleanup(
            request, self._root, store.run_facts(), store.dataset_ids(), time.time()
        )
        remove = simulate_removal() if dry_run else remove_file
        report = execute_plan(plan, self._root, store.find_run_facts, remove, dry_run=dry_run)
        if request.database:
            self._compact(report)
        return report

    def _compact(self, report: CleanReport) -> None:
        """Compact the database, last: its copy needs the space that the files freed."""
        try:
            report.database_bytes = (
                self._store.spare_bytes() if report.dry_run else self._store.compact()
            )
        except StoreError as error:
            report.problems.append(str(error))
