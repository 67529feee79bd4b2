"""Losses, optimizers and schedulers of the catalogue, compared with their torch classes."""

from __future__ import annotations

import inspect
import math
import warnings

import pytest
import torch
from torch import nn, optim
from torch.optim import lr_scheduler

from visdl.models.errors import RunError
from visdl.nodes import NodeRegistry, Shape
from visdl.nodes.contract.learning import LossNode, SchedulerNode
from visdl.nodes.contract.parameter_groups.optimizer_node import OptimizerNode
from visdl.nodes.contract.specs import BATCH

#: Losses of torch.nn that take something else than one prediction and one target, and why.
OTHER_LOSSES = {
    "CTCLoss": "lengths",
    "CosineEmbeddingLoss": "two predictions",
    "GaussianNLLLoss": "a variance",
    "LinearCrossEntropyLoss": "weights of its own",
    "MarginRankingLoss": "two predictions",
    "NLLLoss2d": "the former name of NLLLoss",
    "TripletMarginLoss": "three predictions",
    "TripletMarginWithDistanceLoss": "three predictions",
}
#: Schedulers of torch that have no node of their own, and why.
OTHER_SCHEDULERS = {
    "ChainedScheduler": "a wire from one scheduler to the next",
    "LRScheduler": "the base class",
    "LambdaLR": "takes a function",
    "MultiplicativeLR": "takes a function",
}


def of(kind):
    return [name for name in NodeRegistry.names() if issubclass(NodeRegistry.get(name), kind)]


LOSSES, OPTIMIZERS, SCHEDULERS = of(LossNode), of(OptimizerNode), of(SchedulerNode)


@pytest.fixture(autouse=True)
def _seed():
    torch.manual_seed(0)


def test_every_loss_of_torch_for_one_prediction_and_one_target_is_there():
    theirs = {name for name in nn.modules.loss.__all__ if name not in OTHER_LOSSES}
    assert theirs == set(LOSSES)


def test_every_optimizer_of_torch_is_there():
    theirs = {
        name
        for name, cls in inspect.getmembers(optim, inspect.isclass)
        if issubclass(cls, optim.Optimizer)
    }
    assert theirs - {"Optimizer"} == set(OPTIMIZERS)
    assert set(NodeRegistry.unavailable()) <= {"Muon"}


def test_every_scheduler_of_torch_without_a_function_is_there():
    assert {name for name in lr_scheduler.__all__ if name not in OTHER_SCHEDULERS} == set(
        SCHEDULERS
    )


def example(name, rows=8, width=3):
    """A prediction and a target that suit the loss."""
    prediction = torch.randn(rows, width)
    if NodeRegistry.get(name).TARGET == "index":
        return prediction, torch.arange(rows) % width
    if name == "MultiLabelMarginLoss":
        return prediction, torch.tensor([[0.0, 2.0, -1.0]]).repeat(rows, 1)
    if name == "BCELoss":
        prediction = prediction.sigmoid()
    if name == "KLDivLoss":
        return prediction.log_softmax(1), torch.rand(rows, width).softmax(1)
    low, high = NodeRegistry.get(name).RANGE
    if (low, high) == (0, 1):
        return prediction, (torch.rand(rows, width) > 0.5).float()
    if (low, high) == (-1, 1):
        return prediction, torch.randn(rows, width).sign()
    return prediction, torch.rand(rows, width) * 3


def test_class_weights_of_another_number_than_the_classes_are_refused():
    loss = NodeRegistry.get("CrossEntropyLoss").create({"weight": [1.0, 2.0]})
    assert (
        loss.why_not(Shape((BATCH, 3)), 3, 1)
        == "weight has 2 values, but the number of classes is 3"
    )
    assert loss.why_not(Shape((BATCH, 2)), 2, 1) is None


@pytest.mark.parametrize("name", LOSSES)
def test_a_loss_refuses_a_prediction_that_would_be_broadcast(name):
    loss = NodeRegistry.get(name).create({})
    classes, targets = (3, 1) if loss.TARGET == "index" else (None, 2)
    right = Shape((BATCH, classes or targets))
    assert loss.why_not(right, classes, targets) is None
    for wrong in ((BATCH,), (BATCH, 1), (BATCH, 5), (BATCH, 5, right[1]), (2,), (2, 1)):
        assert loss.why_not(Shape(wrong), classes, targets)


def test_scores_at_many_places_fit_as_many_target_columns():
    loss = NodeRegistry.get("CrossEntropyLoss").create({})
    assert loss.why_not(Shape((BATCH, 3, 4, 4)), 3, 16) is None
    assert "at 16 positions" in loss.why_not(Shape((BATCH, 3, 4, 4)), 3, 15)
    assert NodeRegistry.get("MSELoss").create({}).why_not(Shape((BATCH, 1, 4, 4)), None, 16) is None


#: An optimizer's parameters and model, where the defaults suit no small dense network.
SPECIAL = {"SparseAdam", "Muon"}


@pytest.mark.parametrize("name", [name for name in OPTIMIZERS if name not in SPECIAL])
def test_an_optimizer_moves_the_weights_against_the_gradient_and_leaves_frozen_ones_alone(name):
    model = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 1))
    model[0].requires_grad_(False)
    before = [weight.clone() for weight in model.parameters()]
    [optimizer] = NodeRegistry.get(name).create({"lr": 0.01}).execute(model=model)
    x = torch.rand(16, 2)

    def closure():
        optimizer.zero_grad()
        loss = model(x).square().mean()
        loss.backward()
        return loss

    loss = closure().item()
    optimizer.step(closure)
    assert model(x).square().mean() < loss
    assert [torch.equal(a, b) for a, b in zip(before, model.parameters(), strict=True)] == [
        True,
        True,
        False,
        False,
    ]


