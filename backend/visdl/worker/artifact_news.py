"""Reports the files that a run writes, as they appear."""

from __future__ import annotations

from pathlib import Path

from visdl.models.events import ArtifactEvent
from visdl.training.reporter import Reporter
from visdl.training.run_folder import is_own_file, media_type


class ArtifactNews:
    """Knows which files of a folder were reported, and in which state."""

    def __init__(self, folder: Path, reporter: Reporter) -> None:
        self._folder = folder
        self._reporter = reporter
        self._known: dict[Path, tuple[int, int]] = {}

    def report(self) -> None:
        """Report files that are new or changed since the last call."""
        for path in sorted(self._folder.iterdir()):
            if not is_own_file(path) or path.name.startswith("."):
                continue
            stat = path.stat()
            mark = (stat.st_mtime_ns, stat.st_size)
            if self._known.get(path) == mark:
                continue
            self._known[path] = mark
            kind = media_type(path.name)
            event = ArtifactEvent(name=path.name, bytes=stat.st_size, media_type=kind)
            self._reporter.event(event)
