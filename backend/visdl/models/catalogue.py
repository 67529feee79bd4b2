"""What the palette offers: node types, starters and the blocks of the library."""

from __future__ import annotations

from pydantic import Field

from visdl.models.graph import Block
from visdl.models.record import Json, Record, Request


class InputInfo(Record):
    """A port (`is_handle`) or a parameter of a node type, as the palette and the form need it."""

    dtype: str
    is_handle: bool
    required: bool
    multiple: bool = Field(default=False, description="A port that takes any number of wires")
    default: Json = None
    nullable: bool = False
    min: float | None = None
    max: float | None = None
    step: float | None = None
    choices: list[Json] | None = None
    widget: str | None = Field(
        default=None,
        description="'dataset', 'columns', 'layer', 'block' or 'groups': a picker, not a field",
    )
    label: str = ""
    unit: str = Field(default="", description="What a number counts, such as epochs")
    length: int | None = Field(default=None, description="A list of exactly this many values")
    many: bool = Field(
        default=False,
        description="A list of any number of values (or of `length`)",
    )
    single: bool = Field(default=False, description="A single value stands for a list")
    words: list[str] = Field(
        default_factory=list, description="Words that are accepted as well as numbers"
    )
    also: str | None = Field(default=None, description="A second type that the port accepts")
    description: str = ""
    empty: str = Field(default="", description="What an empty field means, in a word or two")


class OutputInfo(Record):
    """An output of a node type."""

    name: str
    dtype: str
    description: str = ""


class NodeInfo(Record):
    """A node type: all that the palette, the form and the help need."""

    type: str
    display_name: str
    category: str
    description: str
    kind: str = Field(
        description="data, input, layer, operation, block, model, loss, optimizer, scheduler, "
        "training, metric or other"
    )
    version: int
    inputs: dict[str, InputInfo]
    outputs: list[OutputInfo]
    output_count: str | None = Field(
        default=None,
        description="The parameter that sets the number of outputs: a number, or a list",
    )
    can_disable: bool = True
    disable_reason: str = ""
    primary: list[str] = Field(
        default_factory=list, description="At most three parameters shown on the node"
    )
    in_rules: bool = Field(
        default=False, description="An optimizer that a rule of another optimizer may name"
    )
    formula: str = ""
    shape_rule: str = ""
    url: str = ""
    source: str = Field(
        default="built-in", description="'built-in', or the name of the custom file"
    )


class UnavailableNode(Record):
    """A node type that the installed version of torch cannot run."""

    type: str
    display_name: str
    category: str
    reason: str = Field(description="Such as: Muon needs torch 2.9 or newer; this is 2.6.0.")


class Starter(Record):
    """An example network, with data that VisDL generates."""

    id: str
    name: str
    description: str
    task: str = Field(description="What it learns, in a few words")
    nodes: int
    parameters: int


class BlockRecord(Record):
    """A block of the library, with the blocks that it uses."""

    id: str
    name: str
    block: str = Field(description="Key of the block in `blocks`")
    blocks: dict[str, Block]
    created: float


class NewBlock(Request):
    """A block to add to the library."""

    name: str = Field(min_length=1, max_length=200)
    block: str = Field(description="Key of the block in `blocks`")
    blocks: dict[str, Block]
