"""Problems of a graph as data: each with a code, a place, a sentence and a remedy."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field

Severity = Literal["error", "warning", "info"]


class Diagnostic(BaseModel):
    code: str
    severity: Severity = "error"
    node: str | None = Field(default=None, description="Id of the node, where the problem has one")
    port: str | None = Field(default=None, description="Port or parameter of that node")
    message: str
    hint: str = ""


class PortValue(BaseModel):
    """What is known of a port before a run."""

    dtype: str = Field(description="DataType of the port")
    shape: list[int | str] | None = Field(default=None, description='Axis sizes; the batch axis is "B"')
    element: str | None = Field(default=None, description="Element type, such as float32")
    text: str = Field(default="", description="The same for people: 'B, 64' or '800 rows, batch 32'")


class NodeReport(BaseModel):
    status: Literal["ok", "error", "blocked", "disabled", "unused"] = "ok"
    inputs: dict[str, PortValue] = Field(default_factory=dict)
    outputs: dict[str, PortValue] = Field(default_factory=dict)
    parameters: int | None = None
    flops: int | None = Field(default=None, description="Per sample, forward")
    reads_input: bool = Field(default=False, description="A layer without a wire: it reads the model's input")


class Totals(BaseModel):
    parameters: int = 0
    flops: int = Field(default=0, description="Per sample, forward")
    memory: int | None = Field(
        default=None, description="Bytes to train: weights, gradients, optimizer state, activations"
    )


class Report(BaseModel):
    valid: bool
    diagnostics: list[Diagnostic] = Field(default_factory=list)
    nodes: dict[str, NodeReport] = Field(default_factory=dict)
    totals: Totals = Field(default_factory=Totals)
