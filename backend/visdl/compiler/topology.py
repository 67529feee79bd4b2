"""Topology of a graph: order, ancestors and cycles, by ids alone."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from functools import cached_property
from graphlib import CycleError, TopologicalSorter

from visdl.models.graph import Edge, Graph


class Topology:
    """The wires of a graph by node. Wires from or to nodes that do not exist are left out."""

    def __init__(self, graph: Graph) -> None:
        self.ids = list(dict.fromkeys(node.id for node in graph.nodes))
        known = set(self.ids)
        self.incoming: dict[str, list[Edge]] = defaultdict(list)
        self.outgoing: dict[str, list[Edge]] = defaultdict(list)
        for edge in graph.edges:
            if edge.source in known and edge.target in known:
                self.incoming[edge.target].append(edge)
                self.outgoing[edge.source].append(edge)

    @cached_property
    def cycle(self) -> list[str]:
        """The ids along one cycle in the direction of the wires, first and last the same, or []."""
        try:
            self.order  # noqa: B018
        except CycleError as error:
            return list(error.args[1])
        return []

    @cached_property
    def order(self) -> list[str]:
        """All ids in topological order, else in the order of the graph. Raises CycleError."""
        sorter = TopologicalSorter(
            {i: [edge.source for edge in self.incoming[i]] for i in self.ids}
        )
        return list(sorter.static_order())

    def ancestors(self, ids: Iterable[str]) -> set[str]:
        """Return every node with a path to one of `ids`, including these."""
        return self._reach(ids, self._sources)

    def descendants(self, ids: Iterable[str]) -> set[str]:
        """Return every node with a path from one of `ids`, including these."""
        return self._reach(ids, self._targets)

    @cached_property
    def _sources(self) -> dict[str, list[str]]:
        return {i: [edge.source for edge in edges] for i, edges in self.incoming.items()}

    @cached_property
    def _targets(self) -> dict[str, list[str]]:
        return {i: [edge.target for edge in edges] for i, edges in self.outgoing.items()}

    @staticmethod
    def _reach(ids: Iterable[str], neighbours: Mapping[str, list[str]]) -> set[str]:
        seen, stack = set(), list(ids)
        while stack:
            current = stack.pop()
            if current not in seen:
                seen.add(current)
                stack.extend(neighbours.get(current, ()))
        return seen
