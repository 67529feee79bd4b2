"""Losses by reduction and parameter, against formulas in plain torch, float64.

A formula returns the terms that are added up, and the divisor of their mean. A loss without a
formula is compared with the class of torch.nn that has its name.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.utils.data import Subset, TensorDataset

from visdl.nodes import LossNode, NodeRegistry, Shape
from visdl.nodes.contract.specs import BATCH
from visdl.training.loop import fit
from visdl.training.plan import EpochDone, FitPlan, FitState

from ..nodes.test_learning import example
from .rows import CLASSES, names_of, other_values

#: torch advises "batchmean" in place of the mean over all numbers of KLDivLoss.
pytestmark = pytest.mark.filterwarnings("ignore:reduction. 'mean' divides")

Terms = tuple[Tensor, Tensor | float]
LOSSES = names_of(LossNode)


def poisson(x: Tensor, y: Tensor, log_input: bool, full: bool, eps: float) -> Tensor:
    terms = x.exp() - y * x if log_input else x - y * (x + eps).log()
    above = y.clamp(min=1)
    stirling = above * above.log() - above + (2 * math.pi * above).log() / 2
    return terms + torch.where(y > 1, stirling, 0) if full else terms


def divergence(x: Tensor, y: Tensor, log_target: bool) -> Tensor:
    return y.exp() * (y - x) if log_target else y * (y.log() - x)


def yes_or_no(p: Tensor, y: Tensor, weight_of_1: Any = None) -> Tensor:
    weight = torch.tensor(weight_of_1 or [1.0], dtype=p.dtype)
    return -(weight * y * p.log() + (1 - y) * (1 - p).log())


def sigmoid(x: Tensor) -> Tensor:
    return 1 / (1 + (-x).exp())


def hinge_embedding(x: Tensor, y: Tensor, margin: float) -> Tensor:
    return torch.where(y == 1, x, (margin - x).clamp(min=0))


def smooth_l1(x: Tensor, y: Tensor, beta: float) -> Tensor:
    d = (x - y).abs()
    return torch.where(d < beta, d**2 / (2 * beta), d - beta / 2)


def huber(x: Tensor, y: Tensor, delta: float) -> Tensor:
    d = (x - y).abs()
    return torch.where(d < delta, d**2 / 2, delta * (d - delta / 2))


#: Losses of pairs of numbers: the mean is over all of them.
BY_NUMBER: dict[str, Callable[..., Tensor]] = {
    "BCELoss": yes_or_no,
    "BCEWithLogitsLoss": lambda x, y, pos_weight: yes_or_no(sigmoid(x), y, pos_weight),
    "HingeEmbeddingLoss": hinge_embedding,
    "HuberLoss": huber,
    "KLDivLoss": divergence,
    "L1Loss": lambda x, y: (x - y).abs(),
    "MSELoss": lambda x, y: (x - y) ** 2,
    "PoissonNLLLoss": poisson,
    "SmoothL1Loss": smooth_l1,
    "SoftMarginLoss": lambda x, y: (1 + (-y * x).exp()).log(),
}


def weights_of(weight: Any, x: Tensor) -> Tensor:
    """The weights of the classes (classes,), 1 by default."""
    return torch.tensor(weight or [1.0] * x.shape[1], dtype=x.dtype)


def negative_log(
    logs: Tensor, y: Tensor, weight: Any, ignore_index: int, label_smoothing: float = 0
) -> Terms:
    """Of log-probabilities (rows, classes, …) and class indices (rows, …)."""
    w = weights_of(weight, logs)
    flat, y = logs.movedim(1, -1).reshape(-1, logs.shape[1]), y.reshape(-1)
    flat, y = flat[y != ignore_index], y[y != ignore_index]
    smooth = -(flat * w).sum(1) / flat.shape[1]
    terms = -w[y] * flat[torch.arange(len(y)), y]
    return (1 - label_smoothing) * terms + label_smoothing * smooth, w[y].sum()


def cross_entropy(x: Tensor, y: Tensor, **params: Any) -> Terms:
    return negative_log(x - x.exp().sum(1, keepdim=True).log(), y, **params)


def multi_margin(x: Tensor, y: Tensor, p: int, margin: float, weight: Any) -> Terms:
    right = x[torch.arange(len(y)), y][:, None]
    gaps = (margin - right + x).clamp(min=0) ** p * weights_of(weight, x)[y][:, None]
    others = torch.arange(x.shape[1])[None] != y[:, None]
    return (gaps * others).sum(1) / x.shape[1], len(y)


def several_labels(x: Tensor, y: Tensor, weight: Any) -> Terms:
    return (weights_of(weight, x) * yes_or_no(sigmoid(x), y)).mean(1), len(y)


def lists_of_labels(x: Tensor, y: Tensor) -> Terms:
    """The target lists class indices, and −1 ends the list."""
    terms = []
    for scores, labels in zip(x, y.long().tolist(), strict=True):
        own = labels[: labels.index(-1)]
        others = [i for i in range(len(scores)) if i not in own]
        gaps = [(1 - (scores[j] - scores[i])).clamp(min=0) for j in own for i in others]
        terms.append(torch.stack(gaps).sum() / len(scores))
    return torch.stack(terms), len(y)


BY_ROW: dict[str, Callable[..., Terms]] = {
    "CrossEntropyLoss": cross_entropy,
    "MultiLabelMarginLoss": lists_of_labels,
    "MultiLabelSoftMarginLoss": several_labels,
    "MultiMarginLoss": multi_margin,
    "NLLLoss": negative_log,
}


def terms_of(name: str, params: dict[str, Any], x: Tensor, y: Tensor) -> Terms:
    """The terms of a loss and the divisor of their mean."""
    defaults = {key: spec.default for key, spec in NodeRegistry.get(name).PARAMS.items()}
    known = {key: value for key, value in (defaults | params).items() if key != "reduction"}
    if name in BY_ROW:
        return BY_ROW[name](x, y, **known)
    if name in BY_NUMBER:
        terms = BY_NUMBER[name](x, y, **known)
        return terms, terms.numel()
    total, mean = (getattr(nn, name)(reduction=way, **known)(x, y) for way in ("sum", "mean"))
    return total, (total / mean).detach()


def reduced(terms: Tensor, divisor: Tensor | float, reduction: str, rows: int) -> Tensor:
    return terms.sum() / {"mean": divisor, "batchmean": rows, "sum": 1}[reduction]


def table() -> list[tuple[str, str, dict[str, Any]]]:
    """(loss, reduction, parameters): by default, each other value alone, and all of them."""
    rows = []
    for name in LOSSES:
        cls = NodeRegistry.get(name)
        others = other_values(cls, ["reduction"])
        sets = [{}, *({key: value} for key, value in others.items())]
        sets += [others] if len(others) > 1 else []
        for reduction in cls.PARAMS["reduction"].choices:
            rows += [(name, reduction, params) for params in sets]
    return rows


def row_id(value: object) -> str:
    return "+".join(value) or "default" if isinstance(value, dict) else str(value)


def data_for(name: str, params: dict[str, Any], rows: int) -> tuple[Tensor, Tensor]:
    """A prediction (rows, classes) and a target that suit the loss, in float64."""
    torch.manual_seed(3)
    x, y = example(name, rows, CLASSES)
    if name == "PoissonNLLLoss" and params.get("log_input") is False:
        x = x.abs() + 0.1  # a rate
    if params.get("log_target"):
        y = y.log()
    return x.double(), y.double() if y.is_floating_point() else y


def test_no_formula_is_of_a_loss_that_does_not_exist():
    assert {*BY_NUMBER, *BY_ROW} <= set(LOSSES)


@pytest.mark.parametrize(("name", "reduction", "params"), table(), ids=row_id)
def test_the_value_and_gradient_of_a_loss(name, reduction, params):
    [loss] = NodeRegistry.get(name).create({**params, "reduction": reduction}).execute()
    loss.module.double()
    x, y = data_for(name, params, rows=8)
    ours, theirs = x.clone().requires_grad_(), x.clone().requires_grad_()
    value = loss(ours, y)
    expected = reduced(*terms_of(name, params, theirs, y), reduction, len(y))
    value.backward()
    expected.backward()
    torch.testing.assert_close(value, expected, rtol=1e-10, atol=1e-12)
    torch.testing.assert_close(ours.grad, theirs.grad, rtol=1e-10, atol=1e-12)
    assert ours.grad.abs().sum() > 0


def takes_positions(name: str) -> bool:
    node = NodeRegistry.get(name).create({})
    return node.TARGET == "index" and not node.why_not(Shape((BATCH, CLASSES, 4)), CLASSES, 4)


@pytest.mark.parametrize("reduction", ["mean", "sum"])
@pytest.mark.parametrize("name", [name for name in LOSSES if takes_positions(name)])
def test_a_loss_of_class_scores_at_several_positions(name, reduction):
    cls = NodeRegistry.get(name)
    params = other_values(cls, ["reduction"])
    [loss] = cls.create({**params, "reduction": reduction}).execute()
    loss.module.double()
    torch.manual_seed(3)
    x = torch.randn(5, CLASSES, 4, dtype=torch.float64, requires_grad=True)
    y = torch.randint(CLASSES, (5, 4))
    expected = reduced(*terms_of(name, params, x, y), reduction, len(y))
    torch.testing.assert_close(loss(x, y), expected, rtol=1e-10, atol=1e-12)


def model_for(node: LossNode) -> nn.Module:
    """A layer, and after it the one that gives what the loss wants of any numbers."""
    layers: list[nn.Module] = [nn.Linear(4, CLASSES)]
    if node.BEFORE:
        layers.append(getattr(nn, node.BEFORE)(*([1] if node.BEFORE == "LogSoftmax" else [])))
    elif node.link == "identity" and node.RANGE[0] == 0:
        layers.append(nn.Softplus())
    return nn.Sequential(*layers).double()


def trainings() -> list[tuple[str, str, dict[str, Any]]]:
    """The rows with all defaults, and with all other values."""
    return [row for row in table() if not row[2] or len(row[2]) > 1]


@pytest.mark.parametrize(("name", "reduction", "params"), trainings(), ids=row_id)
def test_a_training_has_the_losses_and_weights_of_a_plain_loop(name, reduction, params):
    """Two epochs of batches of 3, 3 and 2 rows, and 4 rows for validation."""
    cls = NodeRegistry.get(name)
    [loss] = cls.create({**params, "reduction": reduction}).execute()
    loss.module.double()
    _, y = data_for(name, params, rows=12)
    x = torch.randn(12, 4, dtype=torch.float64)
    model, theirs = model_for(loss.node), model_for(loss.node)
    theirs.load_state_dict(model.state_dict())
    plan = FitPlan(
        model=model,
        loss=loss,
        optimizer=torch.optim.SGD(model.parameters(), lr=0.05),
        train=Subset(TensorDataset(x, y), range(8)),
        val=((x[8:],), y[8:]),
        batch_size=3,
        epochs=2,
        shuffle=False,
    )
    measured = [event.values for event in fit(plan, FitState()) if isinstance(event, EpochDone)]
    optimizer = torch.optim.SGD(theirs.parameters(), lr=0.05)

    def per_sample(parts: list[tuple[Tensor, Tensor | float, int]]) -> float:
        """The loss of all samples: a sum is divided by its rows, or their weights."""
        total = sum(float(terms.sum()) for terms, _, _ in parts)
        by_rows = reduction == "batchmean" or (reduction == "sum" and cls.TARGET == "float")
        return total / sum(rows if by_rows else float(divisor) for _, divisor, rows in parts)

    for values in measured:
        parts = []
        for rows in torch.arange(8).split(3):
            terms, divisor = terms_of(name, params, theirs(x[rows]), y[rows])
            optimizer.zero_grad()
            reduced(terms, divisor, reduction, len(rows)).backward()
            optimizer.step()
            parts.append((terms.detach(), divisor, len(rows)))
        assert values["train_loss"] == pytest.approx(per_sample(parts), rel=1e-9)
        held = terms_of(name, params, theirs(x[8:]).detach(), y[8:])
        assert values["val_loss"] == pytest.approx(per_sample([(*held, 4)]), rel=1e-9)
    for name_of, value in theirs.state_dict().items():
        torch.testing.assert_close(model.state_dict()[name_of], value, rtol=1e-9, atol=1e-12)
