"""Studies as the API sees them: planned, begun, steered, and read."""

from __future__ import annotations

import builtins
import time
from collections.abc import Sequence

from visdl.models.errors import ConflictError, InvalidInputError
from visdl.models.graph import Graph
from visdl.models.ids import new_id
from visdl.models.runs import RunState
from visdl.models.strategies import MOST_SEEDS, OptunaSweep
from visdl.models.studies import (
    Cell,
    NewStudy,
    Study,
    StudyCounts,
    StudyCurves,
    StudyPatch,
    StudyPlan,
    StudyPreview,
    StudyResults,
    StudyState,
    Variant,
)
from visdl.nodes.contract.registry import Registry
from visdl.runs.supervisor import RunSupervisor
from visdl.store import Store
from visdl.store.run_list import RunFilter
from visdl.store.studies import StudyCount, StudyRun
from visdl.studies import export, results
from visdl.studies.conductor import UNDER_WAY, Conductor, trained
from visdl.studies.curves import bands
from visdl.studies.networks import Networks, find_variant
from visdl.studies.planning import Planned, Planner
from visdl.studies.search import Searcher
from visdl.validation.validator import Validator

_CONCLUDED = 50  # results that are kept
_FAILED = {RunState.FAILED, RunState.STOPPED, RunState.INTERRUPTED}


