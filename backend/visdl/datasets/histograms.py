"""Histograms of a stored table, computed once at import and stored with it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from pydantic import TypeAdapter

from visdl.datasets.storage import Floats, TableReader
from visdl.models.datasets import Column, Histogram

BINS = 20
MAX_BARS = 30
MAX_COLUMNS = 1000  # the first columns of a table that get one
_STRIP = 8192
_FILE = "histograms.json"
_STORED: TypeAdapter[dict[str, Histogram]] = TypeAdapter(dict[str, Histogram])


def of_classes(counts: dict[str, int]) -> Histogram:
    """Return a bar per class in the given order; for more than 30 the most frequent."""
    shown = set(sorted(counts, key=lambda label: -counts[label])[:MAX_BARS])
    bars = {label: count for label, count in counts.items() if label in shown}
    return Histogram(counts=list(bars.values()), labels=list(bars))


def of_numbers(
    reader: TableReader, places: Sequence[int], columns: Sequence[Column]
) -> dict[str, Histogram]:
    """Return bins of equal width over the finite values of each column, by name."""
    low = np.array([column.min or 0.0 for column in columns])[:, None]
    width = np.array([column.max or 0.0 for column in columns])[:, None] - low
    scale = (
        BINS * (1 - 1e-9) / np.where(width > 0, width, 1.0)
    )  # the largest value falls into the last bin
    counts = np.zeros((len(columns), BINS), dtype=np.int64)
    for block in reader.blocks():
        for start in range(0, block.shape[1], _STRIP):
            counts += _count(block[places, start : start + _STRIP], low, scale)
    edges = low + width * np.linspace(0, 1, BINS + 1)
    return {
        column.name: Histogram(counts=row.tolist(), edges=places.tolist())
        for column, row, places in zip(columns, counts, edges, strict=True)
    }


def _count(values: Floats, low: Floats, scale: Floats) -> np.ndarray:
    """Return counts (columns, bins); blank and infinite values are not counted."""
    with np.errstate(invalid="ignore", over="ignore"):
        bins = (values - low) * scale
    bins[~((bins >= 0) & (bins < BINS))] = BINS
    columns = np.arange(len(values))[:, None]
    flat = bins.astype(np.int64) + columns * (BINS + 1)
    return np.bincount(flat.ravel(), minlength=len(values) * (BINS + 1)).reshape(
        len(values), BINS + 1
    )[:, :BINS]


def save(folder: Path, histograms: dict[str, Histogram]) -> None:
    (folder / _FILE).write_bytes(_STORED.dump_json(histograms))


def load(folder: Path) -> dict[str, Histogram]:
    return _STORED.validate_json((folder / _FILE).read_bytes())
