"""The parts of a node type's description: types of wires, ports, parameters, shapes."""

from __future__ import annotations

import math
import re
import types
import typing
from collections.abc import Sequence
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Any, Literal

import torch

from visdl.models.catalogue import InputInfo


class DataType(StrEnum):
    TENSOR = "TENSOR"
    INT = "INT"
    FLOAT = "FLOAT"
    STRING = "STRING"
    BOOL = "BOOL"
    DATASET = "DATASET"
    LOADER = "LOADER"
    LAYER = "LAYER"
    MODEL = "MODEL"
    OPTIMIZER = "OPTIMIZER"
    SCHEDULER = "SCHEDULER"
    LOSS_FN = "LOSS_FN"
    TRAINING_RESULT = "TRAINING_RESULT"
    METRICS = "METRICS"
    ANY = "ANY"

    def fits(self, target: DataType) -> bool:
        """Return whether a wire may lead from an output of this type to an input of `target`."""
        if DataType.ANY in (self, target) or self is target:
            return True
        return {self, target} in _INTERCHANGEABLE or (
            self is DataType.INT and target is DataType.FLOAT
        )


SCALARS = frozenset({DataType.INT, DataType.FLOAT, DataType.STRING, DataType.BOOL})
_INTERCHANGEABLE: tuple[set[DataType], ...] = ({DataType.LAYER, DataType.TENSOR},)


@dataclass(frozen=True)
class InputSpec:
    """A port, or a parameter with a form field.

    Attributes:
        dtype: The type of the wire or of the field's value.
        default: The value if none is given.
        required: Whether a value or wire is needed.
        min, max: Limits of a number, inclusive.
        choices: The allowed values.
        is_handle: True for a port, False for a parameter. By default scalars are parameters and
            everything else is a port. A parameter of type DATASET names a stored dataset, and the
            node gets the dataset itself.
        description, label, unit: Help text, name of the field, and what a number counts.
        multiple: The port takes any number of wires; its value is a list in the order of the wires.
        nullable: The value may be empty (None).
        widget: The form field, if it is not the usual one of the type.
        step: By how much the arrow keys change a number.
    """

    dtype: DataType
    default: Any = None
    required: bool = False
    min: float | None = None
    max: float | None = None
    choices: Sequence[Any] | None = None
    is_handle: bool | None = None
    description: str = ""
    multiple: bool = False
    nullable: bool = False
    widget: str | None = None
    step: float | None = None
    label: str = ""
    unit: str = ""
    length: int | None = None  # a list of exactly this many values, such as Adam's betas
    many: bool = False  # a list of values
    single: bool = False  # a single value is accepted for a list
    words: Sequence[str] = ()  # accepted besides numbers, such as padding="same"
    also: DataType | None = None  # a second type that the port accepts

    def __post_init__(self) -> None:
        object.__setattr__(
            self, "dtype", DataType(self.dtype)
        )  # "TENSOR" is accepted for DataType.TENSOR
        object.__setattr__(self, "also", self.also and DataType(self.also))
        object.__setattr__(self, "many", self.many or self.length is not None)

    @property
    def is_port(self) -> bool:
        return self.dtype not in SCALARS if self.is_handle is None else self.is_handle

    def accepts(self, dtype: DataType) -> bool:
        return dtype.fits(self.dtype) or (self.also is not None and dtype.fits(self.also))

    def why_not(self, value: Any) -> str | None:
        """Return why `value` is not valid, as the end of a sentence, or None."""
        if value is None:
            return None if self.nullable or not self.required else "needs a value"
        if isinstance(value, str) and value in self.words:
            return None
        if self.many and not (self.single and not isinstance(value, list | tuple)):
            return self._why_not_list(value)
        problem = self._why_not_value(value)
        return f"{problem} (or {' or '.join(self.words)})" if problem and self.words else problem

    def _why_not_list(self, value: Any) -> str | None:
        if isinstance(value, list | tuple) and len(value) > MOST_VALUES:
            return f"must have at most {MOST_VALUES:,} values, not {len(value):,}"
        if not isinstance(value, list | tuple):
            return f"must be a list of {self.length or 'any number of'} values, not {_show(value)}"
        if self.length is not None and len(value) != self.length:
            one = "one value or " if self.single else ""
            return f"must be {one}a list of {self.length} values, not {_show(value)}"
        return next((problem for item in value if (problem := self._why_not_value(item))), None)

    def _why_not_value(self, value: Any) -> str | None:
        if self.choices is not None and not any(
            value == c and type(value) is type(c) for c in self.choices
        ):
            return f"must be one of {', '.join(map(str, self.choices))}, not {_show(value)}"
        return _why_not_type(self.dtype, value) or self._why_not_range(value)

    def _why_not_range(self, value: Any) -> str | None:
        if self.dtype not in (DataType.INT, DataType.FLOAT):
            may_be_empty = self.dtype is not DataType.DATASET and self.default == ""
            return "needs a value" if value == "" and self.required and not may_be_empty else None
        if self.min is not None and value < self.min:
            least = "more than 0" if self.min == LEAST else f"at least {self.min:g}"
            return f"must be {least}, not {value}"
        if self.max is not None and value > self.max:
            return f"must be at most {self.max:g}, not {value}"
        return None

    def coerce(self, value: Any) -> Any:
        """Return a valid value as the node gets it: 1.0 for 1 of a FLOAT, 2 for 2.0 of an INT."""
        if value is None:
            return None if self.nullable else self.default
        if isinstance(value, list | tuple):
            return tuple(self._coerce_value(item) for item in value)
        return self._coerce_value(value)

    def _coerce_value(self, value: Any) -> Any:
        if isinstance(value, str):
            return value
        if self.dtype is DataType.FLOAT:
            return float(value)
        return int(value) if self.dtype is DataType.INT else value


