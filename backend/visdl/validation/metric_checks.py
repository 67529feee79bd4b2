"""Static checks of metrics: whether each fits the targets of the training's loss."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from visdl.datasets.dataset import Dataset
from visdl.models.graph import Node
from visdl.nodes.contract.learning import LossNode, MetricNode
from visdl.validation.report_builder import ReportBuilder

_TARGETS = {
    "index": "class labels",
    "float": "numbers",
    "binary": "targets of 0 and 1",
    "classes": "class labels, or targets of 0 and 1",
}
_SUITABLE = {
    "index": "a metric of classes, such as Accuracy",
    "float": "a metric of numbers, such as MeanSquaredError or R2Score",
}


def check_metrics(
    metrics: Sequence[tuple[Node, Any]], loss: LossNode, train: Dataset, report: ReportBuilder
) -> None:
    """Report metrics that do not fit the loss's kind of target, each at its node.

    `metrics` are those wired to the training, with their values on the wire.
    """
    for node, metric in metrics:
        if not isinstance(metric, MetricNode) or fits(metric, loss, train):
            continue
        name, given = (each.DISPLAY_NAME or each.__name__ for each in (type(metric), type(loss)))
        are = "numbers beyond 0 and 1" if metric.MEASURES == "binary" else ""
        message = (
            f"'{node.label}' ({name}) measures {_TARGETS[metric.MEASURES]}, "
            f"but the targets of {given} are "
            f"{are if are and loss.TARGET == 'float' else _TARGETS[loss.TARGET]}."
        )
        hint = f"Remove it, or use {_SUITABLE[loss.TARGET]}."
        report.add(node, message, code="metric_target", hint=hint)


def fits(metric: MetricNode, loss: LossNode, train: Dataset) -> bool:
    """Return whether a metric measures the kind of target that this loss and these data have."""
    if metric.MEASURES == "classes":
        return loss.TARGET == "index" or loss.RANGE in ((0, 1), (-1, 1))
    if metric.MEASURES != "binary":
        return metric.MEASURES in ("", loss.TARGET)
    return loss.TARGET == "float" and (loss.RANGE in ((0, 1), (-1, 1)) or _within_0_1(train))


def _within_0_1(train: Dataset) -> bool:
    """Return whether all known targets lie between 0 and 1."""
    columns = [column for name in train.targets if (column := train.columns.get(name)) is not None]
    return all(c.min is None or c.max is None or 0 <= c.min <= c.max <= 1 for c in columns)
