"""From a plan to variants that are known to train: each validated, counted and compared with the baseline."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from visdl.compiler.flatten import flatten
from visdl.models.diagnostics import ReplaceNode, Report
from visdl.models.errors import InvalidGraphError, InvalidInputError
from visdl.models.graph import Graph, Node
from visdl.models.strategies import Direction, OptunaSweep, groups_of
from visdl.models.studies import Offer, StudyPlan, Variant
from visdl.nodes.contract.base import BaseNode, TrainerNode
from visdl.nodes.contract.learning import LossNode, MetricNode
from visdl.nodes.contract.metric_names import direction, metric_key, usual_metrics
from visdl.nodes.contract.registry import Registry
from visdl.nodes.contract.specs import DataType
from visdl.studies.edits import find_node, label_of
from visdl.studies.expansion import BASELINE, Candidate, Expander, with_best_weights
from visdl.studies.plain import Plain
from visdl.validation.validator import Validator, did_you_mean

UNTUNED = "Every variant keeps the baseline's hyper-parameters: none was tuned for it."
OPTIMISTIC = (
    "The best value is chosen and reported on the same data, the validation part: it is optimistic. "
    "A test metric is measured once, on the weights that validation chose."
)


@dataclass(frozen=True)
class Planned:
    """The graph that the study is about, its variants, and what a run of it measures."""

    graph: Graph
    candidates: list[Candidate]
    offers: dict[str, Offer]
    direction: Direction
    metrics: list[str]
    notes: list[str]


class Planner:
    def __init__(self, validator: Validator, registry: Registry) -> None:
        self._validator = validator
        self._registry = registry

    def plan(self, graph: Graph, plan: StudyPlan) -> Planned:
        """All variants with what is wrong with each.

        Raises InvalidGraphError for a baseline that cannot be trained, InvalidInputError for a plan that asks for what
        is not there, or for what could not be compared.
        """
        graph = self.base(graph, plan)
        report = self.report(graph)
        if not report.valid:
            raise InvalidGraphError(report)
        makers = self._metric_makers(graph)
        metrics = self.metrics(graph)
        if plan.metric not in metrics:
            hint = did_you_mean(plan.metric, metrics) or f"Choose one of: {', '.join(metrics)}."
            raise InvalidInputError(
                f"A run of this graph has no metric '{plan.metric}'.", hint=hint, field="metric"
            )
        twice = [seed for seed, count in Counter(plan.seeds).items() if count > 1]
        if twice:
            raise InvalidInputError(
                f"Seed {twice[0]} is given twice.", hint="Give each seed once.", field="seeds"
            )
        expander = self.expander(graph, plan, report)
        if isinstance(plan.strategy, OptunaSweep):
            expander.check_search(plan.strategy)
        candidates = [self.assess(one, expander, report) for one in expander.expand()]
        if plan.metric.endswith("_loss"):
            self._refuse_another_loss(graph, candidates, metrics)
        better = plan.direction or direction(plan.metric, makers) or "minimize"
        return Planned(
            graph, candidates, _offers(candidates, expander), better, metrics, list(_notes(plan))
        )

    def report(self, graph: Graph) -> Report:
        return self._validator.report(graph, to_run=True)

    def base(self, graph: Graph, plan: StudyPlan) -> Graph:
        """The graph as the plan wants it trained."""
        return with_best_weights(graph, self._registry) if plan.select == "best" else graph

    def expander(self, graph: Graph, plan: StudyPlan, report: Report) -> Expander:
        return Expander(
            graph, plan, self._registry, self._validator.find_dataset, Plain(report.nodes)
        )

    def assess(self, candidate: Candidate, expander: Expander, baseline: Report) -> Candidate:
        """The candidate with what is known of its network."""
        variant, graph = candidate.variant, candidate.graph
        is_base = variant.key == BASELINE
        report = baseline if is_base else self.report(graph)
        reset = [] if is_base else list(_reset(graph, variant, report, baseline))
        fields = {
            "valid": report.valid,
            "problems": [one for one in report.diagnostics if one.severity == "error"],
            "parameters": report.totals.parameters,
            "flops": report.totals.flops,
            "reset": reset,
            "how": f"{variant.how}; {', '.join(reset)} adapted"
            if reset and variant.how
            else variant.how,
        }
        if (
            len(variant.parts) == 1
            and not variant.params
            and find_node(expander.graph, variant.parts[0])
        ):
            offer = expander.offer(variant.parts[0])
            fields |= {"offers": offer.how, "plain": offer.plain}
        return Candidate(variant.model_copy(update=fields), graph)

    def metrics(self, graph: Graph) -> list[str]:
        """The keys that a run of this graph measures, validation first."""
        names = ["loss", *dict.fromkeys(metric_key(make()) for make in self._metric_makers(graph))]
        loops = self._loops(graph)
        parts = ["train"]
        if any(edge.target in loops and edge.target_input == "val_loader" for edge in graph.edges):
            parts.insert(0, "val")
        if any(self._tests(node) for node in graph.nodes if not node.disabled):
            parts.insert(1, "test")
        return [f"{part}_{name}" for part in parts for name in names]

    def _tests(self, node: Node) -> bool:
        """Whether the node measures a trained model on data of its own."""
        cls = self._registry.find(node.type) or BaseNode
        types = {spec.dtype for spec in cls.ports().values()}
        gives = {spec.dtype for spec in cls.outputs().values()}
        return {DataType.TRAINING_RESULT, DataType.DATASET} <= types and DataType.METRICS in gives

    def _loops(self, graph: Graph) -> set[str]:
        return {
            node.id
            for node in graph.nodes
            if issubclass(self._registry.find(node.type) or BaseNode, TrainerNode)
        }

    def _metric_makers(self, graph: Graph) -> list[Callable[[], MetricNode]]:
        found: list[Callable[[], MetricNode]] = []
        loops = self._loops(graph)
        for edge in graph.edges:
            node = next((node for node in graph.nodes if node.id == edge.source), None)
            cls = (self._registry.find(node.type) if node else None) or BaseNode
            if edge.target not in loops or node is None or node.disabled:
                continue
            if issubclass(cls, LossNode):
                found += usual_metrics(cls.create(node.params), self._registry)
            elif issubclass(cls, MetricNode):
                found.append(_maker(cls, node))
        return found

    def _refuse_another_loss(
        self, graph: Graph, candidates: Sequence[Candidate], metrics: Sequence[str]
    ) -> None:
        """Raises InvalidInputError where variants train with another loss than the baseline's."""
        base = self._losses(graph)
        for candidate in candidates:
            if self._losses(candidate.graph) != base:
                others = [name for name in metrics if not name.endswith("_loss")]
                message = f"'{candidate.variant.label}' trains with another loss, so values of the loss cannot be compared."
                raise InvalidInputError(
                    message, hint=f"Choose another metric: {', '.join(others)}.", field="metric"
                )

    def _losses(self, graph: Graph) -> list[tuple[str, str]]:
        nodes = [
            n
            for n in flatten(graph).graph.nodes
            if issubclass(self._registry.find(n.type) or BaseNode, LossNode)
        ]
        return sorted((node.type, repr(sorted(node.params.items()))) for node in nodes)


