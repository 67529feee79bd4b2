"""Studies as the API sees them: preview, create, steer, extend and read."""

from __future__ import annotations

import builtins
import time
from collections.abc import Sequence

from anyio import CapacityLimiter, to_thread

from visdl.models.errors import ConflictError, InvalidInputError
from visdl.models.events import Point
from visdl.models.graph import Graph
from visdl.models.ids import new_id
from visdl.models.runs import DatasetUse, RunState
from visdl.models.strategies import MOST_SEEDS, STRATEGIES, OptunaSearch
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
)
from visdl.nodes.contract.registry import Registry
from visdl.runs.supervisor import RunSupervisor
from visdl.store import Store
from visdl.store.studies import StudyCount, StudyRun
from visdl.studies import export, results
from visdl.studies.cells import ACTIVE, trained_variants
from visdl.studies.curves import mean_curve
from visdl.studies.planning.check import PlannedStudy, check_startable
from visdl.studies.planning.pipeline import StudyPlanner
from visdl.studies.planning.price import planned_runs, price
from visdl.studies.search import TrialSuggester
from visdl.studies.study_scheduler import StudyScheduler
from visdl.studies.variant_graphs import VariantGraphs, find_variant
from visdl.validation.validator import Validator

_RESULTS_CACHE_SIZE = 50
_CURVE_POINTS = 2000
_PREVIEW_SECONDS = 1.0  # of CPU time, for the check of variants
_FAILED = {RunState.FAILED, RunState.STOPPED, RunState.INTERRUPTED}


