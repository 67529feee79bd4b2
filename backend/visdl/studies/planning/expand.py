"""Expand, the second step of planning: the variants that a strategy makes of the baseline."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from pydantic import JsonValue

from visdl.models.diagnostics import ReplaceNode, SetParam
from visdl.models.errors import InvalidInputError, TooLargeError
from visdl.models.graph import Graph
from visdl.models.parameter_rules import RuleField
from visdl.models.strategies import (
    MOST_VARIANTS,
    AddOne,
    Configurations,
    Cumulative,
    Grid,
    LeaveGroupOut,
    LeaveNOut,
    LeaveOneOut,
    OptunaSearch,
    Part,
    RandomSearch,
    Replace,
)
from visdl.models.studies import BASELINE, MINIMAL, StudyEdit, Variant
from visdl.studies.edits import apply_edits, label_of, require_node
from visdl.studies.fingerprint import training_key
from visdl.studies.planning.factors import check_factors, draw, first_value
from visdl.studies.planning.parts import PartRemover, Removal, join_unique
from visdl.studies.planning.resolve import Baseline, PlanningContext

_CHANGES = 100  # edits × nodes, for each node of a variant that may be checked
_CHARACTERS = 200  # of values, for each of them

#: A node's path, the name of its parameter, and the value to set.
Setting = tuple[str, str, JsonValue]


@dataclass(frozen=True)
class Candidate:
    """A variant and its graph."""

    variant: Variant
    graph: Graph


def expand(baseline: Baseline, context: PlanningContext) -> list[Candidate]:
    """Return the variants of a plan, the baseline first; duplicates name the variant they equal.

    An Optuna search begins with the baseline alone. Raises InvalidInputError for a part, parameter
    or range that does not exist, and for more than MOST_VARIANTS variants; TooLargeError for more
    nodes in all variants than the limits allow.
    """
    expander = _Expander(baseline, context)
    strategy = baseline.plan.strategy
    if isinstance(strategy, Grid | RandomSearch | OptunaSearch):
        check_factors(strategy, baseline.graph, context.registry)
    if isinstance(strategy, OptunaSearch):
        expander.set_params([(f.node, f.param, first_value(f)) for f in strategy.factors])
    candidates = [
        Candidate(Variant(key=BASELINE, label="Baseline", role="baseline"), baseline.graph),
        *itertools.islice(expander.variants(), MOST_VARIANTS),
    ]
    if len(candidates) > MOST_VARIANTS:
        message = f"The study has more than {MOST_VARIANTS - 1:,} variants."
        raise InvalidInputError(message, hint="Choose fewer parts or values.", field="strategy")
    return _mark_duplicates(candidates)


def expand_trial(
    baseline: Baseline, settings: Sequence[Setting], key: str, context: PlanningContext
) -> Candidate:
    """Return one trial of a search as a candidate. Raises InvalidInputError as `expand` does."""
    return _Expander(baseline, context).set_params(settings, key=key)


class _Expander:
    """Makes variants of one baseline, with keys v1, v2, … in their order."""

    def __init__(self, baseline: Baseline, context: PlanningContext) -> None:
        self._strategy = baseline.plan.strategy
        self._graph = baseline.graph
        self._registry = context.registry
        self._remover = PartRemover(baseline, context)
        self._numbers = itertools.count(1)
        self._size = len(baseline.report.nodes)
        self._limit = context.validator.limits.study_nodes
        self._checked = self._changed = self._text = 0

    def variants(self) -> Iterator[Candidate]:
        match self._strategy:
            case LeaveOneOut(nodes=parts):
                yield from self._leave_out(parts, 1)
            case LeaveNOut(nodes=parts, n=n):
                yield from self._leave_out(parts, n)
            case LeaveGroupOut(groups=groups):
                yield from self._leave_out(groups, 1)
            case AddOne() as strategy:
                yield from self._add_one(strategy)
            case Cumulative(order=parts):
                yield from self._cumulative(parts)
            case Replace() as strategy:
                yield from self._replace(strategy)
            case Grid() as strategy:
                yield from self._grid(strategy)
            case RandomSearch() as strategy:
                yield from self._random(strategy)
            case Configurations() as strategy:
                yield from self._configurations(strategy)

    def set_params(self, settings: Sequence[Setting], **fields: Any) -> Candidate:
        """Return the variant with these values of parameters.

        Raises InvalidInputError for a node or parameter that does not exist.
        """
        edits, params, labels = [], {}, []
        for path, param, value in settings:
            node = require_node(self._graph, path)
            cls = self._registry.find(node.type)
            rule_field = RuleField.parse(param)
            name = param if rule_field is None else rule_field.param
            if cls is not None and name not in cls.parameters():
                message = f"{node.type} has no parameter '{param}'."
                hint = f"Its parameters: {', '.join(cls.parameters()) or 'none'}."
                raise InvalidInputError(message, hint=hint, field="strategy")
            edits.append(SetParam(node=path, param=param, value=value))
            params[f"{path}.{param}"] = value
            shown = param if rule_field is None else rule_field.label
            labels.append(f"{label_of(self._graph, path)} {shown} = {_format_value(value)}")
        parts = list(dict.fromkeys(edit.node for edit in edits))
        label = ", ".join(labels)
        return self._candidate(label, edits, params=params, parts=parts, how="set", **fields)

    def _candidate(
        self,
        label: str,
        edits: Sequence[StudyEdit],
        *,
        graph: Graph | None = None,
        reference: str | None = BASELINE,
        **fields: Any,
    ) -> Candidate:
        key = f"v{next(self._numbers)}"
        self._require_size(edits, graph)
        known = {"key": key, "label": label[:200], "reference": reference, "edits": list(edits)}
        variant = Variant.model_validate({**known, **fields})
        return Candidate(variant, graph or apply_edits(self._graph, edits, self._registry))

    def _require_size(self, edits: Sequence[StudyEdit], graph: Graph | None) -> None:
        """Raise TooLargeError if all variants so far are more than one study may have."""
        size = self._size if graph is None else len(graph.nodes)
        self._checked += size
        self._changed += len(edits) * size
        texts = (e.value for e in edits if isinstance(e, SetParam) and isinstance(e.value, str))
        self._text += sum(map(len, texts))
        for count, limit, what in (
            (self._checked, self._limit, "nodes in all variants"),
            (self._changed, _CHANGES * self._limit, "changes of nodes"),
            (self._text, _CHARACTERS * self._limit, "characters of values"),
        ):
            if count > limit:
                message = f"The study has more than {limit:,} {what}."
                hint = "Choose fewer parts or values, or raise VISDL_MAX_STUDY_NODES."
                raise TooLargeError(message, hint=hint, field="strategy")

    def _without(self, label: str, removals: Sequence[Removal], **fields: Any) -> Candidate:
        edits = [edit for removal in removals for edit in removal.edits]
        nodes = [node for removal in removals for node in removal.nodes]
        how = join_unique(removal.how for removal in removals)
        return self._candidate(label, edits, **{"parts": nodes, "how": how, **fields})

    def _leave_out(self, parts: Sequence[Part], count: int) -> Iterator[Candidate]:
        removals = [self._remover.remove(part) for part in parts]
        if count > len(removals):
            message = f"{count} of {len(removals)} parts cannot be removed together."
            raise InvalidInputError(message, hint="Lower n, or name more parts.", field="strategy")
        for chosen in itertools.combinations(removals, count):
            yield self._without(_without_label(chosen), chosen)

    def _add_one(self, strategy: AddOne) -> Iterator[Candidate]:
        removals = [self._remover.remove(part) for part in strategy.nodes]
        yield self._without("Minimal model", removals, key=MINIMAL, role="minimal", reference=None)
        for removal in removals:
            others = [other for other in removals if other is not removal]
            label, parts = f"minimal + {removal.label}", list(removal.nodes)
            yield self._without(label, others, reference=MINIMAL, parts=parts)
        if strategy.leave_one_out:
            yield from self._leave_out(strategy.nodes, 1)

    def _cumulative(self, parts: Sequence[Part]) -> Iterator[Candidate]:
        removals = [self._remover.remove(part) for part in parts]
        reference = BASELINE
        for count in range(1, len(removals) + 1):
            removed = removals[:count]
            own = list(removed[-1].nodes)
            step = self._without(_without_label(removed), removed, reference=reference, parts=own)
            yield step
            reference = step.variant.key

    def _replace(self, strategy: Replace) -> Iterator[Candidate]:
        old = require_node(self._graph, strategy.node)
        for new in strategy.alternatives:
            edit = ReplaceNode(node=strategy.node, type=new.type, params=new.params)
            params = ", ".join(f"{name} {_format_value(v)}" for name, v in new.params.items())
            label = new.label or f"{old.label} → {new.type}{f' ({params})' if params else ''}"
            how = f"replaced by {new.type}"
            yield self._candidate(label, [edit], parts=[strategy.node], how=how)

    def _grid(self, strategy: Grid) -> Iterator[Candidate]:
        factors = strategy.factors
        for values in itertools.product(*(factor.values for factor in factors)):
            yield self.set_params(
                [(f.node, f.param, value) for f, value in zip(factors, values, strict=True)]
            )

    def _random(self, strategy: RandomSearch) -> Iterator[Candidate]:
        rng = np.random.default_rng(strategy.seed)
        for _ in range(strategy.trials):
            yield self.set_params([(f.node, f.param, draw(f, rng)) for f in strategy.factors])

    def _configurations(self, strategy: Configurations) -> Iterator[Candidate]:
        for number, one in enumerate(strategy.graphs, 1):
            label = one.label or one.graph.name or f"Configuration {number}"
            yield self._candidate(label, [], graph=one.graph, how="another graph")


def _without_label(removals: Sequence[Removal]) -> str:
    return f"w/o {' + '.join(removal.label for removal in removals)}"


def _mark_duplicates(candidates: Sequence[Candidate]) -> list[Candidate]:
    """Set `same_as` of every variant whose graph trains like that of an earlier one."""
    first_keys: dict[str, str] = {}
    marked = []
    for variant, graph in ((one.variant, one.graph) for one in candidates):
        first = first_keys.setdefault(training_key(graph), variant.key)
        same_as = first if first != variant.key else None
        marked.append(Candidate(variant.model_copy(update={"same_as": same_as}), graph))
    return marked


def _format_value(value: JsonValue) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    return f"{value:.6g}" if isinstance(value, float) else "none" if value is None else str(value)
