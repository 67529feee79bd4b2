"""The priority of processes that compute: below the server, which stays responsive."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

_NICE = 10


def lower_priority() -> None:
    """Give the server the processor first; if memory runs out, this process is killed first."""
    with contextlib.suppress(OSError):
        os.nice(_NICE)
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("300", encoding="ascii")
