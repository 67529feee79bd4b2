from __future__ import annotations

import torch
from torch import Tensor, nn

from visdl.nodes import LayerNode, NodeRegistry, Param, Shape


class SeededDropout(nn.Dropout):
    """nn.Dropout that draws its mask from a generator of its own.

    Switching one Dropout node off so leaves the masks of all others as they were. Without a generator (a
    module that was loaded or exported) it is nn.Dropout.
    """

    generator: torch.Generator | None = None

    def seed(self, seed: int, device: torch.device) -> None:
        """Give this module its own generator on the device of its activations."""
        self.generator = torch.Generator(device).manual_seed(seed)

    def forward(self, input: Tensor) -> Tensor:
        if self.generator is None or not self.training or self.p in (0.0, 1.0):
            return super().forward(input)
        keep = 1.0 - self.p
        mask = torch.empty_like(input).bernoulli_(keep, generator=self.generator).div_(keep)
        return input * mask


@NodeRegistry.register("Dropout")
class Dropout(LayerNode):
    """While training, sets each value to zero with probability p and scales the rest by 1 / (1 − p)."""

    FORMULA = "y = x · m / (1 − p), m ~ Bernoulli(1 − p)"
    SHAPE_RULE = "(*) → (*), the same shape"
    URL = "https://pytorch.org/docs/stable/generated/torch.nn.Dropout.html"

    p: float = Param(0.5, min=0, max=1, step=0.05, description="Probability of an element to be zeroed")
    inplace: bool = Param(False, description="Overwrite the input to save memory")

    def build(self, input: Shape) -> nn.Module:
        return SeededDropout(self.p, self.inplace)
