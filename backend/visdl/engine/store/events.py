"""Events and metric points. A MetricsEvent is not stored twice: its points lie in their own table.

There, one row holds the points that one event has for one key: (points, 3) float64 of step, epoch and value, in which
whole numbers are exact up to 2^53 and NaN stands for null. A row per point cost fifty times as much.
"""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Iterable, Sequence
from typing import Any, TypeVar

import numpy as np
import orjson
from numpy.typing import NDArray

from visdl.engine.store.database import Database
from visdl.models.errors import NotFoundError
from visdl.models.events import RUN_EVENT, BaseEvent, MetricsEvent, Point, ProgressEvent, RunEvent
from visdl.models.runs import Run
from visdl.models.schemas import MetricSeries

E = TypeVar("E", bound=BaseEvent)
Points = NDArray[np.float64]


class EventTable:
    _db: Database

    def append(self, run_id: str, events: list[RunEvent]) -> list[RunEvent]:
        """Store events: each gets its `seq` (gapless in the run) and `cursor`; progress and metrics go into the run."""

        def work(db: sqlite3.Connection) -> list[RunEvent]:
            stored = [insert_event(db, run_id, event) for event in events]
            _fold(db, run_id, stored)
            return stored

        return self._db.write(work)

    def events(self, run_id: str, after: int = 0, limit: int = 1000) -> list[RunEvent]:
        """Events of one run with seq > `after`, in order, without gaps."""
        rows = self._db.read(
            "SELECT e.*, r.id AS run_id FROM events e JOIN runs r ON r.number = e.run"
            " WHERE r.id = ? AND e.seq > ? ORDER BY e.seq LIMIT ?",
            (run_id, after, limit),
        )
        return self._rebuild(rows)

    def all_events(self, cursor: int = 0, limit: int = 1000) -> list[RunEvent]:
        """Events of all runs behind `cursor`, in the order in which they were stored."""
        rows = self._db.read(
            "SELECT e.*, r.id AS run_id FROM events e JOIN runs r ON r.number = e.run"
            " WHERE e.cursor > ? ORDER BY e.cursor LIMIT ?",
            (cursor, limit),
        )
        return self._rebuild(rows)

    def last_cursor(self) -> int:
        return int(self._db.read("SELECT coalesce(max(cursor), 0) FROM events")[0][0])

    def series(self, run_id: str, keys: Sequence[str] | None = None, max_points: int | None = None) -> MetricSeries:
        """Metrics by key. More than `max_points` are thinned so that the extremes of every stretch stay."""
        found = self._db.read("SELECT number FROM runs WHERE id = ?", (run_id,))
        if not found:
            raise NotFoundError(f"There is no run '{run_id}'.", hint="It may have been deleted.")
        number = found[0]["number"]
        if keys is None:
            keys = [row[0] for row in self._db.read("SELECT DISTINCT key FROM points WHERE run = ?", (number,))]
        series: dict[str, list[Point]] = {}
        truncated = False
        for key in keys:
            sql = "SELECT body FROM points WHERE run = ? AND key = ? ORDER BY seq"
            points = _latest(_unpack(b"".join(row["body"] for row in self._db.read(sql, (number, key)))))
            shown = points[_thin(points[:, 2], max_points)] if max_points else points
            series[key] = _tuples(shown)
            truncated = truncated or len(shown) < len(points)
        return MetricSeries(series=series, truncated=truncated)

    def last_log(self, run_id: str, lines: int) -> list[str]:
        """The newest lines of a run's log, in order."""
        rows = self._db.read(
            "SELECT e.body FROM events e JOIN runs r ON r.number = e.run WHERE r.id = ?"
            " AND json_extract(e.body, '$.type') = 'log' ORDER BY e.seq DESC LIMIT ?",
            (run_id, lines),
        )
        return [orjson.loads(row["body"])["message"] for row in reversed(rows)]

    def stored_steps(self, run_id: str) -> dict[str, int]:
        """Up to which optimizer step each metric of a run is there."""
        rows = self._db.read(
            "SELECT p.key, max(p.seq), p.body FROM points p JOIN runs r ON r.number = p.run"
            " WHERE r.id = ? GROUP BY p.key",
            (run_id,),
        )
        return {row["key"]: int(_unpack(row["body"])[-1, 0]) for row in rows}

    def _rebuild(self, rows: Iterable[sqlite3.Row]) -> list[RunEvent]:
        return [self._event(row) for row in rows]

    def _event(self, row: sqlite3.Row) -> RunEvent:
        body: dict[str, Any] = orjson.loads(row["body"])
        if body["type"] == "metrics":
            sql = "SELECT key, body FROM points WHERE run = ? AND seq = ? ORDER BY rowid"
            found = self._db.read(sql, (row["run"], row["seq"]))
            body["series"] = {points["key"]: _tuples(_unpack(points["body"])) for points in found}
        place = {"run": row["run_id"], "seq": row["seq"], "time": row["time"], "cursor": row["cursor"]}
        return RUN_EVENT.validate_python({**body, **place})


