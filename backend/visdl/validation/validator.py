"""Everything that is wrong with a graph, at once, each problem as data at its node.

Small checks of the structure first; then, when the wires make sense, one walk that follows data and shapes.
"""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from typing import Any

from visdl.compiler.flatten import flatten
from visdl.compiler.memory import amount
from visdl.compiler.topology import Topology
from visdl.compiler.walk import FindDataset, walk
from visdl.models.diagnostics import Diagnostic, NodeReport, Report, Severity
from visdl.models.graph import Edge, Graph, Node
from visdl.models.runs import MOST_CHECKPOINTS
from visdl.nodes.contract.base import BaseNode, TrainerNode
from visdl.nodes.contract.registry import Registry
from visdl.validation.block_reports import block_reports
from visdl.validation.findings import Findings
from visdl.validation.static_pass import StaticVisitor

_UNFOLDED = 10  # nodes there may be with all blocks in place, for each that may be drawn


class Validator:
    """Checks graphs against the registry and the stored datasets."""

    def __init__(
        self,
        registry: Registry,
        find_dataset: FindDataset,
        *,
        max_nodes: int = 2000,
        max_edges: int = 10_000,
        free_memory: Callable[[str | None], int | None] = lambda _: None,
        total_memory: Callable[[str | None], int | None] = lambda _: None,
        free_disk: Callable[[], int | None] = lambda: None,
    ) -> None:
        """`free_memory` says how many bytes are free on "cpu" or "cuda", or where runs go that do not say.

        `total_memory` says how many there are. What is not free now may be so when the run begins, hence a warning;
        what there never is, is an error.
        `free_disk` says how many are free where checkpoints are written.
        """
        self._registry = registry
        self.find_dataset = find_dataset
        self._max_nodes = max_nodes
        self._max_edges = max_edges
        self._free_memory = free_memory
        self._total_memory = total_memory
        self._free_disk = free_disk

    def report(self, graph: Graph, *, to_run: bool = False) -> Report:
        """All diagnostics, and what is known of every port; `to_run` also asks for something to train."""
        too_large = list(self._size(graph))
        if too_large:
            return Report(valid=False, diagnostics=too_large)
        flat = flatten(graph, limit=_UNFOLDED * self._max_nodes)
        topology = Topology(flat.graph)
        found = [*flat.problems, *self._structure(flat.graph, topology)]
        found += self._training(flat.graph, "error" if to_run else "warning")
        broken = {d.node for d in found if d.severity == "error" and d.node}
        visitor = StaticVisitor(flat, topology, self._registry, self.find_dataset, broken)
        if not topology.cycle:
            walk(flat.graph, topology, self._registry, visitor)
            self._memory(visitor.findings)
            self._disk(visitor.findings)
            found += visitor.findings.diagnostics
        order = {node.id: index for index, node in enumerate(flat.graph.nodes)}
        found.sort(key=lambda d: (d.severity != "error", order.get(d.node or "", -1)))
        nodes = {
            node.id: visitor.findings.nodes.get(node.id, NodeReport()) for node in flat.graph.nodes
        }
        for diagnostic in found:
            if diagnostic.severity == "error" and diagnostic.node in nodes:
                nodes[diagnostic.node].status = "error"
        valid = not any(d.severity == "error" for d in found)
        nodes = {**nodes, **block_reports(flat, nodes)}
        return Report(valid=valid, diagnostics=found, nodes=nodes, totals=visitor.findings.totals)

    def _memory(self, findings: Findings) -> None:
        """What is free where the model is to train, and a warning where that is less than it needs."""
        totals = findings.totals
        if self._never_fits(findings) or totals.memory is None:
            return
        totals.memory_free = self._free_memory(findings.device)
        if totals.memory_free is not None and totals.memory > totals.memory_free:
            needed, free = totals.memory / 2**30, totals.memory_free / 2**30
            message = f"Training needs about {needed:.1f} GiB of memory, but {free:.1f} GiB are free on the device."
            hint = "Lower batch_size, or make the model smaller."
            findings.diagnostics.append(
                Diagnostic(code="memory", severity="warning", message=message, hint=hint)
            )

    def _never_fits(self, findings: Findings) -> bool:
        """Whether weights, gradients and the optimizer's state alone are more than there is: that is an error."""
        total = self._total_memory(findings.device)
        if findings.lasting is None or total is None or findings.lasting[0] <= total:
            return False
        needed, heaviest = findings.lasting
        findings.say(
            heaviest,
            f"Weights, gradients and the optimizer's state need {amount(needed)}, but the device has {amount(total)}.",
            code="memory",
            hint=f"Make the model smaller: most of its parameters are in '{heaviest.label}'.",
        )
        return True

    def _disk(self, findings: Findings) -> None:
        """A warning where the disk has no room for the checkpoints of a run."""
        free = self._free_disk()
        if (
            findings.checkpoint is None
            or free is None
            or free >= MOST_CHECKPOINTS * findings.checkpoint
        ):
            return
        needed, free_gib = MOST_CHECKPOINTS * findings.checkpoint / 2**30, free / 2**30
        message = f"The checkpoints of a run need about {needed:.1f} GiB, but the disk has {free_gib:.1f} GiB free."
        hint = "Make room: 'Storage and clean-up…' in Ctrl K shows what can go."
        findings.diagnostics.append(
            Diagnostic(code="disk", severity="warning", message=message, hint=hint)
        )

    def _size(self, graph: Graph) -> Iterator[Diagnostic]:
        nodes = len(graph.nodes) + sum(len(block.nodes) for block in graph.blocks.values())
        edges = len(graph.edges) + sum(len(block.edges) for block in graph.blocks.values())
        for kind, count, limit in (
            ("nodes", nodes, self._max_nodes),
            ("wires", edges, self._max_edges),
        ):
            if count > limit:
                message = f"The graph has {count:,} {kind}; at most {limit:,} are allowed."
                yield Diagnostic(
                    code="too_large", message=message, hint="Split it into smaller graphs."
                )

    def _structure(self, graph: Graph, topology: Topology) -> Iterator[Diagnostic]:
        classes = {node.id: self._registry.find(node.type) for node in graph.nodes}
        yield from _check_ids(graph)
        yield from _check_types(graph, self._registry)
        for node in graph.nodes:
            cls = classes[node.id]
            if cls is not None:
                yield from _check_version(node, cls)
                yield from _check_params(node, cls)
        yield from _check_edges(graph, classes)
        yield from _check_cycle(graph, topology)

    def _training(self, graph: Graph, severity: Severity) -> Iterator[Diagnostic]:
        loops = [
            n
            for n in graph.nodes
            if issubclass(self._registry.find(n.type) or BaseNode, TrainerNode)
        ]
        if not any(not loop.disabled for loop in loops):
            node = loops[0].id if loops else None
            message = (
                f"'{loops[0].label}' is switched off."
                if loops
                else "The graph has nothing to train."
            )
            hint = (
                "Switch it on."
                if loops
                else "Add a Training Loop and wire a model, an optimizer, a loss and data to it."
            )
            yield Diagnostic(
                code="nothing_to_train", severity=severity, node=node, message=message, hint=hint
            )
        for extra in loops[1:]:
            message = f"'{extra.label}' is a second training loop; a run has one."
            yield Diagnostic(
                code="second_loop",
                node=extra.id,
                message=message,
                hint="Remove it, or put it into a graph of its own.",
            )


