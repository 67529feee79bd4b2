"""The kinds of node that say how a network learns: losses, optimizers, learning-rate schedulers, metrics."""

from __future__ import annotations

import math
import typing
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, ClassVar, Literal

import torch
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

from visdl.nodes.contract.base import BaseNode
from visdl.nodes.contract.specs import DataType, InputSpec, OutputSpec, Param, Shape
from visdl.nodes.contract.traits import set_traits

TargetKind = Literal["index", "float"]
Interval = Literal["epoch", "step"]

_USUAL: dict[TargetKind, Mapping[str, Mapping[str, Any]]] = {
    "index": {"Accuracy": {}},
    "float": {"MeanSquaredError": {}, "MeanAbsoluteError": {}, "R2Score": {}},
}


class LossNode(BaseNode, ABC):
    """A loss. `build` gives what is called with `(prediction, target)` and returns a scalar."""

    CATEGORY = "Loss"
    KIND = "loss"
    CAN_DISABLE = False
    DISABLE_REASON = "Training needs a loss."
    TARGET: ClassVar[TargetKind] = "float"
    #: Metrics that are measured with it, by type, with their parameters; None: those that suit its kind of target.
    METRICS: ClassVar[Mapping[str, Mapping[str, Any]] | None] = None
    #: Least and greatest value that a target of numbers may have.
    RANGE: ClassVar[tuple[float, float]] = (-math.inf, math.inf)

    #: What the model is to end with: "logits", "probabilities", "log_probabilities"; "" where any numbers will do.
    WANTS: ClassVar[str] = ""
    #: The type of layer that makes these of any numbers.
    BEFORE: ClassVar[str] = ""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if cls.TARGET not in typing.get_args(TargetKind):
            raise TypeError(f"TARGET of a loss must be 'index' or 'float', not {cls.TARGET!r}")

    @abstractmethod
    def build(self) -> nn.Module:
        """What is called with `(prediction, target)`."""

    @classmethod
    def metrics(cls) -> Mapping[str, Mapping[str, Any]]:
        return _USUAL[cls.TARGET] if cls.METRICS is None else cls.METRICS

    def why_not(self, prediction: Shape, classes: int | None, targets: int) -> str | None:
        """Why this prediction does not fit the target, as a sentence; None when it does.

        `classes` is the number of class labels (TARGET "index"), `targets` the number of target columns. The
        default wants one score per class for each target column, or as many numbers as there are target columns,
        in any shape: the target is given that shape, and nothing is ever broadcast.
        """
        if self.TARGET == "index":
            return _why_not_classes(prediction, classes, targets)
        if prediction.batch_first and math.prod(prediction.features) == targets:
            return None
        columns = "1 column" if targets == 1 else f"{targets} columns"
        return f"The model gives {prediction}, but the target has {columns}: B, {targets}"

    @property
    def counts_rows(self) -> bool:
        """Whether `mass` is the number of rows, whatever the targets."""
        return type(self).mass is LossNode.mass

    def mass(self, target: Tensor) -> float:
        """What `build`'s mean over these targets was divided by: the samples, where each counts the same."""
        return len(target)

    def probability(self, prediction: Tensor) -> Tensor | None:
        """For a loss of yes and no: how likely it is yes, of the shape of the prediction; None for all others."""
        return None

    @classmethod
    def RETURN_TYPES(cls) -> list[OutputSpec]:
        return [OutputSpec(DataType.LOSS_FN, "loss_fn")]

    def execute(self, **kwargs: Any) -> tuple[Loss]:
        return (Loss(self.build(), self),)


def _why_not_classes(prediction: Shape, classes: int | None, targets: int) -> str | None:
    if len(prediction) < 2 or not prediction.batch_first:
        return f"The model gives {prediction}, but the loss needs one row of class scores per sample: B, classes"
    places = math.prod(prediction[2:])
    if places != targets:
        columns = "1 target column" if targets == 1 else f"{targets} target columns"
        return f"The model gives scores at {places} places ({prediction}), but there is {columns}: B, classes, places"
    if classes is not None and prediction[1] != classes:
        outputs = "1 output" if prediction[1] == 1 else f"{prediction[1]} outputs"
        return f"The model gives {outputs} per sample, but the target has {classes} classes"
    return None


@dataclass(frozen=True)
class Loss:
    """A loss as it travels on a LOSS_FN wire: called with (prediction, target), returns a scalar."""

    module: nn.Module
    node: LossNode

    @property
    def target(self) -> TargetKind:
        return self.node.TARGET

    @property
    def is_sum(self) -> bool:
        """Whether it adds the samples up, where others give their mean."""
        return getattr(self.module, "reduction", "mean") == "sum"

    def __call__(self, prediction: Tensor, target: Tensor) -> Tensor:
        value: Tensor = self.module(prediction, target)
        return value

    def share(self, value: float, mass: float) -> float:
        """The sum over the samples that `value` stands for; `mass` is `node.mass` of their targets."""
        return value if self.is_sum else value * mass


