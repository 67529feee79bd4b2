"""A data folder for tests: runs with checkpoints, and files as old as a test wants them."""

from __future__ import annotations

import os
import time
from pathlib import Path

from visdl.housekeeping import Storage
from visdl.models.graph import Graph
from visdl.models.ids import new_id
from visdl.models.runs import FINAL, Run, RunState
from visdl.models.storage import CleanRequest
from visdl.store import Store
from visdl.training.checkpoint import CheckpointFolder

DAY = 86_400.0


class Folder:
    """A data folder and what is put into it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.store = Store(root / "visdl.db")
        self.storage = Storage(self.store, root, 0)

    def run(self, state=RunState.COMPLETED, steps=(100, 200), days=10.0, **fields) -> Path:
        """Add a run with checkpoints and an artifact that ended days ago; return its folder."""
        ended = time.time() - days * DAY if state in FINAL else None
        run = Run(id=new_id(), name=f"Run {state}", state=state, created=1.0, ended=ended, **fields)
        self.store.add_run(run, Graph(name="G"))
        self.store.patch_run(run.id, starred=run.starred)
        folder = self.root / "runs" / run.id
        for step in steps:
            CheckpointFolder(folder / "checkpoints").save(
                {"step": step}, epoch=1, step=step, reason="epoch"
            )
        put(folder / "artifacts" / "weights.safetensors", b"w" * 1000)
        return folder

    def kinds(self) -> dict[str, int]:
        return {one.kind: one.bytes for one in Storage(self.store, self.root, 0).report().kinds}

    def clean(self, **request):
        return self.storage.clean(CleanRequest(dry_run=False, **request))

    def would(self, **request):
        return self.storage.clean(CleanRequest(**request))


def put(path: Path, data: bytes = b"x" * 100, hours_old: float = 0) -> Path:
    """A file, and for an old one its folders too, as they were left then."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    if hours_old:
        age(path, hours_old)
    return path


def age(path: Path, hours: float) -> None:
    then = time.time() - hours * 3600
    for one in (path, path.parent):
        os.utime(one, (then, then))


def share(source: Path, target: Path) -> None:
    """What a run that continues from another does with its newest checkpoint."""
    (target / "checkpoints").mkdir(parents=True, exist_ok=True)
    for file in sorted((source / "checkpoints").glob("checkpoint-*"))[-2:]:
        (target / "checkpoints" / file.name).hardlink_to(file)


def checkpoints(run: Path) -> list[str]:
    return sorted(file.name for file in run.glob("checkpoints/*.pt"))


def size(*files: Path) -> int:
    return sum(file.stat().st_size for file in files)
