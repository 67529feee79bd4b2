"""One plain layer in the place of a part: a Linear, or a convolution of size 1, between the same shapes."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from pydantic import JsonValue

from visdl.models.diagnostics import NodeReport, ReplaceNode

_CONVOLUTIONS = {3: "Conv1d", 4: "Conv2d", 5: "Conv3d"}
Axis = int | str


class Plain:
    """Knows the shapes of a graph's nodes, from the report of its validation."""

    def __init__(self, nodes: Mapping[str, NodeReport]) -> None:
        self._nodes = nodes

    def replacement(self, node: str) -> ReplaceNode | None:
        """The layer that fits between what the node reads and what it gives; None where no single one does."""
        shapes = self._shapes(node)
        if shapes is None:
            return None
        read, given = shapes
        if len(read) == len(given) and read[:-1] == given[:-1] and isinstance(given[-1], int):
            return ReplaceNode(node=node, type="Linear", params={"out_features": given[-1]})
        strides = _strides(read, given)
        if strides is None:
            return None
        stride: JsonValue = strides[0] if len(strides) == 1 else list[JsonValue](strides)
        params: dict[str, JsonValue] = {"out_channels": given[1], "kernel_size": 1, "stride": stride}
        return ReplaceNode(node=node, type=_CONVOLUTIONS[len(read)], params=params)

    def parameters(self, edit: ReplaceNode) -> int:
        """How many the layer has: a weight for each pair of features or channels, and the biases."""
        read, given = self._shapes(edit.node) or ([0], [0])
        axis = -1 if edit.type == "Linear" else 1
        return (int(read[axis]) + 1) * int(given[axis])

    def describe(self, edit: ReplaceNode) -> str:
        """Such as "Linear 64 → 10 (650 parameters)"."""
        read, given = self._shapes(edit.node) or ([0], [0])
        axis = -1 if edit.type == "Linear" else 1
        return f"{edit.type} {read[axis]} → {given[axis]} ({self.parameters(edit):,} parameters)"

    def _shapes(self, node: str) -> tuple[list[Axis], list[Axis]] | None:
        report = self._nodes.get(node)
        if report is None or len(report.outputs) != 1:
            return None
        inputs = [value for value in report.inputs.values() if value.shape]
        [output] = report.outputs.values()
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
