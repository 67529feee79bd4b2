"""Points of a curve as they are stored: (points, 3) float64 of step, epoch and value.

Whole numbers are exact up to 2^53; NaN stands for null.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import orjson
from numpy.typing import NDArray
from tsdownsample import MinMaxDownsampler

from visdl.models.events import Point

Points = NDArray[np.float64]
POINT_BYTES = 24
_PIECE = 10_000  # points that are turned into JSON at a time

_MOST_STEPS = 2.0**53
_MIN_MAX = MinMaxDownsampler()  # type: ignore[no-untyped-call]


def pack(points: Sequence[Point]) -> bytes:
    return np.array(points, dtype=np.float64).tobytes()  # None becomes NaN


def unpack(*bodies: bytes) -> Points:
    """Return the points of rows; what is damaged (half a point, no step) is left out."""
    whole = (
        body[: len(body) // POINT_BYTES * POINT_BYTES] for body in bodies if type(body) is bytes
    )
    points = np.frombuffer(b"".join(whole), dtype=np.float64).reshape(-1, 3)
    valid = np.abs(points[:, :2]).max(axis=1, initial=0.0) < _MOST_STEPS  # False for NaN
    return points if valid.all() else points[valid]


def tuples(points: Points) -> list[Point]:
    return [
        (int(step), int(epoch), value if math.isfinite(value) else None)
        for step, epoch, value in points.tolist()
    ]


def encode(points: Points) -> bytes:
    """Return `tuples` as JSON, made in pieces, which hold the interpreter for moments only."""
    pieces = (
        orjson.dumps(tuples(points[start : start + _PIECE]))[1:-1]
        for start in range(0, len(points), _PIECE)
    )
    return b"[" + b",".join(pieces) + b"]"


def latest(points: Points) -> NDArray[np.bool_]:
    """Return which points count.

    A run that resumed from a checkpoint has taken some steps twice: the later ones count.
    """
    steps = points[:, 0]
    following = np.append(np.minimum.accumulate(steps[::-1])[::-1][1:], np.inf)
    return steps < following


def extremes(
    values: NDArray[np.float64], stretches: int, steps: NDArray[np.float64] | None = None
) -> NDArray[np.int64]:
    """Return the indices of the lowest and the highest finite value of each stretch, in order.

    The stretches have equally many values, or equally many steps if these (rising) are given.
    """
    finite = np.where(np.isfinite(values), values, np.nan)
    data = (finite,) if steps is None else (np.ascontiguousarray(steps), finite)
    return np.unique(_MIN_MAX.downsample(*data, n_out=2 * stretches)).astype(np.int64)


def downsample(values: NDArray[np.float64], most: int) -> NDArray[np.int64]:
    """Return the indices of at most `most` values: the first, the last, and extremes between."""
    count = len(values)
    if count <= most or most < 4:
        return np.arange(count) if count <= most else np.array([0, count - 1])[:most]
    inner = 1 + extremes(values[1:-1], (most - 2) // 2)
    return np.concatenate([[0], inner, [count - 1]])


def downsample_by_step(points: Points, most: int) -> NDArray[np.bool_]:
    """Return which of these points to keep so that about `most` are left.

    Of each stretch of steps these are the lowest, the highest, and the first that is not finite.
    """
    steps, values = points[:, 0], points[:, 2]
    stretches = max(1, most // 2)
    kept = np.zeros(len(points), dtype=bool)
    counts, finite = latest(points), np.isfinite(values)
    indices = np.flatnonzero(counts & finite)
    if len(indices):
        kept[indices[extremes(values[indices], stretches, steps[indices])]] = True
    indices = np.flatnonzero(counts & ~finite)
    length = max(1.0, float(np.ptp(steps))) / stretches
    kept[indices[np.unique((steps[indices] - steps.min()) // length, return_index=True)[1]]] = True
    return kept
