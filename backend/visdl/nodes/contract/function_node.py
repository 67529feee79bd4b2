"""Node types written as functions: `@node` turns an annotated function into a node type."""

from __future__ import annotations

import inspect
import typing
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, ClassVar, TypeVar, overload

from torch import Tensor, nn
from torch.optim import Optimizer

from visdl.datasets.dataset import Dataset
from visdl.datasets.split import Loader
from visdl.nodes.contract.annotations import Hint, plain_hint, read_hint, resolved_hints
from visdl.nodes.contract.base import BaseNode, DataNode
from visdl.nodes.contract.learning import Loss, Schedule
from visdl.nodes.contract.registry import NodeRegistry
from visdl.nodes.contract.runtime_values import Metrics, TrainingResult
from visdl.nodes.contract.specs import (
    SCALARS,
    DataType,
    InputSpec,
    OutputSpec,
    Param,
    ParamSpec,
    spec_of,
)

Function = TypeVar("Function", bound=Callable[..., Any])

#: The type of a wire by the annotation of what it carries.
_TYPES: Mapping[Any, DataType] = {
    Tensor: DataType.TENSOR,
    Dataset: DataType.DATASET,
    Loader: DataType.LOADER,
    nn.Module: DataType.MODEL,
    Optimizer: DataType.OPTIMIZER,
    Schedule: DataType.SCHEDULER,
    Loss: DataType.LOSS_FN,
    TrainingResult: DataType.TRAINING_RESULT,
    Metrics: DataType.METRICS,
    int: DataType.INT,
    float: DataType.FLOAT,
    str: DataType.STRING,
    bool: DataType.BOOL,
    object: DataType.ANY,
    Any: DataType.ANY,
}
_DATA = frozenset({DataType.DATASET, DataType.LOADER})


class FunctionNode(BaseNode):
    """A node type made of a function. Subclasses are created by `node`."""

    FUNCTION: ClassVar[Callable[..., Any]]
    ON_DISABLE: ClassVar[Callable[..., Any] | None] = None
    INPUTS: ClassVar[Mapping[str, InputSpec]] = MappingProxyType({})
    #: Ports that may stay unconnected, and whether each takes any number of wires. A plain dict,
    #: since torch.export of 2.6 cannot trace another mapping.
    OPTIONAL_PORTS: ClassVar[dict[str, bool]] = {}
    RETURNS: ClassVar[tuple[OutputSpec, ...]] = ()
    RETURNS_TUPLE: ClassVar[bool] = False  # the outputs are the items of a tuple

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, InputSpec]:
        return dict(cls.INPUTS)

    @classmethod
    def RETURN_TYPES(cls) -> list[OutputSpec]:
        return list(cls.RETURNS)

    def execute(self, **kwargs: Any) -> tuple[Any, ...]:
        return self._call(type(self).FUNCTION, kwargs)

    def on_disable(self, **kwargs: Any) -> tuple[Any, ...] | None:
        function = type(self).ON_DISABLE
        return super().on_disable(**kwargs) if function is None else self._call(function, kwargs)

    def _call(self, function: Callable[..., Any], kwargs: Mapping[str, Any]) -> tuple[Any, ...]:
        """Call a function with all arguments that are given; an unconnected port is its default."""
        arguments = {
            name: value
            for name, value in kwargs.items()
            if name not in self.OPTIONAL_PORTS
            or not (value is None or (self.OPTIONAL_PORTS[name] and not value))
        }
        value = function(**arguments)
        if not self.RETURNS:
            return ()
        if not self.RETURNS_TUPLE:
            return (value,)
        if not isinstance(value, (tuple, list)) or len(value) != len(self.RETURNS):
            names = ", ".join(output.name for output in self.RETURNS)
            raise TypeError(
                f"{function.__name__}() must return {len(self.RETURNS)} values: {names}"
            )
        return tuple(value)


class DataFunctionNode(FunctionNode, DataNode):
    """A function that arranges lazy data, so the server may call it to know columns and rows."""

    def infer(self, **kwargs: Any) -> tuple[Any, ...]:
        return self._call(type(self).FUNCTION, kwargs)


@overload
def node(name: Function, /) -> Function: ...


@overload
def node(
    name: str | None = None,
    /,
    *,
    category: str | None = None,
    display_name: str = "",
    version: int = 1,
    formula: str = "",
    shape_rule: str = "",
    url: str = "",
    primary: Sequence[str] | None = None,
    on_disable: Callable[..., Any] | None = None,
    elementwise: bool = False,
    finite_slope: bool = False,
    static: bool = False,
) -> Callable[[Function], Function]: ...


