"""The files of a stored table: blocks of rows, mapped into memory when they are read.

```
blocks.json          rows per block
numbers-00000.npy    float64 (numeric columns, rows of the block); a blank cell is NaN, a boolean
                     0 or 1
text-00000.npy       int32 (text columns, rows of the block), codes into the vocabularies
words-00000.json     the vocabulary of each text column within the block, as consecutive JSON lists
words-00000.npy      int64 (text columns + 1,), where each list starts in that file
```

A block stores its columns one after the other, so a few of many columns are read without the rest.
It is small, so the vocabularies of a table of any size are written and read in bounded memory.
"""

from __future__ import annotations

import contextlib
import itertools
import tokenize
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from visdl.models.errors import InvalidInputError

Floats = NDArray[np.float64]
Index = NDArray[np.int64]
_STRIP = 1024  # rows transposed at a time, small enough for the processor's cache
_THREADS = 4
#: What numpy and orjson raise for damaged files; numpy reads headers as Python.
_DAMAGE = (
    FileNotFoundError, EOFError, ValueError, IndexError, TypeError, OverflowError, SyntaxError,
    tokenize.TokenError,
)  # fmt: skip
_DTYPES = {"numbers": np.float64, "text": np.int32, "words": np.int64}
_PIECE = 20_000  # words that are turned into JSON at a time


