"""Element-wise activations."""

from torch import nn

from visdl.nodes import LayerNode, NodeRegistry, Param, Shape

_SAME = "(*) → (*), the same shape"


@NodeRegistry.register("ReLU")
class ReLU(LayerNode):
    """Rectified linear unit: negative values become zero."""

    FORMULA = "y = max(0, x)"
    SHAPE_RULE = _SAME
    URL = "https://pytorch.org/docs/stable/generated/torch.nn.ReLU.html"
    PRIMARY = ()

    inplace: bool = Param(False, description="Overwrite the input to save memory")

    def build(self, input: Shape) -> nn.Module:
        return nn.ReLU(inplace=self.inplace)


@NodeRegistry.register("Sigmoid")
class Sigmoid(LayerNode):
    """Logistic function: squeezes every value into (0, 1)."""

    FORMULA = "y = 1 / (1 + exp(−x))"
    SHAPE_RULE = _SAME
    URL = "https://pytorch.org/docs/stable/generated/torch.nn.Sigmoid.html"

    def build(self, input: Shape) -> nn.Module:
        return nn.Sigmoid()


@NodeRegistry.register("Tanh")
class Tanh(LayerNode):
    """Hyperbolic tangent: squeezes every value into (−1, 1)."""

    FORMULA = "y = tanh(x)"
    SHAPE_RULE = _SAME
    URL = "https://pytorch.org/docs/stable/generated/torch.nn.Tanh.html"

    def build(self, input: Shape) -> nn.Module:
        return nn.Tanh()
