"""Records of imported tables."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from visdl.models.record import Json, Record

ColumnType = Literal["int", "float", "bool", "text"]


class Note(Record):
    """A value in one line of the file."""

    line: int
    value: str


class Column(Record):
    """A column of a table, with statistics of its values."""

    name: str
    dtype: ColumnType
    missing: int = 0
    distinct: int | None = Field(default=None, description="Different values; null above 1,000")
    classes: list[str] | None = Field(
        default=None,
        description="The different values, sorted, of int, bool, text columns with at most 1,000",
    )
    min: float | None = None
    max: float | None = None
    mean: float | None = None
    std: float | None = None
    infinite: int = 0
    first_infinite: Note | None = None
    first_text: Note | None = Field(
        default=None, description="The first text in a column that also has numbers"
    )


class DatasetRecord(Record):
    """A table."""

    id: str
    name: str
    rows: int
    columns: list[Column]
    bytes: int
    sha256: str
    delimiter: str = ","
    warnings: list[str] = Field(default_factory=list)
    created: float

    def column(self, name: str) -> Column:
        """Return the column of this name. Raises KeyError."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(name)


class Histogram(Record):
    """Counts per bin; `edges` for numbers (one more than counts), `labels` for classes."""

    counts: list[int]
    edges: list[float] | None = None
    labels: list[str] | None = None


class DatasetPreview(Record):
    """Some rows of a table, and a histogram per column."""

    columns: list[str]
    rows: list[list[Json]]
    offset: int
    total: int
    histograms: dict[str, Histogram] = Field(default_factory=dict)
