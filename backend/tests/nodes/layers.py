"""A single layer of the catalogue: inputs that suit it, and the model that it builds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from visdl.compiler.builder import build
from visdl.compiler.network import Network, Source, Step
from visdl.compiler.shapes import LayerFacts, Shapes, layer_facts
from visdl.models.graph import Node
from visdl.nodes import LayerNode, NodeRegistry, Shape
from visdl.nodes.blocks.block import Block
from visdl.nodes.contract.specs import BATCH
from visdl.nodes.contract.torch_layer import TorchLayer

LAYERS = [
    name
    for name in NodeRegistry.names()
    if issubclass(cls := NodeRegistry.get(name), LayerNode) and not issubclass(cls, Block)
]
_SIZE = 8  # of every axis that a rule names

#: Sizes without the batch axis, if the shape rule alone does not imply what suits the defaults.
_SHAPES: dict[str, tuple[int, ...]] = {
    "Concat": (4,),
    "Fold": (12, 49),
    "LocalResponseNorm": (8, 5),
    "Permute": (3, 5),
    "Split": (64,),
    "Squeeze": (3, 1),
    "Stack": (4,),
    "Transpose": (3, 5),
    "Upsample": (3, 5),
}

#: Inputs of layers with ports of several kinds, by number of rows.
_INPUTS: dict[str, Callable[[int], list[Any]]] = {
    "Bilinear": lambda rows: [torch.randn(rows, 4), torch.randn(rows, 3)],
    "MatMul": lambda rows: [torch.randn(rows, 3, 4), torch.randn(rows, 4, 2)],
    "MaxUnpool1d": lambda rows: nn.MaxPool1d(2, return_indices=True)(torch.randn(rows, 2, 8)),
    "MaxUnpool2d": lambda rows: nn.MaxPool2d(2, return_indices=True)(torch.randn(rows, 2, 8, 8)),
    "MaxUnpool3d": lambda rows: nn.MaxPool3d(2, return_indices=True)(torch.randn(rows, 2, 4, 4, 4)),
    "MultiheadAttention": lambda rows: [
        torch.randn(rows, 5, 8),
        torch.randn(rows, 3, 8),
        torch.randn(rows, 3, 8),
    ],
    "Residual": lambda rows: [torch.randn(rows, 3), torch.randn(rows, 5)],
    "ScaledDotProductAttention": lambda rows: [
        torch.randn(rows, 5, 8),
        torch.randn(rows, 3, 8),
        torch.randn(rows, 3, 6),
    ],
    "TransformerDecoderLayer": lambda rows: [torch.randn(rows, 5, 8), torch.randn(rows, 3, 8)],
}

#: Parameters to be tried beside the defaults.
VARIANTS: dict[str, list[dict[str, Any]]] = {
    "AdaptiveAvgPool2d": [{"output_size": [2, 3]}],
    "Add": [{"alpha": 0.5}] if "alpha" in NodeRegistry.get("Add").parameters() else [],
    "Chunk": [{"chunks": 4}],
    "Concat": [{"dim": 1}],
    "Conv2d": [
        {"kernel_size": [3, 1], "stride": 2, "padding": [1, 0]},
        {"padding": "same", "bias": False},
        {
            "groups": 4,
            "out_channels": 8,
            "dilation": 2,
            "weight_init": "kaiming_normal",
            "bias_init": "zeros",
        },
    ],
    "GRU": [{"num_layers": 2, "bidirectional": True, "dropout": 0.1}],
    "GroupNorm": [{"num_groups": 4}],
    "LSTM": [{"num_layers": 2, "bidirectional": True}, {"proj_size": 3}],
    "LayerNorm": [{"bias": False}],
    "Linear": [{"bias": False}, {"weight_init": "trunc_normal", "init_std": 0.02}],
    "MaxPool2d": [
        {"return_indices": True},
        {"kernel_size": 3, "stride": 2, "padding": 1, "ceil_mode": True},
    ],
    "Mean": [{"keepdim": True}],
    "MultiheadAttention": [{"num_heads": 2, "bias": False}],
    "RNN": [{"nonlinearity": "relu", "bias": False}],
    "Residual": [{"projection": "always"}, {"projection": "when needed"}],
    "Split": [{"sections": [16, 16, 32]}],
    "TransformerEncoderLayer": [
        {"norm_first": True, "activation": "gelu", "num_encoder_layers": 1}
    ],
    "Upsample": [{"size": 7}, {"scale_factor": 3.0, "mode": "linear"}],
}


def cases() -> list[tuple[str, dict[str, Any]]]:
    """Every layer with its defaults, and with each of its variants."""
    return [(name, params) for name in LAYERS for params in [{}, *variants(name)]]


def variants(name: str) -> list[dict[str, Any]]:
    known = NodeRegistry.get(name).parameters().keys()
    return [params for params in VARIANTS.get(name, []) if params.keys() <= known]


def inputs_of(name: str, rows: int = 6) -> dict[str, Any]:
    """By port, what suits the layer: a tensor, or a list where the port takes several."""
    cls = NodeRegistry.get(name)
    ports = list(cls.ports())
    if name in _INPUTS:
        return dict(zip(ports, _INPUTS[name](rows), strict=False))
    shape = (rows, *_features(name))
    if ports == ["inputs"]:
        return {"inputs": [torch.randn(shape) for _ in range(3)]}
    needed = [port for port, spec in cls.ports().items() if spec.required or port == ports[0]]
    if issubclass(cls, TorchLayer) and cls.IDS:
        return {port: torch.randint(0, 10, shape) for port in needed}
    return {port: torch.randn(shape) for port in needed}


def _features(name: str) -> tuple[int, ...]:
    if name in _SHAPES:
        return _SHAPES[name]
    left = (
        NodeRegistry.get(name)
        .SHAPE_RULE.partition("→")[0]
        .partition(" or ")[0]
        .partition(" and ")[0]
    )
    axes = [axis.strip() for axis in left.partition("(")[0].split(",")]
    features = [axis for axis in axes if axis != "B"]
    if "B" not in axes and len(features) > 1 and axes[0].startswith("*"):
        features = features[1:]  # the star stands for the batch
    return (_SIZE,) * max(1, len(features))


def network_of(
    name: str,
    inputs: Mapping[str, Any],
    params: Mapping[str, Any] | None = None,
    *,
    disabled: bool = False,
    node: str = "layer",
) -> Network:
    """A network of one layer that reads an Input node for each tensor."""
    nodes: list[Node] = []

    def source(place: str) -> Source:
        nodes.append(Node(id=place, type="Input"))
        return Source(place)

    reads = {
        port: [source(f"{port}_{place}") for place in range(len(value))]
        if isinstance(value, list)
        else source(port)
        for port, value in inputs.items()
    }
    layer = Node(id=node, type=name, params=dict(params or {}), disabled=disabled)
    step = Step(layer, NodeRegistry.get(name), node, reads)
    return Network([step], Source(node, step.outputs[0]), nodes)


def tensors(inputs: Mapping[str, Any]) -> list[Tensor]:
    """Return the arguments of the model of `network_of`: one also if the layer reads nothing."""
    return [
        one for value in inputs.values() for one in (value if isinstance(value, list) else [value])
    ] or [torch.zeros(6, 2)]


def model_of(
    name: str,
    inputs: Mapping[str, Any],
    params: Mapping[str, Any] | None = None,
    *,
    disabled: bool = False,
    seed: int = 0,
    node: str = "layer",
) -> nn.Module:
    """The model of one layer, before training."""
    return build(
        network_of(name, inputs, params, disabled=disabled, node=node), tensors(inputs), seed
    )


def facts_of(
    name: str,
    inputs: Mapping[str, Any],
    params: Mapping[str, Any] | None = None,
    *,
    disabled: bool = False,
) -> LayerFacts:
    """Return the inferred facts of the layer for inputs of these shapes."""
    [step] = network_of(name, inputs, params, disabled=disabled).steps
    return layer_facts(step, [_shapes(inputs.get(port)) for port in step.ports])


def _shapes(value: Any) -> Shapes:
    if isinstance(value, list):
        return [Shape((BATCH, *one.shape[1:]), one.dtype) for one in value]
    return None if value is None else Shape((BATCH, *value.shape[1:]), value.dtype)
