"""Small networks, trainings of them that differ in their seed, and comparisons of their bits."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn, optim
from torch.utils.data import Subset, TensorDataset

from visdl.datasets.encoding import Encoding
from visdl.nodes import NodeRegistry
from visdl.nodes.contract.learning import Loss, LossNode
from visdl.nodes.contract.metrics.names import usual_metrics
from visdl.nodes.contract.target_scaling import TargetScaling
from visdl.nodes.contract.traits import set_traits
from visdl.nodes.layers.dropout import SeededDropout
from visdl.training.plan import EpochDone, FitPlan, Scheduled, StepDone

from ..support.runs import assert_equal_weights

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


class Shared(nn.Module):
    """Two layers with the same weights."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Linear(2, 2)
        self.second = nn.Linear(2, 2)
        self.second.weight = self.first.weight

    def forward(self, x: Tensor) -> Tensor:
        found: Tensor = self.second(torch.sigmoid(self.first(x)))[:, :1]
        return found


def tied() -> nn.Module:
    chain = nn.Sequential(nn.Linear(2, 2), elementwise(nn.Tanh()), nn.Linear(2, 2), nn.Linear(2, 1))
    chain[2].weight = chain[0].weight
    return chain


def odd() -> nn.Module:
    """Sizes that fill no whole vectors, and functions that are rounded differently there."""
    return nn.Sequential(
        nn.Linear(2, 17), elementwise(nn.Sigmoid()), nn.Linear(17, 5), elementwise(nn.Mish()),
        SeededDropout(0.2), nn.Linear(5, 1, bias=False),
    )  # fmt: skip


def backwards() -> nn.Module:
    """A chain that begins and ends with an activation, with a flattening in between."""
    return nn.Sequential(
        elementwise(nn.Tanh()), nn.Flatten(), nn.Linear(2, 6), elementwise(nn.SELU()), nn.Flatten(),
        nn.Linear(6, 1), elementwise(nn.SiLU()),
    )  # fmt: skip


class Norm(nn.Sequential):
    def __init__(self) -> None:
        super().__init__(nn.Linear(2, 8), nn.BatchNorm1d(8), nn.Linear(8, 1))


def images() -> nn.Module:
    return nn.Sequential(
        nn.Linear(2, 36), nn.Unflatten(1, (1, 6, 6)), nn.Conv2d(1, 3, 3), elementwise(nn.GELU()),
        nn.MaxPool2d(2), nn.Flatten(), nn.Linear(12, 1),
    )  # fmt: skip


def two_types() -> nn.Module:
    return nn.Sequential(nn.Linear(2, 1), nn.Linear(1, 1).double())


class Noisy(nn.Module):
    """Draws from the generator that all of a process share."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(2, 1)

    def forward(self, x: Tensor) -> Tensor:
        found: Tensor = self.layer(x)
        return found + torch.randn_like(found)


class Counting(nn.Module):
    """Depends on how often any of its kind was called."""

    calls = 0

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(2, 1)

    def forward(self, x: Tensor) -> Tensor:
        Counting.calls += 1
        found: Tensor = self.layer(x) * Counting.calls
        return found


ELEMENTWISE = [
    optim.RMSprop, optim.NAdam, optim.RAdam, optim.Adagrad, optim.Adadelta, optim.Adamax,
    optim.Rprop, optim.ASGD,    partial(optim.AdamW, fused=True),
]  # fmt: skip
SCALED = Encoding(
    inputs=["a", "b"],
    targets=["y"],
    target="float",
    target_scaling="standardize",
    target_shift=[1.0],
    target_scale=[3.0],
)


def momentum(params: Any, lr: float) -> torch.optim.Optimizer:
    return torch.optim.SGD(params, lr=lr, momentum=0.9, weight_decay=1e-3, fused=True)


decay = partial(torch.optim.lr_scheduler.ExponentialLR, gamma=0.9)


def cycle(optimizer: torch.optim.Optimizer) -> Any:
    """A schedule of the momentum too."""
    return torch.optim.lr_scheduler.OneCycleLR(optimizer, 0.02, total_steps=30)


def make(
    seed: int,
    network: Callable[[], nn.Module] = mlp,
    *,
    rows: int = 320,
    loss: str = "MSELoss",
    optimizer: Callable[..., torch.optim.Optimizer] = torch.optim.Adam,
    scheduled: tuple[str, Callable[..., Any]] | None = None,
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
        interval, scheduler = scheduled
        schedule = [Scheduled(scheduler(steps), interval)]
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


def assert_same_bits(one: FitPlan, other: FitPlan) -> None:
    """Weights, buffers and the state of the optimizer."""
    assert_equal_weights(one.model.state_dict(), other.model.state_dict())
    for mine, its in zip(one.model.parameters(), other.model.parameters(), strict=True):
        assert one.optimizer.state[mine].keys() == other.optimizer.state[its].keys()
        for key, value in one.optimizer.state[mine].items():
            same = other.optimizer.state[its][key]
            assert (value is None) == (same is None)
            assert value is None or torch.equal(torch.as_tensor(value), torch.as_tensor(same)), key
