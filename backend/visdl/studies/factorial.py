"""Main effects and two-way interactions of a grid, by least squares with the seed in the model."""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, product
from typing import Any

import numpy as np
import numpy.typing as npt
import scipy

Floats = npt.NDArray[np.float64]
#: A run: its seed, the level of each factor, and its value in the unit of the metric.
Row = tuple[int, Mapping[str, Hashable], float]
#: The factors of a main effect (one) or of an interaction (two).
Term = tuple[str, ...]

_SINGLE = float(np.finfo(np.float32).eps)


@dataclass(frozen=True)
class Effect:
    """A contrast of levels, averaged with equal weights over the levels of the other factors.

    Main effect: the mean at `levels` minus the mean at `against`, the factor's first level.
    Interaction: the difference of differences, by how much the effect of one factor changes from
    the first level of the other factor to this one.
    `estimate` and the 95 % confidence interval `ci` are in the unit of the metric; `ci` and the
    two-sided `p` of the t test are None if the model leaves no residual.
    """

    factors: Term
    levels: tuple[Hashable, ...]
    against: tuple[Hashable, ...]
    estimate: float
    ci: tuple[float, float] | None
    p: float | None


@dataclass(frozen=True)
class TermTest:
    """The type II F test of all contrasts of one term with `df` degrees of freedom.

    It adjusts for every term that does not contain this one (Langsrud 2003). `f` and `p` are None
    if the model leaves no residual.
    """

    factors: Term
    df: int
    f: float | None
    p: float | None


@dataclass(frozen=True)
class Factorial:
    """The model fitted to `n` runs.

    `tests` has the terms with more than one contrast; the test of any other term is that of its
    single effect. No p is corrected for the number of terms.
    """

    n: int
    residual_df: int
    effects: list[Effect]
    tests: list[TermTest]


def fit_factorial(rows: Sequence[Row]) -> Factorial:
    """Fit value ~ C(seed) + main effects + two-way interactions by ordinary least squares.

    Levels are categories; the others are compared with the first one that occurs. A factor with
    one level is left out. Raises ValueError if the rows are too few or do not identify the model,
    if they have different factors, or if a value is not finite.
    """
    levels = _levels(rows)
    terms: list[Term] = [(name,) for name in levels]
    terms += combinations(levels, 2)
    seeds = list(dict.fromkeys(seed for seed, _, _ in rows))
    _check_number(len(rows), len(seeds), levels, terms)
    intercepts = np.array(
        [[1.0, *(float(seed == other) for other in seeds[1:])] for seed, _, _ in rows]
    )
    columns = {term: _design_columns(rows, term, levels) for term in terms}
    design = np.hstack([intercepts, *columns.values()])
    _check_rank(design)
    values = np.array([value for _, _, value in rows])
    return _fit(values, intercepts, columns, levels)


def _levels(rows: Sequence[Row]) -> dict[str, list[Hashable]]:
    """Return the levels of each factor that has several, in the order in which they occur."""
    names = list(rows[0][1]) if rows else []
    for seed, levels, value in rows:
        if levels.keys() != set(names):
            raise ValueError(
                f"A run with seed {seed} has other factors than the first run: {_listed(levels)}."
            )
        if not math.isfinite(value):
            raise ValueError(f"A run with seed {seed} has no finite value.")
    found = {name: list(dict.fromkeys(levels[name] for _, levels, _ in rows)) for name in names}
    varying = {name: values for name, values in found.items() if len(values) > 1}
    if not varying:
        raise ValueError("No factor has more than one level: there is no effect to estimate.")
    return varying


def _listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(names)) or "none"


def _size(term: Term, levels: Mapping[str, Sequence[Hashable]]) -> int:
    """Return the number of contrasts of a term."""
    return math.prod(len(levels[name]) - 1 for name in term)


def _check_number(
    runs: int, seeds: int, levels: Mapping[str, Sequence[Hashable]], terms: Sequence[Term]
) -> None:
    needed = seeds + sum(_size(term, levels) for term in terms)
    if runs <= needed:
        raise ValueError(
            f"{runs} runs are too few: main effects, two-way interactions and {seeds} seeds are "
            f"{needed} unknowns, so at least {needed + 1} runs are needed. "
            "Add seeds, or leave out factors or levels."
        )


