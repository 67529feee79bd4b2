"""Runs and their states. A state changes only as TRANSITIONS allows, in one transaction."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from visdl.models.diagnostics import Diagnostic
from visdl.models.errors import ConflictError, NotFoundError, TransitionError, UnreadableError
from visdl.models.events import MetricsEvent, StateEvent
from visdl.models.graph import Graph
from visdl.models.runs import ENDED, LIVE, TRANSITIONS, Run, RunState
from visdl.store.database import Database
from visdl.store.events import insert_event
from visdl.store.run_list import read_run
from visdl.store.unreadable import READ_ERRORS, extract, readable, unreadable


@dataclass(frozen=True)
class RunFacts:
    """The fields of a run that matter when its files are counted or deleted."""

    id: str
    name: str
    state: RunState
    starred: bool
    ended: float | None


@dataclass(frozen=True)
class WaitingRun:
    """A run that waits for a worker process, and its name."""

    id: str
    name: str


_ENDED, _RESUMING, _BATCH = "'$.ended'", "'$.recovery.resuming'", "'$.batch.id'"
_FACTS = f"SELECT id, name, state, starred, {extract('record', _ENDED)} AS ended FROM runs"
_WAITING = (
    "SELECT id, name FROM runs"
    " WHERE state IN ('stopping', 'queued')"
    f" OR state = 'paused' AND {extract('record', _RESUMING)}"
    " ORDER BY CASE state WHEN 'stopping' THEN 1 WHEN 'paused' THEN 2 ELSE 3 END, rank, number"
)


class RunTable:
    _db: Database

    def add_run(self, run: Run, graph: Graph, curves: MetricsEvent | None = None) -> None:
        """Add a run, with its state as first event; `curves` are those of a run that it extends."""
        self.add_runs([(run, graph, curves)])

    def add_runs(self, runs: Sequence[tuple[Run, Graph, MetricsEvent | None]]) -> None:
        """Add several runs in one transaction."""

        def work(db: sqlite3.Connection) -> None:
            for run, graph, curves in runs:
                _add(db, run, graph, curves)

        self._db.write(work)

    def run(self, run_id: str) -> Run:
        """Return a run. Raises NotFoundError, and UnreadableError for a damaged record."""
        rows = self._db.read("SELECT id, record, seq FROM runs WHERE id = ?", (run_id,))
        if not rows:
            raise missing_run(run_id)
        try:
            return read_run(rows[0])
        except UnreadableError:
            self._fail_unreadable([run_id])
            raise

    def _fail_unreadable(self, run_ids: Sequence[str]) -> None:
        """Have runs whose records cannot be read wait for nothing, so that they can be deleted."""
        sql = (
            "UPDATE runs SET state = 'failed' WHERE id IN (SELECT value FROM json_each(?))"
            " AND state NOT IN ('completed', 'failed', 'stopped')"
        )
        self._db.write(lambda db: db.execute(sql, (json.dumps(run_ids),)))

    def _read_live(self, rows: Sequence[sqlite3.Row]) -> list[Run]:
        """Return the runs that can be read; the others have failed."""
        runs = list(readable("run", rows, read_run))
        lost = {row["id"] for row in rows} - {run.id for run in runs}
        if lost:
            self._fail_unreadable(sorted(lost))
        return runs

    def run_graph(self, run_id: str) -> Graph:
        """Return the graph of a run. Raises NotFoundError."""
        try:
            return Graph.model_validate_json(self.run_graph_json(run_id))
        except READ_ERRORS as error:
            raise unreadable("the graph of run", run_id) from error

    def run_graph_json(self, run_id: str) -> str:
        """Return the graph as it is stored. Raises NotFoundError."""
        rows = self._db.read("SELECT graph FROM runs WHERE id = ?", (run_id,))
        if not rows:
            raise missing_run(run_id)
        return str(rows[0]["graph"])

    def run_facts(self) -> dict[str, RunFacts]:
        """Return the facts of all runs, by id: much faster than their records."""
        return {row["id"]: _facts(row) for row in self._db.read(_FACTS)}

    def find_run_facts(self, run_id: str) -> RunFacts | None:
        return next(map(_facts, self._db.read(f"{_FACTS} WHERE id = ?", (run_id,))), None)

    def waiting_runs(self) -> list[WaitingRun]:
        """Return the runs that wait for a worker: first stopping, then resuming, then new ones."""
        return [WaitingRun(row["id"], row["name"]) for row in self._db.read(_WAITING)]

    def queued_batch(self, batch: str) -> list[Run]:
        """Return the queued runs of a seed batch, in their order."""
        sql = (
            "SELECT id, record, seq FROM runs"
            f" WHERE state = ? AND {extract('record', _BATCH)} = ? ORDER BY number"
        )
        return self._read_live(self._db.read(sql, (RunState.QUEUED, batch)))

    def count_queued(self) -> int:
        return int(
            self._db.read("SELECT count(*) FROM runs WHERE state = ?", (RunState.QUEUED,))[0][0]
        )

    def interrupted_runs(self) -> list[Run]:
        return self._in_states({RunState.INTERRUPTED})

    def live_runs(self) -> list[Run]:
        """Return the runs that have a worker process, or had one when the server died."""
        return self._in_states(LIVE)

    def _in_states(self, states: frozenset[RunState] | set[RunState]) -> list[Run]:
        marks = ", ".join("?" * len(states))
        sql = f"SELECT id, record, seq FROM runs WHERE state IN ({marks}) ORDER BY rank, number"
        return self._read_live(self._db.read(sql, tuple(states)))

    def prioritize_run(self, run_id: str) -> Run:
        """Make a queued run the next to start. Raises ConflictError if it is not queued."""

        def work(db: sqlite3.Connection) -> Run:
            run = load_run(db, run_id)
            if run.state is not RunState.QUEUED:
                raise ConflictError(
                    f"'{run.name}' is {run.state}.", hint="Only a run that waits can be moved."
                )
            first = db.execute(
                "SELECT min(rank) FROM runs WHERE state = ?", (RunState.QUEUED,)
            ).fetchone()[0]
            db.execute("UPDATE runs SET rank = ? WHERE id = ?", (first - 1, run_id))
            return run

        return self._db.write(work)

    def patch_run(self, run_id: str, **fields: Any) -> Run:
        """Change fields of a run other than its state, as `Run.with_changes`."""
        return self._db.write(lambda db: save_run(db, load_run(db, run_id).with_changes(**fields)))

    def move_run(
        self, run_id: str, state: RunState, *, error: Diagnostic | None = None, **fields: Any
    ) -> tuple[Run, StateEvent]:
        """Change the state and other fields; raise TransitionError if TRANSITIONS forbids it."""

        return self._db.write(lambda db: _move(db, load_run(db, run_id), state, error, fields))

    def requeue_run(
        self, run_id: str, reason: Diagnostic, **fields: Any
    ) -> tuple[Run, list[StateEvent]]:
        """Interrupt a live run and queue it, in one transaction. Raises TransitionError.

        One that stops keeps its state: its next process only writes the result.
        """

        def work(db: sqlite3.Connection) -> tuple[Run, list[StateEvent]]:
            run = load_run(db, run_id)
            if run.state is RunState.STOPPING:
                return save_run(db, run.with_changes(recovery={"released": True}, **fields)), []
            run, interrupted = _move(db, run, RunState.INTERRUPTED, reason, fields)
            run, queued = _move(db, run, RunState.QUEUED, None, {})
            return run, [interrupted, queued]

        return self._db.write(work)

    def claim_run(
        self, run_id: str, *, device: str, versions: dict[str, str]
    ) -> tuple[Run, StateEvent | None]:
        """Give a waiting run to a process, in one step with the check that it still waits.

        A queued run becomes `starting`; one that resumes or stops keeps its state. Raises
        TransitionError for any other run, and NotFoundError.
        """

        def work(db: sqlite3.Connection) -> tuple[Run, StateEvent | None]:
            run = load_run(db, run_id)
            resumes = run.state is RunState.PAUSED and run.recovery.resuming
            if resumes or run.state is RunState.STOPPING:
                recovery = {"released": False}
                return save_run(db, run.with_changes(device=device, recovery=recovery)), None
            fields = {"device": device, "versions": versions}
            return _move(db, run, RunState.STARTING, None, fields)

        return self._db.write(work)


def _move(
    db: sqlite3.Connection,
    run: Run,
    state: RunState,
    error: Diagnostic | None,
    fields: dict[str, Any],
) -> tuple[Run, StateEvent]:
    """Change the state as TRANSITIONS allows, and other fields; raise TransitionError."""
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
    changed = run.with_changes(**changes)
    event = StateEvent(
        state=state, error=error, time=now, device=changed.device, threads=changed.threads
    )
    event = insert_event(db, run.id, event)
    return save_run(db, changed), event


def _add(db: sqlite3.Connection, run: Run, graph: Graph, curves: MetricsEvent | None) -> None:
    columns = {
        **_columns(run),
        "id": run.id,
        "created": run.created,
        "graph": graph.model_dump_json(),
    }
    sql = f"INSERT INTO runs ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})"
    number = db.execute(sql, tuple(columns.values())).lastrowid
    _save_metrics(db, number, run)
    db.executemany(
        "INSERT OR IGNORE INTO run_tags VALUES (?, ?)", [(number, tag) for tag in run.tags]
    )
    used = {(number, use.id) for use in run.datasets}
    db.executemany("INSERT INTO run_datasets VALUES (?, ?)", used)
    if run.study is not None:  # in one transaction: a study never has a run that it does not know
        put_study_run(db, run.study, run)
    insert_event(db, run.id, StateEvent(state=run.state, time=run.created))
    if curves is not None:
        insert_event(db, run.id, curves)


def put_study_run(
    db: sqlite3.Connection, study_id: str, run: Run, *, variant: str = "", reused: bool = False
) -> None:
    """Make a run the one of its seed and a variant (its own unless given) in a study."""
    values = (study_id, variant or run.variant, run.seed, run.id, run.fingerprint, reused)
    db.execute("INSERT OR REPLACE INTO study_runs VALUES (?, ?, ?, ?, ?, ?)", values)


def load_run(db: sqlite3.Connection, run_id: str) -> Run:
    row = db.execute("SELECT id, record, seq FROM runs WHERE id = ?", (run_id,)).fetchone()
    if row is None:
        raise missing_run(run_id)
    return read_run(row)


def save_run(db: sqlite3.Connection, run: Run) -> Run:
    columns = _columns(run)
    assignments = ", ".join(f"{name} = ?" for name in columns)
    sql = f"UPDATE runs SET {assignments} WHERE id = ? RETURNING number"
    number = db.execute(sql, (*columns.values(), run.id)).fetchone()[0]
    _save_metrics(db, number, run)
    tags = {row[0] for row in db.execute("SELECT tag FROM run_tags WHERE run = ?", (number,))}
    if tags != set(run.tags):
        db.execute("DELETE FROM run_tags WHERE run = ?", (number,))
        db.executemany(
            "INSERT OR IGNORE INTO run_tags VALUES (?, ?)", [(number, tag) for tag in run.tags]
        )
    return run


def _save_metrics(db: sqlite3.Connection, number: int | None, run: Run) -> None:
    values = [(number, key, summary.last) for key, summary in run.metrics.items()]
    db.executemany("INSERT OR REPLACE INTO run_metrics VALUES (?, ?, ?)", values)


def _facts(row: sqlite3.Row) -> RunFacts:
    return RunFacts(
        row["id"], row["name"], _state(row["state"]), bool(row["starred"]), row["ended"]
    )


def _state(text: str) -> RunState:
    """Return a state; one that a newer VisDL wrote counts as failed, as its record does."""
    return RunState(text) if text in set(RunState) else RunState.FAILED


def _columns(run: Run) -> dict[str, Any]:
    """Return the record, and the columns that lists are filtered and sorted by."""
    return {
        "state": run.state,
        "search": " ".join([run.name, run.graph_name, run.id, *run.tags, run.note]).lower(),
        "record": run.model_dump_json(),
        "starred": run.starred,
        "graph_id": run.graph_id,
        "graph_name": run.graph_name,
        "name": run.name,
        "seed": run.seed,
        "parameters": run.parameters,
        "duration": run.duration,
        "epoch": run.progress.epoch,
    }


def missing_run(run_id: str) -> NotFoundError:
    return NotFoundError(f"There is no run '{run_id}'.", hint="It may have been deleted.")
