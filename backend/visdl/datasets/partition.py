"""Ways to divide rows into training, validation and test.

Each function returns the part of every row as int8 (rows,): TRAIN, VAL or TEST. `val` and `test`
are the wanted numbers of rows; together they leave at least one row to train on.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from visdl.datasets.storage import Floats, Index

TRAIN, VAL, TEST = 0, 1, 2
Parts = NDArray[np.int8]
_TRIED = 1000  # groups that are tried after the first that does not fit


class TooFewError(ValueError):
    """There are fewer groups or points in time than parts."""


def random_parts(rows: int, val: int, test: int, rng: np.random.Generator) -> Parts:
    """Draw rows. Each held-out part depends on its own size only, not on that of the other."""
    parts, order = np.zeros(rows, dtype=np.int8), rng.permutation(rows)
    parts[order[:val]] = VAL
    parts[order[rows - test :]] = TEST
    return parts


def sequential_parts(rows: int, val: int, test: int) -> Parts:
    """Take the rows in the order of the file: training first, then validation, then test."""
    parts = np.zeros(rows, dtype=np.int8)
    parts[rows - test - val : rows - test] = VAL
    parts[rows - test :] = TEST
    return parts


def stratified_parts(codes: Index, val: int, test: int, rng: np.random.Generator) -> Parts:
    """Draw rows so that each part has its share of every class, up to one row.

    Args:
        codes: Class of each row, from 0 (rows,).
        val, test: Wanted rows; both are met exactly.
        rng: Draws the rows of each class.
    """
    rows, sizes = len(codes), np.bincount(codes)
    totals = np.array([rows - val - test, val, test], dtype=np.int64)
    counts, fractions = np.divmod(sizes[:, None] * totals, rows)
    needed, left = totals - counts.sum(0), sizes - counts.sum(1)
    # Each class gives its remaining rows to the parts that need most. This meets all sums, as in
    # the construction of a 0-1 matrix with given row and column sums (Gale and Ryser 1957).
    for place in rng.permutation(np.flatnonzero(left)):
        takers = np.lexsort((-fractions[place], -needed))[: left[place]]
        counts[place, takers] += 1
        needed[takers] -= 1
    parts = np.empty(rows, dtype=np.int8)
    parts[_by_class(codes, rng)] = np.repeat(
        np.tile([TRAIN, VAL, TEST], len(sizes)), counts.ravel()
    )
    return parts


def grouped_parts(codes: Index, val: int, test: int, rng: np.random.Generator) -> Parts:
    """Draw whole groups until each part has about its rows; no group is in two parts.

    Raises TooFewError when there are fewer groups than parts.
    """
    sizes = np.bincount(codes)
    remaining = rng.permutation(len(sizes))
    groups = np.zeros(len(sizes), dtype=np.int8)
    held = [(part, count) for part, count in ((TEST, test), (VAL, val)) if count]
    if len(sizes) <= len(held):
        raise TooFewError
    for place, (part, count) in enumerate(held):
        most = len(remaining) - (len(held) - place)  # one group for each part that follows
        taken = _fill(sizes[remaining], count, most)
        groups[remaining[taken]] = part
        remaining = np.delete(remaining, taken)
    return groups[codes]


def _fill(sizes: Index, count: int, most: int) -> list[int]:
    """Return positions of at most `most` groups with about `count` rows, at least one."""
    sums = np.cumsum(sizes)
    first = min(int(np.searchsorted(sums, count, side="right")), most)
    taken, total = list(range(first)), int(sums[first - 1]) if first else 0
    for place in range(first, min(first + _TRIED, len(sizes))):
        if len(taken) < most and sizes[place] < 2 * (count - total):  # closer with it
            taken.append(place)
            total += int(sizes[place])
    return taken or [int(sizes.argmin())]


def ordered_parts(times: Floats, val: int, test: int) -> Parts:
    """Train on the past: the latest rows are for the test, those before for validation.

    Rows of the same time stay in one part: a boundary moves to the nearest change of the time.
    Raises TooFewError when there are fewer points in time than parts.
    """
    order = np.argsort(times, kind="stable")
    changes = np.flatnonzero(np.diff(times[order])) + 1  # positions where a new time begins
    if len(changes) < (val > 0) + (test > 0):
        raise TooFewError
    parts, end = np.zeros(len(times), dtype=np.int8), len(times)
    for part, count, reserved in ((TEST, test, int(val > 0)), (VAL, val, 0)):
        if count:
            free = changes[changes < end][reserved:][::-1]  # of two as near, the later one
            start = int(free[np.abs(free - (end - count)).argmin()])
            parts[order[start:end]] = part
            end = start
    return parts


def folds_of(rows: int, folds: int, rng: np.random.Generator) -> Index:
    """Return the fold of each row, from 0; their sizes differ by at most one."""
    found = np.empty(rows, dtype=np.int64)
    found[rng.permutation(rows)] = np.arange(rows) % folds
    return found


def stratified_folds(codes: Index, folds: int, rng: np.random.Generator) -> Index:
    """Return the fold of each row; the rows of a class per fold differ by at most one."""
    found = np.empty(len(codes), dtype=np.int64)
    found[_by_class(codes, rng)] = np.arange(len(codes)) % folds
    return found


def grouped_folds(codes: Index, folds: int, rng: np.random.Generator) -> Index:
    """Return the fold of each row; each group goes, largest first, to the smallest fold.

    Raises TooFewError when there are fewer groups than folds.
    """
    sizes = np.bincount(codes)
    if np.count_nonzero(sizes) < folds:
        raise TooFewError
    order = rng.permutation(len(sizes))
    order = order[np.argsort(-sizes[order], kind="stable")]
    totals, fold_of = np.zeros(folds, dtype=np.int64), np.empty(len(sizes), dtype=np.int64)
    for group in order.tolist():
        fold_of[group] = fold = int(totals.argmin())
        totals[fold] += sizes[group]
    return fold_of[codes]


def _by_class(codes: Index, rng: np.random.Generator) -> Index:
    """Return all rows class by class, in random order within each."""
    order = rng.permutation(len(codes))
    result: Index = order[np.argsort(codes[order], kind="stable")]
    return result
