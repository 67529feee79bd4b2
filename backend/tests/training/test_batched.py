"""A seed batch gives bit-for-bit what each training gives alone, and is refused where it cannot."""

from __future__ import annotations

import math
from functools import partial
from typing import Any

import pytest
import torch
from torch import nn

from visdl.models.errors import RunError
from visdl.training.batched import batch
from visdl.training.batched.batch import SeedBatch, fit_batched
from visdl.training.batched.eligibility import why_not_batched
from visdl.training.batched.group import SeedGroup
from visdl.training.batched.speedup import measure_speedup
from visdl.training.loop import fit
from visdl.training.plan import FitPlan, FitState, StepDone
from visdl.training.session import NotBatched

from ..support.graphs import chain, numbers
from ..support.runs import assert_equal_weights, execute, suspend
from ..support.strength import FULL
from .seed_plans import (
    ELEMENTWISE,
    SCALED,
    Counting,
    Noisy,
    Norm,
    Residual,
    Shared,
    assert_same_bits,
    backwards,
    classifier,
    cycle,
    decay,
    dropped,
    images,
    make,
    mlp,
    momentum,
    odd,
    reported,
    tied,
    two_types,
)

pytestmark = pytest.mark.integration

SEEDS = range(4)
MEMBERS = [3] if not FULL else [2, 3, 5, 10, 20]


FUSED = {"optimizer": partial(torch.optim.Adam, fused=True)}


@pytest.mark.parametrize(
    ("network", "options"),
    [
        (mlp, {}),
        (dropped, FUSED),
        (odd, FUSED),
        (odd, {**FUSED, "batch_size": 1, "rows": 30}),
        (odd, {**FUSED, "batch_size": 256, "rows": 300}),
        (backwards, FUSED),
        (Shared, FUSED),
        (tied, FUSED),
        (Norm, FUSED),
        (images, FUSED),
        (Residual, FUSED),
        (classifier, {"loss": "CrossEntropyLoss"}),
        (odd, {"optimizer": momentum}),
        (mlp, {"rows": 333}),
        (mlp, {"loss": "L1Loss"}),
        (mlp, {"scaled": SCALED}),
        (odd, {"loss": "SmoothL1Loss", "batch_size": 7, "rows": 45}),
        (odd, {**FUSED, "scheduled": ("step", cycle)}),
        (mlp, {"scheduled": ("step", decay)}),
        (mlp, {"scheduled": ("epoch", decay)}),
        (mlp, {"keep": "best"}),
        *[(odd, {"optimizer": optimizer, "rows": 75}) for optimizer in ELEMENTWISE],
    ],
)
@pytest.mark.parametrize("members", MEMBERS)
def test_each_has_the_bits_of_a_training_of_its_own(network, options, members):
    plans = [make(seed, network, **options) for seed in range(members)]
    states = [FitState() for _ in plans]
    assert why_not_batched(plans) is None
    seed_batch = SeedBatch(plans)
    events = list(fit_batched(plans, states, seed_batch))
    seed_batch.split()
    for number in {0, members - 1}:
        alone, state = make(number, network, **options), FitState()
        assert reported([one[number] for one in events]) == reported(list(fit(alone, state)))
        assert_same_bits(alone, plans[number])


@pytest.fixture
def each_step(monkeypatch):
    """Have each step reported on its own, however quick it is."""
    monkeypatch.setattr(batch, "_REPORT_SECONDS", 0)


@pytest.fixture
def epochs_whole(monkeypatch):
    """Have all steps of an epoch reported together, however slow they are."""
    monkeypatch.setattr(batch, "_REPORT_SECONDS", math.inf)


@pytest.mark.usefixtures("epochs_whole")
def test_steps_reported_together_are_the_steps_that_were_done():
    plans, states = [make(seed) for seed in SEEDS], [FitState() for _ in SEEDS]
    events = [first for first, *_ in fit_batched(plans, states, SeedBatch(plans))]
    steps = [event for event in events if isinstance(event, StepDone)]
    assert len(steps) == 2
    assert [at for event in steps for at, _ in event.losses] == list(range(1, states[0].step + 1))
    assert sum(event.rows for event in steps) == 2 * len(plans[0].train)


