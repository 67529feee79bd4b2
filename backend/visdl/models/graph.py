"""The graph file: one record for the canvas, REST, the command line and every artifact."""

from __future__ import annotations

from typing import Annotated, Literal, TypeVar

from pydantic import ConfigDict, FailFast, Field

from visdl.models.record import AtMost, Json, Record, Request

T = TypeVar("T")
#: A list that is not read further than the first item that is wrong.
Items = Annotated[list[T], FailFast()]
_Named = AtMost(10_000)

#: The type of nodes that stand for a block.
BLOCK = "Block"


class Position(Record):
    """Coordinates on the canvas."""

    x: float = Field(default=0.0, allow_inf_nan=False)
    y: float = Field(default=0.0, allow_inf_nan=False)


class Node(Record):
    """One node. Keys that this version does not know survive a round trip."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, Json] = Field(init=False)

    id: str = Field(min_length=1, max_length=200)
    type: str = Field(min_length=1, max_length=200)
    name: str = Field(default="", max_length=200)
    disabled: bool = False
    version: int = Field(default=1, description="Version of the node type that wrote the params")
    position: Position | None = None
    params: dict[str, Json] = Field(default_factory=dict)

    @property
    def label(self) -> str:
        """Return the name of this node in sentences."""
        return self.name or self.id


class Edge(Record):
    """A wire, keyed by node ids and port names."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, Json] = Field(init=False)

    source: str
    source_output: str
    target: str
    target_input: str


class PortRef(Record):
    """A port or a parameter of a node inside a block."""

    node: str
    port: str
    index: int | None = Field(
        default=None,
        ge=0,
        description="Position among the wires of a port that takes several; null: after them",
    )


#: The colours of groups and notes, by the names that the page has for them.
Color = Literal["", "yellow", "green", "blue", "violet", "pink"]


class Group(Record):
    """Nodes in a titled frame, without an effect on training."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, Json] = Field(init=False)

    id: str = Field(
        default="", max_length=200, description="The page sets one if a script leaves it out"
    )
    title: str = Field(default="", max_length=200)
    nodes: Items[str] = Field(
        default_factory=list, description="Ids of its nodes; unknown ones are ignored"
    )
    folded: bool = False
    color: Color = ""


class CanvasNote(Record):
    """Text on the canvas."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, Json] = Field(init=False)

    id: str = Field(
        default="", max_length=200, description="The page sets one if a script leaves it out"
    )
    text: str = Field(default="", max_length=20_000)
    position: Position = Field(default_factory=Position)
    width: float = Field(default=200.0, ge=60, le=4000)
    height: float = Field(default=100.0, ge=40, le=4000)
    color: Color = ""


class Block(Record):
    """A named subgraph with ports and parameters of its own, used by nodes of the type Block."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, Json] = Field(init=False)

    name: str = Field(default="Block", max_length=200)
    nodes: Items[Node] = Field(default_factory=list)
    edges: Items[Edge] = Field(default_factory=list)
    inputs: Annotated[dict[str, Items[PortRef]], _Named] = Field(
        default_factory=dict,
        description="Each input port of the block, with the inner ports that it feeds",
    )
    outputs: Annotated[dict[str, PortRef], _Named] = Field(
        default_factory=dict,
        description="Each output port of the block, with the inner output that it passes on",
    )
    params: Annotated[dict[str, Items[PortRef]], _Named] = Field(
        default_factory=dict,
        description="Each exposed parameter, with the inner parameters that it sets",
    )
    groups: Items[Group] = Field(default_factory=list, max_length=10_000)
    notes: Items[CanvasNote] = Field(default_factory=list, max_length=10_000)


class Graph(Record):
    """A graph file. Keys that this version does not know survive a round trip."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, Json] = Field(init=False)

    format: Literal[1] = 1
    name: str = Field(default="Untitled", max_length=200)
    nodes: Items[Node] = Field(default_factory=list)
    edges: Items[Edge] = Field(default_factory=list)
    blocks: Annotated[dict[str, Block], _Named] = Field(
        default_factory=dict, description="The blocks this graph uses, by id"
    )
    groups: Items[Group] = Field(default_factory=list, max_length=10_000)
    notes: Items[CanvasNote] = Field(default_factory=list, max_length=10_000)

    def node(self, node_id: str) -> Node:
        """Return the node with this id. Raises KeyError."""
        for node in self.nodes:
            if node.id == node_id:
                return node
        raise KeyError(node_id)


class GraphSummary(Record):
    """A stored graph in a list."""

    id: str
    name: str
    version: int
    revision: int = Field(description="Counts every change, also of the draft")
    nodes: int
    has_draft: bool
    created: float
    updated: float
    deleted: float | None = Field(
        default=None, description="When it was deleted; it can still be restored"
    )


class StoredGraph(GraphSummary):
    """A stored graph with its document, and the draft when one is newer than the version."""

    graph: Graph
    draft: Graph | None = None
    damaged: list[Literal["graph", "draft"]] = Field(
        default_factory=list,
        description="What is stored but cannot be read; the other one is shown instead",
    )


class DraftSaved(Record):
    """The revision of a graph after its draft was saved."""

    revision: int


#: A name for a version; empty for none.
VersionLabel = Annotated[str, Field(max_length=200)]


class GraphVersion(Record):
    """One earlier version of a stored graph."""

    version: int
    name: str
    created: float
    label: VersionLabel = ""


class VersionName(Request):
    """A new name for a version."""

    label: VersionLabel
