"""Which runs there are: found, sorted, counted, in pages. All but their records is read from one narrow index."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from visdl.models.errors import InvalidInputError
from visdl.models.requests import Facet, RunFacets
from visdl.models.runs import Run, RunState
from visdl.store.database import Database

_LIST = "FROM runs INDEXED BY runs_listed"
# what a trainer tells goes into the record alone; the columns have it from when the run came to rest
_TRAINS = "state IN ('starting', 'running', 'paused', 'stopping')"  # LIVE
_KEYS = {
    "created": "number",
    "name": "name COLLATE NOCASE",
    "state": "state",
    "epoch": f"CASE WHEN {_TRAINS} THEN json_extract(record, '$.progress.epoch') ELSE epoch END",
    "seed": "seed",
    "parameters": "parameters",
    "duration": "duration",
}
_FACETS = {
    "tags": "SELECT tag AS value, tag AS name FROM run_tags",
    "graphs": f"SELECT graph_name AS value, graph_name AS name {_LIST} WHERE graph_name != ''",
    "datasets": "SELECT id AS value, name FROM run_datasets JOIN datasets ON id = dataset",
    "studies": "SELECT id AS value, json_extract(record, '$.name') AS name FROM study_runs JOIN studies ON id = study",
}
_METRIC_OF_RUN = "(SELECT last FROM run_metrics WHERE run = number AND key = ?)"
_LAST_VALUE = f"CASE WHEN {_TRAINS} THEN json_extract(record, ?) ELSE {_METRIC_OF_RUN} END"
_METRIC = re.compile(r"metrics\.([^\"\\\x00-\x1f]{1,200})")


@dataclass(frozen=True)
class RunFilter:
    """Which runs are wanted; what is left out does not matter. `search` looks into name, tags, graph and note."""

    state: Sequence[RunState] = ()
    search: str | None = None
    graph: str | None = None  # the id of a stored graph, or the name that the graph had
    tag: str | None = None
    dataset: str | None = None
    starred: bool | None = None
    study: str | None = None  # the id of a study; those that it has taken over, too


@dataclass(frozen=True)
class RunOrder:
    """What a list is sorted by; runs without a value stand last, and of two alike the newer stands first."""

    key: str = "created"
    descending: bool = True

    def sql(self) -> tuple[str, tuple[Any, ...]]:
        """The terms of ORDER BY and their values. Raises InvalidInputError for a key that there is not."""
        direction = "DESC" if self.descending else "ASC"
        if self.key == "created":
            return f"number {direction}", ()  # clocks jump
        metric = _METRIC.fullmatch(self.key)
        if self.key not in _KEYS and metric is None:
            raise InvalidInputError(
                f"Runs cannot be sorted by '{self.key}'.",
                hint=f"Sort by {', '.join(_KEYS)}, or by a metric's last value, such as metrics.val_loss.",
                field="sort",
            )
        term = _LAST_VALUE if metric else _KEYS[self.key]
        values = (f'$.metrics."{metric[1]}".last', metric[1]) if metric else ()
        return f"{term} {direction} NULLS LAST, number DESC", values


_ALL, _NEWEST = RunFilter(), RunOrder()


class RunListTable:
    _db: Database

    def runs(
        self, wanted: RunFilter = _ALL, limit: int = 100, offset: int = 0, order: RunOrder = _NEWEST
    ) -> list[Run]:
        """A page of runs. Raises InvalidInputError for an order that there is not."""
        numbers = [row["number"] for row in self._page("number", wanted, limit, offset, order)]
        found = self._db.read(
            "SELECT number, record, seq FROM runs WHERE number IN (SELECT value FROM json_each(?))",
            (json.dumps(numbers),),
        )
        runs = {row["number"]: read_run(row) for row in found}
        return [runs[number] for number in numbers if number in runs]

    def run_ids(
        self,
        wanted: RunFilter = _ALL,
        limit: int = 100_000,
        offset: int = 0,
        order: RunOrder = _NEWEST,
    ) -> list[str]:
        """Their ids alone. Raises InvalidInputError for an order that there is not."""
        return [row["id"] for row in self._page("id", wanted, limit, offset, order)]

    def _page(
        self, column: str, wanted: RunFilter, limit: int, offset: int, order: RunOrder
    ) -> list[sqlite3.Row]:
        where, values = _where(wanted)
        terms, keys = order.sql()
        sql = f"SELECT {column} {_LIST} {where} ORDER BY {terms} LIMIT ? OFFSET ?"
        return self._db.read(sql, (*values, *keys, limit, offset))

    def count_runs(self, wanted: RunFilter = _ALL) -> int:
        where, values = _where(wanted)
        return int(self._db.read(f"SELECT count(*) {_LIST} {where}", values)[0][0])

    def run_facets(self, most: int) -> RunFacets:
        """What runs can be filtered by: the `most` used tags, graphs and datasets, with their numbers of runs."""
        return RunFacets(**{kind: self._facets(sql, most) for kind, sql in _FACETS.items()})

    def _facets(self, sql: str, most: int) -> list[Facet]:
        counted = f"SELECT value, name, count(*) AS runs FROM ({sql}) GROUP BY value ORDER BY runs DESC, name LIMIT ?"
        return [Facet(**row) for row in self._db.read(counted, (most,))]


def read_run(row: sqlite3.Row) -> Run:
    """A run of its stored record and `seq`."""
    return Run.model_validate_json(row["record"]).model_copy(update={"seq": row["seq"]})


def _where(wanted: RunFilter) -> tuple[str, tuple[Any, ...]]:
    states = ", ".join("?" * len(wanted.state))
    found: list[tuple[str, Sequence[Any] | None]] = [
        (f"state IN ({states})", list(map(str, wanted.state)) or None),
        ("instr(search, ?)", [wanted.search.lower()] if wanted.search else None),
        ("? IN (graph_id, graph_name)", _given(wanted.graph)),
        ("number IN (SELECT run FROM run_tags WHERE tag = ?)", _given(wanted.tag)),
        ("number IN (SELECT run FROM run_datasets WHERE dataset = ?)", _given(wanted.dataset)),
        ("starred = ?", _given(wanted.starred)),
        ("id IN (SELECT run FROM study_runs WHERE study = ?)", _given(wanted.study)),
    ]
    chosen = [(condition, values) for condition, values in found if values is not None]
    where = f"WHERE {' AND '.join(condition for condition, _ in chosen)}" if chosen else ""
    return where, tuple(value for _, values in chosen for value in values)


def _given(value: object) -> list[object] | None:
    return None if value is None else [value]
