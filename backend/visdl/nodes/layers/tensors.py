"""Tensors that do not come from the data: learned tensors and constants."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from visdl.nodes import LayerNode, NodeRegistry, Param


class LearnedTensor(nn.Module):
    """One learned tensor, without inputs."""

    weight_kind = "embedding"

    def __init__(self, shape: tuple[int, ...]) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(shape))

    def forward(self) -> Tensor:
        return self.weight


class FixedTensor(nn.Module):
    """One tensor that is not trained, without inputs."""

    value: Tensor

    def __init__(self, shape: tuple[int, ...], value: float) -> None:
        super().__init__()
        self.register_buffer("value", torch.full(shape, value), persistent=False)

    def forward(self) -> Tensor:
        return self.value


class _Source(LayerNode):
    CATEGORY = "Input"
    SHAPE_RULE = "→ *shape, the same for all samples"
    PRIMARY = ("shape",)


@NodeRegistry.register("Parameter")
class Parameter(_Source):
    """A learned tensor, such as a class token or positions to add to a sequence."""

    FORMULA = "y = W"
    URL = "https://pytorch.org/docs/stable/generated/torch.nn.parameter.Parameter.html"

    shape: list[int] = Param(
        (1, 64), min=1, description="Sizes of the whole tensor; it has no batch axis"
    )
    init: str = Param(
        "zeros",
        choices=["zeros", "ones", "normal", "uniform", "trunc_normal"],
        description="Initial values",
    )
    init_std: float = Param(
        0.02, min=0, description="Standard deviation of normal and trunc_normal, bound of uniform"
    )

    def build(self) -> nn.Module:
        module = LearnedTensor(tuple(self.shape))
        weight, std = module.weight, self.init_std
        if weight.is_meta:
            return module
        with torch.no_grad():
            if self.init == "ones":
                weight.fill_(1.0)
            elif self.init == "normal":
                weight.normal_(0.0, std)
            elif self.init == "uniform":
                weight.uniform_(-std, std)
            elif self.init == "trunc_normal":
                nn.init.trunc_normal_(weight, std=std, a=-2 * std, b=2 * std)
        return module


@NodeRegistry.register("Constant")
class Constant(_Source):
    """A constant tensor that is not trained."""

    FORMULA = "y = value"

    shape: list[int] = Param(
        (1,), min=1, description="Sizes of the whole tensor; it has no batch axis"
    )
    value: float = Param(0.0, description="The value of every element")

    def build(self) -> nn.Module:
        return FixedTensor(tuple(self.shape), self.value)