class Studies:
    """Every method is safe from any thread."""

    def __init__(
        self, store: Store, runs: RunSupervisor, validator: Validator, registry: Registry
    ) -> None:
        self._store = store
        self._runs = runs
        self._planner = Planner(validator, registry)
        self._networks = Networks(store, runs.specs, registry, runs.device)
        self._concluded: dict[str, tuple[tuple[object, ...], StudyResults]] = {}
        self._conductor = Conductor(store, runs, self._networks, Searcher(store, self._planner))

    def start(self) -> None:
        """Go on with the studies that were under way when the server ended."""
        self._conductor.start()

    def close(self) -> None:
        self._conductor.close()

    def preview(self, request: NewStudy, graph: Graph) -> StudyPreview:
        """What the study would train. Raises as `Planner.plan` does."""
        planned = self._planner.plan(graph, request)
        variants = [candidate.variant for candidate in planned.candidates]
        own = [
            one for one in planned.candidates if one.variant.valid and one.variant.same_as is None
        ]
        reused = 0
        if request.reuse:
            networks = [self._networks.make(candidate.graph, []) for candidate in own]
            prints = [
                network.fingerprints.of(seed) for network in networks for seed in request.seeds
            ]
            reused = len(self._store.find_same_runs(prints))
        runs = _planned(request, len(own)) - reused
        one = self._seconds_of(graph, request.graph_id)
        seconds = None if one is None else one * runs / self._places()
        return StudyPreview(
            variants=variants,
            offers=planned.offers,
            runs=runs,
            reused=reused,
            seconds=seconds,
            direction=planned.direction,
            metrics=planned.metrics,
            notes=[*planned.notes, *results.limits_of(request, variants)],
        )

    def create(self, request: NewStudy, graph: Graph) -> Study:
        """Begin a study. Raises as `Planner.plan` does, and InvalidInputError for variants that cannot be trained."""
        planned = self._planner.plan(graph, request)
        variants = [candidate.variant for candidate in planned.candidates]
        invalid = [variant for variant in variants if not variant.valid]
        if invalid and not request.skip_invalid:
            raise _invalid(invalid)
        if not isinstance(request.strategy, OptunaSweep):
            _check_worth(variants)
        plan = StudyPlan.model_validate(request.model_dump(exclude={"graph", "graph_id"}))
        name = plan.name or f"{graph.name[:120]} · {_KINDS[plan.strategy.kind]}"
        study = Study(
            id=new_id(),
            name=name,
            plan=plan.model_copy(update={"name": name}),
            direction=planned.direction,
            graph_id=request.graph_id,
            graph_name=graph.name,
            variants=variants,
            datasets=self._datasets(planned),
            created=time.time(),
        )
        self._store.add_study(study, planned.graph)
        self._conductor.begin(study.id)
        return self.get(study.id)

    def _datasets(self, planned: Planned) -> builtins.list:  # type: ignore[type-arg]
        graphs = [planned.graph, *(c.graph for c in planned.candidates if not c.variant.edits)]
        uses = [use for graph in graphs for use in self._runs.specs.dataset_uses(graph)]
        return list({use.id: use for use in uses}.values())

    def list(self, search: str | None = None) -> builtins.list[Study]:
        counts = self._store.study_counts()
        wanted = (search or "").lower()
        return [
            self._counted(study, counts.get(study.id, []))
            for study in self._store.studies()
            if wanted
            in f"{study.name} {study.graph_name} {study.graph_id} {study.id} {study.note}".lower()
        ]

    def get(self, study_id: str) -> Study:
        """Raises NotFoundError."""
        return self._counted(
            self._store.study(study_id), self._store.study_counts(study_id).get(study_id, [])
        )

    def patch(self, study_id: str, patch: StudyPatch) -> Study:
        study = self._store.study(study_id)
        fields = patch.model_dump(include={"name", "note"}, exclude_none=True)
        variants = study.variants
        if patch.labels is not None:
            for key in patch.labels:
                find_variant(study, key)
            variants = [
                v.model_copy(update={"label": patch.labels.get(v.key) or v.label}) for v in variants
            ]
        if patch.order is not None:
            places = {key: place for place, key in enumerate(patch.order)}
            for key in places:
                find_variant(study, key)
            last = len(places)
            variants = sorted(
                variants, key=lambda v: (v.role != "baseline", places.get(v.key, last))
            )
        self._store.patch_study(study_id, **fields, variants=variants)
        return self.get(study_id)

    def delete(self, study_id: str, *, runs: bool) -> None:
        """Raises ConflictError while the study is under way."""
        alone = self._store.delete_study(study_id)
        for run in alone if runs else ():
            self._runs.delete(run)

    def pause(self, study_id: str) -> Study:
        self._conductor.pause(study_id)
        return self.get(study_id)

    def resume(self, study_id: str) -> Study:
        self._conductor.resume(study_id)
        return self.get(study_id)

    def stop(self, study_id: str) -> Study:
        self._conductor.stop(study_id)
        return self.get(study_id)

    def add_seeds(self, study_id: str, seeds: Sequence[int]) -> Study:
        """Train on more seeds. Raises InvalidInputError for seeds that are there, ConflictError for a search."""
        study = self._store.study(study_id)
        known = set(study.plan.seeds)
        again = [seed for seed in seeds if seed in known or list(seeds).count(seed) > 1]
        if again:
            raise InvalidInputError(
                f"Seed {again[0]} is there already.", hint="Give other seeds.", field="seeds"
            )
        if len(known) + len(seeds) > MOST_SEEDS:
            raise InvalidInputError(
                f"A study has at most {MOST_SEEDS} seeds.", hint="Add fewer.", field="seeds"
            )
        if isinstance(study.plan.strategy, OptunaSweep):
            message = "A search chose its trials by the seeds that it had."
            raise ConflictError(message, hint="Study its best trial with more seeds instead.")
        looked = any(place.state not in UNDER_WAY for place in self._store.study_places(study_id))
        plan = study.plan.model_copy(update={"seeds": [*study.plan.seeds, *seeds]})
        extended = [*study.extended, *seeds] if looked else study.extended
        self._store.patch_study(study_id, plan=plan, extended=extended)
        self._begin_again(study_id)
        return self.get(study_id)

    def _begin_again(self, study_id: str) -> None:
        if self._store.study(study_id).state in (StudyState.COMPLETED, StudyState.STOPPED):
            self._conductor.resume(study_id)
        else:
            self._conductor.begin(study_id)

    def retry(self, study_id: str) -> Study:
        """Train what failed once more. Raises ConflictError where nothing did."""
        cells = self._store.study_runs(study_id)
        failed = [cell.run.id for cell in cells if cell.run.state in _FAILED]
        if not failed:
            raise ConflictError(
                "No run of this study has failed.", hint="There is nothing to train again."
            )
        self._store.drop_study_runs(study_id, failed)
        self._begin_again(study_id)
        return self.get(study_id)

    def results(self, study_id: str) -> StudyResults:
        return self._conclude(self._store.study(study_id), self._store.study_runs(study_id))

    def _conclude(self, study: Study, cells: Sequence[StudyRun]) -> StudyResults:
        """Computed once for what the study and its runs are now: the tests take a while."""
        known = (
            study.model_dump_json(),
            tuple((c.variant, c.seed, c.run.id, c.run.state) for c in cells),
        )
        found = self._concluded.get(study.id)
        if found is None or found[0] != known:
            found = (known, results.conclude(study, cells))
            if len(self._concluded) >= _CONCLUDED:
                self._concluded.clear()
            self._concluded[study.id] = found
        return found[1]

    def cells(self, study_id: str) -> builtins.list[Cell]:
        study = self._store.study(study_id)
        return [
            Cell(
                variant=cell.variant,
                seed=cell.seed,
                run=cell.run.id,
                state=cell.run.state,
                reused=cell.reused,
                value=results.value_of(study.plan, cell.run),
            )
            for cell in self._store.study_runs(study_id)
        ]

    def curves(self, study_id: str, metric: str) -> StudyCurves:
        study, cells = self._store.study(study_id), self._store.study_runs(study_id)
        found = {
            variant.key: self._band(variant, cells, metric)
            for variant in study.variants
            if variant.valid
        }
        return StudyCurves(
            metric=metric, variants={key: band for key, band in found.items() if band}
        )

    def _band(self, variant: Variant, cells: Sequence[StudyRun], metric: str) -> builtins.list:  # type: ignore[type-arg]
        runs = [c.run.id for c in cells if c.variant == (variant.same_as or variant.key)]
        return bands(
            [self._store.series(run, [metric], 2000).series.get(metric, []) for run in runs]
        )

    def graph(self, study_id: str, variant: str = "") -> Graph:
        study = self._store.study(study_id)
        if not variant:
            return self._store.study_graph(study_id)
        found = find_variant(study, variant)
        graph = self._networks.graph(study, found)
        return graph.model_copy(update={"name": f"{graph.name} · {found.label}"[:200]})

    def export(self, study_id: str, format: export.Format) -> export.File:
        """A file to take along. Raises ConflictError where there is nothing to draw yet."""
        study, cells = self._store.study(study_id), self._store.study_runs(study_id)
        graph = self._store.study_graph(study_id)
        return export.export(study, graph, cells, self._conclude(study, cells), format)

    def _counted(self, study: Study, counts: Sequence[StudyCount]) -> Study:
        def total(*states: RunState) -> int:
            return sum(count.runs for count in counts if count.state in states)

        planned = _planned(study.plan, len(trained(study)))
        completed = [count for count in counts if count.state is RunState.COMPLETED]
        found = StudyCounts(
            planned=planned,
            completed=sum(count.runs for count in completed),
            failed=total(*_FAILED),
            live=total(*UNDER_WAY),
            reused=sum(count.runs for count in counts if count.reused),
        )
        left = None
        if study.state in (StudyState.RUNNING, StudyState.PAUSED) and found.completed:
            mean = sum(count.seconds for count in completed) / found.completed
            left = mean * (planned - found.completed - found.failed) / self._places()
        return study.model_copy(update={"counts": found, "seconds_left": left})

    def _places(self) -> int:
        return max(1, sum(place.places for place in self._runs.places.queue().devices))

    def _seconds_of(self, graph: Graph, graph_id: str | None) -> float | None:
        """How long the newest complete run of this graph took."""
        for wanted in (graph_id, graph.name):
            if wanted:
                newest = self._store.runs(
                    RunFilter(state=[RunState.COMPLETED], graph=wanted), limit=1
                )
                if newest and (seconds := results.seconds_of(newest[0])) is not None:
                    return seconds
        return None


