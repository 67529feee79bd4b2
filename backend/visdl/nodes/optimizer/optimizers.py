"""Optimizers; the fused implementation is used where PyTorch has one for the device."""

from torch import nn, optim

from visdl.nodes import NodeRegistry, OptimizerNode, Param

_LR = "Learning rate: the size of each step"
_DECAY = "Weight decay (L2 penalty)"


@NodeRegistry.register("SGD")
class SGD(OptimizerNode):
    """Stochastic gradient descent, with momentum if wanted."""

    FORMULA = "v ← μ v + g;  θ ← θ − lr · v"
    URL = "https://pytorch.org/docs/stable/generated/torch.optim.SGD.html"
    PRIMARY = ("lr", "momentum")

    lr: float = Param(1e-3, min=0, description=_LR)
    momentum: float = Param(0.0, min=0, description="Share of the previous step that is kept")
    dampening: float = Param(0.0, description="Dampening of the momentum")
    weight_decay: float = Param(0.0, min=0, description=_DECAY)
    nesterov: bool = Param(False, description="Nesterov momentum; needs momentum and no dampening")

    def build(self, params: list[nn.Parameter]) -> optim.Optimizer:
        return optim.SGD(
            params,
            lr=self.lr,
            momentum=self.momentum,
            dampening=self.dampening,
            weight_decay=self.weight_decay,
            nesterov=self.nesterov,
            fused=True,
        )


class _AdamNode(OptimizerNode):
    PRIMARY = ("lr", "weight_decay")

    lr: float = Param(1e-3, min=0, description=_LR)
    betas: tuple[float, float] = Param(
        (0.9, 0.999), min=0, max=0.99999999, description="Decay of the running means of the gradient and of its square"
    )
    eps: float = Param(1e-8, min=0, description="Added to the denominator for numerical stability")


@NodeRegistry.register("Adam")
class Adam(_AdamNode):
    """Adam: steps scaled by running estimates of the gradient's mean and variance.

    Source: Kingma and Ba, 2015.
    """

    FORMULA = "θ ← θ − lr · m̂ / (√v̂ + ε)"
    URL = "https://pytorch.org/docs/stable/generated/torch.optim.Adam.html"

    weight_decay: float = Param(0.0, min=0, description=_DECAY)
    amsgrad: bool = Param(False, description="Use the largest second moment seen so far")

    def build(self, params: list[nn.Parameter]) -> optim.Optimizer:
        return optim.Adam(
            params, self.lr, self.betas, self.eps, weight_decay=self.weight_decay, amsgrad=self.amsgrad, fused=True
        )


@NodeRegistry.register("AdamW")
class AdamW(_AdamNode):
    """Adam with decoupled weight decay.

    Source: Loshchilov and Hutter, 2019.
    """

    FORMULA = "θ ← θ − lr · (m̂ / (√v̂ + ε) + λ θ)"
    URL = "https://pytorch.org/docs/stable/generated/torch.optim.AdamW.html"

    weight_decay: float = Param(0.01, min=0, description="Decoupled weight decay λ")
    amsgrad: bool = Param(False, description="Use the largest second moment seen so far")

    def build(self, params: list[nn.Parameter]) -> optim.Optimizer:
        return optim.AdamW(
            params, self.lr, self.betas, self.eps, weight_decay=self.weight_decay, amsgrad=self.amsgrad, fused=True
        )
