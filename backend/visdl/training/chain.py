"""Passes through a chain of layers with the backward pass written out.

A small network spends half of each step in modules and autograd, not in its kernels. A chain calls
the kernels that autograd would call, with the same arguments, so each bit is the same.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from visdl.nodes.contract.runtime_values import Seeded
from visdl.nodes.contract.traits import traits_of
from visdl.training.plan import FitPlan

_aten = torch.ops.aten

#: Maps gradient, input and output of an activation to the gradient of its input.
Slope = Callable[[Tensor, Tensor, Tensor], Tensor]


#: How autograd computes the gradient of an activation's input: from the module, the gradient of the
#: output, the input and the output.
_SLOPES: dict[type[nn.Module], Callable[[Any, Tensor, Tensor, Tensor], Tensor]] = {
    nn.ReLU: lambda _, gradient, _x, out: _aten.threshold_backward(gradient, out, 0),
    nn.Tanh: lambda _, gradient, _x, out: _aten.tanh_backward(gradient, out),
    nn.Sigmoid: lambda _, gradient, _x, out: _aten.sigmoid_backward(gradient, out),
    nn.SiLU: lambda _, gradient, x, _out: _aten.silu_backward(gradient, x),
    nn.GELU: lambda module, gradient, x, _out: _aten.gelu_backward(
        gradient, x, approximate=module.approximate
    ),
    nn.LeakyReLU: lambda module, gradient, x, _out: _aten.leaky_relu_backward(
        gradient, x, module.negative_slope, False
    ),
}


def slope_of(module: nn.Module) -> Slope | None:
    """Return how an activation computes the gradient of its input, if not by autograd."""
    slope = _SLOPES.get(type(module))
    return None if slope is None else partial(slope, module)


class Link(ABC):
    """A layer of the chain. Called without autograd."""

    @abstractmethod
    def forward(self, x: Tensor) -> Tensor:
        """Return the output for an input (batch, …), and keep what `backward` needs."""

    @abstractmethod
    def backward(self, gradient: Tensor) -> Tensor:
        """Write the gradients of the weights; return that of the input."""


class _Linear(Link):
    def __init__(self, layer: nn.Linear, *, is_first: bool) -> None:
        self._is_first = is_first
        self._weight = layer.weight.detach()
        self._turned = self._weight.t()
        self._bias = None if layer.bias is None else layer.bias.detach()
        self._grad = layer.weight.grad = torch.zeros_like(self._weight)
        self._bias_grad = None
        if self._bias is not None:
            self._bias_grad = layer.bias.grad = torch.zeros_like(self._bias)

    def forward(self, x: Tensor) -> Tensor:
        self._shape = x.shape
        self._rows = rows = x if x.dim() == 2 else x.reshape(-1, x.shape[-1])
        output = (
            torch.mm(rows, self._turned)
            if self._bias is None
            else torch.addmm(self._bias, rows, self._turned)
        )
        return output if rows is x else output.view(*x.shape[:-1], -1)

    def backward(self, gradient: Tensor) -> Tensor:
        if gradient.dim() != 2:
            gradient = gradient.reshape(-1, gradient.shape[-1])
        torch.mm(gradient.t(), self._rows, out=self._grad)
        if self._bias_grad is not None:
            torch.sum(gradient, 0, out=self._bias_grad)
        if self._is_first:
            return gradient  # nobody reads that of the data
        found = torch.mm(gradient, self._weight)
        return found if len(self._shape) == 2 else found.view(self._shape)


class _Activation(Link):
    def __init__(self, module: nn.Module, slope: Slope) -> None:
        self._function, self._slope = module.forward, slope

    def forward(self, x: Tensor) -> Tensor:
        output: Tensor = self._function(x)
        self._input, self._output = x, output
        return output

    def backward(self, gradient: Tensor) -> Tensor:
        return self._slope(gradient, self._input, self._output)


class _Module(Link):
    """Any module without weights, whose gradient autograd finds."""

    def __init__(self, module: nn.Module) -> None:
        self._module = module

    def forward(self, x: Tensor) -> Tensor:
        with torch.enable_grad():
            self._input = x.detach().requires_grad_()
            output: Tensor = self._module(self._input)
        self._output = output
        return output.detach()

    def backward(self, gradient: Tensor) -> Tensor:
        found: Tensor = torch.autograd.grad(self._output, self._input, gradient)[0]
        return found


class _Constant(Link):
    """A module before the first weights: it needs no gradient."""

    def __init__(self, module: nn.Module) -> None:
        self._module = module

    def forward(self, x: Tensor) -> Tensor:
        output: Tensor = self._module(x)
        return output

    def backward(self, gradient: Tensor) -> Tensor:
        return gradient


class Chain:
    """A model that is a chain of layers, and its loss."""

    def __init__(self, plan: FitPlan) -> None:
        self._links = list(_links(plan.model))
        self._loss = plan.loss.module
        self._is_mse = type(self._loss) is nn.MSELoss and self._loss.reduction == "mean"
        self._one = torch.ones((), dtype=next(plan.model.parameters()).dtype)

    @torch.no_grad()
    def forward(self, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        """Return the prediction, (batch, …), and the loss, a scalar, of a batch."""
        for link in self._links:
            x = link.forward(x)
        if self._is_mse and (x.shape, x.dtype) == (y.shape, y.dtype):
            self._gradient = _aten.mse_loss_backward(self._one, x, y, 1)
            return x, _aten.mse_loss(x, y)
        with torch.enable_grad():
            leaf = x.detach().requires_grad_()
            loss = self._loss(leaf, y)
        [self._gradient] = torch.autograd.grad(loss, leaf)
        return x, loss.detach()

    @torch.no_grad()
    def backward(self) -> None:
        """Give all weights their gradients of the loss that `forward` has returned."""
        gradient = self._gradient
        for link in reversed(self._links):
            gradient = link.backward(gradient)


def chain_of(plan: FitPlan) -> Chain | None:
    """Return the chain of a training's model, or None where autograd is to train it."""
    tensors = plan.train.dataset.tensors  # type: ignore[attr-defined]
    weights = list(plan.model.parameters())
    is_chain = (
        simple_chain(plan.model) is not None
        and plan.reads_each
        and len(tensors) == 2
        and all(weight.requires_grad and weight.dtype == tensors[0].dtype for weight in weights)
        and not isinstance(plan.optimizer, torch.optim.LBFGS)  # it asks for several gradients
    )
    return Chain(plan) if is_chain else None


def simple_chain(model: nn.Module) -> list[str] | None:
    """Return the names of the layers of a chain with at least one Linear, or None.

    No two layers share a weight.
    """
    if type(model) is not nn.Sequential:
        return None
    modules = model._modules
    layers = [module for module in modules.values() if module is not None]
    linear = [module for module in layers if type(module) is nn.Linear]
    weights = [id(weight) for module in linear for weight in module.parameters()]
    is_simple = bool(linear) and len(weights) == len(set(weights)) and all(map(_is_simple, layers))
    return list(modules) if is_simple else None


def _is_simple(module: nn.Module) -> bool:
    if type(module) in (nn.Linear, nn.Flatten):
        return True
    if isinstance(module, Seeded):
        return not list(module.parameters())
    return traits_of(module).elementwise


def _links(model: nn.Module) -> Iterator[Link]:
    trains = False
    for module in model.children():
        if isinstance(module, nn.Linear):
            yield _Linear(module, is_first=not trains)
            trains = True
        elif not trains:
            yield _Constant(module)
        elif slope := slope_of(module):
            yield _Activation(module, slope)
        else:
            yield _Module(module)