def test_muon_trains_matrices_and_adamw_all_else():
    if not hasattr(optim, "Muon"):
        assert NodeRegistry.unavailable()["Muon"].reason.startswith(
            "Muon needs torch 2.9 or newer; this is 2."
        )
        return
    node = NodeRegistry.get("Muon").create({})
    assert node.why_not([(3, 2), (1, 3)]) is None
    assert "only matrices" in node.why_not([(3, 2), (3,)])
    model = nn.Linear(4, 4)
    before = [weight.clone() for weight in model.parameters()]
    [optimizer] = node.execute(model=model)
    assert [type(part).__name__ for part in optimizer.parts] == ["Muon", "AdamW"]
    model(torch.rand(8, 4)).square().mean().backward()
    optimizer.step()
    assert not any(map(torch.equal, before, model.parameters()))


def test_sparse_adam_trains_an_embedding_with_sparse_gradients():
    model = nn.Embedding(5, 3, sparse=True)
    before = model.weight.clone()
    [optimizer] = NodeRegistry.get("SparseAdam").create({"lr": 0.1}).execute(model=model)
    model(torch.tensor([1, 1, 3])).square().mean().backward()
    optimizer.step()
    changed = (model.weight != before).any(dim=1)
    assert changed.tolist() == [False, True, False, True, False]


@pytest.mark.parametrize(
    ("name", "params", "kept"),
    [
        ("SGD", {}, 0),
        ("SGD", {"momentum": 0.9}, 1),
        ("Adam", {}, 2),
        ("Adam", {"amsgrad": True}, 3),
        ("AdamW", {}, 2),
        ("RMSprop", {"centered": True, "momentum": 0.5}, 3),
        ("LBFGS", {"history_size": 4}, 11),
    ],
)
def test_how_much_an_optimizer_keeps_is_known(name, params, kept):
    assert NodeRegistry.get(name).create(params).state_tensors() == kept


def rates(optimizer, scheduler, steps=8):
    """The learning rates of the steps."""
    found = []
    for _ in range(steps):
        found.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    return found


def test_a_warm_up_wired_before_a_cosine_multiplies_their_factors():
    optimizer = optim.SGD([nn.Parameter(torch.zeros(1))], lr=1.0)
    warm_up = NodeRegistry.get("LinearLR").create({"start_factor": 0.5, "total_iters": 2})
    cosine = NodeRegistry.get("CosineAnnealingLR").create({"T_max": 8})
    [schedule] = cosine.execute(optimizer=warm_up.execute(optimizer=optimizer)[0])
    assert schedule.nodes == (warm_up, cosine)
    parts = [node.build(optimizer, 8) for node in schedule.nodes]
    found = []
    for _ in range(8):
        found.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        for part in parts:
            part.step()
    factors = [0.5, 0.75, *[1.0] * 6]
    expected = [f * (1 + math.cos(math.pi * t / 8)) / 2 for t, f in enumerate(factors)]
    assert found == pytest.approx(expected, abs=1e-9)


def sequence(milestones, *names):
    optimizer = optim.SGD([nn.Parameter(torch.zeros(1))], lr=1.0)
    parts = [
        NodeRegistry.get(name).create(params).execute(optimizer=optimizer)[0]
        for name, params in names
    ]
    node = NodeRegistry.get("SequentialLR").create({"milestones": milestones})
    return optimizer, node, parts


def test_a_sequence_gives_each_scheduler_its_part_of_the_training():
    optimizer, node, parts = sequence(
        [2], ("ConstantLR", {"factor": 0.5}), ("CosineAnnealingLR", {})
    )
    [schedule] = node.execute(schedulers=parts)
    assert schedule.optimizer is optimizer
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch warns of its own way to begin the second part
        found = rates(optimizer, schedule.nodes[0].build(optimizer, 8))
    cosine = [(1 + math.cos(math.pi * t / 6)) / 2 for t in range(6)]
    assert found == pytest.approx([0.5, 0.5, *cosine], abs=1e-9)


def test_a_sequence_that_cannot_be_is_refused_with_a_sentence():
    _, node, parts = sequence([2, 4], ("ConstantLR", {}), ("ExponentialLR", {}))
    with pytest.raises(RunError, match="2 schedulers need 1 milestones"):
        node.execute(schedulers=parts)
    _, node, parts = sequence([2], ("ConstantLR", {}), ("ReduceLROnPlateau", {}))
    with pytest.raises(RunError, match="cannot be part of a sequence"):
        node.execute(schedulers=parts)
    other = sequence([2], ("ConstantLR", {}))[2]
    with pytest.raises(RunError, match="different optimizers"):
        sequence([2])[1].execute(schedulers=[*other, *sequence([2], ("ConstantLR", {}))[2]])


@pytest.mark.parametrize("name", [name for name in SCHEDULERS if name != "SequentialLR"])
def test_a_scheduler_that_is_switched_off_hands_the_optimizer_on(name):
    optimizer = object()
    assert NodeRegistry.get(name).create({}).on_disable(optimizer=optimizer) == (optimizer,)
