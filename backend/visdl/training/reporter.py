"""What a worker reports to the server: events, coalesced to at most ten messages a second."""

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
from visdl.nodes.contract.metrics.names import BATCH_LOSS

_INTERVAL = 0.1  # seconds between two messages with metrics
_SPEED_WINDOW = 5.0  # seconds over which samples per second are averaged
_PROMPT_LINES = 50  # printed lines of a second that are sent one by one; the rest is joined
_LOG_CHARACTERS = 10_000  # of one log event

Send = Callable[[list[RunEvent]], None]
Direction = Literal["minimize", "maximize"] | None
Level = Literal["info", "warning", "error"]


class Reporter:
    """Collects points and progress of a training, and sends them ten times a second.

    Other events are sent immediately, and in order with them. The training thread calls all
    methods but three: `confirm_stored` is called by the thread that reads the pipe, and
    `record_print` and `flush_prints` by any thread.

    A point is (step, epoch, value): optimizer steps finished, epochs finished, and the value, in
    the unit of its metric; None where the value is not finite.

    Messages with points are counted, and the server acknowledges how many it has stored. The
    points of the others are part of `state()` and therefore of each checkpoint: a run that
    continues from it can send what a killed server did not store, so curves have no gaps.
    """

    def __init__(self, send: Send, now: Callable[[], float] = time.monotonic) -> None:
        """`send` delivers a list of events to the server; `now` is a clock in seconds."""
        self._send = send
        self._now = now
        self._lock = threading.Lock()
        self._series: dict[str, list[Point]] = {}
        self._summary: dict[str, MetricSummary] = {}
        self._fresh: dict[str, MetricSummary] = {}
        self._rows = 0
        self._marks: list[tuple[float, int]] = [(now(), 0)]
        self._sent = -math.inf
        self._messages = 0  # sent with points
        #: number and points of each message that the server has not acknowledged yet
        self._unstored: deque[tuple[int, dict[str, list[Point]]]] = deque()
        self._prints = _PrintBuffer()
        self.progress = Progress()

    def step(self, step: int, rows: int, losses: list[tuple[int, float]]) -> None:
        """Record an optimizer step of `rows` rows; `losses` are (step, loss per sample).

        It is called for each step, so it does almost nothing except once in 100 ms.
        """
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
        """Record the values of an epoch or a test, and update last and best of each metric.

        `directions` has the direction of each metric; one without a direction has no best value.
        """
        for key, value in values.items():
            finite = value if math.isfinite(value) else None
            self._series.setdefault(key, []).append(
                (self.progress.step, self.progress.epoch, finite)
            )
            self._fresh[key] = self._summary[key] = self._summarize(
                key, finite, directions.get(key)
            )
        if self._now() - self._sent >= _INTERVAL:
            self.flush()

    def _summarize(self, key: str, value: float | None, direction: Direction) -> MetricSummary:
        before = self._summary.get(key, MetricSummary())
        if value is None or direction is None:
            return before.model_copy(update={"last": value, "direction": direction})
        improved = before.best is None or (
            value < before.best if direction == "minimize" else value > before.best
        )
        best, epoch = (value, self.progress.epoch) if improved else (before.best, before.best_epoch)
        return MetricSummary(last=value, best=best, best_epoch=epoch, direction=direction)

    def keep_epoch(self, epoch: int, values: Mapping[str, float]) -> None:
        """Make these values of an epoch the last ones in the run's record: it is the one kept."""
        self.progress.kept_epoch = epoch
        self.flush()
        for key, value in values.items():
            finite = value if math.isfinite(value) else None
            before = self._summary.get(key, MetricSummary())
            self._summary[key] = before.model_copy(update={"last": finite})
        self._messages += 1
        self._unstored.append((self._messages, {}))
        summary = {key: self._summary[key] for key in values}
        self._dispatch([MetricsEvent(series={}, summary=summary)])

    def flush(self) -> None:
        """Send the collected points and the progress now."""
        self._sent = self._now()
        self._update_speed()
        events: list[RunEvent] = []
        if self._series:
            self._messages += 1
            self._unstored.append((self._messages, self._series))
            events.append(MetricsEvent(series=self._series, summary=self._fresh))
        events.append(ProgressEvent(progress=self.progress.model_copy()))
        self._series, self._fresh = {}, {}
        self._dispatch(events)

    def confirm_stored(self, count: int) -> None:
        """Note that the server has stored the first `count` messages with points."""
        while self._unstored and self._unstored[0][0] <= count:
            self._unstored.popleft()

    def state(self) -> dict[str, Any]:
        """Return what a checkpoint holds of the reporter.

        `curves` has, by metric key, the points that the server may not have stored, those included
        that are not sent yet: a float64 tensor (points, 3) of step, epoch and value, NaN for a
        missing value. `best` has the summary of each metric.
        """
        merged: dict[str, list[Point]] = {}
        for series in (*(sent for _, sent in list(self._unstored)), self._series):
            for key, points in series.items():
                merged.setdefault(key, []).extend(points)
        nan = math.nan
        curves = {
            key: torch.tensor(
                [(step, epoch, nan if value is None else value) for step, epoch, value in points],
                dtype=torch.float64,
            )
            for key, points in merged.items()
        }
        return {
            "curves": curves,
            "best": {key: summary.model_dump() for key, summary in self._summary.items()},
        }

    def restore(self, state: Mapping[str, Any], stored: Mapping[str, int]) -> None:
        """Continue from a checkpoint's `state`, and send the points that the server lacks.

        `stored` has, by metric key, the step up to which the server has stored points.
        """
        self._summary = {
            key: MetricSummary.model_validate(value) for key, value in state.get("best", {}).items()
        }
        self._fresh = dict(self._summary)
        for key, points in state.get("curves", {}).items():
            missing = points[points[:, 0] > stored.get(key, 0)].tolist()
            self._series[key] = [
                (int(step), int(epoch), value if math.isfinite(value) else None)
                for step, epoch, value in missing
            ]
        self._series = {key: points for key, points in self._series.items() if points}
        self.flush()

    def suspend(self) -> None:
        """Send everything before a pause. The time of the pause does not count for the speed."""
        self.flush()
        self._marks = []

    def _update_speed(self) -> None:
        """Average samples per second over `_SPEED_WINDOW`, and estimate the seconds left."""
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
        """Report that a node has started, ended or failed, after this many seconds."""
        self._dispatch([NodeEvent(node=node, status=status, seconds=seconds)])

    def log(self, message: str, level: Level = "info", node: str | None = None) -> None:
        """Write a line to the run's log."""
        self._dispatch([LogEvent(level=level, message=message[:_LOG_CHARACTERS], node=node)])

    def record_print(self, line: str, level: Level) -> None:
        """Log a printed line. A flood is sent ten times a second, with a count of omitted lines."""
        with self._lock:
            self._send_stamped(self._prints.add(line, level, self._now()))

    def flush_prints(self) -> None:
        """Send the printed lines that are still waiting."""
        with self._lock:
            self._send_stamped(self._prints.flush())

    def event(self, event: RunEvent) -> None:
        """Send an event immediately."""
        self._dispatch([event])

    def _dispatch(self, events: list[RunEvent]) -> None:
        with self._lock:
            self._send_stamped([*self._prints.flush(), *events])

    def _send_stamped(self, events: Sequence[RunEvent]) -> None:
        stamp = time.time()
        for event in events:
            event.time = stamp
        if events:
            self._send(list(events))


