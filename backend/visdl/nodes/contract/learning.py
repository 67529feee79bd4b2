"""Base classes of losses, learning-rate schedulers and metrics."""

from __future__ import annotations

import math
import typing
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Literal

import torch
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

from visdl.nodes.contract.base import BaseNode
from visdl.nodes.contract.specs import DataType, InputSpec, OutputSpec, Param, Shape
from visdl.nodes.contract.target_scaling import ScaledLoss, TargetScaling

TargetKind = Literal["index", "float"]
Link = Literal["identity", "exp", "sigmoid", "softmax", "tanh_half"]
Interval = Literal["epoch", "step"]

_USUAL: dict[TargetKind, Mapping[str, Mapping[str, Any]]] = {
    "index": {"Accuracy": {}},
    "float": {"MeanSquaredError": {}, "MeanAbsoluteError": {}, "R2Score": {}},
}


#: How the predictions are made of the model's outputs, for the caller of an exported model.
_LINK_FORMULAS: dict[Link, str] = {
    "identity": "output",
    "exp": "exp(output)",
    "sigmoid": "sigmoid(output)",
    "softmax": "softmax(output, dim=1)",
    "tanh_half": "tanh(output / 2)",
}
_LINKS: dict[Link, Callable[[Tensor], Tensor]] = {
    "identity": lambda output: output,
    "exp": torch.exp,
    "sigmoid": torch.sigmoid,
    "softmax": lambda output: output.softmax(1),
    "tanh_half": lambda output: (output / 2).tanh(),
}


class LossNode(BaseNode, ABC):
    """A loss. `build` returns a module that maps `(prediction, target)` to a scalar."""

    CATEGORY = "Loss"
    KIND = "loss"
    CAN_DISABLE = False
    DISABLE_REASON = "Training needs a loss."
    TARGET: ClassVar[TargetKind] = "float"
    #: Metrics measured with it: parameters by type; None: those usual for its kind of target.
    METRICS: ClassVar[Mapping[str, Mapping[str, Any]] | None] = None
    #: Smallest and largest value of a target of numbers.
    RANGE: ClassVar[tuple[float, float]] = (-math.inf, math.inf)

    #: Required output of the model: "logits", "probabilities", "log_probabilities"; "" for any.
    WANTS: ClassVar[str] = ""
    #: The type of layer that computes it from any numbers.
    BEFORE: ClassVar[str] = ""
    #: Scaling of the targets of the training that it belongs to; set when that is prepared.
    scaling: TargetScaling | None = None

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if cls.TARGET not in typing.get_args(TargetKind):
            raise TypeError(f"TARGET of a loss must be 'index' or 'float', not {cls.TARGET!r}")

    @abstractmethod
    def build(self) -> nn.Module:
        """Return the module that is called with `(prediction, target)`."""

    @classmethod
    def metrics(cls) -> Mapping[str, Mapping[str, Any]]:
        return _USUAL[cls.TARGET] if cls.METRICS is None else cls.METRICS

    def why_not(self, prediction: Shape, classes: int | None, targets: int) -> str | None:
        """Return why this prediction does not fit the target, as a sentence, or None.

        By default TARGET "index" needs a score per class for each target column: `(B, classes)` or
        `(B, classes, …)`. TARGET "float" needs as many numbers as target columns, in any shape: the
        target takes that shape, so nothing is broadcast.

        Args:
            prediction: The shape of the model's output.
            classes: The number of class labels, or None if it is not known.
            targets: The number of target columns.
        """
        if self.TARGET == "index":
            return _why_not_classes(prediction, classes, targets)
        if prediction.batch_first and math.prod(prediction.features) == targets:
            return None
        columns = "1 column" if targets == 1 else f"{targets} columns"
        return f"The model gives {prediction}, but the target has {columns}: B, {targets}"

    @property
    def link(self) -> Link:
        """The function that turns outputs of the model into predictions, by what it WANTS.

        Logits become probabilities by sigmoid, or by softmax over the classes at axis 1, and
        log-probabilities by exp. Scores of classes without a declared kind are taken as logits.
        "tanh_half" is tanh(x / 2), the mean of a target of −1 and 1 whose logit is x.
        """
        if self.WANTS == "log_probabilities":
            return "exp"
        if self.WANTS == "probabilities":
            return "identity"
        if self.TARGET == "index":
            return "softmax"
        return "sigmoid" if self.WANTS == "logits" else "identity"

    def predictions(self, output: Tensor) -> Tensor:
        """Return the model's outputs `(B, …)` as predictions in the target's own space.

        Metrics, charts and predictions read these: expected values of numbers and counts, and
        probabilities of labels and classes, in the shape of the output. By default `link` of them.
        """
        return _LINKS[self.link](output)

    def decode(self, output: Tensor) -> Tensor:
        """Return the model's outputs `(B, …)` as predictions in the units of the table.

        These are `predictions` of them, with the scaling of the targets undone.
        """
        found = self.predictions(output)
        return found if self.scaling is None else self.scaling.undo(found)

    def why_not_scaled(self, scaling: str) -> str | None:
        """Return why its targets cannot be scaled in this way, as a sentence, or None.

        Only amounts have a scale: class labels, probabilities and signs mean what they are.
        """
        name = self.DISPLAY_NAME or type(self).__name__
        if self.TARGET == "index":
            return f"{name} reads class labels, which have no scale"
        low, high = self.RANGE
        if self.WANTS or math.isfinite(high):
            return f"{name} reads labels or probabilities, which have no scale"
        if math.isfinite(low) and scaling == "standardize":
            return f"{name} needs targets of at least {low:g}, but some standardized ones are less"
        return None

    @property
    def prediction_formula(self) -> str:
        """How the values of `decode` follow from outputs, such as "exp(output)", for exports."""
        formula = _LINK_FORMULAS[self.link]
        if type(self).predictions is not LossNode.predictions:
            formula = f"{type(self).__name__}.predictions(output)"
        return formula if self.scaling is None else self.scaling.formula(formula)

    @property
    def threshold(self) -> float:
        """The output of the model above which a 1 is predicted: the middle of what it WANTS."""
        return 0.5 if self.WANTS == "probabilities" else 0.0

    @property
    def counts_rows(self) -> bool:
        """Return whether `mass` is always the number of rows."""
        return type(self).mass is LossNode.mass

    def mass(self, target: Tensor) -> float:
        """Return the divisor of the mean over these targets: by default the number of samples."""
        return len(target)

    def counted(self, target: Tensor) -> Tensor | None:
        """Return which targets count, in the shape of `target`; None if all do.

        What the loss leaves out, metrics, confusions, mistakes and counts leave out too.
        """
        return None

    def probability(self, output: Tensor) -> Tensor | None:
        """Return the probability of a 1, in the shape of the output; None if not binary.

        A target is binary if its RANGE is that of labels and the loss WANTS their logits or
        probabilities.
        """
        if self.link == "tanh_half":
            return (1 + self.predictions(output)) / 2
        binary = self.TARGET == "float" and self.RANGE == (0, 1)
        return self.predictions(output) if binary and self.WANTS else None

    @classmethod
    def RETURN_TYPES(cls) -> list[OutputSpec]:
        return [OutputSpec(DataType.LOSS_FN, "loss_fn")]

    def execute(self, **kwargs: Any) -> tuple[Loss]:
        return (Loss(self.build(), self),)


