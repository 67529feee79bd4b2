"""How the columns of a table become tensors: scaling of the inputs, class indices of the labels.

Fitted on the training rows alone, kept with the run, and used again for every later file.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, Field

from visdl.datasets.checks import check_inputs, check_loader, check_targets
from visdl.datasets.dataset import Dataset
from visdl.datasets.split import Loader, Scaling
from visdl.datasets.storage import Index
from visdl.models.errors import InvalidInputError

TargetKind = Literal["index", "float"]
_LARGEST = float(np.finfo(np.float32).max)


class Encoding(BaseModel):
    """What was learned from the training rows: `(x - shift) / scale` per input, and the classes in their order."""

    inputs: list[str]
    targets: list[str]
    target: TargetKind
    scaling: Scaling = "none"
    shift: list[float] = Field(default_factory=list, description="Per input; empty without scaling")
    scale: list[float] = Field(default_factory=list)
    classes: list[str] | None = Field(default=None, description="Labels by class index; null for a target of numbers")

    @classmethod
    def fit(cls, loader: Loader, target: TargetKind) -> Encoding:
        """Learn from the loader's rows. Raises InvalidInputError for data that cannot be trained on."""
        dataset = loader.dataset
        check_loader(loader, target)
        shift, scale = _fit_scaling(loader)
        return cls(
            inputs=list(dataset.inputs),
            targets=list(dataset.targets),
            target=target,
            scaling=loader.scaling,
            shift=shift,
            scale=scale,
            classes=dataset.factorize(dataset.targets[0], loader.rows)[1] if target == "index" else None,
        )

    def encode(
        self, dataset: Dataset, rows: Index | None = None
    ) -> tuple[NDArray[np.float32], NDArray[np.int64] | NDArray[np.float32]]:
        """Inputs float32 (rows, inputs), and class indices int64 (rows,) or numbers float32 (rows, targets)."""
        return self.encode_inputs(dataset, rows), self.encode_targets(dataset, rows)

    def encode_inputs(self, dataset: Dataset, rows: Index | None = None) -> NDArray[np.float32]:
        """Float32 (rows, inputs); the dataset needs no target column."""
        check_inputs(dataset, self.inputs)
        if not self.scale:
            return dataset.numbers(self.inputs, rows)
        return dataset.numbers(self.inputs, rows, np.array(self.shift), np.array(self.scale))

    def encode_targets(self, dataset: Dataset, rows: Index | None = None) -> NDArray[np.int64] | NDArray[np.float32]:
        check_targets(dataset, self.targets, self.target)
        if self.classes is None:
            return dataset.numbers(self.targets, rows)
        codes, labels = dataset.factorize(self.targets[0], rows)
        places = {label: place for place, label in enumerate(self.classes)}
        for label in labels:
            if label not in places:
                raise InvalidInputError(
                    f"Label '{label}' in column '{self.targets[0]}' was never seen in training.",
                    hint="Add rows with this label to the training data, or remove them here.",
                )
        return np.array([places[label] for label in labels], dtype=np.int64)[codes]

    def encode_rows(self, rows: Sequence[Mapping[str, Any]]) -> NDArray[np.float32]:
        """Inputs float32 (rows, inputs) from records by column name; other keys are left alone."""
        values = np.array(
            [[_number(row, name, place) for name in self.inputs] for place, row in enumerate(rows, start=1)],
            dtype=np.float64,
        ).reshape(len(rows), len(self.inputs))
        if self.scale:
            values = (values - np.array(self.shift)) / np.array(self.scale)
        return values.astype(np.float32)


def _number(row: Mapping[str, Any], name: str, place: int) -> float:
    value = row.get(name)
    if value is None:
        raise InvalidInputError(
            f"Row {place} has no value for '{name}'.", hint="Give a number for every input.", field="rows"
        )
    if not isinstance(value, int | float) or not abs(value) <= _LARGEST:
        raise InvalidInputError(
            f"Row {place}: {value!r} in column '{name}' is not a number that can be used.", field="rows"
        )
    return float(value)


def _fit_scaling(loader: Loader) -> tuple[list[float], list[float]]:
    if loader.scaling == "none":
        return [], []
    shift, scale = [], []
    for name in loader.dataset.inputs:
        values = loader.dataset.values(name, loader.rows)
        low, spread = (
            (values.mean(), values.std()) if loader.scaling == "standardize" else (values.min(), np.ptp(values))
        )
        shift.append(float(low))
        scale.append(float(spread) or 1.0)  # a constant column becomes 0
    return shift, scale
