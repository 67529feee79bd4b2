"""Shared parts of the benchmarks: interleaved rounds, medians with spread, table and JSON line."""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Timing:
    """The seconds of several rounds."""

    rounds: list[float]

    @property
    def median(self) -> float:
        return statistics.median(self.rounds)

    def __str__(self) -> str:
        spread = (max(self.rounds) - min(self.rounds)) / self.median
        return f"{self.median:.3f} s ±{50 * spread:.0f} %"


def interleaved(contenders: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, Timing]:
    """Time each contender once per round, so that a slow moment affects all of them."""
    seconds: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(rounds):
        for name, run in contenders.items():
            start = time.perf_counter()
            run()
            seconds[name].append(time.perf_counter() - start)
    return {name: Timing(times) for name, times in seconds.items()}


def report(head: list[str], rows: list[list[object]], figures: Mapping[str, float]) -> None:
    """Print a Markdown table, and as the last line one JSON object."""
    print("| " + " | ".join(head) + " |")
    print("|" + "---|" * len(head))
    for row in rows:
        print("| " + " | ".join(map(str, row)) + " |")
    print()
    print(json.dumps({key: float(f"{value:.4g}") for key, value in figures.items()}))
