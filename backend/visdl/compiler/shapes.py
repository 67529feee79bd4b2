"""Shapes, parameters and FLOPs, computed by PyTorch on the meta device and memoised per layer."""

from __future__ import annotations

import json
import math
import re
import time
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from visdl.compiler.memory import Kept, SavedTensors, with_gradients
from visdl.compiler.network import Network, Read, Source, Step
from visdl.models.error_texts import reason_of
from visdl.models.errors import is_resource_error
from visdl.nodes.contract.base import BaseNode, LayerNode
from visdl.nodes.contract.flops import FlopCounter
from visdl.nodes.contract.parameter_groups.weights import WeightKind, weight_kinds
from visdl.nodes.contract.registry import Registry
from visdl.nodes.contract.specs import BATCH, MOST_AXES, Shape
from visdl.nodes.contract.traits import set_traits

#: What one port reads: several shapes where it takes several wires.
Shapes = Shape | list[Shape] | None


@dataclass(frozen=True)
class LayerFacts:
    """What is known of one layer for inputs of given shapes.

    `outputs` is None where they are known only at run time. `flops` counts the forward pass of one
    sample. `over_batch` layers normalise over the batch, so that training needs at least two rows
    in each. `weights` holds the shapes of the parameters by name, `kinds` their kinds.
    """

    outputs: tuple[Shape, ...] | None
    parameters: int = 0
    flops: int = 0
    error: str = ""
    over_batch: bool = False
    weights: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    kinds: Mapping[str, WeightKind] = field(default_factory=dict)
    kept: Kept = field(default_factory=Kept)

    @property
    def activation(self) -> int:
        """The size of the outputs of one sample in bytes."""
        shapes = self.outputs or ()
        return sum(
            math.prod(shape) * shape.dtype.itemsize // (BATCH if shape.has_batch else 1)
            for shape in shapes
        )


class Operation(nn.Module):
    """A TENSOR node as a module: its `execute` is applied to the activations."""

    def __init__(
        self,
        node: BaseNode,
        ports: Sequence[str],
        params: Mapping[str, Any],
        *,
        disabled: bool = False,
    ) -> None:
        super().__init__()
        self._node = node
        self._ports = tuple(ports)
        self._params = dict(params)
        self._disabled = disabled
        self._outputs = len(node.outputs())  # torch.export of 2.6 cannot trace it

    def forward(self, *inputs: Any) -> Any:
        call = self._node.on_disable if self._disabled else self._node.execute
        values = call(**self._params, **dict(zip(self._ports, inputs, strict=True)))
        name, outputs = type(self._node).__name__, self._outputs
        if values is None and self._disabled:
            raise ValueError(f"{name} is switched off and has no input to pass through")
        if (
            isinstance(values, Tensor)
            or not isinstance(
                values, (tuple, list)
            )  # torch.export of 2.6 cannot trace tuple | list
            or len(values) != outputs
        ):
            raise TypeError(
                f"{name}.execute must return a tuple of {outputs} (one value per output)"
            )
        return values[0] if outputs == 1 else tuple(values)

    def extra_repr(self) -> str:
        return type(self._node).__name__


def make_module(
    cls: type[BaseNode],
    params: Mapping[str, Any],
    ports: Sequence[str],
    shapes: Sequence[Shapes],
    *,
    disabled: bool = False,
) -> nn.Module:
    """Return the module of one node for inputs of these shapes at these ports, with its traits.

    The module of a disabled layer returns its input.
    """
    module = _new_module(cls, params, ports, shapes, disabled)
    passes_through = disabled and issubclass(cls, LayerNode)
    return set_traits(
        module,
        elementwise=isinstance(module, nn.Identity) if disabled else cls.ELEMENTWISE,
        finite_slope=passes_through or (cls.FINITE_SLOPE and not disabled),
    )


