"""What a study concludes: every variant against its reference, paired by seed.

Pure functions on numbers. A difference is always the variant's value minus its reference's with the same seed,
in the unit of the metric. Values that single precision cannot tell apart count as equal, since networks train in it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy import special, stats
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.weightstats import ttost_paired

from visdl.models.strategies import Direction

ALPHA = 0.05
#: Sign flips up to this number are all taken (16 pairs); of more, so many are drawn, always the same ones.
RESAMPLES = 2**16
MOST_DECIMALS = 12

_SINGLE = float(np.finfo(np.float32).eps)

#: What a variant does to its part, compared with the variant's reference.
Change = Literal["removed", "added", "replaced", "changed"]
Interval = tuple[float, float]
Floats = npt.NDArray[np.float64]


class Verdict(StrEnum):
    """What is said of a variant, compared with its reference."""

    WORSE = "worse"
    BETTER = "better"
    WORSE_WITHIN_MARGIN = "worse_within_margin"
    BETTER_WITHIN_MARGIN = "better_within_margin"
    NEGLIGIBLE = "negligible"
    NOT_SHOWN = "not_shown"
    UNSTABLE = "unstable"
    NO_SPREAD = "no_spread"
    TOO_FEW = "too_few"


_SUBJECT: dict[Change, str] = {
    "removed": "Removing it",
    "added": "Removing it",
    "replaced": "Replacing it",
    "changed": "Changing it",
}
_WORDS = {
    Verdict.WORSE: "worse",
    Verdict.BETTER: "better",
    Verdict.WORSE_WITHIN_MARGIN: "worse, but within the margin",
    Verdict.BETTER_WITHIN_MARGIN: "better, but within the margin",
    Verdict.NEGLIGIBLE: "negligible, within the margin",
    Verdict.NOT_SHOWN: "no effect shown",
    Verdict.UNSTABLE: "unstable, over a fifth of the runs failed",
    Verdict.NO_SPREAD: "the same difference with every seed, so no spread and no test",
    Verdict.TOO_FEW: "fewer than two complete pairs, so no test",
}
_OPPOSITE = {
    Verdict.WORSE: Verdict.BETTER,
    Verdict.BETTER: Verdict.WORSE,
    Verdict.WORSE_WITHIN_MARGIN: Verdict.BETTER_WITHIN_MARGIN,
    Verdict.BETTER_WITHIN_MARGIN: Verdict.WORSE_WITHIN_MARGIN,
}


def sentence(verdict: Verdict, change: Change = "removed") -> str:
    """The verdict in words, about the part and its removal.

    A variant that adds a part and is worse than its floor says that removing the part is better.
    """
    said = _OPPOSITE.get(verdict, verdict) if change == "added" else verdict
    return f"{_SUBJECT[change]}: {_WORDS[said]}."


@dataclass(frozen=True)
class Summary:
    """Of `n` finite values; `sd` is the sample's, over n - 1."""

    n: int
    mean: float | None
    sd: float | None


def summarize(values: Sequence[float]) -> Summary:
    """Mean and sd of what is finite: a run that diverged has no value, and is not counted in `n`."""
    finite = np.array([value for value in values if math.isfinite(value)])
    mean = float(finite.mean()) if len(finite) else None
    return Summary(len(finite), mean, float(finite.std(ddof=1)) if len(finite) > 1 else None)


@dataclass(frozen=True)
class Arm:
    """A variant's values and those of its reference, by seed.

    The reference is the baseline; of a part that is added it is the floor, of a cumulative study the step before.
    `planned` and `failed` count the variant's runs.
    """

    reference: Mapping[int, float]
    values: Mapping[int, float]
    planned: int
    failed: int = 0


@dataclass(frozen=True)
class Comparison:
    """A variant against its reference, over the `n` seeds for which both have a finite value.

    `delta` is the mean difference, `ci` its 95 % interval by the paired t; `p_t` is the paired t test, `p` the exact
    sign-flip test, both two-sided, `…_holm` after Holm over the arms that have a test. `p_worse` is the share of pairs
    in which the variant is worse, ties half. `effect_size` is Hedges' dz, for exports only. `tost_p` is the larger p
    of two one-sided paired t tests against the margin, and is not corrected. None where there is nothing to say.
    """

    n: int
    delta: float | None = None
    ci: Interval | None = None
    p_t: float | None = None
    p_t_holm: float | None = None
    p: float | None = None
    p_holm: float | None = None
    p_worse: float | None = None
    effect_size: float | None = None
    tost_p: float | None = None
    verdict: Verdict = Verdict.TOO_FEW


