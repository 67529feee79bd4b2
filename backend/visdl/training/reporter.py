"""What a trainer tells the server: events, coalesced so that a fast loop sends at most ten messages a second."""

from __future__ import annotations

import math
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

import torch

from visdl.models.events import LogEvent, MetricsEvent, NodeEvent, Point, ProgressEvent, RunEvent
from visdl.models.runs import MetricSummary, Progress
from visdl.nodes.contract.metric_names import BATCH_LOSS

_INTERVAL = 0.1  # seconds between two messages with metrics
_SPEED_WINDOW = 5.0  # seconds over which samples per second are averaged
_PROMPT_LINES = (
    50  # of a second that are told one by one; what is printed beyond that is told together
)
_LOG_CHARACTERS = 10_000  # of one log event

Send = Callable[[list[RunEvent]], None]
Direction = Literal["minimize", "maximize"] | None
Level = Literal["info", "warning", "error"]


class Reporter:
    """Gathers points and progress of the training thread and sends them in time. Other events go at once."""

    def __init__(self, send: Send, now: Callable[[], float] = time.monotonic) -> None:
        self._send = send
        self._now = now
        self._lock = threading.Lock()
        self._series: dict[str, list[Point]] = {}
        self._summary: dict[str, MetricSummary] = {}
        self._fresh: dict[str, MetricSummary] = {}
        self._rows = 0
        self._marks: list[tuple[float, int]] = [(now(), 0)]
        self._sent = -math.inf
        self._told = 0  # messages with points
        self._unstored: deque[tuple[int, dict[str, list[Point]]]] = (
            deque()
        )  # those that the server may not have yet
        self._prints = _Prints()
        self.progress = Progress()

    def step(self, step: int, rows: int, losses: list[tuple[int, float]]) -> None:
        """One optimizer step; called for each, so it does next to nothing but once in 100 ms."""
        if losses:
            epoch = self.progress.epoch
            self._series.setdefault(BATCH_LOSS, []).extend(
                (at, epoch, value) for at, value in losses
            )
        self._rows += rows
        self.progress.step = step
        if self._now() - self._sent >= _INTERVAL:
            self.flush()

    def values(self, values: dict[str, float], directions: dict[str, Direction]) -> None:
        """The values of an epoch, or of a test."""
        for key, value in values.items():
            finite = value if math.isfinite(value) else None
            self._series.setdefault(key, []).append(
                (self.progress.step, self.progress.epoch, finite)
            )
            self._fresh[key] = self._summary[key] = self._better(key, finite, directions.get(key))
        if self._now() - self._sent >= _INTERVAL:
            self.flush()

    def _better(self, key: str, value: float | None, direction: Direction) -> MetricSummary:
        before = self._summary.get(key, MetricSummary())
        if value is None or direction is None:
            return before.model_copy(update={"last": value})
        improved = before.best is None or (
            value < before.best if direction == "minimize" else value > before.best
        )
        best, epoch = (value, self.progress.epoch) if improved else (before.best, before.best_epoch)
        return MetricSummary(last=value, best=best, best_epoch=epoch)

    def flush(self) -> None:
        """Send what has gathered."""
        self._sent = self._now()
        self._speed()
        events: list[RunEvent] = []
        if self._series:
            self._told += 1
            self._unstored.append((self._told, self._series))
            events.append(MetricsEvent(series=self._series, summary=self._fresh))
        events.append(ProgressEvent(progress=self.progress.model_copy()))
        self._series, self._fresh = {}, {}
        self._dispatch(events)

    def stored(self, count: int) -> None:
        """The server has stored this many messages with points; called by the thread that hears of it."""
        while self._unstored and self._unstored[0][0] <= count:
            self._unstored.popleft()

    def state(self) -> dict[str, Any]:
        """What a checkpoint holds: the points that the server may not have yet, and the best values so far."""
        merged: dict[str, list[Point]] = {}
        for _, series in list(self._unstored):
            for key, points in series.items():
                merged.setdefault(key, []).extend(points)
        nan = math.nan
        curves = {
            key: torch.tensor(
                [(*place, nan if value is None else value) for *place, value in points],
                dtype=torch.float64,
            )
            for key, points in merged.items()
        }
        return {
            "curves": curves,
            "best": {key: summary.model_dump() for key, summary in self._summary.items()},
        }

    def restore(self, state: Mapping[str, Any], stored: Mapping[str, int]) -> None:
        """Go on from a checkpoint: say what the server did not get any more, behind the step that it has of each."""
        self._summary = {
            key: MetricSummary.model_validate(value) for key, value in state.get("best", {}).items()
        }
        self._fresh = dict(self._summary)
        for key, points in state.get("curves", {}).items():
            missing = points[points[:, 0] > stored.get(key, 0)].tolist()
            self._series[key] = [
                (int(s), int(e), value if math.isfinite(value) else None) for s, e, value in missing
            ]
        self._series = {key: points for key, points in self._series.items() if points}
        self.flush()

    def rest(self) -> None:
        """Training stands still from now on (a pause): it does not count towards the speed."""
        self.flush()
        self._marks = []

    def _speed(self) -> None:
        now = self._sent
        self._marks.append((now, self._rows))
        while len(self._marks) > 2 and now - self._marks[0][0] > _SPEED_WINDOW:
            self._marks.pop(0)
        (then, rows), progress = self._marks[0], self.progress
        if now > then and self._rows > rows:
            speed = (self._rows - rows) / (now - then)
            progress.samples_per_second = speed
            per_step = self._rows / progress.step if progress.step else 0.0
            progress.seconds_left = (progress.steps - progress.step) * per_step / speed

    def node(
        self, node: str, status: Literal["started", "ended", "failed"], seconds: float | None = None
    ) -> None:
        self._dispatch([NodeEvent(node=node, status=status, seconds=seconds)])

    def log(self, message: str, level: Level = "info", node: str | None = None) -> None:
        self._dispatch([LogEvent(level=level, message=message[:_LOG_CHARACTERS], node=node)])

    def printed(self, line: str, level: Level) -> None:
        """What a node prints; from any thread. A flood is told ten times a second, and how much of it was left out."""
        with self._lock:
            self._tell(self._prints.take(line, level, self._now()))

    def flush_prints(self) -> None:
        """Tell what was printed and not told yet."""
        with self._lock:
            self._tell(self._prints.rest())

    def event(self, event: RunEvent) -> None:
        self._dispatch([event])

    def _dispatch(self, events: list[RunEvent]) -> None:
        with self._lock:
            self._tell([*self._prints.rest(), *events])

    def _tell(self, events: Sequence[RunEvent]) -> None:
        stamp = time.time()
        for event in events:
            event.time = stamp
        if events:
            self._send(list(events))


