"""Convolutions, and rearrangements of pixels and channels."""

from torch import nn

from visdl.nodes import NodeRegistry, Param, Shape
from visdl.nodes.contract.torch_layer import TorchLayer, WeightedLayer

_OUT = {"out_channels": 32, "kernel_size": 3}
_FORMULA = "y[o] = b[o] + Σ over i of w[o, i] ⋆ x[i]"
_TRANSPOSED = "the gradient of a convolution with respect to its input"


class _Conv(WeightedLayer):
    CATEGORY = "Convolution"
    FORMULA = _FORMULA
    PRIMARY = ("out_channels", "kernel_size", "stride")


@NodeRegistry.register("Conv1d")
class Conv1d(_Conv, module=nn.Conv1d, defaults=_OUT):
    """Convolution along a sequence."""

    SHAPE_RULE = "B, in_channels, L → B, out_channels, L_out"


@NodeRegistry.register("Conv2d")
class Conv2d(_Conv, module=nn.Conv2d, defaults=_OUT):
    """Convolution over an image. The input channels follow from the layer before."""

    SHAPE_RULE = "B, in_channels, H, W → B, out_channels, H_out, W_out"


@NodeRegistry.register("Conv3d")
class Conv3d(_Conv, module=nn.Conv3d, defaults=_OUT):
    """Convolution over a volume."""

    SHAPE_RULE = "B, in_channels, D, H, W → B, out_channels, D_out, H_out, W_out"


@NodeRegistry.register("ConvTranspose1d")
class ConvTranspose1d(_Conv, module=nn.ConvTranspose1d, defaults=_OUT):
    """Transposed convolution that enlarges a sequence."""

    FORMULA = _TRANSPOSED
    SHAPE_RULE = "B, in_channels, L → B, out_channels, L_out"


@NodeRegistry.register("ConvTranspose2d")
class ConvTranspose2d(_Conv, module=nn.ConvTranspose2d, defaults=_OUT):
    """Transposed convolution that enlarges an image."""

    FORMULA = _TRANSPOSED
    SHAPE_RULE = "B, in_channels, H, W → B, out_channels, H_out, W_out"


@NodeRegistry.register("ConvTranspose3d")
class ConvTranspose3d(_Conv, module=nn.ConvTranspose3d, defaults=_OUT):
    """Transposed convolution that enlarges a volume."""

    FORMULA = _TRANSPOSED
    SHAPE_RULE = "B, in_channels, D, H, W → B, out_channels, D_out, H_out, W_out"


class _Pixels(TorchLayer):
    CATEGORY = "Convolution"


@NodeRegistry.register("Unfold")
class Unfold(_Pixels, module=nn.Unfold, defaults={"kernel_size": 3}):
    """Cuts an image into windows, each a column of its values."""

    FORMULA = "y[:, l] = the values of window l"
    SHAPE_RULE = "B, C, H, W → B, C · kernel, windows"


@NodeRegistry.register("Fold")
class Fold(_Pixels, module=nn.Fold, defaults={"output_size": 8, "kernel_size": 2}):
    """Combines windows into an image; overlapping values are added."""

    FORMULA = "y = Σ over l of window l, at its place"
    SHAPE_RULE = "B, C · kernel, windows → B, C, *output_size"


@NodeRegistry.register("Upsample")
class Upsample(_Pixels, module=nn.Upsample, leave_out=("recompute_scale_factor",)):
    """Enlarges a sequence, an image or a volume by repeating or interpolating."""

    FORMULA = "y[i] = x at i / scale_factor"
    SHAPE_RULE = "B, C, *sizes → B, C, *sizes · scale_factor"
    PRIMARY = ("scale_factor", "mode")

    size: int | list[int] | None = Param(
        None, min=1, description="Sizes of the output; empty: see scale_factor"
    )
    scale_factor: float | list[float] | None = Param(
        2.0, min=1e-6, description="Factor by which each side grows"
    )
    mode: str = Param(
        "nearest",
        choices=["nearest", "nearest-exact", "linear", "bilinear", "bicubic", "trilinear"],
        description="Interpolation between the input values",
    )

    def build(self, input: Shape) -> nn.Module:
        self.sizes(input)
        scale = None if self.size is not None else self.scale_factor
        return nn.Upsample(self.size, scale, self.mode, self.align_corners)  # type: ignore[attr-defined,arg-type]


class _Upsampling2d(_Pixels):
    SHAPE_RULE = "B, C, H, W → B, C, H · scale_factor, W · scale_factor"

    size: int | tuple[int, int] | None = Param(
        None, min=1, description="Sizes of the output; empty: see scale_factor"
    )
    scale_factor: float | tuple[float, float] | None = Param(
        2.0, min=1e-6, description="Factor by which each side grows"
    )

    def build(self, input: Shape) -> nn.Module:
        self.sizes(input)
        return self.MODULE(self.size, None if self.size is not None else self.scale_factor)


@NodeRegistry.register("UpsamplingNearest2d")
class UpsamplingNearest2d(_Upsampling2d, module=nn.UpsamplingNearest2d):
    """Enlarges an image by repeating pixels."""

    FORMULA = "y[i, j] = x[i / s, j / s]"


@NodeRegistry.register("UpsamplingBilinear2d")
class UpsamplingBilinear2d(_Upsampling2d, module=nn.UpsamplingBilinear2d):
    """Enlarges an image by linear interpolation with aligned corners."""

    FORMULA = "y[i, j] = the mean of the four nearest x, by distance"


@NodeRegistry.register("PixelShuffle")
class PixelShuffle(_Pixels, module=nn.PixelShuffle, defaults={"upscale_factor": 2}):
    """Rearranges channels into pixels: r² channels become r × r pixels."""

    FORMULA = "B, C r², H, W → B, C, H r, W r"
    SHAPE_RULE = "*, C · r², H, W → *, C, H · r, W · r"


@NodeRegistry.register("PixelUnshuffle")
class PixelUnshuffle(_Pixels, module=nn.PixelUnshuffle, defaults={"downscale_factor": 2}):
    """Rearranges pixels into channels: the inverse of PixelShuffle."""

    FORMULA = "B, C, H r, W r → B, C r², H, W"
    SHAPE_RULE = "*, C, H · r, W · r → *, C · r², H, W"


@NodeRegistry.register("ChannelShuffle")
class ChannelShuffle(_Pixels, module=nn.ChannelShuffle, defaults={"groups": 2}):
    """Distributes the channels of each group over all groups, as in ShuffleNet."""

    FORMULA = "(g, C / g) → (C / g, g)"
    SHAPE_RULE = "B, C, * → B, C, *"