def compare(
    arms: Sequence[Arm], direction: Direction, margin: float | None = None
) -> list[Comparison]:
    """Each arm against its reference; Holm's correction takes the arms as one family.

    `margin` is the difference that would not matter, in the metric's unit. Raises ValueError if it is not positive.
    """
    if margin is not None and not 0 < margin < math.inf:
        raise ValueError(f"The margin is {margin:g}; it must be a positive number.")
    measured = [_measured(arm, direction, margin) for arm in arms]
    p_t = holm([one.p_t for one in measured])
    p = holm([one.p for one in measured])
    corrected = [
        replace(one, p_t_holm=a, p_holm=b) for one, a, b in zip(measured, p_t, p, strict=True)
    ]
    return [
        replace(one, verdict=_verdict(one, arm, direction))
        for one, arm in zip(corrected, arms, strict=True)
    ]


def _measured(arm: Arm, direction: Direction, margin: float | None) -> Comparison:
    """All but the correction and the verdict, which need the other arms."""
    values, references = _paired(arm.values, arm.reference)
    if not len(values):
        return Comparison(n=0)
    t = paired_t(values, references)
    return Comparison(
        n=len(values),
        delta=t.delta,
        ci=t.ci,
        p_t=t.p,
        p=sign_flip_p(values, references),
        p_worse=share_worse(values, references, direction),
        effect_size=hedges_dz(values, references),
        tost_p=None if margin is None else tost_p(values, references, margin),
    )


def _verdict(found: Comparison, arm: Arm, direction: Direction) -> Verdict:
    if 5 * arm.failed > arm.planned:
        return Verdict.UNSTABLE
    if found.n < 2 or found.delta is None:
        return Verdict.TOO_FEW
    if found.p_t_holm is None:
        return Verdict.NO_SPREAD
    within = found.tost_p is not None and found.tost_p < ALPHA
    if found.p_t_holm >= ALPHA:
        return Verdict.NEGLIGIBLE if within else Verdict.NOT_SHOWN
    if (found.delta > 0) == (direction == "minimize"):
        return Verdict.WORSE_WITHIN_MARGIN if within else Verdict.WORSE
    return Verdict.BETTER_WITHIN_MARGIN if within else Verdict.BETTER


def _paired(values: Mapping[int, float], references: Mapping[int, float]) -> tuple[Floats, Floats]:
    """Both as arrays (pairs,), over the seeds for which both are finite, in their order."""
    common = sorted(values.keys() & references.keys())
    seeds = [
        seed for seed in common if math.isfinite(values[seed]) and math.isfinite(references[seed])
    ]
    return np.array([values[seed] for seed in seeds]), np.array(
        [references[seed] for seed in seeds]
    )


def _resolution(values: Floats, references: Floats) -> float:
    """Differences up to this one are rounding."""
    return _SINGLE * float(max(np.abs(values).max(), np.abs(references).max()))


def _spread(values: Floats, references: Floats) -> Literal["zero", "constant", "varies"]:
    """Whether the differences are all zero, all the same, or vary."""
    differences, resolution = values - references, _resolution(values, references)
    if np.abs(differences).max() <= resolution:
        return "zero"
    return "constant" if np.ptp(differences) <= resolution else "varies"


@dataclass(frozen=True)
class PairedT:
    """The mean difference, its 95 % interval, and the two-sided p."""

    delta: float
    ci: Interval | None
    p: float | None


def paired_t(values: Floats, references: Floats) -> PairedT:
    """Student's t on the differences of at least one pair, both arrays (pairs,).

    Without a spread there is no test, unless all differences are zero: then p is 1 and the interval a point.
    """
    delta = float((values - references).mean())
    if len(values) < 2:
        return PairedT(delta, None, None)
    match _spread(values, references):
        case "zero":
            return PairedT(delta, (delta, delta), 1.0)
        case "constant":
            return PairedT(delta, None, None)
        case "varies":
            result = stats.ttest_rel(values, references)
            low, high = result.confidence_interval(1 - ALPHA)
            return PairedT(delta, (float(low), float(high)), float(result.pvalue))


def sign_flip_p(values: Floats, references: Floats) -> float | None:
    """Two-sided p of the mean difference among all flips of the differences' signs; None where there is no test.

    Exact up to 16 pairs. Above, RESAMPLES flips are drawn by a generator with a fixed seed.
    """
    spread = _spread(values, references)
    if len(values) < 2 or spread == "constant":
        return None
    if spread == "zero":
        return 1.0
    result = stats.permutation_test(
        (values - references,),
        np.mean,
        permutation_type="samples",
        vectorized=True,
        n_resamples=RESAMPLES,
        batch=2**13,
        rng=np.random.default_rng(0),
    )
    return float(result.pvalue)