@pytest.mark.usefixtures("epochs_whole")
def test_what_was_done_before_a_loss_that_is_not_finite_is_reported_first():
    def spoilt(seed: int) -> FitPlan:
        plan = make(seed)
        plan.train.dataset.tensors[1][-1] = math.nan
        return plan

    plans, states = [spoilt(seed) for seed in SEEDS], [FitState() for _ in SEEDS]
    alone, state = spoilt(SEEDS[0]), FitState()
    with pytest.raises(RunError):
        list(fit(alone, state))
    before: list[Any] = []
    for first, *_ in fit_batched(plans, states, SeedBatch(plans)):
        if first is None:
            break
        before.append(first)
    assert [at for event in before for at, _ in event.losses] == list(range(1, state.step + 1))
    assert (states[0].step, states[0].batch) == (state.step, state.batch)
    for mine, other in zip(alone.model.parameters(), plans[0].model.parameters(), strict=True):
        assert torch.equal(mine, other)


@pytest.mark.usefixtures("each_step")
def test_a_training_leaves_the_batch_and_continues_alone():
    whole = [reported(list(fit(make(seed, dropped), FitState()))) for seed in SEEDS]
    plans, states = [make(seed, dropped) for seed in SEEDS], [FitState() for _ in SEEDS]
    seed_batch = SeedBatch(plans)
    events = fit_batched(plans, states, seed_batch)
    begun = [next(events) for _ in range(13)]
    seed_batch.split()
    for number, (losses, epochs) in enumerate(whole):
        rest = list(fit(plans[number], states[number]))
        mine, my_epochs = reported([*(one[number] for one in begun), *rest])
        assert (mine, my_epochs) == (losses, epochs)


def test_one_that_diverges_is_itself_again_and_the_others_are_not_touched():
    plans, states = [make(seed) for seed in SEEDS], [FitState() for _ in SEEDS]
    with torch.no_grad():
        next(plans[2].model.parameters()).fill_(math.inf)
    healthy = reported(list(fit(make(3), FitState())))
    seed_batch = SeedBatch(plans)
    events = fit_batched(plans, states, seed_batch)
    first = next(events)
    assert [event is None for event in first] == [False, False, True, False]
    assert (states[2].step, states[2].batch) == (0, 0)
    others = [first[3], *(one[3] for one in events)]
    assert reported(others) == healthy
    assert next(plans[2].model.parameters()).isinf().all()


def test_a_measurement_changes_nothing():
    plans = [make(seed, dropped) for seed in SEEDS]
    assert measure_speedup(plans) > 0
    after = [reported(list(fit(plan, FitState()))) for plan in plans]
    assert after == [reported(list(fit(make(seed, dropped), FitState()))) for seed in SEEDS]


def wide(seed: int) -> FitPlan:
    return make(seed, lambda: nn.Sequential(nn.Linear(2, 8 + seed), nn.Linear(8 + seed, 1)))


@pytest.mark.parametrize(
    ("plans", "reason"),
    [
        ([make(0)], "only one of them"),
        ([make(seed, optimizer=torch.optim.LBFGS) for seed in SEEDS], "LBFGS does not"),
        ([make(seed, clip_grad_norm=1.0) for seed in SEEDS], "is clipped"),
        ([make(seed, patience=2) for seed in SEEDS], "end early"),
        ([make(seed, two_types) for seed in SEEDS], "several data types"),
        ([wide(seed) for seed in SEEDS], "networks differ"),
        ([make(seed, rows=320 + seed) for seed in SEEDS], "data differ"),
        ([make(seed, batch_size=16 + 16 * (seed % 2)) for seed in SEEDS], "networks differ"),
    ],
)
def test_what_cannot_be_batched_is_refused_with_the_reason(plans, reason):
    assert reason in (why_not_batched(plans) or "")


def test_several_threads_are_refused_because_they_share_values_by_their_number():
    torch.set_num_threads(2)
    assert why_not_batched([make(seed) for seed in SEEDS]) == "they train on several threads"


@pytest.mark.parametrize("network", [Noisy, Counting])
def test_networks_that_are_not_independent_train_separately(network):
    assert measure_speedup([make(seed, network) for seed in SEEDS]) == 0.0


def test_runs_at_different_steps_train_separately_and_record_no_speedup(tmp_path):
    data = numbers(tmp_path)
    graph = chain(
        [("fc", "Linear", {"out_features": 1})], split={"batch_size": 8}, train={"epochs": 4}
    )
    straight = execute(graph, tmp_path / "straight", data)
    suspend(graph, tmp_path / "0", data, step=6)
    speeds: list[float | None] = []
    ends: dict[int, Any] = {}
    group = SeedGroup(speeds.append)

    def run(seed: int) -> None:
        try:
            ends[seed] = execute(graph, tmp_path / str(seed), data, seed=seed, train=group.train)
        except NotBatched as error:
            ends[seed] = error

    group.run_tasks([partial(run, seed) for seed in range(2)])
    assert speeds == [None]
    assert_equal_weights(ends[0].weights(), straight.weights())
    assert isinstance(ends[1], NotBatched)
