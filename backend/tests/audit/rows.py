"""Rows of the tables: node types of a kind, and values of their parameters."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from visdl.nodes import BaseNode, NodeRegistry
from visdl.nodes.contract.specs import DataType, InputSpec

CLASSES = 3  # as many values as a list of weights gets


def names_of(kind: type[BaseNode]) -> list[str]:
    """Return the names of all node types of this kind."""
    return [name for name in NodeRegistry.names() if issubclass(NodeRegistry.get(name), kind)]


def other_values(cls: type[BaseNode], leave_out: Collection[str] = ()) -> dict[str, Any]:
    """Return a valid value besides the default for each parameter that has one."""
    found = {
        name: _other(spec)
        for name, spec in cls.PARAMS.items()
        if name not in leave_out and (spec.dtype is not DataType.STRING or spec.choices)
    }
    return {name: value for name, value in found.items() if value != cls.PARAMS[name].default}


def _other(spec: InputSpec) -> Any:
    if spec.choices is not None:
        return next((c for c in reversed(spec.choices) if c != spec.default), spec.default)
    if spec.dtype is DataType.BOOL:
        return not spec.default
    if spec.many and spec.default is None:
        return [0.5 + i for i in range(CLASSES)]
    return [_number(spec, v) for v in spec.default] if spec.many else _number(spec, spec.default)


def _number(spec: InputSpec, default: float | None) -> float:
    """Return a small whole number, or one near the default; tiny defaults get a visible effect."""
    if spec.dtype is DataType.INT:
        tried = [2, 3]
    else:
        near = 1e-3 if default is None or abs(default) < 1e-3 else 0.9 * default
        tried = [near, 1.1 * (default or 0)]
    return next((n for n in tried if n != default and _is_within(spec, n)), default or 0)


def _is_within(spec: InputSpec, number: float) -> bool:
    low = spec.min is None or spec.min <= number
    return low and (spec.max is None or number <= spec.max)
