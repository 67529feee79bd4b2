"""The encoding of table columns as tensors: scaling of inputs and targets, indices of labels.

It is fitted on the training rows only, stored with the run, and reused for every later file.
"""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, Field

from visdl.datasets.checks import check_inputs, check_loader, check_log1p, check_targets
from visdl.datasets.dataset import Dataset
from visdl.datasets.split import Loader, Scaling, TargetScaling
from visdl.datasets.storage import Floats, Index
from visdl.models.errors import InvalidInputError

TargetKind = Literal["index", "float"]
Element = Literal["float32", "int64"]
Values = NDArray[np.float32] | NDArray[np.float64] | NDArray[np.int64]
_LARGEST = float(np.finfo(np.float32).max)


class Argument(BaseModel):
    """One argument of the model: its columns, and its shape without the batch axis."""

    columns: list[str]
    shape: list[int]
    element: Element = "float32"


class Encoding(BaseModel):
    """What is fitted on the training rows.

    Inputs become `(x - shift) / scale`, labels become indices into `classes`. Targets keep their
    own units; the loss gets `(y - target_shift) / target_scale`, or `log(1 + y)`.
    """

    inputs: list[str]
    arguments: list[Argument] = Field(default_factory=list, description="Empty: one, of all inputs")
    targets: list[str]
    target: TargetKind
    scaling: Scaling = "none"
    shift: list[float] = Field(default_factory=list, description="Per input; empty without scaling")
    scale: list[float] = Field(default_factory=list)
    target_scaling: TargetScaling = "none"
    target_shift: list[float] = Field(
        default_factory=list, description="Per target; empty without scaling, and for log1p"
    )
    target_scale: list[float] = Field(default_factory=list)
    classes: list[str] | None = Field(
        default=None, description="Labels by class index; null for a target of numbers"
    )
    target_shape: list[int] | None = Field(
        default=None,
        description="Shape of the target per sample; null: scalar for one column of classes, "
        "otherwise one value per column",
    )

    @classmethod
    def fit(
        cls, loader: Loader, target: TargetKind, arguments: Sequence[Argument] = ()
    ) -> Encoding:
        """Fit an encoding to the loader's rows.

        Raises InvalidInputError for data that cannot be trained on.
        """
        dataset = loader.dataset
        check_loader(loader, target)
        if target == "index" and loader.target_scaling != "none":
            raise InvalidInputError(
                "Class labels have no scale.",
                hint="Set target_scaling to none, or use a loss for amounts.",
                field="target_scaling",
            )
        ids = {
            name
            for argument in arguments
            if argument.element == "int64"
            for name in argument.columns
        }
        shift, scale = _fit_scaling(loader, loader.scaling, dataset.inputs, ids)
        target_shift, target_scale = _fit_scaling(loader, loader.target_scaling, dataset.targets)
        return cls(
            inputs=list(dataset.inputs),
            arguments=list(arguments),
            targets=list(dataset.targets),
            target=target,
            scaling=loader.scaling,
            shift=shift,
            scale=scale,
            target_scaling=loader.target_scaling,
            target_shift=target_shift,
            target_scale=target_scale,
            classes=_fit_classes(loader) if target == "index" else None,
        )

    def encode(self, dataset: Dataset, rows: Index | None = None) -> tuple[list[Values], Values]:
        """Return the arguments (see `encode_inputs`) and the targets (see `encode_targets`)."""
        return self.encode_inputs(dataset, rows), self.encode_targets(dataset, rows)

    def encode_inputs(self, dataset: Dataset, rows: Index | None = None) -> list[Values]:
        """Return an array `(rows, *shape)` for each argument of the model.

        The dataset needs no target column.
        """
        check_inputs(dataset, self._columns)
        return [self._argument(dataset, argument, rows) for argument in self.model_arguments]

    def examples(self, rows: int) -> list[Values]:
        """Return arguments of the right shapes and types, filled with zeros."""
        return [
            np.zeros((rows, *argument.shape), dtype=argument.element)
            for argument in self.model_arguments
        ]

    def _argument(self, dataset: Dataset, argument: Argument, rows: Index | None) -> Values:
        names = argument.columns
        if argument.element == "int64":
            ids = np.stack([dataset.values(name, rows) for name in names], axis=1).astype(np.int64)
            return ids.reshape(len(ids), *argument.shape)
        shift, scale = self.scaling_of(names)
        values = (
            dataset.numbers(names, rows, shift, scale)
            if scale is not None
            else dataset.numbers(names, rows)
        )
        return values.reshape(len(values), *argument.shape)

    def encode_targets(self, dataset: Dataset, rows: Index | None = None) -> Values:
        """Return class indices int64 or numbers in their own units, `(rows, *target_shape)`.

        Numbers are float32, and float64 where the loss gets them scaled.

        Raises InvalidInputError for a label that the training did not contain.
        """
        check_targets(dataset, self.targets, self.target)
        values = (
            self._numbers(dataset, rows) if self.classes is None else self._indices(dataset, rows)
        )
        if self.target_shape is not None:
            return values.reshape(len(values), *self.target_shape)
        return values[:, 0] if self.classes is not None and len(self.targets) == 1 else values

    def _numbers(self, dataset: Dataset, rows: Index | None) -> Values:
        if self.target_scaling == "none":
            return dataset.numbers(self.targets, rows)
        if self.target_scaling == "log1p":
            check_log1p(dataset, self.targets)
        return np.ascontiguousarray(dataset.exact(self.targets, rows).T)

    def _indices(self, dataset: Dataset, rows: Index | None) -> Values:
        places = {label: place for place, label in enumerate(self.classes or ())}
        columns = []
        for name in self.targets:
            codes, labels = dataset.factorize(name, rows)
            for label in labels:
                if label not in places:
                    raise InvalidInputError(
                        f"Label '{label}' in column '{name}' does not occur in the training data.",
                        hint="Add rows with this label to the training data, or remove them here.",
                    )
            columns.append(np.array([places[label] for label in labels], dtype=np.int64)[codes])
        return np.stack(columns, axis=1)

    def encode_rows(self, rows: Sequence[Mapping[str, Any]]) -> list[Values]:
        """Return the model's arguments for records by column name; other keys are ignored."""
        found = []
        for argument in self.model_arguments:
            values = np.array(
                [
                    [_number(row, name, place) for name in argument.columns]
                    for place, row in enumerate(rows, start=1)
                ],
                dtype=np.float64,
            ).reshape(len(rows), len(argument.columns))
            shift, scale = self.scaling_of(argument.columns)
            if shift is not None and scale is not None and argument.element == "float32":
                values = (values - shift) / scale
            found.append(values.reshape(len(rows), *argument.shape).astype(argument.element))
        return found

    @property
    def model_arguments(self) -> list[Argument]:
        """The arguments of the model, in their order."""
        return self.arguments or [Argument(columns=self.inputs, shape=[len(self.inputs)])]

    @property
    def _columns(self) -> list[str]:
        return list(
            dict.fromkeys(name for argument in self.model_arguments for name in argument.columns)
        )

    def scaling_of(self, names: Sequence[str]) -> tuple[Floats | None, Floats | None]:
        """Return shift and scale of these columns; None without scaling."""
        if not self.scale:
            return None, None
        position_of = {name: position for position, name in enumerate(self.inputs)}
        positions = [position_of[name] for name in names]
        return np.array(self.shift)[positions], np.array(self.scale)[positions]


