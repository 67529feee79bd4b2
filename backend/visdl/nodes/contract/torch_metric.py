"""Metrics made of classes of torchmetrics: their parameters, and the task of the loss.

A family such as Precision has a class for each task: BinaryPrecision, MulticlassPrecision and
MultilabelPrecision. Which one measures, and of how many classes or labels, follows from the loss
and the shape of the predictions.
"""

from __future__ import annotations

import inspect
import warnings
from abc import abstractmethod
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, ClassVar, Literal

import torch
from torch import Tensor

from visdl.nodes.contract.learning import MetricNode
from visdl.nodes.contract.specs import Param
from visdl.nodes.contract.torch_signature import declare
from visdl.nodes.contract.torchmetrics_import import Metric, classification

Task = Literal["Binary", "Multiclass", "Multilabel"]
_TASKS: tuple[Task, ...] = ("Binary", "Multiclass", "Multilabel")
_DOCS = "https://lightning.ai/docs/torchmetrics/stable"
#: Given by loss and data, of no use for one value, or of one task alone.
_NEVER = {
    *("average", "ignore_index", "max_fpr", "multidim_average", "multioutput", "num_classes"),
    *("num_labels", "num_outputs", "thresholds", "top_k", "validate_args"),
    *("zero_division", "normalization"),
}
_MEANING: Mapping[str, tuple[str, dict[str, Any]]] = MappingProxyType(
    {
        "beta": ("Weight of recall relative to precision", {"min": 1e-6}),
        "n_bins": ("Number of bins of confidence", {"min": 1, "max": 10_000}),
        "norm": ("Mean (l1), root mean square (l2) or largest (max) gap over the bins", {}),
        "threshold": (
            "Probabilities above it count as 1, for targets of 0 and 1",
            {"min": 0, "max": 1, "step": 0.05},
        ),
        "weights": ("Weight of a disagreement by its distance; empty: all equal", {}),
    }
)


class TorchMetric(MetricNode):
    """A metric that torchmetrics computes, batch by batch, in float64."""

    _metrics: list[Metric] | None = None

    def update(self, prediction: Tensor, target: Tensor) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that memory grows, or that a class is missing
            self._update(prediction, target)

    @abstractmethod
    def _update(self, prediction: Tensor, target: Tensor) -> None:
        """Add one batch to the metrics of this task."""

    def compute(self) -> float:
        """Return the value; with a metric for each column or label, their mean."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            values = [metric.compute().double().mean() for metric in self._metrics or ()]
        return float(torch.stack(values).mean())

    def probabilities(self, prediction: Tensor) -> Tensor:
        """Return predictions of 0 and 1, or of −1 and 1, as probabilities of a 1."""
        signs = self.loss is not None and self.loss.RANGE == (-1, 1)
        return (prediction + 1) / 2 if signs else prediction

    def _made(self, make: Callable[[], list[Metric]], device: torch.device) -> list[Metric]:
        """Return the metrics, made with the first batch."""
        if self._metrics is None:
            self._metrics = [metric.to(device).set_dtype(torch.float64) for metric in make()]
        return self._metrics

    def _values(self, cls: type[Metric], **sizes: int) -> dict[str, Any]:
        """Return the arguments of `cls`: this node's parameters, and sizes known from the data."""
        accepted = inspect.signature(cls).parameters
        given = {name: getattr(self, name) for name in self.PARAMS} | sizes
        return {name: value for name, value in given.items() if name in accepted}


