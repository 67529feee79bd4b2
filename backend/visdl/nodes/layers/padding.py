"""Padding: values added around a sequence, an image or a volume."""

from __future__ import annotations

from torch import nn

from visdl.nodes import NodeRegistry
from visdl.nodes.contract.torch_layer import TorchLayer

_SHAPES = {
    1: "B, C, L → B, C, L + padding",
    2: "B, C, H, W → B, C, H + padding, W + padding",
    3: "B, C, D, H, W → B, C, D + padding, H + padding, W + padding",
}
_WHAT = {1: "a sequence", 2: "an image", 3: "a volume"}
_WITH = {
    "Zero": ("zeros", "y = 0 outside x"),
    "Constant": ("one value", "y = value outside x"),
    "Reflection": ("its reflection at the border", "y[−i] = x[i]"),
    "Replication": ("its outermost values", "y[−i] = x[0]"),
    "Circular": ("the values of the other side", "y[−i] = x[L − i]"),
}


def _padding(kind: str, axes: int) -> None:
    """Register the layer of one kind for inputs with this number of axes."""
    name = f"{kind}Pad{axes}d"
    filling, formula = _WITH[kind]
    body = {
        "__doc__": f"Pads {_WHAT[axes]} with {filling}.",
        "__module__": __name__,
        "CATEGORY": "Padding",
        "FINITE_SLOPE": True,
        "FORMULA": formula,
        "SHAPE_RULE": _SHAPES[axes],
        "__annotations__": {},
    }
    defaults = {"padding": 1, "value": 0.0}
    NodeRegistry.register(name)(
        type(name, (TorchLayer,), body, module=getattr(nn, name), defaults=defaults)
    )


for _kind in _WITH:
    for _axes in _SHAPES:
        _padding(_kind, _axes)
