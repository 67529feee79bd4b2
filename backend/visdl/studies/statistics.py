"""The statistics of a study: every variant compared with its reference, paired by seed.

Pure functions on numbers. A difference is the variant's value minus the reference's value with the
same seed, in the unit of the metric. Values that differ by no more than the relative precision of
float32 (2⁻²³) count as equal, since networks train in single precision. In signatures, `values` and
`references` are arrays (pairs,) in the order of the seeds.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Literal

import numpy as np
import numpy.typing as npt
import scipy

from visdl.models.strategies import Direction

# Modules of scipy and statsmodels are loaded where they are first used: they take a second, which
# the start of the server would wait for.

ALPHA = 0.05
#: All sign flips are enumerated up to this number (16 pairs); above it, as many are drawn.
RESAMPLES = 2**16
MOST_DECIMALS = 12

_SINGLE = float(np.finfo(np.float32).eps)

#: What a variant does to its part, relative to the variant's reference.
Change = Literal["removed", "added", "replaced", "changed"]
Interval = tuple[float, float]
Floats = npt.NDArray[np.float64]


class Verdict(StrEnum):
    """The conclusion about a variant, compared with its reference."""

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
_DESCRIPTIONS = {
    Verdict.WORSE: "worse",
    Verdict.BETTER: "better",
    Verdict.WORSE_WITHIN_MARGIN: "worse, but within the margin",
    Verdict.BETTER_WITHIN_MARGIN: "better, but within the margin",
    Verdict.NEGLIGIBLE: "negligible, within the margin",
    Verdict.NOT_SHOWN: "no effect shown",
    Verdict.UNSTABLE: "unstable: more than a fifth of the runs failed",
    Verdict.NO_SPREAD: "the same difference for every seed, so there is no spread to test",
    Verdict.TOO_FEW: "fewer than two complete pairs, so there is no test",
}
_OPPOSITE = {
    Verdict.WORSE: Verdict.BETTER,
    Verdict.BETTER: Verdict.WORSE,
    Verdict.WORSE_WITHIN_MARGIN: Verdict.BETTER_WITHIN_MARGIN,
    Verdict.BETTER_WITHIN_MARGIN: Verdict.WORSE_WITHIN_MARGIN,
}


def verdict_sentence(verdict: Verdict, change: Change = "removed") -> str:
    """Return the verdict as a sentence about the part and its removal.

    If adding a part to the minimal model makes it worse, removing the part makes it better.
    """
    about_removal = _OPPOSITE.get(verdict, verdict) if change == "added" else verdict
    return f"{_SUBJECT[change]}: {_DESCRIPTIONS[about_removal]}."


@dataclass(frozen=True)
class Summary:
    """Mean and sample standard deviation (over n - 1) of `n` finite values."""

    n: int
    mean: float | None
    sd: float | None


def summarize(values: Sequence[float]) -> Summary:
    """Return mean and sd of the finite values; a run that diverged has none and is not counted.

    `mean` is None without any value, `sd` with fewer than two.
    """
    finite = np.array([value for value in values if math.isfinite(value)])
    mean = float(finite.mean()) if len(finite) else None
    return Summary(len(finite), mean, float(finite.std(ddof=1)) if len(finite) > 1 else None)


@dataclass(frozen=True)
class Arm:
    """A variant's values and those of its reference, by seed, in the unit of the metric.

    The reference is the baseline, the minimal model (add one) or the previous step (cumulative).
    `planned` and `failed` count the variant's runs.
    """

    reference: Mapping[int, float]
    values: Mapping[int, float]
    planned: int
    failed: int = 0


@dataclass(frozen=True)
class Comparison:
    """A variant compared with its reference, over the `n` seeds with a finite value in both.

    | Field | Value; None if it cannot be computed |
    |---|---|
    | `delta`, `ci` | mean difference and its 95 % CI (paired t), in the unit of the metric |
    | `p_t`, `p_t_holm` | two-sided paired t test; Holm-corrected over the arms with a test |
    | `p`, `p_holm` | exact two-sided sign-flip test; also Holm-corrected |
    | `p_worse` | share of pairs in which the variant is worse, in 0…1 (ties count as ½) |
    | `effect_size` | Hedges' dz, without a unit |
    | `tost_p` | larger p of two one-sided paired t tests against the margin, not corrected |
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
    """Compare each arm with its reference; the arms are one family for Holm's correction.

    `margin` is the largest difference that does not matter, in the unit of the metric.
    Raises ValueError if it is not positive and finite.
    """
    if margin is not None and not 0 < margin < math.inf:
        raise ValueError(f"The margin is {margin:g}; it must be a positive number.")
    measured = [_measure(arm, direction, margin) for arm in arms]
    p_t = holm([one.p_t for one in measured])
    p = holm([one.p for one in measured])
    corrected = [
        replace(one, p_t_holm=a, p_holm=b) for one, a, b in zip(measured, p_t, p, strict=True)
    ]
    return [
        replace(one, verdict=_verdict(one, arm, direction))
        for one, arm in zip(corrected, arms, strict=True)
    ]


def _measure(arm: Arm, direction: Direction, margin: float | None) -> Comparison:
    """Compute everything but correction and verdict, which need the other arms."""
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
    """Return both as arrays (pairs,), over the ordered seeds for which both are finite."""
    common = sorted(values.keys() & references.keys())
    seeds = [
        seed for seed in common if math.isfinite(values[seed]) and math.isfinite(references[seed])
    ]
    return np.array([values[seed] for seed in seeds]), np.array(
        [references[seed] for seed in seeds]
    )


