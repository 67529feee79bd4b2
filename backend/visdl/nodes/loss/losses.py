"""The losses of torch.nn that compare one prediction with one target."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from visdl.nodes import LossNode, NodeRegistry, Param, Shape
from visdl.nodes.contract.learning import Link
from visdl.nodes.contract.torch_signature import declare, in_order

_DOCS = "https://pytorch.org/docs/stable/generated/torch.nn"
_SAME = "prediction (B, T), target (B, T)"
_LABELS = "prediction (B, classes, *), target (B, *) class indices"
Metrics = Mapping[str, Mapping[str, Any]] | None
_WEIGHTS = "Weight of each class, in the order of its labels; empty: all equal"
#: Deprecated, or a tensor: those losses that have weights declare them as lists.
_NEVER = {"size_average", "reduce", "reduction", "weight", "pos_weight"}
_MEANING: dict[str, tuple[str, dict[str, Any]]] = {
    "beta": ("Below this difference it is squared, above it absolute", {"min": 0}),
    "delta": ("Below this difference it is squared, above it absolute", {"min": 1e-12}),
    "full": ("Add the Stirling approximation term", {}),
    "label_smoothing": (
        "Mixes the target with a uniform distribution",
        {"min": 0, "max": 0.99, "step": 0.05},
    ),
    "log_input": ("The model gives the logarithm of the rate", {}),
    "log_target": ("The target is also a logarithm", {}),
    "margin": ("Margin by which the right class must lead", {}),
    "p": ("The power of the distance", {"min": 1, "max": 2}),
    "ignore_index": ("Class index that is ignored; a negative index never occurs", {}),
}


class TorchLoss(LossNode):
    """A loss that is a class of torch.nn, with the parameters of its signature."""

    MODULE: ClassVar[type[nn.Module]]

    reduction: str = Param(
        "mean",
        choices=["mean", "sum"],
        description="How the losses of a batch are combined",
    )

    def __init_subclass__(cls, module: type[nn.Module] | None = None, **kwargs: Any) -> None:
        if module is not None:
            cls.MODULE = module
            declare(cls, module, _NEVER, meaning=_MEANING)
            cls.URL = f"{_DOCS}.{module.__name__}.html"
        super().__init_subclass__(**kwargs)
        if module is not None:
            cls.PARAMS = in_order(cls.PARAMS, module)

    def build(self) -> nn.Module:
        values = {name: getattr(self, name) for name in self.PARAMS}
        for name in ("weight", "pos_weight"):
            if values.get(name) is not None:
                values[name] = torch.tensor(values[name])
        return self.MODULE(**values)


class _FloatLoss(TorchLoss):
    SHAPE_RULE = _SAME


@NodeRegistry.register("MSELoss")
class MSELoss(_FloatLoss, module=nn.MSELoss):
    """Mean squared error, for numbers."""

    DISPLAY_NAME = "MSE Loss"
    FORMULA = "L = mean((ŷ − y)²)"
    PRIMARY = ()


@NodeRegistry.register("L1Loss")
class L1Loss(_FloatLoss, module=nn.L1Loss):
    """Mean absolute error, for numbers; less sensitive to outliers than MSE."""

    DISPLAY_NAME = "L1 Loss"
    FORMULA = "L = mean(|ŷ − y|)"
    PRIMARY = ()


@NodeRegistry.register("SmoothL1Loss")
class SmoothL1Loss(_FloatLoss, module=nn.SmoothL1Loss):
    """Squared near zero and absolute beyond `beta`, for numbers with outliers."""

    DISPLAY_NAME = "Smooth L1 Loss"
    FORMULA = "L = mean(d² / 2β where |d| < β, else |d| − β / 2)"
    PRIMARY = ("beta",)


@NodeRegistry.register("HuberLoss")
class HuberLoss(_FloatLoss, module=nn.HuberLoss):
    """Squared near zero and absolute beyond `delta`, for numbers with outliers."""

    DISPLAY_NAME = "Huber Loss"
    FORMULA = "L = mean(d² / 2 where |d| < δ, else δ (|d| − δ / 2))"
    PRIMARY = ("delta",)


@NodeRegistry.register("PoissonNLLLoss")
class PoissonNLLLoss(_FloatLoss, module=nn.PoissonNLLLoss):
    """Negative log likelihood of counts under a Poisson distribution."""

    DISPLAY_NAME = "Poisson NLL Loss"
    FORMULA = "L = mean(exp(ŷ) − y ŷ)"
    RANGE = (0, float("inf"))
    PRIMARY = ("log_input",)

    log_input: bool

    @property
    def link(self) -> Link:
        return "exp" if self.log_input else "identity"


@NodeRegistry.register("KLDivLoss")
class KLDivLoss(_FloatLoss, module=nn.KLDivLoss):
    """Kullback–Leibler divergence of log-probabilities from a target of probabilities."""

    DISPLAY_NAME = "KL Divergence Loss"
    FORMULA = "L = Σ y (log y − ŷ), the mean over the batch"
    METRICS: ClassVar[Metrics] = {}
    PRIMARY = ("log_target",)
    WANTS = "log_probabilities"
    BEFORE = "LogSoftmax"

    reduction: str = Param(
        "batchmean",
        choices=["batchmean", "mean", "sum"],
        description="How values are combined; see the formula",
    )
    log_target: bool

    @property
    def link(self) -> Link:
        """With `log_target` the target's own space is that of the logarithms."""
        return "identity" if self.log_target else "exp"


