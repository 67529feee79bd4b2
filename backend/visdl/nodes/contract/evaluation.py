"""Predictions of a model, and its loss and metrics over them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence

import torch
from torch import Tensor, nn

from visdl.nodes.contract.learning import Loss, LossNode, MetricNode
from visdl.nodes.contract.metric_names import LOSS, metric_names
from visdl.nodes.contract.nan_trace import Batch, NotFiniteError, bad_loss

_CHUNK = 8192  # most rows per forward pass of an evaluation
_MEASURED_VALUES = 2**22  # most outputs that become predictions at once
_CHUNK_VALUES = 2**20  # most values of the model's arguments in it


@torch.no_grad()
def predict(model: nn.Module, xs: Sequence[Tensor]) -> Tensor:
    """Return the model's outputs `(rows, …)` in evaluation mode, computed in chunks of rows.

    `xs` are its arguments, `(rows, …)` each.
    """
    values = sum(x[:1].numel() for x in xs)
    rows = max(1, min(_CHUNK, _CHUNK_VALUES // max(1, values)))
    was_training = model.training
    model.eval()
    try:
        return torch.cat(
            [model(*parts) for parts in zip(*(torch.split(x, rows) for x in xs), strict=True)]
        )
    finally:
        model.train(was_training)


@torch.no_grad()
def evaluate(
    model: nn.Module,
    loss: Loss,
    xs: Sequence[Tensor],
    y: Tensor,
    metrics: Sequence[Callable[[], MetricNode]],
    where: str,
) -> tuple[dict[str, float], Tensor]:
    """Return loss and metrics by name, and the outputs of the model `(rows, …)`.

    The loss is the mean over samples, in the units of the loss; metrics use the target's units.

    Args:
        xs: The model's arguments, `(rows, …)` each.
        y: The targets: class indices `(rows, …)` int64 or numbers `(rows, targets)`.
        where: Part of the error's sentence, such as "test loss is {}".

    Raises:
        NotFiniteError: The loss is not finite.
    """
    prediction = predict(model, xs)
    total = mass = 0.0
    for part, target in zip(torch.split(prediction, _CHUNK), torch.split(y, _CHUNK), strict=True):
        weight = loss.node.mass(target)
        if weight:
            total += loss.share(float(loss(part, target)), weight)
            mass += weight
    if not math.isfinite(total):
        raise _bad_evaluation(f"The {where.format(total)}", model, loss, Batch(xs, y, prediction))
    return {
        LOSS: total / mass if mass else math.nan,
        **measure(metrics, loss.node, [(prediction, y)]),
    }, prediction


def _bad_evaluation(what: str, model: nn.Module, loss: Loss, batch: Batch) -> NotFiniteError:
    """Return why the loss is not finite, traced in the first row with such an output."""
    bad = (
        (~batch.prediction.isfinite()).reshape(len(batch.prediction), -1).any(1).nonzero().flatten()
    )
    if len(bad):
        row = slice(int(bad[0]), int(bad[0]) + 1)
        batch = Batch([x[row] for x in batch.xs], batch.y[row], batch.prediction[row])
    was_training = model.training
    model.eval()
    try:
        return bad_loss(what, model, loss, batch)
    finally:
        model.train(was_training)


@torch.no_grad()
def measure(
    metrics: Sequence[Callable[[], MetricNode]],
    loss: LossNode,
    batches: Iterable[tuple[Tensor, Tensor]],
) -> dict[str, float]:
    """Return the metrics by name over all batches of (output of the model, target).

    Metrics get the outputs as predictions of this loss, and only the targets that count in it.
    They are not finite if none does.
    """
    made, some = named_metrics(metrics, loss), False
    for output, target in _pieces(batches):
        mask = loss.counted(target)
        counted = target if mask is None else target[mask]
        if not len(counted):
            continue
        some = True
        prediction = _where_counted(loss.decode(output), target, mask)
        for metric in made.values():
            read = _where_counted(output, target, mask) if metric.READS_OUTPUTS else prediction
            metric.update(read, counted)
    return {name: float(m.compute()) if some else math.nan for name, m in made.items()}


def named_metrics(
    metrics: Sequence[Callable[[], MetricNode]], loss: LossNode
) -> dict[str, MetricNode]:
    """Return new metrics by name, each once, for trainings with this loss."""
    made = [make() for make in metrics]
    for metric in made:
        metric.loss = loss
    return dict(zip(metric_names(made), made, strict=True))


def _pieces(batches: Iterable[tuple[Tensor, Tensor]]) -> Iterator[tuple[Tensor, Tensor]]:
    """Split large batches: their predictions would take as much memory again."""
    for output, target in batches:
        rows = max(1, _MEASURED_VALUES // max(1, output[:1].numel()))
        yield from zip(torch.split(output, rows), torch.split(target, rows), strict=True)


def _where_counted(values: Tensor, target: Tensor, mask: Tensor | None) -> Tensor:
    """Return the values of the targets in `mask`: scores of classes as (counted, classes)."""
    if mask is None:
        return values
    if values.dim() > target.dim():
        return values.movedim(1, -1)[mask]
    return values.reshape(target.shape)[mask]
