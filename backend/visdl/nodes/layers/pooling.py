"""Pooling: the largest value or the mean of each window."""

from typing import Any

from torch import nn

from visdl.nodes import DataType, NodeRegistry, OutputSpec, Param, Shape
from visdl.nodes.contract.own_random import OwnRandom, drawing
from visdl.nodes.contract.torch_layer import TorchLayer, check_element

_LINE = "B, C, L → B, C, L_out"
_IMAGE = "B, C, H, W → B, C, H_out, W_out"
_VOLUME = "B, C, D, H, W → B, C, D_out, H_out, W_out"
_KERNEL = {"kernel_size": 2}


class _Pool(TorchLayer):
    CATEGORY = "Pooling"


class _MaxPool(_Pool):
    FORMULA = "y = max over the window of x"
    OUTPUT_COUNT = "return_indices"

    @classmethod
    def RETURN_TYPES(cls) -> list[OutputSpec]:
        return [
            OutputSpec(DataType.LAYER, "output"),
            OutputSpec(DataType.LAYER, "indices", "Places of the maxima"),
        ]


@NodeRegistry.register("MaxPool1d")
class MaxPool1d(_MaxPool, module=nn.MaxPool1d, defaults=_KERNEL):
    """The largest value of each window along a sequence."""

    SHAPE_RULE = _LINE


@NodeRegistry.register("MaxPool2d")
class MaxPool2d(_MaxPool, module=nn.MaxPool2d, defaults=_KERNEL):
    """The largest value of each window of an image."""

    SHAPE_RULE = _IMAGE


@NodeRegistry.register("MaxPool3d")
class MaxPool3d(_MaxPool, module=nn.MaxPool3d, defaults=_KERNEL):
    """The largest value of each window of a volume."""

    SHAPE_RULE = _VOLUME


class _MaxUnpool(_Pool):
    FORMULA = "y at the indices = x, zero elsewhere"

    def build(self, input: Shape, indices: Shape) -> nn.Module:  # type: ignore[override]
        return self.make(self.sizes(input))


@NodeRegistry.register("MaxUnpool1d")
class MaxUnpool1d(_MaxUnpool, module=nn.MaxUnpool1d, defaults=_KERNEL):
    """Restores the maxima of a MaxPool1d with return_indices to their positions."""

    SHAPE_RULE = _LINE


@NodeRegistry.register("MaxUnpool2d")
class MaxUnpool2d(_MaxUnpool, module=nn.MaxUnpool2d, defaults=_KERNEL):
    """Restores the maxima of a MaxPool2d with return_indices to their positions."""

    SHAPE_RULE = _IMAGE


@NodeRegistry.register("MaxUnpool3d")
class MaxUnpool3d(_MaxUnpool, module=nn.MaxUnpool3d, defaults=_KERNEL):
    """Restores the maxima of a MaxPool3d with return_indices to their positions."""

    SHAPE_RULE = _VOLUME


class _AvgPool(_Pool):
    FORMULA = "y = mean over the window of x"


@NodeRegistry.register("AvgPool1d")
class AvgPool1d(_AvgPool, module=nn.AvgPool1d, defaults=_KERNEL):
    """The mean of each window along a sequence."""

    SHAPE_RULE = _LINE


@NodeRegistry.register("AvgPool2d")
class AvgPool2d(_AvgPool, module=nn.AvgPool2d, defaults=_KERNEL):
    """The mean of each window of an image."""

    SHAPE_RULE = _IMAGE


@NodeRegistry.register("AvgPool3d")
class AvgPool3d(_AvgPool, module=nn.AvgPool3d, defaults=_KERNEL):
    """The mean of each window of a volume."""

    SHAPE_RULE = _VOLUME


class _LPPool(_Pool):
    FORMULA = "y = (Σ over the window of xᵖ)^(1/p)"


_POWER = {"norm_type": 2.0, **_KERNEL}


@NodeRegistry.register("LPPool1d")
class LPPool1d(_LPPool, module=nn.LPPool1d, defaults=_POWER):
    """The p-norm of each window along a sequence."""

    SHAPE_RULE = _LINE


@NodeRegistry.register("LPPool2d")
class LPPool2d(_LPPool, module=nn.LPPool2d, defaults=_POWER):
    """The p-norm of each window of an image."""

    SHAPE_RULE = _IMAGE


@NodeRegistry.register("LPPool3d")
class LPPool3d(_LPPool, module=nn.LPPool3d, defaults=_POWER):
    """The p-norm of each window of a volume."""

    SHAPE_RULE = _VOLUME


