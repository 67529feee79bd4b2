"""Arguments of cached functions."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class Keyed(Generic[T]):
    """A value that is compared by its key alone, for functions that are cached by this key."""

    key: Hashable
    value: T = field(compare=False)
