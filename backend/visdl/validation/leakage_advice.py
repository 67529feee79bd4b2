"""Advice on columns that give the target away, and on classes that no part can learn or measure.

Values are compared on at most 2,000 rows, evenly spaced over the table, and 500 columns.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np

from visdl.datasets.dataset import Dataset
from visdl.datasets.split import Loader
from visdl.datasets.storage import Floats, Index
from visdl.models.datasets import Column
from visdl.models.diagnostics import Diagnostic, Fix, SetParam
from visdl.models.graph import Node
from visdl.validation.keyed import Keyed
from visdl.validation.part_counts import class_counts
from visdl.validation.training_setup import TrainingSetup, make_fix, warning

_ROWS, _COLUMNS = 2000, 500
_FEWEST = 20  # rows that show a relation
_ROWS_PER_VALUE = 5  # fewer would determine any target
_DOMINANT = 0.95
_LISTED = 20
Leak = Literal["row_number", "target_leak"]


def advise_on_leakage(setup: TrainingSetup) -> Iterator[Diagnostic]:
    """Warn of inputs that are the target, that state it exactly, or that count the rows."""
    train = setup.train
    if train.inputs == train.targets:  # an autoencoder
        return
    given = [name for name in train.inputs if name in train.targets]
    if given:
        yield _about_input(
            setup, "target_among_inputs", given[0], f"The target '{given[0]}' is among the inputs."
        )
    key = (train.folder, train.record.sha256, train.inputs, train.targets)
    for name, kind in _leaks(Keyed(key, train)):
        if kind == "row_number":
            message = f"Input '{name}' counts the rows: it rises by 1 from row to row."
        else:
            message = f"Input '{name}' states the target '{train.targets[0]}' exactly."
        yield _about_input(setup, kind, name, message)


@lru_cache(maxsize=64)
def _leaks(table: Keyed[Dataset]) -> list[tuple[str, Leak]]:
    """Return the inputs that give the target away, by name, with how they do."""
    data = table.value
    if data.rows < _FEWEST:
        return []
    rows = np.unique(np.linspace(0, data.rows - 1, min(data.rows, _ROWS)).astype(np.int64))
    columns = [data.columns[name] for name in data.inputs if name not in data.targets][:_COLUMNS]
    columns = [column for column in columns if column.dtype != "text" and not column.missing]
    target = data.columns[data.targets[0]] if len(data.targets) == 1 else None
    goal = None if target is None or target.missing else _Goal.read(data, target, rows)
    found: list[tuple[str, Leak]] = []
    values = data.exact([column.name for column in columns], rows)
    for column, x in zip(columns, values, strict=True):
        if _counts_rows(data, column, x, rows):
            found.append((column.name, "row_number"))
        elif goal is not None and goal.follows_from(column, x):
            found.append((column.name, "target_leak"))
    return found


@dataclass(frozen=True)
class _Goal:
    """The target on some rows: its numbers (None for text), and its values as codes, (rows,)."""

    numbers: Floats | None
    codes: Index

    @classmethod
    def read(cls, data: Dataset, target: Column, rows: Index) -> _Goal:
        """Return the target of these rows."""
        numbers = None if target.dtype == "text" else data.exact([target.name], rows)[0]
        return cls(numbers, data.factorize(target.name, rows)[0])

    def follows_from(self, column: Column, x: Floats) -> bool:
        """Return whether the target follows from a column: by a line, or value by value."""
        if self.numbers is not None and _is_line(x, self.numbers):
            return True
        if column.distinct is None or not 2 <= column.distinct <= len(x) / _ROWS_PER_VALUE:
            return False
        inputs = np.unique(x, return_inverse=True)[1]
        pairs = np.unique(inputs * (int(self.codes.max()) + 1) + self.codes)
        return len(pairs) == int(inputs.max()) + 1 and bool(np.ptp(self.codes))


def _about_input(setup: TrainingSetup, code: str, name: str, message: str) -> Diagnostic:
    node = setup.parameter_nodes.get("input_columns")
    hint = "Leave it out of the inputs, unless it is known before the target in use too."
    return warning(
        code,
        node or setup.loop,
        message,
        hint,
        port="input_columns" if node else None,
        fix=_without(setup, name),
    )


def _without(setup: TrainingSetup, name: str) -> Fix | None:
    """Return a fix that names the inputs without one of them, where the list stays short."""
    node = setup.parameter_nodes.get("input_columns")
    rest = [other for other in setup.train.inputs if other != name]
    if node is None or not 0 < len(rest) <= _LISTED:
        return None
    edit = SetParam(node=node.id, param="input_columns", value=_comma_list(rest))
    return make_fix(f"Leave out '{name}'", edit)


def _comma_list(names: Sequence[str]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="").writerow(names)
    return text.getvalue()


def _counts_rows(data: Dataset, column: Column, x: Floats, rows: Index) -> bool:
    if column.dtype != "int" or column.min is None or column.max is None:
        return False
    return column.max - column.min == data.rows - 1 and bool(np.array_equal(x - x[0], rows))


def _is_line(x: Floats, y: Floats) -> bool:
    """Return whether y = a + b x, up to rounding, and neither is constant."""
    if not np.isfinite(x).all() or not np.isfinite(y).all() or not np.ptp(x) or not np.ptp(y):
        return False
    x, y = (x - x.mean()) / x.std(), (y - y.mean()) / y.std()
    return bool(np.abs(y - np.sign(x @ y) * x).max() < 1e-6)


def advise_on_omitted_text(setup: TrainingSetup) -> Iterator[Diagnostic]:
    """Warn of text columns that an empty list of inputs leaves out."""
    node, train = setup.parameter_nodes.get("input_columns"), setup.train
    if node is None or str(node.params.get("input_columns", "")).strip():
        return
    used = {*train.targets, *train.inputs, setup.loader.column if setup.loader else ""}
    omitted = [c.name for c in train.record.columns if c.dtype == "text" and c.name not in used]
    if not omitted:
        return
    names = ", ".join(f"'{name}'" for name in omitted[:5])
    names += f" and {len(omitted) - 5} more" if len(omitted) > 5 else ""
    verb = "is text and is" if len(omitted) == 1 else "are text and are"
    fix = None
    if 0 < len(train.inputs) <= _LISTED:
        edit = SetParam(node=node.id, param="input_columns", value=_comma_list(train.inputs))
        fix = make_fix("Name the columns that are used", edit)
    yield warning(
        "omitted_text",
        node,
        f"{names} {verb} left out of the inputs.",
        "To use them, write each value as a column of 0 and 1 in the file. Otherwise name the "
        "inputs.",
        port="input_columns",
        fix=fix,
    )


def advise_on_class_shares(setup: TrainingSetup) -> Iterator[Diagnostic]:
    """Warn of a constant target, of one class in nearly all rows, and of a part without a class."""
    train, node = setup.train, setup.parameter_nodes.get("target_columns", setup.loop)
    if setup.loss.TARGET == "float" and all(
        train.columns[name].distinct == 1 for name in train.targets
    ):
        yield warning(
            "constant_target",
            node,
            f"Target '{train.targets[0]}' has one value only, so there is nothing to learn from "
            "it.",
            "Choose another column.",
            port="target_columns",
        )
    loader = setup.loader
    if setup.loss.TARGET != "index" or loader is None or loader.part is None:
        return
    counts = class_counts(loader)
    totals = {name: sum(part[name] for part in counts.values()) for name in counts.get("train", {})}
    if not totals:
        return
    top = max(totals, key=lambda name: totals[name])
    share = totals[top] / sum(totals.values())
    if share > _DOMINANT:
        yield warning(
            "dominant_class",
            node,
            f"{share:.1%} of the rows have the class '{top}': a model that always answers it "
            f"reaches an accuracy of {share:.3f}.",
            "Compare accuracies with this number, or weight the classes in the loss.",
            port="target_columns",
        )
    small = _fewer_than_folds(loader, counts)
    if small:
        yield _small_class(setup, loader, *small)
    else:
        yield from _missing_classes(setup, loader, counts)


def _fewer_than_folds(loader: Loader, counts: dict[str, dict[str, int]]) -> tuple[str, int] | None:
    """Return the smallest class and its rows besides the test, where folds outnumber these."""
    if loader.strategy != "fold" or loader.column:
        return None
    rows = {name: counts["train"][name] + counts["val"][name] for name in counts["train"]}
    name = min(rows, key=lambda name: rows[name])
    return (name, rows[name]) if rows[name] < loader.folds else None


def _small_class(setup: TrainingSetup, loader: Loader, name: str, rows: int) -> Diagnostic:
    node = setup.parameter_nodes.get("folds")
    without = loader.folds - rows
    count = f"{rows} row" if rows == 1 else f"{rows} rows"
    message = (
        f"Class '{name}' has {count} besides those of the test, fewer than the {loader.folds} "
        f"folds: {without} of them validate{'s' if without == 1 else ''} on no row of it."
    )
    fix = None
    if node is not None and rows > 1:
        edit = SetParam(node=node.id, param="folds", value=rows)
        fix = make_fix(f"Set folds to {rows}", edit, *_first_folds(node, loader, rows))
    return warning(
        "few_rows_per_fold",
        node or setup.loop,
        message,
        "Lower folds, or add rows of this class.",
        port="folds" if node else None,
        fix=fix,
    )


def _first_folds(node: Node, loader: Loader, folds: int) -> list[SetParam]:
    """Return the edit that keeps the number of the fold among fewer folds."""
    if loader.fold <= folds:
        return []
    return [SetParam(node=node.id, param="fold", value=folds)]


def _missing_classes(
    setup: TrainingSetup, loader: Loader, counts: dict[str, dict[str, int]]
) -> Iterator[Diagnostic]:
    """Warn of a held-out part that lacks a class."""
    names = {"val": "validation", "test": "test"}
    for part, size in zip(("val", "test"), loader.sizes[1:], strict=True):
        missing = [name for name, rows in counts[part].items() if not rows] if size else []
        if not missing or loader.vary_with_seed:
            continue
        node = setup.parameter_nodes.get("strategy")
        fix = None
        share = size / sum(loader.sizes)
        rows = min(sum(of_part[name] for of_part in counts.values()) for name in missing)
        if node is not None and loader.strategy == "random" and share * rows >= 1:
            edit = SetParam(node=node.id, param="strategy", value="stratified")
            fix = make_fix("Stratify the split", edit)
        listed = ", ".join(f"'{name}'" for name in missing[:5])
        yield warning(
            "missing_class",
            node or setup.loop,
            f"The {names[part]} rows contain no row of class {listed}.",
            "Stratify the split, or hold out more rows.",
            port="strategy" if node else None,
            fix=fix,
        )
