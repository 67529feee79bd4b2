"""Resolve, the first step of planning: the graph as it is trained, and its metrics."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from visdl.models.diagnostics import Report
from visdl.models.errors import InvalidGraphError, InvalidInputError
from visdl.models.graph import Graph, Node
from visdl.models.strategies import Direction
from visdl.models.studies import StudyPlan
from visdl.nodes.contract.base import BaseNode
from visdl.nodes.contract.learning import LossNode, MetricNode
from visdl.nodes.contract.metrics.names import (
    MetricFactory,
    Part,
    measured_keys,
    metric_direction,
    usual_metrics,
)
from visdl.nodes.contract.registry import Registry
from visdl.nodes.contract.specs import DataType
from visdl.studies.edits import keep_best_weights, training_loops
from visdl.validation.structure_checks import did_you_mean
from visdl.validation.validator import Validator


@dataclass(frozen=True)
class PlanningContext:
    """What every step reads: the validator with its datasets, and the registry of node types."""

    validator: Validator
    registry: Registry


@dataclass(frozen=True)
class Baseline:
    """The graph of a study as its plan trains it, and the report of its validation."""

    plan: StudyPlan
    graph: Graph
    report: Report


@dataclass(frozen=True)
class ResolvedStudy:
    """A plan whose graph can be trained and whose metric exists.

    `metrics` are the metric keys that a run measures, validation first.
    """

    baseline: Baseline
    metrics: list[str]
    direction: Direction


def resolve(plan: StudyPlan, graph: Graph, context: PlanningContext) -> ResolvedStudy:
    """Resolve what a plan names in a graph.

    Raises InvalidGraphError if the baseline cannot be trained, and InvalidInputError if a run of it
    does not measure the plan's metric or a seed is listed twice.
    """
    baseline = resolve_baseline(plan, graph, context)
    if not baseline.report.valid:
        raise InvalidGraphError(baseline.report)
    factories = _metric_factories(baseline.graph, context.registry)
    metrics = _metric_keys(baseline.graph, factories, context.registry)
    _check_metric(plan.metric, metrics)
    _check_seeds(plan.seeds)
    better = plan.direction or metric_direction(plan.metric, factories) or "minimize"
    return ResolvedStudy(baseline, metrics, better)


def resolve_baseline(plan: StudyPlan, graph: Graph, context: PlanningContext) -> Baseline:
    """Return the graph as the plan trains it with its report, which may contain errors."""
    if plan.select == "best":
        graph = keep_best_weights(graph, context.registry)
    return Baseline(plan, graph, context.validator.report(graph, to_run=True))


def _check_metric(metric: str, metrics: Sequence[str]) -> None:
    if metric not in metrics:
        hint = did_you_mean(metric, metrics) or f"Choose one of: {', '.join(metrics)}."
        message = f"A run of this graph has no metric '{metric}'."
        raise InvalidInputError(message, hint=hint, field="metric")


def _check_seeds(seeds: Sequence[int]) -> None:
    duplicates = [seed for seed, count in Counter(seeds).items() if count > 1]
    if duplicates:
        message = f"Seed {duplicates[0]} is given twice."
        raise InvalidInputError(message, hint="Give each seed once.", field="seeds")


def _metric_keys(graph: Graph, factories: Sequence[MetricFactory], registry: Registry) -> list[str]:
    """Return the metric keys of a run, such as val_loss: validation, test, training."""
    loops = {node.id for node in training_loops(graph, registry)}
    parts: list[Part] = ["train"]
    if any(edge.target in loops and edge.target_input == "val_loader" for edge in graph.edges):
        parts.insert(0, "val")
    if any(_is_evaluator(node, registry) for node in graph.nodes if not node.disabled):
        parts.insert(1, "test")
    return measured_keys(parts, [factory() for factory in factories])


def _is_evaluator(node: Node, registry: Registry) -> bool:
    """Return whether the node measures a trained model on a dataset of its own."""
    cls = registry.find(node.type) or BaseNode
    inputs = {spec.dtype for spec in cls.ports().values()}
    outputs = {spec.dtype for spec in cls.outputs().values()}
    return {DataType.TRAINING_RESULT, DataType.DATASET} <= inputs and DataType.METRICS in outputs


def _metric_factories(graph: Graph, registry: Registry) -> list[MetricFactory]:
    """Return the metrics of the losses and metric nodes that feed a training loop."""
    factories: list[MetricFactory] = []
    loops = {node.id for node in training_loops(graph, registry)}
    for edge in graph.edges:
        node = next((node for node in graph.nodes if node.id == edge.source), None)
        cls = (registry.find(node.type) if node else None) or BaseNode
        if edge.target not in loops or node is None or node.disabled:
            continue
        if issubclass(cls, LossNode):
            factories += usual_metrics(cls.create(node.params), registry)
        elif issubclass(cls, MetricNode):
            factories.append(_metric_factory(cls, node))
    return factories


def _metric_factory(cls: type[MetricNode], node: Node) -> MetricFactory:
    return lambda: cls.create(node.params)
