"""Learning rates of each step and epoch of a training, against torch.optim.lr_scheduler."""

from __future__ import annotations

import inspect
import warnings
from typing import Any

import pytest
import torch
from torch import nn, optim
from torch.optim import lr_scheduler

from visdl.datasets.split import Loader
from visdl.nodes import NodeRegistry, SchedulerNode
from visdl.training.loop import fit
from visdl.training.plan import EpochDone, FitState
from visdl.training.preparation import prepare

from ..support.graphs import numbers
from .rows import names_of, other_values

EPOCHS, STEPS = 5, 4  # 40 rows in batches of 8, a fifth for validation
PLATEAU = "ReduceLROnPlateau"
SEQUENCE = "SequentialLR"  # takes schedulers, not an optimizer
#: The parameter of torch that is the length of the training unless it is given.
LENGTH = {"CosineAnnealingLR": "T_max", "OneCycleLR": "total_steps", "PolynomialLR": "total_iters"}
#: Values with which something happens in five epochs.
OTHERS = {PLATEAU: {"patience": 1, "threshold": 10.0}}
Rates = list[tuple[float, float]]  # learning rate and momentum of each step


@pytest.fixture(scope="module")
def loader(tmp_path_factory):
    data = numbers(tmp_path_factory.mktemp("numbers")).select("a,b", "y")
    return Loader(data, batch_size=8, shuffle=True, part="train", val_ratio=0.2)


def table() -> list[tuple[str, str, str]]:
    rows = []
    for name in names_of(SchedulerNode):
        intervals = NodeRegistry.get(name).PARAMS["interval"].choices
        sets = ["defaults"] if name == SEQUENCE else ["defaults", "others"]
        rows += [(name, interval, which) for interval in intervals for which in sets]
    return rows


def values_of(name: str, which: str) -> dict[str, Any]:
    if which == "defaults":
        return {}
    cls = NodeRegistry.get(name)
    return other_values(cls, ["interval"]) | OTHERS.get(name, {})


def scheduled(name: str, params: dict[str, Any], optimizer: optim.Optimizer) -> Any:
    """What the node hands to the training loop."""
    node = NodeRegistry.get(name).create(params)
    if name != SEQUENCE:
        return node.execute(optimizer=optimizer)[0]
    parts = [
        NodeRegistry.get(part).create({}).execute(optimizer=optimizer)[0]
        for part in ("ConstantLR", "CosineAnnealingLR")
    ]
    node.milestones = (2,)
    return node.execute(schedulers=parts)[0]


def sgd(weights: Any) -> optim.Optimizer:
    return optim.SGD(weights, lr=0.1, momentum=0.9)


def rate_of(optimizer: optim.Optimizer) -> tuple[float, float]:
    group = optimizer.param_groups[0]
    return float(group["lr"]), float(group["momentum"])


def theirs(name: str, params: dict[str, Any], optimizer: optim.Optimizer, length: int) -> Any:
    """The scheduler as anybody would write it by hand, for a training of this length."""
    if name == SEQUENCE:
        parts = [
            lr_scheduler.ConstantLR(optimizer),
            lr_scheduler.CosineAnnealingLR(optimizer, T_max=length - 2),
        ]
        return lr_scheduler.SequentialLR(optimizer, parts, [2])
    cls, node = getattr(lr_scheduler, name), NodeRegistry.get(name)
    required = [
        key
        for key, value in inspect.signature(cls).parameters.items()
        if value.default is inspect.Parameter.empty and key in node.PARAMS
    ]
    options = {key: node.PARAMS[key].default for key in required} | params
    if name == "CyclicLR" and options["base_lr"] is None:
        options["base_lr"] = 0.1
    if name in LENGTH and options.get(LENGTH[name]) is None:
        options[LENGTH[name]] = length
    return cls(optimizer, **options)


def by_hand(name: str, interval: str, params: dict[str, Any], losses: list[float]) -> Rates:
    optimizer = sgd([nn.Parameter(torch.zeros(1))])
    length = EPOCHS if interval == "epoch" else EPOCHS * STEPS
    scheduler = theirs(name, params, optimizer, length)
    found = []
    for epoch in range(EPOCHS):
        for _ in range(STEPS):
            found.append(rate_of(optimizer))
            optimizer.step()
            if interval == "step":
                scheduler.step()
        if interval == "epoch":
            scheduler.step(*([losses[epoch]] if name == PLATEAU else []))
    return found


@pytest.mark.parametrize(("name", "interval", "which"), table())
def test_the_rates_of_a_training_are_those_of_torch(loader, name, interval, which):
    params = values_of(name, which)
    torch.manual_seed(0)
    model, loss = nn.Linear(2, 1), NodeRegistry.get("MSELoss").create({})
    optimizer = sgd(model.parameters())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch warns of its own way to begin a second part
        args = {
            "model": model,
            "loss_fn": loss.execute()[0],
            "train_loader": loader,
            "val_loader": Loader(loader.dataset, part="val", val_ratio=0.2),
            "optimizer": scheduled(name, {**params, "interval": interval}, optimizer),
            "metrics": [],
            "epochs": EPOCHS,
            "keep": "last",
            "monitor": "val_loss",
            "patience": None,
            "clip_grad_norm": None,
        }
        plan, state = prepare(args, [], 0, NodeRegistry).plan, FitState()
        used = [rate_of(optimizer)]
        for event in fit(plan, state):
            if isinstance(event, EpochDone):
                used[-1] = rate_of(optimizer)  # the rate of the step that follows
            else:
                used.append(rate_of(optimizer))
        expected = by_hand(name, interval, params, state.history["val_loss"])
    assert len(used) == EPOCHS * STEPS + 1
    assert used[:-1] == [pytest.approx(each, rel=1e-9, abs=1e-12) for each in expected]
    last_of_epoch = [rate for rate, _ in expected[STEPS - 1 :: STEPS]]
    assert state.history["lr"] == pytest.approx(last_of_epoch, rel=1e-9, abs=1e-12)
    assert which == "defaults" or len(set(expected)) > 1
