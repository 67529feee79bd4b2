"""Every number that a study reports, against values that were found without this code."""

import gc
import math
import operator
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from visdl.studies import statistics
from visdl.studies.notes import limit_notes
from visdl.studies.statistics import Arm, Verdict, compare

# Hours of sleep gained with two drugs (Student 1908; R's `sleep`)
SLEEP_1 = [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0]
SLEEP_2 = [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4]
# Darwin's maize, crossed less self-fertilised, in eighths of an inch
# (Fisher 1935, The Design of Experiments, III)
MAIZE = [49, -67, 8, 16, 6, 23, 28, 41, 14, 29, 56, 24, 75, 60, -48]


@pytest.fixture(autouse=True, scope="module")
def _no_collection():
    """`multipletests` collects garbage at each call, which takes longer than all else here."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(gc, "collect", lambda: 0)
        yield


def by_seed(values):
    return dict(enumerate(values))


def arm(differences, *, start=0.0, planned=None, failed=0):
    """The references are `start`, `start` + 1 and so on, so that the pairing matters."""
    references = [start + seed for seed in range(len(differences))]
    values = [
        reference + difference
        for reference, difference in zip(references, differences, strict=True)
    ]
    return Arm(by_seed(references), by_seed(values), planned or len(differences), failed)


def one(differences, direction="minimize", margin=None, **options):
    return compare([arm(differences, **options)], direction, margin)[0]


def flips(differences):
    """The two-sided p by taking every flip, in whole thousandths."""
    whole = [round(1000 * difference) for difference in differences]
    sums = [sum(map(operator.mul, signs, whole)) for signs in product((1, -1), repeat=len(whole))]
    return sum(abs(total) >= abs(sum(whole)) for total in sums) / len(sums)


def two_sided_t(t, df):
    """Of an even `df`, in closed form (Abramowitz and Stegun 26.7.4)."""
    angle = math.atan(abs(t) / math.sqrt(df))
    term, total = 1.0, 1.0
    for k in range(1, df // 2):
        term *= (2 * k - 1) / (2 * k) * math.cos(angle) ** 2
        total += term
    return 1 - math.sin(angle) * total


def test_the_paired_t_is_that_of_r():
    """t.test(extra ~ group, data = sleep, paired = TRUE): t = -4.0621, df = 9, p = 0.002833"""
    found = compare([Arm(by_seed(SLEEP_2), by_seed(SLEEP_1), 10)], "maximize")[0]
    assert found.n == 10
    assert found.delta == pytest.approx(-1.58)
    assert found.ci == pytest.approx((-2.4598858, -0.7001142), abs=5e-8)
    assert found.p_t == pytest.approx(0.002833, abs=5e-7)
    assert found.p_t_holm == found.p_t
    # nine differences are negative and one is zero: 2 · 2 of 1024 flips are as extreme
    assert found.p == 4 / 1024
    assert found.p_worse == 0.95
    assert found.verdict == "worse"


def test_the_sign_flip_is_that_of_fisher():
    """1,726 of 32,768 flips are at least as extreme; the t test has t = 2.148, p just below 5 %."""
    found = one(MAIZE, "maximize")
    assert found.p == 1726 / 32768 == flips(MAIZE)
    assert found.effect_size is not None and found.p_t is not None
    assert found.p_t == pytest.approx(two_sided_t(2.148, 14), abs=5e-5)
    assert found.p_t < 0.05


def test_three_pairs_by_hand():
    """Differences 1, 2, 3: mean 2, sd 1, t = 2·√3; with 2 df there is a closed form."""
    found = one([1.0, 2.0, 3.0], margin=5.0)
    t = 2 * math.sqrt(3)
    assert found.delta == pytest.approx(2)
    assert found.p_t == pytest.approx(1 - t / math.sqrt(2 + t * t))
    half = 4.302652729911275 / math.sqrt(3)  # the 97.5 % point of t with 2 df
    assert found.ci == pytest.approx((2 - half, 2 + half))
    assert found.p == 2 / 8
    # Hedges' correction for 2 df: Γ(1) / Γ(1/2) = 1/√π
    assert found.effect_size == pytest.approx(2 / math.sqrt(math.pi))
    # against -5: t = 7·√3; against 5: t = -3·√3, the larger p
    other = 3 * math.sqrt(3)
    assert found.tost_p == pytest.approx(0.5 - other / (2 * math.sqrt(2 + other * other)))


def test_two_pairs_by_hand():
    """Differences 1, 3: t = 2 with 1 df (Cauchy); Hedges' correction would be zero."""
    found = one([1.0, 3.0])
    assert found.p_t == pytest.approx(1 - 2 / math.pi * math.atan(2))
    assert (found.p, found.effect_size, found.verdict) == (0.5, None, "not_shown")


