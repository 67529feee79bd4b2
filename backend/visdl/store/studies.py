"""Studies, and which run belongs to which of their variants and seeds."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from visdl.models.errors import ConflictError, NotFoundError, UnreadableError
from visdl.models.graph import Graph
from visdl.models.runs import LIVE, WORTH_BATCHING, Run, RunState
from visdl.models.studies import STUDY_TRANSITIONS, Study, StudyState
from visdl.store.database import Database
from visdl.store.run_list import read_run
from visdl.store.runs import load_run, put_study_run
from visdl.store.unreadable import READ_ERRORS, extract, readable, unreadable


@dataclass(frozen=True)
class StudyRun:
    """The run of one variant with one seed."""

    variant: str
    seed: int
    run: Run
    reused: bool


@dataclass(frozen=True)
class StudyCell:
    """The run of one variant with one seed, without its full record: what the scheduler reads."""

    variant: str
    seed: int
    run: str
    state: RunState
    reused: bool
    batch: str | None
    speedup: float | None


@dataclass(frozen=True)
class StudyCount:
    """The number of runs of a study in one state, and how long they trained."""

    state: RunState
    reused: bool
    runs: int
    seconds: float


_BATCH, _SIZE, _SPEEDUP = (f"'$.batch.{name}'" for name in ("id", "size", "speedup"))
#: The number of runs that share the time of a run.
_SHARED_BY = (
    f"CASE WHEN {extract('record', _SPEEDUP)} > {WORTH_BATCHING} "
    f"THEN {extract('record', _SIZE)} ELSE 1 END"
)


class StudyTable:
    _db: Database

    def add_study(self, study: Study, graph: Graph) -> None:
        values = (
            study.id,
            study.state,
            study.created,
            study.model_dump_json(),
            graph.model_dump_json(),
        )
        self._db.write(lambda db: db.execute("INSERT INTO studies VALUES (?, ?, ?, ?, ?)", values))

    def study(self, study_id: str) -> Study:
        """Return a study. Raises NotFoundError, and UnreadableError for a damaged record."""
        rows = self._db.read("SELECT id, record FROM studies WHERE id = ?", (study_id,))
        if not rows:
            raise _missing(study_id)
        return _read(rows[0])

    def studies(self, state: StudyState | None = None) -> list[Study]:
        """Return studies, the newest first; only those in `state`, if given."""
        where, values = ("", ()) if state is None else ("WHERE state = ?", (state,))
        rows = self._db.read(
            f"SELECT id, record FROM studies {where} ORDER BY created DESC, id", values
        )
        return list(readable("study", rows, _read))

    def study_ids(self, state: StudyState) -> list[str]:
        """Return the ids of the studies in this state, the oldest first."""
        sql = "SELECT id FROM studies WHERE state = ? ORDER BY created, id DESC"
        return [row["id"] for row in self._db.read(sql, (state,))]

    def study_graph(self, study_id: str) -> Graph:
        rows = self._db.read("SELECT graph FROM studies WHERE id = ?", (study_id,))
        if not rows:
            raise _missing(study_id)
        try:
            return Graph.model_validate_json(rows[0]["graph"])
        except READ_ERRORS as error:
            raise unreadable("the graph of study", study_id) from error

    def patch_study(self, study_id: str, **fields: Any) -> Study:
        """Change fields of a study other than its state."""
        return self._db.write(lambda db: _save(db, _load(db, study_id).model_copy(update=fields)))

    def move_study(self, study_id: str, state: StudyState, **fields: Any) -> Study:
        """Change the state; raise ConflictError if STUDY_TRANSITIONS forbids it."""

        def work(db: sqlite3.Connection) -> Study:
            study = _load(db, study_id)
            if state not in STUDY_TRANSITIONS[study.state]:
                possible = ", ".join(sorted(STUDY_TRANSITIONS[study.state]))
                raise ConflictError(
                    f"'{study.name}' is {study.state}; it cannot become {state}.",
                    hint=f"It can become: {possible}.",
                )
            ended = None if state in (StudyState.RUNNING, StudyState.PAUSED) else time.time()
            return _save(db, study.model_copy(update={"state": state, "ended": ended, **fields}))

        return self._db.write(work)

    def complete_study(self, study_id: str, *, seeds: int, variants: int) -> None:
        """Mark a running study as completed, unless it has grown and has other counts now."""

        def work(db: sqlite3.Connection) -> None:
            study = _load(db, study_id)
            if (study.state, len(study.plan.seeds), len(study.variants)) == (
                StudyState.RUNNING,
                seeds,
                variants,
            ):
                _save(
                    db,
                    study.model_copy(update={"state": StudyState.COMPLETED, "ended": time.time()}),
                )

        self._db.write(work)

    def delete_study(self, study_id: str) -> list[str]:
        """Delete a study; return its runs that no other study uses.

        Raises ConflictError while it is running or paused.
        """

        def work(db: sqlite3.Connection) -> list[str]:
            with suppress(UnreadableError):  # one that cannot be read trains nothing
                study = _load(db, study_id)
                if study.state in (StudyState.RUNNING, StudyState.PAUSED):
                    raise ConflictError(
                        f"'{study.name}' is {study.state}.", hint="Stop it first, then delete it."
                    )
            mine = [
                row["run"]
                for row in db.execute("SELECT run FROM study_runs WHERE study = ?", (study_id,))
            ]
            db.execute("DELETE FROM studies WHERE id = ?", (study_id,))
            used = db.execute(
                "SELECT run FROM study_runs WHERE run IN (SELECT value FROM json_each(?))",
                (json.dumps(mine),),
            )
            others = {row["run"] for row in used}
            return [run for run in mine if run not in others]

        return self._db.write(work)

    def reuse_run(self, study_id: str, variant: str, run_id: str) -> None:
        """Reuse a run of an earlier study for its seed and a variant here."""
        self._db.write(
            lambda db: put_study_run(
                db, study_id, load_run(db, run_id), variant=variant, reused=True
            )
        )

    def keep_study_run(self, run: Run) -> None:
        """Put a run back to the variant and seed that it was made for.

        Raises NotFoundError if the run or its study has been deleted.
        """
        study_id = run.study
        if study_id is None:
            return

        def keep(db: sqlite3.Connection) -> None:
            sql = "SELECT 1 FROM runs, studies WHERE runs.id = ? AND studies.id = ?"
            if db.execute(sql, (run.id, study_id)).fetchone() is None:
                raise NotFoundError(f"There is no run '{run.id}' of a study.")
            put_study_run(db, study_id, run)

        self._db.write(keep)

    def drop_study_runs(self, study_id: str, runs: Sequence[str]) -> None:
        """Remove these runs from the cells of a study."""
        values = (study_id, json.dumps(list(runs)))
        sql = "DELETE FROM study_runs WHERE study = ? AND run IN (SELECT value FROM json_each(?))"
        self._db.write(lambda db: db.execute(sql, values))

    def study_runs(self, study_id: str) -> list[StudyRun]:
        """Return the cells of a study with their runs."""
        rows = self._db.read(
            "SELECT runs.id AS id, variant, study_runs.seed AS at, reused, record, seq"
            " FROM study_runs"
            " JOIN runs ON runs.id = run WHERE study = ? ORDER BY runs.number",
            (study_id,),
        )
        return list(
            readable(
                "run",
                rows,
                lambda row: StudyRun(row["variant"], row["at"], read_run(row), bool(row["reused"])),
            )
        )

    def study_cells(self, study_id: str) -> list[StudyCell]:
        """Return the cells of a study without their records: ten times faster."""
        rows = self._db.read(
            "SELECT variant, study_runs.seed AS at, runs.id AS id, state, reused,"
            f" {extract('record', _BATCH)} AS batch, {extract('record', _SPEEDUP)} AS speedup"
            " FROM study_runs JOIN runs ON runs.id = run WHERE study = ? ORDER BY runs.number",
            (study_id,),
        )
        return [
            StudyCell(
                variant=row["variant"],
                seed=row["at"],
                run=row["id"],
                state=RunState(row["state"]),
                reused=bool(row["reused"]),
                batch=row["batch"],
                speedup=row["speedup"],
            )
            for row in rows
        ]

    def study_is_live(self, study_id: str) -> bool:
        """Return whether a run of the study trains or waits; faster than reading all of them."""
        states = sorted(LIVE | {RunState.QUEUED})
        sql = (
            "SELECT 1 FROM study_runs JOIN runs ON runs.id = run"
            f" WHERE study = ? AND runs.state IN ({', '.join('?' * len(states))}) LIMIT 1"
        )
        return bool(self._db.read(sql, (study_id, *states)))

    def study_counts(self, study_id: str | None = None) -> dict[str, list[StudyCount]]:
        """Return how many runs of each study are in which state; of one study, if given."""
        where, values = ("", ()) if study_id is None else ("WHERE study = ?", (study_id,))
        rows = self._db.read(
            "SELECT study, state, reused, count(*) AS runs,"
            f" sum(runs.duration / {_SHARED_BY}) AS seconds"
            f" FROM study_runs JOIN runs ON runs.id = run {where} GROUP BY study, state, reused",
            values,
        )
        found: dict[str, list[StudyCount]] = {}
        for row in rows:
            count = StudyCount(
                RunState(row["state"]), bool(row["reused"]), row["runs"], row["seconds"] or 0.0
            )
            found.setdefault(row["study"], []).append(count)
        return found

    def find_same_runs(self, fingerprints: Sequence[str]) -> dict[str, str]:
        """Return the newest completed run of a study for each of these fingerprints."""
        rows = self._db.read(
            "SELECT fingerprint, run FROM study_runs JOIN runs ON runs.id = run"
            " WHERE fingerprint IN (SELECT value FROM json_each(?)) AND runs.state = ?"
            " ORDER BY runs.number",
            (json.dumps(list(fingerprints)), RunState.COMPLETED),
        )
        return {row["fingerprint"]: row["run"] for row in rows}


def _load(db: sqlite3.Connection, study_id: str) -> Study:
    row = db.execute("SELECT id, record FROM studies WHERE id = ?", (study_id,)).fetchone()
    if row is None:
        raise _missing(study_id)
    return _read(row)


def _read(row: sqlite3.Row) -> Study:
    try:
        return Study.model_validate_json(row["record"])
    except READ_ERRORS as error:
        raise unreadable("study", row["id"]) from error


def _save(db: sqlite3.Connection, study: Study) -> Study:
    db.execute(
        "UPDATE studies SET state = ?, record = ? WHERE id = ?",
        (study.state, study.model_dump_json(), study.id),
    )
    return study


def _missing(study_id: str) -> NotFoundError:
    return NotFoundError(f"There is no study '{study_id}'.", hint="It may have been deleted.")
