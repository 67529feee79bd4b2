"""Main effects and interactions of a grid, against calculations by hand and statsmodels."""

import math
from itertools import product

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from statsmodels.formula.api import ols
from statsmodels.stats.anova import anova_lm

from visdl.studies.factorial import fit_factorial

# Four cells and three seeds. The cells' means are 10, 14, 11 and 19, the seeds add -1, 0 and 1; the
# residuals sum to zero over each cell and over each seed, and to 8 when squared, with
# 12 - 4 - 2 = 6 degrees of freedom.
CELLS = {
    (0, "none"): (10, (1, -1, 0)),
    (64, "none"): (14, (-1, 1, 0)),
    (0, "batch"): (11, (0, -1, 1)),
    (64, "batch"): (19, (0, 1, -1)),
}


def two_by_two():
    return [
        (seed, {"fc1.units": units, "norm": norm}, mean + seed - 1 + rest[seed])
        for seed in range(3)
        for (units, norm), (mean, rest) in CELLS.items()
    ]


def by_term(found):
    return {effect.factors: effect for effect in found.effects}


@pytest.mark.parametrize(
    ("term", "levels", "against", "estimate", "variance"),
    [
        (("fc1.units",), (64,), (0,), (14 + 19) / 2 - (10 + 11) / 2, 1 / 6 + 1 / 6),
        (("norm",), ("batch",), ("none",), (11 + 19) / 2 - (10 + 14) / 2, 1 / 6 + 1 / 6),
        (("fc1.units", "norm"), (64, "batch"), (0, "none"), (19 - 11) - (14 - 10), 4 / 3),
    ],
)
def test_a_balanced_two_by_two_by_hand(term, levels, against, estimate, variance):
    effect = by_term(fit_factorial(two_by_two()))[term]
    error = math.sqrt(8 / 6 * variance)
    half = 2.446911851 * error  # the 97.5 % point of t with 6 df
    assert (effect.levels, effect.against) == (levels, against)
    assert effect.estimate == pytest.approx(estimate)
    assert effect.ci == pytest.approx((estimate - half, estimate + half))
    # the distribution of t with 6 df in closed form (Abramowitz and Stegun 26.7.4)
    angle = math.atan(estimate / error / math.sqrt(6))
    cosine = math.cos(angle) ** 2
    assert effect.p == pytest.approx(
        1 - math.sin(angle) * (1 + cosine / 2 + 3 * cosine**2 / 8), rel=1e-6
    )


def test_two_levels_need_no_further_test():
    found = fit_factorial(two_by_two())
    assert (found.n, found.residual_df, found.tests) == (12, 6, [])


def test_the_order_of_the_runs_does_not_matter_but_for_the_first():
    rows = two_by_two()
    assert by_term(fit_factorial(rows[:1] + rows[:0:-1]))["norm",].estimate == pytest.approx(3)
    assert by_term(fit_factorial(rows[::-1]))["norm",].estimate == pytest.approx(-3)


def test_three_levels_by_hand():
    """Means 10, 12, 17 over three seeds: 3·26 between with 2 df, 6 residual with 4 df.

    F = 39 / 1.5 = 26.

    The distribution of F with 2 and 4 df is in closed form: p = (1 + 2F / 4)^-2.
    """
    rests = {"relu": (10, (1, -1, 0)), "tanh": (12, (-1, 0, 1)), "gelu": (17, (0, 1, -1))}
    found = fit_factorial(
        [
            (s, {"act": act}, mean + 5 * s + rest[s])
            for act, (mean, rest) in rests.items()
            for s in range(3)
        ]
    )
    (test,) = found.tests
    assert (test.factors, test.df) == (("act",), 2)
    assert test.f == pytest.approx(26)
    assert test.p == pytest.approx(1 / 14**2)
    assert [(effect.levels, round(effect.estimate, 9)) for effect in found.effects] == [
        (("tanh",), 2),
        (("gelu",), 7),
    ]


def unbalanced():
    rng = np.random.default_rng(3)
    grid = list(product(range(4), ("a", "b", "c"), (1, 2, 3), (False, True)))
    return [
        (
            seed,
            {"~ C(x) '": one, "two": two, "": three},
            float(seed + ord(one) + two * three + rng.normal()),
        )
        for seed, one, two, three in [
            grid[at] for at in sorted(rng.choice(len(grid), 60, replace=False))
        ]
    ]


