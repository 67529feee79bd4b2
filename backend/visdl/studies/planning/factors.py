"""The parameters that a grid or a search varies: whether they can be varied, and values of them."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from pydantic import JsonValue

from visdl.models.errors import InvalidInputError
from visdl.models.graph import Graph
from visdl.models.parameter_rules import RuleField
from visdl.models.strategies import Grid, GridFactor, OptunaSearch, RandomSearch, RangeFactor
from visdl.nodes.contract.registry import Registry
from visdl.nodes.contract.specs import DataType, InputSpec
from visdl.studies.edits import label_of, require_node

_MOST_CHARACTERS = 2000  # of a value as JSON
_LARGEST = 2**53  # of a whole number
_DIGITS = 6  # of a drawn number


class _Reason(NamedTuple):
    """Why a factor cannot be varied: a sentence, its remedy and the field of the factor."""

    message: str
    hint: str
    field: str


def check_factors(
    strategy: Grid | RandomSearch | OptunaSearch, graph: Graph, registry: Registry
) -> None:
    """Check that every factor can be varied.

    Raises InvalidInputError, at the field, for a node or parameter that does not exist or is named
    twice, for a range that no value can be drawn from or that the parameter does not have, and
    for values that are too long.
    """
    keys: set[str] = set()
    factors: Sequence[GridFactor | RangeFactor] = strategy.factors
    for at, factor in enumerate(factors):
        node = require_node(graph, factor.node)
        cls = registry.find(node.type)
        is_rule = RuleField.parse(factor.param) is not None
        spec = None if cls is None or is_rule else cls.parameters().get(factor.param)
        name = f"'{factor.param[:80]}' of '{label_of(graph, factor.node)}'"
        key = f"{factor.node}.{factor.param}"
        for reason in _reasons(factor, name, spec, is_repeated=key in keys):
            field = f"strategy.factors.{at}.{reason.field}"
            raise InvalidInputError(reason.message, hint=reason.hint, field=field)
        keys.add(key)


def _reasons(
    factor: GridFactor | RangeFactor, name: str, spec: InputSpec | None, *, is_repeated: bool
) -> Iterator[_Reason]:
    if is_repeated:
        yield _Reason(f"{name} is varied twice.", "List all its values in one place.", "param")
    for value in factor.values or ():
        if len(json.dumps(value)) > _MOST_CHARACTERS:
            message = f"A value of {name} has more than {_MOST_CHARACTERS:,} characters."
            yield _Reason(message, "Give a shorter value.", "values")
    if factor.values is None and isinstance(factor, RangeFactor):
        yield from _why_not_drawn(factor, name, spec)


def _why_not_drawn(factor: RangeFactor, name: str, spec: InputSpec | None) -> Iterator[_Reason]:
    low, high = factor.low, factor.high
    if low is None or high is None:
        field = "low" if low is None else "high"
        message, hint = f"The range of {name} has no {field}.", "Give values, or low and high."
        yield _Reason(message, hint, field)
        return
    if not low < high:
        hint = "Give values, or low and high with low < high."
        yield _Reason(f"The range of {name} is empty: {low:g} is not below {high:g}.", hint, "high")
    if factor.log and low <= 0:
        hint = "Give a low above 0, or switch off log."
        yield _Reason(f"The range of {name} cannot be logarithmic from {low:g}.", hint, "low")
    if not math.isfinite(high - low) or (factor.integer and max(-low, high) > _LARGEST):
        hint = "Give bounds that are closer together."
        yield _Reason(f"The range of {name}, {low:g} to {high:g}, is too wide.", hint, "high")
    elif factor.integer and math.ceil(low) > math.floor(high):
        message = f"There is no whole number from {low:g} to {high:g} for {name}."
        yield _Reason(message, "Give other bounds, or switch off integer.", "high")
    yield from _why_not_allowed(factor, name, spec)


def _why_not_allowed(factor: RangeFactor, name: str, spec: InputSpec | None) -> Iterator[_Reason]:
    """Yield why the parameter does not take the values of a range."""
    if spec is None:
        return
    if (spec.many and not spec.single) or spec.dtype not in (DataType.INT, DataType.FLOAT):
        message = f"{name} is not a number, so it has no range."
        yield _Reason(message, "List its values instead.", "values")
    elif spec.dtype is DataType.INT and not factor.integer:
        yield _Reason(f"{name} takes whole numbers.", "Switch on integer.", "integer")
    else:
        first, last = range_bounds(factor)
        for bound, field in ((first, "low"), (last, "high")):
            reason = spec.why_not(int(bound) if factor.integer else bound)
            if reason:
                yield _Reason(f"{name} {reason}.", "Give other bounds.", field)


def range_bounds(factor: RangeFactor) -> tuple[float, float]:
    """Return the bounds of a factor without listed values that was checked."""
    low, high = factor.low or 0.0, factor.high or 0.0
    return (math.ceil(low), math.floor(high)) if factor.integer else (low, high)


def first_value(factor: RangeFactor) -> JsonValue:
    """Return a value of a factor."""
    if factor.values:
        return factor.values[0]
    low = range_bounds(factor)[0]
    return int(low) if factor.integer else low


def draw(factor: RangeFactor, rng: np.random.Generator) -> JsonValue:
    """Draw a listed value, or one that is uniform (or log-uniform) between the bounds."""
    if factor.values is not None:
        return factor.values[int(rng.integers(len(factor.values)))]
    low, high = factor.low or 0.0, factor.high or 0.0
    value = float(rng.uniform(low, high)) if not factor.log else _draw_log(low, high, rng)
    return rounded(value, factor)


def rounded(value: float, factor: RangeFactor) -> JsonValue:
    """Return a drawn number as it is set: whole, or of six digits, and within the bounds."""
    low, high = range_bounds(factor)
    if factor.integer:
        return int(min(max(round(value), low), high))
    return min(max(float(f"{value:.{_DIGITS}g}"), low), high)


def _draw_log(low: float, high: float, rng: np.random.Generator) -> float:
    return math.exp(rng.uniform(math.log(low), math.log(high)))