@pytest.mark.parametrize(
    "differences",
    [
        [0.1, -0.1, 0.2, -0.2],
        [0.03, 0.02, 0.01, 0.01, 0.02],
        [0.3, 0.1, -0.2, -0.2],
        [0.012, -0.004, 0.0, 0.008, 0.004, -0.008],
        [0.001, 0.002, 0.004, 0.008, -0.016, 0.032, 0.064],
    ],
)
def test_ties_among_flips_count_as_extreme(differences):
    assert one(differences, start=0.5).p == flips(differences)


def test_of_more_than_sixteen_pairs_the_same_flips_are_drawn_each_time():
    differences = [seed / 10 if seed % 3 else -1.0 for seed in range(17)]
    first, second = one(differences), one(differences)
    assert first.p == second.p == pytest.approx(flips(differences), abs=0.01)
    assert first.p != flips(differences)


@pytest.mark.parametrize(
    ("p_values", "corrected"),
    [
        ([], []),
        ([None], [None]),
        ([0.02], [0.02]),
        ([0.01, 0.02, 0.03, 0.04], [0.04, 0.06, 0.06, 0.06]),  # R: p.adjust(p, "holm")
        ([0.04, None, 0.01], [0.04, None, 0.02]),
        ([0.01, 0.04, 0.03], [0.03, 0.06, 0.06]),
        ([0.5, 0.9], [1.0, 1.0]),
        ([0.0, 1.0], [0.0, 1.0]),
    ],
)
def test_holm(p_values, corrected):
    assert statistics.holm(p_values) == pytest.approx(corrected)


CLEAR = [0.10, 0.12, 0.11, 0.09, 0.13]
NOISE = [0.01, -0.02, 0.015, -0.01, 0.005]


def negative(differences):
    return [-difference for difference in differences]


@pytest.mark.parametrize(
    ("differences", "direction", "margin", "verdict"),
    [
        (CLEAR, "minimize", None, "worse"),
        (CLEAR, "maximize", None, "better"),
        (negative(CLEAR), "minimize", None, "better"),
        (negative(CLEAR), "maximize", None, "worse"),
        (CLEAR, "minimize", 0.5, "worse_within_margin"),
        (CLEAR, "maximize", 0.5, "better_within_margin"),
        (CLEAR, "minimize", 0.12, "worse"),  # the upper test: t = -0.01·√5/0.0158, p = 0.115
        (negative(CLEAR), "maximize", 0.12, "worse"),  # and the lower test
        (NOISE, "minimize", None, "not_shown"),
        (
            NOISE,
            "minimize",
            0.0144,
            "negligible",
        ),  # mean 0, sd 0.0146: t = 2.21 on both sides, p = 0.046
        (NOISE, "minimize", 0.0130, "not_shown"),  # t = 1.99, p = 0.058
        ([0.0] * 5, "minimize", None, "not_shown"),
        ([0.0] * 5, "minimize", 0.001, "negligible"),
        ([0.1] * 5, "minimize", 0.5, "no_spread"),
        ([0.1], "minimize", 0.5, "too_few"),
        ([], "minimize", 0.5, "too_few"),
        ([0.1, math.nan, math.inf], "minimize", None, "too_few"),
    ],
)
def test_verdicts(differences, direction, margin, verdict):
    assert one(differences, direction, margin).verdict == verdict


@pytest.mark.parametrize(
    ("planned", "failed", "verdict"),
    [(6, 1, "worse"), (10, 2, "worse"), (9, 2, "unstable"), (5, 5, "unstable")],
)
def test_more_than_a_fifth_of_failed_runs_is_unstable(planned, failed, verdict):
    assert one(CLEAR, planned=planned, failed=failed).verdict == verdict


def test_an_unstable_variant_keeps_its_numbers():
    found = one(CLEAR, planned=10, failed=5)
    assert (found.verdict, found.n) == ("unstable", 5)
    assert found.p_t is not None and found.p_t < 0.001


def test_differences_that_are_all_zero():
    found = one([0.0] * 4, margin=0.1)
    assert (found.delta, found.ci, found.p_t, found.p, found.tost_p) == (0, (0, 0), 1, 1, 0)
    assert (found.p_t_holm, found.p_holm, found.p_worse, found.effect_size) == (1, 1, 0.5, None)


