"""What is wrong, as data: each diagnostic has a code, a location, a sentence and a remedy."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from visdl.models.parameter_rules import GroupReport
from visdl.models.record import Json, Record, read_former_values

Severity = Literal["error", "warning", "info"]


class SetParam(Record):
    op: Literal["set_param"] = "set_param"
    node: str
    param: str
    value: Json


class SetDisabled(Record):
    op: Literal["set_disabled"] = "set_disabled"
    node: str
    disabled: bool


class RemoveNode(Record):
    """Remove a node; readers of its output are connected to the source of its first input."""

    op: Literal["remove_node"] = "remove_node"
    node: str


class InsertNode(Record):
    """Insert a new node of this type into the wires that leave an output."""

    op: Literal["insert_node"] = "insert_node"
    after: str
    output: str
    type: str
    params: dict[str, Json] = Field(default_factory=dict)


class ReplaceNode(Record):
    """Change the type of a node. Wires stay at ports of the same name, or at the first port."""

    op: Literal["replace_node"] = "replace_node"
    node: str
    type: str
    params: dict[str, Json] = Field(default_factory=dict)


class Connect(Record):
    """Connect an input to an output of another node, in place of its present wire."""

    op: Literal["connect"] = "connect"
    node: str
    port: str
    source: str
    output: str


GraphEdit = Annotated[
    SetParam | SetDisabled | RemoveNode | InsertNode | ReplaceNode | Connect,
    Field(discriminator="op"),
]


class Fix(Record):
    """Edits of the graph that a click applies, as one undo step."""

    label: str
    edits: list[GraphEdit]


_FORMER_CODES = {"trainer_died": "worker_died", "unstacked": "not_batched"}  # words: ok


class Diagnostic(Record):
    """One thing that is wrong, and what to do about it: in a graph, in a run or in a node file."""

    code: Annotated[str, read_former_values(_FORMER_CODES)]
    severity: Severity = "error"
    node: str | None = Field(
        default=None,
        description="Id of the node where the cause lies; inside a block its path, `encoder/2/fc`",
    )
    port: str | None = Field(default=None, description="Port or parameter of that node")
    message: str
    hint: str = Field(default="", description="What to do about it")
    fix: Fix | None = Field(default=None, description="Edits of the graph that repair it")
    file: str | None = Field(default=None, description="Name of the node file that is wrong")
    line: int | None = Field(default=None, description="Line of that file")
    log: list[str] = Field(
        default_factory=list, description="Last log lines of a worker process that died"
    )
    count: int = Field(
        default=1, description="How often it occurs: in all repeats of a block, it is listed once"
    )


class PortValue(Record):
    """What is known about a port before a run."""

    dtype: str = Field(description="DataType of the port")
    shape: list[int | str] | None = Field(
        default=None, description='Axis sizes; the batch axis is "B"'
    )
    element: str | None = Field(default=None, description="Element type, such as float32")
    text: str = Field(
        default="", description="For display, such as 'B, 64' or '800 rows, batch 32'"
    )


class PartRows(Record):
    """The rows of one part of a split."""

    part: Literal["train", "val", "test"]
    rows: int
    classes: dict[str, int] = Field(
        default_factory=dict,
        description="Rows per class of the target, all classes in each part; empty where the "
        "target is not a class, or the table is large",
    )


class NodeReport(Record):
    """What is known about a node before a run."""

    status: Literal["ok", "error", "blocked", "disabled", "unused"] = "ok"
    inputs: dict[str, PortValue] = Field(default_factory=dict)
    outputs: dict[str, PortValue] = Field(default_factory=dict)
    parameters: int | None = None
    frozen: int = Field(default=0, description="Parameters that the optimizer does not train")
    flops: int | None = Field(default=None, description="Per sample, forward")
    activation: int | None = Field(default=None, description="Bytes of the outputs, per sample")
    parts: list[PartRows] = Field(
        default_factory=list, description="Of a node that splits rows: its parts that have any"
    )
    groups: list[GroupReport] = Field(
        default_factory=list,
        description="Of an optimizer: its groups of parameters, those without a rule last",
    )
    reads_input: bool = Field(
        default=False,
        description="Whether it is a layer without a wire, which reads the model's input",
    )


class Totals(Record):
    """Size and cost of the model."""

    parameters: int = 0
    frozen: int = Field(default=0, description="Those that the optimizer does not train")
    flops: int = Field(default=0, description="Per sample, forward")
    memory: int | None = Field(
        default=None,
        description="Bytes for training: weights, gradients, optimizer state, activations, data",
    )
    memory_free: int | None = Field(default=None, description="Free bytes on the device")


class Report(Record):
    """The result of validating a graph."""

    valid: bool
    diagnostics: list[Diagnostic] = Field(default_factory=list)
    nodes: dict[str, NodeReport] = Field(default_factory=dict)
    totals: Totals = Field(default_factory=Totals)
