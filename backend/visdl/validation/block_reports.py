"""Reports on blocks, summed up from the reports on the nodes inside them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Literal

from visdl.compiler.flat_graph import Flat, Instance
from visdl.models.diagnostics import NodeReport, PortValue
from visdl.models.graph import Edge, PortRef


def block_reports(flat: Flat, nodes: Mapping[str, NodeReport]) -> dict[str, NodeReport]:
    """Return the report on each block, by the path of its node."""
    members: dict[str, list[NodeReport]] = defaultdict(list)
    for node_id, levels in flat.levels.items():
        if node_id in nodes:
            for level in levels:
                members[level.instance].append(nodes[node_id])
    wires: dict[tuple[str, str], list[Edge]] = defaultdict(list)
    for edge in flat.graph.edges:
        wires[edge.target, edge.target_input].append(edge)
    return {
        path: _block_report(instance, members[path], nodes, wires)
        for path, instance in flat.instances.items()
    }


def _block_report(
    instance: Instance,
    members: list[NodeReport],
    nodes: Mapping[str, NodeReport],
    wires: Mapping[tuple[str, str], list[Edge]],
) -> NodeReport:
    states = {report.status for report in members}
    report = NodeReport(
        status="disabled"
        if instance.node.disabled
        else next((s for s in _WORST if s in states), "ok")
    )
    for name in ("parameters", "flops", "activation"):
        known = [value for member in members if (value := getattr(member, name)) is not None]
        setattr(report, name, sum(known) if known else None)
    report.frozen = sum(member.frozen for member in members)
    report.reads_input = any(member.reads_input for member in members)
    for port, refs in instance.inputs.items():
        values = [_value_at(ref, nodes, wires) for ref in refs if ref.node in nodes]
        known_value = next((value for value in values if value is not None and value.shape), None)
        if known_value is not None:
            report.inputs[port] = known_value
    for port, ref in instance.outputs.items():
        value = nodes[ref.node].outputs.get(ref.port) if ref.node in nodes else None
        if value is not None:
            report.outputs[port] = value
    return report


def _value_at(
    ref: PortRef, nodes: Mapping[str, NodeReport], wires: Mapping[tuple[str, str], list[Edge]]
) -> PortValue | None:
    """Return what an inner port reads, or one of its wires where it takes several."""
    if ref.index is None:
        return nodes[ref.node].inputs.get(ref.port)
    edges = wires.get((ref.node, ref.port), [])
    source = edges[ref.index] if ref.index < len(edges) else None
    return (
        nodes[source.source].outputs.get(source.source_output)
        if source and source.source in nodes
        else None
    )


_WORST: tuple[Literal["error", "blocked"], ...] = ("error", "blocked")
