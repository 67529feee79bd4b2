"""What is known before a run: one walk that passes on datasets, shapes and models, not values."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Mapping
from typing import Any

from visdl.compiler.flat_graph import Flat
from visdl.compiler.network import extract
from visdl.compiler.topology import Topology
from visdl.compiler.walk import BLOCKED, Blocked, FindDataset, Inputs, arguments, is_network_node
from visdl.datasets.split import Loader
from visdl.models.diagnostics import Diagnostic, Fix, NodeReport, RemoveNode
from visdl.models.error_texts import reason_of
from visdl.models.errors import AppError, is_resource_error
from visdl.models.graph import Node
from visdl.nodes.contract.base import AssemblyNode, BaseNode, DataNode, TrainingLoopNode
from visdl.nodes.contract.learning import (
    LossNode,
    MetricNode,
    Schedule,
    SchedulerNode,
)
from visdl.nodes.contract.parameter_groups.optimizer_node import OptimizerNode
from visdl.nodes.contract.registry import Registry
from visdl.nodes.contract.runtime_values import TrainingFacts
from visdl.nodes.contract.specs import DataType
from visdl.validation.advice import advise
from visdl.validation.evaluation_advice import Evaluation, advise_on_evaluation
from visdl.validation.metric_checks import check_metrics
from visdl.validation.model_checks import ModelFacts, check_model, dataset_of, describe_groups
from visdl.validation.part_counts import part_rows
from visdl.validation.report_builder import ReportBuilder
from visdl.validation.training_checks import check_training
from visdl.validation.training_setup import TrainingSetup

log = logging.getLogger(__name__)
Outputs = Mapping[str, Any] | Blocked | None
_TABLE_SECONDS = 1.5  # of CPU time, for all nodes that look through columns or weights


class Unknown:
    """A value that is known only at run time."""


UNKNOWN = Unknown()


class StaticVisitor:
    """Follow data and shapes through a graph.

    `broken` holds the nodes with a structural error. The shapes of all models are inferred for
    `seconds` of CPU time.
    """

    def __init__(
        self,
        flat: Flat,
        topology: Topology,
        registry: Registry,
        find_dataset: FindDataset,
        broken: set[str],
        seconds: float,
    ) -> None:
        graph = flat.graph
        self._flat = flat
        self._topology = topology
        self._registry = registry
        self._find_dataset = find_dataset
        self._broken = broken
        self._model_seconds = seconds
        self._table_seconds = _TABLE_SECONDS
        self._nodes = {node.id: node for node in graph.nodes}
        self._classes = {node.id: registry.find(node.type) or BaseNode for node in graph.nodes}
        loops = [
            n.id
            for n in graph.nodes
            if issubclass(self._classes[n.id], TrainingLoopNode) and not n.disabled
        ]
        self._loops = set(loops)
        self._needed = topology.ancestors(loops)
        self._in_models = topology.ancestors(
            n.id for n in graph.nodes if issubclass(self._classes[n.id], AssemblyNode)
        )
        self._model_of: dict[str, Node] = {}
        self._metric_of: dict[str, MetricNode] = {}
        self.report = ReportBuilder()

    def visit(self, node: Node, cls: type[BaseNode], inputs: Inputs) -> Outputs:
        node_report = self.report.nodes[node.id] = NodeReport(
            status="disabled" if node.disabled else "ok"
        )
        if is_network_node(cls):
            if node.id not in self._in_models:
                self._report_unused(node)
            return dict.fromkeys(
                cls.outputs(), UNKNOWN
            )  # checked with the full model, at its assembly
        self.report.describe_inputs(node, cls, inputs.values)
        if node.id in self._broken:
            return BLOCKED
        if inputs.blocked:
            node_report.status = "blocked"
            empty = _empty_ports(cls, inputs)
            if empty and not node.disabled:
                self._report_empty_ports(node, cls, empty, inputs)
            return BLOCKED
        try:
            find = self._bounded if issubclass(cls, DataNode | OptimizerNode) else self._outputs
            outputs = find(node, cls, inputs)
            if isinstance(outputs, Mapping):
                self.report.describe_outputs(node, cls, dict(outputs))
                if issubclass(cls, DataNode):
                    node_report.parts = part_rows(outputs.values())
        except AppError as error:
            return self._reject(node, error, error.field)
        except Exception as error:  # a node may raise anything
            if is_resource_error(error):
                raise  # not the node's fault
            log.warning("'%s' (%s) cannot be checked.", node.label, node.type, exc_info=True)
            message = (
                f"'{node.label}' cannot be checked: {type(error).__name__}: {reason_of(error)}."
            )
            hint = "The code of the node raised this error; the log shows where."
            self.report.add(node, message, code="node_failed", hint=hint)
            return BLOCKED
        return outputs

    def _bounded(self, node: Node, cls: type[BaseNode], inputs: Inputs) -> Outputs:
        """Return the outputs of a node that compares lists of columns or weights with patterns.

        They are unknown once such nodes have taken too long together.
        """
        if self._table_seconds <= 0:
            message = f"'{node.label}' is checked in the run: nodes before it took too long."
            hint = "Use fewer data nodes and optimizers, or shorter lists of columns and rules."
            self.report.add(node, message, code="unchecked", severity="warning", hint=hint)
            return dict.fromkeys(cls.outputs(), UNKNOWN)
        begun = time.thread_time()
        try:
            return self._outputs(node, cls, inputs)
        finally:
            self._table_seconds -= time.thread_time() - begun

    def _outputs(self, node: Node, cls: type[BaseNode], inputs: Inputs) -> Outputs:
        try:
            args = arguments(cls, node, inputs, self._find_dataset)
        except AppError as error:
            names = [
                name for name, spec in cls.parameters().items() if spec.dtype is DataType.DATASET
            ]
            return self._reject(node, error, names[0])
        instance = cls.create(args)
        if node.disabled:
            passed = instance.on_disable(**args)
            return None if passed is None else dict(zip(cls.outputs(), passed, strict=False))
        empty = _empty_ports(cls, inputs)
        if empty:
            return self._report_empty_ports(node, cls, empty, inputs)
        diagnostics = instance.check(**args)
        self.report.add_all(node, diagnostics)
        if not diagnostics:
            diagnostics = self._check_evaluation(node, args)
            self.report.diagnostics += diagnostics
        if any(diagnostic.severity == "error" for diagnostic in diagnostics):
            return BLOCKED
        return self._infer(node, instance, args, inputs)

    def _check_evaluation(self, node: Node, args: dict[str, Any]) -> list[Diagnostic]:
        """Return what is wrong with the rows that a node measures a trained model on."""
        if not any(isinstance(value, TrainingFacts) for value in args.values()):
            return []
        sources = {
            edge.target_input: self._nodes[edge.source] for edge in self._topology.incoming[node.id]
        }
        loops = self._loops & self._topology.ancestors([node.id])
        splitters = [
            data_node
            for loop in loops
            for data_node, names in self._data_nodes(self._nodes[loop])
            if "test_ratio" in names
        ]
        evaluation = Evaluation.find(node, args, sources, next(iter(splitters), None))
        return [] if evaluation is None else advise_on_evaluation(evaluation)

    def _report_unused(self, node: Node) -> None:
        """Report a layer that no model reads, so that it does not train."""
        self.report.nodes[node.id].status = "unused"
        message = f"'{node.label}' is not part of a model: no Model Assembly reads it."
        hint = "Wire it into the chain that ends at the model, or remove it."
        self.report.add(
            node, message, code="unused", severity="warning", hint=hint, fix=_removal(node)
        )

    def _report_empty_ports(
        self, node: Node, cls: type[BaseNode], empty: list[str], inputs: Inputs
    ) -> Blocked | None:
        """Report required ports without a value: an error, or that the node is skipped."""
        add, label = self.report.add, node.label
        if not (self._topology.incoming[node.id] or self._topology.outgoing[node.id]):
            self.report.nodes[node.id].status = "unused"
            hint = "Wire it, or remove it."
            message = f"'{label}' is not connected to anything."
            add(node, message, code="unused", severity="warning", hint=hint, fix=_removal(node))
            return None
        off = [inputs.absent[port] for port in empty if port in inputs.absent]
        if off and node.id not in self._needed:
            self.report.nodes[node.id].status = "unused"
            add(
                node,
                f"'{label}' is skipped: '{off[0].label}' is switched off.",
                code="skipped",
                severity="info",
            )
            return None
        for port in empty:
            if port in inputs.absent:
                self.report.add_switched_off(node, port, inputs.absent[port])
            else:
                spec = cls.ports()[port]
                hint = f"Wire a {spec.dtype} output to it" + (
                    f": {spec.description}." if spec.description else "."
                )
                add(
                    node,
                    f"'{port}' of '{label}' is not connected.",
                    code="missing_input",
                    port=port,
                    hint=hint,
                )
        return BLOCKED

    def _infer(
        self, node: Node, instance: BaseNode, args: dict[str, Any], inputs: Inputs
    ) -> Outputs:
        names = list(instance.outputs())
        if isinstance(instance, DataNode):
            return self._infer_data(node, instance, args)
        if isinstance(instance, MetricNode):
            self._metric_of[node.id] = instance
        if isinstance(instance, OptimizerNode):
            describe_groups(node, instance, args["model"], self.report)
        if isinstance(instance, LossNode | MetricNode | OptimizerNode):
            return dict.fromkeys(names, instance)
        if isinstance(instance, SchedulerNode):
            return self._infer_schedule(node, instance, args)
        if isinstance(instance, AssemblyNode):
            return self._infer_model(node, args["dataset"] or inputs.training_data)
        if isinstance(instance, TrainingLoopNode):
            data_nodes = list(self._data_nodes(node))
            self._check_metrics(node, args)
            result = check_training(node, args, self._registry, data_nodes, self.report)
            self._advise(node, args, data_nodes)
            return BLOCKED if result is None else {"result": result}
        return dict.fromkeys(names, UNKNOWN)

    def _check_metrics(self, loop: Node, args: dict[str, Any]) -> None:
        """Report metrics wired to a training that do not fit its loss."""
        wired = [
            (self._nodes[edge.source], value)
            for edge in self._topology.incoming[loop.id]
            if edge.target_input == "metrics"
            and (value := self._metric_of.get(edge.source)) is not None
        ]
        loss, train = args["loss_fn"], dataset_of(args["train_loader"])
        if isinstance(loss, LossNode) and train is not None:
            check_metrics(wired, loss, train, self.report)

    def _advise(
        self, loop: Node, args: dict[str, Any], data_nodes: list[tuple[Node, set[str]]]
    ) -> None:
        model, loss, train = args["model"], args["loss_fn"], dataset_of(args["train_loader"])
        sources = {edge.target_input: edge.source for edge in self._topology.incoming[loop.id]}
        if not (isinstance(model, ModelFacts) and isinstance(loss, LossNode) and train is not None):
            return
        optimizer = Schedule.of(args["optimizer"]).optimizer
        makers = self._topology.ancestors([sources["optimizer"]])
        setup = TrainingSetup(
            loop=loop,
            model=model,
            train=train,
            loader=args["train_loader"] if isinstance(args["train_loader"], Loader) else None,
            loss=loss,
            loss_node=self._nodes[sources["loss_fn"]],
            optimizer=optimizer if isinstance(optimizer, OptimizerNode) else None,
            optimizer_node=next(
                (self._nodes[i] for i in makers if issubclass(self._classes[i], OptimizerNode)),
                None,
            ),
            parameter_nodes={name: node for node, names in reversed(data_nodes) for name in names},
            registry=self._registry,
        )
        advise(setup, self.report)

    def _infer_schedule(self, node: Node, instance: SchedulerNode, args: dict[str, Any]) -> Outputs:
        try:
            values = instance.execute(**args)
        except AppError as error:
            return self._reject(node, error, None)
        return dict(zip(instance.outputs(), values, strict=True))

    def _infer_data(self, node: Node, instance: DataNode, args: dict[str, Any]) -> Outputs:
        names = list(instance.outputs())
        if any(isinstance(value, Unknown) for value in args.values()):
            return dict.fromkeys(names, UNKNOWN)
        try:
            values = instance.infer(**args)
        except AppError as error:
            return self._reject(node, error, error.field)
        except NotImplementedError:
            return dict.fromkeys(names, UNKNOWN)
        if not isinstance(values, tuple | list) or len(values) != len(names):
            raise TypeError(
                f"infer must return one value per output, as a tuple ({', '.join(names)})"
            )
        return dict(zip(names, values, strict=True))

    def _infer_model(self, node: Node, data: Any) -> Outputs:
        network = extract(self._flat, self._topology, self._registry, node, self._broken)
        for step in network.steps:
            other = self._model_of.setdefault(step.node.id, node)
            if other is not node:
                label = step.node.label
                message = f"'{label}' is part of two models, '{other.label}' and '{node.label}'."
                self.report.add(
                    step.node,
                    message,
                    code="shared_layer",
                    hint="Give each model its own layers.",
                )
        if isinstance(data, Unknown):
            return {"model": UNKNOWN}
        dataset = dataset_of(data)
        if dataset is None and not (network.inputs and data is None):
            return self._without_input(node, data)
        begun, left = time.thread_time(), max(0.0, self._model_seconds)
        facts = check_model(node, network, dataset, self._registry, self.report, left)
        self._model_seconds -= time.thread_time() - begun
        if facts is None or self._topology.ancestors([node.id]) & self._broken:
            self.report.nodes[node.id].status = "blocked"
            return BLOCKED
        return {"model": facts}

    def _without_input(self, node: Node, data: Any) -> Blocked:
        """Block a model whose input is unknown; report it where no data is wired."""
        if isinstance(data, Blocked):
            self.report.nodes[node.id].status = "blocked"
        else:
            message = f"The input shape of '{node.label}' is not known."
            hint = "Wire training data to the Training Loop, or a dataset to this node."
            self.report.add(node, message, code="no_input_shape", port="dataset", hint=hint)
        return BLOCKED

    def _data_nodes(self, loop: Node) -> Iterator[tuple[Node, set[str]]]:
        """Yield the nodes upstream of the training data, nearest first, with their parameters."""
        wires = [
            edge.source
            for edge in self._topology.incoming[loop.id]
            if edge.target_input == "train_loader"
        ]
        before = self._topology.ancestors(wires)
        for node_id in reversed(self._topology.order):
            if node_id in before:
                yield self._nodes[node_id], set(self._classes[node_id].parameters())

    def _reject(self, node: Node, error: AppError, port: str | None) -> Blocked:
        self.report.add(node, error.message, code=error.code, port=port, hint=error.hint)
        return BLOCKED


def _removal(node: Node) -> Fix:
    return Fix(label=f"Remove '{node.label}'", edits=[RemoveNode(node=node.id)])


def _empty_ports(cls: type[BaseNode], inputs: Inputs) -> list[str]:
    """Return the required ports that have no value, and would have none without errors upstream."""
    fed = inputs.values.keys() | inputs.blocked
    return [name for name, spec in cls.ports().items() if spec.required and name not in fed]
