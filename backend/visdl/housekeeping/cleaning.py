"""What a clean-up takes away, decided before anything is touched, so that it can be shown first."""

from __future__ import annotations

import contextlib
import os
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from visdl.housekeeping.files import File
from visdl.housekeeping.layout import Checkpoint, Remains, is_old, may_clean, remains, run_folder
from visdl.models.storage import CleanedRun, CleanReport, CleanRequest, Leftover
from visdl.store.runs import RunFacts

_DAY = 86_400
Remove = Callable[[File], int]


@dataclass
class Plan:
    checkpoints: dict[str, list[Checkpoint]] = field(default_factory=dict)  # by run
    remains: list[Remains] = field(default_factory=list)


def make_plan(
    request: CleanRequest,
    root: Path,
    runs: Mapping[str, RunFacts],
    datasets: Collection[str],
    now: float,
) -> Plan:
    """What the request asks for and the rules allow."""
    plan = Plan()
    if request.leftovers:
        plan.remains += remains(root, runs, datasets, now)
    for run in filter(may_clean, runs.values()):
        due = _is_due(run, request.checkpoint_days, now)
        if not (due or request.leftovers):
            continue
        found = run_folder(str(root / "runs" / run.id))
        if due and found.checkpoints:
            plan.checkpoints[run.id] = found.checkpoints
        if request.leftovers:
            plan.remains += [
                Remains(one.path, [one], run.id) for one in found.scraps if is_old(one, now)
            ]
    _keep_shared(plan)
    return plan


def _is_due(run: RunFacts, days: int | None, now: float) -> bool:
    return days is not None and run.ended is not None and run.ended <= now - days * _DAY


def _keep_shared(plan: Plan) -> None:
    """Leave checkpoints that another run has too and keeps: to remove them here would free nothing."""
    going = Counter(one.inode for item in plan.remains for one in item.files)
    going.update(
        checkpoint.data.inode for found in plan.checkpoints.values() for checkpoint in found
    )
    last = {
        run: [
            checkpoint
            for checkpoint in found
            if going[checkpoint.data.inode] >= checkpoint.data.links
        ]
        for run, found in plan.checkpoints.items()
    }
    plan.checkpoints = {run: found for run, found in last.items() if found}


def perform(
    plan: Plan,
    root: Path,
    find_run: Callable[[str], RunFacts | None],
    remove: Remove,
    *,
    dry_run: bool,
) -> CleanReport:
    """Take away what is planned, of runs that are still as they were; `remove` says what each file gives back."""
    report, refused = CleanReport(dry_run=dry_run), list[tuple[str, str]]()

    def take(*files: File) -> int:
        """Remove these, up to the first that is refused."""
        freed = 0
        for one in files:
            try:
                freed += remove(one)
            except FileNotFoundError:
                continue
            except OSError as error:
                refused.append((_inside(root, one.path), error.strerror or str(error)))
                break
        return freed

    for item in plan.remains:
        if item.run is None or _is_still_clean(find_run(item.run)):
            before = len(refused)
            freed = sum(map(take, item.files))
            report.leftover_bytes += freed
            if not dry_run:
                _remove_empty(item.path)
            if len(refused) == before:
                report.leftovers.append(Leftover(path=_inside(root, item.path), bytes=freed))
    for run_id, checkpoints in plan.checkpoints.items():
        run = find_run(run_id)
        if run is not None and _is_still_clean(run):
            before = len(refused)
            # the record first: a checkpoint without one does not count
            freed = sum(take(checkpoint.record, checkpoint.data) for checkpoint in checkpoints)
            report.checkpoint_bytes += freed
            removed = len(checkpoints) - (len(refused) - before)
            if removed:
                report.runs.append(
                    CleanedRun(id=run.id, name=run.name, checkpoints=removed, bytes=freed)
                )
    if refused:
        more = f", and {len(refused) - 1:,} more" if len(refused) > 1 else ""
        report.problems.append(f"'{refused[0][0]}' could not be removed ({refused[0][1]}){more}.")
    return report


def unlink(one: File) -> int:
    """Remove a file; says how many bytes that gives back: none while it has another hard link."""
    path = Path(one.path)
    stat = path.lstat()
    path.unlink()
    return stat.st_size if stat.st_nlink == 1 else 0


def rehearse() -> Remove:
    """Counts as `unlink` would, and removes nothing."""
    left: dict[tuple[int, int], int] = {}

    def remove(one: File) -> int:
        links = left[one.inode] = left.get(one.inode, one.links) - 1
        return one.bytes if links == 0 else 0

    return remove


def _is_still_clean(run: RunFacts | None) -> bool:
    return run is not None and may_clean(run)


def _inside(root: Path, path: str) -> str:
    return str(Path(path).relative_to(root))


def _remove_empty(path: str) -> None:
    """Remove a folder and those in it, but for what came in meanwhile."""
    for folder, _, _ in os.walk(path, topdown=False):
        with contextlib.suppress(OSError):
            Path(folder).rmdir()