class TableWriter:
    """Writes blocks into a folder; `close` makes the table complete."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._rows: list[int] = []

    def append(
        self, numbers: Floats, codes: NDArray[np.int32], vocabularies: Sequence[list[str]]
    ) -> None:
        """Add a block: `numbers` and `codes` (columns, rows), a vocabulary per text column."""
        block = len(self._rows)
        if len(numbers):
            self._save("numbers", block, numbers)
        if len(codes):
            words = [_json_list(vocabulary) for vocabulary in vocabularies]
            _file(self._folder, "words", block, "json").write_bytes(b"".join(words))
            self._save("words", block, np.cumsum([0, *map(len, words)]))
            self._save("text", block, codes)
        self._rows.append(max(numbers.shape[1], codes.shape[1]))

    def close(self) -> None:
        (self._folder / "blocks.json").write_bytes(orjson.dumps(self._rows))

    def _save(self, kind: str, block: int, array: NDArray[Any]) -> None:
        np.save(_file(self._folder, kind, block), array, allow_pickle=False)


def _json_list(words: list[str]) -> bytes:
    """Return a JSON list, made in pieces, which hold the interpreter for moments only."""
    pieces = (
        orjson.dumps(words[start : start + _PIECE])[1:-1] for start in range(0, len(words), _PIECE)
    )
    return b"[" + b",".join(pieces) + b"]"


class TableReader:
    """Reads columns by their position among the numeric or the text columns.

    Rows are given by number; by default all are read.
    """

    def __init__(self, folder: Path, name: str = "") -> None:
        """`name` is that of the table, for the errors: all methods raise InvalidInputError."""
        self._folder = folder
        self._name = name or folder.name

    def numbers(
        self,
        columns: Sequence[int],
        rows: Index | None = None,
        shift: Floats | None = None,
        scale: Floats | None = None,
    ) -> NDArray[np.float32]:
        """Return columns as float32 (rows, columns), after `(x - shift) / scale` in float64."""
        selected = np.asarray(columns, dtype=np.int64)
        result = np.empty((self._count(rows), len(selected)), dtype=np.float32)

        def fill(part: _Part) -> None:
            with np.errstate(over="ignore"):  # beyond float32 is infinite
                for place, values in part.strips(self._map("numbers", part.block), selected):
                    if shift is not None and scale is not None:
                        values = (values - shift[:, None]) / scale[:, None]  # noqa: PLW2901
                    result[place] = values.T

        with ThreadPoolExecutor(_THREADS) as pool:
            list(pool.map(fill, self._parts(rows) if columns else ()))
        return result

    def exact(self, columns: Sequence[int], rows: Index | None = None) -> Floats:
        """Return columns as stored: float64 (columns, rows)."""
        selected = np.asarray(columns, dtype=np.int64)
        result = np.empty((len(selected), self._count(rows)), dtype=np.float64)
        for part in self._parts(rows) if columns else ():
            for place, values in part.strips(self._map("numbers", part.block), selected):
                result[:, place] = values
        return result

    def blocks(self) -> Iterator[Floats]:
        """Yield the numeric columns of each block as (columns, rows)."""
        for part in self._parts(None):
            yield self._map("numbers", part.block)

    def text(
        self, columns: Sequence[int], rows: Index | None = None
    ) -> list[tuple[Index, list[str]]]:
        """Return each text column as codes into a list of its distinct values."""
        known: list[dict[str, int]] = [{} for _ in columns]
        codes = [np.empty(self._count(rows), dtype=np.int64) for _ in columns]
        for part in self._parts(rows) if columns else ():
            stored = self._map("text", part.block)
            for column, seen, result, words in zip(
                columns, known, codes, self._words(part.block, columns), strict=True
            ):
                merged = np.array(
                    [seen.setdefault(word, len(seen)) for word in words], dtype=np.int64
                )
                with self._reading(f"text-{part.block:05}.npy"):
                    result[part.place] = merged[stored[column, part.rows]]
        return [(result, list(seen)) for result, seen in zip(codes, known, strict=True)]

    @cached_property
    def _starts(self) -> Index:
        with self._reading("blocks.json"):
            rows = orjson.loads((self._folder / "blocks.json").read_bytes())
            return np.cumsum([0, *rows], dtype=np.int64)

    def _count(self, rows: Index | None) -> int:
        return int(self._starts[-1]) if rows is None else len(rows)

    def _map(self, kind: str, block: int) -> NDArray[Any]:
        file = _file(self._folder, kind, block)
        with self._reading(file.name):
            mapped: NDArray[Any] = np.load(file, mmap_mode="r", allow_pickle=False)
            rows = int(self._starts[block + 1] - self._starts[block])
            if kind != "words" and (mapped.ndim != 2 or mapped.shape[1] != rows):
                raise ValueError(f"shape {mapped.shape} for {rows} rows")
            if mapped.dtype != _DTYPES[kind]:
                raise ValueError(f"type {mapped.dtype}")
            return mapped

    @contextlib.contextmanager
    def _reading(self, name: str) -> Iterator[None]:
        """Turn what damaged files raise into a sentence that names the table."""
        try:
            yield
        except _DAMAGE as error:
            raise InvalidInputError(
                f"The stored table '{self._name}' is damaged: its file {name} cannot be read.",
                hint="Delete the table and upload it again, or put its folder back from a copy.",
                code="damaged",
            ) from error

    def _words(self, block: int, columns: Sequence[int]) -> Iterator[list[str]]:
        starts = self._map("words", block)
        path = _file(self._folder, "words", block, "json")
        with self._reading(path.name), path.open("rb") as file:
            for column in columns:
                file.seek(starts[column])
                yield orjson.loads(file.read(starts[column + 1] - starts[column]))

    def _parts(self, rows: Index | None) -> Iterator[_Part]:
        """Yield the parts of the blocks that contain these rows."""
        starts = self._starts
        if rows is None:
            for block, (start, end) in enumerate(
                zip(starts[:-1].tolist(), starts[1:].tolist(), strict=True)
            ):
                yield _Part(block, slice(start, end), slice(0, end - start))
            return
        order = np.argsort(rows, kind="stable")
        bounds = np.searchsorted(rows[order], starts)
        for block, (first, last) in enumerate(itertools.pairwise(bounds)):
            if first < last:
                place = order[first:last]
                yield _Part(block, place, rows[place] - starts[block])


@dataclass(frozen=True)
class _Part:
    """Rows of one block, and their positions in the result."""

    block: int
    place: slice | Index
    rows: slice | Index

    def strips(self, data: Floats, columns: Index) -> Iterator[tuple[slice | Index, Floats]]:
        """Yield (positions, values as (columns, rows)) for a few rows at a time."""
        if isinstance(self.place, slice) and isinstance(self.rows, slice):
            for start in range(0, self.rows.stop, _STRIP):
                end = min(start + _STRIP, self.rows.stop)
                yield (
                    slice(self.place.start + start, self.place.start + end),
                    data[columns, start:end],
                )
        elif not isinstance(self.place, slice) and not isinstance(self.rows, slice):
            for start in range(0, len(self.rows), _STRIP):
                yield (
                    self.place[start : start + _STRIP],
                    data[columns[:, None], self.rows[start : start + _STRIP]],
                )


def _file(folder: Path, kind: str, block: int, suffix: str = "npy") -> Path:
    return folder / f"{kind}-{block:05}.{suffix}"
