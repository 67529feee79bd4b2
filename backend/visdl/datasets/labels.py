"""Class labels."""

from __future__ import annotations

import math

#: The largest range in which float64 represents every whole number.
EXACT = 2**53


def label(value: float | str) -> str:
    """Return a cell as a class label.

    Whole numbers are "3", booleans "true" and "false", a blank cell is "".
    """
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if math.isnan(value):
        return ""
    return str(int(value)) if abs(value) <= EXACT and value == int(value) else repr(value)