class ClassMetric(TorchMetric):
    """A metric of classes or labels. `family` is its name in torchmetrics, without the task.

    Of several labels it is the mean over them where torchmetrics has no class for these, or
    `one_each` asks for it.
    """

    MEASURES = "classes"
    CLASSES: ClassVar[Mapping[Task, type[Metric]]] = MappingProxyType({})

    def __init_subclass__(
        cls,
        family: str = "",
        one_each: bool = False,
        defaults: Mapping[str, Any] = MappingProxyType({}),
        **kwargs: Any,
    ) -> None:
        if family:
            tasks = _TASKS[:2] if one_each else _TASKS
            found = {task: getattr(classification, f"{task}{family}", None) for task in tasks}
            cls.CLASSES = {task: made for task, made in found.items() if made is not None}
            for made in cls.CLASSES.values():
                declare(cls, made, _NEVER, defaults, _MEANING)
            first = next(iter(cls.CLASSES.values()))
            cls.DIRECTION = cls.DIRECTION if first.higher_is_better is None else _direction(first)
            cls.URL = _DOCS
        super().__init_subclass__(**kwargs)

    def _update(self, prediction: Tensor, target: Tensor) -> None:
        if target.is_floating_point():
            self._update_labels(prediction.flatten(1), target.flatten(1))
            return
        made = self.CLASSES["Multiclass"]
        classes = prediction.shape[1]
        values = self._values(made, num_classes=classes)
        [metric] = self._made(lambda: [made(**values)], target.device)
        metric.update(prediction, target)

    def _update_labels(self, prediction: Tensor, target: Tensor) -> None:
        """Measure probabilities and labels, (rows, labels) each; a label of −1 counts as 0."""
        prediction = self.probabilities(prediction)
        truth, labels = (target > 0.5).long(), target.shape[1]
        together = self.CLASSES.get("Multilabel")
        if together is not None and labels > 1:
            values = self._values(together, num_labels=labels)
            [metric] = self._made(lambda: [together(**values)], target.device)
            metric.update(prediction, truth)
            return
        one = self.CLASSES["Binary"]
        values = self._values(one)
        metrics = self._made(lambda: [one(**values) for _ in range(labels)], target.device)
        for metric, p, y in zip(metrics, prediction.T, truth.T, strict=True):
            metric.update(p, y)


class AveragedMetric(ClassMetric):
    """A metric of classes that is averaged over them."""

    average: str = Param(
        "macro",
        choices=["macro", "micro", "weighted"],
        description="Over classes or labels: macro counts each the same, "
        "micro each decision, weighted each by its frequency",
    )


class CurveMetric(ClassMetric):
    """A metric of all thresholds: exact, or at a number of them."""

    average: str = Param(
        "macro",
        choices=["macro", "weighted"],
        description="Over classes or labels: macro counts each the same, weighted by frequency",
    )
    thresholds: int | None = Param(
        None,
        min=2,
        max=100_000,
        description="Number of thresholds, which limits the memory; empty: all, which is exact",
    )


class NumberMetric(TorchMetric):
    """A metric of numbers: the mean over the target columns, where it is one of each."""

    MEASURES = "float"
    CLASS: ClassVar[type[Metric]]
    FIXED: ClassVar[Mapping[str, Any]] = MappingProxyType({})

    def __init_subclass__(
        cls,
        of: type[Metric] | None = None,
        defaults: Mapping[str, Any] = MappingProxyType({}),
        **kwargs: Any,
    ) -> None:
        if of is not None:
            cls.CLASS = of
            declare(cls, of, {*_NEVER, *cls.FIXED}, defaults, _MEANING)
            cls.DIRECTION = cls.DIRECTION if of.higher_is_better is None else _direction(of)
            cls.URL = _DOCS
        super().__init_subclass__(**kwargs)

    def _update(self, prediction: Tensor, target: Tensor) -> None:
        prediction, target = prediction.double().flatten(1), target.double().flatten(1)
        columns = target.shape[1]
        values = {**self._values(self.CLASS, num_outputs=columns), **self.FIXED}
        [metric] = self._made(lambda: [self.CLASS(**values)], target.device)
        if columns == 1:
            prediction, target = prediction[:, 0], target[:, 0]
        metric.update(prediction, target)


def _direction(cls: type[Metric]) -> Literal["minimize", "maximize"]:
    return "maximize" if cls.higher_is_better else "minimize"
