"""How much of what lies in the data folder. Files that several runs share count once."""

from __future__ import annotations

import heapq
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import get_args

from visdl.housekeeping.files import File, entries, file, files, folders
from visdl.housekeeping.layout import RunFolder, is_old, may_clean, remains, run_folder
from visdl.models.storage import KindUsage, RunUsage, StorageKind
from visdl.store.runs import RunFacts

_DATABASE = "visdl.db"
_LARGEST = 20  # runs that are named


class _Kinds:
    """Bytes and files of each kind."""

    def __init__(self) -> None:
        self._shared: set[tuple[int, int]] = set()
        self._bytes: dict[StorageKind, int] = dict.fromkeys(get_args(StorageKind), 0)
        self._files: dict[StorageKind, int] = dict.fromkeys(get_args(StorageKind), 0)

    def add(self, kind: StorageKind, found: Iterable[File]) -> None:
        for one in found:
            if one.links > 1:
                if one.inode in self._shared:
                    continue
                self._shared.add(one.inode)
            self._bytes[kind] += one.bytes
            self._files[kind] += 1

    def usage(self) -> list[KindUsage]:
        return [
            KindUsage(kind=kind, bytes=self._bytes[kind], files=self._files[kind])
            for kind in self._bytes
        ]


def measure(
    root: Path, runs: Mapping[str, RunFacts], datasets: Collection[str], now: float
) -> tuple[list[KindUsage], list[RunUsage]]:
    """Every kind, and the largest runs."""
    kinds = _Kinds()
    used = []
    for run in runs.values():
        found = run_folder(str(root / "runs" / run.id))
        loose = [one for one in found.scraps if may_clean(run) and is_old(one, now)]
        kinds.add("checkpoints", (one for checkpoint in found.checkpoints for one in checkpoint))
        kinds.add("checkpoints", (one for one in found.scraps if one not in loose))
        kinds.add("leftovers", loose)
        kinds.add("artifacts", found.artifacts)
        used.append(_run_usage(run, found))
    _measure_others(root, runs, datasets, now, kinds)
    largest = heapq.nlargest(_LARGEST, used, key=lambda one: one.bytes)
    return kinds.usage(), [one for one in largest if one.bytes]


def _measure_others(
    root: Path, runs: Collection[str], datasets: Collection[str], now: float, kinds: _Kinds
) -> None:
    """All that is no file of a run."""
    gone = set()
    for item in remains(root, runs, datasets, now):
        gone.add(item.path)
        kinds.add("leftovers", item.files)
    for name in folders(root / "runs"):
        if name not in runs and str(root / "runs" / name) not in gone:
            kinds.add("other", files(root / "runs" / name))
    for entry in entries(root):
        if not entry.is_dir(follow_symlinks=False):
            kinds.add("database" if entry.name.startswith(_DATABASE) else "other", [file(entry)])
        elif entry.name == "datasets":
            for name in folders(entry.path):
                if str(root / "datasets" / name) not in gone:
                    kinds.add("datasets", files(root / "datasets" / name))
        elif entry.name != "runs" and entry.path not in gone:
            kinds.add("other", (one for one in files(entry.path) if one.path not in gone))


def _run_usage(run: RunFacts, found: RunFolder) -> RunUsage:
    return RunUsage(
        id=run.id,
        name=run.name,
        state=run.state,
        starred=run.starred,
        ended=run.ended,
        bytes=sum(one.bytes for one in found.files()),
        checkpoint_bytes=sum(one.bytes for checkpoint in found.checkpoints for one in checkpoint),
        shared_bytes=sum(one.bytes for one in found.files() if one.links > 1),
    )
