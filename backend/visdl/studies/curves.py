"""The mean learning curve of several runs, with a band around it."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from statistics import fmean

import numpy as np

from visdl.models.events import Point
from visdl.models.studies import BandPoint
from visdl.store.points import downsample
from visdl.studies.statistics import summarize

MOST_POINTS = 1000


def mean_curve(series: Sequence[Sequence[Point]]) -> list[BandPoint]:
    """Return the mean ± sd of the runs at each epoch, over the runs with a finite value there.

    `series` has a list of points (step, epoch, value) for each run; `sd` counts as 0 for one run.
    At most MOST_POINTS epochs are returned; the extremes of the mean are among them.
    """
    values: dict[float, list[float]] = defaultdict(list)
    for points in series:
        for _, epoch, value in points:
            if value is not None and math.isfinite(value):
                values[float(epoch)].append(value)
    epochs = sorted(values)
    means = np.array([fmean(values[epoch]) for epoch in epochs])
    kept = [epochs[index] for index in downsample(means, MOST_POINTS)]
    return [_band(epoch, values[epoch]) for epoch in kept]


def _band(epoch: float, values: Sequence[float]) -> BandPoint:
    found = summarize(values)
    mean, sd = found.mean or 0.0, found.sd or 0.0
    return BandPoint(epoch=epoch, mean=mean, low=mean - sd, high=mean + sd, n=found.n)