@pytest.mark.parametrize("start", [0.0, 0.3, 1000.3])
def test_a_constant_difference_has_no_test_whatever_the_rounding(start):
    found = one([0.1] * 4, start=start, margin=1.0)
    assert found.delta == pytest.approx(0.1)
    assert found.p_worse == 1
    assert {
        found.ci,
        found.p_t,
        found.p_t_holm,
        found.p,
        found.p_holm,
        found.tost_p,
        found.effect_size,
    } == {None}


def test_equal_in_single_precision_is_equal():
    references = [0.3, 0.5, 0.7, 0.9]
    values = [float(np.float32(value)) for value in references]
    found = compare([Arm(by_seed(references), by_seed(values), 4)], "minimize")[0]
    assert values != references
    assert (found.p_t, found.p, found.p_worse) == (1, 1, 0.5)


def test_only_complete_pairs_count():
    reference = {0: 1.0, 1: 2.0, 2: 3.0, 3: math.inf, 5: 7.0}
    values = {2: 6.0, 0: 2.0, 1: 4.0, 3: 1.0, 4: 9.0, 5: math.nan}
    found = compare([Arm(reference, values, 6, failed=1)], "minimize")[0]
    assert (found.n, found.delta, found.p) == (3, 2.0, 0.25)  # 1, 2, 3 of seeds 0, 1, 2


def test_variants_without_a_test_are_not_in_the_family():
    tested = [CLEAR, NOISE]
    alone = compare([arm(differences) for differences in tested], "minimize")
    among = compare(
        [arm(differences) for differences in [*tested, [0.1] * 5, [0.1], []]], "minimize"
    )
    assert among[:2] == alone
    assert alone[0].p_t_holm == pytest.approx(2 * alone[0].p_t)
    assert alone[0].p_holm == 2 * 2 / 32
    assert alone[1].p_t_holm == alone[1].p_t


def test_the_correction_decides_the_verdict():
    """t = 3.4 with 4 df is below 0.05 alone and above it among three."""
    weak = [0.02, 0.10, 0.05, 0.04, 0.09]
    assert one(weak).verdict == "worse"
    assert [
        found.verdict for found in compare([arm(weak), arm(NOISE), arm(NOISE)], "minimize")
    ] == ["not_shown"] * 3


def test_each_arm_has_its_own_reference():
    minimal, step = by_seed([5.0, 6.0, 7.0]), by_seed([1.0, 2.0, 3.0])
    values = by_seed([2.0, 3.0, 4.5])
    found = compare([Arm(minimal, values, 3), Arm(step, values, 3)], "minimize")
    assert [round(one.delta, 6) for one in found] == [round(-17 / 6, 6), round(7 / 6, 6)]


def test_ties_are_half_worse():
    differences = [1.0, 0.0, -1.0, 2.0]
    assert one(differences, "minimize").p_worse == 2.5 / 4
    assert one(differences, "maximize").p_worse == 1.5 / 4


@pytest.mark.parametrize("margin", [0.0, -0.1, math.nan, math.inf])
def test_a_margin_is_positive(margin):
    with pytest.raises(ValueError, match=r"The margin is .*; it must be a positive number"):
        compare([], "minimize", margin)


def test_no_variants():
    assert compare([], "minimize") == []


MIRROR = {
    "worse": "better",
    "better": "worse",
    "worse_within_margin": "better_within_margin",
    "better_within_margin": "worse_within_margin",
}
numbers = st.lists(st.floats(width=32) | st.sampled_from([0.0, 0.5, 1.0]), max_size=6).map(by_seed)
arms = st.lists(st.builds(Arm, numbers, numbers, st.just(7), st.integers(0, 2)), max_size=4)


@settings(deadline=None)
@given(arms, st.floats(1e-3, 1e3) | st.none())
def test_any_values_give_sound_numbers_without_a_warning(arms, margin):
    found = compare(arms, "minimize", margin)
    for result in found:
        for p in (
            result.p_t,
            result.p_t_holm,
            result.p,
            result.p_holm,
            result.tost_p,
            result.p_worse,
        ):
            assert p is None or 0 <= p <= 1
        assert result.ci is None or result.ci[0] <= result.delta <= result.ci[1]
        assert result.p is None or result.p_holm >= result.p
        assert (result.p is None) == (result.p_t is None)
    other = compare(arms, "maximize", margin)
    assert [MIRROR.get(one.verdict, one.verdict) for one in found] == [one.verdict for one in other]


