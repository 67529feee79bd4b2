"""A graph without blocks: its inner nodes have path ids, and it records where each came from."""

from __future__ import annotations

from dataclasses import dataclass, field

from visdl.compiler.diagnostic_list import DiagnosticList
from visdl.models.graph import Block, Graph, Node, PortRef

#: Parameters of a block's node that are not parameters exposed by the block.
OWN_PARAMS = frozenset({"block", "repeat", "shared", "weights_of"})


class InnerNode(Node):
    """A node inside a block. Its id is its path, and `label` includes the labels around it."""

    where: str = ""

    @property
    def label(self) -> str:
        return f"{self.where}/{super().label}"


@dataclass(frozen=True)
class Level:
    """One step on the path into a block: the path of the block's node and the repeat."""

    instance: str
    repeat: int | None


@dataclass(frozen=True)
class Instance:
    """A block's node in the flat graph, with the flat ports that each of its ports leads to."""

    node: Node
    block: Block
    inputs: dict[str, list[PortRef]]
    outputs: dict[str, PortRef]


@dataclass
class Flat:
    """A graph without blocks, and where its nodes came from.

    `levels` holds the path of each node and instance inside blocks, `owners` the node whose weights
    a node uses instead of its own. `expanded` is False where it would be too large: its list
    states why, and blocks are left as they are.
    """

    graph: Graph
    instances: dict[str, Instance] = field(default_factory=dict)
    levels: dict[str, tuple[Level, ...]] = field(default_factory=dict)
    owners: dict[str, str] = field(default_factory=dict)
    diagnostic_list: DiagnosticList = field(default_factory=DiagnosticList)
    expanded: bool = True