def _check_ids(graph: Graph) -> Iterator[Diagnostic]:
    for node_id, count in Counter(node.id for node in graph.nodes).items():
        if count > 1:
            message = f"{count} nodes have the id '{node_id}'."
            yield Diagnostic(
                code="duplicate_id",
                node=node_id,
                message=message,
                hint="Give each node an id of its own.",
            )


def _check_types(graph: Graph, registry: Registry) -> Iterator[Diagnostic]:
    for node in graph.nodes:
        if registry.find(node.type) is None:
            message = f"'{node.label}' is of the type '{node.type}', which is not installed."
            hint = (
                did_you_mean(node.type, registry.names())
                or "Add the node file that defines it, or remove the node."
            )
            yield Diagnostic(code="unknown_type", node=node.id, message=message, hint=hint)


def _check_version(node: Node, cls: type[BaseNode]) -> Iterator[Diagnostic]:
    if node.version > cls.VERSION:
        message = f"'{node.label}' was saved by version {node.version} of {node.type}; this VisDL has version {cls.VERSION}."
        yield Diagnostic(
            code="newer_version", node=node.id, message=message, hint="Update VisDL to open it."
        )


def _check_params(node: Node, cls: type[BaseNode]) -> Iterator[Diagnostic]:
    specs, defaults = cls.parameters(), _default_problems(cls)  # type: ignore[arg-type]
    for name in node.params:
        if name not in specs:
            message = f"{node.type} has no parameter '{name}'."
            hint = did_you_mean(name, specs) or f"Its parameters: {', '.join(specs) or 'none'}."
            yield Diagnostic(
                code="unknown_parameter", node=node.id, port=name, message=message, hint=hint
            )
    for name, spec in specs.items():
        problem = spec.problem(node.params[name]) if name in node.params else defaults.get(name)
        if problem:
            message = f"{name} of '{node.label}' {problem}."
            yield Diagnostic(
                code="bad_parameter",
                node=node.id,
                port=name,
                message=message,
                hint=spec.description,
            )