def test_every_verdict_has_a_sentence():
    sentences = {verdict: statistics.verdict_sentence(verdict) for verdict in Verdict}
    assert sentences[Verdict.WORSE] == "Removing it: worse."
    assert sentences[Verdict.NOT_SHOWN] == "Removing it: no effect shown."
    assert len(set(sentences.values())) == len(Verdict)


@pytest.mark.parametrize(
    ("change", "verdict", "words"),
    [
        ("added", Verdict.WORSE, "Removing it: better."),
        ("added", Verdict.BETTER_WITHIN_MARGIN, "Removing it: worse, but within the margin."),
        ("added", Verdict.NEGLIGIBLE, "Removing it: negligible, within the margin."),
        ("replaced", Verdict.WORSE, "Replacing it: worse."),
        ("changed", Verdict.BETTER, "Changing it: better."),
    ],
)
def test_sentences_are_about_the_part(change, verdict, words):
    assert statistics.verdict_sentence(verdict, change) == words


@pytest.mark.parametrize(
    ("values", "summary"),
    [
        ([], (0, None, None)),
        ([3.0], (1, 3.0, None)),
        ([2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0], (8, 5.0, math.sqrt(32 / 7))),
        ([1.0, math.nan, 3.0, -math.inf], (2, 2.0, math.sqrt(2))),
    ],
)
def test_summary(values, summary):
    found = statistics.summarize(values)
    assert (found.n, found.mean, found.sd) == pytest.approx(summary)


def test_what_depends_on_the_rest():
    """The part adds 3 to the full model and 1 to the minimal one: so 2 of the 3 need the rest."""
    found = statistics.depends_on_rest(
        {0: 2.0, 1: 3.0, 2: 4.0, 9: 1.0}, {0: -1.0, 1: -1.0, 2: -1.0, 8: 5.0}
    )
    half = 4.302652729911275 / math.sqrt(3)
    assert (found.n, found.delta) == (3, pytest.approx(2))
    assert found.ci == pytest.approx((2 - half, 2 + half))


def test_a_part_that_is_worth_the_same_everywhere_depends_on_nothing():
    found = statistics.depends_on_rest({0: 0.5, 1: 0.25}, {0: -0.5, 1: -0.25})
    assert (found.delta, found.ci) == (0, (0, 0))


def test_dependence_without_common_seeds_or_with_one():
    assert statistics.depends_on_rest({0: 1.0}, {1: 1.0}) == statistics.Dependence(0, None, None)
    assert statistics.depends_on_rest({0: 1.0}, {0: 1.0}) == statistics.Dependence(1, 2.0, None)


@pytest.mark.parametrize(
    ("n", "p"), [(0, 1), (1, 1), (2, 0.5), (5, 0.0625), (6, 0.03125), (10, 2 / 1024)]
)
def test_the_smallest_sign_flip_p(n, p):
    assert statistics.smallest_sign_flip_p(n) == p
    assert n < 2 or one([1.0 + seed for seed in range(n)]).p == p


@pytest.mark.parametrize(("variants", "seeds"), [(0, 6), (1, 6), (2, 7), (8, 9), (20, 10)])
def test_seeds_needed(variants, seeds):
    assert statistics.seeds_needed(variants) == seeds


def test_limits_state_how_many_seeds_are_needed():
    first, *rest = limit_notes(5, 8)
    assert "With 5 seeds the smallest possible sign-flip p is 0.0625" in first
    assert "after Holm's correction for 8 variants takes 9 seeds" in first
    assert "for one variant takes 6 seeds" in limit_notes(5, 1)[0]
    assert limit_notes(9, 8) == rest
    assert limit_notes(1, 8) == ["One seed shows no spread, so nothing is tested.", *rest]
    assert any("test set are not covered" in sentence for sentence in rest)


@pytest.mark.parametrize(
    ("sd", "places"),
    [
        (0.0123, 3),
        (1.23, 1),
        (12.3, 0),
        (123.0, 0),
        (None, 4),
        (0.0, 4),
        (math.nan, 4),
        (math.inf, 4),
        (0.0996, 2),  # rounds to 0.10
        (0.00949, 4),
        (9.96, 0),  # rounds to 10
        (1e-30, 12),
    ],
)
def test_decimals(sd, places):
    assert statistics.decimals(sd) == places
