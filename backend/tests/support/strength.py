"""How often tests repeat something: few times in `make test`, all in `make test-all`."""

from __future__ import annotations

import os

FULL = os.environ.get("STRENGTH") == "full"


def count(*, gate: int, full: int) -> int:
    """Return how often something is done: `count(gate=3, full=10)`."""
    return full if FULL else gate
