"""What lies in a run's folder for others to fetch: its artifacts, and its checkpoints without their manifests."""

from __future__ import annotations

import contextlib
from pathlib import Path

from visdl.models.errors import NotFoundError
from visdl.models.schemas import Artifact

CRASH = "crash.txt"
_MEDIA_TYPES = {".json": "application/json", ".csv": "text/csv"}


def media_type(name: str) -> str:
    return _MEDIA_TYPES.get(Path(name).suffix, "application/octet-stream")


def artifacts(folder: Path) -> list[Artifact]:
    """The files of the run in this folder, checkpoints last."""
    found = []
    for file in _files(folder):
        with contextlib.suppress(FileNotFoundError):  # an old checkpoint that has just made room
            stat = file.stat()
            kind = media_type(file.name)
            found.append(
                Artifact(name=file.name, bytes=stat.st_size, media_type=kind, created=stat.st_mtime)
            )
    return found


def path(folder: Path, name: str) -> Path:
    """Where the file of this name lies. Raises NotFoundError for a name that `artifacts` does not list."""
    for file in _files(folder):
        if file.name == name:
            return file
    raise NotFoundError(
        f"The run has no artifact '{name[:100]}'.",
        hint="GET the list of artifacts; weights are there when training has ended.",
    )


def crash(folder: Path, lines: int = 8) -> list[str]:
    """What Python had to say when a trainer crashed: where it was, the innermost call first."""
    with contextlib.suppress(OSError):
        return (folder / CRASH).read_text(errors="replace").splitlines()[:lines]
    return []


def _files(folder: Path) -> list[Path]:
    files = [*sorted(folder.glob("artifacts/*")), *sorted(folder.glob("checkpoints/*.pt"))]
    return [file for file in files if file.is_file() and not file.name.startswith(".")]