def _show(value: Any) -> str:
    if isinstance(value, str | list | tuple):
        value = value[:100]
    if isinstance(value, int) and abs(value) > 10**40:
        return "a number of more than 40 digits"
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _why_not_type(dtype: DataType, value: Any) -> str | None:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    expected = None
    match dtype:
        case DataType.BOOL if not isinstance(value, bool):
            expected = "true or false"
        case DataType.STRING | DataType.DATASET if not isinstance(value, str):
            expected = "text"
        case DataType.STRING if len(value) > MOST_CHARACTERS:
            expected = f"at most {MOST_CHARACTERS:,} characters"
        case DataType.INT if not is_number or not _is_finite(value) or value != int(value):
            expected = "a whole number"
        case DataType.INT if abs(value) > 2**53:
            expected = "a whole number below 2^53"
        case DataType.FLOAT if not is_number:
            expected = "a number"
        case DataType.FLOAT if not _is_finite(value):
            expected = "a finite number"
    return f"must be {expected}, not {_show(value)}" if expected else None


def _is_finite(value: float) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:  # an int beyond the largest float
        return False


@dataclass(frozen=True)
class OutputSpec:
    dtype: DataType
    name: str = "output"
    description: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "dtype", DataType(self.dtype))


@dataclass(frozen=True)
class ParamSpec:
    """The value of `Param` until the annotation is read."""

    default: Any
    options: dict[str, Any]


def Param(
    default: Any,
    *,
    min: float | None = None,
    max: float | None = None,
    choices: Sequence[Any] | None = None,
    description: str = "",
    widget: str | None = None,
    step: float | None = None,
    label: str = "",
    unit: str = "",
) -> Any:
    """Declare a parameter: `p: float = Param(0.5, min=0, max=1)`.

    It is a class attribute, or the default of an argument of a `@node` function. The annotation
    defines its type: int, float, str, bool, a tuple or list of these, with `| None` if it may be
    empty. A description with "empty: the window's size" is also shown in the empty field.
    """
    options = {"min": min, "max": max, "choices": choices, "description": description}
    return ParamSpec(
        default, {**options, "widget": widget, "step": step, "label": label, "unit": unit}
    )


_EMPTY = re.compile(r"\bempty: ([^,.;]+)")
_PARAM_TYPES = {
    int: DataType.INT,
    float: DataType.FLOAT,
    str: DataType.STRING,
    bool: DataType.BOOL,
    dict: DataType.ANY,  # a record that the node checks itself
}


#: The smallest value of a parameter that would switch learning off at 0, such as a factor.
LEAST = 1e-12
#: The largest dropout: with 1, everything is zeroed and nothing upstream is learned.
MOST_DROPPED = 0.99

#: The most values of a list, characters of a text, and axes of an activation (torch's own limit).
MOST_VALUES = 10_000
MOST_CHARACTERS = 1_000_000
MOST_AXES = 64