def node(
    name: Any = None,
    /,
    *,
    category: str | None = None,
    display_name: str = "",
    version: int = 1,
    formula: str = "",
    shape_rule: str = "",
    url: str = "",
    primary: Sequence[str] | None = None,
    on_disable: Callable[..., Any] | None = None,
    elementwise: bool = False,
    finite_slope: bool = False,
    static: bool = False,
) -> Any:
    """Register an annotated function as a node type and return the function.

    Arguments of a wire's type are the ports: required, or optional with the default None
    (`mask: Tensor | None = None`); `list[Tensor]` takes any number of wires. Arguments with another
    default are the parameters (`factor: float = Param(2.0, min=0)`). The return annotation gives
    the outputs: one type, a tuple or NamedTuple of types, or None. The docstring is the help text.
    The function stays callable as usual, with the values in `Param` as its defaults.

    `name` is the type's name, by default the function's in capitals: `multiply_by` is "MultiplyBy".
    `on_disable` gets the same arguments and returns what a disabled node passes on.
    `elementwise` and `finite_slope` are the traits of that name. `static` is for a function of
    datasets or loaders that reads none of their values: the server calls it to know columns and
    rows before a run. The others are the class attributes of that name.

    Raises TypeError for a declaration that does not describe a node, ValueError for a taken name.
    """
    attributes = {
        "DISPLAY_NAME": display_name,
        "VERSION": version,
        "FORMULA": formula,
        "SHAPE_RULE": shape_rule,
        "URL": url,
        "PRIMARY": None if primary is None else tuple(primary),
        "ELEMENTWISE": elementwise,
        "FINITE_SLOPE": finite_slope,
        "ON_DISABLE": None if on_disable is None else staticmethod(on_disable),
        **({} if category is None else {"CATEGORY": category}),
    }

    def define(function: Function) -> Function:
        _check_function(function)
        type_name = name if isinstance(name, str) else _type_name(function.__name__)
        cls = _node_class(function, attributes, DataFunctionNode if static else FunctionNode)
        NodeRegistry.register(type_name)(cls)
        function.node_class = cls  # type: ignore[attr-defined]  # where pickle looks for the class
        _use_values_of_params(function)
        return function

    if name is None or isinstance(name, str):
        return define
    return define(name)


def _check_function(function: Any) -> None:
    if inspect.isclass(function):
        raise TypeError(
            f"@node is for functions; register the class {function.__name__!r} "
            "with @NodeRegistry.register"
        )
    if not inspect.isfunction(function):
        raise TypeError(f"@node is for functions, not for {type(function).__name__}")
    if inspect.iscoroutinefunction(function) or inspect.isgeneratorfunction(function):
        raise TypeError(f"{function.__name__}() must return its outputs: no async, no yield")


def _type_name(name: str) -> str:
    return "".join(word[:1].upper() + word[1:] for word in name.split("_"))


def _node_class(
    function: Any, attributes: Mapping[str, Any], base: type[FunctionNode]
) -> type[FunctionNode]:
    hints = resolved_hints(function)
    inputs = _inputs(function, hints)
    outputs, is_tuple = _outputs(function.__name__, hints)
    if issubclass(base, DataNode) and not (outputs and all(o.dtype in _DATA for o in outputs)):
        raise TypeError(f"{function.__name__}() is static, so it must return a Dataset or Loader")
    body = {
        **attributes,
        "__doc__": function.__doc__,
        "__module__": function.__module__,
        "__qualname__": f"{function.__qualname__}.node_class",
        "FUNCTION": staticmethod(function),
        "INPUTS": MappingProxyType(inputs),
        "OPTIONAL_PORTS": {
            name: spec.multiple
            for name, spec in inputs.items()
            if spec.is_port and not spec.required
        },
        "PARAMS": MappingProxyType({n: spec for n, spec in inputs.items() if not spec.is_port}),
        "RETURNS": tuple(outputs),
        "RETURNS_TUPLE": is_tuple,
    }
    return type(function.__name__, (base,), body)


def _inputs(function: Any, hints: Mapping[str, Any]) -> dict[str, InputSpec]:
    """The ports and parameters of a function by name. Raises TypeError."""
    owner, inputs = f"{function.__name__}()", {}
    for name, argument in inspect.signature(function).parameters.items():
        if argument.kind in (argument.VAR_POSITIONAL, argument.VAR_KEYWORD):
            stars = "*" if argument.kind is argument.VAR_POSITIONAL else "**"
            raise TypeError(
                f"{owner} has {stars}{name}: name every port and parameter; "
                f"`{name}: list[Tensor]` takes any number of wires"
            )
        if argument.kind is argument.POSITIONAL_ONLY:
            raise TypeError(f"{owner} is called with arguments by name: remove the `/`")
        if name not in hints:
            raise TypeError(f"the argument {name!r} of {owner} needs an annotation, like `Tensor`")
        if name == "self":
            raise TypeError(f"{owner} must not have an argument 'self'")
        inputs[name] = _input(name, owner, hints[name], argument.default)
    return inputs


