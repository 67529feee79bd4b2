"""What a study has found: its rows, the comparisons when nothing is left to train, and what is to be said with them."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from visdl.models.runs import Run, RunState, is_stacked
from visdl.models.strategies import AddOne, Configurations, Grid, OptunaSweep, RandomSweep, Replace
from visdl.models.studies import (
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
from visdl.store.studies import StudyRun
from visdl.studies import statistics as stats
from visdl.studies.expansion import BASELINE
from visdl.studies.factorial import factorial
from visdl.studies.planning import OPTIMISTIC, UNTUNED
from visdl.studies.words import caption_of, methods_of, seeds_said

SEARCHED = "A sweep chooses the best of many: its differences are described, not tested."
_UNDER_WAY = {StudyState.RUNNING, StudyState.PAUSED}
_GONE = {RunState.FAILED, RunState.STOPPED, RunState.INTERRUPTED}


def value_of(plan: StudyPlan, run: Run, metric: str | None = None) -> float | None:
    """The value of a completed run that counts; None where there is none, or it is not finite."""
    key = metric or plan.metric
    summary = run.metrics.get(key)
    if run.state is not RunState.COMPLETED or summary is None:
        return None
    # a test metric was measured on the weights that were kept: with "best" those with the best validation
    value = summary.best if plan.select == "best" and not key.startswith("test_") else summary.last
    return value if value is not None and math.isfinite(value) else None


def conclude(study: Study, cells: Sequence[StudyRun]) -> StudyResults:
    """The table of a study. Differences, tests and verdicts stand in it only when every planned run has ended."""
    plan = study.plan
    table = _Table(study, cells)
    rows = {variant.key: table.row(variant) for variant in study.variants if variant.valid}
    variants = [
        VariantResult(**rows[variant.key].model_dump())
        for variant in study.variants
        if variant.valid and variant.key != BASELINE
    ]
    over = study.state not in _UNDER_WAY
    effects, refusal = _effects(study, rows) if over else ([], None)
    if over:
        variants = _compared(study, rows, variants)
    return StudyResults(
        state=study.state,
        metric=plan.metric,
        direction=study.direction,
        baseline=rows[BASELINE],
        variants=variants,
        effects=effects,
        dependence=_dependence(study, rows) if over else [],
        best=_best(study, list(rows.values())) if _is_sweep(plan) else None,
        notes=[*_notes(study, list(rows.values()), over), *([refusal] if refusal else [])],
        caption=caption_of(study, list(rows.values()), over),
        methods=methods_of(study, list(rows.values())),
    )


def seconds_of(run: Run) -> float | None:
    """How long a training took; of several that were one, its share."""
    together = run.stack_size if is_stacked(run) else 1
    return None if run.duration is None else run.duration / together


def limits_of(plan: StudyPlan, variants: Sequence[Variant]) -> list[str]:
    """What these seeds cannot show of these variants."""
    if _is_sweep(plan):
        return [SEARCHED]
    compared = sum(variant.valid and variant.reference is not None for variant in variants)
    return stats.limits(len(plan.seeds), compared)


def _is_sweep(plan: StudyPlan) -> bool:
    return isinstance(plan.strategy, RandomSweep | OptunaSweep)


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
        values = {
            cell.seed: value for cell in cells if (value := value_of(plan, cell.run)) is not None
        }
        ended = [c for c in cells if c.run.state is RunState.COMPLETED or c.run.state in _GONE]
        summary = stats.summarize(list(values.values()))
        seconds = [
            share for cell in cells if cell.seed in values and (share := seconds_of(cell.run))
        ]
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
            stacked=sum(is_stacked(cell.run) for cell in cells),
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
        plan = self.study.plan
        keys = dict.fromkeys(
            key for cell in cells for key in cell.run.metrics if "_" in key and key != plan.metric
        )
        found = {}
        for key in keys:
            values = [
                value for cell in cells if (value := value_of(plan, cell.run, key)) is not None
            ]
            summary = stats.summarize(values)
            if summary.mean is not None:
                found[key] = (summary.mean, summary.sd)
        return found


def _compared(
    study: Study, rows: Mapping[str, Arm], variants: Sequence[VariantResult]
) -> list[VariantResult]:
    """With the difference from the reference; of a sweep without tests."""
    if _is_sweep(study.plan):
        return [one.model_copy(update=_described(one, rows[BASELINE])) for one in variants]
    tested = [one for one in variants if one.reference in rows]
    arms = [
        stats.Arm(
            rows[str(one.reference)].values, one.values, planned=one.planned, failed=one.failed
        )
        for one in tested
    ]
    found = dict(
        zip(
            (one.key for one in tested),
            stats.compare(arms, study.direction, study.plan.margin),
            strict=True,
        )
    )
    change = _change(study)
    return [
        _with(one, found[one.key], change, _differences(one, rows[str(one.reference)]))
        if one.key in found
        else one
        for one in variants
    ]


def _described(row: Arm, baseline: Arm) -> dict[str, object]:
    """The differences of a trial from the baseline, and their mean."""
    differences = _differences(row, baseline)
    delta = sum(differences.values()) / len(differences) if differences else None
    return {"pairs": len(differences), "delta": delta, "differences": differences}


def _with(
    row: VariantResult, found: stats.Comparison, change: stats.Change, differences: dict[int, float]
) -> VariantResult:
    added = change == "added" and row.reference != BASELINE
    fields = {
        "pairs": found.n,
        "delta": found.delta,
        "differences": differences,
        "ci": found.ci,
        "p": found.p,
        "p_holm": found.p_holm,
        "p_t": found.p_t,
        "p_t_holm": found.p_t_holm,
        "p_worse": found.p_worse,
        "effect_size": found.effect_size,
        "verdict": str(found.verdict),
        "sentence": stats.sentence(
            found.verdict, "added" if added else "removed" if change == "added" else change
        ),
    }
    return row.model_copy(update=fields)


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
    """Main effects and interactions of a grid, and why there are none where there are too few runs for them."""
    if not isinstance(study.plan.strategy, Grid):
        return [], None
    cells = [
        (seed, row.params, value)
        for row in rows.values()
        if row.params
        for seed, value in row.values.items()
    ]
    try:
        found = factorial(
            [
                (seed, {k: _level(v) for k, v in params.items()}, value)
                for seed, params, value in cells
            ]
        )
    except ValueError as error:
        return [], f"No effects of the grid were estimated: {error}"
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
        for one in found.effects
    ]
    tests = [
        Effect(term=f"{' × '.join(t.factors)}: all levels", df=t.df, f=t.f, p=t.p)
        for t in found.tests
    ]
    return [*contrasts, *tests], None


def _level(value: object) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _dependence(study: Study, rows: Mapping[str, Arm]) -> list[Dependence]:
    """Of each part that was both taken out of the whole and added to the floor."""
    if not isinstance(study.plan.strategy, AddOne):
        return []
    out = {tuple(row.parts): row for row in rows.values() if row.reference == BASELINE}
    added = [
        row for row in rows.values() if row.reference is not None and row.reference != BASELINE
    ]
    found = []
    for row in added:
        without = out.get(tuple(row.parts))
        if without is None:
            continue
        rest = stats.depends_on_rest(
            _differences(without, rows[BASELINE]), _differences(row, rows[str(row.reference)])
        )
        if rest.delta is not None:
            label = row.label.removeprefix("floor + ")
            found.append(Dependence(part=row.parts[0], label=label, delta=rest.delta, ci=rest.ci))
    return found


def _differences(row: Arm, reference: Arm) -> dict[int, float]:
    return {
        seed: value - reference.values[seed]
        for seed, value in row.values.items()
        if seed in reference.values
    }


def _best(study: Study, rows: Sequence[Arm]) -> str | None:
    whole = [row for row in rows if row.mean is not None and row.failed == 0]
    if not whole:
        return None
    pick = min if study.direction == "minimize" else max
    return pick(whole, key=lambda row: row.mean or 0.0).key


def _notes(study: Study, rows: Sequence[Arm], over: bool) -> Iterator[str]:
    plan = study.plan
    if not over:
        yield "The study is under way: differences and tests stand here when every planned run has ended."
    if study.extended:
        yield f"Extended after looking: {seeds_said(study.extended)} came after the first results were seen."
    if study.stopped_early:
        yield "Stopped by hand before all planned runs had ended: what is tested was looked at before."
    for row in rows:
        if row.failed:
            yield f"{row.label}: {row.n} of {row.n + row.failed} runs ended with a value, {row.failed} failed."
    for row in rows:
        if row.reset:
            have = "has" if len(row.reset) == 1 else "have"
            names = ", ".join(row.reset)
            yield f"{row.label}: {names} {have} another size, and so other first weights than in the baseline."
    skipped = [variant.label for variant in study.variants if not variant.valid]
    if skipped:
        yield f"Left out, because they cannot be trained: {', '.join(skipped)}."
    reused = sum(row.reused for row in rows)
    if reused:
        yield f"{reused} runs were taken over from earlier studies: same network, data, seed and versions."
    if any(row.stacked for row in rows):
        count = sum(row.stacked for row in rows)
        yield (
            f"{count} runs were trained as one network with the other seeds of their variant, which is faster: "
            "each with its own first weights, order and dropout, and the same numbers but for the last digits."
        )
    yield UNTUNED
    if plan.select == "best" and plan.metric.startswith("val_"):
        yield OPTIMISTIC
    yield from limits_of(plan, study.variants)
