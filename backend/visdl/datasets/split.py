"""Which rows are for training, validation and test, and in what batches they are read."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Literal

import numpy as np

from visdl.datasets.assignment import Rule, Strategy, assign, class_column, part_sizes
from visdl.datasets.dataset import Dataset
from visdl.datasets.partition import Parts
from visdl.datasets.storage import Index

Part = Literal["train", "val", "test"]
Scaling = Literal["none", "standardize", "minmax"]
TargetScaling = Literal["none", "standardize", "minmax", "log1p"]
CHUNK_BYTES = 8 * 2**20  # rows are gathered in shuffled order this much at a time
#: The names of the parts, in the order of their numbers in `Loader.parts`.
PARTS: tuple[Part, ...] = ("train", "val", "test")


@dataclass(frozen=True, eq=False)
class Loader:
    """Rows of a dataset in batches. It holds no data: rows are drawn by the seed when first used.

    `part` None means all rows. `len()` is the number of rows; a validation or test part of 0 rows
    counts as absent. With `vary_with_seed`, the run's seed replaces `seed`.
    """

    dataset: Dataset
    batch_size: int = 32
    shuffle: bool = False
    part: Part | None = None
    val_ratio: float = 0.0
    seed: int = 0
    scaling: Scaling = "none"
    test_ratio: float = 0.0
    strategy: Strategy = "random"
    column: str = ""
    fold: int = 1
    folds: int = 5
    vary_with_seed: bool = False
    target_scaling: TargetScaling = "none"

    def __len__(self) -> int:
        if self.part is None:
            return self.dataset.rows
        return self.sizes[PARTS.index(self.part)]

    @property
    def rule(self) -> Rule:
        """How the rows are split."""
        return Rule(
            self.strategy,
            self.column,
            self.val_ratio,
            self.test_ratio,
            self.fold,
            self.folds,
            self.seed,
        )

    @cached_property
    def sizes(self) -> tuple[int, int, int]:
        """Number of rows for training, validation and test.

        Raises InvalidInputError when the rows cannot be split in this way.
        """
        known = part_sizes(self.rule, self.dataset.rows)
        if known is not None:
            return known
        train, val, test = np.bincount(self.parts, minlength=len(PARTS)).tolist()
        return train, val, test

    def check(self) -> None:
        """Raise InvalidInputError when the rows cannot be split in this way."""
        if self.strategy == "stratified":
            class_column(self.rule, self.dataset)
        _ = self.sizes

    @property
    def parts(self) -> Parts:
        """The part of every row of the dataset as int8 (rows,), an index into PARTS.

        Raises InvalidInputError when the rows cannot be split in this way.
        """
        return _recent.find(self.dataset, self.rule)

    @cached_property
    def rows(self) -> Index:
        """Row numbers of this part, ascending; the parts of one seed have no row in common."""
        if self.part is None:
            return np.arange(self.dataset.rows, dtype=np.int64)
        return np.flatnonzero(self.parts == PARTS.index(self.part))

    def drawn_by(self, seed: int) -> Loader:
        """Return this loader with its rows drawn by `seed`, if they vary with the run's seed."""
        return replace(self, seed=seed, vary_with_seed=False) if self.vary_with_seed else self

    def describe(self) -> str:
        return f"{len(self)} rows · batch {self.batch_size}"


class _RecentSplits:
    """The splits used last, so that a graph that is checked again does not read its table again."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._known: OrderedDict[tuple[Path, str, tuple[str, ...], Rule], Parts] = OrderedDict()

    def find(self, dataset: Dataset, rule: Rule) -> Parts:
        """Return the parts of this table by this rule; they cannot be written to."""
        key = (dataset.folder, dataset.record.sha256, dataset.targets, rule)
        with self._lock:
            known = self._known.pop(key, None)
        if known is None:
            known = assign(rule, dataset)
            known.flags.writeable = False
        with self._lock:
            self._known[key] = known
            while len(self._known) > self._most:
                self._known.popitem(last=False)
        return known


_recent = _RecentSplits(8)
