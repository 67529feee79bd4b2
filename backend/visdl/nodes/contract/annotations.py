"""Annotations of arguments, read as descriptions of ports and outputs."""

from __future__ import annotations

import collections.abc
import inspect
import types
import typing
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any

_SEQUENCES = frozenset(
    {
        list,
        collections.abc.Collection,
        collections.abc.Iterable,
        collections.abc.MutableSequence,
        collections.abc.Sequence,
    }
)


@dataclass(frozen=True)
class Hint:
    """An annotation taken apart: `Annotated[list[Tensor] | None, "Activations"]`.

    `options` are the types of one value (several for a union), `many` is True for a sequence of
    them, `optional` if None is allowed. `notes` is the metadata of `Annotated`.
    """

    options: tuple[Any, ...]
    many: bool = False
    optional: bool = False
    notes: tuple[Any, ...] = ()


def read_hint(annotation: Any) -> Hint:
    """Take a resolved annotation apart."""
    origin, args = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is Annotated:
        inner = read_hint(args[0])
        return Hint(inner.options, inner.many, inner.optional, (*args[1:], *inner.notes))
    if origin in (types.UnionType, typing.Union):
        parts = [read_hint(option) for option in args if option is not type(None)]
        return Hint(
            options=tuple(option for part in parts for option in part.options),
            many=any(part.many for part in parts),
            optional=len(parts) < len(args) or any(part.optional for part in parts),
            notes=tuple(note for part in parts for note in part.notes),
        )
    if annotation in _SEQUENCES or annotation is tuple:
        return Hint((Any,), many=True)
    if origin in _SEQUENCES or (origin is tuple and args[1:] == (Ellipsis,)):
        inner = read_hint(args[0])
        return Hint(inner.options, True, False, inner.notes)
    return Hint((annotation,))


def resolved_hints(function: Callable[..., Any]) -> dict[str, Any]:
    """Return the annotations of a function by argument, and `return`, with names resolved.

    `Annotated` is kept. Raises TypeError if an annotation names something that does not exist when
    the function is defined.
    """
    try:
        return typing.get_type_hints(inspect.unwrap(function), include_extras=True)
    except NameError as error:
        raise TypeError(
            f"an annotation of {function.__name__}() cannot be resolved: {error}; "
            "import the name at the top of the file, not under TYPE_CHECKING"
        ) from error


def plain_hint(annotation: Any) -> Any:
    """Return an annotation without its outermost `Annotated`."""
    is_annotated = typing.get_origin(annotation) is Annotated
    return typing.get_args(annotation)[0] if is_annotated else annotation
