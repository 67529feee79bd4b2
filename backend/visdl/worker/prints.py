"""What nodes print, as lines of their run's log."""

from __future__ import annotations

import contextlib
import io
import threading
import warnings
from collections.abc import Iterator

from visdl.training.reporter import Level, Reporter


class LogRouter:
    """Routes printed lines to the log of the run whose thread prints, or else to the first run."""

    def __init__(self, first: Reporter) -> None:
        self._first = first
        self.own = threading.local()

    def record_print(self, line: str, level: Level) -> None:
        """Log a printed line."""
        getattr(self.own, "reporter", self._first).record_print(line, level)

    def flush_prints(self) -> None:
        """Send the lines that are still waiting."""
        getattr(self.own, "reporter", self._first).flush_prints()


class _Lines(io.TextIOBase):
    """Turns what nodes print into log lines; a redrawn line (a progress bar) counts once."""

    def __init__(self, router: LogRouter, level: Level) -> None:
        self._router = router
        self._level: Level = level
        self._rest = ""

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        *lines, rest = (self._rest + text).split("\n")
        self._rest = rest.rpartition("\r")[2]
        for line in lines:
            shown = line.rstrip("\r").rpartition("\r")[2]
            if shown.strip():
                self._router.record_print(shown, self._level)
        return len(text)

    def finish(self) -> None:
        """End the last line, which may have no line break."""
        self.write("\n")


@contextlib.contextmanager
def capture_prints(router: LogRouter) -> Iterator[LogRouter]:
    """Redirect stdout (info) and stderr (warning) of this process to the logs of its runs."""
    out, err = _Lines(router, "info"), _Lines(router, "warning")
    with (
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("once")
        try:
            yield router
        finally:
            out.finish()
            err.finish()
            router.flush_prints()
