"""What a training needs, where it is, and what it yields: the records that the loop works on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal, NamedTuple

import torch
from torch import Tensor, nn
from torch.optim.lr_scheduler import LRScheduler
from torch.utils.data import Subset

from visdl.nodes.contract.evaluation import rows_per_pass
from visdl.nodes.contract.learning import Loss, MetricNode
from visdl.nodes.contract.metrics.names import DEFAULT_MONITOR
from visdl.nodes.contract.metrics.running import RunningMetrics


@dataclass(frozen=True)
class Scheduled:
    """A learning-rate scheduler, when it steps, and the metric that it follows."""

    scheduler: LRScheduler
    interval: str  # "epoch" or "step"
    monitor: str | None = None
    is_tied: bool = False  # to the length of the training: it is stretched when that is extended


@dataclass(frozen=True)
class FitPlan:
    """Everything that `fit` needs. All tensors lie on the device of the model.

    Attributes:
        model: Trained in place. It is called with the model's arguments, (batch, …) each.
        loss: The loss node and its module, which maps (prediction, target) to a scalar.
        optimizer: Holds the parameters of `model`.
        train: `Subset` of a `TensorDataset(*arguments, y)`, each of shape (rows, …). Its indices
            are the training rows. The tensors are shared with `val`, not copied.
        val: Arguments and target of the validation rows, (rows, …) each, or None.
        batch_size: Rows of an optimizer step. The last batch of an epoch may be smaller.
        epochs: Length of the whole training, including epochs that `FitState` has finished.
        seed: Decides the order of the rows, together with the number of the epoch.
        shuffle: Whether the rows are permuted in each epoch.
        metrics: Make the metrics that are measured at the end of each epoch.
        keep: Which weights `keep_weights` leaves in the model.
        monitor: The metric that defines the best epoch, by its own direction.
        patience: Epochs without improvement after which training ends; None for no limit.
        clip_grad_norm: Largest 2-norm of all gradients together; None for no limit.
        schedule: The learning-rate schedulers, in the order in which they step.
    """

    model: nn.Module
    loss: Loss
    optimizer: torch.optim.Optimizer
    train: Subset[Any]
    val: tuple[tuple[Tensor, ...], Tensor] | None
    batch_size: int
    epochs: int
    seed: int = 0
    shuffle: bool = True
    metrics: Sequence[Callable[[], MetricNode]] = ()
    keep: Literal["last", "best"] = "last"
    monitor: str = DEFAULT_MONITOR
    patience: int | None = None
    clip_grad_norm: float | None = None
    schedule: Sequence[Scheduled] = ()

    @property
    def watches(self) -> bool:
        """Whether an epoch is compared with the best so far."""
        return self.keep == "best" or self.patience is not None

    @cached_property
    def rows_per_pass(self) -> int:
        """How many validation rows pass through the model at once."""
        return 1 if self.val is None else rows_per_pass(self.model, self.val[0])

    @property
    def reads_each(self) -> bool:
        """Whether each loss is read at once. On a GPU, reading would wait for the device."""
        return self.device.type == "cpu"

    @property
    def device(self) -> torch.device:
        """The device of the model."""
        return next(self.model.parameters()).device


class Unread(NamedTuple):
    """The loss of a step, on the device, with the data that explain one that is not finite."""

    step: int
    loss: Tensor
    mass: float
    prediction: Tensor
    target: Tensor


@dataclass
class FitState:
    """Where a training is. With the weights and the optimizer's state it determines the rest."""

    epoch: int = 0  # epochs finished
    batch: int = 0  # batches of the present epoch finished
    step: int = 0  # optimizer steps finished
    history: dict[str, list[float]] = field(default_factory=dict)
    best_value: float | None = None
    best_epoch: int | None = None
    best_weights: dict[str, Tensor] | None = None
    loss_sum: float = 0.0  # over the samples of the present epoch
    loss_mass: float = 0.0  # how many samples these are, or the sum of their weights
    #: the metrics of the present epoch's batches; made by the first of them
    running: RunningMetrics | None = None
    #: prediction and target of the newest batch of the present epoch, (batch, …) each
    newest: tuple[Tensor, Tensor] | None = None
    #: losses that were not read back yet and are not in `loss_sum`
    unread: list[Unread] = field(default_factory=list)
    #: learning rate of the last step of the present epoch, where schedulers step after each batch
    lr: float | None = None
    patience_ended: bool = False
    patience_from: int = 0  # patience counts from this epoch on: the parent's epochs do not count


@dataclass(frozen=True, slots=True)
class StepDone:
    """One optimizer step, or several quick ones of a seed batch.

    `losses` are the (step, loss per sample) read back since the last event; on a GPU often none.
    """

    step: int
    rows: int
    losses: list[tuple[int, float]]


@dataclass(frozen=True, slots=True)
class EpochDone:
    """The end of an epoch, with the values that were measured there."""

    epoch: int
    values: dict[str, float]


TrainEvent = StepDone | EpochDone
