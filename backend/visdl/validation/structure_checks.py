"""Checks of a graph's structure: ids, types, parameters, wires and cycles."""

from __future__ import annotations

import difflib
import itertools
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Any

from visdl.compiler.diagnostic_list import DiagnosticList
from visdl.compiler.topology import Topology
from visdl.models.diagnostics import Diagnostic, Fix, SetParam
from visdl.models.graph import Edge, Graph, Node
from visdl.nodes.contract.base import AssemblyNode, BaseNode, DataNode, missing_torch
from visdl.nodes.contract.registry import Registry
from visdl.nodes.contract.specs import InputSpec, OutputSpec

_LISTED = 10  # names in a sentence


def check_structure(
    graph: Graph,
    topology: Topology,
    registry: Registry,
    diagnostic_list: DiagnosticList,
    heavy: int,
) -> None:
    """Add everything that is wrong with the structure of a flat graph, as far as it is listed.

    `heavy` is how many data nodes, and how many models, there may be.
    """
    classes = {node.id: registry.find(node.type) for node in graph.nodes}
    diagnostic_list.add_all(_check_ids(graph))
    diagnostic_list.add_all(_check_types(graph, registry))
    _check_nodes(graph, classes, diagnostic_list)
    diagnostic_list.add_all(_check_edges(graph, classes))
    diagnostic_list.add_all(_check_cycle(graph, topology))
    diagnostic_list.add_all(_check_heavy(graph, classes, heavy))


def _check_nodes(
    graph: Graph, classes: Mapping[str, type[BaseNode] | None], diagnostic_list: DiagnosticList
) -> None:
    """Check version and parameters of every node, once for all repeats of a block."""
    checked: dict[tuple[str, int, int], list[Diagnostic]] = {}
    for node in graph.nodes:
        cls = classes[node.id]
        key = (node.type, node.version, id(node.params))  # repeats have the same parameters
        if cls is None or diagnostic_list.full:
            continue
        if key in checked:
            diagnostic_list.repeat(checked[key], node.id)
        else:
            found = itertools.chain(_check_version(node, cls), _check_params(node, cls))
            checked[key] = diagnostic_list.add_all(found)


def _check_heavy(
    graph: Graph, classes: Mapping[str, type[BaseNode] | None], limit: int
) -> Iterator[Diagnostic]:
    """Yield an error at each node beyond the most that may read a table or a whole network."""
    for kind, name in ((DataNode, "data nodes"), (AssemblyNode, "models")):
        found = [n for n in graph.nodes if issubclass(classes[n.id] or BaseNode, kind)]
        for node in found[limit:]:
            yield Diagnostic(
                code="too_many",
                node=node.id,
                message=f"The graph has {len(found):,} {name}; at most {limit:,} are allowed.",
                hint=f"Remove '{node.label}', or raise VISDL_MAX_HEAVY_NODES.",
            )


def _check_ids(graph: Graph) -> Iterator[Diagnostic]:
    for node_id, count in Counter(node.id for node in graph.nodes).items():
        if count > 1:
            message = f"{count} nodes have the id '{node_id}'."
            yield Diagnostic(
                code="duplicate_id",
                node=node_id,
                message=message,
                hint="Give each node a unique id.",
            )


def _check_types(graph: Graph, registry: Registry) -> Iterator[Diagnostic]:
    unavailable = registry.unavailable()
    for node in graph.nodes:
        if node.type in unavailable:
            message, hint = unavailable[node.type].reason, "Use another node type, or update torch."
            yield Diagnostic(code="unavailable_type", node=node.id, message=message, hint=hint)
        elif registry.find(node.type) is None:
            message = f"'{node.label}' has type '{node.type}', which is not installed."
            hint = (
                did_you_mean(node.type, registry.names())
                or "Add the node file that defines it, or remove the node."
            )
            yield Diagnostic(code="unknown_type", node=node.id, message=message, hint=hint)


def _check_version(node: Node, cls: type[BaseNode]) -> Iterator[Diagnostic]:
    if node.version > cls.VERSION:
        message = (
            f"'{node.label}' was saved by version {node.version} of {node.type}; "
            f"this VisDL has version {cls.VERSION}."
        )
        yield Diagnostic(
            code="newer_version", node=node.id, message=message, hint="Update VisDL to open it."
        )


def _check_params(node: Node, cls: type[BaseNode]) -> Iterator[Diagnostic]:
    specs, defaults = cls.parameters(), _invalid_defaults(cls)  # type: ignore[arg-type]
    for name in node.params:
        if name not in specs:
            needed = cls.PARAMS_REQUIRE_TORCH.get(name, "")
            message = missing_torch(f"'{name}' of {node.type}", needed)
            hint = "Remove this parameter, or update torch."
            if not message:
                message = f"{node.type} has no parameter '{name}'."
                hint = did_you_mean(name, specs) or f"Its parameters: {', '.join(specs) or 'none'}."
            yield Diagnostic(
                code="unknown_parameter", node=node.id, port=name, message=message, hint=hint
            )
    for name, spec in specs.items():
        reason = spec.why_not(node.params[name]) if name in node.params else defaults.get(name)
        if reason:
            message = f"{name} of '{node.label}' {reason}."
            yield Diagnostic(
                code="bad_parameter",
                node=node.id,
                port=name,
                message=message,
                hint=spec.description,
                fix=_default_fix(node, name, spec),
            )


def _default_fix(node: Node, name: str, spec: InputSpec) -> Fix | None:
    """Return the fix that sets a parameter to its default; None if that is not valid either."""
    if name not in node.params or spec.why_not(spec.default) or spec.default == "":
        return None
    default = list(spec.default) if isinstance(spec.default, tuple) else spec.default
    label = f"Leave {name} empty" if default is None else f"Set {name} to {default}"
    return Fix(label=label, edits=[SetParam(node=node.id, param=name, value=default)])


