"""Events and metric points. A MetricsEvent is not stored twice: its points are in their own table.

There, one row holds the packed points of one event and key; a row per point cost 50 times more.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any, TypeVar

import numpy as np
import orjson

from visdl.models.errors import NotFoundError
from visdl.models.events import (
    RUN_EVENT,
    BaseEvent,
    EventType,
    MetricsEvent,
    Point,
    ProgressEvent,
    RunEvent,
)
from visdl.models.requests import MetricSeries
from visdl.models.runs import Run
from visdl.store.database import Database
from visdl.store.points import (
    POINT_BYTES,
    downsample,
    downsample_by_step,
    latest,
    pack,
    tuples,
    unpack,
)

E = TypeVar("E", bound=BaseEvent)
_ROWS_AT_ONCE = 500  # rewritten in one transaction
_TYPE = "json_extract(e.body, '$.type')"
#: Twenty per second: the index of logged events omits them.
_MANY = frozenset({"progress", "metrics"})
_LOGGED_EVENTS = "events e INDEXED BY events_told"  # words: ok (a stored name)
_LOGGED = f"{_TYPE} NOT IN ('progress', 'metrics')"


class EventTable:
    _db: Database

    def append(self, run_id: str, events: list[RunEvent]) -> list[RunEvent]:
        """Store events with `seq` (gapless in the run) and `cursor`; update the run's record."""

        def work(db: sqlite3.Connection) -> list[RunEvent]:
            stored = [insert_event(db, run_id, event) for event in events]
            _fold(db, run_id, stored)
            return stored

        return self._db.write(work)

    def events(
        self, run_id: str, after: int = 0, limit: int = 1000, types: Sequence[EventType] = ()
    ) -> list[RunEvent]:
        """Return events of a run with seq > `after`, in order, without gaps; only `types` if
        given.
        """
        table, condition = "events e", ""
        if types:
            condition = f" AND {_TYPE} IN ({', '.join('?' * len(types))})"
            if _MANY.isdisjoint(types):
                table, condition = _LOGGED_EVENTS, f"{condition} AND {_LOGGED}"
        rows = self._db.read(
            f"SELECT e.*, r.id AS run_id FROM {table} JOIN runs r ON r.number = e.run"
            f" WHERE r.id = ? AND e.seq > ?{condition} ORDER BY e.seq LIMIT ?",
            (run_id, after, *types, limit),
        )
        return self._rebuild(rows)

    def all_events(self, cursor: int = 0, limit: int = 1000) -> list[RunEvent]:
        """Return events of all runs after `cursor`, in the order in which they were stored."""
        rows = self._db.read(
            "SELECT e.*, r.id AS run_id FROM events e JOIN runs r ON r.number = e.run"
            " WHERE e.cursor > ? ORDER BY e.cursor LIMIT ?",
            (cursor, limit),
        )
        return self._rebuild(rows)

    def last_cursor(self) -> int:
        return int(self._db.read("SELECT coalesce(max(cursor), 0) FROM events")[0][0])

    def series(
        self, run_id: str, keys: Sequence[str] | None = None, max_points: int | None = None
    ) -> MetricSeries:
        """Return metrics by key, downsampled to `max_points` so that extremes are kept."""
        found = self._db.read(
            "SELECT number, json_extract(record, '$.downsampled') FROM runs WHERE id = ?", (run_id,)
        )
        if not found:
            raise NotFoundError(f"There is no run '{run_id}'.", hint="It may have been deleted.")
        number, downsampled = found[0]
        if keys is None:
            keys = [
                row[0]
                for row in self._db.read("SELECT DISTINCT key FROM points WHERE run = ?", (number,))
            ]
        series: dict[str, list[Point]] = {}
        truncated = bool(downsampled)
        for key in keys:
            sql = "SELECT body FROM points WHERE run = ? AND key = ? ORDER BY seq"
            points = unpack(b"".join(row["body"] for row in self._db.read(sql, (number, key))))
            points = points[latest(points)]
            shown = points[downsample(points[:, 2], max_points)] if max_points else points
            series[key] = tuples(shown)
            truncated = truncated or len(shown) < len(points)
        return MetricSeries(series=series, truncated=truncated)

    def last_log(self, run_id: str, lines: int) -> list[str]:
        """The newest lines of a run's log, in order."""
        sql = (
            f"SELECT e.body FROM {_LOGGED_EVENTS} JOIN runs r ON r.number = e.run"
            f" WHERE r.id = ? AND {_TYPE} = 'log' AND {_LOGGED} ORDER BY e.seq DESC LIMIT ?"
        )
        return [
            orjson.loads(row["body"])["message"]
            for row in reversed(self._db.read(sql, (run_id, lines)))
        ]

    def downsample_curves(self, run_id: str, most: int) -> int:
        """Downsample a run's curves to `most` points each; returns how many points were removed.

        Even over the steps, however often it is done. The extremes of every stretch and the newest
        points are kept. Uses small transactions, so that other writes need not wait long.
        """
        found = self._db.read("SELECT number FROM runs WHERE id = ?", (run_id,))
        keys = found and self._db.read(
            "SELECT key FROM points WHERE run = ? GROUP BY key HAVING sum(length(body)) > ?",
            (found[0]["number"], most * POINT_BYTES),
        )
        return sum(self._downsample_curve(found[0]["number"], row["key"], most) for row in keys)

    def _downsample_curve(self, run: int, key: str, most: int) -> int:
        # the last row is kept: it shows up to which step the curve is stored
        rows = self._db.read(
            "SELECT seq, body FROM points WHERE run = ? AND key = ? ORDER BY seq", (run, key)
        )[:-1]
        if not rows:
            return 0
        bodies = [unpack(row["body"]) for row in rows]
        kept = downsample_by_step(np.concatenate(bodies), most)
        ends = np.cumsum([len(body) for body in bodies])
        changes = [
            (body[kept[end - len(body) : end]].tobytes(), run, key, row["seq"])
            for row, body, end in zip(rows, bodies, ends, strict=True)
            if not kept[end - len(body) : end].all()
        ]
        for start in range(0, len(changes), _ROWS_AT_ONCE):
            self._db.write(partial(_rewrite, changes=changes[start : start + _ROWS_AT_ONCE]))
        return int(len(kept) - kept.sum())

    def stored_steps(self, run_id: str) -> dict[str, int]:
        """Up to which optimizer step each metric of a run is there."""
        rows = self._db.read(
            "SELECT p.key, max(p.seq), p.body FROM points p JOIN runs r ON r.number = p.run"
            " WHERE r.id = ? GROUP BY p.key",
            (run_id,),
        )
        return {row["key"]: int(unpack(row["body"])[-1, 0]) for row in rows}

    def _rebuild(self, rows: Iterable[sqlite3.Row]) -> list[RunEvent]:
        return [self._event(row) for row in rows]

    def _event(self, row: sqlite3.Row) -> RunEvent:
        body: dict[str, Any] = orjson.loads(row["body"])
        if body["type"] == "metrics":
            sql = "SELECT key, body FROM points WHERE run = ? AND seq = ? ORDER BY rowid"
            found = self._db.read(sql, (row["run"], row["seq"]))
            body["series"] = {points["key"]: tuples(unpack(points["body"])) for points in found}
        place = {
            "run": row["run_id"],
            "seq": row["seq"],
            "time": row["time"],
            "cursor": row["cursor"],
        }
        return RUN_EVENT.validate_python({**body, **place})


