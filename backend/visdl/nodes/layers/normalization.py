"""Normalisation.

Sources: BatchNorm, Ioffe and Szegedy 2015; LayerNorm, Ba et al. 2016; GroupNorm, Wu and He 2018.
"""

from typing import ClassVar

from torch import nn

from visdl.nodes import NodeRegistry, Param, Shape
from visdl.nodes.contract.torch_layer import TorchLayer

_NEWER = {"bias": "2.12"}
_MEAN = "y = γ (x − E[x]) / √(Var[x] + ε) + β"


class _Norm(TorchLayer):
    CATEGORY = "Normalization"
    FORMULA = _MEAN
    PRIMARY: ClassVar[tuple[str, ...] | None] = ()

    weights_of: str = Param(
        "",
        widget="layer",
        description="Share the weights of another layer of the same shape; empty: own weights",
    )


class _BatchNorm(_Norm):
    PRIMARY = ("momentum", "affine")
    PARAMS_REQUIRE_TORCH = _NEWER


@NodeRegistry.register("BatchNorm1d")
class BatchNorm1d(_BatchNorm, module=nn.BatchNorm1d):
    """Normalises each feature over the batch; in evaluation by running statistics."""

    SHAPE_RULE = "B, num_features or B, num_features, L → the same shape"


@NodeRegistry.register("BatchNorm2d")
class BatchNorm2d(_BatchNorm, module=nn.BatchNorm2d):
    """Normalises each channel of images over the batch; in evaluation by running statistics."""

    SHAPE_RULE = "B, num_features, H, W → the same shape"


@NodeRegistry.register("BatchNorm3d")
class BatchNorm3d(_BatchNorm, module=nn.BatchNorm3d):
    """Normalises each channel of volumes over the batch; in evaluation by running statistics."""

    SHAPE_RULE = "B, num_features, D, H, W → the same shape"


class _InstanceNorm(_Norm):
    PARAMS_REQUIRE_TORCH = _NEWER


@NodeRegistry.register("InstanceNorm1d")
class InstanceNorm1d(_InstanceNorm, module=nn.InstanceNorm1d):
    """Normalises each channel of each sequence separately."""

    SHAPE_RULE = "B, num_features, L → the same shape"


@NodeRegistry.register("InstanceNorm2d")
class InstanceNorm2d(_InstanceNorm, module=nn.InstanceNorm2d):
    """Normalises each channel of each image separately."""

    SHAPE_RULE = "B, num_features, H, W → the same shape"


@NodeRegistry.register("InstanceNorm3d")
class InstanceNorm3d(_InstanceNorm, module=nn.InstanceNorm3d):
    """Normalises each channel of each volume separately."""

    SHAPE_RULE = "B, num_features, D, H, W → the same shape"


@NodeRegistry.register("GroupNorm")
class GroupNorm(_Norm, module=nn.GroupNorm, defaults={"num_groups": 1}):
    """Normalises groups of channels of each sample separately."""

    SHAPE_RULE = "B, num_channels, * → the same shape"
    PRIMARY = ("num_groups",)
    PARAMS_REQUIRE_TORCH = _NEWER


class _LastAxes(_Norm):
    """Normalises over the last axes: by default over the last one."""

    SHAPE_RULE = "*, features → the same shape"

    normalized_shape: int | list[int] | None = Param(
        None, min=1, description="Sizes of the last axes to normalise over; empty: the last axis"
    )

    def build(self, input: Shape) -> nn.Module:
        self.sizes(input)
        if self.normalized_shape is None:
            self.normalized_shape = input[-1]
        return self.make({})


@NodeRegistry.register("LayerNorm")
class LayerNorm(_LastAxes, module=nn.LayerNorm):
    """Normalises the features of each position separately."""


@NodeRegistry.register("RMSNorm")
class RMSNorm(_LastAxes, module=nn.RMSNorm):
    """Scales the features of each position by their root mean square.

    Source: Zhang and Sennrich 2019.
    """

    FORMULA = "y = γ x / √(mean(x²) + ε)"


@NodeRegistry.register("LocalResponseNorm")
class LocalResponseNorm(TorchLayer, module=nn.LocalResponseNorm, defaults={"size": 5}):
    """Divides each channel by the magnitude of its neighbours, as in AlexNet."""

    CATEGORY = "Normalization"
    FORMULA = "y = x / (k + α/n Σ over n neighbours of x²)^β"
    SHAPE_RULE = "B, C, * → the same shape"
