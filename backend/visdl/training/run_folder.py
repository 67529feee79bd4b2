"""The files of a run that can be downloaded: its artifacts, and checkpoints without manifests."""

from __future__ import annotations

import contextlib
import stat
from pathlib import Path

from visdl.models.error_texts import without_folders
from visdl.models.errors import NotFoundError
from visdl.models.requests import Artifact
from visdl.nodes.contract.runtime_values import artifact_notes

CRASH = "crash.txt"
_MEDIA_TYPES = {
    ".json": "application/json",
    ".csv": "text/csv",
    ".parquet": "application/vnd.apache.parquet",
}


def media_type(name: str) -> str:
    """Return the MIME type of a run's file."""
    return _MEDIA_TYPES.get(Path(name).suffix, "application/octet-stream")


def artifacts(folder: Path) -> list[Artifact]:
    """Return the files of the run in this folder, checkpoints last."""
    listed, notes = [], artifact_notes(folder / "artifacts")
    for file in _files(folder):
        with contextlib.suppress(FileNotFoundError):  # an old checkpoint, pruned just now
            found = file.lstat()
            kind = media_type(file.name)
            listed.append(
                Artifact(
                    name=file.name,
                    bytes=found.st_size,
                    media_type=kind,
                    created=found.st_mtime,
                    notes=notes.get(file.name, []),
                )
            )
    return listed


def path(folder: Path, name: str) -> Path:
    """Return the path of a file that `artifacts` lists. Raises NotFoundError for other names."""
    for file in _files(folder):
        if file.name == name:
            return file
    raise NotFoundError(
        f"The run has no artifact '{name[:100]}'.",
        hint="GET the list of artifacts. Weights are available when training has ended.",
    )


def crash(folder: Path, lines: int = 8) -> list[str]:
    """Return what faulthandler wrote when a worker crashed, the innermost call first."""
    with contextlib.suppress(OSError):
        if not is_own_file(folder / CRASH):
            return []
        return without_folders((folder / CRASH).read_text(errors="replace")).splitlines()[:lines]
    return []


def _files(folder: Path) -> list[Path]:
    """Return the files of a run's folder. What a link leads to is never one of them."""
    files = [
        file
        for name, pattern in (("artifacts", "*"), ("checkpoints", "*.pt"))
        if not (folder / name).is_symlink()
        for file in sorted((folder / name).glob(pattern))
    ]
    return [file for file in files if is_own_file(file) and not file.name.startswith(".")]


def is_own_file(path: Path) -> bool:
    """Return whether this is a regular file, and no link to another one."""
    with contextlib.suppress(OSError):
        return stat.S_ISREG(path.lstat().st_mode)
    return False
