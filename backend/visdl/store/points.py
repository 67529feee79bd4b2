"""Points of a curve as they are stored: (points, 3) float64 of step, epoch and value.

Whole numbers are exact up to 2^53; NaN stands for null.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from visdl.models.events import Point

Points = NDArray[np.float64]
POINT_BYTES = 24


def pack(points: Sequence[Point]) -> bytes:
    return np.array(points, dtype=np.float64).tobytes()  # None becomes NaN


def unpack(body: bytes) -> Points:
    return np.frombuffer(body, dtype=np.float64).reshape(-1, 3)


def tuples(points: Points) -> list[Point]:
    return [
        (int(step), int(epoch), value if math.isfinite(value) else None)
        for step, epoch, value in points.tolist()
    ]


def latest(points: Points) -> NDArray[np.bool_]:
    """Which points count: a run that went on from a checkpoint has taken some steps twice, and the later ones do."""
    steps = points[:, 0]
    following = np.append(np.minimum.accumulate(steps[::-1])[::-1][1:], np.inf)
    return steps < following


def extremes_by_step(points: Points, most: int) -> NDArray[np.bool_]:
    """Which of these points to keep so that some `most` are left: of each stretch of steps the lowest, the highest,
    and the first that is not finite."""
    steps, values = points[:, 0], points[:, 2]
    stretches = max(1, most // 2)
    first, last = steps.min(), steps.max()
    stretch = np.minimum((steps - first) * stretches // max(1.0, last - first), stretches - 1)
    kept = np.zeros(len(points), dtype=bool)
    counts, finite = latest(points), np.isfinite(values)
    for among in (counts & finite, counts & ~finite):
        places = np.flatnonzero(among)
        order = places[np.lexsort((values[places], stretch[places]))]
        starts = np.flatnonzero(np.diff(stretch[order], prepend=-1))
        kept[order[starts]] = True
        if len(order) and finite[order[0]]:
            kept[order[[*(starts[1:] - 1), -1]]] = True
    return kept


def thin(values: NDArray[np.float64], most: int) -> NDArray[np.int64]:
    """The places of at most `most` values: the first, the last, and the extremes of each stretch between."""
    count = len(values)
    if count <= most or most < 4:
        return np.arange(count) if count <= most else np.array([0, count - 1])[:most]
    stretches = (most - 2) // 2
    length = -(-(count - 2) // stretches)
    inner = np.full(stretches * length, np.nan)
    inner[: count - 2] = values[1:-1]
    table = inner.reshape(stretches, length)
    extremes = [
        np.where(np.isfinite(table), table, np.inf).argmin(axis=1),
        np.where(np.isfinite(table), table, -np.inf).argmax(axis=1),
    ]
    places = 1 + np.arange(stretches) * length + np.array(extremes)
    return np.unique(np.concatenate([[0], places[places < count - 1], [count - 1]]))
