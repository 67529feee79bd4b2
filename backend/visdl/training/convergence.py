"""Whether a training that has reached its end has converged, from its curves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from statistics import median

_LEAST_EPOCHS = 10
_STEEP = 0.05  # relative fall of the loss over the last tenth of the epochs


def not_converged(history: Mapping[str, Sequence[float]], *, ended_early: bool) -> Iterator[str]:
    """Yield sentences about a training that ends too soon; `history` has a value per epoch.

    The loss still falls steeply when its median over the last tenth of the epochs (at least three)
    is 5 % below that of as many epochs before. A training that patience ended is not one of these.
    """
    losses = list(history.get("train_loss", []))
    part = max(3, len(losses) // 10)
    if not ended_early and len(losses) >= _LEAST_EPOCHS:
        before, last = median(losses[-2 * part : -part]), median(losses[-part:])
        fall = (before - last) / abs(before) if before else 0.0
        if fall >= _STEEP:
            yield (
                f"Not converged: the training loss still fell by {fall:.0%} over the last "
                f"{part} epochs. Train more epochs, or raise the learning rate."
            )
    scores = history.get("train_r2", [])
    if scores and scores[-1] < 0:
        yield (
            f"Not converged: R² is {scores[-1]:.3g} on the training rows, worse than predicting "
            "their mean. Train more epochs, change the learning rate, or scale the columns."
        )
