"""Metrics over batches, as a training measures them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import torch
from torch import Tensor

from visdl.nodes import LossNode, MetricNode
from visdl.nodes.contract.metrics.running import RunningMetrics


def measure(
    metrics: Sequence[Callable[[], MetricNode]],
    loss: LossNode,
    batches: Iterable[tuple[Tensor, Tensor]],
) -> dict[str, float]:
    """The metrics by name over batches of (output of the model, target)."""
    running = RunningMetrics(metrics, loss, torch.device("cpu"))
    for output, target in batches:
        running.update(output, target)
    return running.compute()
