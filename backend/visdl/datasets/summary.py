"""Statistics of each column, updated block by block."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from visdl.datasets.labels import EXACT, label
from visdl.datasets.parsing import BLANKS
from visdl.datasets.rows import Block
from visdl.datasets.storage import Floats, Index
from visdl.models.datasets import Column, Note

_LARGEST = float(np.finfo(np.float32).max)
_LONGEST_NOTE = 60
_NUMBER = r"^\s*[-+]?((\d+\.?\d*|\.\d+)([eE][-+]?\d+)?|(?i:inf|infinity|nan))\s*$"
_DECIMAL_COMMA = r"^\s*[-+]?\d+,\d+\s*$"


def distinct_limit(columns: int) -> int:
    """Return up to how many distinct values are counted per column; fewer in wide tables."""
    return min(1000, max(32, 100_000 // columns))


def is_blank(value: object) -> bool:
    return value is None or (isinstance(value, float) and math.isnan(value))


class ValueCounts:
    """Counts of each value, as long as there are few distinct ones."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self.counts: dict[Any, int] | None = {}

    @property
    def limit(self) -> int | None:
        """Return how many distinct values are counted; None when there were more."""
        return None if self.counts is None else self._limit

    def give_up(self) -> None:
        """Count no longer, because there are too many distinct values."""
        self.counts = None

    def add(self, values: Iterable[Any], counts: Iterable[int]) -> None:
        if self.counts is None:
            return
        for value, count in zip(values, counts, strict=True):
            self.counts[value] = self.counts.get(value, 0) + count
        if len(self.counts) > self._limit:
            self.counts = None

    def add_column(self, column: pa.ChunkedArray) -> None:
        """Count the cells of a column that are not blank."""
        if self.counts is None:
            return
        if len(pc.unique(column.slice(0, 4 * self._limit))) > self._limit + 1:
            self.counts = None
            return
        rows = (row.values() for row in pc.value_counts(column).to_pylist())
        table = [(value, count) for value, count in rows if not is_blank(value)]
        self.add([value for value, _ in table], [count for _, count in table])

    def labels(self) -> dict[str, int] | None:
        """Return the counts by class label, or None if the values are not classes.

        Text is sorted alphabetically, whole numbers by value.
        """
        if not self.counts:
            return None
        if any(
            isinstance(value, float) and not (value.is_integer() and abs(value) <= EXACT)
            for value in self.counts
        ):
            return None
        return {label(value): self.counts[value] for value in sorted(self.counts)}