def _input(name: str, owner: str, annotation: Any, default: Any) -> InputSpec:
    hint = read_hint(annotation)
    types = _wire_types(hint)
    is_scalar = types is None or all(dtype in SCALARS for dtype in types)
    has_default = default is not inspect.Parameter.empty
    if isinstance(default, ParamSpec) or (has_default and is_scalar):
        return _parameter(name, annotation, hint, default)
    if types is None:
        raise TypeError(f"the argument {name!r} of {owner} has {_unknown(annotation)}")
    if len(types) > 2:
        raise TypeError(f"the argument {name!r} of {owner} has {len(types)} types, at most 2 fit")
    if has_default and default is not None:
        raise TypeError(f"the port {name!r} of {owner} can only have the default None")
    return InputSpec(
        types[0],
        also=types[1] if len(types) > 1 else None,
        required=not (has_default or hint.optional),
        multiple=hint.many,
        is_handle=True,
        description=_description(hint),
    )


def _parameter(name: str, annotation: Any, hint: Hint, default: Any) -> InputSpec:
    if hasattr(BaseNode, name):
        raise TypeError(f"every node has an attribute {name!r}; give the parameter another name")
    param: ParamSpec = default if isinstance(default, ParamSpec) else Param(default)
    if not param.options["description"]:
        param = ParamSpec(param.default, {**param.options, "description": _description(hint)})
    if hint.options == (Dataset,):  # a dataset that is chosen in the form
        return spec_of(name, ParamSpec(param.default, {**param.options, "widget": "dataset"}), str)
    return spec_of(name, param, plain_hint(annotation))


def _outputs(owner: str, hints: Mapping[str, Any]) -> tuple[list[OutputSpec], bool]:
    """The outputs of a function, and whether it returns them as a tuple. Raises TypeError."""
    if "return" not in hints:
        raise TypeError(
            f"{owner}() needs a return annotation, like `-> Tensor`; `-> None` for no output"
        )
    annotation = hints["return"]
    plain = plain_hint(annotation)
    if plain in (None, type(None)):
        return [], False
    if isinstance(plain, type) and issubclass(plain, tuple) and hasattr(plain, "_fields"):
        fields = typing.get_type_hints(plain, include_extras=True)
        return [_output(owner, name, fields.get(name)) for name in plain._fields], True
    if typing.get_origin(plain) is tuple and Ellipsis not in typing.get_args(plain):
        args = typing.get_args(plain)
        return [_output(owner, f"output{n}", arg) for n, arg in enumerate(args, 1)], True
    return [_output(owner, "output", annotation)], False


def _output(owner: str, name: str, annotation: Any) -> OutputSpec:
    hint = read_hint(annotation)
    types = _wire_types(hint)
    if types is None or len(types) != 1 or hint.many or hint.optional:
        raise TypeError(f"the {name} of {owner}() has {_unknown(annotation)}")
    return OutputSpec(types[0], name, _description(hint))


def _wire_types(hint: Hint) -> list[DataType] | None:
    """The types of wire that an annotation means; None if it is not one."""
    named = [note for note in hint.notes if isinstance(note, DataType)]
    if named:
        return named
    try:
        types = [_TYPES.get(option) for option in hint.options]
    except TypeError:  # an annotation that cannot be hashed
        return None
    return None if None in types or not types else [dtype for dtype in types if dtype]


def _description(hint: Hint) -> str:
    return next((note for note in hint.notes if type(note) is str), "")


def _unknown(annotation: Any) -> str:
    known = ", ".join(getattr(kind, "__name__", str(kind)) for kind in _TYPES)
    name = annotation.__name__ if isinstance(annotation, type) else str(annotation)
    return f"the type {name}, which no wire carries; known are {known}"


def _use_values_of_params(function: Any) -> None:
    """Make the values in `Param` the defaults of the function."""

    def value(default: Any) -> Any:
        return default.default if isinstance(default, ParamSpec) else default

    if function.__defaults__:
        function.__defaults__ = tuple(map(value, function.__defaults__))
    if function.__kwdefaults__:
        function.__kwdefaults__ = {k: value(v) for k, v in function.__kwdefaults__.items()}
