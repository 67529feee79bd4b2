"""The keys of metrics, which direction is better, and which of them a training measures.

A key is a part of the data and a name: `val_accuracy`. The names are "loss" and those of metric
nodes. The learning rate and the loss of each batch are keys without a direction.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any, Literal, TypeVar, get_args

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


def metric_names(metrics: Sequence[MetricNode]) -> list[str]:
    """Return a name for each metric; metrics of one type and the same parameters share one.

    Where others have the same KEY, the parameters that differ from their defaults follow it:
    `accuracy_threshold_2`. Where those are equal too, it is the name of the type, then a number.
    """
    identities = [(type(metric), tuple(_changed(metric).items())) for metric in metrics]
    named: dict[Any, str] = {}
    for metric, identity in zip(metrics, identities, strict=True):
        if identity in named:
            continue
        rivals = {i for m, i in zip(metrics, identities, strict=True) if _key(m) == _key(metric)}
        name = _key(metric)
        if len(rivals) > 1:
            changed = (f"_{param}_{_slug(value)}" for param, value in identity[1])
            name += "".join(changed)
        if name in named.values():
            name += f"_{type(metric).__name__.lower()}"
        free = (name, *(f"{name}_{number}" for number in range(2, len(metrics) + 2)))
        named[identity] = next(each for each in free if each not in named.values())
    return [named[identity] for identity in identities]


def _key(metric: MetricNode) -> str:
    return metric.KEY or type(metric).__name__.lower()


def _changed(metric: MetricNode) -> dict[str, str]:
    """Return the parameters that differ from their defaults, as text that can be compared."""
    return {
        name: _text(getattr(metric, name))
        for name, spec in metric.PARAMS.items()
        if _text(getattr(metric, name)) != _text(spec.default)
    }


def _text(value: Any) -> str:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return f"{value:.12g}" if is_number else str(value)


def _slug(text: str) -> str:
    """Return text with letters, digits, dots and minus signs only, and "_" between them."""
    return re.sub(r"[^\w.-]+", "_", text).strip("_")


def measured_keys(parts: Iterable[Part], metrics: Sequence[MetricNode]) -> list[str]:
    """Return the keys that a training measures on these parts, the loss first in each."""
    names = list(dict.fromkeys([LOSS, *metric_names(metrics)]))
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
    made = [make() for make in metrics]
    directions = {n: m.DIRECTION for n, m in zip(metric_names(made), made, strict=True)}
    return directions.get(name)


def metric_directions(
    keys: Iterable[str], metrics: Sequence[MetricFactory]
) -> dict[str, Direction | None]:
    """Return the direction of each key."""
    return {key: metric_direction(key, metrics) for key in keys}
