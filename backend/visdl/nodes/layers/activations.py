"""Activations: functions of each value, or along one axis."""

from typing import ClassVar

import torch
from torch import Tensor, nn

from visdl.nodes import NodeRegistry, Param, Shape
from visdl.nodes.contract.own_random import OwnRandom
from visdl.nodes.contract.torch_layer import TorchLayer


class _Activation(TorchLayer):
    CATEGORY = "Activation"
    SHAPE_RULE = "* → the same shape"
    PRIMARY: ClassVar[tuple[str, ...] | None] = ()
    FINITE_SLOPE = True


class _Elementwise(_Activation):
    ELEMENTWISE = True


@NodeRegistry.register("ReLU")
class ReLU(_Elementwise, module=nn.ReLU):
    """Rectified linear unit: negative values become zero."""

    FORMULA = "y = max(0, x)"


@NodeRegistry.register("ReLU6")
class ReLU6(_Elementwise, module=nn.ReLU6):
    """Rectified linear unit that is limited to 6."""

    FORMULA = "y = min(max(0, x), 6)"


@NodeRegistry.register("LeakyReLU")
class LeakyReLU(_Elementwise, module=nn.LeakyReLU):
    """Rectified linear unit with a small slope below zero."""

    FORMULA = "y = max(0, x) + negative_slope · min(0, x)"
    PRIMARY = ("negative_slope",)


@NodeRegistry.register("PReLU")
class PReLU(_Activation, module=nn.PReLU):
    """Rectified linear unit with a learned slope below zero."""

    FORMULA = "y = max(0, x) + a · min(0, x)"


class SeededRReLU(OwnRandom, nn.RReLU):
    """nn.RReLU that draws its slopes from its own generator.

    torch draws one for each value below zero; this draws one for every value, so that the slopes
    do not depend on the layers upstream.
    """

    @property
    def draws(self) -> bool:
        return self.upper > self.lower

    def forward(self, input: Tensor) -> Tensor:
        if self.generator is None or not self.training:
            return super().forward(input)
        slopes = torch.empty_like(input).uniform_(self.lower, self.upper, generator=self.generator)
        return torch.where(input >= 0, input, input * slopes)


@NodeRegistry.register("RReLU")
class RReLU(_Activation, module=SeededRReLU):
    """Rectified linear unit with a slope below zero that is random during training."""

    URL = "https://pytorch.org/docs/stable/generated/torch.nn.RReLU.html"

    FORMULA = "y = max(0, x) + a · min(0, x), a ~ U(lower, upper)"


@NodeRegistry.register("ELU")
class ELU(_Elementwise, module=nn.ELU):
    """Exponential linear unit: smooth below zero, down to −α."""

    FORMULA = "y = x above 0, α (exp(x) − 1) below"


@NodeRegistry.register("SELU")
class SELU(_Elementwise, module=nn.SELU):
    """Scaled exponential linear unit, which keeps mean and variance from layer to layer."""

    FORMULA = "y = 1.0507 (x above 0, 1.6733 (exp(x) − 1) below)"


@NodeRegistry.register("CELU")
class CELU(_Elementwise, module=nn.CELU):
    """Exponential linear unit with a smooth slope at zero for every α."""

    FORMULA = "y = max(0, x) + min(0, α (exp(x/α) − 1))"

    def build(self, input: Shape) -> nn.Module:
        if not self.alpha:  # type: ignore[attr-defined]
            raise ValueError("alpha cannot be 0; a ReLU has no negative part")
        return super().build(input)


@NodeRegistry.register("GELU")
class GELU(_Elementwise, module=nn.GELU, leave_out=("approximate",)):
    """Gaussian error linear unit: each value times the normal distribution function at it."""

    FORMULA = "y = x Φ(x)"

    approximate: str = Param(
        "none", choices=["none", "tanh"], description="tanh: a faster approximation"
    )


@NodeRegistry.register("SiLU")
class SiLU(_Elementwise, module=nn.SiLU):
    """Sigmoid linear unit, also known as swish."""

    FORMULA = "y = x σ(x)"


@NodeRegistry.register("Mish")
class Mish(_Elementwise, module=nn.Mish):
    """A smooth activation that is not monotonic."""

    FORMULA = "y = x tanh(softplus(x))"


@NodeRegistry.register("Sigmoid")
class Sigmoid(_Elementwise, module=nn.Sigmoid):
    """Logistic function: squeezes every value into (0, 1)."""

    GIVES = "probabilities"
    FORMULA = "y = 1 / (1 + exp(−x))"


