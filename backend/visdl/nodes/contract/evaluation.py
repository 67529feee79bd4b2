"""Predictions of a model, and its loss and metrics over them."""

from __future__ import annotations

import contextlib
import logging
import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from visdl.nodes.contract.estimates import estimate
from visdl.nodes.contract.learning import Loss, MetricNode
from visdl.nodes.contract.metrics.names import LOSS
from visdl.nodes.contract.metrics.running import RunningMetrics
from visdl.nodes.contract.nan_trace import Batch, NotFiniteError, bad_loss

log = logging.getLogger(__name__)
_CHUNK = 8192  # most rows per forward pass of an evaluation
_CHUNK_VALUES = 2**20  # most values of the model's arguments in it
#: Most values of any tensor in it. On a GPU, small kernels would wait for their launches.
_PASS_VALUES = {"cpu": 2**20}
_PASS_VALUES_ELSEWHERE = 2**24


@torch.no_grad()
def predict(model: nn.Module, xs: Sequence[Tensor]) -> Tensor:
    """Return the model's outputs `(rows, …)` in evaluation mode, computed in chunks of rows.

    `xs` are its arguments, `(rows, …)` each.
    """
    rows = _rows_by_arguments(xs)
    with _evaluating(model):
        return torch.cat(
            [model(*parts) for parts in zip(*(torch.split(x, rows) for x in xs), strict=True)]
        )


@contextlib.contextmanager
def _evaluating(model: nn.Module) -> Iterator[None]:
    """Keep the model in evaluation mode inside the block."""
    was_training = model.training
    model.eval()
    try:
        yield
    finally:
        model.train(was_training)


def _rows_by_arguments(xs: Sequence[Tensor]) -> int:
    values = sum(x[:1].numel() for x in xs)
    return max(1, min(_CHUNK, _CHUNK_VALUES // max(1, values)))


class _Sizes(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Notes the number of values of each tensor that an operation returns."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.found: list[int] = []

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        result = func(*args, **(kwargs or {}))
        self.found += [t.numel() for t in tree_leaves(result) if isinstance(t, Tensor)]
        return result


def rows_per_pass(model: nn.Module, xs: Sequence[Tensor]) -> int:
    """Return how many rows an evaluation passes through the model at once, to bound its memory.

    Passes of 2 and 4 rows show how many values the largest tensor of a pass has per row.
    """
    most = _rows_by_arguments(xs)
    values = _PASS_VALUES.get(xs[0].device.type, _PASS_VALUES_ELSEWHERE)
    largest = estimate(
        lambda: _values_per_row(model, xs), 1, log.warning, "An evaluation may need more memory"
    )
    return max(1, min(most, values // max(1, largest)))


def _values_per_row(model: nn.Module, xs: Sequence[Tensor]) -> int:
    sizes = []
    for rows in (2, 4):
        with _Sizes() as noted:
            predict(model, [x[:rows] for x in xs])
        sizes.append(noted.found)
    return max((four - two for two, four in zip(*sizes, strict=False)), default=0) // 2


@torch.no_grad()
def evaluate(
    model: nn.Module,
    loss: Loss,
    xs: Sequence[Tensor],
    y: Tensor,
    metrics: Sequence[Callable[[], MetricNode]],
    where: str,
    rows: int,
    observe: Callable[[Tensor], None] | None = None,
) -> dict[str, float]:
    """Return loss and metrics by name, over passes of `rows` rows.

    The loss is the mean over samples, in the units of the loss; metrics use the target's units.

    Args:
        xs: The model's arguments, `(rows, …)` each.
        y: The targets: class indices `(rows, …)` int64 or numbers `(rows, targets)`.
        where: Part of the error's sentence, such as "test loss is {}".
        rows: See `rows_per_pass`.
        observe: Gets the outputs of the model for each pass, in the order of the rows.

    Raises:
        NotFiniteError: The loss is not finite.
    """
    running = RunningMetrics(metrics, loss.node, y.device)
    total = mass = 0.0
    with _evaluating(model):
        for *parts, target in zip(*(torch.split(each, rows) for each in (*xs, y)), strict=True):
            output = model(*parts)
            weight = loss.node.mass(target)
            if weight:
                total += loss.share(float(loss(output, target)), weight)
                mass += weight
            if not math.isfinite(total):
                what = f"The {where.format(total)}"
                raise _bad_evaluation(what, model, loss, Batch(parts, target, output))
            running.update(output, target)
            if observe is not None:
                observe(output)
    return {LOSS: total / mass if mass else math.nan, **running.compute()}


def _bad_evaluation(what: str, model: nn.Module, loss: Loss, batch: Batch) -> NotFiniteError:
    """Return why the loss is not finite, traced in the first row with such an output."""
    bad = (
        (~batch.prediction.isfinite()).reshape(len(batch.prediction), -1).any(1).nonzero().flatten()
    )
    if len(bad):
        row = slice(int(bad[0]), int(bad[0]) + 1)
        batch = Batch([x[row] for x in batch.xs], batch.y[row], batch.prediction[row])
    return bad_loss(what, model, loss, batch)
