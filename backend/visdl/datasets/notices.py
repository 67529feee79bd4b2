"""Sentences about unusual properties of columns."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from visdl.models.datasets import Column

_MOST = 50


def blank_cells(column: Column) -> str:
    cells = "1 blank cell" if column.missing == 1 else f"{column.missing:,} blank cells"
    return f"Column '{column.name}' has {cells}."


def infinite_values(column: Column) -> str:
    line = column.first_infinite.line if column.first_infinite else 0
    if column.infinite == 1:
        return f"Column '{column.name}' has 1 infinite value (line {line})."
    return (
        f"Column '{column.name}' has {column.infinite:,} infinite values "
        f"(the first on line {line})."
    )


def why_text(column: Column) -> str:
    """Return why a column that contains numbers is text; "" if it contains none."""
    note = column.first_text
    return (
        f"Column '{column.name}' is text because of line {note.line}: '{note.value}'."
        if note
        else ""
    )


def notices(columns: Sequence[Column], rows: int, rounded: Collection[str]) -> list[str]:
    """Return what a user should know about an imported table."""
    found = [
        sentence
        for column in columns
        for sentence in _of_column(column, rows, column.name in rounded)
    ]
    if len(columns) == 1:
        found.insert(
            0, "There is only one column; values are separated by a comma, a semicolon, a tab or |."
        )
    more = len(found) - _MOST
    return found if more <= 0 else [*found[:_MOST], f"{more:,} more notices of this kind."]


def _of_column(column: Column, rows: int, rounded: bool) -> Iterator[str]:
    if column.first_text:
        yield why_text(column)
    if column.missing == rows:
        yield f"Column '{column.name}' is blank in every row."
    elif column.missing:
        yield blank_cells(column)
    if column.infinite:
        yield infinite_values(column)
    if rounded:
        yield f"Column '{column.name}' has whole numbers above 2^53, which are stored rounded."
    if column.distinct == 1 and rows - column.missing > 1:
        yield f"Column '{column.name}' is constant: it has one value only."
