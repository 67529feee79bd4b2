"""Price, the last step of planning: how many runs a study needs and how long they take."""

from __future__ import annotations

from dataclasses import dataclass

from visdl.models.runs import RunState
from visdl.models.strategies import OptunaSearch
from visdl.models.studies import NewStudy, StudyPlan
from visdl.store import Store
from visdl.store.run_list import RunFilter
from visdl.studies.planning.check import PlannedStudy
from visdl.studies.results import run_seconds
from visdl.studies.variant_graphs import VariantGraphs


@dataclass(frozen=True)
class Price:
    """The cost of a study: new runs, reused runs, and the estimated seconds, if known."""

    runs: int
    reused: int
    seconds: float | None


def price(
    request: NewStudy, planned: PlannedStudy, graphs: VariantGraphs, store: Store, slots: int
) -> Price:
    """Estimate a study that trains `slots` runs at a time.

    Whether runs are reused is looked up for the variants that were checked. The duration is that of
    the newest completed run of the same graph; unknown without one.
    """
    own = [one for one in planned.candidates if one.variant.valid and one.variant.same_as is None]
    reused = 0
    if request.reuse:
        checked = own[: max(0, len(own) - planned.unchecked)]
        ready = [graphs.prepare(candidate.graph, []) for candidate in checked]
        fingerprints = [one.fingerprints.of(seed) for one in ready for seed in request.seeds]
        reused = len(store.find_same_runs(fingerprints))
    runs = planned_runs(request, len(own)) - reused
    one_run = _seconds_per_run(store, request.graph_id, planned.graph.name)
    return Price(runs, reused, None if one_run is None else one_run * runs / slots)


def planned_runs(plan: StudyPlan, variants: int) -> int:
    """Return the number of runs of a plan with this many variants to train.

    A search has only the variants that it has tried so far; its trials are counted instead.
    """
    if isinstance(plan.strategy, OptunaSearch):
        variants = max(variants, plan.strategy.trials + 1)
    return variants * len(plan.seeds)


def _seconds_per_run(store: Store, graph_id: str | None, graph_name: str) -> float | None:
    for graph in (graph_id, graph_name):
        if graph:
            newest = store.runs(RunFilter(state=[RunState.COMPLETED], graph=graph), limit=1)
            if newest and (seconds := run_seconds(newest[0])) is not None:
                return seconds
    return None