class _AdaptiveAvg(_Pool):
    FORMULA = "y = mean over windows chosen to give output_size"


class _AdaptiveMax(_MaxPool):
    FORMULA = "y = max over windows chosen to give output_size"


_ONE = {"output_size": 1}


@NodeRegistry.register("AdaptiveAvgPool1d")
class AdaptiveAvgPool1d(_AdaptiveAvg, module=nn.AdaptiveAvgPool1d, defaults=_ONE):
    """Means along a sequence of any length, for an output of a given length."""

    SHAPE_RULE = "B, C, L → B, C, output_size"


@NodeRegistry.register("AdaptiveAvgPool2d")
class AdaptiveAvgPool2d(_AdaptiveAvg, module=nn.AdaptiveAvgPool2d, defaults=_ONE):
    """Means over an image of any size for a given output size; 1 is global pooling."""

    SHAPE_RULE = "B, C, H, W → B, C, *output_size"


@NodeRegistry.register("AdaptiveAvgPool3d")
class AdaptiveAvgPool3d(_AdaptiveAvg, module=nn.AdaptiveAvgPool3d, defaults=_ONE):
    """Means over a volume of any size, for an output of a given size."""

    SHAPE_RULE = "B, C, D, H, W → B, C, *output_size"


@NodeRegistry.register("AdaptiveMaxPool1d")
class AdaptiveMaxPool1d(_AdaptiveMax, module=nn.AdaptiveMaxPool1d, defaults=_ONE):
    """Maxima along a sequence of any length, for an output of a given length."""

    SHAPE_RULE = "B, C, L → B, C, output_size"


@NodeRegistry.register("AdaptiveMaxPool2d")
class AdaptiveMaxPool2d(_AdaptiveMax, module=nn.AdaptiveMaxPool2d, defaults=_ONE):
    """Maxima over an image of any size, for an output of a given size."""

    SHAPE_RULE = "B, C, H, W → B, C, *output_size"


@NodeRegistry.register("AdaptiveMaxPool3d")
class AdaptiveMaxPool3d(_AdaptiveMax, module=nn.AdaptiveMaxPool3d, defaults=_ONE):
    """Maxima over a volume of any size, for an output of a given size."""

    SHAPE_RULE = "B, C, D, H, W → B, C, *output_size"


class _Fractional(_MaxPool):
    output_ratio: Any = None
    FORMULA = "y = max over windows of random size, with output_ratio of the input's size"

    def build(self, input: Shape) -> nn.Module:
        check_element(input)
        sizes = self.sizes(input)
        if self.output_size is not None:  # type: ignore[attr-defined]
            self.output_ratio = None
        return self.make(sizes)


class _RandomWindows(OwnRandom):
    """Windows that are random in evaluation too."""

    ALWAYS = True
    draws = True


class SeededFractionalMaxPool2d(_RandomWindows, nn.FractionalMaxPool2d):
    """nn.FractionalMaxPool2d that draws its windows from its own generator."""

    forward = drawing(nn.FractionalMaxPool2d.forward)


class SeededFractionalMaxPool3d(_RandomWindows, nn.FractionalMaxPool3d):
    """nn.FractionalMaxPool3d that draws its windows from its own generator."""

    forward = drawing(nn.FractionalMaxPool3d.forward)


@NodeRegistry.register("FractionalMaxPool2d")
class FractionalMaxPool2d(
    _Fractional, module=SeededFractionalMaxPool2d, defaults=_KERNEL, leave_out=("output_ratio",)
):
    """Maxima over windows of random size, for an image with any size ratio."""

    URL = "https://pytorch.org/docs/stable/generated/torch.nn.FractionalMaxPool2d.html"
    SHAPE_RULE = _IMAGE

    output_ratio: float | tuple[float, float] | None = Param(
        0.5,
        min=0.01,
        max=0.99,
        description="Output size divided by input size; see output_size",
    )


@NodeRegistry.register("FractionalMaxPool3d")
class FractionalMaxPool3d(
    _Fractional, module=SeededFractionalMaxPool3d, defaults=_KERNEL, leave_out=("output_ratio",)
):
    """Maxima over windows of random size, for a volume with any size ratio."""

    URL = "https://pytorch.org/docs/stable/generated/torch.nn.FractionalMaxPool3d.html"
    SHAPE_RULE = _VOLUME

    output_ratio: float | tuple[float, float, float] | None = Param(
        0.5,
        min=0.01,
        max=0.99,
        description="Output size divided by input size; see output_size",
    )
