"""The base classes of node types: parameters, ports, and what a node does.

A node knows its parameters and its inputs, never the graph, the store, the socket or the page.
The palette, the form, the wire types and the help are derived from the class.
"""

from __future__ import annotations

import inspect
import types
import typing
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, ClassVar

import torch
from torch import nn

from visdl.models.catalogue import NodeInfo, OutputInfo
from visdl.models.diagnostics import Diagnostic
from visdl.nodes.contract.annotations import read_hint, resolved_hints
from visdl.nodes.contract.specs import (
    DataType,
    InputSpec,
    OutputSpec,
    ParamSpec,
    input_info,
    spec_of,
)


def missing_torch(what: str, needed: str) -> str:
    """Return why the installed torch is too old, as a sentence; empty if it is not."""
    if not needed or torch.__version__ >= needed:
        return ""
    return f"{what} needs torch {needed} or newer; this is {torch.__version__.partition('+')[0]}."


class BaseNode:
    """The contract of every node.

    Parameters declared with `Param` are attributes of the instance.
    """

    CATEGORY: ClassVar[str] = "Other"
    DISPLAY_NAME: ClassVar[str] = ""
    DESCRIPTION: ClassVar[str] = ""  # default: the first sentence of the docstring
    KIND: ClassVar[str] = "other"
    VERSION: ClassVar[int] = 1
    PRIMARY: ClassVar[tuple[str, ...] | None] = (
        None  # at most three parameters shown on the node; None: the first two
    )
    FORMULA: ClassVar[str] = ""
    SHAPE_RULE: ClassVar[str] = ""
    URL: ClassVar[str] = ""
    OUTPUT_COUNT: ClassVar[str] = ""  # the parameter that gives the number of outputs
    CAN_DISABLE: ClassVar[bool] = True
    DISABLE_REASON: ClassVar[str] = ""
    ELEMENTWISE: ClassVar[bool] = (
        False  # each output value follows from one input value; see Traits
    )
    FINITE_SLOPE: ClassVar[bool] = False  # finite gradients stay finite; see Traits
    #: The oldest torch that has what the node is made of, such as "2.9"; the same by parameter.
    REQUIRES_TORCH: ClassVar[str] = ""
    PARAMS_REQUIRE_TORCH: ClassVar[Mapping[str, str]] = types.MappingProxyType({})

    PARAMS: ClassVar[Mapping[str, InputSpec]] = types.MappingProxyType({})

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        own = {name: value for name, value in vars(cls).items() if isinstance(value, ParamSpec)}
        for name in own.keys() - cls.PARAMS.keys():
            if any(name in vars(base) for base in cls.__mro__ if base.__module__ == __name__):
                raise TypeError(
                    f"every node has an attribute {name!r}; give the parameter another name"
                )
        hints = typing.get_type_hints(cls) if own else {}
        specs = {name: spec_of(name, param, hints.get(name)) for name, param in own.items()}
        for name, param in own.items():
            setattr(cls, name, param.default)
        cls.PARAMS = types.MappingProxyType({**cls.PARAMS, **specs})

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, InputSpec]:
        """Ports and parameters by name."""
        return dict(cls.PARAMS)

    @classmethod
    def RETURN_TYPES(cls) -> list[OutputSpec]:
        return []

    @classmethod
    def create(cls, params: Mapping[str, Any]) -> typing.Self:
        """Return a node with these valid parameters, and defaults for the others."""
        node = cls()
        for name, spec in cls.PARAMS.items():
            setattr(node, name, spec.coerce(params.get(name, spec.default)))
        return node

    def execute(self, **kwargs: Any) -> tuple[Any, ...]:
        """Compute the outputs: one value for each, as a tuple.

        Args:
            **kwargs: All parameters and the values of all ports by name. An unconnected port has
                its default, one for several wires a list. Datasets are lazy; activations of an
                operation between layers are tensors `(batch, …)`.
        """
        raise NotImplementedError(f"{type(self).__name__} has no execute()")

    def on_disable(self, **kwargs: Any) -> tuple[Any, ...] | None:
        """Return what a disabled node passes on: for each output, the first input of its type.

        None, the default if an output has no such input, means that the node counts as absent.
        """
        values = []
        for output in self.RETURN_TYPES():
            found = [
                n
                for n, s in self.ports().items()
                if s.accepts(output.dtype) and kwargs.get(n) is not None
            ]
            if not found:
                return None
            values.append(kwargs[found[0]])
        return tuple(values) or None

    def check(self, **kwargs: Any) -> list[Diagnostic]:
        """Return what is wrong with these inputs before a run; `node` and `fix` may be left out.

        The values are those that `infer` returns.
        """
        return []

    @classmethod
    def ports(cls) -> Mapping[str, InputSpec]:
        return _parts(cls)[0]  # type: ignore[arg-type]

    @classmethod
    def parameters(cls) -> Mapping[str, InputSpec]:
        return _parts(cls)[1]  # type: ignore[arg-type]

    @classmethod
    def outputs(cls) -> Mapping[str, OutputSpec]:
        return _parts(cls)[2]  # type: ignore[arg-type]

    @classmethod
    def output_names(cls, params: Mapping[str, Any]) -> list[str]:
        """Return the outputs of a node with these parameters.

        The parameter OUTPUT_COUNT gives their number: itself, the length of a list, or a switch
        that adds one.
        """
        names = list(cls.outputs())
        if not cls.OUTPUT_COUNT:
            return names
        value = params.get(cls.OUTPUT_COUNT, cls.parameters()[cls.OUTPUT_COUNT].default)
        if isinstance(value, bool):
            return names[: 1 + value]
        return names[: len(value) if isinstance(value, list | tuple) else int(value)]

    @classmethod
    def describe(cls, type_name: str, source: str = "built-in") -> NodeInfo:
        """Return the record of this type for the palette and the form."""
        doc = inspect.cleandoc(cls.DESCRIPTION or vars(cls).get("__doc__") or "")
        return NodeInfo(
            type=type_name,
            display_name=cls.DISPLAY_NAME or type_name,
            category=cls.CATEGORY,
            description=doc.split("\n\n")[0].replace("\n", " "),
            kind=cls.KIND,
            version=cls.VERSION,
            inputs={name: input_info(spec) for name, spec in cls.INPUT_TYPES().items()},
            outputs=[
                OutputInfo(name=o.name, dtype=o.dtype, description=o.description)
                for o in cls.RETURN_TYPES()
            ],
            output_count=cls.OUTPUT_COUNT or None,
            can_disable=cls.CAN_DISABLE,
            disable_reason=cls.DISABLE_REASON,
            primary=_first_two(cls) if cls.PRIMARY is None else list(cls.PRIMARY),
            formula=cls.FORMULA,
            shape_rule=cls.SHAPE_RULE,
            url=cls.URL,
            source=source,
        )


