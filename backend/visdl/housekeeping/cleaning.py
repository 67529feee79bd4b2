"""Clean-ups: planned before anything is removed, so that a dry run shows the same plan."""

from __future__ import annotations

import contextlib
import os
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from visdl.housekeeping.files import File
from visdl.housekeeping.layout import (
    Checkpoint,
    Orphan,
    find_orphans,
    is_cleanable,
    is_old,
    read_run_folder,
)
from visdl.models.storage import CleanedRun, CleanReport, CleanRequest, Leftover
from visdl.store.runs import RunFacts

_DAY = 86_400
Remove = Callable[[File], int]


@dataclass
class Plan:
    """What a clean-up removes: checkpoints by run, and files that belong to nothing."""

    checkpoints: dict[str, list[Checkpoint]] = field(default_factory=dict)
    orphans: list[Orphan] = field(default_factory=list)


def plan_cleanup(
    request: CleanRequest,
    root: Path,
    runs: Mapping[str, RunFacts],
    datasets: Collection[str],
    now: float,
) -> Plan:
    """Return what the request asks for and the rules allow."""
    plan = Plan()
    if request.leftovers:
        plan.orphans += find_orphans(root, runs, datasets, now)
    for run in filter(is_cleanable, runs.values()):
        due = _is_due(run, request.checkpoint_days, now)
        if not (due or request.leftovers):
            continue
        folder = read_run_folder(str(root / "runs" / run.id))
        if due and folder.checkpoints:
            plan.checkpoints[run.id] = folder.checkpoints
        if request.leftovers:
            plan.orphans += [
                Orphan(file.path, [file], run.id) for file in folder.scraps if is_old(file, now)
            ]
    _keep_shared(plan)
    return plan


def _is_due(run: RunFacts, days: int | None, now: float) -> bool:
    return days is not None and run.ended is not None and run.ended <= now - days * _DAY


def _keep_shared(plan: Plan) -> None:
    """Keep checkpoints that another run shares and keeps: removing them would free nothing."""
    removed = Counter(file.inode for orphan in plan.orphans for file in orphan.files)
    removed.update(
        checkpoint.data.inode
        for checkpoints in plan.checkpoints.values()
        for checkpoint in checkpoints
    )
    unshared = {
        run: [
            checkpoint
            for checkpoint in checkpoints
            if removed[checkpoint.data.inode] >= checkpoint.data.links
        ]
        for run, checkpoints in plan.checkpoints.items()
    }
    plan.checkpoints = {run: checkpoints for run, checkpoints in unshared.items() if checkpoints}


def execute_plan(
    plan: Plan,
    root: Path,
    find_run: Callable[[str], RunFacts | None],
    remove: Remove,
    *,
    dry_run: bool,
) -> CleanReport:
    """Remove what is planned, except for runs that may no longer be cleaned.

    `remove` removes a file and returns the bytes that this frees.
    """
    cleaner = _Cleaner(root, remove, CleanReport(dry_run=dry_run))
    for orphan in plan.orphans:
        if orphan.run is None or _is_still_cleanable(find_run(orphan.run)):
            cleaner.remove_orphan(orphan)
    for run_id, checkpoints in plan.checkpoints.items():
        run = find_run(run_id)
        if run is not None and _is_still_cleanable(run):
            cleaner.remove_checkpoints(run, checkpoints)
    return cleaner.finish_report()


@dataclass
class _Cleaner:
    """Remove files and record in the report what was removed, and what could not be."""

    root: Path
    remove: Remove
    report: CleanReport
    failed: list[tuple[str, str]] = field(default_factory=list)

    def remove_orphan(self, orphan: Orphan) -> None:
        before = len(self.failed)
        freed = sum(map(self._remove_files, orphan.files))
        self.report.leftover_bytes += freed
        if not self.report.dry_run:
            _remove_empty(orphan.path)
        if len(self.failed) == before:
            path = _inside(self.root, orphan.path)
            self.report.leftovers.append(Leftover(path=path, bytes=freed))

    def remove_checkpoints(self, run: RunFacts, checkpoints: list[Checkpoint]) -> None:
        before = len(self.failed)
        # the record first: without it, the rest is not a valid checkpoint
        freed = sum(self._remove_files(one.record, one.data) for one in checkpoints)
        self.report.checkpoint_bytes += freed
        removed = len(checkpoints) - (len(self.failed) - before)
        if removed:
            self.report.runs.append(
                CleanedRun(id=run.id, name=run.name, checkpoints=removed, bytes=freed)
            )

    def finish_report(self) -> CleanReport:
        if self.failed:
            (path, reason), count = self.failed[0], len(self.failed)
            more = f", and {count - 1:,} more" if count > 1 else ""
            self.report.problems.append(f"'{path}' could not be removed ({reason}){more}.")
        return self.report

    def _remove_files(self, *files: File) -> int:
        """Remove files up to the first that cannot be removed; return the bytes freed."""
        freed = 0
        for file in files:
            try:
                freed += self.remove(file)
            except FileNotFoundError:
                continue
            except OSError as error:
                self.failed.append((_inside(self.root, file.path), error.strerror or str(error)))
                break
        return freed


def remove_file(file: File) -> int:
    """Remove a file; return the bytes freed, which are 0 while it has another hard link."""
    path = Path(file.path)
    stat = path.lstat()
    path.unlink()
    return stat.st_size if stat.st_nlink == 1 else 0


def simulate_removal() -> Remove:
    """Return a function that counts as `remove_file` does and removes nothing."""
    left: dict[tuple[int, int], int] = {}

    def remove(file: File) -> int:
        links = left[file.inode] = left.get(file.inode, file.links) - 1
        return file.bytes if links == 0 else 0

    return remove


def _is_still_cleanable(run: RunFacts | None) -> bool:
    return run is not None and is_cleanable(run)


def _inside(root: Path, path: str) -> str:
    return str(Path(path).relative_to(root))


def _remove_empty(path: str) -> None:
    """Remove a folder and the folders in it, unless files were added meanwhile."""
    for folder, _, _ in os.walk(path, topdown=False):
        with contextlib.suppress(OSError):
            Path(folder).rmdir()