def test_unbalanced_runs_and_odd_names_against_statsmodels():
    rows = unbalanced()
    found = fit_factorial(rows)
    names = dict(zip(("~ C(x) '", "two", ""), "abc", strict=True))
    data = {"y": [value for *_, value in rows], "seed": [seed for seed, *_ in rows]}
    data |= {short: [str(levels[name]) for _, levels, _ in rows] for name, short in names.items()}
    fit = ols("y ~ C(seed) + (C(a, Sum) + C(b, Sum) + C(c, Sum)) ** 2", pd.DataFrame(data)).fit()
    table = anova_lm(fit, typ=2)
    assert found.residual_df == fit.df_resid
    assert (
        len(found.tests) == 5
    )  # of the six terms only that of the two-level factor alone has none
    for test in found.tests:
        row = table.loc[":".join(f"C({names[name]}, Sum)" for name in test.factors)]
        assert (test.df, test.f, test.p) == pytest.approx((row["df"], row["F"], row["PR(>F)"]))
    # with two levels, sum coding has half of the difference, with the sign of the first level
    effect = by_term(found)["",]
    sign = 1 if str(effect.levels[0]) == min(data["c"]) else -1
    at = next(
        name for name in fit.params.index if name.startswith("C(c, Sum)[") and ":" not in name
    )
    assert effect.estimate == pytest.approx(2 * sign * fit.params[at])
    assert effect.p == pytest.approx(fit.pvalues[at])


def test_a_factor_with_one_level_is_left_out():
    rows = [(seed, {**levels, "same": 1}, value) for seed, levels, value in two_by_two()]
    assert fit_factorial(rows) == fit_factorial(two_by_two())


def test_one_seed_is_enough_where_cells_outnumber_terms():
    rows = [
        (0, {"a": a, "b": b, "c": c}, a + 2 * b + 4 * c + 0.1 * a * b * c)
        for a, b, c in product((0, 1), repeat=3)
    ]
    found = fit_factorial(rows)
    assert found.residual_df == 1
    assert [effect.factors for effect in found.effects] == [
        ("a",),
        ("b",),
        ("c",),
        ("a", "b"),
        ("a", "c"),
        ("b", "c"),
    ]


@pytest.mark.parametrize("slope", [0.0, 2.0])
def test_without_a_residual_there_is_no_test(slope):
    found = fit_factorial(
        [(seed, {"a": a}, slope * a + 0.1 * seed) for seed in range(3) for a in (0, 1, 2)]
    )
    assert [effect.estimate for effect in found.effects] == pytest.approx([slope, 2 * slope])
    assert {(effect.ci, effect.p) for effect in found.effects} == {(None, None)}
    assert [(test.f, test.p) for test in found.tests] == [(None, None)]


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([], "No factor has more than one level"),
        ([(0, {"a": 1}, 0.5), (1, {"a": 1}, 0.6)], "No factor has more than one level"),
        (
            [(0, {"a": 1}, 0.5), (0, {"a": 2}, 0.6)],
            "2 runs are too few: .* 2 unknowns, so at least 3 runs are needed",
        ),
        (two_by_two()[:4], "4 runs are too few"),
        (
            [row for row in two_by_two() if row[1] != {"fc1.units": 64, "norm": "batch"}],
            "do not identify all effects",
        ),
        ([(s, {"a": s % 2}, float(s)) for s in (0, 0, 1, 1)], "do not identify all effects"),
        (
            [(0, {"a": 1}, 0.5), (7, {"b": 2}, 0.6)],
            "A run with seed 7 has other factors than the first run: b",
        ),
        ([(7, {"a": 1}, math.nan)], "A run with seed 7 has no finite value"),
    ],
)
def test_runs_that_do_not_suffice_are_refused(rows, message):
    with pytest.raises(ValueError, match=message):
        fit_factorial(rows)


def test_in_grids_of_noise_every_p_is_equally_likely():
    """Of the F test of the interaction, over 400 grids of 30 runs."""
    rng = np.random.default_rng(8)
    cells = list(product(range(5), "xyz", (0, 1)))
    found = [
        fit_factorial([(s, {"a": a, "b": b}, rng.normal()) for s, a, b in cells])
        for _ in range(400)
    ]
    p = [test.p for one in found for test in one.tests if test.factors == ("a", "b")]
    assert len(p) == 400
    assert stats.kstest(p, "uniform").pvalue > 0.01