def _resolution(values: Floats, references: Floats) -> float:
    """Return the largest difference that is rounding."""
    return _SINGLE * float(max(np.abs(values).max(), np.abs(references).max()))


def _spread(values: Floats, references: Floats) -> Literal["zero", "constant", "varies"]:
    """Return whether the differences are all zero, all the same, or vary."""
    differences, resolution = values - references, _resolution(values, references)
    if np.abs(differences).max() <= resolution:
        return "zero"
    return "constant" if np.ptp(differences) <= resolution else "varies"


@dataclass(frozen=True)
class PairedT:
    """The mean difference, its 95 % confidence interval, and the two-sided p."""

    delta: float
    ci: Interval | None
    p: float | None


def paired_t(values: Floats, references: Floats) -> PairedT:
    """Return the paired t test (Student 1908) of at least one pair.

    Without a spread there is no test, unless all differences are zero: then p is 1 and the
    interval a point.
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
            result = scipy.stats.ttest_rel(values, references)
            low, high = result.confidence_interval(1 - ALPHA)
            return PairedT(delta, (float(low), float(high)), float(result.pvalue))


def sign_flip_p(values: Floats, references: Floats) -> float | None:
    """Return the two-sided sign-flip p of the mean difference (Fisher 1935), or None.

    Under the null hypothesis each difference is as likely with either sign. All 2^n flips are
    enumerated up to 16 pairs; above, RESAMPLES flips are drawn by a generator with a fixed seed.
    None with fewer than two pairs, or without a spread.
    """
    spread = _spread(values, references)
    if len(values) < 2 or spread == "constant":
        return None
    if spread == "zero":
        return 1.0
    result = scipy.stats.permutation_test(
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
    """Return the larger p of two one-sided paired t tests (TOST, Schuirmann 1987), or None.

    It is small if the mean difference lies within ±margin, in the unit of the metric. Differences
    that are all zero lie within every margin: 0. None with fewer than two pairs, or without a
    spread.
    """
    spread = _spread(values, references)
    if len(values) < 2 or spread == "constant":
        return None
    if spread == "zero":
        return 0.0
    from statsmodels.stats.weightstats import ttost_paired  # noqa: PLC0415  as above

    return float(ttost_paired(values, references, -margin, margin)[0])


def share_worse(values: Floats, references: Floats, direction: Direction) -> float:
    """Return the share of pairs in which the variant is worse; ties count as ½."""
    losses = values - references if direction == "minimize" else references - values
    resolution = _resolution(values, references)
    return float(np.mean((losses > resolution) + 0.5 * (np.abs(losses) <= resolution)))


def hedges_dz(values: Floats, references: Floats) -> float | None:
    """Return mean / sd of the differences times Hedges' exact correction (Hedges 1981), or None.

    With m = n - 1 degrees of freedom the correction is Γ(m/2) / (√(m/2) · Γ((m - 1)/2)).
    None with fewer than three pairs, where the correction is zero, or without a spread.
    """
    df = len(values) - 1
    if df < 2 or _spread(values, references) != "varies":
        return None
    differences = values - references
    gammaln = scipy.special.gammaln
    correction = math.exp(gammaln(df / 2) - gammaln((df - 1) / 2)) / math.sqrt(df / 2)
    return float(correction * differences.mean() / differences.std(ddof=1))


def holm(p_values: Sequence[float | None]) -> list[float | None]:
    """Return the p values after Holm's step-down correction (Holm 1979); None stays None."""
    from statsmodels.stats.multitest import multipletests  # noqa: PLC0415  as above

    tested = [p for p in p_values if p is not None]
    corrected: Iterable[float] = multipletests(tested, method="holm")[1] if tested else ()
    following = iter(corrected)
    return [None if p is None else float(next(following)) for p in p_values]


@dataclass(frozen=True)
class Dependence:
    """How much a part's effect depends on the other parts, over `n` seeds; 95 % CI (paired t)."""

    n: int
    delta: float | None
    ci: Interval | None


def depends_on_rest(leave_one_out: Mapping[int, float], add_one: Mapping[int, float]) -> Dependence:
    """Return the difference between removing a part from the full and from the minimal model.

    By seed, `leave_one_out` has (full model without the part) - (full model), and `add_one` has
    (minimal model with the part) - (minimal model). The second is an addition, so its sign flips:

        (full without part - full) - (minimal - minimal with part) = leave_one_out + add_one

    It is zero if the part has the same effect with and without the other parts. A positive value
    for a metric to minimise, or a negative one for a metric to maximise, means that the part
    contributes more together with the others.
    """
    removal, addition = _paired(leave_one_out, add_one)
    if not len(removal):
        return Dependence(0, None, None)
    t = paired_t(removal, -addition)
    return Dependence(len(removal), t.delta, t.ci)


def smallest_sign_flip_p(n: int) -> float:
    """Return the p of `n` differences with the same sign: 2 of 2^n flips are as extreme."""
    return min(1.0, 2.0 ** (1 - n))


def seeds_needed(variants: int) -> int:
    """Return the fewest seeds with which a sign-flip p can fall below ALPHA.

    The p is Holm-corrected over `variants` comparisons.
    """
    seeds = 1
    while smallest_sign_flip_p(seeds) * max(variants, 1) >= ALPHA:
        seeds += 1
    return seeds


def decimals(sd: float | None) -> int:
    """Return the decimals that show two significant digits of the sd.

    4 without an sd, and at most MOST_DECIMALS.
    """
    if not sd or not math.isfinite(sd):
        return 4
    exponent = int(f"{abs(sd):.1e}".partition("e")[2])
    return min(max(0, 1 - exponent), MOST_DECIMALS)
