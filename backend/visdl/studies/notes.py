"""The notes of a study: what its numbers do and do not show."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from visdl.models.studies import Arm, Study, StudyPlan, Variant
from visdl.nodes.contract.metrics.names import is_measured_on
from visdl.studies import statistics
from visdl.studies.captions import format_seeds

UNTUNED = "Every variant keeps the baseline's hyper-parameters: none was tuned for it."
OPTIMISTIC = (
    "The best value is selected and reported on the same data, the validation part, and is "
    "therefore optimistic. A test metric is measured once, on the weights that validation selected."
)
DESCRIPTIVE = "A search selects the best of many trials: differences are described, not tested."
UNFINISHED = "The study is running: differences and tests appear when every planned run has ended."
STOPPED_EARLY = (
    "The study was stopped by hand before all planned runs had ended; "
    "the decision may depend on results that had already been seen."
)


def plan_notes(plan: StudyPlan, variants: Sequence[Variant]) -> Iterator[str]:
    """Yield what holds for a plan whatever its results are."""
    yield UNTUNED
    if plan.select == "best" and is_measured_on("val", plan.metric):
        yield OPTIMISTIC
    if not plan.strategy.TESTED:
        yield DESCRIPTIVE
    else:
        compared = sum(variant.valid and variant.reference is not None for variant in variants)
        yield from limit_notes(len(plan.seeds), compared)


def result_notes(study: Study, rows: Sequence[Arm], *, concluded: bool) -> Iterator[str]:
    """Yield the notes of a study's table: how it was run, then those of its plan."""
    if not concluded:
        yield UNFINISHED
    if study.extended:
        seeds = format_seeds(study.extended)
        yield f"Extended after looking: {seeds} were added after the first results had been seen."
    if study.stopped_early:
        yield STOPPED_EARLY
    yield from _row_notes(rows)
    skipped = [variant.label for variant in study.variants if not variant.valid]
    if skipped:
        yield f"Left out because they cannot be trained: {', '.join(skipped)}."
    reused = sum(row.reused for row in rows)
    if reused:
        yield (
            f"{_runs(reused)} reused from earlier studies: "
            "same graph, data, seed, code and library versions."
        )
    inexact = sum(row.inexact for row in rows)
    if inexact:
        yield (
            f"{_runs(inexact)} trained in a seed batch by an earlier version of VisDL. Their "
            "values differ from those of a separate training slightly, or noticeably after many "
            "epochs; no new study reuses them."
        )
    batched = sum(row.batched for row in rows) - inexact
    if batched:
        yield (
            f"{_runs(batched)} trained in a seed batch with the other seeds of the variant, which "
            "is faster. Each has its own initial weights, order and dropout; values are "
            "bit-for-bit those of a separate training."
        )
    yield from plan_notes(study.plan, study.variants)


def limit_notes(seeds: int, variants: int) -> list[str]:
    """Return what a study with this many seeds and variants cannot show, as sentences."""
    return [
        *_too_few(seeds, variants),
        "Seeds vary initialisation, order and dropout on one fixed split, or "
        "on a split of each seed where the splitter has vary_with_seed; "
        "the choice and size of the test set are not covered.",
        "“No effect shown” does not mean that there is no effect.",
        "“Negligible” means within the margin that was set before the results, not zero.",
    ]


def _too_few(seeds: int, variants: int) -> list[str]:
    needed = statistics.seeds_needed(variants)
    if seeds < 2:
        return ["One seed shows no spread, so nothing is tested."]
    if seeds >= needed:
        return []
    smallest = statistics.smallest_sign_flip_p(seeds)
    family = (
        "for one variant" if variants <= 1 else f"after Holm's correction for {variants} variants"
    )
    return [
        f"With {seeds} seeds the smallest possible sign-flip p is {smallest:.3g}; "
        f"falling below {statistics.ALPHA} {family} takes {needed} seeds. "
        "The verdicts are based on the t test, which assumes normally distributed differences."
    ]


def _row_notes(rows: Sequence[Arm]) -> Iterator[str]:
    for row in rows:
        if row.failed:
            ended = row.n + row.failed
            yield f"{row.label}: {row.n} of {ended} runs ended with a value, {row.failed} failed."
    for row in rows:
        if row.reset:
            verb = "has" if len(row.reset) == 1 else "have"
            yield (
                f"{row.label}: {', '.join(row.reset)} {verb} another size than in the baseline, "
                "and therefore other initial weights."
            )


def _runs(count: int) -> str:
    return "1 run was" if count == 1 else f"{count} runs were"
