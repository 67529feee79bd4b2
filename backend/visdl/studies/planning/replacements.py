"""What fits in the place of a part: one linear layer, or zeros in a sum."""

from __future__ import annotations

from collections.abc import Sequence

from visdl.models.graph import Edge
from visdl.models.strategies import GroupPart, How
from visdl.models.studies import Offer
from visdl.nodes.contract.registry import Registry
from visdl.studies.edits import find_node
from visdl.studies.planning.linear_replacement import LinearLayer, LinearReplacement
from visdl.studies.planning.resolve import Baseline

_SUM = "Add"  # the node type whose result a missing term leaves unchanged


class Replacements:
    """Find replacements for parts of a study's baseline."""

    def __init__(self, baseline: Baseline, registry: Registry) -> None:
        self._graph = baseline.graph
        self._registry = registry
        self._linear = LinearReplacement(baseline.report.nodes)

    def linear_for_node(self, node: str) -> LinearLayer | None:
        """Return the linear layer that fits in the place of a node, or None."""
        return self._linear.find_layer(node)

    def linear_for_group(self, nodes: Sequence[str]) -> LinearLayer | None:
        """Return the linear layer that fits in the place of several nodes, or None.

        It replaces the last of them; the others are switched off and pass through what the first
        one reads. None if the group has several entries or exits, or a node cannot be disabled.
        """
        inside, edges = set(nodes), self._graph.edges
        found = [find_node(self._graph, node) for node in nodes]
        classes = [self._registry.find(node.type) for node in found if node is not None]
        targets_within = {e.target for e in edges if e.source in inside and e.target in inside}
        first = [node for node in nodes if node not in targets_within]
        last = {e.source for e in edges if e.source in inside and e.target not in inside}
        if len(first) != 1 or len(last) != 1:
            return None
        if not all(cls is None or cls.CAN_DISABLE for cls in classes):
            return None
        [end] = last
        entries = {e.target for e in edges if e.source not in inside and e.target in inside}
        if entries - set(first) or sum(edge.target == end for edge in edges) > 1:
            return None
        return self._linear.find_layer(end, first[0])

    def sum_edges(self, node: str) -> list[Edge]:
        """Return the edges from a node into sums.

        Empty if anything else reads the node, or a sum has no other term.
        """
        edges = self._graph.edges
        out = [edge for edge in edges if edge.source == node]
        types = {node.id: node.type for node in self._graph.nodes}
        others = [[e for e in edges if e.target == o.target and e.source != node] for o in out]
        if not all(types.get(edge.target) == _SUM for edge in out) or not all(others):
            return []
        return out

    def offer(self, part: str | GroupPart) -> Offer:
        """Return what could replace a part instead of switching it off.

        A linear layer is not offered for a node that is one of the same type.
        """
        if isinstance(part, GroupPart):
            layer = self.linear_for_group(tuple(dict.fromkeys(part.nodes)))
            return Offer(how=["plain"] if layer else [], plain=layer.parameters if layer else None)
        node, layer = find_node(self._graph, part), self.linear_for_node(part)
        if layer is not None and node is not None and layer.edit.type == node.type:
            layer = None
        how: list[How] = ["plain"] if layer else []
        if self.sum_edges(part):
            how.append("zero")
        return Offer(how=how, plain=layer.parameters if layer else None)
