"""How many rows, and how many of each class, a split gives to each part."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

import numpy as np

from visdl.datasets.assignment import fold_classes
from visdl.datasets.split import PARTS, Loader
from visdl.models.diagnostics import PartRows
from visdl.validation.keyed import Keyed

_MOST_ROWS = 1_000_000
_MOST_CLASSES = 50


def part_rows(outputs: Iterable[object]) -> list[PartRows]:
    """Return the parts of the first split among these values, without those that have no row.

    Classes are counted in tables of up to a million rows and 50 classes.
    """
    loader = next((v for v in outputs if isinstance(v, Loader) and v.part is not None), None)
    if loader is None:
        return []
    counts = class_counts(loader)
    return [
        PartRows(part=part, rows=rows, classes=counts.get(part, {}))
        for part, rows in zip(PARTS, loader.sizes, strict=True)
        if rows
    ]


def class_counts(loader: Loader) -> dict[str, dict[str, int]]:
    """Return the rows of each class in each part; empty where they are not counted."""
    column = fold_classes(loader.dataset)
    if column is None or loader.dataset.rows > _MOST_ROWS:
        return {}
    if len(column.classes or ()) > _MOST_CLASSES:
        return {}
    key = (loader.dataset.folder, loader.dataset.record.sha256, column.name, loader.rule)
    return _counts(Keyed(key, (loader, column.name)))


@lru_cache(maxsize=64)
def _counts(split: Keyed[tuple[Loader, str]]) -> dict[str, dict[str, int]]:
    loader, column = split.value
    codes, labels = loader.dataset.factorize(column)
    flat = np.bincount(loader.parts * np.int64(len(labels)) + codes, minlength=3 * len(labels))
    rows = flat.reshape(len(PARTS), len(labels)).tolist()
    return {
        part: dict(zip(labels, counts, strict=True))
        for part, counts in zip(PARTS, rows, strict=True)
    }