def insert_event(db: sqlite3.Connection, run_id: str, event: E) -> E:
    """Store one event inside a transaction; returns it with its place."""
    row = db.execute("UPDATE runs SET seq = seq + 1 WHERE id = ? RETURNING number, seq", (run_id,)).fetchone()
    if row is None:
        raise NotFoundError(f"There is no run '{run_id}'.")
    number, seq = row["number"], row["seq"]
    left_out = {"run", "seq", "time", "cursor", *(["series"] if isinstance(event, MetricsEvent) else [])}
    values = (number, seq, event.time, event.model_dump_json(exclude=left_out))
    cursor = db.execute("INSERT INTO events (run, seq, time, body) VALUES (?, ?, ?, ?)", values).lastrowid
    if isinstance(event, MetricsEvent):
        points = [(number, key, seq, _pack(series)) for key, series in event.series.items()]
        db.executemany("INSERT INTO points VALUES (?, ?, ?, ?)", points)
    return event.model_copy(update={"run": run_id, "seq": seq, "cursor": cursor})


def _fold(db: sqlite3.Connection, run_id: str, events: list[RunEvent]) -> None:
    """Keep the run's record up with its progress and its metrics."""
    changes: dict[str, Any] = {}
    row = db.execute("SELECT record FROM runs WHERE id = ?", (run_id,)).fetchone()
    run = Run.model_validate_json(row["record"])
    for event in events:
        if isinstance(event, ProgressEvent):
            changes["progress"] = event.progress
        if isinstance(event, MetricsEvent) and event.summary:
            changes["metrics"] = {**changes.get("metrics", run.metrics), **event.summary}
    if changes:
        record = run.model_copy(update=changes).model_dump_json()
        db.execute("UPDATE runs SET record = ? WHERE id = ?", (record, run_id))


def _pack(points: Sequence[Point]) -> bytes:
    return np.array(points, dtype=np.float64).tobytes()  # None becomes NaN


def _unpack(body: bytes) -> Points:
    return np.frombuffer(body, dtype=np.float64).reshape(-1, 3)


def _tuples(points: Points) -> list[Point]:
    return [(int(step), int(epoch), value if math.isfinite(value) else None) for step, epoch, value in points.tolist()]


def _latest(points: Points) -> Points:
    """A run that went on from a checkpoint has taken some steps twice: the later ones count."""
    steps = points[:, 0]
    if np.all(np.diff(steps) > 0):
        return points
    following = np.append(np.minimum.accumulate(steps[::-1])[::-1][1:], np.inf)
    return points[steps < following]


def _thin(values: NDArray[np.float64], most: int) -> NDArray[np.int64]:
    """The places of at most `most` values: the first, the last, and the extremes of each stretch between."""
    count = len(values)
    if count <= most or most < 4:
        return np.arange(count) if count <= most else np.array([0, count - 1])[:most]
    stretches = (most - 2) // 2
    length = -(-(count - 2) // stretches)
    inner = np.full(stretches * length, np.nan)
    inner[: count - 2] = values[1:-1]
    table = inner.reshape(stretches, length)
    extremes = [
        np.where(np.isfinite(table), table, np.inf).argmin(axis=1),
        np.where(np.isfinite(table), table, -np.inf).argmax(axis=1),
    ]
    places = 1 + np.arange(stretches) * length + np.array(extremes)
    return np.unique(np.concatenate([[0], places[places < count - 1], [count - 1]]))
