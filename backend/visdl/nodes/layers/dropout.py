"""Dropout. Each node draws its masks from its own generator."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from visdl.nodes import NodeRegistry
from visdl.nodes.contract.torch_layer import TorchLayer


class _Seeded(nn.modules.dropout._DropoutNd):
    """Draws masks from its own generator, so disabling one node leaves other masks unchanged.

    Without a generator (a loaded or exported module) it behaves like torch's class.
    """

    generator: torch.Generator | None = None

    def seed(self, seed: int, device: torch.device) -> None:
        """Set the seed of this module's generator on the device of its activations."""
        self.generator = torch.Generator(device).manual_seed(seed)

    def forward(self, input: Tensor) -> Tensor:
        if self.generator is None or not self.training or self.p in (0.0, 1.0):
            plain: Tensor = super().forward(input)
            return plain
        return self.masked(input, 1.0 - self.p)

    def mask(self, input: Tensor, keep: float) -> Tensor:
        """Return 1 for kept and 0 for dropped values, in a shape that fits the input."""
        return torch.empty_like(input).bernoulli_(keep, generator=self.generator)

    def masked(self, input: Tensor, keep: float) -> Tensor:
        return input * self.mask(input, keep).div_(keep)


class _Channels(_Seeded):
    """Whole channels at a time."""

    def mask(self, input: Tensor, keep: float) -> Tensor:
        shape = (*input.shape[:2], *(1,) * (input.dim() - 2))
        return torch.empty(shape, dtype=input.dtype, device=input.device).bernoulli_(
            keep, generator=self.generator
        )


class _Alpha(_Seeded):
    """Dropped values become SELU's lower limit; mean and variance are preserved.

    Source: Klambauer et al. 2017.
    """

    def masked(self, input: Tensor, keep: float) -> Tensor:
        low = -1.7580993408473766
        scale = 1 / math.sqrt(keep + low**2 * keep * (1 - keep))
        mask = self.mask(input, keep)
        return scale * (input * mask + low * (1 - mask)) - scale * low * (1 - keep)


class SeededDropout(_Seeded, nn.Dropout):
    pass


class SeededDropout1d(_Channels, nn.Dropout1d):
    pass


class SeededDropout2d(_Channels, nn.Dropout2d):
    pass


class SeededDropout3d(_Channels, nn.Dropout3d):
    pass


class SeededAlphaDropout(_Alpha, nn.AlphaDropout):
    pass


class SeededFeatureAlphaDropout(_Alpha, _Channels, nn.FeatureAlphaDropout):
    pass


class _Dropout(TorchLayer):
    CATEGORY = "Dropout"
    FINITE_SLOPE = True
    FORMULA = "y = x · m / (1 − p), m ~ Bernoulli(1 − p)"
    SHAPE_RULE = "* → the same shape"
    PRIMARY = ("p",)


@NodeRegistry.register("Dropout")
class Dropout(_Dropout, module=SeededDropout):
    """Zeroes each value with probability p and scales the rest by 1 / (1 − p) in training."""

    URL = "https://pytorch.org/docs/stable/generated/torch.nn.Dropout.html"


@NodeRegistry.register("Dropout1d")
class Dropout1d(_Dropout, module=SeededDropout1d):
    """Zeroes whole channels of a sequence with probability p in training."""

    URL = "https://pytorch.org/docs/stable/generated/torch.nn.Dropout1d.html"
    SHAPE_RULE = "B, C, L → the same shape"


@NodeRegistry.register("Dropout2d")
class Dropout2d(_Dropout, module=SeededDropout2d):
    """Zeroes whole channels of an image with probability p in training."""

    URL = "https://pytorch.org/docs/stable/generated/torch.nn.Dropout2d.html"
    SHAPE_RULE = "B, C, H, W → the same shape"


@NodeRegistry.register("Dropout3d")
class Dropout3d(_Dropout, module=SeededDropout3d):
    """Zeroes whole channels of a volume with probability p in training."""

    URL = "https://pytorch.org/docs/stable/generated/torch.nn.Dropout3d.html"
    SHAPE_RULE = "B, C, D, H, W → the same shape"


@NodeRegistry.register("AlphaDropout")
class AlphaDropout(_Dropout, module=SeededAlphaDropout):
    """Dropout that preserves mean and variance, for networks with SELU."""

    URL = "https://pytorch.org/docs/stable/generated/torch.nn.AlphaDropout.html"
    FORMULA = "y = a (x m + α′ (1 − m)) + b, m ~ Bernoulli(1 − p)"


@NodeRegistry.register("FeatureAlphaDropout")
class FeatureAlphaDropout(_Dropout, module=SeededFeatureAlphaDropout):
    """AlphaDropout of whole channels."""

    URL = "https://pytorch.org/docs/stable/generated/torch.nn.FeatureAlphaDropout.html"
    FORMULA = "y = a (x m + α′ (1 − m)) + b, m ~ Bernoulli(1 − p) per channel"
    SHAPE_RULE = "B, C, * → the same shape"