def _why_not_classes(prediction: Shape, classes: int | None, targets: int) -> str | None:
    if len(prediction) < 2 or not prediction.batch_first:
        return (
            f"The model gives {prediction}, "
            "but the loss needs one row of class scores per sample: B, classes"
        )
    positions = math.prod(prediction[2:])
    if positions != targets:
        columns = "1 column" if targets == 1 else f"{targets} columns"
        return (
            f"The model gives scores at {positions} positions ({prediction}), "
            f"but the target has {columns}: B, classes, positions"
        )
    if classes is not None and prediction[1] != classes:
        outputs = "1 output" if prediction[1] == 1 else f"{prediction[1]} outputs"
        return f"The model gives {outputs} per sample, but the target has {classes} classes"
    return None


@dataclass(frozen=True)
class Loss:
    """A loss on a LOSS_FN wire: maps (prediction, target) to a scalar."""

    module: nn.Module
    node: LossNode

    @property
    def target(self) -> TargetKind:
        return self.node.TARGET

    def scaled(self, scaling: TargetScaling) -> Loss:
        """Return this loss for targets in their own units that it has to get scaled."""
        self.node.scaling = scaling
        return Loss(ScaledLoss(self.module, scaling), self.node)

    @property
    def is_sum(self) -> bool:
        """Return whether it is a sum over samples instead of a mean."""
        return getattr(self.module, "reduction", "mean") == "sum"

    def __call__(self, prediction: Tensor, target: Tensor) -> Tensor:
        value: Tensor = self.module(prediction, target)
        return value

    def share(self, value: float, mass: float) -> float:
        """Return the sum over samples for a loss `value`; `mass` is `node.mass` of the targets."""
        return value if self.is_sum else value * mass