class Studies:
    """The service of studies. Thread-safe."""

    def __init__(
        self, store: Store, runs: RunSupervisor, validator: Validator, registry: Registry
    ) -> None:
        self._store = store
        self._runs = runs
        self._planner = StudyPlanner(validator, registry)
        self._graphs = VariantGraphs(store, runs, registry)
        self._results: dict[str, tuple[tuple[object, ...], StudyResults]] = {}
        suggester = TrialSuggester(store, self._planner)
        self._scheduler = StudyScheduler(store, runs, self._graphs, suggester)

    def start(self) -> None:
        """Continue the studies that were running when the server ended."""
        self._scheduler.start()

    def close(self) -> None:
        self._scheduler.close()

    def preview(self, request: NewStudy, graph: Graph) -> StudyPreview:
        """Plan and price a study. Raises as `StudyPlanner.plan_study` does.

        Of many variants, those that take too long to check are left for the start of the study.
        """
        planned = self._planner.plan_study(request, graph, _PREVIEW_SECONDS)
        notes = planned.notes
        if planned.unchecked:
            variants = f"{planned.unchecked:,} of {len(planned.candidates):,} variants"
            notes = [*notes, f"{variants} are checked when the study starts, which takes longer."]
        cost = price(request, planned, self._graphs, self._store, self._runs.slots)
        return StudyPreview(
            variants=planned.variants,
            offers=planned.offers,
            runs=cost.runs,
            reused=cost.reused,
            seconds=cost.seconds,
            direction=planned.direction,
            metrics=planned.metrics,
            notes=notes,
        )

    def create(self, request: NewStudy, graph: Graph) -> Study:
        """Plan a study, store it and queue its first runs.

        Raises as `StudyPlanner.plan_study` and `check_startable` do.
        """
        planned = self._planner.plan_study(request, graph)
        check_startable(request, planned.variants)
        plan = StudyPlan.model_validate(request.model_dump(exclude={"graph", "graph_id"}))
        label = STRATEGIES[plan.strategy.kind].label
        name = plan.name or f"{graph.name[:120]} · {label.lower()}"
        study = Study(
            id=new_id(),
            name=name,
            plan=plan.model_copy(update={"name": name}),
            direction=planned.direction,
            graph_id=request.graph_id,
            graph_name=graph.name,
            variants=planned.variants,
            datasets=self._datasets(planned),
            created=time.time(),
        )
        self._store.add_study(study, planned.graph)
        self._scheduler.schedule_study(study.id)
        return self.get(study.id)

    def _datasets(self, planned: PlannedStudy) -> builtins.list[DatasetUse]:
        """Return the datasets of the baseline and of every configuration."""
        graphs = [planned.graph, *(c.graph for c in planned.candidates if not c.variant.edits)]
        uses = [use for graph in graphs for use in self._runs.dataset_uses(graph)]
        return list({use.id: use for use in uses}.values())

    def list(self, search: str | None = None) -> builtins.list[Study]:
        """Return the studies whose name, graph, id or note contains a text, the newest first."""
        counts = self._store.study_counts()
        text = (search or "").lower()
        return [
            self._with_counts(s, counts.get(s.id, []))
            for s in self._store.studies()
            if text in f"{s.name} {s.graph_name} {s.graph_id} {s.id} {s.note}".lower()
        ]

    def get(self, study_id: str) -> Study:
        """Return a study with its counts. Raises NotFoundError."""
        counts = self._store.study_counts(study_id).get(study_id, [])
        return self._with_counts(self._store.study(study_id), counts)

    def patch(self, study_id: str, patch: StudyPatch) -> Study:
        """Change name, note, labels and order of variants. Raises NotFoundError."""
        study = self._store.study(study_id)
        fields = patch.model_dump(include={"name", "note"}, exclude_none=True)
        labels, order = patch.labels or {}, patch.order or []
        for key in (*labels, *order):
            find_variant(study, key)
        variants = [
            v.model_copy(update={"label": labels.get(v.key) or v.label}) for v in study.variants
        ]
        if order:
            position = {key: index for index, key in enumerate(order)}
            last = len(position)
            variants.sort(key=lambda v: (v.role != "baseline", position.get(v.key, last)))
        self._store.patch_study(study_id, **fields, variants=variants)
        return self.get(study_id)

    def delete(self, study_id: str, *, runs: bool) -> None:
        """Delete a study, with `runs` also those that no other study uses.

        Raises ConflictError while it is running or paused.
        """
        unused = self._store.delete_study(study_id)
        for run in unused if runs else ():
            self._runs.delete(run)

    async def pause(self, study_id: str, threads: CapacityLimiter) -> Study:
        """Pause a study; return when its runs have paused, or after 10 s. No thread waits."""
        runs = await to_thread.run_sync(self._scheduler.pause, study_id, limiter=threads)
        await self._runs.wait_for_command(runs, RunState.RUNNING)
        return await to_thread.run_sync(self.get, study_id)

    async def resume(self, study_id: str, threads: CapacityLimiter) -> Study:
        """Resume a study; return as soon as its runs have a command. No thread waits."""
        await to_thread.run_sync(self._scheduler.resume, study_id, limiter=threads)
        return await to_thread.run_sync(self.get, study_id)

    def stop(self, study_id: str) -> Study:
        self._scheduler.stop(study_id)
        return self.get(study_id)

    def add_seeds(self, study_id: str, seeds: Sequence[int]) -> Study:
        """Train every variant on more seeds.

        Raises InvalidInputError for seeds that the study has, ConflictError for a search.
        """
        study = self._store.study(study_id)
        _check_new_seeds(study, seeds)
        looked = any(cell.state not in ACTIVE for cell in self._store.study_cells(study_id))
        plan = study.plan.model_copy(update={"seeds": [*study.plan.seeds, *seeds]})
        extended = [*study.extended, *seeds] if looked else study.extended
        self._store.patch_study(study_id, plan=plan, extended=extended)
        self._schedule_again(study_id)
        return self.get(study_id)

    def retry(self, study_id: str) -> Study:
        """Train the failed cells once more. Raises ConflictError if there are none."""
        cells = self._store.study_runs(study_id)
        failed = [cell.run.id for cell in cells if cell.run.state in _FAILED]
        if not failed:
            hint = "There is nothing to train again."
            raise ConflictError("No run of this study has failed.", hint=hint)
        self._store.drop_study_runs(study_id, failed)
        self._schedule_again(study_id)
        return self.get(study_id)

    def _schedule_again(self, study_id: str) -> None:
        if self._store.study(study_id).state in (StudyState.COMPLETED, StudyState.STOPPED):
            self._scheduler.resume(study_id)
        else:
            self._scheduler.schedule_study(study_id)

    def results(self, study_id: str) -> StudyResults:
        """Return the table of a study. Raises NotFoundError."""
        return self._conclude(self._store.study(study_id), self._store.study_runs(study_id))

    def _conclude(self, study: Study, cells: Sequence[StudyRun]) -> StudyResults:
        """Return the results for the present state of study and runs, computed once."""
        runs = tuple((c.variant, c.seed, c.run.id, c.run.state) for c in cells)
        state = (study.model_dump_json(), runs)
        cached = self._results.get(study.id)
        if cached is None or cached[0] != state:
            cached = (state, results.conclude(study, cells))
            if len(self._results) >= _RESULTS_CACHE_SIZE:
                self._results.clear()
            self._results[study.id] = cached
        return cached[1]

    def cells(self, study_id: str) -> builtins.list[Cell]:
        """Return every run of a study by variant and seed. Raises NotFoundError."""
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
        """Return the mean curve of a metric for every variant that has one."""
        study, cells = self._store.study(study_id), self._store.study_runs(study_id)
        curves = {}
        for variant in study.variants:
            key = variant.same_as or variant.key
            runs = [cell.run.id for cell in cells if variant.valid and cell.variant == key]
            curves[variant.key] = mean_curve([self._series(run, metric) for run in runs])
        return StudyCurves(
            metric=metric, variants={k: curve for k, curve in curves.items() if curve}
        )

    def _series(self, run: str, metric: str) -> Sequence[Point]:
        return self._store.series(run, [metric], _CURVE_POINTS).series.get(metric, [])

    def graph(self, study_id: str, variant_key: str = "") -> Graph:
        """Return the graph of a study, or of one of its variants. Raises NotFoundError."""
        study = self._store.study(study_id)
        if not variant_key:
            return self._store.study_graph(study_id)
        variant = find_variant(study, variant_key)
        graph = self._graphs.build_graph(study, variant)
        return graph.model_copy(update={"name": f"{graph.name} · {variant.label}"[:200]})

    def export(self, study_id: str, format: export.Format) -> export.File:
        """Return a file of a study. Raises ConflictError for a figure without any differences."""
        study, cells = self._store.study(study_id), self._store.study_runs(study_id)
        graph = self._store.study_graph(study_id)
        return export.export_study(study, graph, cells, self._conclude(study, cells), format)

    def _with_counts(self, study: Study, counts: Sequence[StudyCount]) -> Study:
        def total(*states: RunState) -> int:
            return sum(count.runs for count in counts if count.state in states)

        found = StudyCounts(
            planned=planned_runs(study.plan, len(trained_variants(study))),
            completed=total(RunState.COMPLETED),
            failed=total(*_FAILED),
            live=total(*ACTIVE),
            reused=sum(count.runs for count in counts if count.reused),
        )
        seconds_left = None
        if study.state in (StudyState.RUNNING, StudyState.PAUSED) and found.completed:
            seconds = sum(c.seconds for c in counts if c.state is RunState.COMPLETED)
            left = found.planned - found.completed - found.failed
            seconds_left = seconds / found.completed * left / self._runs.slots
        obstacle = None
        if study.state is StudyState.RUNNING:
            obstacle = self._scheduler.find_obstacle(study.id) or self._runs.find_obstacle()
        return study.model_copy(
            update={"counts": found, "seconds_left": seconds_left, "obstacle": obstacle}
        )


def _check_new_seeds(study: Study, seeds: Sequence[int]) -> None:
    known = set(study.plan.seeds)
    duplicates = [seed for seed in seeds if seed in known or list(seeds).count(seed) > 1]
    if duplicates:
        message = f"The study already has seed {duplicates[0]}."
        raise InvalidInputError(message, hint="Give other seeds.", field="seeds")
    if len(known) + len(seeds) > MOST_SEEDS:
        message = f"A study has at most {MOST_SEEDS} seeds."
        raise InvalidInputError(message, hint="Add fewer.", field="seeds")
    if isinstance(study.plan.strategy, OptunaSearch):
        message = "A search selected its trials with the seeds that it had."
        hint = "Create a study of its best trial with more seeds instead."
        raise ConflictError(message, hint=hint)
