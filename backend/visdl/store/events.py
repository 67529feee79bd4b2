"""Events and metric points.

The points of a MetricsEvent are in a table of their own: one row holds the points that one event
has for one key, packed. A row per point costs fifty times as much.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from functools import partial
from typing import Any, TypeVar

import numpy as np
import orjson

from visdl.models.errors import NotFoundError
from visdl.models.events import (
    RUN_EVENT,
    BaseEvent,
    EncodedEvent,
    EventType,
    LogEvent,
    MetricsEvent,
    ProgressEvent,
    RunEvent,
)
from visdl.models.requests import MetricSeries
from visdl.models.runs import Run
from visdl.store.database import Database
from visdl.store.points import (
    POINT_BYTES,
    Points,
    downsample,
    downsample_by_step,
    encode,
    latest,
    pack,
    tuples,
    unpack,
)
from visdl.store.unreadable import READ_ERRORS, describe, extract, log_once

E = TypeVar("E", bound=BaseEvent)
MOST_POINTS = 1_000_000  # of an answer
_FEWEST = 100  # points of a curve that an answer has in any case

_EVENT_DAMAGE = "was damaged in the database"
_ROWS_AT_ONCE = 500  # rewritten in one transaction
_DOWNSAMPLED = "'$.downsampled'"
_TYPE = "json_extract(e.body, '$.type')"
#: Types with twenty events a second. The index of all other events is small.
_FREQUENT = frozenset({"progress", "metrics"})
_OTHER = f"{_TYPE} NOT IN ('progress', 'metrics')"
_INDEXED = "events e INDEXED BY events_told"  # words: ok (the name of a stored index)


class EventTable:
    _db: Database

    def append(self, run_id: str, events: list[RunEvent]) -> list[RunEvent]:
        """Store events, and their progress and metrics in the run; return them as stored."""

        def work(db: sqlite3.Connection) -> list[RunEvent]:
            stored = [insert_event(db, run_id, event) for event in events]
            _fold(db, run_id, stored)
            return stored

        return self._db.write(work)

    def events(
        self, run_id: str, after: int = 0, limit: int = 1000, types: Sequence[EventType] = ()
    ) -> list[RunEvent]:
        """Return events of one run with seq > `after`, in order; of `types` only, if given."""
        return [self._event(row) for row in self._rows(run_id, after, limit, types)]

    def _rows(
        self, run_id: str, after: int, limit: int, types: Sequence[EventType]
    ) -> list[sqlite3.Row]:
        table, condition = "events e", ""
        if types:
            condition = f" AND {_TYPE} IN ({', '.join('?' * len(types))})"
            if _FREQUENT.isdisjoint(types):
                table, condition = _INDEXED, f"{condition} AND {_OTHER}"
        selected = f"SELECT e.*, r.id AS run_id FROM {table} JOIN runs r ON r.number = e.run"
        try:
            return self._db.read(
                f"{selected} WHERE r.id = ? AND e.seq > ?{condition} ORDER BY e.seq LIMIT ?",
                (run_id, after, *types, limit),
            )
        except sqlite3.OperationalError as error:
            if not self._db.write(partial(repair_events, error=error)):
                raise
            return self._rows(run_id, after, limit, types)

    def _rows_of_all(self, cursor: int, limit: int) -> list[sqlite3.Row]:
        return self._db.read(
            "SELECT e.*, r.id AS run_id FROM events e JOIN runs r ON r.number = e.run"
            " WHERE e.cursor > ? ORDER BY e.cursor LIMIT ?",
            (cursor, limit),
        )

    def encoded_events(
        self,
        run_id: str | None,
        after: int,
        limit: int,
        most_bytes: int,
        types: Sequence[EventType] = (),
    ) -> list[EncodedEvent]:
        """Return events of one run with seq > `after`, or of all with cursor > `after`, as JSON.

        At least one, if there is any; then at most `limit`, and about `most_bytes` in all. Points
        are read event by event: one that extends another run begins with all of its curves.
        """
        rows = (
            self._rows_of_all(after, limit)
            if run_id is None
            else self._rows(run_id, after, limit, types)
        )
        column = "cursor" if run_id is None else "seq"
        page, size = list[EncodedEvent](), 0
        for row in rows:
            if size >= most_bytes:
                break
            text = self._event(row).model_dump_json()
            page.append(EncodedEvent(row[column], text))
            size += len(text)
        return page

    def last_cursor(self) -> int:
        return int(self._db.read("SELECT coalesce(max(cursor), 0) FROM events")[0][0])

    def series(
        self, run_id: str, keys: Sequence[str] | None = None, max_points: int | None = None
    ) -> MetricSeries:
        """Return metrics by key, downsampled to `max_points` so that extremes stay."""
        curves, truncated = self._curves(run_id, keys, max_points)
        return MetricSeries(series={k: tuples(c) for k, c in curves.items()}, truncated=truncated)

    def encoded_series(
        self, run_id: str, keys: Sequence[str] | None = None, max_points: int | None = None
    ) -> bytes:
        """Return `series` as JSON, made curve by curve in pieces: it may have millions of points.

        It has at most `MOST_POINTS` in all.
        """
        curves, truncated = self._curves(run_id, keys, max_points, MOST_POINTS)
        parts = [orjson.dumps(key) + b":" + encode(curve) for key, curve in curves.items()]
        ending = b"true" if truncated else b"false"
        return b'{"series":{' + b",".join(parts) + b'},"truncated":' + ending + b"}"

    def _curves(
        self,
        run_id: str,
        keys: Sequence[str] | None,
        max_points: int | None,
        in_all: int | None = None,
    ) -> tuple[dict[str, Points], bool]:
        """Return the points by key, and whether some were left out."""
        found = self._db.read(
            f"SELECT number, {extract('record', _DOWNSAMPLED)} FROM runs WHERE id = ?", (run_id,)
        )
        if not found:
            raise NotFoundError(f"There is no run '{run_id}'.", hint="It may have been deleted.")
        number, downsampled = found[0]
        if keys is None:
            keys = [
                row[0]
                for row in self._db.read("SELECT DISTINCT key FROM points WHERE run = ?", (number,))
            ]
        keys = list(dict.fromkeys(keys))
        if in_all is not None:
            max_points = min(max_points or in_all, max(_FEWEST, in_all // max(1, len(keys))))
        curves: dict[str, Points] = {}
        truncated = bool(downsampled)
        for key in keys:
            sql = "SELECT body FROM points WHERE run = ? AND key = ? ORDER BY seq"
            points = unpack(*(row["body"] for row in self._db.read(sql, (number, key))))
            points = points[latest(points)]
            shown = points[downsample(points[:, 2], max_points)] if max_points else points
            curves[key] = shown
            truncated = truncated or len(shown) < len(points)
        return curves, truncated

    def last_log(self, run_id: str, lines: int) -> list[str]:
        """Return the newest lines of a run's log, in order."""
        sql = (
            f"SELECT e.body FROM {_INDEXED} JOIN runs r ON r.number = e.run"
            f" WHERE r.id = ? AND {_TYPE} = 'log' AND {_OTHER} ORDER BY e.seq DESC LIMIT ?"
        )
        try:
            rows = self._db.read(sql, (run_id, lines))
        except sqlite3.OperationalError as error:
            if not self._db.write(partial(repair_events, error=error)):
                raise
            return self.last_log(run_id, lines)
        return [orjson.loads(row["body"])["message"] for row in reversed(rows)]

    def downsample_curves(self, run_id: str, most: int) -> int:
        """Downsample the curves of a run with over `most` points; return how many were dropped.

        Evenly over the steps, so that no part gets coarser than another when this is repeated. The
        extremes of every interval and the newest points stay. It writes in small transactions, so
        that other writes do not wait for long.
        """
        found = self._db.read("SELECT number FROM runs WHERE id = ?", (run_id,))
        keys = found and self._db.read(
            "SELECT key FROM points WHERE run = ? GROUP BY key HAVING sum(length(body)) > ?",
            (found[0]["number"], most * POINT_BYTES),
        )
        return sum(self._downsample_curve(found[0]["number"], row["key"], most) for row in keys)

    def _downsample_curve(self, run: int, key: str, most: int) -> int:
        # the last row stays as it is: it states up to which step the curve is stored
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
        """Return up to which optimizer step each metric of a run is stored."""
        rows = self._db.read(
            "SELECT p.key, max(p.seq), p.body FROM points p JOIN runs r ON r.number = p.run"
            " WHERE r.id = ? GROUP BY p.key",
            (run_id,),
        )
        points = {row["key"]: unpack(row["body"]) for row in rows}
        return {key: int(found[-1, 0]) for key, found in points.items() if len(found)}

    def _event(self, row: sqlite3.Row) -> RunEvent:
        try:
            return self._read_event(row)
        except READ_ERRORS:  # it keeps its position, so that there is no gap
            message = f"Event {row['seq']} of this run cannot be read: it {_EVENT_DAMAGE}."
            return LogEvent(
                level="error", message=message, time=row["time"],
                run=row["run_id"], seq=row["seq"], cursor=row["cursor"],
            )  # fmt: skip

    def _read_event(self, row: sqlite3.Row) -> RunEvent:
        body: dict[str, Any] = orjson.loads(row["body"])
        if body["type"] == "metrics":
            sql = "SELECT key, body FROM points WHERE run = ? AND seq = ? ORDER BY rowid"
            found = self._db.read(sql, (row["run"], row["seq"]))
            body["series"] = {points["key"]: tuples(unpack(points["body"])) for points in found}
        position = {
            "run": row["run_id"],
            "seq": row["seq"],
            "time": row["time"],
            "cursor": row["cursor"],
        }
        return RUN_EVENT.validate_python({**body, **position})


