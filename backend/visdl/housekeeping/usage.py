"""The size of the data folder by kind. Files that several runs share count once."""

from __future__ import annotations

import heapq
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import get_args

from visdl.housekeeping.files import File, list_entries, list_folders, stat_file, walk_files
from visdl.housekeeping.layout import RunFolder, find_orphans, is_cleanable, is_old, read_run_folder
from visdl.models.storage import KindUsage, RunUsage, StorageKind
from visdl.store.backups import BACKUPS
from visdl.store.runs import RunFacts

_DATABASE = "visdl.db"
_LARGEST = 20  # runs that are listed


class _Kinds:
    """The bytes and files of each kind."""

    def __init__(self) -> None:
        self._shared: set[tuple[int, int]] = set()
        self._bytes: dict[StorageKind, int] = dict.fromkeys(get_args(StorageKind), 0)
        self._files: dict[StorageKind, int] = dict.fromkeys(get_args(StorageKind), 0)

    def add(self, kind: StorageKind, files: Iterable[File]) -> None:
        for file in files:
            if file.links > 1:
                if file.inode in self._shared:
                    continue
                self._shared.add(file.inode)
            self._bytes[kind] += file.bytes
            self._files[kind] += 1

    def usage(self) -> list[KindUsage]:
        return [
            KindUsage(kind=kind, bytes=self._bytes[kind], files=self._files[kind])
            for kind in self._bytes
        ]


def measure_usage(
    root: Path, runs: Mapping[str, RunFacts], datasets: Collection[str], now: float
) -> tuple[list[KindUsage], list[RunUsage]]:
    """Return the size of every kind, and the largest runs."""
    kinds = _Kinds()
    used = []
    for run in runs.values():
        folder = read_run_folder(str(root / "runs" / run.id))
        leftovers = [file for file in folder.scraps if is_cleanable(run) and is_old(file, now)]
        kinds.add("checkpoints", (file for checkpoint in folder.checkpoints for file in checkpoint))
        kinds.add("checkpoints", (file for file in folder.scraps if file not in leftovers))
        kinds.add("leftovers", leftovers)
        kinds.add("artifacts", folder.artifacts)
        used.append(_run_usage(run, folder))
    _measure_others(root, runs, datasets, now, kinds)
    largest = heapq.nlargest(_LARGEST, used, key=lambda usage: usage.bytes)
    return kinds.usage(), [usage for usage in largest if usage.bytes]


def _measure_others(
    root: Path, runs: Collection[str], datasets: Collection[str], now: float, kinds: _Kinds
) -> None:
    """Add all files that do not belong to a run."""
    orphaned = set()
    for orphan in find_orphans(root, runs, datasets, now):
        orphaned.add(orphan.path)
        kinds.add("leftovers", orphan.files)
    for name in list_folders(root / "runs"):
        if name not in runs and str(root / "runs" / name) not in orphaned:
            kinds.add("other", walk_files(root / "runs" / name))
    for entry in list_entries(root):
        if not entry.is_dir(follow_symlinks=False):
            kinds.add(
                "database" if entry.name.startswith(_DATABASE) else "other", [stat_file(entry)]
            )
        elif entry.name == "datasets":
            for name in list_folders(entry.path):
                if str(root / "datasets" / name) not in orphaned:
                    kinds.add("datasets", walk_files(root / "datasets" / name))
        elif entry.name == BACKUPS:
            kinds.add("backups", walk_files(entry.path))
        elif entry.name != "runs" and entry.path not in orphaned:
            kinds.add(
                "other", (file for file in walk_files(entry.path) if file.path not in orphaned)
            )


def _run_usage(run: RunFacts, folder: RunFolder) -> RunUsage:
    return RunUsage(
        id=run.id,
        name=run.name,
        state=run.state,
        starred=run.starred,
        ended=run.ended,
        bytes=sum(file.bytes for file in folder.files()),
        checkpoint_bytes=sum(
            file.bytes for checkpoint in folder.checkpoints for file in checkpoint
        ),
        shared_bytes=sum(file.bytes for file in folder.files() if file.links > 1),
    )
