"""Rows that a held-out part has in common with the rows that are trained on, value by value.

Rows are equal if all their inputs and targets are. Columns are read a few at a time, and after the
first few only of rows that are still equal to another: a wide table is hardly read.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from visdl.datasets.dataset import Dataset
from visdl.datasets.split import PARTS, Loader
from visdl.datasets.storage import Index
from visdl.models.diagnostics import Diagnostic
from visdl.models.graph import Node
from visdl.validation.keyed import Keyed
from visdl.validation.training_setup import TrainingSetup, warning

MOST_ROWS = 1_000_000  # of all tables together
_COLUMNS = 16  # that are read at once
_MIX = np.uint64(0x9E3779B97F4A7C15)  # odd: 2^64 over the golden ratio, as in splitmix64
_SHIFT = np.uint64(32)
_NAMES = {"val": "validation", "test": "test"}
_Columns = tuple[tuple[Dataset, ...], tuple[str, ...]]


def advise_on_duplicates(setup: TrainingSetup) -> Iterator[Diagnostic]:
    """Warn of validation and test rows that equal a training row."""
    loader, node = setup.loader, setup.parameter_nodes.get("strategy")
    if loader is None or loader.part is None or loader.vary_with_seed:
        return
    counts = _counts_by_part(loader)
    found = [
        f"{count:,} of the {size:,} {_NAMES[part]} rows"
        for part, size in zip(PARTS[1:], loader.sizes[1:], strict=True)
        if (count := counts.get(part, 0))
    ]
    if found:
        verb = "equals" if sum(counts.values()) == 1 else "equal"
        yield warning(
            "duplicate_rows",
            node or setup.loop,
            f"{' and '.join(found)} {verb} a training row in all inputs and targets.",
            "Remove the repeats from the file, or split by a group column that is the same for "
            "equal rows.",
            port="strategy" if node else None,
        )


def repeated_rows(node: Node, port: str, train: Loader, other: Loader) -> list[Diagnostic]:
    """Return a warning where rows that `node` reads from another table equal a training row."""
    count = _count_in_both(train, other)
    if not count:
        return []
    message = (
        f"{count:,} of the {len(other):,} rows that '{node.label}' measures on "
        f"{'equals' if count == 1 else 'equal'} a training row in all inputs and targets."
    )
    return [
        warning("duplicate_rows", node, message, "Remove these rows from one of the files.", port)
    ]


def _count_in_both(train: Loader, other: Loader) -> int:
    """Return how many rows of `other`, of another table, equal a row of `train`."""
    tables = (train.dataset, other.dataset)
    if train.dataset.record.sha256 == other.dataset.record.sha256:
        return 0
    names = (*train.dataset.inputs, *train.dataset.targets)
    if sum(table.rows for table in tables) > MOST_ROWS or not _same_columns(tables, names):
        return 0
    keys = tuple((table.folder, table.record.sha256) for table in tables)
    rows, groups = _repeats(Keyed((keys, names), (tables, names)))
    count = train.dataset.rows
    trained = np.isin(rows, train.rows)
    tested = np.isin(rows - count, other.rows)
    return int(np.isin(groups[tested], groups[trained]).sum())


def _same_columns(tables: Sequence[Dataset], names: Sequence[str]) -> bool:
    kinds = [
        [table.columns[name].dtype == "text" for name in names if name in table.columns]
        for table in tables
    ]
    return len(kinds[0]) == len(names) and kinds[0] == kinds[1]


def _counts_by_part(loader: Loader) -> dict[str, int]:
    """Return how many rows of each held-out part equal a training row."""
    data = loader.dataset
    if data.rows > MOST_ROWS:
        return {}
    names = (*data.inputs, *data.targets)
    table = Keyed((((data.folder, data.record.sha256),), names), ((data,), names))
    return _count(Keyed((table.key, loader.rule), (table, loader)))


@lru_cache(maxsize=64)
def _count(split: Keyed[tuple[Keyed[_Columns], Loader]]) -> dict[str, int]:
    table, loader = split.value
    rows, groups = _repeats(table)
    if not len(rows):
        return {}
    parts = loader.parts[rows]
    is_trained = np.isin(groups, groups[parts == 0])
    return {
        part: int(((parts == number) & is_trained).sum())
        for number, part in enumerate(PARTS)
        if number
    }


@lru_cache(maxsize=8)
def _repeats(table: Keyed[_Columns]) -> tuple[Index, Index]:
    """Return the rows that equal another, and for each the number of its group of equal rows.

    The rows of several tables are counted through.
    """
    tables, names = table.value
    total = sum(data.rows for data in tables)
    rows, groups = np.arange(total, dtype=np.int64), np.zeros(total, dtype=np.int64)
    ordered = sorted(dict.fromkeys(names), key=lambda name: _distinct(tables[0], name))
    for start in range(0, len(ordered), _COLUMNS):
        mixed = _mixed(groups.astype(np.uint64))
        for values in _values(tables, ordered[start : start + _COLUMNS], rows, total):
            mixed = _mixed(mixed ^ values)
        _, groups, counts = np.unique(mixed, return_inverse=True, return_counts=True)
        repeated = counts[groups] > 1
        rows, groups = rows[repeated], groups[repeated]
        if not len(rows):
            break
    return rows, groups


def _mixed(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Return numbers of 64 bits that differ where these do, and whose bits all depend on theirs."""
    values = values * _MIX
    values ^= values >> _SHIFT
    return values * _MIX


def _distinct(data: Dataset, name: str) -> float:
    """Return a key that sorts the columns with most different values first."""
    distinct = data.columns[name].distinct
    return -np.inf if distinct is None else -distinct


def _values(
    tables: Sequence[Dataset], names: Sequence[str], rows: Index, total: int
) -> Iterator[NDArray[np.uint64]]:
    """Yield for each column a number of 64 bits per row, equal for equal values."""
    starts = np.cumsum([0, *(data.rows for data in tables)])
    selected = [
        None if len(rows) == total else rows[(rows >= start) & (rows < start + data.rows)] - start
        for start, data in zip(starts[:-1], tables, strict=True)
    ]
    numeric = [name for name in names if tables[0].columns[name].dtype != "text"]
    numbers = np.concatenate(
        [data.exact(numeric, own) for data, own in zip(tables, selected, strict=True)], axis=1
    )
    yield from (numbers + 0.0).view(np.uint64)  # -0.0 is 0.0
    for name in names:
        if name not in numeric:
            known: dict[str, int] = {}
            found = []
            for data, own in zip(tables, selected, strict=True):
                codes, labels = data.factorize(name, own)
                places = [known.setdefault(label, len(known)) for label in labels]
                found.append(np.array(places, dtype=np.uint64)[codes])
            yield np.concatenate(found)
