from torch import nn

from visdl.nodes import LayerNode, NodeRegistry, Param, Shape


@NodeRegistry.register("BatchNorm1d")
class BatchNorm1d(LayerNode):
    """Normalises each feature over the batch; at evaluation with the running mean and variance.

    Source: Ioffe and Szegedy, Batch Normalization, 2015.
    """

    FORMULA = "y = γ (x − E[x]) / √(Var[x] + ε) + β"
    SHAPE_RULE = "(B, C) or (B, C, L) → the same shape"
    URL = "https://pytorch.org/docs/stable/generated/torch.nn.BatchNorm1d.html"
    PRIMARY = ("momentum", "affine")

    eps: float = Param(1e-5, min=0, description="Added to the variance for numerical stability")
    momentum: float | None = Param(
        0.1, min=0, max=1, step=0.05, description="Weight of the newest batch; empty for a cumulative average"
    )
    affine: bool = Param(True, description="Learn a scale γ and a shift β")
    track_running_stats: bool = Param(True, description="Keep running statistics for evaluation")

    def build(self, input: Shape) -> nn.Module:
        if len(input) not in (2, 3):
            raise ValueError(f"BatchNorm1d expects an input of shape B, C or B, C, L, but got {input}")
        return nn.BatchNorm1d(input[1], self.eps, self.momentum, self.affine, self.track_running_stats)
