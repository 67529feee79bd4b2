"""A short measurement: whether a seed batch is faster, and gives the same bits."""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Sequence
from copy import deepcopy
from statistics import median

import torch

from visdl.training.batched.batch import Events, SeedBatch, fit_batched
from visdl.training.loop import fit
from visdl.training.plan import FitPlan, FitState, StepDone
from visdl.training.snapshot import restore, snapshot

_TRIAL_STEPS = 16
_WARM = 2  # first steps, which are slower than those after them
_TRIAL_SECONDS = 0.3
#: Time of the processor where that is measured finely: other processes then count in neither way.
_clock = (
    time.thread_time if time.get_clock_info("thread_time").resolution < 1e-6 else time.perf_counter
)


def measure_speedup(plans: Sequence[FitPlan]) -> float:
    """Return how many times faster the trainings are as a seed batch than one after the other.

    The ratio of the median seconds of a step, from a few steps of both. It changes no result: a
    member of a seed batch has the bits of its own training. It is 0 where that does not hold, such
    as for a layer of a node file that draws from torch's shared generator. Models, optimizers and
    random state are restored bit-for-bit.
    """
    before = [deepcopy(snapshot(plan, FitState())) for plan in plans]
    try:
        alone, losses = _time_steps([event] for event in fit(plans[0], FitState()))
        restore(before[0], plans[0])
        batch = SeedBatch(plans)
        events = fit_batched(plans, [FitState() for _ in plans], batch)
        batched, batched_losses = _time_steps(events)
        batch.split()
        steps = min(len(losses), len(batched_losses))
        is_same = steps > 0 and losses[:steps] == batched_losses[:steps]
        draws = not torch.equal(before[0]["torch_rng"], torch.get_rng_state())
        return len(plans) * alone / batched if is_same and not draws else 0.0
    except Exception:  # anything that cannot be done to several models at once
        return 0.0
    finally:
        for plan, payload in zip(plans, before, strict=True):
            plan.optimizer.state.clear()
            restore(payload, plan)


def _time_steps(events: Iterable[Events]) -> tuple[float, list[float]]:
    """Return the median seconds of a step, and the losses of the first training."""
    losses: list[float] = []
    taken: list[float] = []
    began = before = _clock()
    for first, *_ in events:
        if not isinstance(first, StepDone):
            break
        now = _clock()
        taken += [(now - before) / len(first.losses)] * len(first.losses)
        losses += [value for _, value in first.losses]
        before = now
        if len(taken) >= _WARM + _TRIAL_STEPS or (
            len(taken) > 2 * _WARM and now - began > _TRIAL_SECONDS
        ):
            break
    return median(taken[_WARM:] or taken or [math.inf]), losses
