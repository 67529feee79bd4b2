"""Operations on the shape of activations: joining, splitting and rearranging axes."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from visdl.nodes import DataType, LayerNode, NodeRegistry, OutputSpec, Param, Shape
from visdl.nodes.contract.runtime_values import Formula
from visdl.nodes.contract.torch_layer import TorchLayer, axis_of

_DIM = "Axis; the batch is axis 0, −1 the last"
_MOST = 16  # most outputs of Split and Chunk


class _Shaping(LayerNode):
    CATEGORY = "Shape"
    FINITE_SLOPE = True


class Call(Formula):
    """A tensor method with fixed arguments, as a module."""

    def __init__(self, name: str, *args: object) -> None:
        super().__init__()
        self.name, self.args = name, args

    def forward(self, input: Tensor) -> Tensor:
        value: Tensor = getattr(input, self.name)(*self.args)
        return value

    def extra_repr(self) -> str:
        return f"{self.name}{self.args}"


class Joined(nn.Module):
    """torch.cat that repeats inputs without batch for each sample.

    `alone` has the positions of the inputs without a batch axis, or with one of size 1.
    """

    def __init__(self, dim: int, alone: frozenset[int]) -> None:
        super().__init__()
        self.dim, self.alone = dim, alone

    def forward(self, inputs: list[Tensor]) -> Tensor:
        first = next(
            (value for place, value in enumerate(inputs) if place not in self.alone), inputs[0]
        )
        same = [
            value.expand(first.shape[0], *value.shape[-first.dim() + 1 :])
            if place in self.alone
            else value
            for place, value in enumerate(inputs)
        ]
        return torch.cat(same, self.dim)

    def extra_repr(self) -> str:
        return f"dim={self.dim}"


@NodeRegistry.register("Concat")
class Concat(_Shaping):
    """Concatenates any number of activations; a learned token is repeated for each sample."""

    FORMULA = "y = [x₁, x₂, …]"
    SHAPE_RULE = "equal but along dim → their sum along dim"
    PRIMARY = ("dim",)
    URL = "https://pytorch.org/docs/stable/generated/torch.cat.html"

    dim: int = Param(1, description=_DIM)

    def build(self, inputs: list[Shape]) -> nn.Module:
        first = next((shape for shape in inputs if shape.batch_first), inputs[0])
        axis = axis_of(self.dim, first)
        alone = {
            place for place, shape in enumerate(inputs) if first.batch_first and not shape.has_batch
        }
        sizes = [
            _sizes_after_batch(shape, first) if place in alone else shape[1:]
            for place, shape in enumerate(inputs)
        ]
        if any(len(size) != len(first) - 1 for size in sizes):
            raise ValueError("the inputs have different numbers of axes")
        for place, size in enumerate(sizes):
            if any(
                a != b
                for at, (a, b) in enumerate(zip(first[1:], size, strict=True), 1)
                if at != axis
            ):
                raise ValueError(f"the sizes differ along another axis than {self.dim}")
            if axis and place not in alone and inputs[place][0] != first[0]:
                raise ValueError(f"the sizes differ along another axis than {self.dim}")
        return Joined(axis, frozenset(alone))


def _sizes_after_batch(shape: Shape, other: Shape) -> tuple[int, ...]:
    """Return the sizes without the batch axis of a shape that has none, or one of size 1."""
    return tuple(shape[1:]) if len(shape) == len(other) and shape[0] == 1 else tuple(shape)


class StackTensors(Formula):
    def __init__(self, dim: int) -> None:
        super().__init__()
        self.dim = dim

    def forward(self, inputs: list[Tensor]) -> Tensor:
        return torch.stack(inputs, self.dim)


@NodeRegistry.register("Stack")
class Stack(_Shaping):
    """Stacks any number of activations of one shape along a new axis."""

    FORMULA = "y[:, i] = xᵢ"
    SHAPE_RULE = "n of one shape → the same with a new axis of size n"
    PRIMARY = ("dim",)
    URL = "https://pytorch.org/docs/stable/generated/torch.stack.html"

    dim: int = Param(1, description="Position of the new axis; the batch is axis 0")

    def build(self, inputs: list[Shape]) -> nn.Module:
        if len(set(map(tuple, inputs))) > 1:
            raise ValueError("the shapes differ")
        return StackTensors(axis_of(self.dim, inputs[0], new=True))


class Parts(nn.Module):
    def __init__(self, sizes: tuple[int, ...], dim: int) -> None:
        super().__init__()
        self.sizes, self.dim = sizes, dim

    def forward(self, input: Tensor) -> tuple[Tensor, ...] | Tensor:
        parts: tuple[Tensor, ...] = torch.split(input, self.sizes, self.dim)  # type: ignore[arg-type]
        return parts if len(parts) > 1 else parts[0]


class _Parts(_Shaping):
    FORMULA = "x = [y₁, y₂, …]"

    @classmethod
    def RETURN_TYPES(cls) -> list[OutputSpec]:
        return [OutputSpec(DataType.LAYER, f"output{n}", f"Part {n}") for n in range(1, _MOST + 1)]


@NodeRegistry.register("Chunk")
class Chunk(_Parts):
    """Splits an axis into equal parts, such as queries, keys and values."""

    SHAPE_RULE = "* → `chunks` times the same, a part of the size along dim"
    OUTPUT_COUNT = "chunks"
    PRIMARY = ("chunks", "dim")
    URL = "https://pytorch.org/docs/stable/generated/torch.chunk.html"

    chunks: int = Param(2, min=2, max=_MOST, description="Number of parts")
    dim: int = Param(-1, description=_DIM)

    def build(self, input: Shape) -> nn.Module:
        axis = axis_of(self.dim, input)
        if input[axis] % self.chunks:
            raise ValueError(f"{input[axis]} cannot be split into {self.chunks} equal parts")
        return Parts((input[axis] // self.chunks,) * self.chunks, axis)


@NodeRegistry.register("Split")
class Split(_Parts):
    """Splits an axis into parts of given sizes."""

    SHAPE_RULE = "* → one output per section, its size along dim"
    OUTPUT_COUNT = "sections"
    PRIMARY = ("sections", "dim")
    URL = "https://pytorch.org/docs/stable/generated/torch.split.html"

    sections: list[int] = Param((32, 32), min=1, description=f"Size of each part, at most {_MOST}")
    dim: int = Param(-1, description=_DIM)

    def build(self, input: Shape) -> nn.Module:
        axis = axis_of(self.dim, input)
        if not 1 <= len(self.sections) <= _MOST:
            raise ValueError(f"sections must name 1 to {_MOST} sizes")
        if sum(self.sections) != input[axis]:
            total = " + ".join(map(str, self.sections))
            raise ValueError(
                f"sections add up to {total} = {sum(self.sections)}, but the axis has {input[axis]}"
            )
        return Parts(tuple(self.sections), axis)


class Reshaped(nn.Module):
    """Tensor.reshape; with `keep_batch`, of all axes but the batch."""

    def __init__(self, shape: tuple[int, ...], keep_batch: bool) -> None:
        super().__init__()
        self.shape, self.keep_batch = shape, keep_batch

    def forward(self, input: Tensor) -> Tensor:
        return (
            input.reshape(input.shape[0], *self.shape)
            if self.keep_batch
            else input.reshape(self.shape)
        )

    def extra_repr(self) -> str:
        return f"shape={self.shape}, keep_batch={self.keep_batch}"


@NodeRegistry.register("Reshape")
class Reshape(_Shaping):
    """Gives the values of each sample another shape."""

    FORMULA = "y = the values of x in another shape"
    SHAPE_RULE = "B, * → B, *shape"
    PRIMARY = ("shape",)
    URL = "https://pytorch.org/docs/stable/generated/torch.reshape.html"

    shape: list[int] = Param(
        (-1,), min=-1, description="Sizes without the batch axis; one may be −1 and is inferred"
    )
    keep_batch: bool = Param(
        True, description="Off: the shape is that of the whole batch, as in torch"
    )

    def build(self, input: Shape) -> nn.Module:
        keep = self.keep_batch and input.batch_first
        shape = tuple(self.shape)
        if shape.count(-1) > 1:
            raise ValueError("only one size can be −1")
        if keep and -1 not in shape and math.prod(shape) != math.prod(input[1:]):
            sizes = " × ".join(map(str, shape))
            raise ValueError(
                f"{sizes} = {math.prod(shape)} values, but a sample has {math.prod(input[1:])}"
            )
        return Reshaped(shape, keep)


@NodeRegistry.register("Flatten")
class Flatten(TorchLayer, module=nn.Flatten):
    """Joins axes into one; by default all but the batch."""

    CATEGORY = "Shape"
    FINITE_SLOPE = True
    FORMULA = "y = the values of x in one axis"
    SHAPE_RULE = "B, * → B, product of *"
    PRIMARY = ()

    def build(self, input: Shape) -> nn.Module:
        if len(input) > 1:
            axis_of(self.start_dim, input)  # type: ignore[attr-defined]
        return self.make({})


@NodeRegistry.register("Unflatten")
class Unflatten(_Shaping):
    """Splits one axis into several."""

    FORMULA = "y = the values of x in several axes"
    SHAPE_RULE = "*, size, * → *, *unflattened_size, *"
    URL = "https://pytorch.org/docs/stable/generated/torch.nn.Unflatten.html"

    dim: int = Param(1, description=_DIM)
    unflattened_size: list[int] = Param(
        (-1, 1), min=-1, description="Sizes of the new axes; one may be −1"
    )

    def build(self, input: Shape) -> nn.Module:
        return nn.Unflatten(axis_of(self.dim, input), tuple(self.unflattened_size))


@NodeRegistry.register("Permute")
class Permute(_Shaping):
    """Reorders the axes."""

    FORMULA = "axis i of y = axis dims[i] of x"
    SHAPE_RULE = "* → the same sizes in another order"
    URL = "https://pytorch.org/docs/stable/generated/torch.permute.html"

    dims: list[int] = Param(
        (0, 2, 1), description="The axes in their new order; the batch is axis 0"
    )

    def build(self, input: Shape) -> nn.Module:
        if sorted(dim % len(input) for dim in self.dims) != list(range(len(input))):
            raise ValueError(
                f"dims must name each of the {len(input)} axes once, from 0 to {len(input) - 1}"
            )
        return Call("permute", *self.dims)


@NodeRegistry.register("Transpose")
class Transpose(_Shaping):
    """Swaps two axes."""

    FORMULA = "y = xᵀ along dim0 and dim1"
    SHAPE_RULE = "* → two sizes swapped"
    URL = "https://pytorch.org/docs/stable/generated/torch.transpose.html"

    dim0: int = Param(1, description=_DIM)
    dim1: int = Param(2, description=_DIM)

    def build(self, input: Shape) -> nn.Module:
        for dim in (self.dim0, self.dim1):
            if not -len(input) <= dim < len(input):
                raise ValueError(f"there is no axis {dim} in ({input})")
        return Call("transpose", self.dim0, self.dim1)


@NodeRegistry.register("Squeeze")
class Squeeze(_Shaping):
    """Removes an axis of size 1."""

    FORMULA = "y = x without the axis dim"
    SHAPE_RULE = "*, 1, * → *, *"
    PRIMARY = ("dim",)
    URL = "https://pytorch.org/docs/stable/generated/torch.squeeze.html"

    dim: int = Param(-1, description=_DIM)

    def build(self, input: Shape) -> nn.Module:
        axis = axis_of(self.dim, input)
        if input[axis] != 1:
            raise ValueError(
                f"axis {self.dim} has the size {input[axis]}; only one of size 1 can be removed"
            )
        return Call("squeeze", axis)


@NodeRegistry.register("Unsqueeze")
class Unsqueeze(_Shaping):
    """Adds an axis of size 1."""

    FORMULA = "y = x with a new axis at dim"
    SHAPE_RULE = "*, * → *, 1, *"
    PRIMARY = ("dim",)
    URL = "https://pytorch.org/docs/stable/generated/torch.unsqueeze.html"

    dim: int = Param(1, description="Position of the new axis; the batch is axis 0")

    def build(self, input: Shape) -> nn.Module:
        return Call("unsqueeze", axis_of(self.dim, input, new=True))


class Sliced(Formula):
    def __init__(self, dim: int, start: int, end: int | None, step: int) -> None:
        super().__init__()
        self.index = (slice(None),) * dim + (slice(start, end, step),)

    def forward(self, input: Tensor) -> Tensor:
        return input[self.index]

    def extra_repr(self) -> str:
        part = self.index[-1]
        return f"dim={len(self.index) - 1}, {part.start}:{part.stop}:{part.step}"


@NodeRegistry.register("Slice")
class Slice(_Shaping):
    """A part of an axis, from start up to but not including end."""

    FORMULA = "y = x[start : end : step] along dim"
    SHAPE_RULE = "* → a smaller size along dim"
    PRIMARY = ("dim", "start", "end")

    dim: int = Param(1, description=_DIM)
    start: int = Param(0, description="First place; negative: from the end")
    end: int | None = Param(
        None, description="First position that is not included; empty: up to the end"
    )
    step: int = Param(1, min=1, description="Every how many")

    def build(self, input: Shape) -> nn.Module:
        axis = axis_of(self.dim, input)
        if len(range(*slice(self.start, self.end, self.step).indices(input[axis]))) == 0:
            raise ValueError(f"nothing is left of an axis of size {input[axis]}")
        return Sliced(axis, self.start, self.end, self.step)


@NodeRegistry.register("Select")
class Select(_Shaping):
    """One place of an axis, which is gone then: the class token, or the last step."""

    FORMULA = "y = x[index] along dim"
    SHAPE_RULE = "* → *, without the axis dim"
    PRIMARY = ("dim", "index")
    URL = "https://pytorch.org/docs/stable/generated/torch.select.html"

    dim: int = Param(1, description=_DIM)
    index: int = Param(0, description="Which place; −1: the last")

    def build(self, input: Shape) -> nn.Module:
        axis = axis_of(self.dim, input)
        if not -input[axis] <= self.index < input[axis]:
            raise ValueError(f"there is no place {self.index} in an axis of size {input[axis]}")
        return Call("select", axis, self.index)
