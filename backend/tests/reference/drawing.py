"""Graphs and blocks drawn by a script: a line for each node, naming what it reads."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from visdl.models.graph import Block, Edge, Graph, Node, PortRef
from visdl.nodes import NodeRegistry

Params = Mapping[str, Any]


class Drawing:
    """The nodes and wires of a graph or a block, in the order in which they are added."""

    def __init__(self, blocks: Mapping[str, Block] | None = None) -> None:
        self.blocks = dict(blocks or {})
        self._nodes: list[Node] = []
        self._edges: list[Edge] = []
        self._inputs: dict[str, list[PortRef]] = defaultdict(list)
        self._last = ""

    def add(self, name: str, kind: str, *reads: str, **params: Any) -> str:
        """Add a node that reads these, by default the node added before.

        `@x` is the block's port x, `node.output2` an output. Reads fill the ports in order, and the
        last port takes all that are left. A kind that names a block makes a Block node.
        """
        if kind in self.blocks:
            node = Node(id=name, type="Block", name=name, params={"block": kind, **params})
            ports = list(self.blocks[kind].inputs)
        else:
            node = Node(id=name, type=kind, name=name, params=params)
            ports = list(NodeRegistry.get(kind).ports())
        self._nodes.append(node)
        many = kind not in self.blocks and any(
            spec.multiple for spec in NodeRegistry.get(kind).ports().values()
        )
        for place, read in enumerate(reads or ([self._last] if self._last and ports else [])):
            port = ports[min(place, len(ports) - 1)]
            if read.startswith("@"):
                self._inputs[read[1:]].append(
                    PortRef(node=name, port=port, index=place if many else None)
                )
            else:
                source, _, output = read.partition(".")
                edge = Edge(
                    source=source, source_output=output or "output", target=name, target_input=port
                )
                self._edges.append(edge)
        self._last = name
        return name

    def block(self, params: Mapping[str, Sequence[str]] | None = None) -> Block:
        """Return the drawn block; its output is the last node's, `params` name "node.param"."""
        refs = {
            name: [PortRef(node=ref.split(".")[0], port=ref.split(".")[1]) for ref in found]
            for name, found in (params or {}).items()
        }
        outputs = {"output": PortRef(node=self._last, port="output")}
        inputs = dict(self._inputs)
        return Block(
            name="Block",
            nodes=self._nodes,
            edges=self._edges,
            inputs=inputs,
            outputs=outputs,
            params=refs,
        )

    def graph(self, name: str) -> Graph:
        """The graph of what was drawn, with a model that ends with the last node."""
        edge = Edge(
            source=self._last, source_output="output", target="model", target_input="layers"
        )
        nodes = [*self._nodes, Node(id="model", type="ModelAssembly")]
        return Graph(name=name, nodes=nodes, edges=[*self._edges, edge], blocks=self.blocks)
