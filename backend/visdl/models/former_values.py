"""Reading values that earlier versions stored under other names."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import BeforeValidator


def read_former_values(names: Mapping[str, str]) -> BeforeValidator:
    """Return a validator that reads a former value as the one that is used now."""
    return BeforeValidator(
        lambda value: names.get(value, value) if isinstance(value, str) else value
    )
