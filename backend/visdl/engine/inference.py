"""Shapes, parameters and FLOPs by PyTorch itself: each layer is built and run on the meta device, memoised."""

from __future__ import annotations

import json
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.utils.flop_counter import FlopCounterMode

from visdl.engine.network import Network, Source, Step
from visdl.nodes.base import BaseNode, LayerNode
from visdl.nodes.registry import NodeRegistry
from visdl.nodes.specs import Shape

#: Stands for the batch axis. Prime, and not a usual layer size.
BATCH = 97


@dataclass(frozen=True)
class LayerFacts:
    """What is known of one layer for inputs of given shapes. `outputs` is None when known at run only."""

    outputs: tuple[Shape, ...] | None
    parameters: int = 0
    flops: int = 0  # forward, for one sample
    error: str = ""
    over_batch: bool = False  # normalises over the batch: training needs at least two rows in one


class Operation(nn.Module):
    """A node that works on tensors, as a module: its `execute` is applied to the activations."""

    def __init__(
        self, node: BaseNode, ports: Sequence[str], params: Mapping[str, Any], *, disabled: bool = False
    ) -> None:
        super().__init__()
        self._node = node
        self._ports = tuple(ports)
        self._params = dict(params)
        self._disabled = disabled

    def forward(self, *inputs: Any) -> Any:
        call = self._node.on_disable if self._disabled else self._node.execute
        values = call(**self._params, **dict(zip(self._ports, inputs, strict=True)))
        name, outputs = type(self._node).__name__, len(self._node.outputs())
        if values is None and self._disabled:
            raise ValueError(f"{name} is switched off and has no input to hand on")
        if isinstance(values, Tensor) or not isinstance(values, tuple | list) or len(values) != outputs:
            raise TypeError(f"{name}.execute must return a tuple of {outputs} (one value per output)")
        return values[0] if outputs == 1 else tuple(values)

    def extra_repr(self) -> str:
        return type(self._node).__name__


def make_module(
    cls: type[BaseNode],
    params: Mapping[str, Any],
    ports: Sequence[str],
    shapes: Sequence[Any],
    *,
    disabled: bool = False,
) -> nn.Module:
    """The module of one node for inputs of these shapes at these ports; a disabled layer is nn.Identity."""
    own = {name: spec.coerce(params.get(name, spec.default)) for name, spec in cls.parameters().items()}
    node = cls.create(params)
    if not issubclass(cls, LayerNode):
        return Operation(node, ports, own, disabled=disabled)
    if disabled:
        return _first(len(ports))
    return cast(LayerNode, node).build(**dict(zip(ports, shapes, strict=True)))


class _First(nn.Identity):
    """A disabled layer of several inputs hands on the first."""

    def forward(self, *inputs: Tensor) -> Tensor:
        return inputs[0]


def _first(inputs: int) -> nn.Module:
    return nn.Identity() if inputs == 1 else _First()


def layer_facts(step: Step, shapes: Sequence[Shape | list[Shape]]) -> LayerFacts:
    """What this layer makes of inputs of these shapes."""
    key = json.dumps(step.node.params, sort_keys=True)
    frozen = tuple(_freeze(shape) for shape in shapes)
    return _facts(cast(Any, step.cls), key, tuple(step.inputs), frozen, step.node.disabled)


def _freeze(shape: Shape | list[Shape]) -> Any:
    return tuple(map(_freeze, shape)) if isinstance(shape, list) else (tuple(shape), shape.dtype)


def _thaw(frozen: Any) -> Shape | list[Shape]:
    is_shape = isinstance(frozen[-1], torch.dtype)
    return Shape(*frozen) if is_shape else [Shape(*item) for item in frozen]


@lru_cache(maxsize=20_000)
def _facts(cls: Any, params: str, ports: tuple[str, ...], frozen: tuple[Any, ...], disabled: bool) -> LayerFacts:
    shapes = [_thaw(item) for item in frozen]
    is_layer = issubclass(cls, LayerNode)
    try:
        with torch.device("meta"), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            module = make_module(cls, json.loads(params), ports, shapes, disabled=disabled)
            inputs = [_meta(shape) for shape in shapes]
            with FlopCounterMode(display=False) as counter:
                outputs = module(*inputs)
        facts = _outputs(outputs)
    except Exception as error:  # whatever a node's author may raise
        return LayerFacts((), error=_sentence(error)) if is_layer else LayerFacts(None, error=_sentence(error))
    if isinstance(facts, str):
        return LayerFacts((), error=facts)
    parameters = sum(p.numel() for p in module.parameters())
    over_batch = any(isinstance(part, _BatchNorm) for part in module.modules())
    return LayerFacts(facts, parameters, counter.get_total_flops() // BATCH, over_batch=over_batch)


def _meta(shape: Shape | list[Shape]) -> Tensor | list[Tensor]:
    if isinstance(shape, list):
        return [torch.empty(one, dtype=one.dtype, device="meta") for one in shape]
    return torch.empty(shape, dtype=shape.dtype, device="meta")


def _outputs(outputs: Any) -> tuple[Shape, ...] | str:
    found = outputs if isinstance(outputs, tuple | list) else (outputs,)
    for tensor in found:
        if not isinstance(tensor, Tensor):
            return f"it gives {type(tensor).__name__} where a tensor is needed"
        if tensor.dim() == 0 or tensor.shape[0] != BATCH:
            return f"it does not keep the batch axis: the output has the shape {tuple(tensor.shape)}"
    return tuple(Shape(tuple(tensor.shape), tensor.dtype) for tensor in found)


def _sentence(error: Exception) -> str:
    """The first line of what went wrong, with the batch axis as B."""
    text = (str(error) or type(error).__name__).strip().splitlines()[0]
    return text.replace(f"[{BATCH}, ", "[B, ").replace(f"({BATCH}x", "(Bx").replace(f"({BATCH}, ", "(B, ")


@dataclass(frozen=True)
class NetworkFacts:
    """The shapes of a whole network. Behind an error or an unknown shape, nodes are missing from `shapes`."""

    inputs: dict[str, dict[str, Shape | list[Shape]]]
    shapes: dict[Source, Shape]
    layers: dict[str, LayerFacts]
    output: Shape | None


def trace(network: Network, input_shape: Shape) -> NetworkFacts:
    """Shapes of every layer, from the model's input on. Layers behind an error are left out."""
    shapes: dict[Source, Shape] = {Source(): input_shape}
    inputs: dict[str, dict[str, Shape | list[Shape]]] = {}
    layers: dict[str, LayerFacts] = {}
    for step in network.steps:
        if any(source not in shapes for source in step.sources()):
            continue
        read = {port: _look_up(source, shapes) for port, source in step.inputs.items()}
        inputs[step.node.id] = read
        facts = layers[step.node.id] = layer_facts(step, list(read.values()))
        names = list(step.cls.outputs())
        for name, shape in zip(names, facts.outputs or (), strict=False):
            shapes[Source(step.node.id, name)] = shape
    return NetworkFacts(inputs, shapes, layers, shapes.get(network.output))


def _look_up(source: Source | list[Source], shapes: Mapping[Source, Shape]) -> Shape | list[Shape]:
    return [shapes[one] for one in source] if isinstance(source, list) else shapes[source]


def warm_up(registry: type[NodeRegistry]) -> None:
    """Pay for PyTorch's first meta pass at start-up instead of at the first edit."""
    linear = registry.find("Linear")
    if linear is not None:
        _facts(cast(Any, linear), "{}", ("input",), (((BATCH, 2), torch.float32),), False)