class _YesNoLoss(TorchLoss):
    """For targets of 0 and 1, or values between."""

    SHAPE_RULE = _SAME
    RANGE = (0, 1)
    METRICS: ClassVar[Metrics] = {"BinaryAccuracy": {}}


@NodeRegistry.register("BCEWithLogitsLoss")
class BCEWithLogitsLoss(_YesNoLoss, module=nn.BCEWithLogitsLoss):
    """Binary cross entropy between logits and targets of 0 and 1, one or several labels."""

    DISPLAY_NAME = "BCE With Logits Loss"
    FORMULA = "L = −mean(y log σ(ŷ) + (1 − y) log(1 − σ(ŷ)))"
    WANTS = "logits"
    PRIMARY = ()

    pos_weight: list[float] | None = Param(
        None, min=0, description="Weight of a 1, for each target column; empty: as much as a 0"
    )

    def why_not(self, prediction: Shape, classes: int | None, targets: int) -> str | None:
        found = super().why_not(prediction, classes, targets)
        if (
            found is None
            and self.pos_weight is not None
            and len(self.pos_weight) not in (1, targets)
        ):
            count = len(self.pos_weight)
            return f"pos_weight has {count} values, but the number of target columns is {targets}"
        return found


@NodeRegistry.register("BCELoss")
class BCELoss(_YesNoLoss, module=nn.BCELoss):
    """Binary cross entropy between probabilities and targets; end the model with a Sigmoid."""

    DISPLAY_NAME = "BCE Loss"
    FORMULA = "L = −mean(y log ŷ + (1 − y) log(1 − ŷ))"
    WANTS = "probabilities"
    BEFORE = "Sigmoid"
    PRIMARY = ()


class _SignLoss(TorchLoss):
    """For targets of −1 and 1."""

    SHAPE_RULE = _SAME
    RANGE = (-1, 1)
    METRICS: ClassVar[Metrics] = {"BinaryAccuracy": {}}


@NodeRegistry.register("SoftMarginLoss")
class SoftMarginLoss(_SignLoss, module=nn.SoftMarginLoss):
    """Logistic loss of two classes, for targets of −1 and 1."""

    DISPLAY_NAME = "Soft Margin Loss"
    FORMULA = "L = mean(log(1 + exp(−y ŷ)))"
    PRIMARY = ()

    @property
    def link(self) -> Link:
        return "tanh_half"


@NodeRegistry.register("HingeEmbeddingLoss")
class HingeEmbeddingLoss(_SignLoss, module=nn.HingeEmbeddingLoss):
    """For distances: small if the target is 1, beyond the margin if it is −1."""

    DISPLAY_NAME = "Hinge Embedding Loss"
    FORMULA = "L = mean(ŷ where y = 1, max(0, margin − ŷ) where y = −1)"
    METRICS: ClassVar[Metrics] = {}
    PRIMARY = ("margin",)


class _ColumnWeights(TorchLoss):
    weight: list[float] | None = Param(
        None, min=0, description="Weight of each label; empty: all equal"
    )

    def why_not(self, prediction: Shape, classes: int | None, targets: int) -> str | None:
        return super().why_not(prediction, classes, targets) or _why_not_weights(
            self.weight, targets, "labels"
        )


@NodeRegistry.register("MultiLabelSoftMarginLoss")
class MultiLabelSoftMarginLoss(_ColumnWeights, module=nn.MultiLabelSoftMarginLoss):
    """Several labels at once, each a target column of 0 and 1; the model gives logits."""

    DISPLAY_NAME = "Multi-Label Soft Margin Loss"
    SHAPE_RULE = _SAME
    FORMULA = "L = −mean(y log σ(ŷ) + (1 − y) log(1 − σ(ŷ)))"
    WANTS = "logits"
    RANGE = (0, 1)
    METRICS: ClassVar[Metrics] = {"BinaryAccuracy": {}}
    PRIMARY = ()


