"""The results of a study: the rows of its table and, when all runs have ended, the comparisons."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from visdl.models.runs import Run, RunState, is_batched, is_inexact
from visdl.models.strategies import AddOne, Configurations, Grid, Replace
from visdl.models.studies import (
    BASELINE,
    Arm,
    Dependence,
    Effect,
    Study,
    StudyPlan,
    StudyResults,
    StudyState,
    Variant,
    VariantResult,
)
from visdl.nodes.contract.metrics.names import is_measured_on
from visdl.store.studies import StudyRun
from visdl.studies import statistics as stats
from visdl.studies.captions import write_caption, write_methods
from visdl.studies.factorial import fit_factorial
from visdl.studies.notes import result_notes

_UNFINISHED = {StudyState.RUNNING, StudyState.PAUSED}
_WITHOUT_VALUE = {RunState.FAILED, RunState.STOPPED, RunState.INTERRUPTED}


def value_of(plan: StudyPlan, run: Run, metric: str | None = None) -> float | None:
    """Return the value of a run that counts in the table, for the plan's metric or another one.

    None if the run is not completed, does not measure the metric, or the value is not finite.
    """
    key = metric or plan.metric
    summary = run.metrics.get(key)
    if run.state is not RunState.COMPLETED or summary is None:
        return None
    # a test metric is measured once, on the weights that were kept: with "best" the best ones
    takes_best = plan.select == "best" and not is_measured_on("test", key)
    value = summary.best if takes_best else summary.last
    return value if value is not None and math.isfinite(value) else None


def run_seconds(run: Run) -> float | None:
    """Return how long a run trained, in seconds; for a run in a seed batch its share."""
    shared_by = run.batch.size if run.batch and is_batched(run) else 1
    return None if run.duration is None else run.duration / shared_by


def conclude(study: Study, cells: Sequence[StudyRun]) -> StudyResults:
    """Return the table of a study.

    Differences, tests and verdicts are present only when every planned run has ended or the study
    was stopped, so that nobody stops or extends a study because of a test (no peeking).
    """
    table = _Table(study, cells)
    rows = {variant.key: table.row(variant) for variant in study.variants if variant.valid}
    all_rows = list(rows.values())
    variants = [VariantResult(**row.model_dump()) for key, row in rows.items() if key != BASELINE]
    concluded = study.state not in _UNFINISHED
    effects, no_effects = _effects(study, rows) if concluded else ([], None)
    notes = list(result_notes(study, all_rows, concluded=concluded))
    return StudyResults(
        state=study.state,
        metric=study.plan.metric,
        direction=study.direction,
        baseline=rows[BASELINE],
        variants=_compare(study, rows, variants) if concluded else variants,
        effects=effects,
        dependence=_dependence(study, rows) if concluded else [],
        best=_best(study, all_rows) if not study.plan.strategy.TESTED else None,
        notes=[*notes, no_effects] if no_effects else notes,
        caption=write_caption(study, all_rows, concluded=concluded),
        methods=write_methods(study, all_rows),
    )


@dataclass
class _Table:
    study: Study
    cells: Sequence[StudyRun]

    def __post_init__(self) -> None:
        self._by_variant: dict[str, list[StudyRun]] = defaultdict(list)
        for cell in self.cells:
            self._by_variant[cell.variant].append(cell)

    def row(self, variant: Variant) -> Arm:
        plan, cells = self.study.plan, self._by_variant[variant.same_as or variant.key]
        values = {c.seed: value for c in cells if (value := value_of(plan, c.run)) is not None}
        ended = [cell for cell in cells if cell.run.state in {RunState.COMPLETED, *_WITHOUT_VALUE}]
        summary = stats.summarize(list(values.values()))
        seconds = [s for cell in cells if cell.seed in values and (s := run_seconds(cell.run))]
        return Arm(
            key=variant.key,
            label=variant.label,
            role=variant.role,
            edits=variant.edits,
            params=variant.params,
            parts=variant.parts,
            how=variant.how,
            reference=variant.reference,
            n=len(values),
            planned=len(plan.seeds),
            failed=len(ended) - len(values),
            reused=sum(cell.reused for cell in cells),
            batched=sum(is_batched(cell.run) for cell in cells),
            inexact=sum(is_inexact(cell.run) for cell in cells),
            mean=summary.mean,
            sd=summary.sd,
            values=dict(sorted(values.items())),
            secondary=self._secondary(cells),
            parameters=variant.parameters,
            flops=variant.flops,
            seconds=sum(seconds) / len(seconds) if seconds else None,
            reset=variant.reset,
            decimals=stats.decimals(summary.sd),
        )

    def _secondary(self, cells: Sequence[StudyRun]) -> dict[str, tuple[float, float | None]]:
        """Return mean and sd of every metric but the primary one."""
        plan = self.study.plan
        keys = dict.fromkeys(key for cell in cells for key in cell.run.metrics if "_" in key)
        keys.pop(plan.metric, None)
        secondary = {}
        for key in keys:
            values = [v for cell in cells if (v := value_of(plan, cell.run, key)) is not None]
            summary = stats.summarize(values)
            if summary.mean is not None:
                secondary[key] = (summary.mean, summary.sd)
        return secondary


def _compare(
    study: Study, rows: Mapping[str, Arm], variants: Sequence[VariantResult]
) -> list[VariantResult]:
    """Return the variants with their comparison; those of a search without tests."""
    if not study.plan.strategy.TESTED:
        return [one.model_copy(update=_describe(one, rows[BASELINE])) for one in variants]
    references = {one.key: rows[str(one.reference)] for one in variants if one.reference in rows}
    tested = [one for one in variants if one.key in references]
    arms = [
        stats.Arm(references[v.key].values, v.values, planned=v.planned, failed=v.failed)
        for v in tested
    ]
    comparisons = stats.compare(arms, study.direction, study.plan.margin)
    by_key = dict(zip((one.key for one in tested), comparisons, strict=True))
    change = _change(study)
    return [
        one.model_copy(update=_conclusion(one, by_key[one.key], change, references[one.key]))
        if one.key in by_key
        else one
        for one in variants
    ]


def _describe(row: Arm, baseline: Arm) -> dict[str, object]:
    """Return the differences of a trial from the baseline and their mean."""
    differences = _differences(row, baseline)
    delta = sum(differences.values()) / len(differences) if differences else None
    return {"pairs": len(differences), "delta": delta, "differences": differences}


def _conclusion(
    row: VariantResult, found: stats.Comparison, change: stats.Change, reference: Arm
) -> dict[str, object]:
    """Return the fields of a row that state its comparison with the reference."""
    if change == "added" and row.reference == BASELINE:
        change = "removed"  # a row of leave-one-out beside those of add-one
    return {
        "pairs": found.n,
        "delta": found.delta,
        "differences": _differences(row, reference),
        "ci": found.ci,
        "p": found.p,
        "p_holm": found.p_holm,
        "p_t": found.p_t,
        "p_t_holm": found.p_t_holm,
        "p_worse": found.p_worse,
        "effect_size": found.effect_size,
        "verdict": str(found.verdict),
        "sentence": stats.verdict_sentence(found.verdict, change),
    }


def _change(study: Study) -> stats.Change:
    match study.plan.strategy:
        case AddOne():
            return "added"
        case Replace():
            return "replaced"
        case Grid() | Configurations():
            return "changed"
        case _:
            return "removed"


def _effects(study: Study, rows: Mapping[str, Arm]) -> tuple[list[Effect], str | None]:
    """Return the effects of a grid, and the reason if they cannot be estimated."""
    if not isinstance(study.plan.strategy, Grid):
        return [], None
    runs = [
        (seed, {name: _level(level) for name, level in row.params.items()}, value)
        for row in rows.values()
        if row.params
        for seed, value in row.values.items()
    ]
    try:
        fit = fit_factorial(runs)
    except ValueError as error:
        return [], f"The effects of the grid cannot be estimated: {error}"
    contrasts = [
        Effect(
            term=" × ".join(
                f"{factor}: {level} against {other}"
                for factor, level, other in zip(one.factors, one.levels, one.against, strict=True)
            ),
            estimate=one.estimate,
            ci=one.ci,
            p=one.p,
        )
        for one in fit.effects
    ]
    tests = [
        Effect(term=f"{' × '.join(test.factors)}: all levels", df=test.df, f=test.f, p=test.p)
        for test in fit.tests
    ]
    return [*contrasts, *tests], None


def _level(value: object) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _dependence(study: Study, rows: Mapping[str, Arm]) -> list[Dependence]:
    """Compare each part's removal from the full model with its addition to the minimal model."""
    if not isinstance(study.plan.strategy, AddOne):
        return []
    removals = {tuple(row.parts): row for row in rows.values() if row.reference == BASELINE}
    dependence = []
    for addition in rows.values():
        removal = removals.get(tuple(addition.parts))
        if addition.reference in (None, BASELINE) or removal is None:
            continue
        found = stats.depends_on_rest(
            _differences(removal, rows[BASELINE]),
            _differences(addition, rows[str(addition.reference)]),
        )
        if found.delta is not None:
            label = addition.label.removeprefix("floor + ").removeprefix("minimal + ")
            part = addition.parts[0]
            dependence.append(Dependence(part=part, label=label, delta=found.delta, ci=found.ci))
    return dependence


def _differences(row: Arm, reference: Arm) -> dict[int, float]:
    """Return value minus reference for every seed that has both."""
    common = row.values.keys() & reference.values.keys()
    return {
        seed: row.values[seed] - reference.values[seed] for seed in row.values if seed in common
    }


def _best(study: Study, rows: Sequence[Arm]) -> str | None:
    """Return the key of the row with the best mean among those without failed runs."""
    complete = [row for row in rows if row.mean is not None and row.failed == 0]
    if not complete:
        return None
    select = min if study.direction == "minimize" else max
    return select(complete, key=lambda row: row.mean or 0.0).key
