from torch import nn

from visdl.nodes import LayerNode, NodeRegistry, Param, Shape


@NodeRegistry.register("Linear")
class Linear(LayerNode):
    """Fully connected layer, applied to the last axis. The input width follows from the layer before."""

    FORMULA = "y = x Aᵀ + b"
    SHAPE_RULE = "(*, in_features) → (*, out_features)"
    URL = "https://pytorch.org/docs/stable/generated/torch.nn.Linear.html"

    out_features: int = Param(64, min=1, max=10_000_000, description="Size of each output sample")
    bias: bool = Param(True, description="Learn an additive bias")

    def build(self, input: Shape) -> nn.Module:
        return nn.Linear(input[-1], self.out_features, bias=self.bias)
