"""One plain layer in the place of a part: a Linear, or a convolution of size 1, between the same shapes."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pydantic import JsonValue

from visdl.models.diagnostics import NodeReport, ReplaceNode

_CONVOLUTIONS = {3: "Conv1d", 4: "Conv2d", 5: "Conv3d"}
Axis = int | str


@dataclass(frozen=True)
class PlainLayer:
    """A layer in the place of a part."""

    edit: ReplaceNode
    read: int  # features or channels
    given: int

    @property
    def parameters(self) -> int:
        """A weight for each pair of features or channels, and the biases."""
        return (self.read + 1) * self.given

    def __str__(self) -> str:
        """Such as "Linear 64 → 10 (650 parameters)"."""
        return f"{self.edit.type} {self.read} → {self.given} ({self.parameters:,} parameters)"


class Plain:
    """Knows the shapes of a graph's nodes, from the report of its validation."""

    def __init__(self, nodes: Mapping[str, NodeReport]) -> None:
        self._nodes = nodes

    def layer(self, node: str, entry: str | None = None) -> PlainLayer | None:
        """The layer that fits between what `entry` reads and what the node gives; None where no single one does.

        `entry` is the node itself, or the first of several whose last it is.
        """
        shapes = self._shapes(entry or node, node)
        if shapes is None:
            return None
        read, given = shapes
        if len(read) == len(given) and read[:-1] == given[:-1] and isinstance(given[-1], int):
            edit = ReplaceNode(node=node, type="Linear", params={"out_features": given[-1]})
            return PlainLayer(edit, int(read[-1]), given[-1])
        strides = _strides(read, given)
        if strides is None:
            return None
        stride: JsonValue = strides[0] if len(strides) == 1 else list[JsonValue](strides)
        params: dict[str, JsonValue] = {
            "out_channels": given[1],
            "kernel_size": 1,
            "stride": stride,
        }
        edit = ReplaceNode(node=node, type=_CONVOLUTIONS[len(read)], params=params)
        return PlainLayer(edit, int(read[1]), int(given[1]))

    def _shapes(self, entry: str, node: str) -> tuple[list[Axis], list[Axis]] | None:
        """What the entry reads and what the node gives, where each is one tensor."""
        first, last = self._nodes.get(entry), self._nodes.get(node)
        if first is None or last is None or len(last.outputs) != 1:
            return None
        inputs = [value for value in first.inputs.values() if value.shape]
        [output] = last.outputs.values()
        if len(inputs) != 1 or not output.shape or not _is_float(inputs[0].element):
            return None
        read, given = inputs[0].shape, output.shape
        return (read, given) if read and len(read) > 1 and len(given) > 1 else None


def _is_float(element: str | None) -> bool:
    return element is None or element.startswith(("float", "bfloat"))


def _strides(read: Sequence[Axis], given: Sequence[Axis]) -> list[int] | None:
    """The strides with which a kernel of size 1 makes these sizes of those; None where none do."""
    if len(read) != len(given) or len(read) not in _CONVOLUTIONS or read[0] != given[0]:
        return None
    found = []
    for before, after in zip(read[2:], given[2:], strict=True):
        if not (isinstance(before, int) and isinstance(after, int) and 0 < after <= before):
            return None
        stride = math.ceil(before / after)
        if math.ceil(before / stride) != after:
            return None
        found.append(stride)
    return found
