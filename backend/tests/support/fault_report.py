"""The report of what tests did to runs and servers, and of how these came out of it.

The root conftest uses these hooks: each process of pytest-xdist sends its counts to the one that
prints them.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

Report = dict[str, dict[str, int]]
_REPORT = pytest.StashKey[Report]()
_OUTPUT = "fault_report"


def pytest_configure(config: pytest.Config) -> None:
    config.stash[_REPORT] = {}


@pytest.fixture
def fault_report(request: pytest.FixtureRequest) -> Report:
    """Counts by kind of fault: printed when all tests are done, and kept as `fault-report.json`."""
    return request.config.stash[_REPORT]


def pytest_sessionfinish(session: pytest.Session) -> None:
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput[_OUTPUT] = session.config.stash[_REPORT]


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    node.config.stash[_REPORT].update(getattr(node, "workeroutput", {}).get(_OUTPUT, {}))


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    found = config.stash[_REPORT]
    if not found:
        return
    path = Path(os.environ.get("VISDL_FAULT_REPORT", "fault-report.json"))
    known = json.loads(path.read_text()) if path.is_file() else {}
    path.write_text(json.dumps({**known, **found}, indent=1))
    terminalreporter.section("what survived")
    for kind, counts in found.items():
        line = ", ".join(f"{value:,} {name}" for name, value in counts.items())
        terminalreporter.line(f"{kind}: {line}")
