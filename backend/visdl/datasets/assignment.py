"""Which part each row of a table belongs to, by the rule of a split."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal, NoReturn

import numpy as np

from visdl.datasets import partition
from visdl.datasets.dataset import Dataset
from visdl.datasets.notices import blank_cells
from visdl.datasets.partition import TEST, TRAIN, VAL, Parts, TooFewError
from visdl.datasets.storage import Floats, Index
from visdl.models.datasets import Column
from visdl.models.errors import InvalidInputError

Strategy = Literal["random", "stratified", "group", "time", "sequential", "fold"]
#: A whole-number target with at most this many values is stratified over folds.
MOST_CLASSES = 20


@dataclass(frozen=True)
class Rule:
    """How the rows of a table are split.

    Attributes:
        strategy: The way of splitting.
        column: Classes of "stratified" (empty: the target), groups of "group" and "fold" (empty:
            none), times of "time".
        val_ratio, test_ratio: Shares of the rows; "fold" ignores `val_ratio`.
        fold, folds: Which fold of how many is for validation, from 1.
        seed: Draws the rows.
    """

    strategy: Strategy = "random"
    column: str = ""
    val_ratio: float = 0.0
    test_ratio: float = 0.0
    fold: int = 1
    folds: int = 5
    seed: int = 0


def held_out(rows: int, ratio: float, field: str = "val_ratio") -> int:
    """How many of `rows` are held out: at least one in each part when the ratio is above 0.

    Raises InvalidInputError when there are too few rows to split.
    """
    if ratio <= 0:
        return 0
    if rows < 2:
        raise InvalidInputError(
            f"A split needs at least 2 rows, but there {'is' if rows == 1 else 'are'} {rows}.",
            hint=f"Add rows, or set {field} to 0.",
            field=field,
        )
    return min(max(int(rows * ratio + 0.5), 1), rows - 1)


def part_sizes(rule: Rule, rows: int) -> tuple[int, int, int] | None:
    """Return the rows for training, validation and test, or None where the values decide.

    Raises InvalidInputError when there are too few rows, or too few fractions left to train on.
    """
    test = held_out(rows, rule.test_ratio, "test_ratio")
    if rule.strategy == "fold":
        _check_folds(rule, rows - test)
        return None
    if rule.val_ratio + rule.test_ratio >= 1:
        raise InvalidInputError(
            f"val_ratio {rule.val_ratio:g} and test_ratio {rule.test_ratio:g} leave no rows to "
            "train on.",
            hint="Lower them so that their sum is below 1.",
            field="test_ratio",
        )
    val = held_out(rows, rule.val_ratio)
    if val + test >= rows:
        raise InvalidInputError(
            f"Of {rows} rows, {val} for validation and {test} for the test leave none to train on.",
            hint="Add rows, or lower val_ratio or test_ratio.",
            field="test_ratio",
        )
    return None if rule.strategy in ("group", "time") else (rows - val - test, val, test)


def _check_folds(rule: Rule, rows: int) -> None:
    if rule.fold > rule.folds:
        raise InvalidInputError(
            f"There is no fold {rule.fold} of {rule.folds}.",
            hint=f"Set fold to a number from 1 to {rule.folds}.",
            field="fold",
        )
    if rule.folds > rows:
        raise InvalidInputError(
            f"{rule.folds} folds need at least {rule.folds} rows, but there are {rows}.",
            hint="Lower folds, or add rows.",
            field="folds",
        )


def assign(rule: Rule, dataset: Dataset) -> Parts:
    """Return the part of every row as int8 (rows,).

    The same table, rule and seed always give the same rows. Raises InvalidInputError with the
    parameter in `field` when the rows cannot be split in this way.
    """
    rows = dataset.rows
    part_sizes(rule, rows)
    rng = np.random.Generator(np.random.PCG64(rule.seed))
    val = 0 if rule.strategy == "fold" else held_out(rows, rule.val_ratio)
    test = held_out(rows, rule.test_ratio, "test_ratio")
    match rule.strategy:
        case "random":
            return partition.random_parts(rows, val, test, rng)
        case "sequential":
            return partition.sequential_parts(rows, val, test)
        case "stratified":
            codes = dataset.factorize(class_column(rule, dataset).name)[0]
            return partition.stratified_parts(codes, val, test, rng)
        case "group":
            codes, labels = _groups(rule, dataset)
            return _or_too_few(
                lambda: partition.grouped_parts(codes, val, test, rng),
                f"Column '{rule.column}' has {_count(len(labels), 'group')}, fewer than the parts "
                "of this split.",
            )
        case "time":
            times = _times(rule, dataset)
            return _or_too_few(
                lambda: partition.ordered_parts(times, val, test),
                f"Column '{rule.column}' has fewer points in time than this split has parts.",
            )
        case "fold":
            return _fold(rule, dataset, test, rng)


def _or_too_few(divide: Callable[[], Parts], message: str) -> Parts:
    try:
        return divide()
    except TooFewError as error:
        raise InvalidInputError(
            message, hint="Choose another column, or set a ratio to 0.", field="column"
        ) from error


def _fold(rule: Rule, dataset: Dataset, test: int, rng: np.random.Generator) -> Parts:
    """Set the test rows aside, divide the others into folds, and validate on one of them."""
    rows = dataset.rows
    classes = None if rule.column else fold_classes(dataset)
    if rule.column:
        codes, labels = _groups(rule, dataset)
        too_few = (
            f"{rule.folds} folds need at least {rule.folds} groups besides those of the test, but "
            f"column '{rule.column}' has {_count(len(labels), 'group')} in all."
        )
        parts = _or_too_few(lambda: partition.grouped_parts(codes, 0, test, rng), too_few)
    elif classes is not None:
        codes = dataset.factorize(classes.name)[0]
        parts = partition.stratified_parts(codes, 0, test, rng)
    else:
        parts = partition.random_parts(rows, 0, test, rng)
    rest = np.flatnonzero(parts == TRAIN)
    if rule.column:
        try:
            folds = partition.grouped_folds(codes[rest], rule.folds, rng)
        except TooFewError as error:
            raise InvalidInputError(
                too_few, hint="Lower folds, or choose another column.", field="folds"
            ) from error
    elif classes is not None:
        folds = partition.stratified_folds(codes[rest], rule.folds, rng)
    else:
        folds = partition.folds_of(len(rest), rule.folds, rng)
    parts[rest[folds == rule.fold - 1]] = VAL
    return parts


def class_column(rule: Rule, dataset: Dataset) -> Column:
    """Return the column of classes that "stratified" divides evenly.

    Raises InvalidInputError when there is none, or its values are not classes.
    """
    if rule.column:
        column = dataset.column(rule.column, "column")
    elif len(dataset.targets) == 1:
        column = dataset.column(dataset.targets[0], "column")
    else:
        raise InvalidInputError(
            f"A stratified split needs one column of classes, but the data has "
            f"{_count(len(dataset.targets), 'target')}.",
            hint="Name the column of classes in 'column', or choose the strategy random.",
            field="column",
        )
    if column.classes is None and column.distinct != 1:
        raise InvalidInputError(
            f"Column '{column.name}' does not contain classes, so a split cannot be stratified "
            "by it.",
            hint="Name a column of classes in 'column', or choose the strategy random.",
            field="column",
        )
    return column


def fold_classes(dataset: Dataset) -> Column | None:
    """Return the target if folds are stratified by it: one of text, booleans or few integers."""
    if len(dataset.targets) != 1:
        return None
    column = dataset.column(dataset.targets[0])
    if column.classes is None or column.missing:
        return None
    few = column.dtype != "int" or len(column.classes) <= MOST_CLASSES
    return column if few else None


def _named(rule: Rule, dataset: Dataset, what: str) -> Column:
    """Return the named column. Raises InvalidInputError if it is empty, absent or has blanks."""
    if not rule.column:
        raise InvalidInputError(
            f"A split by {what} needs a column, but none is named.",
            hint=f"Name the column of the {what} in 'column'.",
            field="column",
        )
    column = dataset.column(rule.column, "column")
    if column.missing:
        raise InvalidInputError(
            blank_cells(column),
            hint=f"Fill them in the file: every row needs a {what} to be split by it.",
            field="column",
        )
    return column


def _groups(rule: Rule, dataset: Dataset) -> tuple[Index, list[str]]:
    return dataset.factorize(_named(rule, dataset, "group").name)


def _times(rule: Rule, dataset: Dataset) -> Floats:
    """Return a number for the time of each row, float64 (rows,): the values, or dates in seconds.

    Raises InvalidInputError for text that is not a date.
    """
    column = _named(rule, dataset, "time")
    if column.dtype != "text":
        return dataset.values(column.name)
    codes, labels = dataset.factorize(column.name)
    return np.array([_seconds(text, column.name) for text in labels], dtype=np.float64)[codes]


def _seconds(text: str, name: str) -> float:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        _not_a_date(text, name)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _not_a_date(text: str, name: str) -> NoReturn:
    raise InvalidInputError(
        f"Column '{name}' contains '{text[:40]}', which is not a number or a date such as "
        "2026-01-31 or 2026-01-31T12:00.",
        hint="Write the dates in this form, or choose a column of numbers.",
        field="column",
    )


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


__all__ = ["TEST", "TRAIN", "VAL", "Rule", "Strategy", "assign", "held_out", "part_sizes"]
