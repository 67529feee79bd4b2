"""Vectors for the positions of a sequence, learned or computed.

Source: Vaswani et al., Attention Is All You Need, 2017.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from visdl.nodes import LayerNode, NodeRegistry, Param, Shape
from visdl.nodes.contract.torch_layer import WeightedLayer


class Positions(nn.Module):
    """Learned vectors for the positions of a sequence, the same for all samples."""

    weight_kind = "embedding"

    def __init__(self, num_embeddings: int, embedding_dim: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(num_embeddings, embedding_dim).normal_())

    def forward(self, input: Tensor) -> Tensor:
        return self.weight[: input.shape[1]]


@NodeRegistry.register("PositionEmbedding")
class PositionEmbedding(WeightedLayer):
    """Learned vectors for the positions of a sequence, to add to the token embeddings."""

    CATEGORY = "Attention"
    FORMULA = "y = W[0 … L − 1]"
    SHAPE_RULE = "B, L, * → L, embedding_dim"
    KEEPS_BATCH = False
    CAN_DISABLE = False
    DISABLE_REASON = "Remove its wire instead: the model then ignores positions."

    num_embeddings: int = Param(
        1024, min=1, max=10_000_000, description="Length of the longest sequence"
    )
    embedding_dim: int | None = Param(
        None,
        min=1,
        max=10_000_000,
        description="Size of each vector; empty: the last axis of the input",
    )

    def build(self, input: Shape) -> nn.Module:
        if len(input) < 2:
            raise ValueError(f"it takes (B, L, …), but got ({input})")
        if input[1] > self.num_embeddings:
            raise ValueError(
                f"the sequence has {input[1]} positions, "
                f"but num_embeddings is {self.num_embeddings}"
            )
        width = self.embedding_dim or (input[2] if len(input) > 2 else None)
        if width is None:
            raise ValueError("set embedding_dim: token ids have no features from which to infer it")
        return self.initialised(Positions(self.num_embeddings, width))


class SinePositions(nn.Module):
    """Sines and cosines of the positions, `(L, features)`."""

    def __init__(self, features: int, base: float) -> None:
        super().__init__()
        self.features, self.base = features, base

    def forward(self, input: Tensor) -> Tensor:
        places = torch.arange(input.shape[1], device=input.device, dtype=torch.float32).unsqueeze(1)
        rates = self.base ** (
            -torch.arange(0, self.features, 2, device=input.device) / self.features
        )
        angles = places * rates
        return torch.stack([angles.sin(), angles.cos()], dim=2).flatten(1)[:, : self.features]

    def extra_repr(self) -> str:
        return f"features={self.features}, base={self.base:g}"


@NodeRegistry.register("SinusoidalPositions")
class SinusoidalPositions(LayerNode):
    """Sines and cosines of the positions of a sequence, to add to the token embeddings."""

    CATEGORY = "Attention"
    FORMULA = "y[t, 2i] = sin(t / base^(2i/E)), y[t, 2i + 1] = cos(…)"
    SHAPE_RULE = "B, L, E → L, E"
    CAN_DISABLE = False
    DISABLE_REASON = "Remove its wire instead: the model then ignores positions."
    KEEPS_BATCH = False

    base: float = Param(10_000.0, min=1, description="The longest wavelength over 2π")

    def build(self, input: Shape) -> nn.Module:
        if len(input) != 3:
            raise ValueError(f"it takes (B, L, features), but got ({input})")
        return SinePositions(input[-1], self.base)
