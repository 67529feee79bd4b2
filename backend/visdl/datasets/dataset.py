"""A stored table as lazy typed columns."""

from __future__ import annotations

import csv
import difflib
import io
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydantic import JsonValue

from visdl.datasets import histograms
from visdl.datasets.labels import label
from visdl.datasets.storage import Floats, Index, TableReader
from visdl.models.datasets import Column, DatasetPreview, DatasetRecord, Histogram
from visdl.models.errors import InvalidInputError

_LISTED = 10
_PREVIEW_CELLS = 500_000
_PREVIEW_BYTES = 16 * 2**20  # of the file
_COMPARED = 1000  # columns that a wrong name is compared with
_LONGEST = 100
_MOST_PATTERNS = 100


@dataclass(frozen=True, eq=False)
class Dataset:
    """A table with selected input and target columns.

    Opening costs nothing; the data is mapped into memory when it is first read.
    """

    record: DatasetRecord
    folder: Path
    inputs: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return self.record.name

    @property
    def rows(self) -> int:
        return self.record.rows

    @cached_property
    def columns(self) -> dict[str, Column]:
        return {column.name: column for column in self.record.columns}

    def column(self, name: str, field: str | None = None) -> Column:
        """Return the column of this name. Raises InvalidInputError, with `field`, without it."""
        if name not in self.columns:
            raise self._no_column(name, field)
        return self.columns[name]

    def select(self, inputs: str, targets: str) -> Dataset:
        """Return the same table with these columns selected: comma lists, globs such as `s_*`.

        Empty inputs mean every numeric column that is not a target. A glob among the inputs
        excludes targets, unless both lists are the same (an autoencoder).
        Raises InvalidInputError with `field` "input_columns" or "target_columns".
        """
        target_names = self._match_columns(targets, "target_columns")
        if inputs.strip() and inputs.strip() == targets.strip():
            return replace(self, inputs=target_names, targets=target_names)
        input_names = self._match_columns(inputs, "input_columns", exclude=target_names)
        if not inputs.strip():
            numeric = (column.name for column in self.record.columns if column.dtype != "text")
            excluded = set(target_names)
            input_names = tuple(name for name in numeric if name not in excluded)
        return replace(self, inputs=input_names, targets=target_names)

    def narrow(self, text: str, field: str) -> tuple[str, ...]:
        """Return the input columns in a comma list with globs.

        Raises InvalidInputError with `field`.
        """
        names, inputs = self._match_columns(text, field), set(self.inputs)
        others = [name for name in names if name not in inputs]
        if others and len(others) < len(names):
            return tuple(name for name in names if name in inputs)
        if others:
            hint = "Select it as an input column of the data, or name others here."
            raise InvalidInputError(
                f"Column '{others[0]}' is not an input column of the data.", hint=hint, field=field
            )
        return names

    def _match_columns(self, text: str, field: str, exclude: Sequence[str] = ()) -> tuple[str, ...]:
        found: dict[str, None] = {}
        excluded, patterns = set(exclude), 0
        for item in _split(text, field):
            if item in self.columns:
                found[item] = None
                continue
            patterns += 1
            if patterns > _MOST_PATTERNS:
                message = f"The list has more than {_MOST_PATTERNS} patterns."
                hint = "Use fewer, such as s_* for all columns that begin with s_."
                raise InvalidInputError(message, hint=hint, field=field)
            matches = [name for name in self.columns if fnmatchcase(name, item)]
            if not matches:
                raise self._no_column(item, field)
            found.update(dict.fromkeys(name for name in matches if name not in excluded))
        return tuple(found)

    def _no_column(self, name: str, field: str | None = None) -> InvalidInputError:
        shown, names = name[:_LONGEST], list(self.columns)
        close = difflib.get_close_matches(shown, names[:_COMPARED], n=1)
        listed = ", ".join(names[:_LISTED]) + (", …" if len(names) > _LISTED else "")
        hint = f"Did you mean '{close[0]}'?" if close else f"The columns are: {listed}."
        return InvalidInputError(
            f"There is no column '{shown}' in {self.name}.", hint=hint, field=field
        )

    def numbers(
        self,
        names: Sequence[str],
        rows: Index | None = None,
        shift: Floats | None = None,
        scale: Floats | None = None,
    ) -> NDArray[np.float32]:
        """Return numeric columns as float32 (rows, columns); a blank cell is NaN.

        `shift` and `scale` (one value per column) give `(x - shift) / scale`, computed in float64.
        """
        return self._reader.numbers([self._positions[name] for name in names], rows, shift, scale)

    def values(self, name: str, rows: Index | None = None) -> Floats:
        """Return a numeric column as float64 (rows,), exact up to 2^53; a blank cell is NaN."""
        column: Floats = self.exact([name], rows)[0]
        return column

    def exact(self, names: Sequence[str], rows: Index | None = None) -> Floats:
        """Return numeric columns as float64 (columns, rows), as `values` does for one."""
        return self._reader.exact([self._positions[name] for name in names], rows)

    def factorize(self, name: str, rows: Index | None = None) -> tuple[Index, list[str]]:
        """Return a column as codes int64 (rows,) and the sorted distinct labels they index.

        Numbers are sorted by value, text alphabetically.
        """
        column = self.column(name)
        if column.dtype == "text":
            [(codes, words)] = self._reader.text([self._positions[name]], rows)
            present, inverse = np.unique(codes, return_inverse=True)
            labels = sorted(words[code] for code in present)
            rank = {word: position for position, word in enumerate(labels)}
            return np.array([rank[words[code]] for code in present], dtype=np.int64)[
                inverse
            ], labels
        present, inverse = np.unique(self.values(name, rows), return_inverse=True)
        kind = bool if column.dtype == "bool" else float
        return inverse.astype(np.int64), [
            label(math.nan if math.isnan(v) else kind(v)) for v in present.tolist()
        ]

    def labels(self, name: str, rows: Index | None = None) -> NDArray[np.object_]:
        """Return a column as str (rows,): whole numbers as "3", a blank cell as ""."""
        codes, labels = self.factorize(name, rows)
        return np.array([*labels, ""], dtype=object)[codes]

    def preview(self, offset: int = 0, limit: int = 50) -> DatasetPreview:
        """Return rows as in the file, and the histograms of all rows.

        A blank cell is null, infinity is text. Of wide tables, and of tables with long cells, there
        are fewer than `limit` rows.
        """
        row_bytes = max(1, self.record.bytes // max(1, self.rows))
        most = min(_PREVIEW_CELLS // max(1, len(self.columns)), _PREVIEW_BYTES // row_bytes)
        limit = min(limit, max(1, most))
        rows = np.arange(offset, max(offset, min(offset + limit, self.rows)), dtype=np.int64)
        cells = self._cells(rows)
        return DatasetPreview(
            columns=list(self.columns),
            rows=[list(row) for row in zip(*(cells[name] for name in self.columns), strict=True)],
            offset=offset,
            total=self.rows,
            histograms=self._histograms(),
        )

    def _histograms(self) -> dict[str, Histogram]:
        """Return the stored histograms, or none where their file is damaged."""
        try:
            return histograms.load(self.folder)
        except (FileNotFoundError, ValueError):
            return {}

    def _cells(self, rows: Index) -> dict[str, list[JsonValue]]:
        numeric, text = self._kinds
        numbers = self._reader.exact(range(len(numeric)), rows).tolist()
        words = self._reader.text(range(len(text)), rows)
        cells: dict[str, list[JsonValue]] = {
            column.name: [_cell(value, column) for value in values]
            for column, values in zip(numeric, numbers, strict=True)
        }
        return cells | {
            column.name: [known[code] or None for code in codes]
            for column, (codes, known) in zip(text, words, strict=True)
        }

    def describe(self) -> str:
        """Return rows and columns as text, for the label of a wire."""
        if not self.inputs and not self.targets:
            return f"{self.rows} rows · {len(self.columns)} columns"
        return f"{self.rows} rows · {len(self.inputs)} in, {len(self.targets)} out"

    @cached_property
    def _reader(self) -> TableReader:
        return TableReader(self.folder, self.name)

    @cached_property
    def _kinds(self) -> tuple[list[Column], list[Column]]:
        """Return the numeric and the text columns."""
        columns = self.record.columns
        return [c for c in columns if c.dtype != "text"], [c for c in columns if c.dtype == "text"]

    @cached_property
    def _positions(self) -> dict[str, int]:
        """Return the position of each column among those of its kind."""
        return {
            column.name: position
            for columns in self._kinds
            for position, column in enumerate(columns)
        }


def _split(text: str, field: str) -> list[str]:
    """Return the items of a comma list; a name that contains a comma is in double quotes."""
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), skipinitialspace=True))
    except csv.Error as error:
        raise InvalidInputError(
            "This list of columns cannot be read.",
            hint="Separate the names by commas.",
            field=field,
        ) from error
    return [item.strip() for row in rows for item in row if item.strip()]


def _cell(value: float, column: Column) -> JsonValue:
    if not math.isfinite(value):
        return None if math.isnan(value) else str(value)
    if column.dtype == "bool":
        return bool(value)
    return int(value) if column.dtype == "int" else value