@cache
def _invalid_defaults(cls: Any) -> dict[str, str]:
    """Return the parameters that have no valid default, with the reason."""
    reasons = {name: spec.why_not(spec.default) for name, spec in cls.parameters().items()}
    return {name: reason for name, reason in reasons.items() if reason}


def _check_edges(graph: Graph, classes: dict[str, type[BaseNode] | None]) -> Iterator[Diagnostic]:
    nodes = {node.id: node for node in graph.nodes}
    seen: set[tuple[str, str, str, str]] = set()
    connected: dict[tuple[str, str], Edge] = {}
    for edge in graph.edges:
        dangling = list(_check_ends(edge, nodes))
        yield from dangling
        if dangling:
            continue
        key = (edge.source, edge.source_output, edge.target, edge.target_input)
        if key in seen:
            source_label, target_label = nodes[edge.source].label, nodes[edge.target].label
            message = f"The wire from '{source_label}' to '{target_label}' is duplicated."
            yield Diagnostic(
                code="duplicate_edge",
                node=edge.target,
                port=edge.target_input,
                message=message,
                hint="Remove one of them.",
            )
            continue
        seen.add(key)
        source, target = classes[edge.source], classes[edge.target]
        if source is not None and target is not None:
            yield from _check_wire(edge, nodes, source, target, connected)


def _check_ends(edge: Edge, nodes: dict[str, Node]) -> Iterator[Diagnostic]:
    for end, other in ((edge.source, edge.target), (edge.target, edge.source)):
        if end not in nodes:
            direction = "from" if end == edge.source else "to"
            message = f"A wire leads {direction} '{end}', but there is no such node."
            port = edge.target_input if other == edge.target else edge.source_output
            at = other if other in nodes else None
            yield Diagnostic(
                code="dangling_edge", node=at, port=port, message=message, hint="Remove the wire."
            )


def _has_bad_count(node: Node, cls: type[BaseNode]) -> bool:
    """Return whether the parameter that sets the number of outputs is invalid."""
    spec = cls.parameters().get(cls.OUTPUT_COUNT)
    return (
        spec is not None
        and spec.why_not(node.params.get(cls.OUTPUT_COUNT, spec.default)) is not None
    )


def _check_wire(
    edge: Edge,
    nodes: dict[str, Node],
    source: type[BaseNode],
    target: type[BaseNode],
    connected: dict[tuple[str, str], Edge],
) -> Iterator[Diagnostic]:
    outputs, ports = _present_outputs(nodes[edge.source], source, edge), target.ports()
    unknown = list(_check_ports(edge, nodes, list(outputs), list(ports)))
    yield from unknown
    if unknown:
        return
    output, port = outputs[edge.source_output], ports[edge.target_input]
    key, label = (edge.target, edge.target_input), nodes[edge.target].label
    if not port.accepts(output.dtype):
        yield Diagnostic(
            code="type_mismatch",
            node=edge.target,
            port=edge.target_input,
            message=f"'{edge.target_input}' of '{label}' takes {port.dtype}, "
            f"but '{nodes[edge.source].label}' outputs {output.dtype}.",
            hint="Remove the wire.",
        )
    elif key in connected and not port.multiple:
        yield Diagnostic(
            code="occupied_port",
            node=edge.target,
            port=edge.target_input,
            message=f"'{edge.target_input}' of '{label}' has more than one wire; it takes one.",
            hint="Remove all but one.",
        )
    connected.setdefault(key, edge)


def _present_outputs(node: Node, cls: type[BaseNode], edge: Edge) -> Mapping[str, OutputSpec]:
    """Return the outputs of a node, as many as its parameters ask for."""
    outputs = cls.outputs()
    if edge.source_output not in outputs or _has_bad_count(node, cls):
        return outputs
    present = cls.output_names(node.params)
    return {name: spec for name, spec in outputs.items() if name in present}


def _check_ports(
    edge: Edge, nodes: dict[str, Node], outputs: list[str], inputs: list[str]
) -> Iterator[Diagnostic]:
    """Yield a diagnostic for each end of a wire whose port does not exist."""
    ends = [
        ("output", edge.source, edge.source_output, outputs),
        ("input", edge.target, edge.target_input, inputs),
    ]
    for side, node, port, known in ends:
        if port not in known:
            yield Diagnostic(
                code="unknown_port",
                node=node,
                port=port,
                message=f"'{nodes[node].label}' has no {side} '{port}'.",
                hint=f"Its {side}s: {', '.join(known) or 'none'}.",
            )


def _check_cycle(graph: Graph, topology: Topology) -> Iterator[Diagnostic]:
    path = topology.cycle
    if path:
        labels = {node.id: node.label for node in graph.nodes}
        shown = path if len(path) <= _LISTED else [*path[: _LISTED - 1], path[-1]]
        names = [labels[i] for i in shown]
        if len(path) > _LISTED:
            names.insert(-1, f"… ({len(set(path)):,} nodes)")
        message = f"The wires form a cycle: {' → '.join(names)}."
        for node_id in dict.fromkeys(path):
            yield Diagnostic(
                code="cycle", node=node_id, message=message, hint="Remove one wire of the cycle."
            )


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return a hint that suggests the most similar known name, or an empty text."""
    by_lower = {k.lower(): k for k in known}
    near = difflib.get_close_matches(name.lower()[:100], by_lower, n=1)
    return f"Did you mean '{by_lower[near[0]]}'?" if near else ""
