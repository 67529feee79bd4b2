"""Metrics over unequal batches, against torchmetrics over all rows at once."""

from __future__ import annotations

import inspect
import warnings
from typing import Any

import pytest
import torch
import torchmetrics
from torch import Tensor
from torchmetrics import classification, regression, text

from visdl.nodes import MetricNode, NodeRegistry
from visdl.nodes.contract.metrics import running

from ..support.metrics import measure
from .rows import names_of, other_values

BATCHES = [9, 31, 1, 19, 30]
ROWS, CLASSES, IGNORED = sum(BATCHES), 4, 2
INDEX, BINARY, NUMBERS = (
    ["classes", "positions", "ignored"],
    ["label", "labels", "sign"],
    ["number", "numbers"],
)
#: The shapes of targets by what a metric measures.
KINDS = {
    "index": INDEX,
    "binary": BINARY,
    "classes": INDEX + BINARY,
    "float": NUMBERS,
    "": NUMBERS,
}
LOSSES = {
    **dict.fromkeys(INDEX, "CrossEntropyLoss"),
    **dict.fromkeys(BINARY, "BCEWithLogitsLoss"),
    **dict.fromkeys(NUMBERS, "MSELoss"),
    "sign": "SoftMarginLoss",
}
#: Names of torchmetrics and arguments, where they are not those of the node.
THEIRS: dict[str, tuple[str, dict[str, Any]]] = {
    "Accuracy": ("Accuracy", {"average": "micro"}),
    "BinaryAccuracy": ("Accuracy", {"average": "micro"}),
    "BalancedAccuracy": ("Accuracy", {"average": "none"}),
    "TopKAccuracy": ("Accuracy", {"average": "micro"}),
    "RootMeanSquaredError": ("MeanSquaredError", {"squared": False}),
}
#: Means over the classes that have targets, whatever torchmetrics does with others.
OVER_PRESENT = ("AUROC", "AveragePrecision", "BalancedAccuracy")
EACH_LABEL = ("BalancedAccuracy", "MatthewsCorrCoef")  # the mean over labels


def table() -> list[tuple[str, str, dict[str, Any]]]:
    rows = []
    for name in names_of(MetricNode):
        cls = NodeRegistry.get(name)
        sets = [{}, others] if (others := other_values(cls)) else [{}]
        rows += [(name, kind, params) for kind in KINDS[cls.MEASURES] for params in sets]
    return rows


@pytest.fixture(autouse=True)
def small_groups(monkeypatch):
    monkeypatch.setattr(running, "_GROUP_ROWS", 20)


def data_of(kind: str) -> tuple[Tensor, Tensor]:
    """Outputs of a model and targets (rows, …)."""
    random = torch.Generator().manual_seed(11)
    if kind in INDEX:
        shape = (ROWS, 3) if kind == "positions" else (ROWS,)
        output = torch.randn(ROWS, CLASSES, *shape[1:], generator=random)
        drawn = torch.randint(CLASSES, shape, generator=random)
        return output, torch.where(
            torch.rand(shape, generator=random) > 0.5, output.argmax(1), drawn
        )
    columns = 1 if kind in ("label", "number", "sign") else 3
    output = torch.randn(ROWS, columns, generator=random)
    noise = torch.randn(ROWS, columns, generator=random)
    if kind in NUMBERS:
        return output + 4, output + 4 + 0.5 * noise
    ones = (output + noise > 0.2).float()
    return output, ones * 2 - 1 if kind == "sign" else ones


def made(cls: type[torchmetrics.Metric], args: dict[str, Any]) -> torchmetrics.Metric:
    known = inspect.signature(cls).parameters
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # some keep all values, which they state
        return cls(**{key: value for key, value in args.items() if key in known})


def value_of(metric: torchmetrics.Metric, prediction: Tensor, target: Tensor) -> Tensor:
    """The value of a metric that gets all rows at once, in float64."""
    metric.set_dtype(torch.float64)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        metric.update(prediction, target)
        return metric.compute().double()


