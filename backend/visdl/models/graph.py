"""The graph file: one record for the canvas, REST, the command line and every artifact."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue

#: The type of nodes that stand for a block.
BLOCK = "Block"


class Position(BaseModel):
    x: float = Field(default=0.0, allow_inf_nan=False)
    y: float = Field(default=0.0, allow_inf_nan=False)


class Node(BaseModel):
    """One node. Keys that this version does not know survive a round trip."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, JsonValue] = Field(init=False)

    id: str = Field(min_length=1, max_length=200)
    type: str = Field(min_length=1, max_length=200)
    name: str = Field(default="", max_length=200)
    disabled: bool = False
    version: int = Field(default=1, description="Version of the node type that wrote the params")
    position: Position | None = None
    params: dict[str, JsonValue] = Field(default_factory=dict)

    @property
    def label(self) -> str:
        """What to call this node in a sentence."""
        return self.name or self.id


class Edge(BaseModel):
    """A wire, keyed by node ids and port names."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, JsonValue] = Field(init=False)

    source: str
    source_output: str
    target: str
    target_input: str


class PortRef(BaseModel):
    """A port or a parameter of a node inside a block."""

    node: str
    port: str
    index: int | None = Field(
        default=None, ge=0, description="Place among the wires of a port that takes several; null: behind them"
    )


class Block(BaseModel):
    """A named subgraph with ports and parameters of its own, used by nodes of the type Block."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, JsonValue] = Field(init=False)

    name: str = Field(default="Block", max_length=200)
    nodes: list[Node] = Field(default_factory=list)
    edges: list[Edge] = Field(default_factory=list)
    inputs: dict[str, list[PortRef]] = Field(
        default_factory=dict, description="Each input port of the block, with the inner ports that it feeds"
    )
    outputs: dict[str, PortRef] = Field(
        default_factory=dict, description="Each output port of the block, with the inner output that it hands on"
    )
    params: dict[str, list[PortRef]] = Field(
        default_factory=dict, description="Each exposed parameter, with the inner parameters that it sets"
    )


class Graph(BaseModel):
    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, JsonValue] = Field(init=False)

    format: Literal[1] = 1
    name: str = Field(default="Untitled", max_length=200)
    nodes: list[Node] = Field(default_factory=list)
    edges: list[Edge] = Field(default_factory=list)
    blocks: dict[str, Block] = Field(default_factory=dict, description="The blocks this graph uses, by id")

    def node(self, node_id: str) -> Node:
        """The node with this id; KeyError when there is none."""
        for node in self.nodes:
            if node.id == node_id:
                return node
        raise KeyError(node_id)


class GraphSummary(BaseModel):
    """A stored graph in a list."""

    id: str
    name: str
    version: int
    revision: int = Field(description="Counts every change, also of the draft")
    nodes: int
    has_draft: bool
    created: float
    updated: float


class StoredGraph(GraphSummary):
    """A stored graph with its document, and the draft when one is newer than the version."""

    graph: Graph
    draft: Graph | None = None


class DraftSaved(BaseModel):
    """The graph's revision after its draft was kept."""

    revision: int


class GraphVersion(BaseModel):
    """One earlier version of a stored graph."""

    version: int
    name: str
    created: float
    label: str = ""
