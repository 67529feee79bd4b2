"""The names of metrics, which way is better, and which of them a training measures on its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Literal

from visdl.nodes.contract.learning import LossNode, MetricNode
from visdl.nodes.contract.registry import Registry


def usual_metrics(loss: LossNode, registry: Registry) -> list[Callable[[], MetricNode]]:
    """Factories of the metrics that a training with this loss always gets."""
    found = ((registry.find(name), params) for name, params in loss.metrics().items())
    return [
        partial(cls.create, params)
        for cls, params in found
        if cls is not None and issubclass(cls, MetricNode)
    ]


def metric_key(metric: MetricNode) -> str:
    return metric.KEY or type(metric).__name__.lower()


def direction(
    key: str, metrics: Sequence[Callable[[], MetricNode]]
) -> Literal["minimize", "maximize"] | None:
    """Which values of a metric are better; None for what is no measure of quality, such as `lr`."""
    part, _, name = key.partition("_")
    if part not in ("train", "val", "test"):
        return None
    if name == "loss":
        return "minimize"
    return next((m.DIRECTION for m in (make() for make in metrics) if metric_key(m) == name), None)
