"""Typed blocks become the stored table, its record and its histograms."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from visdl.datasets import histograms
from visdl.datasets.rows import Block
from visdl.datasets.storage import Floats, TableReader, TableWriter
from visdl.datasets.summary import NumberSummary, TextSummary, distinct_limit
from visdl.models.datasets import Column, Histogram


@dataclass(frozen=True)
class Table:
    """A written table; `rounded` are columns of whole numbers beyond 2^53."""

    rows: int
    columns: list[Column]
    rounded: set[str] = field(default_factory=set)


class TableBuilder:
    """Writes a table whose `text` columns are known; every other column is numeric."""

    def __init__(self, folder: Path, names: Sequence[str], text: list[str]) -> None:
        texts, limit = set(text), distinct_limit(len(names))
        self.text = text
        self._folder = folder
        self._names = names
        self._numeric = [name for name in names if name not in texts]
        self._numbers = NumberSummary(self._numeric, limit)
        self._texts = [TextSummary(name, limit) for name in text]
        self._writer = TableWriter(folder)
        self._rows = 0

    def add(self, block: Block, table: pa.Table) -> None:
        columns = [table.column(name) for name in self._numeric]
        values = _matrix(columns, table.num_rows)
        self._numbers.add(columns, values, block)
        codes, vocabularies = np.empty((len(self._texts), table.num_rows), dtype=np.int32), []
        for place, text in enumerate(self._texts):
            column = table.column(text.name).unify_dictionaries().combine_chunks()
            words = column.dictionary.to_pylist()
            text.add(column, words, block)
            codes[place] = column.indices.to_numpy()
            vocabularies.append(words)
        self._writer.append(values, codes, vocabularies)
        self._rows += table.num_rows

    def finish(self) -> Table:
        self._writer.close()
        numbers = self._numbers.columns()
        by_name = {
            column.name: column for column in [*numbers, *(text.column() for text in self._texts)]
        }
        columns = [by_name[name] for name in self._names]
        histograms.save(self._folder, self._histograms(columns[: histograms.MAX_COLUMNS], numbers))
        return Table(self._rows, columns, self._numbers.rounded())

    def _histograms(
        self, columns: Sequence[Column], numbers: Sequence[Column]
    ) -> dict[str, Histogram]:
        labels = self._numbers.labels() | {
            text.name: labels for text in self._texts if (labels := text.labels())
        }
        bars = {
            c.name
            for c in columns
            if c.name in labels
            and (c.dtype == "text" or len(labels[c.name]) <= histograms.MAX_BARS)
        }
        places = {column.name: place for place, column in enumerate(numbers)}
        binned = [
            column
            for column in columns
            if column.name in places and column.name not in bars and column.min is not None
        ]
        found = {name: histograms.of_classes(labels[name]) for name in bars}
        if binned:
            found |= histograms.of_numbers(
                TableReader(self._folder), [places[c.name] for c in binned], binned
            )
        return {column.name: found[column.name] for column in columns if column.name in found}


def _matrix(columns: Sequence[pa.ChunkedArray], rows: int) -> Floats:
    """(columns, rows) as float64; NaN where a cell is blank."""
    values = np.empty((len(columns), rows), dtype=np.float64)
    for place, column in enumerate(columns):
        start = 0
        for chunk in column.chunks:
            values[place, start : start + len(chunk)] = _numbers(chunk)
            start += len(chunk)
    return values


def _numbers(chunk: pa.Array) -> NDArray[np.generic] | float:
    if pa.types.is_null(chunk.type):
        return np.nan
    values: NDArray[np.generic] = (
        chunk.cast(pa.int8()) if pa.types.is_boolean(chunk.type) else chunk
    ).to_numpy(zero_copy_only=False)
    return values
