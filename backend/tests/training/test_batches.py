"""Batches of an epoch: the bits of a training do not depend on where a batch is in memory."""

from __future__ import annotations

from copy import deepcopy

import pytest
import torch
from torch import nn
from torch.utils.data import Subset, TensorDataset

from visdl.nodes import NodeRegistry
from visdl.nodes.contract.learning import Loss, LossNode
from visdl.training.batches import ALIGNMENT, remaining_batches
from visdl.training.loop import fit
from visdl.training.plan import FitPlan, FitState, StepDone
from visdl.training.snapshot import restore, snapshot


def make(columns: int, batch_size: int, rows: int = 120) -> FitPlan:
    x = torch.randn(rows, columns, generator=torch.Generator().manual_seed(1))
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = nn.Sequential(nn.Linear(columns, 10), nn.ReLU(), nn.Linear(10, 1))
    cls = NodeRegistry.get("MSELoss")
    assert issubclass(cls, LossNode)
    node = cls.create({})
    return FitPlan(
        model=model,
        loss=Loss(node.build(), node),
        optimizer=torch.optim.Adam(model.parameters(), lr=0.01, fused=True),
        train=Subset(TensorDataset(x, x[:, :1] ** 2), range(rows)),
        val=None,
        batch_size=batch_size,
        epochs=3,
    )


@pytest.mark.parametrize("columns", [2, 64, 65, 127])
@pytest.mark.parametrize("batch_size", [1, 7, 32])
def test_a_resume_within_an_epoch_gives_the_same_bits_for_any_number_of_columns(
    columns, batch_size
):
    straight = make(columns, batch_size)
    list(fit(straight, FitState()))
    killed, state = make(columns, batch_size), FitState()
    steps = (event for event in fit(killed, state) if isinstance(event, StepDone))
    for _ in range(3):
        next(steps)
    saved = deepcopy(snapshot(killed, state))
    resumed = make(columns, batch_size)
    list(fit(resumed, restore(saved, resumed)))
    for mine, other in zip(straight.model.parameters(), resumed.model.parameters(), strict=True):
        assert torch.equal(mine, other)


def test_every_batch_is_aligned_as_a_tensor_of_its_own():
    batches = list(remaining_batches(make(3, 7), FitState()))
    assert len(batches) == 18
    assert all(tensor.data_ptr() % ALIGNMENT == 0 for xs, y in batches for tensor in (*xs, y))
