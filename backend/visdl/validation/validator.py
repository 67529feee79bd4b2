"""The validator: report everything that is wrong with a graph at once, each at its node.

It checks the structure first and then, unless the wires form a cycle, follows data and shapes
through the graph in one walk.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator

from visdl.compiler.expansion import GraphLimits
from visdl.compiler.flat_graph import Flat
from visdl.compiler.flatten import flatten
from visdl.compiler.memory import amount
from visdl.compiler.topology import Topology
from visdl.compiler.walk import FindDataset, walk
from visdl.models.diagnostics import Diagnostic, NodeReport, Report, Severity
from visdl.models.errors import TooLargeError
from visdl.models.graph import Graph
from visdl.models.runs import MOST_CHECKPOINTS
from visdl.nodes.contract.base import BaseNode, TrainingLoopNode
from visdl.nodes.contract.estimates import estimate
from visdl.nodes.contract.registry import Registry
from visdl.validation.block_reports import block_reports
from visdl.validation.report_builder import ReportBuilder
from visdl.validation.static_pass import StaticVisitor
from visdl.validation.structure_checks import check_structure

log = logging.getLogger(__name__)


class Validator:
    """Checks graphs against the registry and the stored datasets."""

    def __init__(
        self,
        registry: Registry,
        find_dataset: FindDataset,
        *,
        limits: GraphLimits | None = None,
        free_memory: Callable[[str | None], int | None] = lambda _: None,
        total_memory: Callable[[str | None], int | None] = lambda _: None,
        free_disk: Callable[[], int | None] = lambda: None,
    ) -> None:
        """Check graphs that are not larger than `limits`.

        `free_memory` and `total_memory` return the bytes of a device ("cpu", "cuda", or None for
        the default one), `free_disk` those where checkpoints are written. Too little free memory is
        a warning, because more may be free when the run starts; too little in total is an error.
        """
        self._registry = registry
        self.find_dataset = find_dataset
        self.limits = limits or GraphLimits()
        self._free_memory = free_memory
        self._total_memory = total_memory
        self._free_disk = free_disk

    def report(self, graph: Graph, *, to_run: bool = False) -> Report:
        """Return all diagnostics and what is known of every port.

        With `to_run`, a graph without anything to train is an error instead of a warning.
        """
        too_large = list(self.why_too_large(graph))
        if too_large:
            return Report(valid=False, diagnostics=too_large)
        flat = flatten(graph, self.limits)
        diagnostic_list = flat.diagnostic_list
        if not flat.expanded:
            return Report(valid=False, diagnostics=list(diagnostic_list))
        topology = Topology(flat.graph)
        check_structure(flat.graph, topology, self._registry, diagnostic_list, self.limits.heavy)
        diagnostic_list.add_all(self._training(flat.graph, "error" if to_run else "warning"))
        visitor = StaticVisitor(
            flat,
            topology,
            self._registry,
            self.find_dataset,
            set(diagnostic_list.broken),
            self.limits.seconds,
        )
        if not topology.cycle and not diagnostic_list.full:
            walk(flat.graph, topology, self._registry, visitor)
            for check in (self._memory, self._disk):
                estimate(
                    lambda check=check: check(visitor.report),  # type: ignore[misc]
                    None,
                    log.warning,
                    "A run's need of memory or disk is not compared with what is free",
                )
            by_severity = sorted(visitor.report.diagnostics, key=lambda d: d.severity != "error")
            diagnostic_list.add_all(by_severity)
        return self._summarise(flat, visitor.report)

    def _summarise(self, flat: Flat, built: ReportBuilder) -> Report:
        """Return the report on an expanded graph: diagnostics in order, and all of its nodes."""
        diagnostic_list = flat.diagnostic_list
        order = {node.id: index for index, node in enumerate(flat.graph.nodes)}
        diagnostics = sorted(
            diagnostic_list, key=lambda d: (d.severity != "error", order.get(d.node or "", -1))
        )
        nodes = {node.id: built.nodes.get(node.id, NodeReport()) for node in flat.graph.nodes}
        for node_id in diagnostic_list.broken & nodes.keys():
            nodes[node_id].status = "error"
        return Report(
            valid=diagnostic_list.valid,
            diagnostics=[*diagnostics, *diagnostic_list.rest()],
            nodes={**nodes, **block_reports(flat, nodes)},
            totals=built.totals,
        )

    def _memory(self, report: ReportBuilder) -> None:
        """Report the free memory of the device, with a warning where training needs more."""
        totals = report.totals
        if self._exceeds_device(report) or totals.memory is None:
            return
        totals.memory_free = self._free_memory(report.device)
        if totals.memory_free is not None and totals.memory > totals.memory_free:
            needed, free = totals.memory / 2**30, totals.memory_free / 2**30
            message = (
                f"Training needs about {needed:.1f} GiB of memory, "
                f"but {free:.1f} GiB are free on the device."
            )
            hint = "Lower batch_size, or make the model smaller."
            report.diagnostics.append(
                Diagnostic(code="memory", severity="warning", message=message, hint=hint)
            )

    def _exceeds_device(self, report: ReportBuilder) -> bool:
        """Report weights, gradients and optimizer state that exceed the device's memory."""
        total = self._total_memory(report.device)
        if report.lasting is None or total is None or report.lasting[0] <= total:
            return False
        needed, heaviest = report.lasting
        report.add(
            heaviest,
            f"Weights, gradients and the optimizer's state need {amount(needed)}, "
            f"but the device has {amount(total)}.",
            code="memory",
            hint=f"Make the model smaller: most of its parameters are in '{heaviest.label}'.",
        )
        return True

    def _disk(self, report: ReportBuilder) -> None:
        """Warn where the disk has too little free space for the checkpoints of a run."""
        free = self._free_disk()
        if (
            report.checkpoint is None
            or free is None
            or free >= MOST_CHECKPOINTS * report.checkpoint
        ):
            return
        needed, free_gib = MOST_CHECKPOINTS * report.checkpoint / 2**30, free / 2**30
        message = (
            f"The checkpoints of a run need about {needed:.1f} GiB, "
            f"but the disk has {free_gib:.1f} GiB free."
        )
        hint = "Free some space: 'Storage and clean-up…' in Ctrl K lists what can be deleted."
        report.diagnostics.append(
            Diagnostic(code="disk", severity="warning", message=message, hint=hint)
        )

    def why_too_large(self, graph: Graph) -> Iterator[Diagnostic]:
        """Yield an error if a graph has more nodes or wires, as it is drawn, than allowed."""
        nodes = len(graph.nodes) + sum(len(block.nodes) for block in graph.blocks.values())
        edges = len(graph.edges) + sum(len(block.edges) for block in graph.blocks.values())
        for kind, count, limit in (
            ("nodes", nodes, self.limits.nodes),
            ("wires", edges, self.limits.edges),
        ):
            if count > limit:
                setting = "VISDL_MAX_NODES" if kind == "nodes" else "VISDL_MAX_EDGES"
                message = f"The graph has {count:,} {kind}; at most {limit:,} are allowed."
                hint = f"Split it into smaller graphs, or raise {setting}."
                yield Diagnostic(code="too_large", message=message, hint=hint)

    def require_size(self, graph: Graph) -> None:
        """Raise TooLargeError if a graph has more nodes or wires than allowed."""
        for found in self.why_too_large(graph):
            raise TooLargeError(found.message, hint=found.hint)

    def _training(self, graph: Graph, severity: Severity) -> Iterator[Diagnostic]:
        loops = [
            n
            for n in graph.nodes
            if issubclass(self._registry.find(n.type) or BaseNode, TrainingLoopNode)
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