def repair_events(db: sqlite3.Connection, error: sqlite3.OperationalError) -> bool:
    """Replace events that are not JSON, which an index cannot hold; return whether that helps.

    Such an event can be neither read by its type nor deleted.
    """
    if "malformed JSON" not in str(error):
        return False
    index = "name = 'events_told'"  # words: ok (the name of a stored index)
    [sql] = db.execute(f"SELECT sql FROM sqlite_master WHERE {index}").fetchone()
    db.execute("DROP INDEX events_told")  # words: ok
    event = LogEvent(level="error", message=f"An event {_EVENT_DAMAGE}.", time=0.0)
    body = event.model_dump_json(include={"type", "level", "message"})
    repaired = db.execute("UPDATE events SET body = ? WHERE NOT json_valid(body)", (body,)).rowcount
    db.execute(sql)
    return repaired > 0


def insert_event(db: sqlite3.Connection, run_id: str, event: E) -> E:
    """Store one event in a transaction; return it with its position."""
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
    """Update the progress and the metrics in the run's record."""
    changes: dict[str, Any] = {}
    row = db.execute("SELECT record FROM runs WHERE id = ?", (run_id,)).fetchone()
    try:
        run = Run.model_validate_json(row["record"])
    except READ_ERRORS:  # its events are stored all the same
        log_once(describe("run", run_id))
        return
    for event in events:
        if isinstance(event, ProgressEvent):
            changes["progress"] = event.progress
        if isinstance(event, MetricsEvent) and event.summary:
            changes["metrics"] = {**changes.get("metrics", run.metrics), **event.summary}
    if changes:
        record = run.model_copy(update=changes).model_dump_json()
        db.execute("UPDATE runs SET record = ? WHERE id = ?", (record, run_id))


def _rewrite(db: sqlite3.Connection, changes: list[tuple[bytes, int, str, int]]) -> None:
    """Replace rows of points with what is left of them, and delete empty ones."""
    where = "WHERE run = ? AND key = ? AND seq = ?"
    db.executemany(
        f"UPDATE points SET body = ? {where}", [change for change in changes if change[0]]
    )
    db.executemany(f"DELETE FROM points {where}", [row for body, *row in changes if not body])
