"""Which blocks of a graph contain which: cycles, and how many levels are nested."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from visdl.models.graph import BLOCK, Block, Node

MAX_DEPTH = 20
MAX_REPEATS = 1000


def block_name(node: Node) -> str:
    """Return the name of the block that a node stands for."""
    return str(node.params.get("block") or "")


def is_count(value: object) -> bool:
    """Return whether a value is a valid number of repeats."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return is_number and value in range(1, MAX_REPEATS + 1)


class Nesting:
    """The blocks of one graph, by what they contain. Blocks in a cycle share a group."""

    def __init__(self, blocks: Mapping[str, Block]) -> None:
        self.blocks = blocks
        uses = {name: _used_blocks(block, blocks) for name, block in blocks.items()}
        self._groups: dict[str, int] = {}
        self._heights: dict[str, int] = {}
        for number, group in enumerate(_components(uses)):
            self._groups.update(dict.fromkeys(group, number))
            inner = (self._heights[b] for name in group for b in uses[name] if b not in group)
            self._heights.update(dict.fromkeys(group, 1 + max(inner, default=0)))

    def why_not(self, node: Node, inside: str | None) -> str | None:
        """Return the code of the reason why a block's node cannot be expanded, or None.

        `inside` is the innermost block around it.
        """
        name, repeat = block_name(node), node.params.get("repeat")
        if name not in self.blocks:
            return "unknown_block"
        if inside is not None and self._groups[name] == self._groups[inside]:
            return "block_cycle"
        if self._heights[name] > MAX_DEPTH:
            return "block_depth"
        if repeat is not None and not is_count(repeat):
            return "bad_parameter"
        return None


def _used_blocks(block: Block, known: Mapping[str, Block]) -> list[str]:
    names = (block_name(node) for node in block.nodes if node.type == BLOCK)
    return [name for name in dict.fromkeys(names) if name in known]


def _components(uses: Mapping[str, Sequence[str]]) -> Iterator[set[str]]:
    """Yield the strongly connected components, each after those that it leads to (Tarjan 1972)."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    open_names: dict[str, None] = {}
    for root in uses:
        calls = [] if root in index else [(root, iter(uses[root]))]
        while calls:
            name, rest = calls[-1]
            if name not in index:
                index[name] = low[name] = len(index)
                open_names[name] = None
            following = next((b for b in rest if b not in index or b in open_names), None)
            if following is not None and following not in index:
                calls.append((following, iter(uses[following])))
            elif following is not None:
                low[name] = min(low[name], index[following])
            else:
                calls.pop()
                if calls:
                    above = calls[-1][0]
                    low[above] = min(low[above], low[name])
                if low[name] == index[name]:
                    yield _close(open_names, name)


def _close(open_names: dict[str, None], root: str) -> set[str]:
    """Remove a component, which ends with the latest names, and return it."""
    component: set[str] = set()
    while root not in component:
        component.add(open_names.popitem()[0])
    return component
