"""What is wrong with a table for training, from its record alone: as a list for the validator, or raised."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple

from visdl.datasets.dataset import Dataset
from visdl.datasets.notices import blank_cells, infinite_values, why_text
from visdl.datasets.split import Loader
from visdl.models.datasets import Column
from visdl.models.errors import InvalidInputError


class Problem(NamedTuple):
    """A complaint: `field` is "input_columns" or "target_columns"."""

    code: str
    field: str
    message: str
    hint: str = ""


_FIX_ROWS = "Remove or fill these rows in the file, or leave the column out."


def problems(data: Dataset | Loader, target: Literal["index", "float"]) -> list[Problem]:
    """Why this data cannot be trained on with class indices or numbers as the target."""
    dataset = data.dataset if isinstance(data, Loader) else data
    found = [*_inputs(dataset, dataset.inputs), *_targets(dataset, dataset.targets, target)]
    if isinstance(data, Loader) and target == "index" and not found and len(dataset.targets) == 1:
        found += _few_rows(data)
    return found


def check_loader(loader: Loader, target: Literal["index", "float"]) -> None:
    _raise_first(problems(loader, target))


def check_inputs(dataset: Dataset, names: Sequence[str]) -> None:
    _raise_first(list(_inputs(dataset, names)))


def check_targets(
    dataset: Dataset, names: Sequence[str], target: Literal["index", "float"]
) -> None:
    _raise_first(list(_targets(dataset, names, target)))


def _raise_first(found: list[Problem]) -> None:
    if found:
        first = found[0]
        raise InvalidInputError(first.message, hint=first.hint, field=first.field, code=first.code)


def _inputs(dataset: Dataset, names: Sequence[str]) -> Iterator[Problem]:
    field = "input_columns"
    if not names:
        yield Problem(
            "no_inputs",
            field,
            f"No input column is chosen in {dataset.name}.",
            "Choose one or more columns of numbers.",
        )
    for name in names:
        column = dataset.columns.get(name)
        if column is None:
            yield _absent(dataset, name, field)
        elif column.dtype == "text":
            yield Problem(
                "text_input",
                field,
                f"Column '{name}' is text; an input must be numbers.",
                why_text(column) or "Leave it out, or choose columns of numbers.",
            )
        else:
            yield from _unusable(column, field)


def _targets(
    dataset: Dataset, names: Sequence[str], target: Literal["index", "float"]
) -> Iterator[Problem]:
    field = "target_columns"
    if not names:
        yield Problem(
            "no_target",
            field,
            f"No target column is chosen in {dataset.name}.",
            "Choose the column to predict.",
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


def _absent(dataset: Dataset, name: str, field: str) -> Problem:
    return Problem(
        "no_column",
        field,
        f"There is no column '{name}' in {dataset.name}.",
        "The file needs the columns of the training data.",
    )


def _unusable(column: Column, field: str) -> Iterator[Problem]:
    if column.missing:
        yield Problem("missing_values", field, blank_cells(column), _FIX_ROWS)
    if column.infinite:
        yield Problem("infinite_values", field, infinite_values(column), _FIX_ROWS)


def _not_numbers(column: Column, field: str) -> Iterator[Problem]:
    if column.dtype == "text":
        yield Problem(
            "text_target", field, f"Target column '{column.name}' is text, but this loss needs numbers.",
            why_text(column) or "Choose a column of numbers, or CrossEntropyLoss for classes.",
        )  # fmt: skip


def _not_classes(column: Column, field: str, targets: int) -> Iterator[Problem]:
    if column.dtype == "float" and column.classes is None:
        yield Problem(
            "not_classes", field, f"Column '{column.name}' holds numbers with decimals, which are no class labels.",
            "Choose a column of whole numbers or text, or a loss for numbers such as MSELoss.",
        )  # fmt: skip
    elif column.distinct == 1 and targets == 1:
        yield Problem(
            "one_class",
            field,
            f"Column '{column.name}' has only one class.",
            "Classification needs rows of at least two classes.",
        )


def _few_rows(loader: Loader) -> Iterator[Problem]:
    column = loader.dataset.columns[loader.dataset.targets[0]]
    if column.distinct is not None and column.distinct > len(loader):
        yield Problem(
            "few_rows", "target_columns",
            f"Column '{column.name}' has {column.distinct} classes, but there are only {len(loader)} rows to train on.",
            "Add rows, or choose a column with fewer classes.",
        )  # fmt: skip
