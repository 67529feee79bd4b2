"""Checks whether a table can be trained on, from its record alone.

The validator reads the diagnostics; a run raises the first of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal

from visdl.datasets.dataset import Dataset
from visdl.datasets.notices import blank_cells, infinite_values, why_text
from visdl.datasets.split import Loader
from visdl.models.datasets import Column
from visdl.models.diagnostics import Diagnostic
from visdl.models.errors import InvalidInputError

_FIX_ROWS = "Remove or fill these rows in the file, or exclude the column."


def check_data(data: Dataset | Loader, target: Literal["index", "float"]) -> list[Diagnostic]:
    """Return why this data cannot be trained on with class indices or numbers as the target.

    The port of each diagnostic is "input_columns" or "target_columns".
    """
    dataset = data.dataset if isinstance(data, Loader) else data
    diagnostics = [*_inputs(dataset, dataset.inputs), *_targets(dataset, dataset.targets, target)]
    if (
        isinstance(data, Loader)
        and target == "index"
        and not diagnostics
        and len(dataset.targets) == 1
    ):
        diagnostics += _few_rows(data)
    return diagnostics


def check_loader(loader: Loader, target: Literal["index", "float"]) -> None:
    """Raise InvalidInputError if the loader's rows cannot be trained on."""
    _raise_first(check_data(loader, target))


def check_inputs(dataset: Dataset, names: Sequence[str]) -> None:
    """Raise InvalidInputError if one of these columns cannot be an input."""
    _raise_first(list(_inputs(dataset, names)))


def check_targets(
    dataset: Dataset, names: Sequence[str], target: Literal["index", "float"]
) -> None:
    """Raise InvalidInputError if one of these columns cannot be a target."""
    _raise_first(list(_targets(dataset, names, target)))


def check_log1p(dataset: Dataset, names: Sequence[str]) -> None:
    """Raise InvalidInputError if one of these columns has no log(1 + y)."""
    _raise_first(list(not_log1p(dataset, names)))


def not_log1p(dataset: Dataset, names: Sequence[str]) -> Iterator[Diagnostic]:
    """Yield what is wrong with targets that are to be scaled by log1p, at "target_scaling"."""
    for name in names:
        column = dataset.columns.get(name)
        if column is not None and column.min is not None and column.min <= -1:
            yield _diagnostic(
                "target_scaling",
                "target_scaling",
                f"log1p needs targets above −1, but '{name}' goes down to {column.min:g} "
                f"in {dataset.name}.",
                "Use standardize or minmax, or choose another column.",
            )


def _diagnostic(code: str, port: str, message: str, hint: str) -> Diagnostic:
    return Diagnostic(code=code, port=port, message=message, hint=hint)


def _raise_first(diagnostics: list[Diagnostic]) -> None:
    if diagnostics:
        first = diagnostics[0]
        raise InvalidInputError(first.message, hint=first.hint, field=first.port, code=first.code)


def _inputs(dataset: Dataset, names: Sequence[str]) -> Iterator[Diagnostic]:
    field = "input_columns"
    if not names:
        yield _diagnostic(
            "no_inputs",
            field,
            f"No input column is selected in {dataset.name}.",
            "Select one or more columns of numbers.",
        )
    for name in names:
        column = dataset.columns.get(name)
        if column is None:
            yield _absent(dataset, name, field)
        elif column.dtype == "text":
            yield _diagnostic(
                "text_input",
                field,
                f"Column '{name}' is text; an input must be numbers.",
                why_text(column) or "Exclude it, or select columns of numbers.",
            )
        else:
            yield from _unusable(column, field)


def _targets(
    dataset: Dataset, names: Sequence[str], target: Literal["index", "float"]
) -> Iterator[Diagnostic]:
    field = "target_columns"
    if not names:
        yield _diagnostic(
            "no_target",
            field,
            f"No target column is selected in {dataset.name}.",
            "Select the column to predict.",
        )
    for name in names:
        column = dataset.columns.get(name)
        if column is None:
            yield _absent(dataset, name, field)
            continue
        yield from _unusable(column, field)
        yield from (
            _not_numbers(column, field)
            if target == "float"
            else _not_classes(column, field, len(names))
        )


def _absent(dataset: Dataset, name: str, field: str) -> Diagnostic:
    return _diagnostic(
        "no_column",
        field,
        f"There is no column '{name}' in {dataset.name}.",
        "The file needs the columns of the training data.",
    )


def _unusable(column: Column, field: str) -> Iterator[Diagnostic]:
    if column.missing:
        yield _diagnostic("missing_values", field, blank_cells(column), _FIX_ROWS)
    if column.infinite:
        yield _diagnostic("infinite_values", field, infinite_values(column), _FIX_ROWS)


def _not_numbers(column: Column, field: str) -> Iterator[Diagnostic]:
    if column.dtype == "text":
        yield _diagnostic(
            "text_target",
            field,
            f"Target column '{column.name}' is text, but this loss needs numbers.",
            why_text(column) or "Select a column of numbers, or use CrossEntropyLoss for classes.",
        )


def _not_classes(column: Column, field: str, targets: int) -> Iterator[Diagnostic]:
    if column.dtype == "float" and column.classes is None:
        yield _diagnostic(
            "not_classes",
            field,
            f"Column '{column.name}' contains numbers with decimals, which cannot be class labels.",
            "Select a column of whole numbers or text, or a loss for numbers such as MSELoss.",
        )
    elif column.distinct == 1 and targets == 1:
        yield _diagnostic(
            "one_class",
            field,
            f"Column '{column.name}' has only one class.",
            "Classification needs rows of at least two classes.",
        )


def _few_rows(loader: Loader) -> Iterator[Diagnostic]:
    column = loader.dataset.columns[loader.dataset.targets[0]]
    if column.distinct is not None and column.distinct > len(loader):
        yield _diagnostic(
            "few_rows",
            "target_columns",
            f"Column '{column.name}' has {column.distinct} classes, "
            f"but there are only {len(loader)} rows to train on.",
            "Add rows, or select a column with fewer classes.",
        )