class _Prints:
    """Lines as they are printed; where there are too many to tell each, many of them as one event."""

    def __init__(self) -> None:
        self._second = -math.inf  # when the present second began
        self._told = 0  # lines of it
        self._waiting: dict[Level, list[str]] = {}
        self._since: float | None = None  # when the first of those that wait was printed
        self._size = self._left_out = 0

    def take(self, line: str, level: Level, now: float) -> list[RunEvent]:
        """What is to be told, now that this line was printed."""
        if now - self._second >= 1:
            self._second, self._told = now, 0
        if self._since is None:
            if self._told < _PROMPT_LINES:
                self._told += 1
                return [LogEvent(level=level, message=line[:_LOG_CHARACTERS])]
            self._since = now
        if self._size + len(line) < _LOG_CHARACTERS:
            self._waiting.setdefault(level, []).append(line)
            self._size += len(line) + 1
        else:
            self._left_out += 1
        return self.rest() if now - self._since >= _INTERVAL else []

    def rest(self) -> list[RunEvent]:
        """What waits to be told."""
        events: list[RunEvent] = [
            LogEvent(level=level, message="\n".join(lines))
            for level, lines in self._waiting.items()
        ]
        if self._left_out:
            events.append(
                LogEvent(
                    level="warning",
                    message=f"… {self._left_out:,} more lines: too many to show each.",
                )
            )
        self._waiting, self._since, self._size, self._left_out = {}, None, 0, 0
        return events