#: Stands for the batch axis in a `Shape`. Prime, and no usual size of a layer.
BATCH = 10_007


class Shape(tuple[int, ...]):
    """The shape of an activation, the batch axis at 0, with the element type in `dtype`.

    The size of the batch axis is opaque: nothing may be built from it. Values that do not depend
    on the data, such as a learned Parameter, have no batch axis.
    """

    dtype: torch.dtype

    def __new__(cls, sizes: Sequence[int], dtype: torch.dtype = torch.float32) -> Shape:
        shape = super().__new__(cls, sizes)
        shape.dtype = dtype
        return shape

    @property
    def features(self) -> tuple[int, ...]:
        """The sizes without the batch axis."""
        return tuple(self[1:])

    @property
    def axes(self) -> list[int | str]:
        """The sizes as shown: "B" for the batch axis, "49·B" if others were folded into it."""
        return [_axis(size) for size in self]

    @property
    def has_batch(self) -> bool:
        return any(size and size % BATCH == 0 for size in self)

    @property
    def batch_first(self) -> bool:
        return bool(self) and self[0] == BATCH

    def __str__(self) -> str:
        return ", ".join(map(str, self.axes)) or "one number"


def _axis(size: int) -> int | str:
    if size == 0 or size % BATCH:
        return size
    return "B" if size == BATCH else f"{size // BATCH}·B"


def spec_of(name: str, param: ParamSpec, hint: Any) -> InputSpec:
    """Return the specification of a parameter. Raises TypeError for other annotations."""
    kind = _Kind.of(hint)
    records = kind.item is dict and not (kind.many and param.options["widget"])  # has no form
    if kind.item not in _PARAM_TYPES or records:
        raise TypeError(
            f"parameter {name!r} needs an annotation: int, float, str, bool, "
            "a tuple or list of these"
        )
    only_words = kind.item is str and bool(kind.words)
    options = {
        **param.options,
        "choices": param.options["choices"] or (kind.words if only_words else None),
    }
    return InputSpec(
        dtype=DataType.DATASET if param.options["widget"] == "dataset" else _PARAM_TYPES[kind.item],
        default=param.default,
        required=not kind.nullable,
        nullable=kind.nullable,
        is_handle=False,
        length=kind.length,
        many=kind.many,
        single=kind.single,
        words=() if only_words else kind.words,
        **options,
    )


@dataclass
class _Kind:
    """What the annotation of a parameter allows.

    Such as `int`, `float | None`, `tuple[int, int]`, `list[int]`, `int | tuple[int, int]` or
    `Literal["same", "valid"] | int`.
    """

    item: Any = None
    nullable: bool = False
    many: bool = False
    single: bool = False
    length: int | None = None
    words: tuple[str, ...] = ()

    @classmethod
    def of(cls, hint: Any) -> _Kind:
        """Read an annotation; `item` is None if no parameter can have it."""
        kind, items = cls(), list[Any]()
        options = (
            typing.get_args(hint)
            if typing.get_origin(hint) in (types.UnionType, typing.Union)
            else (hint,)
        )
        for option in options:
            origin, args = typing.get_origin(option), typing.get_args(option)
            if option is type(None):
                kind.nullable = True
            elif origin is Literal:
                kind.words = args
            elif origin in (tuple, list):
                kind.many = True
                kind.length = None if origin is list or Ellipsis in args else len(args)
                items += [arg for arg in args if arg is not Ellipsis]
            else:
                kind.single = True
                items.append(option)
        kind.single = kind.single and kind.many
        kinds = set(items or [str])
        kind.item = (
            next(iter(kinds)) if len(kinds) == 1 else float if kinds == {int, float} else None
        )
        return kind


def input_info(spec: InputSpec) -> InputInfo:
    """Return the record of a port or parameter for the catalogue."""
    values = {field.name: getattr(spec, field.name) for field in fields(spec)}
    values["default"] = list(spec.default) if isinstance(spec.default, tuple) else spec.default
    values["words"] = list(spec.words)
    values["choices"] = None if spec.choices is None else list(spec.choices)
    empty = _EMPTY.search(spec.description)
    return InputInfo.model_validate(
        {**values, "is_handle": spec.is_port, "empty": empty[1] if empty else ""}
    )