def _maker(cls: type[MetricNode], node: Node) -> Callable[[], MetricNode]:
    return lambda: cls.create(node.params)


def _offers(candidates: Sequence[Candidate], expander: Expander) -> dict[str, Offer]:
    """For each node that a variant takes out, alone or with others, and for each group as a whole."""
    variants = [one.variant for one in candidates if not one.variant.params]
    parts = dict.fromkeys(part for variant in variants for part in variant.parts)
    found = {part: expander.offer(part) for part in parts if find_node(expander.graph, part)}
    return found | {
        "+".join(group.nodes): expander.offer(group) for group in groups_of(expander.plan.strategy)
    }


def _reset(graph: Graph, variant: Variant, report: Report, baseline: Report) -> Iterator[str]:
    """Layers that are in both networks with other sizes: their first weights differ."""
    replaced = {edit.node for edit in variant.edits if isinstance(edit, ReplaceNode)}
    for path, node in report.nodes.items():
        before = baseline.nodes.get(path)
        if before is None or path in replaced or find_node(graph, path) is None:
            continue
        if node.parameters and before.parameters and node.parameters != before.parameters:
            yield label_of(graph, path)


def _notes(plan: StudyPlan) -> Iterator[str]:
    yield UNTUNED
    if plan.select == "best" and plan.metric.startswith("val_"):
        yield OPTIMISTIC
