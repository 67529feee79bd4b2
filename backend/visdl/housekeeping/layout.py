"""The layout of the data folder: which file is what."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from visdl.housekeeping.files import (
    File,
    last_modified,
    list_entries,
    list_folders,
    stat_file,
    walk_files,
)
from visdl.models.ids import is_id
from visdl.models.runs import FINAL
from visdl.store.data_dir import STAGE
from visdl.store.runs import RunFacts

#: Younger files may still be in use: a run has its folder before its record.
FRESH_SECONDS = 3600
_CHECKPOINT = re.compile(r"checkpoint-\d+\.(pt|json)")
_PAIR = {"pt": "json", "json": "pt"}
_IMPORT = re.compile(r"\.([a-z0-9]{12})-.+")  # a table during its import


class Checkpoint(NamedTuple):
    """A complete checkpoint: its tensors and its record."""

    data: File
    record: File


@dataclass
class RunFolder:
    """The files of a run. `scraps` are damaged or incomplete checkpoints."""

    checkpoints: list[Checkpoint] = field(default_factory=list)
    scraps: list[File] = field(default_factory=list)
    artifacts: list[File] = field(default_factory=list)

    def files(self) -> Iterator[File]:
        for checkpoint in self.checkpoints:
            yield from checkpoint
        yield from self.scraps
        yield from self.artifacts


class Orphan(NamedTuple):
    """A file or folder that belongs to nothing; `run` owns the folder that it is in."""

    path: str
    files: list[File]
    run: str | None = None


def read_run_folder(path: str) -> RunFolder:
    """Return the files of the run in this folder, by kind."""
    folder = RunFolder()
    for entry in list_entries(path):
        if not entry.is_dir(follow_symlinks=False):
            with contextlib.suppress(OSError):  # it no longer exists
                folder.artifacts.append(stat_file(entry))
        elif entry.name == "checkpoints":
            _sort_checkpoints(entry.path, folder)
        else:
            folder.artifacts += walk_files(entry.path)
    return folder


def _sort_checkpoints(path: str, folder: RunFolder) -> None:
    by_path = {file.path: file for file in walk_files(path)}
    for name, file in by_path.items():
        match = _CHECKPOINT.fullmatch(name, len(path) + 1)
        other = by_path.get(f"{name[: match.start(1)]}{_PAIR[match[1]]}") if match else None
        if match is None or other is None:
            folder.scraps.append(file)
        elif match[1] == "pt":
            folder.checkpoints.append(Checkpoint(file, other))


def is_cleanable(run: RunFacts) -> bool:
    """Return whether a clean-up may remove files of a run: it has ended and is not starred."""
    return run.state in FINAL and not run.starred


def find_orphans(
    root: Path, runs: Collection[str], datasets: Collection[str], now: float
) -> Iterator[Orphan]:
    """Yield folders and uploads that belong to no run and no dataset, and are not in use."""
    importing = set()
    for name in list_folders(root / "datasets"):
        match = _IMPORT.fullmatch(name)
        path = str(root / "datasets" / name)
        if match and not _is_folder_old(path, now):
            importing.add(match[1])
        elif (match or is_id(name)) and name not in datasets and _is_folder_old(path, now):
            yield Orphan(path, list(walk_files(path)))
    for file in walk_files(root / "uploads"):
        if Path(file.path).name not in importing and is_old(file, now):
            yield Orphan(file.path, [file])
    unknown = [
        root / "runs" / name
        for name in list_folders(root / "runs")
        if is_id(name) and name not in runs
    ]
    stages = [root / name for name in list_folders(root) if name.startswith(STAGE)]
    for folder in [*unknown, *stages]:
        if _is_folder_old(folder, now):
            yield Orphan(str(folder), list(walk_files(folder)))


def is_old(file: File, now: float) -> bool:
    """Return whether a file is old enough not to be in use."""
    return file.modified < now - FRESH_SECONDS


def _is_folder_old(path: str | Path, now: float) -> bool:
    try:
        return last_modified(path) < now - FRESH_SECONDS
    except OSError:  # it no longer exists
        return False
