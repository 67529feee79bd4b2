"""Text about a study for its readers: the table's caption and a paragraph on methods."""

from __future__ import annotations

from collections.abc import Sequence

from visdl.models.studies import Arm, Study, StudyState
from visdl.nodes.contract.metrics.names import is_measured_on, split_key
from visdl.studies.escaping import one_line

_LISTED = 12  # variants that a caption names
_PARTS = {"train": "training", "val": "validation", "test": "test", None: ""}
_NAMES = {
    **{name: name.upper() for name in ("mse", "mae", "rmse", "mape", "auroc", "mcc", "f1")},
    "r2": "R²",
}


def format_metric(key: str) -> str:
    """Return a metric's name for a sentence: "validation loss" for val_loss."""
    part, name = split_key(key)
    return f"{_PARTS[part]} {_NAMES.get(name, name.replace('_', ' '))}".strip()


def format_seeds(seeds: Sequence[int]) -> str:
    """Return text such as "seeds 0–4" or "seeds 1, 3, 7"."""
    word = "seed" if len(seeds) == 1 else "seeds"
    first, last = min(seeds), max(seeds)
    if len(seeds) > 2 and len(set(seeds)) == len(seeds) == last - first + 1:
        return f"{word} {first}–{last}"
    return f"{word} {', '.join(map(str, seeds))}"


def format_selection(study: Study) -> str:
    """Return which value of a run counts, such as "at the last epoch"."""
    if study.plan.select == "last":
        return "at the last epoch"
    if is_measured_on("test", study.plan.metric):
        return "of the weights with the best validation"
    return "at the best epoch"


def write_caption(study: Study, rows: Sequence[Arm], *, concluded: bool) -> str:
    """Return the table's caption: metric, n, seeds, selection rule, test and correction."""
    plan, better = study.plan, "lower" if study.direction == "minimize" else "higher"
    compared = sum(row.reference is not None for row in rows)
    metric = _capitalize(format_metric(plan.metric))
    parts = [
        f"{metric} {format_selection(study)} ({better} is better), "
        f"mean ± sd over n = {len(plan.seeds)} seeds ({format_seeds(plan.seeds)})."
    ]
    if plan.strategy.TESTED and concluded:
        parts.append(
            "Δ: mean paired difference (same seed) with the 95 % confidence interval of the "
            "paired t test; p: two-sided paired t test, Holm-corrected over "
            f"{compared} comparisons."
        )
    if plan.margin is not None:
        parts.append(f"Equivalence margin: ±{plan.margin:g}, set before the results.")
    parts.append(
        "Seeds vary initialisation, order and dropout on one fixed split, or "
        "on a split of each seed where the splitter has vary_with_seed; "
        "the choice and size of the test set are not covered."
    )
    if study.extended:
        parts.append(f"Extended after looking ({format_seeds(study.extended)}).")
    if study.stopped_early:
        parts.append("Stopped before all planned runs had ended.")
    failed = [
        f"{one_line(row.label, 80)}: {row.n} of {row.n + row.failed}" for row in rows if row.failed
    ]
    if failed:
        more = f"; {len(failed) - _LISTED} more in the notes" if len(failed) > _LISTED else ""
        parts.append(f"Runs that ended with a value: {'; '.join(failed[:_LISTED])}{more}.")
    return " ".join(parts)


def write_methods(study: Study, rows: Sequence[Arm]) -> str:
    """Return a paragraph on methods for a paper."""
    sentences = [_design(study, rows)]
    if study.plan.strategy.TESTED:
        sentences.append(
            "Variants are compared with their reference over paired runs (same seed): mean "
            "difference with the 95 % confidence interval of the paired t test; two-sided paired "
            "t tests with Holm's correction; exact sign-flip tests as a check that does not "
            "assume normality."
        )
    if study.plan.margin is not None:
        sentences.append(
            "A part is called negligible if two one-sided t tests (TOST) place its effect within "
            f"±{study.plan.margin:g}, a margin fixed before the results."
        )
    if inexact := sum(row.inexact for row in rows):
        sentences.append(
            f"{inexact} {'run was' if inexact == 1 else 'runs were'} trained in batches of seeds "
            "whose values are not bit-for-bit those of separate runs."
        )
    if study.extended:
        seeds = _capitalize(format_seeds(study.extended))
        sentences.append(f"{seeds} were added after the first results had been seen.")
    if study.state is StudyState.STOPPED:
        sentences.append("The study was stopped before all planned runs had ended.")
    return " ".join([*sentences, "Trained with VisDL."])


def _design(study: Study, rows: Sequence[Arm]) -> str:
    plan, count = study.plan, len(study.plan.seeds)
    compared = sum(row.reference is not None for row in rows)
    return (
        f"In an ablation study of {study.graph_name}, {plan.strategy.METHODS} "
        f"({compared} variants). The baseline and every variant were trained with the same "
        f"{count} random {'seed' if count == 1 else 'seeds'} ({format_seeds(plan.seeds)}), which "
        "determine initialisation, the order of the data and dropout; seeds are derived for each "
        "layer, so a layer has the same initial weights in every variant that keeps its size. "
        "Data split and hyper-parameters were the same throughout; they were not tuned for any "
        f"variant. The primary metric is the {format_metric(plan.metric)} "
        f"{format_selection(study)}."
    )


def _capitalize(text: str) -> str:
    """Return the text with a capital first letter and nothing else changed."""
    return text[:1].upper() + text[1:]