class NumberSummary:
    """Running statistics of the numeric columns.

    A value beyond float32 counts as infinite and is not included in them.
    """

    def __init__(self, names: Sequence[str], limit: int) -> None:
        size = len(names)
        self._names = names
        self._types: list[set[pa.DataType]] = [set() for _ in names]
        self._values = [ValueCounts(limit) for _ in names]
        self._first_infinite: dict[int, Note] = {}
        self._rounded: set[int] = set()
        self._missing = np.zeros(size, dtype=np.int64)
        self._infinite = np.zeros(size, dtype=np.int64)
        self._count = np.zeros(size, dtype=np.int64)
        self._mean = np.zeros(size)
        self._spread = np.zeros(size)  # sum of squares around the mean
        self._low = np.full(size, np.inf)
        self._high = np.full(size, -np.inf)

    def add(self, columns: Sequence[pa.ChunkedArray], values: Floats, block: Block) -> None:
        """Add a block; `values` are its columns as (columns, rows), NaN for a blank cell."""
        if not len(values):
            return
        for place, column in enumerate(columns):
            self._types[place].add(column.type)
            self._values[place].add_column(column)
        low, high = values.min(axis=1), values.max(axis=1)  # NaN where a cell is blank
        clean = (low >= -_LARGEST) & (high <= _LARGEST)
        if clean.all():
            self._merge(np.arange(len(values)), values)
        elif clean.any():
            self._merge(np.flatnonzero(clean), values[clean])
        for place in np.flatnonzero(~clean).tolist():
            self._add_unclean(place, values[place], block)
        self._find_rounded(columns)

    def _add_unclean(self, place: int, values: Floats, block: Block) -> None:
        missing = np.isnan(values)
        infinite = np.abs(values) > _LARGEST
        if infinite.any() and place not in self._first_infinite:
            row = int(infinite.argmax())
            self._first_infinite[place] = Note(line=int(block.lines[row]), value=str(values[row]))
        self._missing[place] += missing.sum()
        self._infinite[place] += infinite.sum()
        rest = values[~(missing | infinite)]
        if rest.size:
            self._merge(np.array([place]), rest[None])

    def _merge(self, at: Index, values: Floats) -> None:
        """Merge means and sums of squares. Source: Chan, Golub and LeVeque 1983."""
        before, count = self._count[at], values.shape[1]
        mean = values.mean(axis=1)
        centred = values - mean[:, None]
        shift = mean - self._mean[at]
        share = count / (before + count)
        self._spread[at] += np.einsum("ij,ij->i", centred, centred) + shift**2 * before * share
        self._mean[at] += shift * share
        self._count[at] += count
        self._low[at] = np.minimum(self._low[at], values.min(axis=1))
        self._high[at] = np.maximum(self._high[at], values.max(axis=1))

    def _find_rounded(self, columns: Sequence[pa.ChunkedArray]) -> None:
        for place in np.flatnonzero(np.maximum(-self._low, self._high) >= EXACT).tolist():
            if pa.types.is_integer(columns[place].type):
                ends = pc.min_max(columns[place]).as_py()
                if max(-ends["min"], ends["max"]) > EXACT:
                    self._rounded.add(place)

    def rounded(self) -> set[str]:
        """Return columns of whole numbers too large to be exact; their type is float."""
        return {self._names[place] for place in self._rounded}

    def labels(self) -> dict[str, dict[str, int]]:
        """Return the counts by class label of the columns with classes."""
        found = {
            name: values.labels() for name, values in zip(self._names, self._values, strict=True)
        }
        return {name: labels for name, labels in found.items() if labels}

    def columns(self) -> list[Column]:
        return [self._column(place, name) for place, name in enumerate(self._names)]

    def _column(self, place: int, name: str) -> Column:
        counts, labels = self._values[place].counts, self._values[place].labels()
        column = Column(
            name=name,
            dtype=self._dtype(place),
            missing=int(self._missing[place]),
            infinite=int(self._infinite[place]),
            first_infinite=self._first_infinite.get(place),
            distinct=None if counts is None else len(counts),
            classes=list(labels) if labels else None,
        )
        if self._count[place]:
            column.min, column.max = float(self._low[place]), float(self._high[place])
            column.mean = float(self._mean[place])
            column.std = math.sqrt(self._spread[place] / self._count[place])
        return column

    def _dtype(self, place: int) -> Any:
        types = self._types[place] - {pa.null()}
        if types == {pa.bool_()}:
            return "bool"
        return "int" if types == {pa.int64()} and place not in self._rounded else "float"


class TextSummary:
    """Running statistics of one text column."""

    def __init__(self, name: str, limit: int) -> None:
        self.name = name
        self._values = ValueCounts(limit)
        self._missing = 0
        self._has_numbers = False
        self._first_text: Note | None = None

    def add(self, column: pa.DictionaryArray, words: list[str], block: Block) -> None:
        """Add a block; `words` is the column's dictionary."""
        codes = column.indices.to_numpy()
        counts = np.bincount(codes, minlength=len(words))
        blank = pc.index(column.dictionary, "").as_py()
        self._missing += int(counts[blank]) if blank >= 0 else 0
        self._count(words, counts, blank)
        if self._first_text is None:
            self._look_for_numbers(column.dictionary, codes, words, block)

    def _count(self, words: list[str], counts: Index, blank: int) -> None:
        """Count the words; a dictionary of very many would hold the interpreter for long."""
        limit = self._values.limit
        if limit is None:
            return
        if len(words) > limit + 1:
            self._values.give_up()
            return
        kept = [place for place in range(len(words)) if place != blank]
        self._values.add([words[place] for place in kept], counts[kept].tolist())

    def _look_for_numbers(
        self, dictionary: pa.StringArray, codes: Index, words: list[str], block: Block
    ) -> None:
        """Note the first cell that is not a number, if other cells are numbers."""
        number = pc.match_substring_regex(dictionary, _NUMBER).to_numpy(zero_copy_only=False)
        comma = pc.match_substring_regex(dictionary, _DECIMAL_COMMA).to_numpy(zero_copy_only=False)
        blank = np.array([word in BLANKS for word in words])
        self._has_numbers |= bool(number.any() or comma.any())
        culprits = ~(number | blank)[codes]
        if culprits.any():
            row = int(culprits.argmax())
            value = words[codes[row]]
            shown = value if len(value) <= _LONGEST_NOTE else value[: _LONGEST_NOTE - 1] + "…"
            self._first_text = Note(line=int(block.lines[row]), value=shown)

    def labels(self) -> dict[str, int] | None:
        return self._values.labels()

    def column(self) -> Column:
        labels, counts = self.labels(), self._values.counts
        return Column(
            name=self.name,
            dtype="text",
            missing=self._missing,
            distinct=None if counts is None else len(counts),
            classes=list(labels) if labels else None,
            first_text=self._first_text if self._has_numbers else None,
        )
