"""A seed batch gives what each training gives alone, and is refused where it would not."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.utils.data import Subset, TensorDataset

from visdl.datasets.encoding import Encoding
from visdl.models.errors import RunError
from visdl.nodes import NodeRegistry
from visdl.nodes.contract.learning import Loss, LossNode
from visdl.nodes.contract.metric_names import usual_metrics
from visdl.nodes.contract.target_scaling import TargetScaling
from visdl.nodes.contract.traits import set_traits
from visdl.nodes.layers.dropout import SeededDropout
from visdl.training.batched import batch
from visdl.training.batched.batch import SeedBatch, fit_batched
from visdl.training.batched.eligibility import why_not_batched
from visdl.training.batched.group import SeedGroup
from visdl.training.batched.speedup import measure_speedup
from visdl.training.loop import fit
from visdl.training.plan import EpochDone, FitPlan, FitState, Scheduled, StepDone
from visdl.training.session import NotBatched

from ..support.graphs import chain, numbers
from ..support.runs import assert_equal_weights, execute, suspend

pytestmark = pytest.mark.integration

SEEDS = range(4)
SCALED = Encoding(
    inputs=["a", "b"],
    targets=["y"],
    target="float",
    target_scaling="standardize",
    target_shift=[1.0],
    target_scale=[3.0],
)


elementwise = partial(set_traits, elementwise=True)


def mlp() -> nn.Module:
    return nn.Sequential(nn.Linear(2, 16), elementwise(nn.ReLU()), nn.Linear(16, 1))


def dropped() -> nn.Module:
    return nn.Sequential(
        nn.Linear(2, 16), elementwise(nn.GELU()), SeededDropout(0.2), nn.Linear(16, 1)
    )


def classifier() -> nn.Module:
    return nn.Sequential(nn.Linear(2, 16), elementwise(nn.Tanh()), nn.Linear(16, 3))


class Residual(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first, self.branch, self.last = nn.Linear(2, 8), nn.Linear(8, 8), nn.Linear(8, 1)

    def forward(self, x: Tensor) -> Tensor:
        hidden = self.first(x)
        return self.last(hidden + torch.tanh(self.branch(hidden)))


def make(
    seed: int,
    network: Callable[[], nn.Module] = mlp,
    *,
    rows: int = 320,
    loss: str = "MSELoss",
    optimizer: Callable[..., torch.optim.Optimizer] = torch.optim.Adam,
    scheduled: str | None = None,
    scaled: Encoding | None = None,
    **changes: Any,
) -> FitPlan:
    x = torch.randn(rows, 2, generator=torch.Generator().manual_seed(1))
    y = (x[:, 0] > 0).long() + (x[:, 1] > 0).long() if loss == "CrossEntropyLoss" else x[:, :1] ** 2
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = network()
    for place, module in enumerate(model.modules()):
        if isinstance(module, SeededDropout):
            module.seed(100 * seed + place, torch.device("cpu"))
    cls = NodeRegistry.get(loss)
    assert issubclass(cls, LossNode)
    node = cls.create({})
    steps = optimizer(model.parameters(), lr=0.01)
    if type(steps) is not torch.optim.LBFGS:
        steps = elementwise(steps)
    schedule = []
    if scheduled:
        schedule = [Scheduled(torch.optim.lr_scheduler.ExponentialLR(steps, 0.9), scheduled)]
    fields = {
        "train": Subset(TensorDataset(x, y), range(rows)),
        "val": ((x[:50],), y[:50]),
        "batch_size": 32,
        "epochs": 2,
        "metrics": usual_metrics(node, NodeRegistry),
        "schedule": schedule,
        **changes,
    }
    made = Loss(node.build(), node)
    made = made if scaled is None else made.scaled(TargetScaling(scaled))
    return FitPlan(model=model, loss=made, optimizer=steps, seed=seed, **fields)


def reported(events: list[Any]) -> tuple[list[float], list[dict[str, float]]]:
    """The losses of all steps, and the values of all epochs."""
    losses = [value for event in events if isinstance(event, StepDone) for _, value in event.losses]
    return losses, [event.values for event in events if isinstance(event, EpochDone)]


def momentum(params: Any, lr: float) -> torch.optim.Optimizer:
    return torch.optim.SGD(params, lr=lr, momentum=0.9, weight_decay=1e-3)


@pytest.mark.parametrize(
    ("network", "options"),
    [
        (mlp, {}),
        (dropped, {}),
        (classifier, {"loss": "CrossEntropyLoss"}),
        (Residual, {}),
        (mlp, {"optimizer": momentum}),
        (mlp, {"optimizer": torch.optim.RMSprop}),
        (mlp, {"rows": 333}),
        (mlp, {"loss": "L1Loss"}),
        (mlp, {"scheduled": "step"}),
        (mlp, {"scheduled": "epoch"}),
        (mlp, {"keep": "best"}),
        (mlp, {"scaled": SCALED}),
    ],
)
def test_each_comes_out_as_it_does_alone(network, options):
    alone = [make(seed, network, **options) for seed in SEEDS]
    separate = [reported(list(fit(plan, FitState()))) for plan in alone]
    plans, states = [make(seed, network, **options) for seed in SEEDS], [FitState() for _ in SEEDS]
    assert why_not_batched(plans) is None
    seed_batch = SeedBatch(plans)
    events = list(fit_batched(plans, states, seed_batch))
    seed_batch.split()
    for number, (losses, epochs) in enumerate(separate):
        mine, my_epochs = reported([one[number] for one in events])
        assert mine == pytest.approx(losses, rel=2e-6)
        assert my_epochs == [pytest.approx(values, rel=1e-5, abs=1e-6) for values in epochs]
        one, other = alone[number], plans[number]
        for a, b in zip(one.model.parameters(), other.model.parameters(), strict=True):
            torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-5)
            for key, value in one.optimizer.state[a].items():
                mine_of_it = other.optimizer.state[b][key]
                assert (value is None) == (mine_of_it is None)
                if value is not None:
                    torch.testing.assert_close(
                        torch.as_tensor(value), torch.as_tensor(mine_of_it), rtol=1e-4, atol=1e-5
                    )


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
        torch.testing.assert_close(mine, other, rtol=1e-4, atol=1e-5)


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
        assert mine == pytest.approx(losses, rel=1e-5)
        assert my_epochs == [pytest.approx(values, rel=1e-4, abs=1e-6) for values in epochs]


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
    assert reported(others)[0] == pytest.approx(healthy[0], rel=2e-6)
    assert next(plans[2].model.parameters()).isinf().all()


def test_a_measurement_changes_nothing():
    plans = [make(seed, dropped) for seed in SEEDS]
    assert measure_speedup(plans) > 0
    after = [reported(list(fit(plan, FitState()))) for plan in plans]
    assert after == [reported(list(fit(make(seed, dropped), FitState()))) for seed in SEEDS]


class Norm(nn.Sequential):
    def __init__(self) -> None:
        super().__init__(nn.Linear(2, 8), nn.BatchNorm1d(8), nn.Linear(8, 1))


def wide(seed: int) -> FitPlan:
    return make(seed, lambda: nn.Sequential(nn.Linear(2, 8 + seed), nn.Linear(8 + seed, 1)))


@pytest.mark.parametrize(
    ("plans", "reason"),
    [
        ([make(0)], "only one of them"),
        ([make(seed, optimizer=torch.optim.LBFGS) for seed in SEEDS], "LBFGS does not"),
        ([make(seed, clip_grad_norm=1.0) for seed in SEEDS], "is clipped"),
        ([make(seed, patience=2) for seed in SEEDS], "end early"),
        ([make(seed, Norm) for seed in SEEDS], "batch normalisation"),
        ([wide(seed) for seed in SEEDS], "networks differ"),
        ([make(seed, rows=320 + seed) for seed in SEEDS], "data differ"),
        ([make(seed, batch_size=16 + 16 * (seed % 2)) for seed in SEEDS], "networks differ"),
    ],
)
def test_what_cannot_be_batched_is_refused_with_the_reason(plans, reason):
    assert reason in (why_not_batched(plans) or "")


class Picky(nn.Module):
    """Branches on a value, which no batch of models can."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(2, 1)

    def forward(self, x: Tensor) -> Tensor:
        found: Tensor = self.layer(x)
        return found if found.sum() > 0 else found * 2


def test_what_torch_cannot_batch_is_not_faster():
    assert measure_speedup([make(seed, Picky) for seed in SEEDS]) == 0.0


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