@dataclass(frozen=True)
class Schedule:
    """An optimizer and the nodes of its learning-rate schedulers, in the order of the wires.

    The schedulers are built when the length of the training is known.
    """

    optimizer: Any  # an Optimizer; before a run, its node
    nodes: tuple[SchedulerNode, ...] = ()

    @classmethod
    def of(cls, value: Any) -> Schedule:
        """Return the value of an OPTIMIZER or SCHEDULER wire as a Schedule."""
        return value if isinstance(value, Schedule) else cls(value)


class SchedulerNode(BaseNode, ABC):
    """A learning-rate scheduler. `build` gets the optimizer and the scheduler's number of steps.

    Schedulers wired in sequence act on the same optimizer: their factors multiply.
    """

    CATEGORY = "Scheduler"
    KIND = "scheduler"

    interval: str = Param(
        "epoch", choices=["epoch", "step"], description="When it steps: after every epoch or batch"
    )

    maximize = False  # whether larger values of the monitored metric are better; set before `build`

    @abstractmethod
    def build(self, optimizer: Optimizer, steps: int) -> LRScheduler:
        """Return the scheduler of this optimizer. Raises ValueError if the two do not fit."""

    @property
    def is_tied(self) -> bool:
        """Whether `build` uses the number of steps: a longer training has another schedule."""
        return False

    def zero_from(self) -> int | None:
        """Return its step from which a learning rate of 0 is fixed by a parameter, or None."""
        return None

    @property
    def monitored(self) -> str | None:
        """The key of the metric that it monitors; None if only the number of steps counts."""
        return None

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, InputSpec]:
        spec = InputSpec(
            DataType.OPTIMIZER,
            also=DataType.SCHEDULER,
            required=True,
            description="The optimizer whose learning rate it sets",
        )
        return {"optimizer": spec, **cls.PARAMS}

    @classmethod
    def RETURN_TYPES(cls) -> list[OutputSpec]:
        return [OutputSpec(DataType.SCHEDULER, "scheduler")]

    def execute(self, **kwargs: Any) -> tuple[Schedule]:
        before = Schedule.of(kwargs["optimizer"])
        return (replace(before, nodes=(*before.nodes, self)),)


class MetricNode(BaseNode, ABC):
    """A metric over an epoch: `update` gets batches, `compute` returns the value over all.

    Each epoch and each part of the data has an instance of its own, which accumulates: batches are
    not kept. Several may come joined, and a checkpoint may hold its state between two of them.

    `prediction` has the shape of the model's output `(batch, …)`, in the target's own space: see
    `LossNode.predictions`. `target` is `(batch,)` class indices (int64) or `(batch, targets)`
    floats, in the target's own units.
    """

    CATEGORY = "Metrics"
    KIND = "metric"
    KEY: ClassVar[str] = ""  # default: the type's name in lower case
    READS_OUTPUTS: ClassVar[bool] = False  # `update` gets the model's outputs, not predictions
    DIRECTION: ClassVar[Literal["minimize", "maximize"]] = "maximize"

    #: The targets that it measures: class indices, numbers, 0 and 1 (or −1 and 1), "classes" for
    #: indices or 0 and 1; "" for any.
    MEASURES: ClassVar[Literal["index", "float", "binary", "classes", ""]] = ""
    #: The loss of the training that it belongs to; set before the first batch.
    loss: LossNode | None = None

    @abstractmethod
    def update(self, prediction: Tensor, target: Tensor) -> None:
        """Add one batch."""

    @abstractmethod
    def compute(self) -> float:
        """Return the value over all batches since the start."""

    def state_dict(self) -> dict[str, Any]:
        """Return what was measured so far, for a checkpoint: tensors and plain values.

        By default these are all attributes besides the parameters. A metric that keeps anything
        else overrides this method and `load_state_dict`; otherwise it has no value for an epoch
        that continues in another process.
        """
        return {
            name: value
            for name, value in vars(self).items()
            if name not in self.PARAMS and name != "loss"
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Continue from a state, whose tensors are on the device of the training."""
        vars(self).update(state)

    @classmethod
    def RETURN_TYPES(cls) -> list[OutputSpec]:
        return [OutputSpec(DataType.METRICS, "metric")]

    def execute(self, **kwargs: Any) -> tuple[Callable[[], MetricNode]]:
        """A factory: each epoch and each part of the data is measured by a metric of its own."""
        return (lambda: self.create(kwargs),)