def tost_p(values: Floats, references: Floats, margin: float) -> float | None:
    """The larger p of two one-sided paired t tests: small where the mean difference lies within ±margin.

    Schuirmann 1987. None where there is no test; differences that are all zero lie within every margin.
    """
    spread = _spread(values, references)
    if len(values) < 2 or spread == "constant":
        return None
    if spread == "zero":
        return 0.0
    return float(ttost_paired(values, references, -margin, margin)[0])


def share_worse(values: Floats, references: Floats, direction: Direction) -> float:
    """The share of pairs in which the variant is worse, ties half."""
    losses = values - references if direction == "minimize" else references - values
    resolution = _resolution(values, references)
    return float(np.mean((losses > resolution) + 0.5 * (np.abs(losses) <= resolution)))


def hedges_dz(values: Floats, references: Floats) -> float | None:
    """Mean over sd of the differences, times Hedges' exact correction for n - 1 degrees of freedom (Hedges 1981).

    None below three pairs, where the correction is zero, and without a spread.
    """
    df = len(values) - 1
    if df < 2 or _spread(values, references) != "varies":
        return None
    differences = values - references
    correction = math.exp(special.gammaln(df / 2) - special.gammaln((df - 1) / 2)) / math.sqrt(
        df / 2
    )
    return float(correction * differences.mean() / differences.std(ddof=1))


def holm(p_values: Sequence[float | None]) -> list[float | None]:
    """Holm's correction over those that are not None; these stay None."""
    tested = [p for p in p_values if p is not None]
    corrected: Iterable[float] = multipletests(tested, method="holm")[1] if tested else ()
    following = iter(corrected)
    return [None if p is None else float(next(following)) for p in p_values]


@dataclass(frozen=True)
class Dependence:
    """How much of a part's worth depends on the rest: over `n` seeds, with a 95 % interval by the paired t."""

    n: int
    delta: float | None
    ci: Interval | None


def depends_on_rest(leave_one_out: Mapping[int, float], add_one: Mapping[int, float]) -> Dependence:
    """Leave-one-out minus add-one, both as what *removing* the part does to the metric.

    `leave_one_out` has, by seed, the whole without the part minus the whole: a removal already. `add_one` has the floor
    with the part minus the floor: an addition, so its sign is turned. The result is

        (whole without part - whole) - (floor - floor with part) = leave_one_out + add_one

    and zero where the part is worth the same with and without the rest. Where the metric is minimised a positive value
    says that the part is worth more together with the rest; where it is maximised, a negative one.
    """
    without, into_floor = _paired(leave_one_out, add_one)
    if not len(without):
        return Dependence(0, None, None)
    t = paired_t(without, -into_floor)
    return Dependence(len(without), t.delta, t.ci)


def smallest_sign_flip_p(n: int) -> float:
    """The p of `n` differences that all have the same sign: 2 of 2^n flips are as extreme."""
    return min(1.0, 2.0 ** (1 - n))


def seeds_needed(variants: int) -> int:
    """The fewest seeds with which a sign-flip p can be below 0.05 after Holm over so many variants."""
    seeds = 1
    while smallest_sign_flip_p(seeds) * max(variants, 1) >= ALPHA:
        seeds += 1
    return seeds


def limits(seeds: int, variants: int) -> list[str]:
    """What the numbers of a study cannot show, in sentences for its notes and its caption."""
    return [
        *_too_few(seeds, variants),
        "Seeds vary initialisation, order and dropout on one fixed split: "
        "the choice and the size of the test set are not covered.",
        "“No effect shown” does not mean that there is no effect.",
        "“Negligible” means within the margin that was set before the results, not zero.",
    ]


def _too_few(seeds: int, variants: int) -> list[str]:
    needed = seeds_needed(variants)
    if seeds < 2:
        return ["One seed shows no spread: nothing is tested."]
    if seeds >= needed:
        return []
    family = (
        "for one variant" if variants <= 1 else f"after Holm's correction for {variants} variants"
    )
    return [
        f"With {seeds} seeds the smallest possible sign-flip p is {smallest_sign_flip_p(seeds):.3g}; "
        f"to fall below {ALPHA} {family} it takes {needed} seeds. "
        "The verdicts rest on the t test, which takes the differences as normal."
    ]


def decimals(sd: float | None) -> int:
    """So many that the sd shows two significant digits; 4 where there is no sd, and never above MOST_DECIMALS."""
    if not sd or not math.isfinite(sd):
        return 4
    exponent = int(f"{abs(sd):.1e}".partition("e")[2])
    return min(max(0, 1 - exponent), MOST_DECIMALS)
