"""Lists of runs: filtered, sorted, counted, in pages.

Everything but the records is read from one narrow index.
"""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from visdl.models.diagnostics import Diagnostic
from visdl.models.errors import InvalidInputError, UnreadableError
from visdl.models.requests import Facet, RunFacets
from visdl.models.runs import Run, RunState
from visdl.store.database import Database
from visdl.store.unreadable import READ_ERRORS, extract, log_once, unreadable

_SHOWN = "number, id, record, seq, name, seed, graph_name, created"
_NAME, _EPOCH = "'$.name'", "'$.progress.epoch'"
_LIST = "FROM runs INDEXED BY runs_listed"
# while a run trains, its progress is in the record only; the columns get it when it ends
_TRAINS = "state IN ('starting', 'running', 'paused', 'stopping')"  # LIVE
_KEYS = {
    "created": "number",
    "name": "name COLLATE NOCASE",
    "state": "state",
    "epoch": f"CASE WHEN {_TRAINS} THEN {extract('record', _EPOCH)} ELSE epoch END",
    "seed": "seed",
    "parameters": "parameters",
    "duration": "duration",
}
_FACETS = {
    "tags": "SELECT tag AS value, tag AS name FROM run_tags",
    "graphs": f"SELECT graph_name AS value, graph_name AS name {_LIST} WHERE graph_name != ''",
    "datasets": "SELECT id AS value, name FROM run_datasets JOIN datasets ON id = dataset",
    "studies": f"SELECT id AS value, {extract('record', _NAME)} AS name"
    " FROM study_runs JOIN studies ON id = study",
}
_METRIC_OF_RUN = "(SELECT last FROM run_metrics WHERE run = number AND key = ?)"
_LAST_VALUE = f"CASE WHEN {_TRAINS} THEN {extract('record', '?')} ELSE {_METRIC_OF_RUN} END"
_METRIC = re.compile(r"metrics\.([^\"\\\x00-\x1f]{1,200})")


@dataclass(frozen=True)
class RunFilter:
    """Conditions on runs; None or empty for any. `search` looks in name, tags, graph and note."""

    state: Sequence[RunState] = ()
    search: str | None = None
    graph: str | None = None  # the id of a stored graph, or the name that the graph had
    tag: str | None = None
    dataset: str | None = None
    starred: bool | None = None
    study: str | None = None  # the id of a study; with the runs that it reuses


@dataclass(frozen=True)
class RunOrder:
    """What a list is sorted by. Runs without a value are last; ties go to the newer."""

    key: str = "created"
    descending: bool = True

    def sql(self) -> tuple[str, tuple[Any, ...]]:
        """Return the terms of ORDER BY and their values. Raises InvalidInputError."""
        direction = "DESC" if self.descending else "ASC"
        if self.key == "created":
            return f"number {direction}", ()  # clocks jump
        metric = _METRIC.fullmatch(self.key)
        if self.key not in _KEYS and metric is None:
            raise InvalidInputError(
                f"Runs cannot be sorted by '{self.key}'.",
                hint=f"Sort by {', '.join(_KEYS)}, or by the last value of a metric, "
                "such as metrics.val_loss.",
                field="sort",
            )
        term = _LAST_VALUE if metric else _KEYS[self.key]
        values = (f'$.metrics."{metric[1]}".last', metric[1]) if metric else ()
        return f"{term} {direction} NULLS LAST, number DESC", values


_ALL, _NEWEST = RunFilter(), RunOrder()


class RunListTable:
    _db: Database

    def runs(
        self,
        selection: RunFilter = _ALL,
        limit: int = 100,
        offset: int = 0,
        order: RunOrder = _NEWEST,
    ) -> list[Run]:
        """Return a page of runs. Raises InvalidInputError for an unknown order."""
        numbers = [row["number"] for row in self._page("number", selection, limit, offset, order)]
        found = self._db.read(
            f"SELECT {_SHOWN} FROM runs WHERE number IN (SELECT value FROM json_each(?))",
            (json.dumps(numbers),),
        )
        runs = {row["number"]: _read_or_stand_in(row) for row in found}
        return [runs[number] for number in numbers if number in runs]

    def run_ids(
        self,
        selection: RunFilter = _ALL,
        limit: int = 100_000,
        offset: int = 0,
        order: RunOrder = _NEWEST,
    ) -> list[str]:
        """Return the ids of a page of runs. Raises InvalidInputError for an unknown order."""
        return [row["id"] for row in self._page("id", selection, limit, offset, order)]

    def _page(
        self, column: str, selection: RunFilter, limit: int, offset: int, order: RunOrder
    ) -> list[sqlite3.Row]:
        where, values = _where(selection)
        terms, keys = order.sql()
        sql = f"SELECT {column} {_LIST} {where} ORDER BY {terms} LIMIT ? OFFSET ?"
        return self._db.read(sql, (*values, *keys, limit, offset))

    def count_runs(self, selection: RunFilter = _ALL) -> int:
        where, values = _where(selection)
        return int(self._db.read(f"SELECT count(*) {_LIST} {where}", values)[0][0])

    def run_facets(self, most: int) -> RunFacets:
        """Return what runs can be filtered by, the most used first, at most `most` of each kind."""
        return RunFacets(**{kind: self._facets(sql, most) for kind, sql in _FACETS.items()})

    def _facets(self, sql: str, most: int) -> list[Facet]:
        counted = (
            f"SELECT value, name, count(*) AS runs FROM ({sql})"
            " GROUP BY value ORDER BY runs DESC, name LIMIT ?"
        )
        return [Facet(**row) for row in self._db.read(counted, (most,))]


def read_run(row: sqlite3.Row) -> Run:
    """Return the run of a row with `id`, `record` and `seq`. Raises UnreadableError."""
    try:
        return Run.model_validate_json(row["record"]).model_copy(update={"seq": row["seq"]})
    except READ_ERRORS as error:
        raise unreadable("run", row["id"]) from error


def _read_or_stand_in(row: sqlite3.Row) -> Run:
    """Return a run; one whose record cannot be read is shown as failed, to be deleted."""
    try:
        return read_run(row)
    except UnreadableError as error:
        log_once(error.message)
        return Run(
            id=row["id"],
            name=row["name"] or row["id"],
            state=RunState.FAILED,
            seed=row["seed"],
            graph_name=row["graph_name"],
            created=row["created"],
            seq=row["seq"],
            error=Diagnostic(code=error.code, message=error.message, hint=error.hint),
        )


def _where(selection: RunFilter) -> tuple[str, tuple[Any, ...]]:
    states = ", ".join("?" * len(selection.state))
    terms: list[tuple[str, Sequence[Any] | None]] = [
        (f"state IN ({states})", list(map(str, selection.state)) or None),
        ("instr(search, ?)", [selection.search.lower()] if selection.search else None),
        ("? IN (graph_id, graph_name)", _given(selection.graph)),
        ("number IN (SELECT run FROM run_tags WHERE tag = ?)", _given(selection.tag)),
        ("number IN (SELECT run FROM run_datasets WHERE dataset = ?)", _given(selection.dataset)),
        ("starred = ?", _given(selection.starred)),
        ("id IN (SELECT run FROM study_runs WHERE study = ?)", _given(selection.study)),
    ]
    given = [(term, values) for term, values in terms if values is not None]
    where = f"WHERE {' AND '.join(term for term, _ in given)}" if given else ""
    return where, tuple(value for _, values in given for value in values)


def _given(value: object) -> list[object] | None:
    return None if value is None else [value]