def of_classes(name: str, args: dict[str, Any], p: Tensor, y: Tensor) -> float:
    """Of probabilities (rows, classes, …) and class indices (rows, …)."""
    p, y = p.movedim(1, -1).reshape(-1, CLASSES), y.reshape(-1)
    if name == "Perplexity":
        return value_of(text.Perplexity(), p.log()[None], y[None]).item()
    theirs, fixed = THEIRS.get(name, (name, {}))
    known = {**args, **fixed, "num_classes": CLASSES}
    if name == "TopKAccuracy":
        known["top_k"] = min(args["k"], CLASSES)
    if name not in OVER_PRESENT:
        return value_of(made(getattr(classification, f"Multiclass{theirs}"), known), p, y).item()
    known["average"] = "none"
    found = value_of(made(getattr(classification, f"Multiclass{theirs}"), known), p, y)
    counts = y.bincount(minlength=CLASSES).double()
    weights = counts if args.get("average") == "weighted" else (counts > 0).double()
    return (found.nan_to_num() * weights).sum().item() / weights.sum().item()


def of_labels(name: str, args: dict[str, Any], p: Tensor, y: Tensor) -> float:
    """Of probabilities and 0 or 1 of each label (rows, labels)."""
    theirs, fixed = THEIRS.get(name, (name, {}))
    known = {**args, **fixed, "num_labels": y.shape[1]}
    together = getattr(classification, f"Multilabel{theirs}", None)
    if y.shape[1] > 1 and together and name not in EACH_LABEL:
        return value_of(made(together, known), p, y).item()
    if name == "BalancedAccuracy":
        each = [
            value_of(classification.MulticlassAccuracy(2, average="macro"), (q > 0.5).long(), t)
            for q, t in zip(p.T, y.T, strict=True)
        ]
    else:
        cls = getattr(classification, f"Binary{theirs}")
        each = [value_of(made(cls, known), q, t) for q, t in zip(p.T, y.T, strict=True)]
    return torch.stack(each).mean().item()


def of_numbers(name: str, args: dict[str, Any], p: Tensor, y: Tensor) -> float:
    theirs, fixed = THEIRS.get(name, (name, {}))
    known = {**args, **fixed}
    if name not in ("RootMeanSquaredError", "R2Score"):
        known["num_outputs"] = y.shape[1]
    if y.shape[1] == 1:
        p, y = p[:, 0], y[:, 0]
    if name == "RootMeanSquaredError":  # over all values, as the mean squared error is
        p, y = p.flatten(), y.flatten()
    return value_of(made(getattr(regression, theirs), known), p, y).mean().item()


def expected(name: str, kind: str, params: dict[str, Any], output: Tensor, target: Tensor) -> float:
    args = {key: spec.default for key, spec in NodeRegistry.get(name).PARAMS.items()} | params
    output = output.double()
    if kind in INDEX:
        p = output.softmax(1)
        if kind == "ignored":
            p, target = p[target != IGNORED], target[target != IGNORED]
        return of_classes(name, args, p, target)
    if kind in NUMBERS:
        return of_numbers(name, args, output, target.double())
    if name == "BinaryAccuracy":  # its threshold is one of the model's outputs
        args["threshold"] = torch.tensor(args["threshold"] or 0.0).sigmoid().item()
    return of_labels(name, args, output.sigmoid(), (target > 0).long())


def row_id(value: object) -> str:
    return "+".join(value) or "default" if isinstance(value, dict) else str(value)


@pytest.mark.parametrize(("name", "kind", "params"), table(), ids=row_id)
def test_a_metric_over_batches_is_that_of_torchmetrics_over_all_rows(name, kind, params):
    output, target = data_of(kind)
    of_loss = {"ignore_index": IGNORED} if kind == "ignored" else {}
    loss = NodeRegistry.get(LOSSES[kind]).create(of_loss)
    cls = NodeRegistry.get(name)
    batches = zip(output.split(BATCHES), target.split(BATCHES), strict=True)
    [found] = measure([lambda: cls.create(params)], loss, batches).values()
    assert found == pytest.approx(expected(name, kind, params, output, target), rel=1e-5)
