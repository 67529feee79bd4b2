"""Many runs at once: star, tag, delete. In small transactions, so that others can write between."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import partial

from visdl.models.errors import ConflictError, NotFoundError, TransitionError, UnreadableError
from visdl.models.requests import MOST_TAGS, PatchedRuns, PatchRuns
from visdl.models.runs import ENDED, Run, RunState
from visdl.store.events import repair_events
from visdl.store.runs import RunTable, load_run, missing_run, save_run
from visdl.store.unreadable import extract

_PATCHED_AT_ONCE = 100  # runs in one transaction
_EVENTS_AT_ONCE = 500  # deleted in one transaction
_AMONG = "id IN (SELECT value FROM json_each(?))"
#: ENDED; the + keeps SQLite from the index of states, since that of ids is better.
_HAS_ENDED = "+state IN ('completed', 'failed', 'interrupted', 'stopped')"
_DELETABLE = f"{_HAS_ENDED} AND id NOT IN (SELECT run FROM study_runs)"
_NAME = "'$.name'"
_STUDY_OF = (
    f"SELECT run, {extract('record', _NAME)} AS name"
    " FROM study_runs JOIN studies ON studies.id = study"
    " WHERE run IN (SELECT value FROM json_each(?))"
)


class RunBulkTable(RunTable):
    def patch_runs(self, patch: PatchRuns) -> PatchedRuns:
        """Change many runs; the answer names those that cannot be changed, with the reason."""
        answer = PatchedRuns(patched=[], kept={})
        ids = list(dict.fromkeys(patch.ids))
        for start in range(0, len(ids), _PATCHED_AT_ONCE):
            found = self._db.write(
                partial(_patch, ids=ids[start : start + _PATCHED_AT_ONCE], patch=patch)
            )
            answer.patched += found.patched
            answer.kept |= found.kept
        return answer

    def delete_runs(self, ids: Sequence[str]) -> Iterator[list[str]]:
        """Delete ended runs that no study needs; yield those of each transaction."""
        sql = f"SELECT id, seq FROM runs WHERE {_AMONG} AND {_DELETABLE}"
        batch, events = list[str](), 0
        for row in self._db.read(sql, (json.dumps(ids),)):
            if row["seq"] > _EVENTS_AT_ONCE:
                self._shorten(row["id"], row["seq"])
            if batch and events + row["seq"] > _EVENTS_AT_ONCE:
                yield self._db.write(partial(_delete, ids=batch))
                batch, events = [], 0
            batch.append(row["id"])
            events += row["seq"]
        if batch:
            yield self._db.write(partial(_delete, ids=batch))

    def _shorten(self, run_id: str, seq: int) -> None:
        """Delete all but the last events of a long run that has ended."""
        with suppress(TransitionError, NotFoundError):
            self.move_run(run_id, RunState.STOPPED)  # so that an interrupted one cannot resume
        for last in range(_EVENTS_AT_ONCE, seq, _EVENTS_AT_ONCE):
            self._db.write(partial(_delete_history, run_id=run_id, last=last))

    def delete_run(self, run_id: str) -> None:
        """Delete a run. Raises ConflictError while it is active or a study needs it."""
        if not any(self.delete_runs([run_id])):
            try:
                run = self.run(run_id)
            except UnreadableError:  # now it counts as failed
                if any(self.delete_runs([run_id])):
                    return
                raise
            needed = self._needed([run_id]).get(run_id)
            if needed:
                raise ConflictError(needed, hint="Delete the study first.")
            raise ConflictError(
                f"'{run.name}' is {run.state}.", hint="Stop it first, then delete it."
            )

    def lasting_runs(self, ids: Sequence[str]) -> dict[str, str]:
        """Return which of these runs cannot be deleted, each with the reason.

        They train, wait, are needed by a study, or do not exist.
        """
        sql = f"SELECT id, name, state FROM runs WHERE {_AMONG}"
        found = {row["id"]: row for row in self._db.read(sql, (json.dumps(ids),))}
        live = {
            run_id: f"'{row['name']}' is {row['state']}."
            for run_id, row in found.items()
            if row["state"] not in ENDED
        }
        live = {**self._needed(ids), **live}
        return {
            run_id: live[run_id] if run_id in found else missing_run(run_id).message
            for run_id in ids
            if run_id in live or run_id not in found
        }

    def _needed(self, ids: Sequence[str]) -> dict[str, str]:
        """Return the runs that a study needs, each with a sentence that names the study."""
        rows = self._db.read(_STUDY_OF, (json.dumps(list(ids)),))
        return {row["run"]: f"It belongs to the study '{row['name']}'." for row in rows}


def _patch(db: sqlite3.Connection, ids: Sequence[str], patch: PatchRuns) -> PatchedRuns:
    answer = PatchedRuns(patched=[], kept={})
    for run_id in ids:
        try:
            save_run(db, _patched(load_run(db, run_id), patch))
            answer.patched.append(run_id)
        except (ConflictError, NotFoundError) as error:
            answer.kept[run_id] = error.message
    return answer


def _patched(run: Run, patch: PatchRuns) -> Run:
    tags = [
        tag for tag in dict.fromkeys([*run.tags, *patch.add_tags]) if tag not in patch.remove_tags
    ]
    if len(tags) > MOST_TAGS and len(tags) > len(run.tags):
        raise ConflictError(
            f"'{run.name}' would have more than {MOST_TAGS} tags.",
            hint="Remove some of its tags first.",
        )
    starred = run.starred if patch.starred is None else patch.starred
    return run.model_copy(update={"tags": tags, "starred": starred})


def _delete(db: sqlite3.Connection, ids: Sequence[str]) -> list[str]:
    sql = f"DELETE FROM runs WHERE {_AMONG} AND {_DELETABLE} RETURNING id"
    try:
        rows = db.execute(sql, (json.dumps(ids),)).fetchall()
    except sqlite3.OperationalError as error:
        if not repair_events(db, error):
            raise
        rows = db.execute(sql, (json.dumps(ids),)).fetchall()
    return [row["id"] for row in rows]


def _delete_history(db: sqlite3.Connection, run_id: str, last: int) -> None:
    """Delete events up to this one, of a run that can never train again."""
    final = "state IN ('completed', 'failed', 'stopped')"
    run = f"run = (SELECT number FROM runs WHERE id = ? AND {final})"
    for table in ("events", "points"):
        sql = f"DELETE FROM {table} WHERE {run} AND seq <= ?"
        try:
            db.execute(sql, (run_id, last))
        except sqlite3.OperationalError as error:
            if not repair_events(db, error):
                raise
            db.execute(sql, (run_id, last))
