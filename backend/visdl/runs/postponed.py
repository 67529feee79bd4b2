"""Runs that could not write their files: each is started again later, ever more rarely."""

from __future__ import annotations

import time
from collections.abc import Collection
from dataclasses import dataclass
from math import inf

_FIRST_SECONDS, _MOST_SECONDS = 1.0, 60.0  # between two starts


@dataclass(frozen=True)
class _Postponed:
    delay: float
    due: float
    sentence: str


class PostponedRuns:
    """Which runs wait until the disk takes their files again.

    The supervisor's thread changes them; any thread may read a sentence.
    """

    def __init__(self) -> None:
        self._runs: dict[str, _Postponed] = {}

    def postpone(self, run_id: str, reason: str) -> str:
        """Have a run wait, longer than the last time; return why, as a sentence.

        `reason` is a sentence.
        """
        before = self._runs.get(run_id)
        delay = _FIRST_SECONDS if before is None else min(2 * before.delay, _MOST_SECONDS)
        sentence = f"{reason} It continues automatically when that is possible."
        self._runs[run_id] = _Postponed(delay, time.monotonic() + delay, sentence)
        return sentence

    def forget(self, run_id: str) -> None:
        """Note that a run has ended."""
        self._runs.pop(run_id, None)

    def keep(self, run_ids: Collection[str]) -> None:
        """Forget all runs but these: they have been stopped or deleted meanwhile."""
        for run_id in self._runs.keys() - set(run_ids):
            del self._runs[run_id]

    def find_sentence(self, run_id: str) -> str | None:
        """Return why a run waits, if it is postponed; from any thread."""
        found = self._runs.get(run_id)
        return None if found is None else found.sentence

    def is_due(self, run_id: str) -> bool:
        """Return whether a run may start now."""
        found = self._runs.get(run_id)
        return found is None or found.due <= time.monotonic()

    def became_due(self, after: float, until: float) -> bool:
        """Return whether the wait of a run ended between these times of the monotonic clock."""
        return any(after < run.due <= until for run in self._runs.values())

    def seconds_until_due(self) -> float:
        """Return in how many seconds the next run may start; infinite when none waits for that."""
        now = time.monotonic()
        return min((run.due - now for run in self._runs.values() if run.due > now), default=inf)
