"""`predictions.parquet`: target and prediction of every row that a run was evaluated on.

A line for each row and target column: `part` (val or test), `row` (from 1, in the order of its
table), `column` (the target), `target`, `prediction`, and `probability_…` of each class or of a 1.
Numbers are in the target's own units and classes are their labels, as `predict` gives them.
Targets that the loss ignores have no line.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import torch
from numpy.typing import NDArray
from pyarrow import parquet
from torch import Tensor

from visdl.datasets.dataset import Dataset
from visdl.datasets.split import Loader
from visdl.datasets.storage import Index
from visdl.models.error_texts import reason_of
from visdl.nodes.contract.evaluation import predict
from visdl.nodes.contract.runtime_values import TrainingResult, note_artifact

NAME = "predictions.parquet"
Part = Literal["val", "test"]
MOST_LINES = 1_000_000  # of a part: of more, evenly spaced rows are written
MOST_PROBABILITIES = 5_000_000  # of a part: it has none where there would be more
_MOST_CLASSES = 1000  # with a column of probabilities each
_CHUNK_VALUES = 2**21  # most values of arguments, or of outputs, that are held at once


class PredictionsFile:
    """Writes the predictions of a run, part by part, in row groups of bounded size.

    A context manager: the file is there when its block has ended without an error. What else fails
    than the disk is logged and never fails the run: there is then no file.
    """

    def __init__(self, folder: Path, warn: Callable[[str], None]) -> None:
        self._folder = folder
        self._warn = warn
        self._temporary = folder / f".{NAME}.tmp"
        self._writer: parquet.ParquetWriter | None = None
        self._parts: dict[str, dict[str, Any]] = {}
        self._notes: list[str] = []
        self._failed = False

    def add(self, part: Part, result: TrainingResult, data: Loader | Dataset | None) -> None:
        """Predict the rows of `data` with the kept weights, and write them.

        A second test of a graph is the part `test_2`. Raises OSError when the disk refuses.
        """
        if data is None or self._failed:
            return
        dataset, rows = (
            (data.dataset, data.rows)
            if isinstance(data, Loader)
            else (data, np.arange(data.rows, dtype=np.int64))
        )
        if not len(rows):
            return
        try:
            with torch.random.fork_rng(devices=[]):
                self._write(part, result, dataset, rows)
        except OSError:
            raise
        except Exception as error:  # torch, pyarrow, or the code of a node file
            self._failed = True
            self._warn(f"{NAME} is not written: {reason_of(error).rstrip('.')}.")

    def __enter__(self) -> PredictionsFile:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """Finish the file, or remove what there is of it after an error. Raises OSError."""
        if self._writer is None:
            return
        if self._failed or kind is not None:
            with contextlib.suppress(OSError):
                self._writer.close()
            self._temporary.unlink(missing_ok=True)
            return
        about = {"format": 1, "parts": self._parts, "notes": self._notes}
        self._writer.add_key_value_metadata({"visdl": json.dumps(about)})
        self._writer.close()
        self._temporary.replace(self._folder / NAME)
        note_artifact(self._folder, NAME, self._notes)

    def _write(self, part: Part, result: TrainingResult, dataset: Dataset, rows: Index) -> None:
        names = [part, *(f"{part}_{number}" for number in range(2, len(self._parts) + 2))]
        name = next(each for each in names if each not in self._parts)
        lines = _Lines(result, dataset, rows)
        self._notes += [f"Part {name} has {note}." for note in lines.notes]
        self._parts[name] = {
            "dataset": dataset.name,
            "sha256": dataset.record.sha256,
            "rows": len(rows),
            "rows_written": len(lines.rows),
        }
        for table in lines.tables(name):
            if self._writer is None:
                self._writer = parquet.ParquetWriter(
                    self._temporary, table.schema, compression="zstd"
                )
            self._writer.write_table(table)


class _Lines:
    """The lines of a part, and what they leave out."""

    def __init__(self, result: TrainingResult, dataset: Dataset, rows: Index) -> None:
        self._result, self._dataset = result, dataset
        self._encoding, self._loss = result.encoding, result.loss.node
        examples = [torch.from_numpy(x).to(result.device) for x in self._encoding.examples(2)]
        output = predict(result.model, examples)
        columns, values = len(self._encoding.targets), sum(x[0].numel() for x in examples)
        self._per_chunk = max(1, _CHUNK_VALUES // max(values, output[0].numel(), columns))
        self._labels = self._known_labels(output)
        self._binary = self._loss.probability(output) is not None
        self.notes: list[str] = []
        self.rows = rows
        most = max(1, MOST_LINES // columns)
        if len(rows) > most:
            self.rows = rows[np.linspace(0, len(rows) - 1, most).astype(np.int64)]
            limit = f"at most {MOST_LINES:,} lines"
            self.notes.append(f"{most:,} of {len(rows):,} rows, evenly spaced: {limit}")
        self._names = self._probability_names()
        count = len(self.rows) * columns * len(self._labels or self._names)
        self._omits = count > MOST_PROBABILITIES or len(self._labels or ()) > _MOST_CLASSES
        if self._omits:
            self.notes.append(f"no probabilities: there would be {count:,}")

    def _known_labels(self, output: Tensor) -> list[str] | None:
        """Return the labels by class index; outputs without a class have their number."""
        classes = self._encoding.classes
        if classes is None:
            return None
        more = map(str, range(len(classes), output.shape[1]))
        return [*classes, *(f"output {each}" if each in classes else each for each in more)]

    def _probability_names(self) -> list[str]:
        if self._labels is not None and len(self._labels) <= _MOST_CLASSES:
            return [f"probability_{label}" for label in self._labels]
        return [f"probability_{self._loss.RANGE[1]:g}"] if self._binary else []

    def tables(self, part: str) -> Iterator[pa.Table]:
        """Yield the lines, some rows at a time."""
        for start in range(0, len(self.rows), self._per_chunk):
            rows = self.rows[start : start + self._per_chunk]
            xs = self._encoding.encode_inputs(self._dataset, rows)
            y = torch.from_numpy(self._encoding.encode_targets(self._dataset, rows))
            arguments = [torch.from_numpy(x).to(self._result.device) for x in xs]
            yield self._table(part, rows, predict(self._result.model, arguments).cpu(), y)

    def _table(self, part: str, rows: Index, output: Tensor, y: Tensor) -> pa.Table:
        mask = self._loss.counted(y)
        kept = np.ones(y.numel(), dtype=bool) if mask is None else mask.flatten().numpy()
        names, width = self._encoding.targets, y.numel() // len(y)
        columns = np.tile(np.arange(width), len(y))[kept]
        found = (
            self._classes(output, y, kept) if self._labels else self._numbers(output, rows, kept)
        )
        target, prediction, probabilities = found
        fields = {
            "part": _words(np.zeros(len(columns), dtype=np.int64), [part]),
            "row": _array(np.repeat(rows + 1, width)[kept]),
            "column": _words(columns, names),
            "target": target,
            "prediction": prediction,
        }
        for number, name in enumerate(self._names):
            fields[name] = (
                pa.nulls(len(columns), pa.float32())
                if self._omits
                else _array(probabilities[:, number].astype(np.float32))
            )
        return pa.Table.from_arrays(list(fields.values()), list(fields))

    def _classes(
        self, output: Tensor, y: Tensor, kept: NDArray[np.bool_]
    ) -> tuple[pa.Array, pa.Array, NDArray[Any]]:
        assert self._labels is not None  # noqa: S101  the caller knows
        found = self._loss.decode(output).movedim(1, -1).reshape(y.numel(), -1)[kept]
        bad = ~found.isfinite().all(-1).numpy()
        guess = _words(found.argmax(-1).numpy(), self._labels, bad)
        return _words(y.flatten().numpy()[kept], self._labels), guess, found.numpy()

    def _numbers(
        self, output: Tensor, rows: Index, kept: NDArray[np.bool_]
    ) -> tuple[pa.Array, pa.Array, NDArray[Any]]:
        target = self._dataset.exact(self._encoding.targets, rows).T.reshape(-1)[kept]
        prediction = self._loss.decode(output).double().flatten().numpy()[kept]
        chance = self._loss.probability(output)
        probabilities = prediction if chance is None else chance.flatten().numpy()[kept]
        return _array(target), _array(prediction), probabilities[:, None]


def _words(
    codes: NDArray[np.int64], words: list[str], unknown: NDArray[np.bool_] | None = None
) -> pa.DictionaryArray:
    texts = [word.encode() for word in words]
    ends = np.cumsum([0, *map(len, texts)]).astype(np.int32)
    buffers = [None, pa.py_buffer(ends), pa.py_buffer(b"".join(texts))]
    known = pa.Array.from_buffers(pa.string(), len(words), buffers)
    return pa.DictionaryArray.from_arrays(_array(codes.astype(np.int32), unknown), known)


def _array(values: NDArray[Any], unknown: NDArray[np.bool_] | None = None) -> pa.Array:
    """Return what `pa.array` does; that imports pandas, half a second in each worker."""
    valid = None
    if unknown is not None:
        valid = pa.py_buffer(np.packbits(~unknown, bitorder="little"))
    buffers = [valid, pa.py_buffer(np.ascontiguousarray(values))]
    return pa.Array.from_buffers(pa.from_numpy_dtype(values.dtype), len(values), buffers)


@dataclass(frozen=True)
class RowPredictions:
    """The predictions of one part of a run, line by line, for tests that pair rows.

    Attributes:
        keys: Row number and target column of each line.
        target: Numbers, or labels of classes, (lines,).
        prediction: The same of the model.
        probabilities: By the label after `probability_`, (lines,) each; empty where left out.
    """

    keys: list[tuple[int, str]]
    target: NDArray[Any]
    prediction: NDArray[Any]
    probabilities: dict[str, NDArray[np.float32]]

    @classmethod
    def read(cls, path: Path, part: str = "test") -> RowPredictions:
        """Read a part of `predictions.parquet`. Raises OSError when there is no such file."""
        table = parquet.read_table(path, filters=[("part", "==", part)])
        names = [name for name in table.column_names if name.startswith("probability_")]
        return cls(
            list(zip(table["row"].to_pylist(), table["column"].to_pylist(), strict=True)),
            np.array(table["target"].to_pylist()),
            np.array(table["prediction"].to_pylist()),
            {
                name.removeprefix("probability_"): table[name].to_numpy()
                for name in names
                if table[name].null_count < len(table)
            },
        )

    def paired(self, other: RowPredictions) -> tuple[RowPredictions, RowPredictions]:
        """Return the lines of rows and columns that both have, in the same order."""
        places = {key: place for place, key in enumerate(other.keys)}
        mine = [place for place, key in enumerate(self.keys) if key in places]
        theirs = [places[self.keys[place]] for place in mine]
        return self._at(mine), other._at(theirs)

    def _at(self, places: list[int]) -> RowPredictions:
        return RowPredictions(
            [self.keys[place] for place in places],
            self.target[places],
            self.prediction[places],
            {name: values[places] for name, values in self.probabilities.items()},
        )
