"""Curves of long runs: at ten thousand steps a second, a night would fill the disk."""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections import Counter
from collections.abc import Sequence

from visdl.models.errors import NotFoundError
from visdl.models.events import LogEvent, MetricsEvent, RunEvent
from visdl.runs.telemetry import Telemetry
from visdl.store import Store

log = logging.getLogger(__name__)


class CurveDownsampler:
    """Keeps each curve below `most` points, in a thread of its own.

    A curve that has grown by half of that is downsampled to the other half. The log of the run
    states it once.
    """

    def __init__(self, store: Store, telemetry: Telemetry, most: int) -> None:
        self._store = store
        self._telemetry = telemetry
        self._most = most
        #: points by run and key since the last downsampling
        self._grown: dict[str, Counter[str]] = {}
        self._due: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._work, name="curves", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def close(self) -> None:
        """End after the present curve; the others follow when they grow again."""
        self._due.put(None)
        self._thread.join()

    def count_points(self, run_id: str, events: Sequence[RunEvent]) -> None:
        """Count stored points; called by one thread, and quick."""
        for event in events:
            if not isinstance(event, MetricsEvent):
                continue
            grown = self._grown.setdefault(run_id, Counter())
            for key, points in event.series.items():
                grown[key] += len(points)
            if max(grown.values(), default=0) >= self._most // 2:
                self._grown[run_id] = Counter()
                self._due.put(run_id)

    def forget(self, run_id: str) -> None:
        """Drop the counts of a run that has ended."""
        self._grown.pop(run_id, None)

    def _work(self) -> None:
        while (run_id := self._due.get()) is not None:
            try:
                self._downsample(run_id)
            except NotFoundError:
                continue  # deleted meanwhile
            except Exception:
                log.exception(
                    "The curves of run %s could not be downsampled; they are kept in full.", run_id
                )

    def _downsample(self, run_id: str) -> None:
        run = self._store.run(run_id)
        if not self._store.downsample_curves(run_id, self._most // 2) or run.downsampled:
            return
        self._store.patch_run(run_id, downsampled=True)
        message = (
            f"A curve has over {self._most // 2:,} points: it is downsampled to the lowest and"
            " highest values of each interval."
        )
        self._telemetry.publish(
            self._store.append(run_id, [LogEvent(message=message, time=time.time())])
        )
