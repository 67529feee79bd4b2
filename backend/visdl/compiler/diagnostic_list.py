"""Diagnostics of an expanded graph: those of the repeats of a block are one, with a count."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from visdl.models.diagnostics import Diagnostic

_REPEAT = re.compile(r"/\d+(?=/)")
_FOLDED = 20  # how many diagnostics are looked at for each that may be listed


class DiagnosticList:
    """Diagnostics of a flat graph, at most `limit`. `broken` holds the ids of nodes with errors."""

    def __init__(self, limit: int = 300) -> None:
        self._limit = limit
        self._found: dict[tuple[str | None, ...], Diagnostic] = {}
        self._looked_at = 0
        self._left_out = False
        self.broken: set[str] = set()
        self.valid = True

    def __iter__(self) -> Iterator[Diagnostic]:
        return iter(self._found.values())

    @property
    def full(self) -> bool:
        """Whether no more can be listed, so that it makes no sense to look for more."""
        return self._left_out or self._looked_at >= _FOLDED * self._limit

    def add(self, found: Diagnostic) -> Diagnostic | None:
        """Add a diagnostic; return the listed one that it is part of, or None beyond the limit."""
        self._looked_at += 1
        self._mark(found, found.node)
        key = (
            found.code,
            found.severity,
            found.port,
            _REPEAT.sub("", found.node or ""),
            _REPEAT.sub("", found.message),
        )
        first = self._found.get(key)
        if first is not None:
            first.count += found.count
        elif len(self._found) < self._limit:
            first = self._found[key] = found
        else:
            self._left_out = True
        return first

    def add_all(self, found: Iterable[Diagnostic]) -> list[Diagnostic]:
        """Add diagnostics until there are too many; return those that are listed."""
        listed = []
        for one in found:
            if (first := self.add(one)) is not None:
                listed.append(first)
            if self.full:
                break
        return listed

    def repeat(self, listed: Iterable[Diagnostic], node: str) -> None:
        """Count diagnostics that another repeat of a node, with this id, has too."""
        for one in listed:
            one.count += 1
            self._mark(one, node)

    def _mark(self, found: Diagnostic, node: str | None) -> None:
        if found.severity == "error":
            self.valid = False
            self.broken.update([node] if node else ())

    def rest(self) -> Iterator[Diagnostic]:
        """Yield a note that the list is not complete, if it is not."""
        if self.full:
            yield Diagnostic(
                code="more_diagnostics",
                severity="info",
                message=f"There are more problems than the {len(self._found):,} listed here.",
                hint="Correct these first, or raise VISDL_MAX_DIAGNOSTICS.",
            )
