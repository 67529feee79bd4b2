"""The pipeline of study planning, shared by previewing, creating and extending a study.

A preview adds the last step, `price.price`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from visdl.models.graph import Graph
from visdl.models.studies import StudyPlan, Variant
from visdl.nodes.contract.registry import Registry
from visdl.studies.planning.check import PlannedStudy, check, check_variant
from visdl.studies.planning.expand import Setting, expand, expand_trial
from visdl.studies.planning.replacements import Replacements
from visdl.studies.planning.resolve import PlanningContext, resolve, resolve_baseline
from visdl.validation.validator import Validator


class StudyPlanner:
    """Run the steps of planning. Thread-safe: it keeps nothing between calls."""

    def __init__(self, validator: Validator, registry: Registry) -> None:
        self._context = PlanningContext(validator, registry)

    def plan_study(self, plan: StudyPlan, graph: Graph, seconds: float = math.inf) -> PlannedStudy:
        """Resolve, expand and check a plan. See `check` for `seconds`.

        Raises InvalidGraphError if the baseline cannot be trained, and InvalidInputError if the
        plan names something that does not exist or variants that cannot be compared.
        """
        resolved = resolve(plan, graph, self._context)
        candidates = expand(resolved.baseline, self._context)
        return check(resolved, candidates, self._context, seconds)

    def plan_trial(
        self, plan: StudyPlan, graph: Graph, settings: Sequence[Setting], key: str
    ) -> Variant:
        """Resolve, expand and check one more trial of a search, which may turn out invalid."""
        baseline = resolve_baseline(plan, graph, self._context)
        candidate = expand_trial(baseline, settings, key, self._context)
        replacements = Replacements(baseline, self._context.registry)
        return check_variant(candidate, baseline, replacements, self._context).variant
