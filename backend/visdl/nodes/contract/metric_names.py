"""The keys of metrics, which direction is better, and which of them a training measures.

A key is a part of the data and a name: `val_accuracy`. The names are "loss" and those of metric
nodes. The learning rate and the loss of each batch are keys without a direction.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Literal, TypeVar, get_args

from visdl.nodes.contract.learning import LossNode, MetricNode
from visdl.nodes.contract.registry import Registry

Part = Literal["train", "val", "test"]
Direction = Literal["minimize", "maximize"]
MetricFactory = Callable[[], MetricNode]
Value = TypeVar("Value")

LOSS = "loss"
LEARNING_RATE = "lr"
BATCH_LOSS = "batch_loss"
DEFAULT_MONITOR = "val_loss"


def metric_key(part: Part, name: str) -> str:
    """Return the key of a metric on a part of the data: `val_accuracy`."""
    return f"{part}_{name}"


def split_key(key: str) -> tuple[Part | None, str]:
    """Return the part of the data and the name of a metric; `(None, key)` for other keys."""
    part, _, name = key.partition("_")
    return next(((known, name) for known in get_args(Part) if known == part), (None, key))


def is_measured_on(part: Part, key: str) -> bool:
    """Return whether this is the key of a metric on that part of the data."""
    return split_key(key)[0] == part


def is_loss(key: str) -> bool:
    """Return whether this is the key of the loss on a part of the data."""
    part, name = split_key(key)
    return part is not None and name == LOSS


def with_part(part: Part, values: Mapping[str, Value]) -> dict[str, Value]:
    """Return values by name as values by key."""
    return {metric_key(part, name): value for name, value in values.items()}


def metric_name(metric: MetricNode) -> str:
    """Return the name of a metric node: its KEY, by default its class in lower case."""
    return metric.KEY or type(metric).__name__.lower()


def measured_keys(parts: Iterable[Part], metrics: Sequence[MetricNode]) -> list[str]:
    """Return the keys that a training measures on these parts, the loss first in each."""
    names = list(dict.fromkeys([LOSS, *map(metric_name, metrics)]))
    return [metric_key(part, name) for part in parts for name in names]


def usual_metrics(loss: LossNode, registry: Registry) -> list[MetricFactory]:
    """Return factories of the metrics that every training with this loss measures."""
    known = ((registry.find(name), params) for name, params in loss.metrics().items())
    return [
        partial(cls.create, params)
        for cls, params in known
        if cls is not None and issubclass(cls, MetricNode)
    ]


def metric_direction(key: str, metrics: Iterable[MetricFactory]) -> Direction | None:
    """Return which values of a metric are better; None for keys that measure no quality."""
    if is_loss(key):
        return "minimize"
    part, name = split_key(key)
    if part is None:
        return None
    return next((m.DIRECTION for m in (make() for make in metrics) if metric_name(m) == name), None)


def metric_directions(
    keys: Iterable[str], metrics: Sequence[MetricFactory]
) -> dict[str, Direction | None]:
    """Return the direction of each key."""
    return {key: metric_direction(key, metrics) for key in keys}
