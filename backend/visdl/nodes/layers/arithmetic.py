"""Operations on several activations, or over the axes of one."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from visdl.nodes import LayerNode, NodeRegistry, Param, Shape
from visdl.nodes.contract.runtime_values import Formula
from visdl.nodes.contract.torch_layer import axis_of

_BROADCAST = "Broadcast axes of size 1, as torch does; off: batches must have equal shapes"


def _check_shapes(shapes: list[Shape], broadcast: bool) -> None:
    """Raise ValueError if activations do not fit each other element by element."""
    with_batch = [shape for shape in shapes if shape.has_batch]
    if not broadcast and len(set(map(tuple, with_batch))) > 1:
        raise ValueError("the shapes differ; switch on broadcast to expand axes of size 1")
    if len({len(shape) for shape in with_batch}) > 1:
        raise ValueError(
            "the shapes have different numbers of axes, so batch and features would be mixed up"
        )
    for shape in shapes:
        if not shape.has_batch and with_batch and len(shape) > len(with_batch[0]):
            raise ValueError(f"({shape}) has more axes than ({with_batch[0]})")


class Total(Formula):
    def forward(self, inputs: list[Tensor]) -> Tensor:
        total = inputs[0]
        for value in inputs[1:]:
            total = total + value
        return total


class Product(Formula):
    def forward(self, inputs: list[Tensor]) -> Tensor:
        total = inputs[0]
        for value in inputs[1:]:
            total = total * value
        return total


class _Elementwise(LayerNode):
    CATEGORY = "Math"
    SHAPE_RULE = "*, … → *: all of one shape, or without a batch axis"


@NodeRegistry.register("Add")
class Add(_Elementwise):
    """Sum of any number of activations, element by element."""

    FINITE_SLOPE = True
    FORMULA = "y = x₁ + x₂ + …"

    broadcast: bool = Param(False, description=_BROADCAST)

    def build(self, inputs: list[Shape]) -> nn.Module:
        _check_shapes(inputs, self.broadcast)
        return Total()


@NodeRegistry.register("Multiply")
class Multiply(_Elementwise):
    """Product of any number of activations, element by element, such as a gate."""

    FORMULA = "y = x₁ · x₂ · …"

    broadcast: bool = Param(True, description=_BROADCAST)

    def build(self, inputs: list[Shape]) -> nn.Module:
        _check_shapes(inputs, self.broadcast)
        return Product()


class Difference(Formula):
    def forward(self, input: Tensor, other: Tensor) -> Tensor:
        return input - other


class Quotient(Formula):
    def __init__(self, eps: float) -> None:
        super().__init__()
        self.eps = eps

    def forward(self, input: Tensor, other: Tensor) -> Tensor:
        return input / (other + self.eps)


@NodeRegistry.register("Subtract")
class Subtract(_Elementwise):
    """Difference of two activations, element by element."""

    FINITE_SLOPE = True
    FORMULA = "y = x − other"

    broadcast: bool = Param(False, description=_BROADCAST)

    def build(self, input: Shape, other: Shape) -> nn.Module:
        _check_shapes([input, other], self.broadcast)
        return Difference()


@NodeRegistry.register("Divide")
class Divide(_Elementwise):
    """Quotient of two activations, element by element."""

    FORMULA = "y = x / (other + ε)"

    eps: float = Param(0.0, min=0, description="Added to the denominator")
    broadcast: bool = Param(True, description=_BROADCAST)

    def build(self, input: Shape, other: Shape) -> nn.Module:
        _check_shapes([input, other], self.broadcast)
        return Quotient(self.eps)


class MatrixProduct(Formula):
    def __init__(self, transpose: bool, scale: float) -> None:
        super().__init__()
        self.transpose, self.scale = transpose, scale

    def forward(self, input: Tensor, other: Tensor) -> Tensor:
        product = torch.matmul(input, other.transpose(-2, -1) if self.transpose else other)
        return product if self.scale == 1.0 else product * self.scale


@NodeRegistry.register("MatMul")
class MatMul(LayerNode):
    """Matrix product of the last two axes, for each sample."""

    CATEGORY = "Math"
    FORMULA = "y = x · other"
    SHAPE_RULE = "B, *, N, K and B, *, K, M → B, *, N, M"
    PRIMARY = ("transpose",)

    transpose: bool = Param(False, description="Transpose the second input: B, *, M, K")
    scale: float = Param(1.0, description="Factor of the product")

    def build(self, input: Shape, other: Shape) -> nn.Module:
        for shape in (input, other):
            if shape.batch_first and len(shape) < 3:
                raise ValueError(f"a matrix per sample is needed, B, N, K, but got ({shape})")
        if not self.scale:
            raise ValueError("with a scale of 0 nothing upstream is learned: set another")
        return MatrixProduct(self.transpose, self.scale)


class Scaled(Formula):
    def __init__(self, factor: float, shift: float) -> None:
        super().__init__()
        self.factor, self.shift = factor, shift

    def forward(self, input: Tensor) -> Tensor:
        return input * self.factor + self.shift

    def extra_repr(self) -> str:
        return f"factor={self.factor:g}, shift={self.shift:g}"


class LearnedScale(nn.Module):
    def __init__(self, factor: float, features: int | None) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.full(() if features is None else (features,), factor))

    def forward(self, input: Tensor) -> Tensor:
        return input * self.weight


@NodeRegistry.register("Scale")
class Scale(LayerNode):
    """Multiplies by a fixed factor or a learned one, for all values or for each feature."""

    CATEGORY = "Math"
    FORMULA = "y = factor · x + shift"
    SHAPE_RULE = "* → *"
    PRIMARY = ("factor", "learned")

    factor: float = Param(1.0, description="The factor, or its initial value if it is learned")
    shift: float = Param(0.0, description="Added afterwards; not with a learned factor")
    learned: str = Param("no", choices=["no", "one", "per feature"], description="Train the factor")

    def build(self, input: Shape) -> nn.Module:
        if self.learned == "no":
            if not self.factor:
                raise ValueError(
                    "with a fixed factor of 0 nothing upstream is learned: set another, or learn it"
                )
            return Scaled(self.factor, self.shift)
        return LearnedScale(self.factor, input[-1] if self.learned == "per feature" else None)


class Reduction(Formula):
    """A reduction over axes, such as mean, sum or maximum."""

    def __init__(self, name: str, dim: tuple[int, ...], keepdim: bool) -> None:
        super().__init__()
        self.name, self.dim, self.keepdim = name, dim, keepdim
        self._call = getattr(torch, name)

    def forward(self, input: Tensor) -> Tensor:
        value: Tensor = self._call(input, dim=self.dim, keepdim=self.keepdim)
        return value

    def extra_repr(self) -> str:
        return f"{self.name}, dim={self.dim}, keepdim={self.keepdim}"


class _Reduce(LayerNode):
    CATEGORY = "Math"
    FINITE_SLOPE = True
    SHAPE_RULE = "* → *, without the axes in dim"
    PRIMARY = ("dim", "keepdim")
    CALL = ""

    dim: int | list[int] = Param(
        -1, description="Axis or axes to reduce; the batch is axis 0, −1 the last"
    )
    keepdim: bool = Param(False, description="Keep the axes, with size 1")

    def build(self, input: Shape) -> nn.Module:
        dims = (self.dim,) if isinstance(self.dim, int) else tuple(self.dim)
        if not dims:
            raise ValueError("dim names no axis")
        axes = tuple(axis_of(dim, input) for dim in dims)
        return Reduction(self.CALL, axes, self.keepdim)


@NodeRegistry.register("Mean")
class Mean(_Reduce):
    """Mean over one or more axes, such as a sequence or the pixels of an image."""

    CALL = "mean"
    FORMULA = "y = mean of x over dim"


@NodeRegistry.register("Sum")
class Sum(_Reduce):
    """Sum over one or more axes."""

    CALL = "sum"
    FORMULA = "y = Σ of x over dim"


@NodeRegistry.register("Max")
class Max(_Reduce):
    """Largest value over one or more axes."""

    CALL = "amax"
    FORMULA = "y = max of x over dim"


@NodeRegistry.register("Min")
class Min(_Reduce):
    """Smallest value over one or more axes."""

    CALL = "amin"
    FORMULA = "y = min of x over dim"


class Shortcut(nn.Module):
    """A shortcut around a branch, projected if the shapes differ."""

    def __init__(self, projection: nn.Module | None) -> None:
        super().__init__()
        self.projection = projection

    def forward(self, input: Tensor, branch: Tensor) -> Tensor:
        return branch + (input if self.projection is None else self.projection(input))


@NodeRegistry.register("Residual")
class Residual(LayerNode):
    """Adds a shortcut to a branch and projects it if the shapes differ.

    Source: He et al. 2016.
    """

    CATEGORY = "Math"
    FORMULA = "y = branch(x) + x, or branch(x) + W x"
    SHAPE_RULE = "shortcut: any shape, branch: * → *"
    PRIMARY = ("projection",)

    projection: str = Param(
        "when needed",
        choices=["when needed", "never"],
        description="A Linear layer, or a convolution of size 1, if the shapes differ",
    )

    def build(self, input: Shape, branch: Shape) -> nn.Module:
        if tuple(input) == tuple(branch):
            return Shortcut(None)
        if self.projection == "never":
            raise ValueError("the shapes differ; set projection to 'when needed'")
        return Shortcut(_projection(input, branch))


def _projection(source: Shape, target: Shape) -> nn.Module:
    if len(source) != len(target):
        raise ValueError("no projection fits: the numbers of axes differ")
    if len(source) <= 3 and source[:-1] == target[:-1]:
        return nn.Linear(source[-1], target[-1])
    kinds = {3: nn.Conv1d, 4: nn.Conv2d, 5: nn.Conv3d}
    strides = []
    for before, after in zip(source[2:], target[2:], strict=True):
        stride = -(-before // after) if after else 0
        if after == 0 or -(-before // stride) != after:
            raise ValueError("no projection fits: the branch is not smaller by a whole factor")
        strides.append(stride)
    return kinds[len(source)](source[1], target[1], kernel_size=1, stride=tuple(strides))  # type: ignore[arg-type]
