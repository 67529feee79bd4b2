"""A chain of layers trains bit-for-bit as autograd does, whatever it is made of."""

from __future__ import annotations

import math
from functools import partial

import pytest
import torch
from torch import nn

from visdl.models.errors import RunError
from visdl.training import loop
from visdl.training.chain import chain_of
from visdl.training.loop import fit
from visdl.training.plan import FitPlan, FitState

from .seed_plans import (
    ELEMENTWISE,
    SCALED,
    Residual,
    assert_same_bits,
    backwards,
    classifier,
    cycle,
    decay,
    dropped,
    elementwise,
    images,
    make,
    mlp,
    momentum,
    odd,
    reported,
    tied,
)

FUSED = {"optimizer": partial(torch.optim.Adam, fused=True)}
#: Not all of these are written out; the others are found by autograd.
ACTIVATIONS = [
    nn.ReLU, nn.Tanh, nn.Sigmoid, nn.SiLU, nn.GELU, partial(nn.GELU, "tanh"), nn.LeakyReLU,
    partial(nn.LeakyReLU, 0.3), nn.ELU, nn.Softplus, nn.Hardtanh, nn.ReLU6, nn.Mish,
]  # fmt: skip


def assert_as_by_autograd(monkeypatch, plan: FitPlan, by_autograd: FitPlan) -> None:
    """Train two equal plans, the second by autograd, and compare."""
    assert chain_of(plan) is not None
    events = list(fit(plan, FitState()))
    monkeypatch.setattr(loop, "chain_of", lambda _: None)
    assert reported(events) == reported(list(fit(by_autograd, FitState())))
    assert_same_bits(plan, by_autograd)


@pytest.mark.parametrize(
    ("network", "options"),
    [
        (mlp, {}),
        (dropped, FUSED),
        (odd, FUSED),
        (odd, {**FUSED, "batch_size": 1, "rows": 30}),
        (odd, {**FUSED, "batch_size": 256, "rows": 300}),
        (backwards, FUSED),
        (classifier, {"loss": "CrossEntropyLoss"}),
        (odd, {"optimizer": momentum}),
        (mlp, {"rows": 333}),
        (mlp, {"loss": "L1Loss"}),
        (mlp, {"scaled": SCALED}),
        (odd, {**FUSED, "scheduled": ("step", cycle)}),
        (mlp, {"scheduled": ("epoch", decay)}),
        (mlp, {"keep": "best"}),
        (mlp, {"clip_grad_norm": 0.01}),
        *[(odd, {"optimizer": optimizer, "rows": 75}) for optimizer in ELEMENTWISE],
    ],
)
def test_it_has_the_bits_of_autograd(monkeypatch, network, options):
    assert_as_by_autograd(monkeypatch, *(make(3, network, **options) for _ in "ab"))


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_an_activation_has_the_bits_of_autograd(monkeypatch, activation):
    def network() -> nn.Module:
        return nn.Sequential(
            nn.Linear(2, 17), elementwise(activation()), nn.Linear(17, 9),
            elementwise(activation()), nn.Linear(9, 1),
        )  # fmt: skip

    assert_as_by_autograd(monkeypatch, *(make(3, network, rows=75) for _ in "ab"))


def test_rows_of_vectors_have_the_bits_of_autograd(monkeypatch):
    def network() -> nn.Module:
        return nn.Sequential(
            nn.Linear(2, 9), elementwise(nn.ReLU()), nn.Linear(9, 3, bias=False), nn.Flatten(),
            nn.Linear(15, 1),
        )  # fmt: skip

    def change(plan: FitPlan) -> FitPlan:
        x, y = plan.train.dataset.tensors  # type: ignore[attr-defined]
        rows = x.unsqueeze(1) * torch.arange(1.0, 6.0)[:, None]
        plan.train.dataset.tensors = (rows, y)  # type: ignore[attr-defined]
        return plan

    assert_as_by_autograd(monkeypatch, *(change(make(3, network, val=None)) for _ in "ab"))


@pytest.mark.parametrize("threads", [1, 2])
def test_a_wide_chain_has_the_bits_of_autograd_on_any_number_of_threads(monkeypatch, threads):
    def network() -> nn.Module:
        return nn.Sequential(nn.Linear(2, 700), elementwise(nn.Sigmoid()), nn.Linear(700, 1))

    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        plans = (make(3, network, batch_size=160, epochs=3) for _ in "ab")
        assert_as_by_autograd(monkeypatch, *plans)
    finally:
        torch.set_num_threads(before)


@pytest.mark.parametrize("spoilt", ["weights", "target"])
def test_a_loss_that_is_not_finite_is_reported_as_by_autograd(monkeypatch, spoilt):
    def plan_of() -> FitPlan:
        plan = make(3)
        if spoilt == "target":
            plan.train.dataset.tensors[1][-1] = math.nan  # type: ignore[attr-defined]
        else:
            plan.optimizer.param_groups[0]["lr"] = 1e30
        return plan

    messages = []
    for _ in range(2):
        with pytest.raises(RunError) as error:
            list(fit(plan_of(), FitState()))
        messages.append((error.value.message, error.value.hint, getattr(error.value, "place", "")))
        monkeypatch.setattr(loop, "chain_of", lambda _: None)
    assert messages[0] == messages[1]


def frozen() -> nn.Module:
    model = mlp()
    model[0].weight.requires_grad_(False)  # type: ignore[index]
    return model


@pytest.mark.parametrize(
    ("network", "options"),
    [
        (Residual, {}),
        (images, {}),
        (tied, {}),
        (frozen, {}),
        (lambda: mlp().double(), {}),
        (mlp, {"optimizer": torch.optim.LBFGS}),
    ],
)
def test_what_is_not_such_a_chain_is_left_to_autograd(network, options):
    assert chain_of(make(3, network, **options)) is None
