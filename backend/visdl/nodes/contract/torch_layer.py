"""Layers made of a class of torch.nn: parameters from its signature, sizes from the input."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from visdl.nodes.contract.base import LayerNode
from visdl.nodes.contract.specs import Param, Shape
from visdl.nodes.contract.torch_signature import declare

_LAST = frozenset(
    {"weight_init", "init_std", "bias_init", "weights_of"}
)  # shown after a layer's own parameters
_DOCS = "https://pytorch.org/docs/stable/generated/torch.nn"


class TorchLayer(LayerNode):
    """A layer of one input. `SHAPE_RULE` names its axes: `B, in_channels, H, W → B, …`.

    Axes on the left that are arguments of the module's class are inferred from the input; `*`
    stands for any number of axes, and alternatives are separated by " or ". `defaults` has values
    of arguments that torch requires.
    """

    MODULE: ClassVar[type[nn.Module]] = nn.Identity
    INFERRED: ClassVar[frozenset[str]] = frozenset()
    IDS: ClassVar[bool] = False  # reads whole numbers

    def __init_subclass__(
        cls,
        module: type[nn.Module] | None = None,
        defaults: Mapping[str, Any] | None = None,
        leave_out: tuple[str, ...] = (),
        **kwargs: Any,
    ) -> None:
        if module is not None:
            cls.MODULE = module
            cls.INFERRED = frozenset(
                _axis_names(cls.SHAPE_RULE) & inspect.signature(module).parameters.keys()
            )
            declare(cls, module, {*cls.INFERRED, *leave_out}, dict(defaults or {}))
            cls.URL = cls.URL or f"{_DOCS}.{module.__name__}.html"
        super().__init_subclass__(**kwargs)
        cls.PARAMS = MappingProxyType(
            dict(sorted(cls.PARAMS.items(), key=lambda item: item[0] in _LAST))
        )

    def build(self, input: Shape) -> nn.Module:
        return self.make(self.sizes(input))

    def make(self, sizes: Mapping[str, int]) -> nn.Module:
        """Return the module with this layer's parameters and these inferred sizes."""
        accepted = inspect.signature(self.MODULE).parameters
        values = {name: getattr(self, name) for name in self.PARAMS if name in accepted}
        return self.MODULE(
            **values, **{name: size for name, size in sizes.items() if name in self.INFERRED}
        )

    def sizes(self, input: Shape) -> dict[str, int]:
        """Return the sizes of the input's axes by name. Raises ValueError if no form fits."""
        check_element(input, ids=self.IDS)
        forms = _forms(self.SHAPE_RULE)
        for form in forms:
            found = _match(form, input)
            if found is not None:
                return found
        expected = " or ".join(f"({', '.join(form)})" for form in forms)
        raise ValueError(f"it takes {expected}, but got ({input})")


def check_element(input: Shape, *, ids: bool = False) -> None:
    """Raise ValueError if a layer of numbers reads ids, or one of ids reads numbers."""
    is_number = input.dtype.is_floating_point
    if ids and is_number:
        raise ValueError(
            "it looks up whole numbers, but gets float32; set dtype of the Input to int64"
        )
    if not ids and not is_number:
        kind = str(input.dtype).removeprefix("torch.")
        raise ValueError(f"it works on float32, but gets {kind}; an Embedding makes vectors of ids")


def axis_of(dim: int, shape: Shape, *, new: bool = False) -> int:
    """Return the axis `dim`, counted from the front; `new`: of the shape with one more axis.

    Raises ValueError if there is no such axis, or if it is the batch axis.
    """
    count = len(shape) + new
    if not -count <= dim < count:
        raise ValueError(f"there is no axis {dim} in ({shape})")
    if dim % count == 0 and shape.batch_first:
        raise ValueError(f"axis {dim} is the batch: samples would depend on each other")
    return dim % count


def _forms(rule: str) -> list[list[str]]:
    left = rule.partition("→")[0]
    return [[axis.strip() for axis in form.strip(" ()").split(",")] for form in left.split(" or ")]


def _axis_names(rule: str) -> set[str]:
    return {axis for form in _forms(rule) for axis in form}


def _match(form: list[str], shape: Shape) -> dict[str, int] | None:
    star = next((place for place, axis in enumerate(form) if axis.startswith("*")), None)
    if star is None:
        return dict(zip(form, shape, strict=True)) if len(form) == len(shape) else None
    before, after = form[:star], form[star + 1 :]
    if len(shape) < len(before) + len(after):
        return None
    return {
        **dict(zip(before, shape, strict=False)),
        **dict(zip(reversed(after), reversed(shape), strict=False)),
    }


_INITS: dict[str, Callable[[Tensor], object]] = {
    "xavier_uniform": nn.init.xavier_uniform_,
    "xavier_normal": nn.init.xavier_normal_,
    "kaiming_uniform": lambda weight: nn.init.kaiming_uniform_(weight, nonlinearity="relu"),
    "kaiming_normal": lambda weight: nn.init.kaiming_normal_(weight, nonlinearity="relu"),
    "kaiming_normal_fan_out": lambda weight: nn.init.kaiming_normal_(
        weight, mode="fan_out", nonlinearity="relu"
    ),
    "orthogonal": nn.init.orthogonal_,
    "normal": nn.init.normal_,
    "uniform": nn.init.uniform_,
    "trunc_normal": nn.init.trunc_normal_,
    "zeros": nn.init.zeros_,
    "ones": nn.init.ones_,
}


class WeightedLayer(TorchLayer):
    """A torch layer with weights: their initialisation, and whether they are shared."""

    weight_init: str = Param(
        "default",
        choices=["default", *_INITS],
        description="Initialisation of the weights by torch.nn.init; default: that of the layer",
    )
    init_std: float | None = Param(
        None,
        min=0,
        description="Standard deviation of normal and trunc_normal, bound of uniform; empty: 1",
    )
    bias_init: str = Param(
        "default", choices=["default", "zeros", "ones"], description="Initialisation of the biases"
    )
    weights_of: str = Param(
        "",
        widget="layer",
        description="Share the weights of another layer of the same shape; empty: own weights",
    )

    def make(self, sizes: Mapping[str, int]) -> nn.Module:
        return self.initialised(super().make(sizes))

    def initialised(self, module: nn.Module) -> nn.Module:
        """Return the module with weights and biases initialised as the parameters define."""
        for name, parameter in module.named_parameters():
            if parameter.is_meta:
                continue
            with torch.no_grad():
                if "bias" in name:
                    if self.bias_init != "default":
                        _INITS[self.bias_init](parameter)
                elif parameter.dim() > 1 and self.weight_init != "default":
                    self._start(parameter)
        return module

    def _start(self, weight: Tensor) -> None:
        scale = 1.0 if self.init_std is None else self.init_std
        if self.weight_init == "uniform":
            nn.init.uniform_(weight, -scale, scale)
        elif self.weight_init == "trunc_normal":
            nn.init.trunc_normal_(weight, std=scale, a=-2 * scale, b=2 * scale)
        elif self.weight_init == "normal":
            nn.init.normal_(weight, std=scale)
        else:
            _INITS[self.weight_init](weight)
