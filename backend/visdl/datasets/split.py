"""Which rows are for training and which for validation, and in what batches they are read."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np

from visdl.datasets.dataset import Dataset
from visdl.datasets.storage import Index
from visdl.models.errors import InvalidInputError

Part = Literal["train", "val"]
Scaling = Literal["none", "standardize", "minmax"]


@dataclass(frozen=True, eq=False)
class Loader:
    """Rows of a dataset in batches. It holds no data: rows are drawn by the seed when first used.

    `part` None means all rows. `len()` is the number of rows; a validation part of 0 rows counts
    as absent.
    """

    dataset: Dataset
    batch_size: int = 32
    shuffle: bool = False
    part: Part | None = None
    val_ratio: float = 0.0
    seed: int = 0
    scaling: Scaling = "none"

    def __len__(self) -> int:
        validation = held_out(self.dataset.rows, self.val_ratio)
        return {
            None: self.dataset.rows,
            "train": self.dataset.rows - validation,
            "val": validation,
        }[self.part]

    @cached_property
    def rows(self) -> Index:
        """Row numbers of this part, ascending; the two parts of one seed have no row in common."""
        total = self.dataset.rows
        if self.part is None:
            return np.arange(total, dtype=np.int64)
        validation = np.zeros(total, dtype=bool)
        order = np.random.Generator(np.random.PCG64(self.seed)).permutation(total)
        validation[order[: held_out(total, self.val_ratio)]] = True
        return np.flatnonzero(validation if self.part == "val" else ~validation)

    def describe(self) -> str:
        return f"{len(self)} rows · batch {self.batch_size}"


def held_out(rows: int, ratio: float) -> int:
    """How many of `rows` are for validation: at least one in each part when the ratio is above 0.

    Raises InvalidInputError when there are too few rows to split.
    """
    if ratio <= 0:
        return 0
    if rows < 2:
        raise InvalidInputError(
            f"A split needs at least 2 rows, but there {'is' if rows == 1 else 'are'} {rows}.",
            hint="Add rows, or set val_ratio to 0.",
            field="val_ratio",
        )
    return min(max(int(rows * ratio + 0.5), 1), rows - 1)