def _new_module(
    cls: type[BaseNode],
    params: Mapping[str, Any],
    ports: Sequence[str],
    shapes: Sequence[Shapes],
    disabled: bool,
) -> nn.Module:
    own = {
        name: spec.coerce(params.get(name, spec.default)) for name, spec in cls.parameters().items()
    }
    node = cls.create(params)
    if not issubclass(cls, LayerNode):
        free = {name: spec.default for name, spec in cls.ports().items() if name not in ports}
        return Operation(node, ports, {**own, **free}, disabled=disabled)
    if disabled:
        outputs = len(cls.output_names(params))
        return (
            nn.Identity()
            if len(ports) == outputs == 1 and not isinstance(shapes[0], list)
            else PassThrough(outputs)
        )
    given = {port: shape for port, shape in zip(ports, shapes, strict=True) if shape is not None}
    return cast(LayerNode, node).build(**given)


class PassThrough(nn.Module):
    """A layer of several ports that is switched off: each output is the first input."""

    def __init__(self, outputs: int) -> None:
        super().__init__()
        self._outputs = outputs

    def forward(self, *inputs: Tensor | list[Tensor] | None) -> Tensor | tuple[Tensor, ...]:
        value = next(
            value
            for value in inputs
            if value is not None and not (isinstance(value, list) and not value)
        )
        first = value[0] if isinstance(value, list) else value
        return first if self._outputs == 1 else (first,) * self._outputs


def layer_facts(step: Step, shapes: Sequence[Shapes]) -> LayerFacts:
    """Return what is known of this layer for inputs of these shapes."""
    params = {name: value for name, value in step.node.params.items() if name != "weights_of"}
    key = json.dumps(params, sort_keys=True) if params else "{}"
    frozen = tuple(_freeze(shape) for shape in shapes)
    return _facts(cast(Any, step.cls), key, tuple(step.ports), frozen, step.node.disabled)


def _freeze(shape: Shapes) -> Any:
    if shape is None:
        return None
    return tuple(map(_freeze, shape)) if isinstance(shape, list) else (tuple(shape), shape.dtype)


def _thaw(frozen: Any) -> Shapes:
    if frozen is None:
        return None
    is_shape = bool(frozen) and isinstance(frozen[-1], torch.dtype)
    return Shape(*frozen) if is_shape else [Shape(*item) for item in frozen]


@lru_cache(maxsize=20_000)
def _facts(
    cls: Any, params: str, ports: tuple[str, ...], frozen: tuple[Any, ...], disabled: bool
) -> LayerFacts:
    shapes = [_thaw(item) for item in frozen]
    is_layer = issubclass(cls, LayerNode)
    try:
        with torch.device("meta"), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            module = make_module(cls, json.loads(params), ports, shapes, disabled=disabled)
            inputs = [_meta(shape) for shape in shapes]
            outputs, flops, kept = _run_measured(module, inputs)
        facts = _outputs(outputs, shapes if getattr(cls, "KEEPS_BATCH", True) else [])
    except Exception as error:  # a node may raise anything
        if is_resource_error(error):
            raise  # not the layer's fault, and not to be remembered
        return (
            LayerFacts((), error=_sentence(error))
            if is_layer
            else LayerFacts(None, error=_sentence(error))
        )
    if isinstance(facts, str):
        return LayerFacts((), error=facts)
    weights = {name: tuple(parameter.shape) for name, parameter in module.named_parameters()}
    parameters = sum(math.prod(shape) for shape in weights.values())
    over_batch = any(isinstance(part, _BatchNorm) for part in module.modules())
    return LayerFacts(
        facts,
        parameters,
        flops,
        over_batch=over_batch,
        weights=weights,
        kinds=weight_kinds(module),
        kept=kept,
    )


def _run_measured(module: nn.Module, inputs: Sequence[Any]) -> tuple[Any, int, Kept]:
    """Return the outputs on meta tensors, the FLOPs of one sample, and what the layer keeps.

    A layer that works, but not while it is measured, counts as one without FLOPs and activations.
    """
    try:
        with FlopCounter() as counter, SavedTensors() as saved:
            outputs = module(*inputs)
        kept = saved.kept(module, list(_tensors(inputs)), list(_tensors(outputs)))
        return outputs, counter.get_total_flops() // BATCH, kept
    except Exception:  # the layer's own error is raised by the next line again
        return module(*inputs), 0, Kept()


