"""Which metrics a training measures: those that suit its loss, and those that are wired to it."""

from __future__ import annotations

from visdl.nodes.base import MetricNode, TargetKind
from visdl.nodes.registry import NodeRegistry

_USUAL = {"index": ("Accuracy",), "float": ("MeanSquaredError", "MeanAbsoluteError", "R2Score")}


def usual_metrics(target: TargetKind, registry: type[NodeRegistry]) -> list[type[MetricNode]]:
    """The metrics that a target of class indices, or of numbers, always gets."""
    found = (registry.find(name) for name in _USUAL[target])
    return [cls for cls in found if cls is not None and issubclass(cls, MetricNode)]