class OptimizerNode(BaseNode, ABC):
    """An optimizer. `build` gets the model's parameters."""

    CATEGORY = "Optimizer"
    KIND = "optimizer"
    CAN_DISABLE = False
    DISABLE_REASON = "Training needs an optimizer."
    USUAL_LR: ClassVar[tuple[float, float]] = (1e-6, 0.1)

    @abstractmethod
    def build(self, params: list[nn.Parameter]) -> Optimizer:
        """The optimizer of these parameters."""

    def why_not(self, shapes: Sequence[Sequence[int]]) -> str | None:
        """Why it cannot train parameters of these shapes, as the end of a sentence; None when it can."""
        return None

    def state_tensors(self) -> float:
        """Values that it keeps per value of the model's parameters, found by a step on a small one."""
        return _state_tensors(
            type(self), tuple((name, getattr(self, name)) for name in self.PARAMS)
        )

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, InputSpec]:
        return {
            "model": InputSpec(DataType.MODEL, required=True, description="The model to train"),
            **cls.PARAMS,
        }

    @classmethod
    def RETURN_TYPES(cls) -> list[OutputSpec]:
        return [OutputSpec(DataType.OPTIMIZER, "optimizer")]

    def execute(self, **kwargs: Any) -> tuple[Optimizer]:
        weights = [p for p in kwargs["model"].parameters() if p.requires_grad]
        return (set_traits(self.build(weights), elementwise=self.ELEMENTWISE),)


@cache
def _state_tensors(cls: Any, values: tuple[tuple[str, Any], ...]) -> float:
    side = 64
    weight = nn.Parameter(torch.zeros(side, side))
    weight.grad = torch.ones(side, side)
    optimizer: Optimizer = cls.create(dict(values)).build([weight])
    optimizer.step()
    kept = [value for value in optimizer.state[weight].values() if isinstance(value, Tensor)]
    return sum(value.numel() for value in kept if value.dim()) / weight.numel()


@dataclass(frozen=True)
class Schedule:
    """An optimizer and the schedulers of its learning rate, the first one first.

    The schedulers themselves are made where it is known how long the training is.
    """

    optimizer: Any  # an Optimizer; before a run, its node
    nodes: tuple[SchedulerNode, ...] = ()

    @classmethod
    def of(cls, value: Any) -> Schedule:
        """What a wire from an optimizer or from a scheduler carries."""
        return value if isinstance(value, Schedule) else cls(value)


class SchedulerNode(BaseNode, ABC):
    """A learning-rate scheduler. `build` gets the optimizer and the number of its own steps in the training.

    Schedulers that are wired one behind the other all work on the same optimizer: their factors multiply.
    """

    CATEGORY = "Scheduler"
    KIND = "scheduler"

    interval: str = Param(
        "epoch", choices=["epoch", "step"], description="When it steps: after epochs, or batches"
    )

    maximize = False  # whether larger values of what it monitors are better; the engine knows

    @abstractmethod
    def build(self, optimizer: Optimizer, steps: int) -> LRScheduler:
        """The scheduler of this optimizer. Raises ValueError where the two do not fit."""

    @property
    def monitored(self) -> str | None:
        """The metric that it waits for; None where only the number of steps counts."""
        return None

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, InputSpec]:
        spec = InputSpec(
            DataType.OPTIMIZER,
            also=DataType.SCHEDULER,
            required=True,
            description="Whose learning rate it sets",
        )
        return {"optimizer": spec, **cls.PARAMS}

    @classmethod
    def RETURN_TYPES(cls) -> list[OutputSpec]:
        return [OutputSpec(DataType.SCHEDULER, "scheduler")]

    def execute(self, **kwargs: Any) -> tuple[Schedule]:
        before = Schedule.of(kwargs["optimizer"])
        return (replace(before, nodes=(*before.nodes, self)),)


class MetricNode(BaseNode, ABC):
    """A metric over an epoch: `update` sees batches, `compute` gives the value for all of them.

    `prediction` has the model's shape `(batch, …)`; `target` is `(batch,)` class indices (int64) or
    `(batch, targets)` floats, in the target's own units.
    """

    CATEGORY = "Metrics"
    KIND = "metric"
    KEY: ClassVar[str] = ""  # default: the type's name in lower case
    DIRECTION: ClassVar[Literal["minimize", "maximize"]] = "maximize"

    @abstractmethod
    def update(self, prediction: Tensor, target: Tensor) -> None:
        """Take in one batch."""

    @abstractmethod
    def compute(self) -> float:
        """The value over all batches taken in."""

    @classmethod
    def RETURN_TYPES(cls) -> list[OutputSpec]:
        return [OutputSpec(DataType.METRICS, "metric")]

    def execute(self, **kwargs: Any) -> tuple[Callable[[], MetricNode]]:
        """A factory: each epoch and each part of the data is measured by a metric of its own."""
        return (lambda: self.create(kwargs),)