def _tensors(values: Any) -> Iterator[Tensor]:
    if isinstance(values, Tensor):
        yield values
    elif isinstance(values, tuple | list):
        for value in values:
            yield from _tensors(value)


def _meta(shape: Shapes) -> Tensor | list[Tensor] | None:
    if shape is None:
        return None
    if isinstance(shape, list):
        return [with_gradients(torch.empty(one, dtype=one.dtype, device="meta")) for one in shape]
    return with_gradients(torch.empty(shape, dtype=shape.dtype, device="meta"))


def _outputs(outputs: Any, inputs: Sequence[Shapes]) -> tuple[Shape, ...] | str:
    """Return the shapes of the outputs, or what is wrong with them."""
    tensors = outputs if isinstance(outputs, tuple | list) else (outputs,)
    for tensor in tensors:
        if not isinstance(tensor, Tensor):
            return f"it returns {type(tensor).__name__} instead of a tensor"
        if tensor.dim() > MOST_AXES:
            return f"its output would have {tensor.dim():,} axes; at most {MOST_AXES} are possible"
    shapes = tuple(Shape(tuple(tensor.shape), tensor.dtype) for tensor in tensors)
    if (empty := next((shape for shape in shapes if 0 in shape), None)) is not None:
        return f"its output would be empty: the shape is {empty}"
    read = [
        one
        for shape in inputs
        for one in (shape if isinstance(shape, list) else [shape])
        if one is not None
    ]
    if any(shape.has_batch for shape in read) and not any(shape.has_batch for shape in shapes):
        return f"it does not keep the batch axis: the output has the shape {shapes[0]}"
    return shapes


_SIZES = re.compile(r"\d+")


def _sentence(error: Exception) -> str:
    """Return the first line of an error message, with the size of the batch axis as B."""
    text = reason_of(error).rstrip(".")
    return _SIZES.sub(lambda match: _symbol(match[0]), text)


def _symbol(digits: str) -> str:
    size = int(digits) if len(digits) < 18 else 0
    return "B" if size == BATCH else f"{size // BATCH}·B" if size and size % BATCH == 0 else digits


@dataclass(frozen=True)
class NetworkFacts:
    """The shapes of a network. Nodes downstream of an error or an unknown shape are missing.

    `stopped_at` is the first layer for which there was no time.
    """

    inputs: dict[str, dict[str, Shape | list[Shape]]]
    shapes: dict[Source, Shape]
    layers: dict[str, LayerFacts]
    output: Shape | None
    stopped_at: Step | None = None


def trace(
    network: Network, given: Mapping[Source, Shape], seconds: float = math.inf
) -> NetworkFacts:
    """Infer the shapes of every layer that is not downstream of an error.

    `given` holds the shapes of the model's inputs. Layers that no earlier trace has met are
    inferred for `seconds` of CPU time; the others are left for the next trace.
    """
    shapes: dict[Source, Shape] = dict(given)
    until = time.thread_time() + seconds
    inputs: dict[str, dict[str, Shape | list[Shape]]] = {}
    layers: dict[str, LayerFacts] = {}
    for step in network.steps:
        if step.missing or any(source not in shapes for source in step.sources()):
            continue
        read = {port: _look_up(source, shapes) for port, source in step.inputs.items()}
        if time.thread_time() > until:
            return NetworkFacts(inputs, shapes, layers, None, stopped_at=step)
        inputs[step.node.id] = read
        facts = layers[step.node.id] = layer_facts(step, [read.get(port) for port in step.ports])
        for name, shape in zip(step.outputs, facts.outputs or (), strict=False):
            shapes[Source(step.node.id, name)] = shape
    return NetworkFacts(inputs, shapes, layers, shapes.get(network.output))


def _look_up(source: Read, shapes: Mapping[Source, Shape]) -> Shape | list[Shape]:
    return [shapes[one] for one in source] if isinstance(source, list) else shapes[source]


def warm_up(registry: Registry) -> None:
    """Run a first meta pass, which is slow, at start-up instead of at the first edit."""
    linear = registry.find("Linear")
    if linear is not None:
        _facts(cast(Any, linear), "{}", ("input",), (((BATCH, 2), torch.float32),), False)