def _planned(plan: StudyPlan, trained: int) -> int:
    """How many trainings a plan means; a search has only begun with the variants that are there."""
    if isinstance(plan.strategy, OptunaSweep):
        trained = max(trained, plan.strategy.trials + 1)
    return trained * len(plan.seeds)


_KINDS = {
    "leave_one_out": "leave one out",
    "leave_n_out": "leave several out",
    "leave_group_out": "leave groups out",
    "add_one": "add one",
    "cumulative": "one after the other",
    "replace": "alternatives",
    "grid": "grid",
    "random": "random sweep",
    "optuna": "search",
    "configurations": "configurations",
}


def _check_worth(variants: Sequence[Variant]) -> None:
    """Raises InvalidInputError where nothing would be compared with the baseline."""
    valid = [variant for variant in variants if variant.valid]
    if len(valid) < 2:
        message = "No variant of the study can be trained."
        raise InvalidInputError(
            message, hint="The preview says what is wrong with each.", field="strategy"
        )
    if all(variant.same_as is not None for variant in valid[1:]):
        message = "Every variant is the same network as the baseline."
        raise InvalidInputError(message, hint="Choose what changes the network.", field="strategy")


def _invalid(variants: Sequence[Variant]) -> InvalidInputError:
    first = variants[0]
    more = f" (and {len(variants) - 1} more)" if len(variants) > 1 else ""
    offers = " or ".join(f"'{offer}'" for offer in first.offers)
    instead = f" For {first.parts[0]}, `how` may be {offers}." if offers else ""
    return InvalidInputError(
        f"'{first.label}' cannot be trained{more}: {first.problems[0].message}",
        hint=f"Leave it out, or set `skip_invalid`.{instead}",
        field="strategy",
    )