@NodeRegistry.register("LogSigmoid")
class LogSigmoid(_Elementwise, module=nn.LogSigmoid):
    """The logarithm of the logistic function."""

    FORMULA = "y = log(1 / (1 + exp(−x)))"


@NodeRegistry.register("Tanh")
class Tanh(_Elementwise, module=nn.Tanh):
    """Hyperbolic tangent: squeezes every value into (−1, 1)."""

    FORMULA = "y = tanh(x)"


@NodeRegistry.register("Tanhshrink")
class Tanhshrink(_Elementwise, module=nn.Tanhshrink):
    """Difference between a value and its hyperbolic tangent."""

    FORMULA = "y = x − tanh(x)"


@NodeRegistry.register("Softsign")
class Softsign(_Elementwise, module=nn.Softsign):
    """Squeezes every value into (−1, 1), more slowly than tanh."""

    FORMULA = "y = x / (1 + |x|)"


@NodeRegistry.register("Softplus")
class Softplus(_Elementwise, module=nn.Softplus):
    """A smooth rectified linear unit: always above zero."""

    FORMULA = "y = log(1 + exp(β x)) / β"


@NodeRegistry.register("Softshrink")
class Softshrink(_Elementwise, module=nn.Softshrink):
    """Pulls every value towards zero by λ."""

    FORMULA = "y = x ∓ λ beyond ±λ, 0 between"


@NodeRegistry.register("Hardshrink")
class Hardshrink(_Elementwise, module=nn.Hardshrink):
    """Sets values between −λ and λ to zero."""

    FORMULA = "y = x beyond ±λ, 0 between"


@NodeRegistry.register("Hardsigmoid")
class Hardsigmoid(_Elementwise, module=nn.Hardsigmoid):
    """Logistic function approximated by three straight lines."""

    FORMULA = "y = min(max(x/6 + 1/2, 0), 1)"


@NodeRegistry.register("Hardswish")
class Hardswish(_Elementwise, module=nn.Hardswish):
    """Piecewise approximation of swish, as in MobileNetV3."""

    FORMULA = "y = x · min(max(x + 3, 0), 6) / 6"


@NodeRegistry.register("Hardtanh")
class Hardtanh(_Elementwise, module=nn.Hardtanh, leave_out=("min_value", "max_value")):
    """Limits every value to an interval."""

    FORMULA = "y = min(max(x, min_val), max_val)"


@NodeRegistry.register("Threshold")
class Threshold(_Elementwise, module=nn.Threshold, defaults={"threshold": 0.0, "value": 0.0}):
    """Replaces values that are not above a threshold."""

    FORMULA = "y = x above threshold, value else"
    PRIMARY = ("threshold", "value")


@NodeRegistry.register("GLU")
class GLU(_Activation, module=nn.GLU):
    """Gated linear unit: one half of the features gates the other."""

    FORMULA = "y = a σ(b), with x = [a, b]"
    SHAPE_RULE = "* → half the size along dim"


class _AlongAxis(_Activation):
    PRIMARY = ("dim",)

    dim: int = Param(
        -1, description="Axis to normalise along; the batch is axis 0, −1 the last axis"
    )

    def build(self, input: Shape) -> nn.Module:
        self.sizes(input)
        if self.dim % len(input) == 0 and input.batch_first:
            raise ValueError("dim 0 is the batch: samples would depend on each other")
        return self.make({})


@NodeRegistry.register("Softmax")
class Softmax(_AlongAxis, module=nn.Softmax):
    """Turns scores into probabilities that sum to 1."""

    GIVES = "probabilities"
    FORMULA = "y = exp(x) / Σ exp(x)"


@NodeRegistry.register("LogSoftmax")
class LogSoftmax(_AlongAxis, module=nn.LogSoftmax):
    """The logarithm of softmax, for NLLLoss."""

    GIVES = "log_probabilities"
    FORMULA = "y = x − log Σ exp(x)"


@NodeRegistry.register("Softmin")
class Softmin(_AlongAxis, module=nn.Softmin):
    """Softmax of the negative: the smallest score gets the largest share."""

    GIVES = "probabilities"
    FORMULA = "y = exp(−x) / Σ exp(−x)"


@NodeRegistry.register("Softmax2d")
class Softmax2d(_Activation, module=nn.Softmax2d):
    """Softmax over the channels at each pixel."""

    GIVES = "probabilities"
    FORMULA = "y = exp(x) / Σ over channels of exp(x)"
    SHAPE_RULE = "B, C, H, W → the same shape"
