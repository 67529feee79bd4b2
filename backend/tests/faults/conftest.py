"""The report of what was done to the runs, and how they came out of it."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

_REPORT: dict[str, dict[str, int]] = {}


@pytest.fixture
def fault_report() -> Iterator[dict[str, dict[str, int]]]:
    """Counts by kind of fault; printed, and kept as `fault-report.json` where the tests run."""
    yield _REPORT
    path = Path(os.environ.get("VISDL_FAULT_REPORT", "fault-report.json"))
    known = json.loads(path.read_text()) if path.is_file() else {}
    path.write_text(json.dumps({**known, **_REPORT}, indent=1))
    for kind, counts in _REPORT.items():
        print(f"{kind}: {', '.join(f'{value:,} {name}' for name, value in counts.items())}")
