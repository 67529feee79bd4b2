"""Runs and their states. A state changes only from one that TRANSITIONS allows, inside the writer's transaction."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from visdl.engine.store.database import Database
from visdl.engine.store.events import insert_event
from visdl.models.errors import ConflictError, NotFoundError, TransitionError
from visdl.models.events import MetricsEvent, StateEvent
from visdl.models.graph import Graph
from visdl.models.runs import ENDED, LIVE, TRANSITIONS, Run, RunProblem, RunState


@dataclass(frozen=True)
class RunFilter:
    """Which runs are wanted; what is left out does not matter. `search` looks into name, tags, graph and note."""

    state: Sequence[RunState] = ()
    search: str | None = None
    graph: str | None = None  # the id of a stored graph
    tag: str | None = None
    dataset: str | None = None
    starred: bool | None = None


_ALL = RunFilter()
_TURN = [RunState.STOPPING, RunState.PAUSED, RunState.QUEUED]


class RunTable:
    _db: Database

    def add_run(self, run: Run, graph: Graph, curves: MetricsEvent | None = None) -> None:
        """A new run in its first state, with that as its first event; `curves` are those that it goes on from."""
        document = graph.model_dump_json()

        def work(db: sqlite3.Connection) -> None:
            number = db.execute(
                "INSERT INTO runs (id, state, created, search, record, graph, graph_id) VALUES (?, ?, ?, ?, ?, ?, ?)",
                (run.id, run.state, run.created, _search(run), run.model_dump_json(), document, run.graph_id),
            ).lastrowid
            db.executemany("INSERT OR IGNORE INTO run_tags VALUES (?, ?)", [(number, tag) for tag in run.tags])
            used = {(number, use.id) for use in run.datasets}
            db.executemany("INSERT INTO run_datasets VALUES (?, ?)", used)
            insert_event(db, run.id, StateEvent(state=run.state, time=run.created))
            if curves is not None:
                insert_event(db, run.id, curves)

        self._db.write(work)

    def run(self, run_id: str) -> Run:
        """Raises NotFoundError."""
        rows = self._db.read("SELECT record, seq FROM runs WHERE id = ?", (run_id,))
        if not rows:
            raise _missing(run_id)
        return _run(rows[0])

    def run_graph(self, run_id: str) -> Graph:
        rows = self._db.read("SELECT graph FROM runs WHERE id = ?", (run_id,))
        if not rows:
            raise _missing(run_id)
        return Graph.model_validate_json(rows[0]["graph"])

    def runs(self, wanted: RunFilter = _ALL, limit: int = 100, offset: int = 0) -> list[Run]:
        """Runs, the newest first."""
        where, values = _where(wanted)
        sql = f"SELECT record, seq FROM runs {where} ORDER BY created DESC, number DESC LIMIT ? OFFSET ?"  # noqa: S608
        return [_run(row) for row in self._db.read(sql, (*values, limit, offset))]

    def count_runs(self, wanted: RunFilter = _ALL) -> int:
        where, values = _where(wanted)
        return int(self._db.read(f"SELECT count(*) FROM runs {where}", values)[0][0])  # noqa: S608

    def waiting_runs(self) -> list[Run]:
        """Runs that want a trainer, in the order in which they get one: to end, to go on, to begin."""
        found = self._in_states({RunState.STOPPING, RunState.PAUSED, RunState.QUEUED})
        wanting = [run for run in found if run.state is not RunState.PAUSED or run.resuming]
        return sorted(wanting, key=lambda run: _TURN.index(run.state))

    def interrupted_runs(self) -> list[Run]:
        return self._in_states({RunState.INTERRUPTED})

    def queued_runs(self) -> list[Run]:
        """In the order in which they start."""
        return self._in_states({RunState.QUEUED})

    def live_runs(self) -> list[Run]:
        """Those that have a trainer, or had one when the server died."""
        return self._in_states(LIVE)

    def _in_states(self, states: frozenset[RunState] | set[RunState]) -> list[Run]:
        marks = ", ".join("?" * len(states))
        sql = f"SELECT record, seq FROM runs WHERE state IN ({marks}) ORDER BY rank, created, number"  # noqa: S608
        return [_run(row) for row in self._db.read(sql, tuple(states))]

    def move_to_front(self, run_id: str) -> Run:
        """Make a queued run the next to start. Raises ConflictError for one that does not wait."""

        def work(db: sqlite3.Connection) -> Run:
            run = load_run(db, run_id)
            if run.state is not RunState.QUEUED:
                raise ConflictError(f"'{run.name}' is {run.state}.", hint="Only a run that waits can be moved.")
            first = db.execute("SELECT min(rank) FROM runs WHERE state = ?", (RunState.QUEUED,)).fetchone()[0]
            db.execute("UPDATE runs SET rank = ? WHERE id = ?", (first - 1, run_id))
            return run

        return self._db.write(work)

    def patch_run(self, run_id: str, **fields: Any) -> Run:
        """Change what is not the state: name, tags, note, star."""
        return self._db.write(lambda db: save_run(db, load_run(db, run_id).model_copy(update=fields)))

    def move_run(
        self, run_id: str, state: RunState, *, error: RunProblem | None = None, **fields: Any
    ) -> tuple[Run, StateEvent]:
        """Compare and swap: to `state`, if TRANSITIONS allows it from the present one. Raises TransitionError."""

        def work(db: sqlite3.Connection) -> tuple[Run, StateEvent]:
            run = load_run(db, run_id)
            allowed = TRANSITIONS[run.state]
            if state not in allowed:
                message = f"'{run.name}' is {run.state}; it cannot become {state}."
                raise TransitionError(message, state=run.state, allowed=allowed)
            now = time.time()
            changes: dict[str, Any] = {"state": state, "error": error, **fields}
            if state is RunState.STARTING:
                changes |= {"started": run.started or now, "ended": None}
            if state in ENDED:
                changes |= {"ended": now}
            event = insert_event(db, run_id, StateEvent(state=state, error=error, time=now))
            return save_run(db, run.model_copy(update=changes)), event

        return self._db.write(work)

    def delete_run(self, run_id: str) -> None:
        """Raises ConflictError while the run has, or waits for, a trainer."""

        def work(db: sqlite3.Connection) -> None:
            run = load_run(db, run_id)
            if run.state not in ENDED:
                raise ConflictError(f"'{run.name}' is {run.state}.", hint="Stop it first, then delete it.")
            db.execute("DELETE FROM runs WHERE id = ?", (run_id,))

        self._db.write(work)


def load_run(db: sqlite3.Connection, run_id: str) -> Run:
    row = db.execute("SELECT record, seq FROM runs WHERE id = ?", (run_id,)).fetchone()
    if row is None:
        raise _missing(run_id)
    return _run(row)


def save_run(db: sqlite3.Connection, run: Run) -> Run:
    values = (run.state, _search(run), run.model_dump_json(), run.starred, run.id)
    sql = "UPDATE runs SET state = ?, search = ?, record = ?, starred = ? WHERE id = ? RETURNING number"
    number = db.execute(sql, values).fetchone()[0]
    tags = {row[0] for row in db.execute("SELECT tag FROM run_tags WHERE run = ?", (number,))}
    if tags != set(run.tags):
        db.execute("DELETE FROM run_tags WHERE run = ?", (number,))
        db.executemany("INSERT OR IGNORE INTO run_tags VALUES (?, ?)", [(number, tag) for tag in run.tags])
    return run


def _run(row: sqlite3.Row) -> Run:
    return Run.model_validate_json(row["record"]).model_copy(update={"seq": row["seq"]})


def _search(run: Run) -> str:
    return " ".join([run.name, run.graph_name, run.id, *run.tags, run.note]).lower()


def _where(wanted: RunFilter) -> tuple[str, tuple[Any, ...]]:
    states = ", ".join("?" * len(wanted.state))
    found: list[tuple[str, Sequence[Any] | None]] = [
        (f"state IN ({states})", list(map(str, wanted.state)) or None),
        ("instr(search, ?)", [wanted.search.lower()] if wanted.search else None),
        ("graph_id = ?", _given(wanted.graph)),
        ("number IN (SELECT run FROM run_tags WHERE tag = ?)", _given(wanted.tag)),
        ("number IN (SELECT run FROM run_datasets WHERE dataset = ?)", _given(wanted.dataset)),
        ("starred = ?", _given(wanted.starred)),
    ]
    chosen = [(condition, values) for condition, values in found if values is not None]
    where = f"WHERE {' AND '.join(condition for condition, _ in chosen)}" if chosen else ""
    return where, tuple(value for _, values in chosen for value in values)


def _given(value: object) -> list[object] | None:
    return None if value is None else [value]


def _missing(run_id: str) -> NotFoundError:
    return NotFoundError(f"There is no run '{run_id}'.", hint="It may have been deleted.")
