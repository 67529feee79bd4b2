"""Optimizers over 32 steps, against a loop with the class of torch.optim, in float64."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn, optim
from torch.utils.data import Subset, TensorDataset

from visdl.nodes import NodeRegistry, OptimizerNode
from visdl.nodes.contract.learning import Loss
from visdl.nodes.contract.specs import DataType
from visdl.training.loop import fit
from visdl.training.plan import FitPlan, FitState

from .rows import names_of, other_values

ROWS, BATCH, EPOCHS = 16, 4, 8
#: What a value needs besides: Nesterov momentum, momentum. Few iterations take less time.
NEEDED = {("SGD", "options"): {"momentum": 0.9}, ("LBFGS", "options"): {"max_iter": 4}}
NUMBERS = (DataType.INT, DataType.FLOAT)


def values_of(name: str, which: str) -> dict[str, Any]:
    """The parameters of a row: all defaults, other numbers, or other options (flags, choices)."""
    cls = NodeRegistry.get(name)
    others = {} if which == "defaults" else other_values(cls, ["groups"])
    numbers = {key for key in others if cls.PARAMS[key].dtype in NUMBERS}
    kept = numbers if which == "numbers" else others.keys() - numbers
    return {key: others[key] for key in sorted(kept)} | NEEDED.get((name, which), {})


def table() -> list[tuple[str, str]]:
    sets = ("defaults", "numbers", "options")
    rows = [(name, which) for name in names_of(OptimizerNode) for which in sets]
    return [row for row in rows if row[1] == "defaults" or values_of(*row)]


def model_and_data(name: str) -> tuple[nn.Module, Tensor, Tensor]:
    torch.manual_seed(1)
    y = torch.randn(ROWS, 2, dtype=torch.float64)
    if name == "SparseAdam":  # it trains embeddings with sparse gradients alone
        return nn.Embedding(5, 2, sparse=True).double(), torch.randint(5, (ROWS,)), y
    model = nn.Sequential(nn.Linear(3, 4), nn.Linear(4, 2)).double()
    return model, torch.randn(ROWS, 3, dtype=torch.float64), y


def theirs(name: str, params: dict[str, Any], weights: list[nn.Parameter]) -> list[Any]:
    """The optimizers that anybody would write by hand; Muon takes matrices alone."""
    given = dict(params)
    if name == "Adafactor" and given:
        given["eps"] = (given.pop("eps1", None), given.pop("eps2", 1e-3))
    cls = getattr(optim, name)
    rest = [weight for weight in weights if weight.dim() != 2]
    if name == "Muon":
        matrices = [weight for weight in weights if weight.dim() == 2]
        return [cls(matrices, **given), optim.AdamW(rest)]
    return [cls(weights, **given)]


@pytest.mark.parametrize(("name", "which"), table())
def test_an_optimizer_makes_the_steps_of_torch(name, which):
    params = values_of(name, which)
    model, x, y = model_and_data(name)
    by_hand, _, _ = model_and_data(name)
    before = [weight.detach().clone() for weight in model.parameters()]
    [optimizer] = NodeRegistry.get(name).create(params).execute(model=model)
    node = NodeRegistry.get("MSELoss").create({})
    plan = FitPlan(
        model=model,
        loss=Loss(node.build(), node),
        optimizer=optimizer,
        train=Subset(TensorDataset(x, y), range(ROWS)),
        val=None,
        batch_size=BATCH,
        epochs=EPOCHS,
        shuffle=False,
    )
    state = FitState()
    for _ in fit(plan, state):
        pass
    assert state.step == 32
    optimizers = theirs(name, params, list(by_hand.parameters()))
    for rows in [*torch.arange(ROWS).split(BATCH)] * EPOCHS:

        def closure(rows: Tensor = rows) -> Tensor:
            by_hand.zero_grad()
            loss = (by_hand(x[rows]) - y[rows]).square().mean()
            loss.backward()
            return loss

        if name != "LBFGS":
            closure()
        for each in optimizers:
            each.step(*([closure] if name == "LBFGS" else []))
    for ours, expected, first in zip(model.parameters(), by_hand.parameters(), before, strict=True):
        torch.testing.assert_close(ours, expected, rtol=1e-9, atol=1e-12)
        assert not torch.equal(ours, first)
