"""One way to downsample: the extremes of every stretch of a curve survive."""

from __future__ import annotations

import numpy as np
import pytest

from visdl.store.points import downsample, downsample_by_step, extremes
from visdl.studies.curves import MOST_POINTS, mean_curve


def curve(count: int) -> np.ndarray:
    """Return a random walk with values that are not finite."""
    rng = np.random.default_rng(count)
    values = rng.standard_normal(count).cumsum()
    for missing in (np.nan, np.inf, -np.inf):
        values[rng.integers(0, count, count // 20)] = missing
    return values


def finite_extremes(values: np.ndarray) -> set[float]:
    found = values[np.isfinite(values)]
    return {found.min(), found.max()} if len(found) else set()


@pytest.mark.parametrize("count", [10, 999, 1000, 10_007])
@pytest.mark.parametrize("stretches", [1, 3, 25])
def test_the_lowest_and_the_highest_value_of_each_stretch_are_kept(count, stretches):
    values = curve(count)
    kept = set(values[extremes(values, stretches)])
    parts = np.array_split(values, stretches)
    if count % stretches == 0:
        assert all(finite_extremes(part) <= kept for part in parts)
    assert finite_extremes(values) <= kept


def test_stretches_of_steps_are_as_wide_where_points_are_dense_as_where_they_are_not():
    steps = np.concatenate([np.arange(1000), np.arange(1000, 100_000, 1000)]).astype(float)
    values = np.sin(steps)
    kept = extremes(values, 10, steps)
    assert len(kept) == 20
    for start in range(0, 100_000, 10_000):
        part = values[(steps >= start) & (steps < start + 10_000)]
        assert {part.min(), part.max()} <= set(values[kept])


@pytest.mark.parametrize("most", [1, 2, 3, 4, 5, 50, 51, 5000])
def test_no_more_are_kept_than_asked_for_and_the_ends_are_among_them(most):
    values = curve(3000)
    kept = downsample(values, most)
    assert len(kept) <= most
    assert kept[0] == 0
    assert kept[-1] == (0 if most == 1 else 2999)
    assert (np.diff(kept) > 0).all()


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_curve_without_a_finite_value_is_downsampled_too(value):
    assert len(downsample(np.full(100, value), 10)) <= 10
    points = np.stack([np.arange(100), np.zeros(100), np.full(100, value)], axis=1)
    assert downsample_by_step(points, 10).sum() == 5


def test_gaps_of_a_curve_stay_visible():
    points = np.stack([np.arange(1000), np.zeros(1000), np.ones(1000)], axis=1)
    points[437, 2] = np.nan
    kept = points[downsample_by_step(points, 100)]
    assert np.isnan(kept[:, 2]).sum() == 1


def test_the_mean_curve_of_a_long_study_keeps_its_extremes_and_its_last_epoch():
    points = [(epoch, epoch, 1.0) for epoch in range(5003)]
    points[777] = (777, 777, 9.0)
    points[3333] = (3333, 3333, -9.0)
    bands = mean_curve([points, points])
    assert len(bands) <= MOST_POINTS
    assert {band.mean for band in bands} == {1.0, 9.0, -9.0}
    assert (bands[0].epoch, bands[-1].epoch) == (0, 5002)
