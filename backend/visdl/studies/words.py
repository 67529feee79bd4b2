"""Sentences of a study for people: the table's caption, and the paragraph on methods."""

from __future__ import annotations

from collections.abc import Sequence

from visdl.models.strategies import OptunaSweep, RandomSweep
from visdl.models.studies import Arm, Study, StudyState

_PARTS = {"val": "validation", "train": "training"}
_NAMES = {"mse": "MSE", "mae": "MAE", "r2": "R²"}
_STRATEGIES = {
    "leave_one_out": "each part was taken out of the network alone",
    "leave_n_out": "several parts were taken out of the network together",
    "leave_group_out": "each group of parts was taken out of the network",
    "add_one": "each part was added alone to the network without all of them",
    "cumulative": "one part after the other was taken out, each compared with the step before",
    "replace": "one part was replaced by each of several others",
    "grid": "every combination of the values was trained",
    "random": "combinations of values were drawn at random",
    "optuna": "combinations of values were chosen by a search",
    "configurations": "networks picked by hand were compared",
}


def metric_said(key: str) -> str:
    """A metric for people: "validation loss" for val_loss."""
    part, _, name = key.partition("_")
    return f"{_PARTS.get(part, part)} {_NAMES.get(name, name.replace('_', ' '))}".strip()


def seeds_said(seeds: Sequence[int]) -> str:
    """Such as "seeds 0–4" or "seeds 1, 3, 7"."""
    word = "seed" if len(seeds) == 1 else "seeds"
    first, last = min(seeds), max(seeds)
    if len(seeds) > 2 and sorted(seeds) == list(range(first, last + 1)):
        return f"{word} {first}–{last}"
    return f"{word} {', '.join(map(str, seeds))}"


def selection_said(study: Study) -> str:
    if study.plan.select == "last":
        return "of the last epoch"
    return (
        "of the weights with the best validation"
        if study.plan.metric.startswith("test_")
        else "of the best epoch"
    )


def caption_of(study: Study, rows: Sequence[Arm], over: bool) -> str:
    """What the numbers are, with n, seeds, selection rule, test and correction."""
    plan, better = study.plan, "lower" if study.direction == "minimize" else "higher"
    compared = sum(row.reference is not None for row in rows)
    parts = [
        f"{_upper(metric_said(plan.metric))} {selection_said(study)} ({better} is better), "
        f"mean ± sd over n = {len(plan.seeds)} seeds ({seeds_said(plan.seeds)})."
    ]
    if not isinstance(plan.strategy, RandomSweep | OptunaSweep) and over:
        parts.append(
            f"Δ: mean difference over the pairs of equal seeds, with the 95 % confidence interval of the paired t; "
            f"p: paired t test after Holm's correction over {compared} comparisons."
        )
    if plan.margin is not None:
        parts.append(f"Margin of equivalence: ±{plan.margin:g}, set before the results.")
    parts.append(
        "Seeds vary initialisation, order and dropout on one fixed split; the choice of rows is not covered."
    )
    if study.extended:
        parts.append(f"Extended after looking ({seeds_said(study.extended)}).")
    if study.stopped_early:
        parts.append("Stopped before all planned runs had ended.")
    failed = [f"{row.label}: {row.n} of {row.n + row.failed}" for row in rows if row.failed]
    if failed:
        parts.append(f"Runs that ended with a value: {'; '.join(failed)}.")
    return " ".join(parts)


def methods_of(study: Study, rows: Sequence[Arm]) -> str:
    """A paragraph to paste into a paper."""
    plan, count = study.plan, len(study.plan.seeds)
    compared = sum(row.reference is not None for row in rows)
    text = (
        f"In an ablation study of {study.graph_name}, {_STRATEGIES[plan.strategy.kind]} ({compared} variants). "
        f"The baseline and every variant were trained with the same {count} random {'seed' if count == 1 else 'seeds'} "
        f"({seeds_said(plan.seeds)}), which set initialisation, the order of the data and dropout; "
        "seeds are derived for each layer, so that a layer starts with the same weights in every variant "
        "that leaves its size as it is. Data split and hyper-parameters were the same throughout and tuned for none. "
        f"The primary measure is the {metric_said(plan.metric)} {selection_said(study)}. "
    )
    if not isinstance(plan.strategy, RandomSweep | OptunaSweep):
        text += (
            "Variants are compared over the pairs of equal seeds: mean difference with the 95 % confidence interval of "
            "the paired t; two-sided paired t tests, corrected by Holm's method; exact sign-flip tests as a check that "
            "needs no normality. "
        )
    if plan.margin is not None:
        text += (
            f"A part is called negligible where two one-sided t tests place its effect within ±{plan.margin:g}, "
            "a margin fixed before the results. "
        )
    if study.extended:
        text += (
            f"The {seeds_said(study.extended)} were added after the first results had been seen. "
        )
    if study.state is StudyState.STOPPED:
        text += "The study was stopped before all planned runs had ended. "
    return text + "Trained with VisDL."


def _upper(text: str) -> str:
    """With a capital first, and nothing else changed."""
    return text[:1].upper() + text[1:]
