"""Check, the third step of planning: validate every variant and compare it with the baseline."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from visdl.compiler.flatten import flatten
from visdl.models.diagnostics import ReplaceNode, Report
from visdl.models.errors import InvalidInputError
from visdl.models.graph import Graph
from visdl.models.strategies import Direction, OptunaSearch, groups_of
from visdl.models.studies import BASELINE, Offer, StudyPlan, Variant
from visdl.nodes.contract.base import BaseNode
from visdl.nodes.contract.learning import LossNode
from visdl.nodes.contract.metrics.names import is_loss
from visdl.nodes.contract.registry import Registry
from visdl.studies.edits import find_node, label_of
from visdl.studies.notes import plan_notes
from visdl.studies.planning.expand import Candidate
from visdl.studies.planning.replacements import Replacements
from visdl.studies.planning.resolve import Baseline, PlanningContext, ResolvedStudy

_SCALING = "target_scaling"


@dataclass(frozen=True)
class PlannedStudy:
    """A study that can be created: its graph, its variants, and what a run of it measures.

    `offers` has the possible replacements of each removed node by its path, and of each group by
    the ids of its nodes joined with +.
    """

    graph: Graph
    candidates: list[Candidate]
    offers: dict[str, Offer]
    direction: Direction
    metrics: list[str]
    notes: list[str]
    unchecked: int = 0  # variants

    @property
    def variants(self) -> list[Variant]:
        return [candidate.variant for candidate in self.candidates]


class _ReportsOfEqual:
    """The reports of variants that later ones equal: a network is checked once."""

    def __init__(self, candidates: Sequence[Candidate]) -> None:
        self._needed = {candidate.variant.same_as for candidate in candidates} - {None}
        self._reports: dict[str, Report] = {}

    def keep(self, variant: Variant, report: Report) -> None:
        if variant.key in self._needed:
            self._reports[variant.key] = report

    def find(self, variant: Variant) -> Report | None:
        return self._reports.get(variant.same_as) if variant.same_as is not None else None


def check(
    resolved: ResolvedStudy,
    candidates: Sequence[Candidate],
    context: PlanningContext,
    seconds: float = math.inf,
) -> PlannedStudy:
    """Validate the candidates of a study, for so many seconds of CPU time.

    Variants that remain then are returned as they are, and counted as `unchecked`. Raises
    InvalidInputError if the metric is a loss and a variant trains with another loss, or on a target
    that is scaled in another way.
    """
    baseline = resolved.baseline
    replacements = Replacements(baseline, context.registry)
    reports = _ReportsOfEqual(candidates)
    until = time.thread_time() + seconds
    checked = list[Candidate]()
    for one in candidates:
        if checked and time.thread_time() > until:
            break
        checked.append(check_variant(one, baseline, replacements, context, reports))
    rest = candidates[len(checked) :]
    if is_loss(baseline.plan.metric):
        valid = [one for one in checked if one.variant.valid]
        _check_same_loss(baseline.graph, valid, resolved.metrics, context.registry)
    candidates = [*checked, *rest]
    variants = [candidate.variant for candidate in candidates]
    return PlannedStudy(
        graph=baseline.graph,
        candidates=candidates,
        offers=_offers(baseline, [one.variant for one in checked], replacements),
        direction=resolved.direction,
        metrics=resolved.metrics,
        notes=list(plan_notes(baseline.plan, variants)),
        unchecked=len(rest),
    )


def check_variant(
    candidate: Candidate,
    baseline: Baseline,
    replacements: Replacements,
    context: PlanningContext,
    reports: _ReportsOfEqual | None = None,
) -> Candidate:
    """Return the candidate with its validity, size and differences from the baseline.

    `reports` are those of the variants before it.
    """
    variant, graph = candidate.variant, candidate.graph
    if variant.key == BASELINE:
        report, resized = baseline.report, list[str]()
    else:
        report = (reports and reports.find(variant)) or context.validator.report(graph, to_run=True)
        resized = list(_resized_layers(graph, variant, report, baseline.report))
    if reports is not None:
        reports.keep(variant, report)
    adapted = f"{variant.how}; {', '.join(resized)} adapted"
    fields = {
        "valid": report.valid,
        "diagnostics": [one for one in report.diagnostics if one.severity == "error"],
        "parameters": report.totals.parameters,
        "flops": report.totals.flops,
        "reset": resized,
        "how": adapted if resized and variant.how else variant.how,
    }
    removes_one_part = len(variant.parts) == 1 and not variant.params
    if removes_one_part and find_node(baseline.graph, variant.parts[0]):
        offer = replacements.offer(variant.parts[0])
        fields |= {"offers": offer.how, "plain": offer.plain}
    return Candidate(variant.model_copy(update=fields), graph)


def check_startable(plan: StudyPlan, variants: Sequence[Variant]) -> None:
    """Check that a study of these variants is worth starting.

    Raises InvalidInputError if a variant cannot be trained and the plan does not skip it, or if
    nothing would differ from the baseline.
    """
    invalid = [variant for variant in variants if not variant.valid]
    if invalid and not plan.skip_invalid:
        raise _untrainable(invalid)
    if isinstance(plan.strategy, OptunaSearch):
        return
    valid = [variant for variant in variants if variant.valid]
    if len(valid) < 2:
        message = "No variant of the study can be trained."
        hint = "The preview lists what is wrong with each."
        raise InvalidInputError(message, hint=hint, field="strategy")
    if all(variant.same_as is not None for variant in valid[1:]):
        message = "Every variant is the same network as the baseline."
        hint = "Choose what changes the network."
        raise InvalidInputError(message, hint=hint, field="strategy")


def _untrainable(variants: Sequence[Variant]) -> InvalidInputError:
    first = variants[0]
    more = f" (and {len(variants) - 1} more)" if len(variants) > 1 else ""
    offers = " or ".join(f"'{offer}'" for offer in first.offers)
    instead = f" For {first.parts[0]}, `how` can be {offers}." if offers else ""
    return InvalidInputError(
        f"'{first.label}' cannot be trained{more}: {first.diagnostics[0].message}",
        hint=f"Leave it out, or set `skip_invalid`.{instead}",
        field="strategy",
    )


def _check_same_loss(
    graph: Graph,
    candidates: Sequence[Candidate],
    metrics: Sequence[str],
    registry: Registry,
) -> None:
    expected = _losses(graph, registry)
    for candidate in candidates:
        if _losses(candidate.graph, registry) != expected:
            others = [name for name in metrics if not is_loss(name)]
            label = candidate.variant.label
            message = (
                f"'{label}' trains with another loss or another scaling of the target, "
                "so their losses cannot be compared."
            )
            hint = f"Choose another metric: {', '.join(others)}."
            raise InvalidInputError(message, hint=hint, field="metric")


def _losses(graph: Graph, registry: Registry) -> list[tuple[str, str]]:
    """Return type and parameters of the losses, those inside blocks included.

    The scaling of the target belongs to them.
    """
    found = []
    for node in flatten(graph).graph.nodes:
        cls = registry.find(node.type) or BaseNode
        if issubclass(cls, LossNode):
            found.append((node.type, repr(sorted(node.params.items()))))
        elif _SCALING in cls.parameters():
            value = node.params.get(_SCALING, cls.parameters()[_SCALING].default)
            found.append((_SCALING, str(value)))
    return sorted(found)


def _offers(
    baseline: Baseline, variants: Sequence[Variant], replacements: Replacements
) -> dict[str, Offer]:
    """Return the offers for each node that a variant removes, and for each group as a whole."""
    removed = [variant.parts for variant in variants if not variant.params]
    nodes = dict.fromkeys(part for parts in removed for part in parts)
    offers = {n: replacements.offer(n) for n in nodes if find_node(baseline.graph, n)}
    groups = groups_of(baseline.plan.strategy)
    return offers | {"+".join(group.nodes): replacements.offer(group) for group in groups}


def _resized_layers(
    graph: Graph, variant: Variant, report: Report, baseline: Report
) -> Iterator[str]:
    """Yield the layers that both networks have with different sizes.

    Their initial weights differ from those of the baseline.
    """
    replaced = {edit.node for edit in variant.edits if isinstance(edit, ReplaceNode)}
    for path, node in report.nodes.items():
        before = baseline.nodes.get(path)
        if before is None or path in replaced:
            continue
        differs = before.parameters and node.parameters and node.parameters != before.parameters
        if differs and find_node(graph, path) is not None:
            yield label_of(graph, path)