def _check_rank(design: Floats) -> None:
    if np.linalg.matrix_rank(design) < design.shape[1]:
        raise ValueError(
            "The runs do not identify all effects: some pairs of levels never ran together, or "
            "only with seeds of their own. Run every combination with the same seeds, or leave "
            "out a factor."
        )


def _design_columns(
    rows: Sequence[Row], term: Term, levels: Mapping[str, Sequence[Hashable]]
) -> Floats:
    """Return the term's part of the design matrix (runs, contrasts), ordered as `_contrasts`.

    Simple coding: a level's column is 1 at the level, minus 1/k for k levels. A coefficient is
    then a difference from the first level, averaged over the other factors.
    """
    parts = [
        np.array(
            [
                [float(row[name] == level) - 1 / len(levels[name]) for level in levels[name][1:]]
                for _, row, _ in rows
            ]
        )
        for name in term
    ]
    result = parts[0]
    for part in parts[1:]:
        result = (result[:, :, None] * part[:, None, :]).reshape(len(rows), -1)
    return result


def _contrasts(term: Term, levels: Mapping[str, Sequence[Hashable]]) -> list[tuple[Hashable, ...]]:
    return list(product(*(levels[name][1:] for name in term)))


def _least_squares(values: Floats, columns: Floats) -> Any:
    """Return the fit of `values` by least squares, a result of statsmodels."""
    from statsmodels.regression.linear_model import OLS  # noqa: PLC0415  see statistics.py

    return OLS(values, columns).fit()


def _fit(
    values: Floats,
    intercepts: Floats,
    columns: Mapping[Term, Floats],
    levels: Mapping[str, Sequence[Hashable]],
) -> Factorial:
    fit = _least_squares(values, np.hstack([intercepts, *columns.values()]))
    exact = math.sqrt(fit.ssr / len(values)) <= _SINGLE * float(np.abs(values).max())
    effects = _effects(fit, intercepts.shape[1], levels, list(columns), exact)
    large = [term for term in columns if _size(term, levels) > 1]
    tests = [
        _test_term(
            term, values, intercepts, columns, None if exact else float(fit.mse_resid), fit.df_resid
        )
        for term in large
    ]
    return Factorial(len(values), int(fit.df_resid), effects, tests)


def _effects(
    fit: Any,
    first: int,
    levels: Mapping[str, Sequence[Hashable]],
    terms: Sequence[Term],
    exact: bool,
) -> list[Effect]:
    """Return the coefficients from column `first` on; `fit` is a result of statsmodels."""
    intervals, p_values = (None, None) if exact else (fit.conf_int(), fit.pvalues)
    named = [(term, contrast) for term in terms for contrast in _contrasts(term, levels)]
    return [
        Effect(
            factors=term,
            levels=contrast,
            against=tuple(levels[name][0] for name in term),
            estimate=float(fit.params[at]),
            ci=None if intervals is None else (float(intervals[at][0]), float(intervals[at][1])),
            p=None if p_values is None else float(p_values[at]),
        )
        for at, (term, contrast) in enumerate(named, start=first)
    ]


def _test_term(
    term: Term,
    values: Floats,
    intercepts: Floats,
    columns: Mapping[Term, Floats],
    variance: float | None,
    residual_df: float,
) -> TermTest:
    """Return the F test of a term: what it explains beyond all terms that do not contain it.

    `variance` is the residual variance of the full model, in the squared unit of the metric.
    """
    df = columns[term].shape[1]
    if variance is None:
        return TermTest(term, df, None, None)
    others = np.hstack(
        [intercepts, *(part for other, part in columns.items() if not set(term) <= set(other))]
    )
    explained = (
        _least_squares(values, others).ssr
        - _least_squares(values, np.hstack([others, columns[term]])).ssr
    )
    f = float(explained / df / variance)
    return TermTest(term, df, f, float(scipy.stats.f.sf(f, df, residual_df)))
