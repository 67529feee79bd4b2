"""The base of all records, and the type of JSON values in them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, JsonValue, WithJsonSchema

#: Any JSON value; `x-type` names it for generated types.
Json = Annotated[
    JsonValue,
    WithJsonSchema(
        {"type": ["string", "number", "boolean", "array", "object", "null"], "x-type": "Json"}
    ),
]


class Record(BaseModel):
    """A record that is sent or stored. Answers have all its fields, also those with a default."""

    model_config: ClassVar[ConfigDict] = ConfigDict(
        json_schema_serialization_defaults_required=True
    )


class Request(Record):
    """A record that clients send: a field that it does not know is an error."""

    model_config: ClassVar[ConfigDict] = ConfigDict(extra="forbid")


def AtMost(most: int) -> BeforeValidator:
    """Return a validator that refuses a larger dictionary before its values are looked at."""

    def check(value: object) -> object:
        if isinstance(value, dict) and len(value) > most:
            raise ValueError(f"must have at most {most:,} entries, not {len(value):,}")
        return value

    return BeforeValidator(check)


def read_former_values(names: Mapping[str, str]) -> BeforeValidator:
    """Return a validator that reads a value of an earlier version as the one that is used now."""
    return BeforeValidator(
        lambda value: names.get(value, value) if isinstance(value, str) else value
    )