class _PrintBuffer:
    """Turns printed lines into log events; when there are too many, into one event for many."""

    def __init__(self) -> None:
        self._second = -math.inf  # when the present second began
        self._prompt = 0  # lines of it that were sent one by one
        self._waiting: dict[Level, list[str]] = {}
        self._since: float | None = None  # when the first waiting line was printed
        self._size = self._left_out = 0

    def add(self, line: str, level: Level, now: float) -> list[RunEvent]:
        """Add a line, and return the events that are now due."""
        if now - self._second >= 1:
            self._second, self._prompt = now, 0
        if self._since is None:
            if self._prompt < _PROMPT_LINES:
                self._prompt += 1
                return [LogEvent(level=level, message=line[:_LOG_CHARACTERS])]
            self._since = now
        if self._size + len(line) < _LOG_CHARACTERS:
            self._waiting.setdefault(level, []).append(line)
            self._size += len(line) + 1
        else:
            self._left_out += 1
        return self.flush() if now - self._since >= _INTERVAL else []

    def flush(self) -> list[RunEvent]:
        """Return the waiting lines as events."""
        events: list[RunEvent] = [
            LogEvent(level=level, message="\n".join(lines))
            for level, lines in self._waiting.items()
        ]
        if self._left_out:
            message = f"… {self._left_out:,} more lines were left out."
            events.append(LogEvent(level="warning", message=message))
        self._waiting, self._since, self._size, self._left_out = {}, None, 0, 0
        return events
