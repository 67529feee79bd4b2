"""Which file of the data folder is what."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from visdl.housekeeping.files import File, entries, file, files, folders, modified
from visdl.models.ids import is_id
from visdl.models.runs import FINAL
from visdl.store.data_dir import STAGE
from visdl.store.runs import RunFacts

FRESH_SECONDS = (
    3600  # what is younger may be just being made: a run has its folder before its record
)
_CHECKPOINT = re.compile(r"checkpoint-\d+\.(pt|json)")
_PAIR = {"pt": "json", "json": "pt"}
_IMPORT = re.compile(r"\.([a-z0-9]{12})-.+")  # a table that is being imported


class Checkpoint(NamedTuple):
    """A checkpoint that is whole: its tensors and its record."""

    data: File
    record: File


@dataclass
class RunFolder:
    """What a run has on the disk."""

    checkpoints: list[Checkpoint] = field(default_factory=list)
    scraps: list[File] = field(
        default_factory=list
    )  # beside the checkpoints, and of no use: damaged, half written
    artifacts: list[File] = field(default_factory=list)

    def files(self) -> Iterator[File]:
        for checkpoint in self.checkpoints:
            yield from checkpoint
        yield from self.scraps
        yield from self.artifacts


class Remains(NamedTuple):
    """Something that nobody has any more: a file, or a folder with all in it. `run` is whose folder it lies in."""

    path: str
    files: list[File]
    run: str | None = None


def run_folder(path: str) -> RunFolder:
    """Sort the files of the run in this folder."""
    found = RunFolder()
    for entry in entries(path):
        if not entry.is_dir(follow_symlinks=False):
            with contextlib.suppress(OSError):  # it is gone
                found.artifacts.append(file(entry))
        elif entry.name == "checkpoints":
            _sort_checkpoints(entry.path, found)
        else:
            found.artifacts += files(entry.path)
    return found


def _sort_checkpoints(path: str, found: RunFolder) -> None:
    by_path = {one.path: one for one in files(path)}
    for name, one in by_path.items():
        match = _CHECKPOINT.fullmatch(name, len(path) + 1)
        other = by_path.get(f"{name[: match.start(1)]}{_PAIR[match[1]]}") if match else None
        if match is None or other is None:
            found.scraps.append(one)
        elif match[1] == "pt":
            found.checkpoints.append(Checkpoint(one, other))


def may_clean(run: RunFacts) -> bool:
    """Whether a clean-up may touch the files of a run: not of one that can go on, nor of a starred one."""
    return run.state in FINAL and not run.starred


def remains(
    root: Path, runs: Collection[str], datasets: Collection[str], now: float
) -> Iterator[Remains]:
    """Whole folders, and uploads, that nobody has any more and nobody is making."""
    importing = set()
    for name in folders(root / "datasets"):
        match = _IMPORT.fullmatch(name)
        path = str(root / "datasets" / name)
        if match and not _is_old(path, now):
            importing.add(match[1])
        elif (match or is_id(name)) and name not in datasets and _is_old(path, now):
            yield Remains(path, list(files(path)))
    for one in files(root / "uploads"):
        if Path(one.path).name not in importing and is_old(one, now):
            yield Remains(one.path, [one])
    unknown = [
        root / "runs" / name for name in folders(root / "runs") if is_id(name) and name not in runs
    ]
    stages = [root / name for name in folders(root) if name.startswith(STAGE)]
    for folder in [*unknown, *stages]:
        if _is_old(folder, now):
            yield Remains(str(folder), list(files(folder)))


def is_old(one: File, now: float) -> bool:
    return one.modified < now - FRESH_SECONDS


def _is_old(path: str | Path, now: float) -> bool:
    try:
        return modified(path) < now - FRESH_SECONDS
    except OSError:  # it is gone
        return False
