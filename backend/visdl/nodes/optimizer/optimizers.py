"""The optimizers of torch.optim, with the parameters of their signatures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from torch import nn, optim

from visdl.nodes import NodeRegistry, OptimizerNode, Param
from visdl.nodes.contract.specs import LEAST
from visdl.nodes.contract.torch_signature import declare, in_order

_DOCS = "https://pytorch.org/docs/stable/generated/torch.optim"
_HOW = {
    "params",
    "foreach",
    "maximize",
    "capturable",
    "differentiable",
    "fused",
}  # how steps are computed, not what they are
_DECAY: tuple[str, dict[str, Any]] = ("Weight decay (L2 penalty)", {"min": 0})
_SHARE = {"min": 0, "max": 0.99999999}
_MEANING: dict[str, tuple[str, dict[str, Any]]] = {
    "alpha": ("Decay of the running mean of the squared gradient", _SHARE),
    "amsgrad": ("Use the largest second moment seen so far", {}),
    "beta2_decay": ("Power with which the decay of the second moment changes", {"max": 0}),
    "betas": ("Decay of the running means of the gradient and of its square", _SHARE),
    "centered": ("Divide by the estimated variance of the gradient", {}),
    "d": ("Root mean square to which larger steps are scaled down", {"min": 1}),
    "dampening": ("Dampening of the momentum", {"max": 0.99}),
    "decoupled_weight_decay": ("Weight decay as in AdamW: not through the gradient", {}),
    "eps": ("Added to the denominator for numerical stability", {"min": LEAST}),
    "etas": ("Factors for a step that overshot and one that did not", {"min": 0}),
    "history_size": ("Number of past steps in memory", {"min": 1}),
    "initial_accumulator_value": ("Start of the sum of squared gradients", {"min": 0}),
    "lambd": ("Decay of the averaging", {"min": 0}),
    "lr": ("Learning rate: the size of each step", {"min": 0}),
    "lr_decay": ("Decay of the learning rate", {"min": 0}),
    "max_eval": ("Most evaluations in a step; empty: 1.25 · max_iter", {"min": 1}),
    "max_iter": ("Most iterations in a step", {"min": 1}),
    "momentum": ("Share of the previous step that is added", {"min": 0}),
    "momentum_decay": ("Decay of the momentum", {"min": 0}),
    "nesterov": ("Nesterov momentum; needs momentum and no dampening", {}),
    "ns_coefficients": ("Coefficients of the Newton–Schulz iteration", {}),
    "ns_steps": ("Newton–Schulz iterations in a step", {"min": 1, "max": 99}),
    "rho": ("Decay of the running mean of the squared gradient", _SHARE),
    "step_sizes": ("Smallest and largest step", {"min": LEAST}),
    "t0": ("The step at which averaging begins", {"min": 0}),
    "tolerance_change": ("Stops where values change less", {"min": 0}),
    "tolerance_grad": ("Stops where the gradient is smaller", {"min": 0}),
    "weight_decay": _DECAY,
}


class TorchOptimizer(OptimizerNode):
    """An optimizer that is a class of torch.optim."""

    ALGORITHM: ClassVar[type[optim.Optimizer]]
    PRIMARY: ClassVar[tuple[str, ...] | None] = ("lr", "weight_decay")
    HOW: ClassVar[
        Mapping[str, Any]
    ] = {}  # arguments that change how steps are computed, not what they are

    def __init_subclass__(
        cls,
        algorithm: type[optim.Optimizer] | None = None,
        leave_out: Sequence[str] = (),
        **kwargs: Any,
    ) -> None:
        if algorithm is not None:
            cls.ALGORITHM = algorithm
            declare(cls, algorithm, {*_HOW, *leave_out}, meaning=_MEANING)
            cls.URL = f"{_DOCS}.{algorithm.__name__}.html"
        super().__init_subclass__(**kwargs)
        if algorithm is not None:
            cls.PARAMS = in_order(cls.PARAMS, algorithm)

    def options(self) -> dict[str, Any]:
        """Return the arguments of the class without the trained weights."""
        return {name: getattr(self, name) for name in self.PARAMS if name != "groups"}

    def build(self, params: list[nn.Parameter]) -> optim.Optimizer:
        return self.ALGORITHM(params, **self.options(), **self.HOW)


@NodeRegistry.register("SGD")
class SGD(TorchOptimizer, algorithm=optim.SGD):
    """Stochastic gradient descent, optionally with momentum."""

    ELEMENTWISE = True
    FORMULA = "v ← μ v + g;  θ ← θ − lr · v"
    USUAL_LR = (1e-5, 1.0)
    PRIMARY = ("lr", "momentum")
    HOW: ClassVar[Mapping[str, Any]] = {"fused": True}


@NodeRegistry.register("Adam")
class Adam(TorchOptimizer, algorithm=optim.Adam):
    """Adam: steps scaled by running estimates of the gradient's mean and variance.

    Source: Kingma and Ba, 2015.
    """

    ELEMENTWISE = True
    FORMULA = "θ ← θ − lr · m̂ / (√v̂ + ε)"
    PARAMS_REQUIRE_TORCH: ClassVar[Mapping[str, str]] = {"decoupled_weight_decay": "2.7"}
    HOW: ClassVar[Mapping[str, Any]] = {"fused": True}


@NodeRegistry.register("AdamW")
class AdamW(TorchOptimizer, algorithm=optim.AdamW):
    """Adam with decoupled weight decay.

    Source: Loshchilov and Hutter, 2019.
    """

    ELEMENTWISE = True
    FORMULA = "θ ← θ − lr · (m̂ / (√v̂ + ε) + λ θ)"
    HOW: ClassVar[Mapping[str, Any]] = {"fused": True}


@NodeRegistry.register("NAdam")
class NAdam(TorchOptimizer, algorithm=optim.NAdam):
    """Adam with Nesterov momentum.

    Source: Dozat, 2016.
    """

    ELEMENTWISE = True
    FORMULA = "θ ← θ − lr · (μ₊ m + (1 − μ) g) / (√v̂ + ε)"


@NodeRegistry.register("RAdam")
class RAdam(TorchOptimizer, algorithm=optim.RAdam):
    """Adam with rectified first steps, which replace a warm-up.

    Source: Liu et al., 2020.
    """

    ELEMENTWISE = True
    FORMULA = "θ ← θ − lr · r · m̂ / (√v̂ + ε)"


@NodeRegistry.register("Adamax")
class Adamax(TorchOptimizer, algorithm=optim.Adamax):
    """Adam with the largest gradient instead of its variance.

    Source: Kingma and Ba, 2015.
    """

    ELEMENTWISE = True
    FORMULA = "u ← max(β₂ u, |g|);  θ ← θ − lr · m̂ / u"


@NodeRegistry.register("Adagrad")
class Adagrad(TorchOptimizer, algorithm=optim.Adagrad):
    """Steps that shrink with the sum of all squared gradients so far.

    Source: Duchi et al., 2011.
    """

    ELEMENTWISE = True
    FORMULA = "s ← s + g²;  θ ← θ − lr · g / (√s + ε)"
    USUAL_LR = (1e-5, 1.0)


@NodeRegistry.register("Adadelta")
class Adadelta(TorchOptimizer, algorithm=optim.Adadelta):
    """Steps scaled by the sizes of past steps and gradients.

    Source: Zeiler, 2012.
    """

    ELEMENTWISE = True
    FORMULA = "θ ← θ − lr · g · √(u + ε) / √(v + ε)"
    USUAL_LR = (0.001, 10.0)


@NodeRegistry.register("Adafactor")
class Adafactor(TorchOptimizer, algorithm=optim.Adafactor, leave_out=("eps",)):
    """Adam-like steps with a second moment per row and column, which saves memory.

    Source: Shazeer and Stern, 2018.
    """

    FORMULA = "v ≈ r cᵀ;  θ ← θ − ρ · g / √v"

    eps1: float | None = Param(
        None, min=0, description="Added to squared gradients; empty: the type's smallest step"
    )
    eps2: float = Param(1e-3, min=0, description="Minimum step size relative to the weights")

    def options(self) -> dict[str, Any]:
        values = super().options()
        values["eps"] = (values.pop("eps1"), values.pop("eps2"))
        return values


@NodeRegistry.register("RMSprop")
class RMSprop(TorchOptimizer, algorithm=optim.RMSprop):
    """Steps divided by a running mean of the gradient's size.

    Source: Hinton, 2012.
    """

    ELEMENTWISE = True
    FORMULA = "v ← α v + (1 − α) g²;  θ ← θ − lr · g / (√v + ε)"
    PRIMARY = ("lr", "momentum")


@NodeRegistry.register("Rprop")
class Rprop(TorchOptimizer, algorithm=optim.Rprop):
    """Uses only the gradient's sign, with a step size per weight; needs all data in one batch.

    Source: Riedmiller and Braun, 1993.
    """

    FORMULA = "θ ← θ − sign(g) · Δ"
    USUAL_LR = (1e-5, 1.0)
    PRIMARY = ("lr",)

    def why_not(self, shapes: Sequence[Sequence[int]]) -> str | None:
        low, high = self.etas  # type: ignore[attr-defined]
        if 0 < low < 1 < high:
            return None
        return "needs one factor between 0 and 1 and one above 1 as etas, such as 0.5, 1.2"


@NodeRegistry.register("ASGD")
class ASGD(TorchOptimizer, algorithm=optim.ASGD):
    """Stochastic gradient descent with averaging of the weights.

    Source: Polyak and Juditsky, 1992.
    """

    FORMULA = "θ ← (1 − λ η) θ − η g"
    USUAL_LR = (1e-5, 1.0)


@NodeRegistry.register("SparseAdam")
class SparseAdam(TorchOptimizer, algorithm=optim.SparseAdam):
    """Adam for sparse gradients: for models with only Embedding weights and `sparse` on."""

    FORMULA = "as Adam, for the rows in the batch"
    PRIMARY = ("lr",)

    def state_tensors(self) -> float:
        return 2.0


@NodeRegistry.register("Muon")
class Muon(TorchOptimizer, algorithm=getattr(optim, "Muon", None)):
    """Steps along the orthogonalised momentum, for matrices; AdamW trains all other parameters.

    Source: Jordan et al., 2024.
    """

    REQUIRES_TORCH = "2.9"
    FALLBACK = "AdamW"
    FORMULA = "θ ← θ − lr · orthogonal(μ m + g)"
    USUAL_LR = (1e-5, 1.0)
    PRIMARY = ("lr", "momentum")

    momentum: float = Param(
        0.95, min=0, max=0.99999999, description="Share of the running mean of the gradient"
    )
    adjust_lr_fn: str = Param(
        "original",
        choices=["original", "match_rms_adamw"],
        description="How the learning rate depends on the shape",
    )

    def why_not(self, shapes: Sequence[Sequence[int]]) -> str | None:
        if all(len(shape) == 2 for shape in shapes):
            return None
        return "trains only matrices, but the model has other weights, such as biases"


@NodeRegistry.register("LBFGS")
class LBFGS(TorchOptimizer, algorithm=optim.LBFGS):
    """Quasi-Newton method with a memory of past steps; needs all data in one batch.

    Source: Liu and Nocedal, 1989.
    """

    TRAINS_TOGETHER = True
    FORMULA = "θ ← θ − lr · H g"
    USUAL_LR = (0.001, 2.0)
    PRIMARY = ("lr", "max_iter", "line_search_fn")

    line_search_fn: str = Param(
        "none", choices=["none", "strong_wolfe"], description="Length of a step along its direction"
    )

    def options(self) -> dict[str, Any]:
        values = super().options()
        return {
            **values,
            "line_search_fn": None if self.line_search_fn == "none" else self.line_search_fn,
        }

    def state_tensors(self) -> float:
        return float(2 * self.history_size + 3)  # type: ignore[attr-defined]
