"""The names of classes."""

from __future__ import annotations

import math

#: Up to here float64 holds every whole number.
EXACT = 2**53


def label(value: float | str) -> str:
    """A cell as the name of a class: whole numbers as "3", booleans as "true" and "false", a blank cell as ""."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if math.isnan(value):
        return ""
    return str(int(value)) if abs(value) <= EXACT and value == int(value) else repr(value)
