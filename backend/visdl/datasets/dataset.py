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
from visdl.models.datasets import Column, DatasetPreview, DatasetRecord
from visdl.models.errors import InvalidInputError

_LISTED = 10
_LONGEST = 100


@dataclass(frozen=True, eq=False)
class Dataset:
    """A table, with the columns chosen as inputs and targets. Opening costs nothing; data is mapped when first read."""

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

    def column(self, name: str) -> Column:
        """The column of this name; InvalidInputError when there is none."""
        if name not in self.columns:
            raise self._no_column(name)
        return self.columns[name]

    def select(self, inputs: str, targets: str) -> Dataset:
        """The same table with these columns chosen: comma lists, with globs such as `s_*`.

        No inputs means every numeric column that is not a target; a glob among the inputs leaves targets out, unless
        both lists are the same (an autoencoder).
        Raises InvalidInputError with `field` "input_columns" or "target_columns".
        """
        chosen_targets = self._choose(targets, "target_columns")
        if inputs.strip() and inputs.strip() == targets.strip():
            return replace(self, inputs=chosen_targets, targets=chosen_targets)
        chosen_inputs = self._choose(inputs, "input_columns", leave_out=chosen_targets)
        if not inputs.strip():
            numeric = (column.name for column in self.record.columns if column.dtype != "text")
            chosen_inputs = tuple(name for name in numeric if name not in chosen_targets)
        return replace(self, inputs=chosen_inputs, targets=chosen_targets)

    def narrow(self, text: str, field: str) -> tuple[str, ...]:
        """The input columns that a comma list with globs means. Raises InvalidInputError with `field`."""
        chosen = self._choose(text, field)
        others = [name for name in chosen if name not in self.inputs]
        if others and any(name in self.inputs for name in chosen):
            return tuple(name for name in chosen if name in self.inputs)
        if others:
            hint = "Choose it among the input columns of the data, or name others here."
            raise InvalidInputError(
                f"Column '{others[0]}' is no input column of the data.", hint=hint, field=field
            )
        return chosen

    def _choose(self, text: str, field: str, leave_out: Sequence[str] = ()) -> tuple[str, ...]:
        found: dict[str, None] = {}
        for item in _split(text, field):
            if item in self.columns:
                found[item] = None
                continue
            matches = [name for name in self.columns if fnmatchcase(name, item)]
            if not matches:
                raise self._no_column(item, field)
            found.update(dict.fromkeys(name for name in matches if name not in leave_out))
        return tuple(found)

    def _no_column(self, name: str, field: str | None = None) -> InvalidInputError:
        shown, names = name[:_LONGEST], list(self.columns)
        close = difflib.get_close_matches(shown, names, n=1)
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
        """Numeric columns as float32 (rows, columns); a blank cell is NaN.

        `shift` and `scale` (one value per column) give `(x - shift) / scale`, computed in float64.
        """
        return self._reader.numbers([self._places[name] for name in names], rows, shift, scale)

    def values(self, name: str, rows: Index | None = None) -> Floats:
        """A numeric column as float64 (rows,), whole numbers exact up to 2^53; a blank cell is NaN."""
        column: Floats = self._reader.exact([self._places[name]], rows)[0]
        return column

    def factorize(self, name: str, rows: Index | None = None) -> tuple[Index, list[str]]:
        """A column as codes int64 (rows,) into its sorted different labels: numbers by value, text by alphabet."""
        column = self.column(name)
        if column.dtype == "text":
            [(codes, words)] = self._reader.text([self._places[name]], rows)
            present, inverse = np.unique(codes, return_inverse=True)
            labels = sorted(words[code] for code in present)
            rank = {word: place for place, word in enumerate(labels)}
            return np.array([rank[words[code]] for code in present], dtype=np.int64)[
                inverse
            ], labels
        present, inverse = np.unique(self.values(name, rows), return_inverse=True)
        kind = bool if column.dtype == "bool" else float
        return inverse.astype(np.int64), [
            label(math.nan if math.isnan(v) else kind(v)) for v in present.tolist()
        ]

    def labels(self, name: str, rows: Index | None = None) -> NDArray[np.object_]:
        """A column as str (rows,): whole numbers as "3", text as it is, a blank cell as ""."""
        codes, labels = self.factorize(name, rows)
        return np.array([*labels, ""], dtype=object)[codes]

    def preview(self, offset: int = 0, limit: int = 50) -> DatasetPreview:
        """Rows as they were in the file (blank is null, infinity is text), and the histograms of all rows."""
        rows = np.arange(offset, max(offset, min(offset + limit, self.rows)), dtype=np.int64)
        cells = self._cells(rows)
        return DatasetPreview(
            columns=list(self.columns),
            rows=[list(row) for row in zip(*(cells[name] for name in self.columns), strict=True)],
            offset=offset,
            total=self.rows,
            histograms=histograms.load(self.folder),
        )

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
        """The static facts, for a wire's label."""
        if not self.inputs and not self.targets:
            return f"{self.rows} rows · {len(self.columns)} columns"
        return f"{self.rows} rows · {len(self.inputs)} in, {len(self.targets)} out"

    @cached_property
    def _reader(self) -> TableReader:
        return TableReader(self.folder)

    @cached_property
    def _kinds(self) -> tuple[list[Column], list[Column]]:
        """The numeric and the text columns."""
        columns = self.record.columns
        return [c for c in columns if c.dtype != "text"], [c for c in columns if c.dtype == "text"]

    @cached_property
    def _places(self) -> dict[str, int]:
        """The place of each column among those of its kind."""
        return {
            column.name: place for columns in self._kinds for place, column in enumerate(columns)
        }


def _split(text: str, field: str) -> list[str]:
    """The items of a comma list; a name with a comma in it stands in double quotes."""
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), skipinitialspace=True))
    except csv.Error as error:
        raise InvalidInputError(
            "This list of columns cannot be read.",
            hint="Write names with commas between.",
            field=field,
        ) from error
    return [item.strip() for row in rows for item in row if item.strip()]


def _cell(value: float, column: Column) -> JsonValue:
    if not math.isfinite(value):
        return None if math.isnan(value) else str(value)
    if column.dtype == "bool":
        return bool(value)
    return int(value) if column.dtype == "int" else value