def insert_event(db: sqlite3.Connection, run_id: str, event: E) -> E:
    """Store one event inside a transaction; returns it with its place."""
    row = db.execute(
        "UPDATE runs SET seq = seq + 1 WHERE id = ? RETURNING number, seq", (run_id,)
    ).fetchone()
    if row is None:
        raise NotFoundError(f"There is no run '{run_id}'.")
    number, seq = row["number"], row["seq"]
    left_out = {
        "run",
        "seq",
        "time",
        "cursor",
        *(["series"] if isinstance(event, MetricsEvent) else []),
    }
    values = (number, seq, event.time, event.model_dump_json(exclude=left_out))
    cursor = db.execute(
        "INSERT INTO events (run, seq, time, body) VALUES (?, ?, ?, ?)", values
    ).lastrowid
    if isinstance(event, MetricsEvent):
        points = [(number, key, seq, pack(series)) for key, series in event.series.items()]
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


def _rewrite(db: sqlite3.Connection, changes: list[tuple[bytes, int, str, int]]) -> None:
    """Rows of points with what is left of them; those with nothing left go."""
    where = "WHERE run = ? AND key = ? AND seq = ?"
    db.executemany(
        f"UPDATE points SET body = ? {where}", [change for change in changes if change[0]]
    )
    db.executemany(f"DELETE FROM points {where}", [place for body, *place in changes if not body])
