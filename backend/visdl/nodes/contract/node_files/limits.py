"""What the import of a node file may take."""

from __future__ import annotations

from typing import NamedTuple


class Limits(NamedTuple):
    """Limits of one node file."""

    seconds: float = 20.0
    memory: int = 4 * 2**30  # bytes, beyond what the process has