def _number(row: Mapping[str, Any], name: str, place: int) -> float:
    value = row.get(name)
    if value is None:
        raise InvalidInputError(
            f"Row {place} has no value for '{name}'.",
            hint="Give a number for every input.",
            field="rows",
        )
    if not isinstance(value, int | float) or not abs(value) <= _LARGEST:
        raise InvalidInputError(
            f"Row {place}: {value!r} in column '{name}' is not a number that can be used.",
            field="rows",
        )
    return float(value)


def _fit_classes(loader: Loader) -> list[str]:
    """The labels of all target columns in order: numbers by value, others by alphabet."""
    dataset = loader.dataset
    found = [dataset.factorize(name, loader.rows)[1] for name in dataset.targets]
    if len(found) == 1:
        return found[0]
    labels = {label for labels in found for label in labels}
    text = any(dataset.column(name).dtype in ("text", "bool") for name in dataset.targets)
    return sorted(labels) if text else sorted(labels, key=float)


def _fit_scaling(
    loader: Loader, scaling: TargetScaling, names: Sequence[str], exclude: Container[str] = ()
) -> tuple[list[float], list[float]]:
    """Return shift and scale of these columns; those in `exclude`, such as ids, are not scaled."""
    if scaling not in ("standardize", "minmax"):
        return [], []
    shift, scale = [], []
    for name in names:
        if name in exclude:
            shift.append(0.0)
            scale.append(1.0)
            continue
        values = loader.dataset.values(name, loader.rows)
        low, spread = (
            (values.mean(), values.std())
            if scaling == "standardize"
            else (values.min(), np.ptp(values))
        )
        shift.append(float(low))
        scale.append(float(spread) or 1.0)  # a constant column becomes 0
    return shift, scale
