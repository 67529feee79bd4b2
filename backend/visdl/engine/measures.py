"""Which metrics a training measures besides those that are wired to it: the ones that suit its loss."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from visdl.nodes.learning import LossNode, MetricNode
from visdl.nodes.registry import NodeRegistry


def usual_metrics(loss: LossNode, registry: type[NodeRegistry]) -> list[Callable[[], MetricNode]]:
    """Factories of the metrics that a training with this loss always gets."""
    found = ((registry.find(name), params) for name, params in loss.metrics().items())
    return [partial(cls.create, params) for cls, params in found if cls is not None and issubclass(cls, MetricNode)]
