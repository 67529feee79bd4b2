"""The size of a graph once its blocks are expanded, computed from their definitions alone."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from visdl.compiler.block_nesting import Nesting, block_name
from visdl.models.diagnostics import Diagnostic
from visdl.models.graph import BLOCK, Block, Edge, Graph, Node

#: The inner ports that each input of a block leads to, by its name.
_Fans = Mapping[str, int]


@dataclass(frozen=True)
class GraphLimits:
    """How large a graph may be: as it is drawn, and when its blocks are expanded.

    `expanded_nodes` also limits the number of expanded blocks, and `expanded_edges` includes what
    the ports and parameters of blocks lead to. `text` is a number of characters: the longest path,
    as often as a node or a wire has one. `heavy` is how many data nodes, and how many models,
    there may be; `study_nodes` how many nodes all variants of a study have together.
    `diagnostics` is how many are listed, `seconds` the CPU time for the shapes of layers that were
    not met before.
    """

    nodes: int = 2000
    edges: int = 10_000
    expanded_nodes: int = 10_000
    expanded_edges: int = 100_000
    text: int = 32 * 2**20
    heavy: int = 50
    study_nodes: int = 200_000
    diagnostics: int = 300
    seconds: float = math.inf


@dataclass
class Size:
    """The size of an expanded graph, or of one of its blocks."""

    nodes: int = 0
    edges: int = 0
    blocks: int = 0
    path: int = 0  # characters of the longest path and of the labels along it

    @property
    def text(self) -> int:
        return self.path * (self.nodes + self.blocks + 2 * self.edges)

    def add(self, other: Size, copies: int = 1) -> None:
        self.nodes += copies * other.nodes
        self.edges += copies * other.edges
        self.blocks += copies * other.blocks
        self.path = max(self.path, other.path)


def why_too_large(graph: Graph, nesting: Nesting, limits: GraphLimits) -> Diagnostic | None:
    """Return an error at the block that makes a graph too large, or None."""
    whole, own = _Sizes(nesting).measure(graph)
    kinds = (
        ("nodes", "VISDL_MAX_EXPANDED_NODES", limits.expanded_nodes),
        ("blocks", "VISDL_MAX_EXPANDED_NODES", limits.expanded_nodes),
        ("edges", "VISDL_MAX_EXPANDED_EDGES", limits.expanded_edges),
        ("text", "VISDL_MAX_REPORT_MB", limits.text),
    )
    for kind, setting, limit in kinds:
        count = getattr(whole, kind)
        if count > limit:
            return _too_large(graph, kind, setting, count, limit, own)
    return None


_NAMES = {
    "nodes": "nodes",
    "blocks": "blocks",
    "edges": "wires, those of block ports included",
    "text": "characters of paths",
}


def _too_large(
    graph: Graph, kind: str, setting: str, count: int, limit: int, own: Mapping[str, Size]
) -> Diagnostic:
    heaviest = max(own, key=lambda one: getattr(own[one], kind), default=None)
    message = (
        f"With its blocks expanded, the graph has {_amount(count)} {_NAMES[kind]}; "
        f"at most {limit:,} are allowed."
    )
    hint = f"Split the graph, or raise {setting}."
    if heaviest is not None:
        node = graph.node(heaviest)
        message += f" '{node.label}' alone makes {_amount(getattr(own[heaviest], kind))} of them."
        hint = (
            f"Lower the repeat counts of '{node.label}' or of the blocks in it, or raise {setting}."
        )
    port = "repeat" if heaviest else None
    return Diagnostic(code="too_large", node=heaviest, port=port, message=message, hint=hint)


def _amount(count: int) -> str:
    return f"{count:,}" if count < 10**12 else "over a trillion"


class _Sizes:
    """Measures each block once, however often it is used."""

    def __init__(self, nesting: Nesting) -> None:
        self._nesting = nesting
        self._known: dict[str, tuple[Size, _Fans]] = {}

    def measure(self, graph: Graph) -> tuple[Size, dict[str, Size]]:
        """Return the size of a graph, and of each of its blocks by the id of the block's node."""
        size, own = Size(), dict[str, Size]()
        fans = dict(self._instances(graph.nodes, None, size, own))
        size.edges += _fan_out(graph.edges, fans)
        return size, own

    def _instances(
        self, nodes: Sequence[Node], inside: str | None, size: Size, own: dict[str, Size]
    ) -> Iterator[tuple[str, _Fans]]:
        """Add the nodes of a scope to `size`; yield the fans of its blocks."""
        for node in nodes:
            name_length = len(node.id) + len(node.name)
            if node.type != BLOCK or self._nesting.why_not(node, inside):
                size.add(Size(nodes=1, path=name_length))
                continue
            block = self._nesting.blocks[block_name(node)]
            if node.disabled:
                size.add(Size(nodes=1, blocks=1, edges=_definition_size(block), path=name_length))
                yield node.id, {port: int(at == 0) for at, port in enumerate(block.inputs)}
                continue
            one, fans = self._block(block_name(node))
            copies = int(node.params.get("repeat") or 1)  # type: ignore[arg-type]
            first = next(iter(fans), None)
            chained = fans[first] if first is not None else 0
            total = Size(edges=(copies - 1) * chained)
            total.add(one, copies)
            total.path += name_length + len(str(copies)) + 2
            own[node.id] = total
            size.add(total)
            yield node.id, {port: n if port == first else n * copies for port, n in fans.items()}

    def _block(self, name: str) -> tuple[Size, _Fans]:
        """Return the size of one copy of a block and its fans."""
        if name not in self._known:
            block = self._nesting.blocks[name]
            size = Size(blocks=1, edges=_definition_size(block))
            inner = dict(self._instances(block.nodes, name, size, {}))
            fans = {
                port: sum(
                    inner[ref.node].get(ref.port, 0) if ref.node in inner else 1 for ref in refs
                )
                for port, refs in block.inputs.items()
            }
            size.edges += _fan_out(block.edges, inner) + sum(fans.values())
            self._known[name] = size, fans
        return self._known[name]


def _definition_size(block: Block) -> int:
    """Return how many inner ports and parameters a block's own ports and parameters name."""
    refs = [*block.inputs.values(), *block.params.values()]
    return sum(map(len, refs)) + len(block.outputs)


def _fan_out(edges: Sequence[Edge], inner: Mapping[str, _Fans]) -> int:
    """Return how many wires the wires of a scope become."""
    return sum(
        inner[edge.target].get(edge.target_input, 0) if edge.target in inner else 1
        for edge in edges
    )
