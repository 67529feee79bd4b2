"""A linear replacement of a part: one Linear, or one convolution with kernel size 1."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pydantic import JsonValue

from visdl.models.diagnostics import NodeReport, ReplaceNode

_CONVOLUTIONS = {3: "Conv1d", 4: "Conv2d", 5: "Conv3d"}  # by the number of axes, batch included
Axis = int | str


@dataclass(frozen=True)
class LinearLayer:
    """The edit that puts a linear layer in the place of a part, and its number of features.

    `inputs` and `outputs` count features of a Linear or channels of a convolution.
    """

    edit: ReplaceNode
    inputs: int
    outputs: int

    @property
    def parameters(self) -> int:
        """The number of weights, inputs · outputs, plus one bias for each output."""
        return (self.inputs + 1) * self.outputs

    def __str__(self) -> str:
        """Return text such as "Linear 64 → 10 (650 parameters)"."""
        sizes = f"{self.inputs} → {self.outputs}"
        return f"{self.edit.type} {sizes} ({self.parameters:,} parameters)"


class LinearReplacement:
    """Find linear layers that fit between the shapes in a validation report."""

    def __init__(self, nodes: Mapping[str, NodeReport]) -> None:
        self._nodes = nodes

    def find_layer(self, node: str, entry: str | None = None) -> LinearLayer | None:
        """Return the layer between the input of `entry` and the output of `node`, or None.

        `entry` is the first node of a group whose last is `node`; by default the node itself.
        A Linear maps (…, in) to (…, out). A convolution with kernel size 1 and a stride maps
        (batch, in, *sizes) to (batch, out, *smaller sizes).
        """
        shapes = self._shapes(entry or node, node)
        if shapes is None:
            return None
        before, after = shapes
        if len(before) == len(after) and before[:-1] == after[:-1] and isinstance(after[-1], int):
            edit = ReplaceNode(node=node, type="Linear", params={"out_features": after[-1]})
            return LinearLayer(edit, int(before[-1]), after[-1])
        strides = _strides(before, after)
        if strides is None:
            return None
        stride: JsonValue = strides[0] if len(strides) == 1 else list[JsonValue](strides)
        params: dict[str, JsonValue] = {
            "out_channels": after[1],
            "kernel_size": 1,
            "stride": stride,
        }
        edit = ReplaceNode(node=node, type=_CONVOLUTIONS[len(before)], params=params)
        return LinearLayer(edit, int(before[1]), int(after[1]))

    def _shapes(self, entry: str, node: str) -> tuple[list[Axis], list[Axis]] | None:
        """Return the shapes before and after the part if each is one tensor of floats."""
        first, last = self._nodes.get(entry), self._nodes.get(node)
        if first is None or last is None or len(last.outputs) != 1:
            return None
        inputs = [value for value in first.inputs.values() if value.shape]
        [output] = last.outputs.values()
        if len(inputs) != 1 or not output.shape or not _is_float(inputs[0].element):
            return None
        before, after = inputs[0].shape, output.shape
        return (before, after) if before and len(before) > 1 and len(after) > 1 else None


def _is_float(element: str | None) -> bool:
    return element is None or element.startswith(("float", "bfloat"))


def _strides(before: Sequence[Axis], after: Sequence[Axis]) -> list[int] | None:
    """Return the strides with which a kernel of size 1 maps one shape to the other, or None."""
    if len(before) != len(after) or len(before) not in _CONVOLUTIONS or before[0] != after[0]:
        return None
    strides = []
    for size, smaller in zip(before[2:], after[2:], strict=True):
        if not (isinstance(size, int) and isinstance(smaller, int) and 0 < smaller <= size):
            return None
        stride = math.ceil(size / smaller)
        if math.ceil(size / stride) != smaller:
            return None
        strides.append(stride)
    return strides