class _LabelLists(nn.MultiLabelMarginLoss):
    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return super().forward(input, target.long())


@NodeRegistry.register("MultiLabelMarginLoss")
class MultiLabelMarginLoss(TorchLoss, module=nn.MultiLabelMarginLoss):
    """Several labels at once: the target columns list class indices, and −1 ends the list."""

    DISPLAY_NAME = "Multi-Label Margin Loss"
    SHAPE_RULE = "prediction (B, classes), target (B, classes) class indices, then −1"
    FORMULA = "L = Σ max(0, 1 − (ŷ[y] − ŷ[i])) / classes, for all labels y and all others i"
    METRICS: ClassVar[Metrics] = {}
    PRIMARY = ()

    def build(self) -> nn.Module:
        return _LabelLists(reduction=self.reduction)

    def why_not_scaled(self, scaling: str) -> str | None:
        return "Multi-Label Margin Loss reads class indices, which have no scale"


class _ClassLoss(TorchLoss):
    """A loss of class scores, with a weight for each class."""

    TARGET = "index"
    SHAPE_RULE = _LABELS

    weight: list[float] | None = Param(None, min=0, description=_WEIGHTS)

    def why_not(self, prediction: Shape, classes: int | None, targets: int) -> str | None:
        found = super().why_not(prediction, classes, targets)
        return found or (
            _why_not_weights(self.weight, classes, "classes") if classes is not None else None
        )

    @property
    def counts_rows(self) -> bool:
        return self.weight is None and self._ignored < 0

    @property
    def _ignored(self) -> int:
        return getattr(self, "ignore_index", -100)

    def counted(self, target: Tensor) -> Tensor | None:
        """Leave out targets of `ignore_index`, and of classes whose weight is 0."""
        mask = target != self._ignored if self._ignored >= 0 else None
        if self.weight is None or min(self.weight) > 0:
            return mask
        weighs = torch.tensor(self.weight, device=target.device)[target] > 0
        return weighs if mask is None else weighs & mask

    def mass(self, target: Tensor) -> float:
        if self.counts_rows:
            return len(target)
        counted = target[target != self._ignored]
        if self.weight is None:
            return counted.numel()
        return float(torch.tensor(self.weight, device=target.device)[counted].sum())


def _why_not_weights(weights: Sequence[float] | None, count: int, what: str) -> str | None:
    if weights is None:
        return None
    if len(weights) != count:
        return f"weight has {len(weights)} values, but the number of {what} is {count}"
    return None if any(weights) else f"weight is 0 for all {what}, so nothing is learned"


@NodeRegistry.register("CrossEntropyLoss")
class CrossEntropyLoss(_ClassLoss, module=nn.CrossEntropyLoss):
    """Cross entropy between logits and class labels. Needs one output per class."""

    DISPLAY_NAME = "Cross Entropy Loss"
    FORMULA = "L = −log softmax(ŷ)[y]"
    WANTS = "logits"
    PRIMARY = ("label_smoothing",)


@NodeRegistry.register("NLLLoss")
class NLLLoss(_ClassLoss, module=nn.NLLLoss):
    """Negative log likelihood of class labels; end the model with a LogSoftmax over the classes."""

    DISPLAY_NAME = "NLL Loss"
    FORMULA = "L = −ŷ[y]"
    WANTS = "log_probabilities"
    BEFORE = "LogSoftmax"
    PRIMARY = ()


@NodeRegistry.register("MultiMarginLoss")
class MultiMarginLoss(_ClassLoss, module=nn.MultiMarginLoss):
    """Hinge loss of several classes: the right score must exceed all others by a margin."""

    DISPLAY_NAME = "Multi-Margin Loss"
    SHAPE_RULE = "prediction (B, classes), target (B) class indices"
    FORMULA = "L = Σ max(0, margin − ŷ[y] + ŷ[i])ᵖ / classes, for all i ≠ y"
    PRIMARY = ("margin", "p")

    def why_not(self, prediction: Shape, classes: int | None, targets: int) -> str | None:
        if len(prediction) > 2:
            return (
                f"The model gives {prediction}, "
                "but the loss needs one row of class scores per sample: B, classes"
            )
        return super().why_not(prediction, classes, targets)

    def mass(self, target: Tensor) -> float:
        return len(target)
