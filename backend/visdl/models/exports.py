"""What an exported model takes and gives, for callers without VisDL."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from visdl.models.record import Record


class ExportInput(Record):
    """One argument of the model, by position."""

    columns: list[str] = Field(description="Columns of the table, in the order of the values")
    shape: list[int] = Field(description="Of one row; the batch is a first axis before it")
    dtype: str = Field(description="float32 (float64 in a program too) or int64")


class ExportOutput(Record):
    """The one result."""

    columns: list[str] = Field(description="Target columns")
    shape: list[int] = Field(description="Of one row; the batch is a first axis before it")
    classes: list[str] | None = Field(
        default=None,
        description="Labels by their position on the first axis of the shape, which holds the "
        "probability of each class; null for numbers",
    )


class ExportSignature(Record):
    """How to call an exported model, stored in each export as `signature.json`."""

    applied: list[str] = Field(
        description="What the file does itself, of: inputs (their scaling), predictions (the "
        "target's own space) and targets (their scaling)"
    )
    inputs: list[ExportInput]
    output: ExportOutput
    caller: list[str] = Field(description="What is left to the caller, as sentences")
    encoding: dict[str, Any] = Field(description="What was fitted on the training rows")
