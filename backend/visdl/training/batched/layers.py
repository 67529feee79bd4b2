"""Layers and losses of a seed batch, which give each member the bits of a training of its own.

Matrix products round differently by the shape and alignment of their factors, and functions such as
exp in the last values of a tensor. So each member has matrix products of its own, and what works
element by element is computed for all members in one call only where no bit depends on that. All of
this holds for one thread: several would share the values of a tensor among them by its size.
The backward pass of a Linear layer is written out: autograd would cost more per member.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from visdl.nodes.contract.traits import traits_of
from visdl.training.batched.flat import STRIDE, FlatWeights, padded
from visdl.training.chain import simple_chain, slope_of
from visdl.training.plan import FitPlan


@dataclass(frozen=True, slots=True)
class Values:
    """Activations or gradients of all members, (batch, …) each.

    `whole` (members, values) is the memory that they share, if they do: those of each member begin
    at a multiple of STRIDE.
    """

    parts: Sequence[Tensor]
    whole: Tensor | None = None

    @classmethod
    def empty(cls, members: int, shape: Sequence[int], like: Tensor) -> Values:
        """Return values of this shape, and of the dtype and device of `like`."""
        size = math.prod(shape)
        whole = like.new_empty(members, padded(size))
        return cls(whole[:, :size].view(members, *shape).unbind(0), whole)


class _Memory:
    """Memory for values that only the present step needs, by shape."""

    def __init__(self, members: int, like: Tensor) -> None:
        self._members = members
        self._like = like
        self._known: dict[tuple[int, ...], Values] = {}

    def get(self, *shape: int) -> Values:
        if shape not in self._known:
            self._known[shape] = Values.empty(self._members, shape, self._like)
        return self._known[shape]


class Stage(ABC):
    """A part of the network, of all members. Called without autograd."""

    @abstractmethod
    def forward(self, inputs: Sequence[Values]) -> Values:
        """Return the outputs, and keep what `backward` needs."""

    @abstractmethod
    def backward(self, gradient: Values) -> Values | None:
        """Write the gradients of the weights; return that of the only input, where it is needed."""


class LinearStage(Stage):
    """A Linear layer: the matrix products that autograd computes for each member."""

    def __init__(
        self,
        layers: Sequence[nn.Linear],
        bias_grads: Tensor | None,
        *,
        input_needs_grad: bool,
        is_last: bool,
    ) -> None:
        self._weights = [layer.weight.detach() for layer in layers]
        self._turned = [weight.t() for weight in self._weights]
        self._biases = [layer.bias.detach() for layer in layers if layer.bias is not None]
        self._grads = [layer.weight.grad for layer in layers]
        self._bias_grads = bias_grads
        self._input_needs_grad = input_needs_grad
        self._is_last = is_last
        self._shape: Sequence[int] = ()  # of the inputs
        self._rows: Sequence[Tensor] = []
        self._outputs, self._input_grads = (_Memory(len(layers), self._weights[0]) for _ in "oi")

    def forward(self, inputs: Sequence[Values]) -> Values:
        shape, size = inputs[0].parts[0].shape, self._weights[0].shape[0]
        self._shape = shape
        self._rows = _rows(inputs[0])
        outputs = self._outputs.get(len(self._rows[0]), size)
        if self._is_last:  # the metrics keep these
            outputs = Values.empty(len(self._rows), (len(self._rows[0]), size), self._weights[0])
        places = zip(self._rows, self._turned, outputs.parts, strict=True)
        if self._biases:
            for bias, (rows, weight, output) in zip(self._biases, places, strict=True):
                torch.addmm(bias, rows, weight, out=output)
        else:
            for rows, weight, output in places:
                torch.mm(rows, weight, out=output)
        return _shaped(outputs, (*shape[:-1], size))

    def backward(self, gradient: Values) -> Values | None:
        gradients = _rows(gradient)
        for part, rows, grad in zip(gradients, self._rows, self._grads, strict=True):
            torch.mm(part.t(), rows, out=grad)
        if self._bias_grads is not None:
            _sum_rows(gradients, gradient.whole, self._bias_grads)
        if not self._input_needs_grad:
            return None
        inputs = self._input_grads.get(*self._rows[0].shape)
        for part, weight, result in zip(gradients, self._weights, inputs.parts, strict=True):
            torch.mm(part, weight, out=result)
        return _shaped(inputs, self._shape)


def _rows(values: Values) -> Sequence[Tensor]:
    """Return the values of each member as (rows, size)."""
    first = values.parts[0]
    if first.dim() == 2:
        return values.parts
    return [part.reshape(-1, first.shape[-1]) for part in values.parts]


def _sum_rows(parts: Sequence[Tensor], whole: Tensor | None, sums: Tensor) -> None:
    """Write the sums over the rows of each member into `sums` (members, size)."""
    if whole is None:
        for part, total in zip(parts, sums.unbind(0), strict=True):
            torch.sum(part, 0, out=total)
    else:  # on one thread, the order of the sums is the same
        shape = parts[0].shape
        torch.sum(whole[:, : shape.numel()].view(-1, *shape), 1, out=sums)


def _shaped(rows: Values, shape: Sequence[int]) -> Values:
    """Return values (rows, size) in this shape, which has the same last size."""
    if len(shape) == 2:
        return rows
    return Values([part.view(shape) for part in rows.parts], rows.whole)


class EachStage(Stage):
    """Any modules, one of each member, which are called one after the other."""

    def __init__(self, modules: Sequence[nn.Module], *, input_needs_grad: bool) -> None:
        self._modules = modules
        self._input_needs_grad = input_needs_grad
        self._inputs: list[Tensor] = []
        self._outputs: list[Tensor] = []

    def forward(self, inputs: Sequence[Values]) -> Values:
        members = zip(*(values.parts for values in inputs), strict=True)
        if self._input_needs_grad:
            self._inputs = [part.detach().requires_grad_() for part in inputs[0].parts]
            members = zip(self._inputs, strict=True)
        with torch.enable_grad():
            self._outputs = [
                module(*arguments) for module, arguments in zip(self._modules, members, strict=True)
            ]
        return Values([output.detach() for output in self._outputs])

    def backward(self, gradient: Values) -> Values | None:
        torch.autograd.backward(self._outputs, gradient.parts)
        if not self._input_needs_grad:
            return None
        return Values([part.grad for part in self._inputs])  # type: ignore[misc]


class ElementwiseStage(EachStage):
    """Modules that work element by element: one call where each member fills whole vectors."""

    def __init__(self, modules: Sequence[nn.Module], *, input_needs_grad: bool) -> None:
        super().__init__(modules, input_needs_grad=input_needs_grad)
        self._slope = slope_of(modules[0])
        self._is_joined = False
        self._pairs: list[tuple[Tensor, Tensor]] = []  # inputs and outputs: joined, or of each

    def forward(self, inputs: Sequence[Values]) -> Values:
        first, whole = inputs[0].parts[0], inputs[0].whole
        self._is_joined = whole is not None and first.numel() % STRIDE == 0
        if self._slope is None and not self._is_joined:
            return super().forward(inputs)
        values = [whole] if whole is not None and self._is_joined else inputs[0].parts
        self._pairs = [self._call(each) for each in values]
        outputs = [output.detach() for _, output in self._pairs]
        return _unjoined(outputs[0], first.shape) if self._is_joined else Values(outputs)

    def _call(self, values: Tensor) -> tuple[Tensor, Tensor]:
        if self._slope is not None:
            return values, self._modules[0](values)
        leaf = values.detach().requires_grad_()
        with torch.enable_grad():
            return leaf, self._modules[0](leaf)

    def backward(self, gradient: Values) -> Values | None:
        if self._slope is None and not self._is_joined:
            return super().backward(gradient)
        if not self._is_joined:
            pairs = zip(gradient.parts, self._pairs, strict=True)
            return Values([self._back(part, *pair) for part, pair in pairs])
        whole = gradient.whole
        if whole is None:
            whole = torch.stack([part.flatten() for part in gradient.parts])
        return _unjoined(self._back(whole, *self._pairs[0]), gradient.parts[0].shape)

    def _back(self, gradient: Tensor, values: Tensor, output: Tensor) -> Tensor:
        if self._slope is not None:
            return self._slope(gradient, values, output)
        return torch.autograd.grad(output, values, gradient)[0]


def _unjoined(whole: Tensor, shape: Sequence[int]) -> Values:
    """Return values that fill whole vectors (members, values), of this shape for each member."""
    return Values(whole.view(len(whole), *shape).unbind(0), whole)


def stages_of(models: Sequence[nn.Module], weights: FlatWeights) -> list[Stage]:
    """Return the stages of these networks: layers of a simple chain, or the network."""
    names = simple_chain(models[0])
    if names is None:
        return [EachStage(models, input_needs_grad=False)]
    stages: list[Stage] = []
    trains = False
    for name in names:
        modules = [model.get_submodule(name) for model in models]
        linear = [module for module in modules if isinstance(module, nn.Linear)]
        if linear:
            bias = linear[0].bias
            sums = None if bias is None else weights.gradients(bias)
            stage: Stage = LinearStage(
                linear, sums, input_needs_grad=trains, is_last=name == names[-1]
            )
            trains = True
        elif traits_of(modules[0]).elementwise:
            stage = ElementwiseStage(modules, input_needs_grad=trains)
        else:
            stage = EachStage(modules, input_needs_grad=trains)
        stages.append(stage)
    return stages


class Losses:
    """The losses of all members, and the gradients of their predictions."""

    def __init__(self, plans: Sequence[FitPlan]) -> None:
        self._modules = [plan.loss.module for plan in plans]
        first = self._modules[0]
        self._is_mse = type(first) is nn.MSELoss and first.reduction == "mean"

    def compute(self, prediction: Values, targets: Sequence[Tensor]) -> tuple[list[float], Values]:
        """Return the loss of each member, and the gradients."""
        whole, like, first = prediction.whole, prediction.parts[0], targets[0]
        is_plain = (first.shape, first.dtype) == (like.shape, like.dtype)
        if self._is_mse and whole is not None and is_plain:
            return _mean_squares(whole, targets)
        leaves = [part.detach().requires_grad_() for part in prediction.parts]
        with torch.enable_grad():
            losses = [
                module(leaf, target)
                for module, leaf, target in zip(self._modules, leaves, targets, strict=True)
            ]
        values = torch.stack([loss.detach() for loss in losses]).tolist()
        return values, Values(torch.autograd.grad(losses, leaves))


def _mean_squares(predictions: Tensor, targets: Sequence[Tensor]) -> tuple[list[float], Values]:
    """Return what MSELoss and its gradient are for each member, bit-for-bit.

    `predictions` is (members, values), of which the first ones count.
    """
    size = targets[0].numel()
    difference = predictions[:, :size] - torch.stack(list(targets)).view(len(targets), size)
    gradient = torch.empty_like(predictions)
    torch.mul(difference, 2 / size, out=gradient[:, :size])
    parts = gradient[:, :size].view(len(targets), *targets[0].shape).unbind(0)
    return difference.square().mean(1).tolist(), Values(parts, gradient)