def _first_two(cls: type[BaseNode]) -> list[str]:
    """Return the first parameters that have a control on the card."""
    specs = cls.parameters().items()
    return [name for name, spec in specs if spec.dtype is not DataType.ANY][:2]


@cache
def _parts(
    cls: Any,
) -> tuple[Mapping[str, InputSpec], Mapping[str, InputSpec], Mapping[str, OutputSpec]]:
    """Return ports, parameters and outputs by name; cached, as every walk needs them."""
    specs = cls.INPUT_TYPES().items()
    return (
        types.MappingProxyType({name: spec for name, spec in specs if spec.is_port}),
        types.MappingProxyType({name: spec for name, spec in specs if not spec.is_port}),
        types.MappingProxyType({spec.name: spec for spec in cls.RETURN_TYPES()}),
    )


class DataNode(BaseNode):
    """Loads or arranges data. Its values are lazy, so they are known before a run."""

    CATEGORY = "Data"
    KIND = "data"

    def infer(self, **kwargs: Any) -> tuple[Any, ...]:
        """Return the outputs without reading data: names, types and row counts.

        Takes the arguments of `execute`. Raises InvalidInputError with the parameter in `field`.
        """
        raise NotImplementedError(f"{type(self).__name__} has no infer()")

    def execute(self, **kwargs: Any) -> tuple[Any, ...]:
        return self.infer(**kwargs)


class LayerNode(BaseNode):
    """A layer of the network. The ports are the arguments of `build`.

    An argument with a default is an optional port, `list[Shape]` takes any number of wires. Without
    any wire, the first port reads the model's input. The module is called with the activations in
    the order of the ports, and None for an unconnected port.
    """

    CATEGORY = "Layers"
    KIND = "layer"
    IS_LINEAR: ClassVar[bool] = False  # two in a row are equivalent to one
    GIVES: ClassVar[str] = ""  # "probabilities" or "log_probabilities", if these are its outputs
    KEEPS_BATCH: ClassVar[bool] = (
        True  # False: the output is the same for all samples, without a batch axis
    )

    #: Returns the module for inputs of these shapes, a `Shape` for each port. Layers define it.
    build: Callable[..., nn.Module]

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, InputSpec]:
        ports = _layer_ports(cls.build)
        for name in ports.keys() & cls.PARAMS.keys():
            raise TypeError(
                f"{name!r} is both a parameter and an argument of build; rename one of them"
            )
        return {**ports, **cls.PARAMS}

    @classmethod
    def RETURN_TYPES(cls) -> list[OutputSpec]:
        return [OutputSpec(DataType.LAYER, "output")]


def _layer_ports(build: Callable[..., nn.Module]) -> dict[str, InputSpec]:
    """Return a port for each argument of `build`.

    The first port and those with a default are optional. A port takes any number of wires if its
    annotation is a sequence, such as `list[Shape]`. Raises TypeError for an unresolved annotation.
    """
    hints = resolved_hints(build)
    ports = list(inspect.signature(build).parameters.values())[1:]
    return {
        port.name: InputSpec(
            DataType.LAYER,
            required=port is not ports[0] and port.default is inspect.Parameter.empty,
            multiple=port.name in hints and read_hint(hints[port.name]).many,
            description="Activations",
        )
        for port in ports
        if port.kind is not inspect.Parameter.VAR_KEYWORD
    }


class InputNode(BaseNode):
    """An input of the network: which columns of the data it reads, and in what shape."""

    CATEGORY = "Input"
    KIND = "input"
    CAN_DISABLE = False
    DISABLE_REASON = "Without its input the network has nothing to read."

    #: Names of columns as a comma list; empty for all input columns of the data.
    columns: str
    #: Sizes without the batch axis; None for one axis of all columns.
    shape: tuple[int, ...] | None

    def element(self) -> torch.dtype:
        """Return the element type of the activations."""
        return torch.float32

    @classmethod
    def RETURN_TYPES(cls) -> list[OutputSpec]:
        return [OutputSpec(DataType.LAYER, "output")]


class TrainingLoopNode(BaseNode):
    """A training loop. It declares ports and parameters; `training.loop.fit` does the work."""

    CATEGORY = "Training"
    KIND = "training"
    CAN_DISABLE = False
    DISABLE_REASON = "Without the training loop there is nothing to run."


class AssemblyNode(BaseNode):
    """Builds a model of layers. The compiled module is the argument `layers` of `execute`."""

    CATEGORY = "Model"
    KIND = "model"
    CAN_DISABLE = False
    DISABLE_REASON = "Without the model there is nothing to train."
