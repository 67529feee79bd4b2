"""Networks to disturb, and the report of what was done to them and how they came out of it."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
import torch

from ..support.runs import Outcome, execute
from .cases import LAYERS, network, table

_REPORT = pytest.StashKey[dict[str, dict[str, int]]]()


def pytest_configure(config: pytest.Config) -> None:
    config.stash[_REPORT] = {}


@pytest.fixture
def fault_report(request: pytest.FixtureRequest) -> dict[str, dict[str, int]]:
    """Counts by kind of fault: printed when all tests are done, and kept as `fault-report.json`."""
    return request.config.stash[_REPORT]


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    found = config.stash[_REPORT]
    if not found:
        return
    path = Path(os.environ.get("VISDL_FAULT_REPORT", "fault-report.json"))
    known = json.loads(path.read_text()) if path.is_file() else {}
    path.write_text(json.dumps({**known, **found}, indent=1))
    terminalreporter.section("what survived")
    for kind, counts in found.items():
        terminalreporter.line(
            f"{kind}: {', '.join(f'{value:,} {name}' for name, value in counts.items())}"
        )


@pytest.fixture
def one_thread():
    """Sums over another number of parts are rounded differently."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="session")
def dataset(tmp_path_factory):
    return table(tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="session")
def whole(tmp_path_factory, dataset) -> dict[str, Outcome]:
    """Of each network the training that nothing disturbed."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    found = {
        name: execute(network(name), tmp_path_factory.mktemp(name), dataset) for name in LAYERS
    }
    torch.set_num_threads(threads)
    return found
