"""Metrics made of classes of torchmetrics: their parameters, and the task of the loss.

A family such as Precision has a class for each task: BinaryPrecision, MulticlassPrecision and
MultilabelPrecision. Which one measures, and of how many classes or labels, follows from the loss
and the shape of the predictions.
"""

from __future__ import annotations

import contextlib
import inspect
import itertools
import warnings
from abc import abstractmethod
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any, ClassVar, Literal

import torch
from torch import Tensor

from visdl.nodes.contract.learning import MetricNode
from visdl.nodes.contract.metrics.torchmetrics_import import Metric, classification
from visdl.nodes.contract.specs import Param
from visdl.nodes.contract.torch_signature import declare

_SMALLER = (torch.uint8, torch.int16, torch.int32)
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
    """A metric that torchmetrics computes, batch by batch, in float64.

    Most keep counts or sums. Those that need all values of an epoch keep them in the smallest type
    that holds them.
    """

    _metrics: list[Metric] | None = None
    _example: tuple[Tensor, Tensor] | None = None  # a row of the first batch, for its shape
    _narrowed = False  # whether numbers of float64 are kept as float32

    def update(self, prediction: Tensor, target: Tensor) -> None:
        metrics = self._made_for(prediction[:1], target[:1])
        with _quiet():
            self._update(metrics, prediction, target)
        for values in itertools.chain.from_iterable(map(_lists, metrics)):
            values[-1] = self._narrow(values[-1])

    @abstractmethod
    def _make(self, prediction: Tensor, target: Tensor) -> list[Metric]:
        """Return the metrics for predictions and targets such as these."""

    @abstractmethod
    def _update(self, metrics: list[Metric], prediction: Tensor, target: Tensor) -> None:
        """Add one batch to the metrics that `_make` returned."""

    def compute(self) -> float:
        """Return the value; with a metric for each column or label, their mean."""
        metrics = self._metrics or []
        for values in itertools.chain.from_iterable(map(_lists, metrics)):
            values[:] = [self._widened(torch.cat(values))]
        with _quiet():
            computed = [self._value(metric) for metric in metrics]
        return float(torch.stack(computed).mean())

    def _value(self, metric: Metric) -> Tensor:
        """Return the value of one metric, a scalar; of several columns or labels, their mean."""
        value: Tensor = metric.compute()
        return value.double().mean()

    def state_dict(self) -> dict[str, Any]:
        if self._metrics is None or self._example is None:
            return {}
        return {
            "example": [each.clone() for each in self._example],
            "narrowed": self._narrowed,
            "metrics": [dict(metric.metric_state) for metric in self._metrics],
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        if not state:
            return
        for metric, values in zip(self._made_for(*state["example"]), state["metrics"], strict=True):
            metric._update_count = 1  # otherwise it warns that nothing was measured
            for name, value in values.items():
                setattr(metric, name, value)
        self._narrowed = state["narrowed"]

    def probabilities(self, prediction: Tensor) -> Tensor:
        """Return predictions of 0 and 1, or of −1 and 1, as probabilities of a 1."""
        signs = self.loss is not None and self.loss.RANGE == (-1, 1)
        return (prediction + 1) / 2 if signs else prediction

    def _made_for(self, prediction: Tensor, target: Tensor) -> list[Metric]:
        """Return the metrics, made with the first batch."""
        if self._metrics is None:
            self._example = prediction, target
            with _quiet():
                made = self._make(prediction, target)
            self._metrics = [m.to(target.device).set_dtype(torch.float64) for m in made]
        return self._metrics

    def _narrow(self, values: Tensor) -> Tensor:
        """Return kept values in a smaller type that holds them exactly, where there is one."""
        if values.dtype == torch.int64 and values.numel():
            low, high = (int(value) for value in values.aminmax())
            fits = (t for t in _SMALLER if torch.iinfo(t).min <= low <= high <= torch.iinfo(t).max)
            return values.to(next(fits, torch.int64))
        if values.dtype == torch.float64 and torch.equal(values.float().double(), values):
            self._narrowed = True
            return values.float()
        return values

    def _widened(self, values: Tensor) -> Tensor:
        """Return kept values in the type that they came in."""
        if not values.is_floating_point():
            return values.long()
        return values.double() if self._narrowed else values

    def _values(self, cls: type[Metric], **sizes: int) -> dict[str, Any]:
        """Return the arguments of `cls`: this node's parameters, and sizes known from the data."""
        accepted = inspect.signature(cls).parameters
        given = {name: getattr(self, name) for name in self.PARAMS} | sizes
        return {name: value for name, value in given.items() if name in accepted}


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Ignore the warnings of torchmetrics that memory grows, or that a class is missing."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _lists(metric: Metric) -> Iterator[list[Tensor]]:
    """Yield the states in which a metric keeps all values, batch by batch."""
    return (value for value in metric.metric_state.values() if isinstance(value, list) and value)


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

    def _make(self, prediction: Tensor, target: Tensor) -> list[Metric]:
        if not target.is_floating_point():
            made = self.CLASSES["Multiclass"]
            return [made(**self._values(made, num_classes=prediction.shape[1]))]
        labels = by_row(target).shape[1]
        together = self.CLASSES.get("Multilabel")
        if together is not None and labels > 1:
            return [together(**self._values(together, num_labels=labels))]
        one = self.CLASSES["Binary"]
        return [one(**self._values(one)) for _ in range(labels)]

    def _update(self, metrics: list[Metric], prediction: Tensor, target: Tensor) -> None:
        """Measure scores of classes, or probabilities of labels; a label of −1 counts as 0."""
        if not target.is_floating_point():
            metrics[0].update(prediction, target)
            return
        prediction, truth = by_row(self.probabilities(prediction)), by_row(target > 0.5).long()
        if len(metrics) == 1 < truth.shape[1]:
            metrics[0].update(prediction, truth)
            return
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
    """A metric of all thresholds: exact, or at a number of them.

    It averages over the classes or labels of which there are targets. For torchmetrics, one without
    targets has the area 0; it measures nothing, so here it has no share in the mean.
    """

    #: Whether an area also needs targets of other classes.
    NEEDS_OTHERS: ClassVar[bool] = False

    average: str = Param(
        "macro",
        choices=["macro", "weighted"],
        description="Over classes or labels: macro counts each the same, weighted by frequency",
    )
    thresholds: int | None = Param(
        None,
        min=2,
        max=100_000,
        description="Number of thresholds, which limits the memory; "
        "empty: all, which is exact and keeps every score of an epoch",
    )

    def _values(self, cls: type[Metric], **sizes: int) -> dict[str, Any]:
        """Return the arguments of `cls`, which returns the area of each class or label."""
        values = super()._values(cls, **sizes)
        return {**values, "average": "none"} if "average" in values else values

    def _value(self, metric: Metric) -> Tensor:
        """Return the mean area, a scalar; it is NaN if there are no targets for any."""
        own, others = _frequencies(metric)
        areas: Tensor = metric.compute().double().reshape(-1)
        known = (own > 0) & (others > 0) if self.NEEDS_OTHERS else own > 0
        weights = own.double() if self.average == "weighted" else torch.ones_like(areas)
        return (areas * weights)[known].sum() / weights[known].sum()


def _frequencies(metric: Metric) -> tuple[Tensor, Tensor]:
    """Return how many targets of a curve are of each class or label, and how many are not.

    Both are (classes,), (labels,), or (1,) for a single label.
    """
    state = metric.metric_state
    if "confmat" in state:  # at each threshold, by target and guess: (thresholds, …, 2, 2)
        counts = state["confmat"][0].reshape(-1, 2, 2).sum(-1)
        return counts[:, 1], counts[:, 0]
    [target] = state["target"]
    if isinstance(classes := getattr(metric, "num_classes", None), int):
        own = torch.bincount(target, minlength=classes)
    else:
        own = by_row(target).sum(0)
    return own, len(target) - own


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

    def _make(self, prediction: Tensor, target: Tensor) -> list[Metric]:
        columns = by_row(target).shape[1]
        return [self.CLASS(**{**self._values(self.CLASS, num_outputs=columns), **self.FIXED})]

    def _update(self, metrics: list[Metric], prediction: Tensor, target: Tensor) -> None:
        prediction, target = by_row(prediction.double()), by_row(target.double())
        if target.shape[1] == 1:
            prediction, target = prediction[:, 0], target[:, 0]
        metrics[0].update(prediction, target)


def by_row(values: Tensor) -> Tensor:
    """Return values (n, …) as (n, values per row); a model may give one number per row as (n,)."""
    return values.reshape(len(values), -1)


def _direction(cls: type[Metric]) -> Literal["minimize", "maximize"]:
    return "maximize" if cls.higher_is_better else "minimize"
