"""Studies whose truth is known, drawn many times: how often the conclusions are right."""

import gc
import math

import numpy as np
import pytest
from scipy import integrate, stats

from visdl.studies.statistics import Arm, compare, holm, paired_t, seeds_needed, sign_flip_p

pytestmark = pytest.mark.integration

STUDIES = 1000


@pytest.fixture(autouse=True, scope="module")
def _no_collection():
    """`multipletests` collects garbage at each call, which takes longer than all else here."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(gc, "collect", lambda: 0)
        yield


def studies(rng, seeds, variants, effect=0.0, count=STUDIES):
    """Return baselines (count, 1, seeds) and variants (count, variants, seeds).

    The differences have an sd of 1. A seed shifts all networks alike, by ten times the sd of one;
    only the first variant has the effect.
    """
    seed = rng.normal(scale=10 / math.sqrt(2), size=(count, 1, seeds))
    baseline = seed + rng.normal(scale=math.sqrt(0.5), size=(count, 1, seeds))
    values = seed + rng.normal(scale=math.sqrt(0.5), size=(count, variants, seeds))
    values[:, 0] += effect
    return baseline, values


def corrected(baseline, values):
    """`p_t_holm` of one study, as `compare` has it."""
    return holm([paired_t(arm, baseline[0]).p for arm in values])


def test_the_shortcut_is_what_compare_does():
    baseline, values = studies(np.random.default_rng(1), seeds=10, variants=8, effect=2.0, count=3)
    for reference, variants in zip(baseline, values, strict=True):
        arms = [Arm(dict(enumerate(reference[0])), dict(enumerate(arm)), 10) for arm in variants]
        found = compare(arms, "minimize")
        assert [one.p_t_holm for one in found] == corrected(reference, variants)
        assert [one.p for one in found] == [sign_flip_p(arm, reference[0]) for arm in variants]
        assert found[0].verdict == "worse"


def test_without_any_effect_few_studies_claim_one():
    """8 variants, 10 seeds: the correction bounds the rate at 5 %; 6.5 % allows for 1,000 draws."""
    drawn = zip(*studies(np.random.default_rng(2), seeds=10, variants=8), strict=True)
    claims = sum(min(corrected(baseline, values)) < 0.05 for baseline, values in drawn)
    assert 0.02 * STUDIES <= claims <= 0.065 * STUDIES


def test_without_the_correction_many_would():
    """Else the test above could not fail."""
    drawn = zip(*studies(np.random.default_rng(2), seeds=10, variants=8), strict=True)
    claims = sum(
        min(paired_t(arm, baseline[0]).p for arm in values) < 0.05 for baseline, values in drawn
    )
    assert claims > 0.2 * STUDIES


@pytest.mark.parametrize("seeds", [5, 10])
def test_the_interval_covers_the_truth(seeds):
    baseline, values = studies(
        np.random.default_rng(seeds), seeds, variants=1, effect=0.7, count=3000
    )
    intervals = [
        paired_t(arm[0], reference[0]).ci for arm, reference in zip(values, baseline, strict=True)
    ]
    assert 0.93 <= np.mean([low <= 0.7 <= high for low, high in intervals]) <= 0.97


def test_the_sign_flip_keeps_its_level():
    """One variant, 8 seeds: p is a multiple of 2/256 and below 0.05 in 12 of 256 cases, 4.7 %."""
    baseline, values = studies(np.random.default_rng(4), seeds=8, variants=1)
    claims = sum(
        sign_flip_p(arm[0], reference[0]) < 0.05
        for arm, reference in zip(values, baseline, strict=True)
    )
    assert 0.03 * STUDIES <= claims <= 0.065 * STUDIES


def power(effect, seeds, variants):
    """Return the power of the paired t test at Holm's first step, 0.05 / variants.

    `effect` is in sds of the differences. By the definition of Student's t: a normal around
    effect·√n, over the root of a chi-square divided by its df.
    """
    df = seeds - 1
    limit = stats.t.isf(0.025 / variants, df)

    def found(chi_square):
        return stats.chi2.pdf(chi_square, df) * stats.norm.sf(
            limit * math.sqrt(chi_square / df) - effect * math.sqrt(seeds)
        )

    return integrate.quad(found, 0, 100, points=[1, 4, 10], limit=200)[0]


@pytest.mark.parametrize("variants", [1, 8, 20])
def test_an_effect_of_five_sd_is_found_with_five_seeds(variants):
    """In over 95 % of studies of up to 23 variants. The sd is that of the differences."""
    count = 400
    drawn = zip(
        *studies(np.random.default_rng(5), 5, variants, effect=5.0, count=count), strict=True
    )
    rate = sum(corrected(baseline, values)[0] < 0.05 for baseline, values in drawn) / count
    assert power(5, 5, variants) > 0.95
    assert rate >= power(5, 5, variants) - 3 * math.sqrt(0.05 * 0.95 / count)


def test_beyond_23_variants_five_seeds_find_it_less_often():
    """The sign-flip test cannot find it with five seeds even for one variant."""
    assert power(5, 5, 23) > 0.95 > power(5, 5, 24)
    assert seeds_needed(1) > 5