@cache
def _default_problems(cls: Any) -> dict[str, str]:
    """Parameters that cannot be left out, with the reason."""
    found = {name: spec.problem(spec.default) for name, spec in cls.parameters().items()}
    return {name: problem for name, problem in found.items() if problem}


def _check_edges(graph: Graph, classes: dict[str, type[BaseNode] | None]) -> Iterator[Diagnostic]:
    nodes = {node.id: node for node in graph.nodes}
    seen: set[tuple[str, str, str, str]] = set()
    taken: dict[tuple[str, str], Edge] = {}
    for edge in graph.edges:
        dangling = list(_check_ends(edge, nodes))
        yield from dangling
        if dangling:
            continue
        key = (edge.source, edge.source_output, edge.target, edge.target_input)
        if key in seen:
            message = f"The wire from '{nodes[edge.source].label}' to '{nodes[edge.target].label}' is there twice."
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
            yield from _check_wire(edge, nodes, source, target, taken)


def _check_ends(edge: Edge, nodes: dict[str, Node]) -> Iterator[Diagnostic]:
    for end, other in ((edge.source, edge.target), (edge.target, edge.source)):
        if end not in nodes:
            message = f"A wire leads {'from' if end == edge.source else 'to'} '{end}', but there is no such node."
            port = edge.target_input if other == edge.target else edge.source_output
            at = other if other in nodes else None
            yield Diagnostic(
                code="dangling_edge", node=at, port=port, message=message, hint="Remove the wire."
            )


def _has_bad_count(node: Node, cls: type[BaseNode]) -> bool:
    """Whether the parameter that says how many outputs there are has a problem of its own."""
    spec = cls.parameters().get(cls.OUTPUT_COUNT)
    return (
        spec is not None
        and spec.problem(node.params.get(cls.OUTPUT_COUNT, spec.default)) is not None
    )


def _check_wire(
    edge: Edge,
    nodes: dict[str, Node],
    source: type[BaseNode],
    target: type[BaseNode],
    taken: dict[tuple[str, str], Edge],
) -> Iterator[Diagnostic]:
    outputs, ports = source.outputs(), target.ports()
    if edge.source_output in outputs and not _has_bad_count(nodes[edge.source], source):
        present = source.output_names(nodes[edge.source].params)
        outputs = {name: spec for name, spec in outputs.items() if name in present}
    if edge.source_output not in outputs:
        message = f"'{nodes[edge.source].label}' has no output '{edge.source_output}'."
        hint = f"Its outputs: {', '.join(outputs) or 'none'}."
        yield Diagnostic(
            code="unknown_port",
            node=edge.source,
            port=edge.source_output,
            message=message,
            hint=hint,
        )
    if edge.target_input not in ports:
        message = f"'{nodes[edge.target].label}' has no input '{edge.target_input}'."
        hint = f"Its inputs: {', '.join(ports) or 'none'}."
        yield Diagnostic(
            code="unknown_port",
            node=edge.target,
            port=edge.target_input,
            message=message,
            hint=hint,
        )
    if edge.source_output not in outputs or edge.target_input not in ports:
        return
    output, port = outputs[edge.source_output], ports[edge.target_input]
    place = (edge.target, edge.target_input)
    if not port.accepts(output.dtype):
        message = (
            f"'{edge.target_input}' of '{nodes[edge.target].label}' takes {port.dtype}, "
            f"but '{nodes[edge.source].label}' gives {output.dtype}."
        )
        yield Diagnostic(
            code="type_mismatch",
            node=edge.target,
            port=edge.target_input,
            message=message,
            hint="Remove the wire.",
        )
    elif place in taken and not port.multiple:
        message = f"'{edge.target_input}' of '{nodes[edge.target].label}' has more than one wire; it takes one."
        yield Diagnostic(
            code="occupied_port",
            node=edge.target,
            port=edge.target_input,
            message=message,
            hint="Remove all but one.",
        )
    taken.setdefault(place, edge)


def _check_cycle(graph: Graph, topology: Topology) -> Iterator[Diagnostic]:
    path = topology.cycle
    if path:
        labels = {node.id: node.label for node in graph.nodes}
        message = f"The wires form a cycle: {' → '.join(labels[i] for i in path)}."
        for node_id in dict.fromkeys(path):
            yield Diagnostic(
                code="cycle", node=node_id, message=message, hint="Remove one wire of the cycle."
            )


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """A hint that names the nearest known name; empty when none is near."""
    by_lower = {k.lower(): k for k in known}
    near = difflib.get_close_matches(name.lower()[:100], by_lower, n=1)
    return f"Did you mean '{by_lower[near[0]]}'?" if near else ""
