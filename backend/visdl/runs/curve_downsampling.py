"""Curves of long runs: a small network takes ten thousand steps a second, and a night of that would fill the disk."""

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


class CurveKeeper:
    """Keeps each curve below `most` points, in a thread of its own: thinning takes a moment, and nobody waits for it.

    A curve that has grown by half of that is thinned to the other half. The run's log says so, once.
    """

    def __init__(self, store: Store, telemetry: Telemetry, most: int) -> None:
        self._store = store
        self._telemetry = telemetry
        self._most = most
        self._grown: dict[
            str, Counter[str]
        ] = {}  # points by run and key since they were thinned last
        self._due: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._work, name="curves", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        """End when what is under way is done; what is still due is taken up when the curves grow again."""
        self._due.put(None)
        self._thread.join()

    def grew(self, run_id: str, events: Sequence[RunEvent]) -> None:
        """Take note of points that were stored; called by one thread, and quick."""
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
        """The run has ended."""
        self._grown.pop(run_id, None)

    def _work(self) -> None:
        while (run_id := self._due.get()) is not None:
            try:
                self._thin(run_id)
            except NotFoundError:
                continue  # deleted meanwhile
            except Exception:
                log.exception(
                    "The curves of run %s could not be thinned; they stay as they are.", run_id
                )

    def _thin(self, run_id: str) -> None:
        run = self._store.run(run_id)
        if not self._store.thin_curves(run_id, self._most // 2) or run.thinned:
            return
        self._store.patch_run(run_id, thinned=True)
        message = f"A curve has over {self._most // 2:,} points: of each stretch the lowest and the highest are kept."
        self._telemetry.publish(
            self._store.append(run_id, [LogEvent(message=message, time=time.time())])
        )
