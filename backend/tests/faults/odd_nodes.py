"""Node files whose mathematics goes wrong, each in its own way."""

_HEAD = """
import torch
from torch import nn
from visdl.nodes import (
    BaseNode,
    DataType,
    InputSpec,
    LayerNode,
    NodeRegistry,
    OutputSpec,
    Param,
    Shape,
)
from visdl.nodes.contract.learning import LossNode, MetricNode
"""

_OPERATION = """
@NodeRegistry.register("{name}")
class {name}(BaseNode):
    CATEGORY = "Odd"

    @classmethod
    def INPUT_TYPES(cls):
        return {{"input": InputSpec(dtype=DataType.TENSOR, required=True)}}

    @classmethod
    def RETURN_TYPES(cls):
        return [OutputSpec(dtype=DataType.TENSOR, name="output")]

    def execute(self, **kwargs):
        x = kwargs["input"]
        return ({body},)
"""

_REST = """
class Late(nn.Module):
    def __init__(self, calls):
        super().__init__()
        self.calls, self.left = calls, calls

    def forward(self, x):
        self.left -= self.training
        return x * float("nan") if self.left < 0 else x


@NodeRegistry.register("LateNaN")
class LateNaN(LayerNode):
    calls: int = Param(4)

    def build(self, input: Shape) -> nn.Module:
        return Late(self.calls)


class Grown(nn.Module):
    def __init__(self):
        super().__init__()
        self.register_buffer("scale", torch.ones(1))

    def forward(self, x):
        if self.training:
            self.scale = self.scale * 1e20
            return x
        return x * self.scale


@NodeRegistry.register("GrownBuffer")
class GrownBuffer(LayerNode):
    def build(self, input: Shape) -> nn.Module:
        return Grown()


class OddLoss(nn.Module):
    def forward(self, prediction, target):
        return (prediction - target).abs().mean().neg().log()


@NodeRegistry.register("LogOfNegativeLoss")
class LogOfNegativeLoss(LossNode):
    DISPLAY_NAME = "Log of negative"

    def build(self):
        return OddLoss()


class RootLoss(nn.Module):
    def forward(self, prediction, target):
        return (prediction - target).square().mean().sqrt()


@NodeRegistry.register("RootMeanSquareLoss")
class RootMeanSquareLoss(LossNode):
    DISPLAY_NAME = "Root of squares"

    def build(self):
        return RootLoss()


@NodeRegistry.register("NoNumber")
class NoNumber(MetricNode):
    DIRECTION = "minimize"

    def update(self, prediction, target):
        pass

    def compute(self):
        return float("nan")
"""

_OPERATIONS = {
    "Exp": "x.exp()",
    "Log": "x.log()",
    "Root": "x.sqrt()",
    "Zero": "x - x",
    "MaskNegative": "torch.where(x.sum(1, keepdim=True) < 0.5, float('-inf'), x)",
}

ODD_NODES = (
    _HEAD
    + "".join(_OPERATION.format(name=name, body=body) for name, body in _OPERATIONS.items())
    + _REST
)
