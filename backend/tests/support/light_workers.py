"""Supervisors whose workers only count: they start in milliseconds and compute nothing."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import pytest

from visdl.runs import launching, processes
from visdl.runs.launching import Launcher

from . import odd_workers

_COMMAND = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1]);"
    "from tests.support.odd_workers import refuse_forks; refuse_forks();"
    "from visdl.worker.launcher import main;"
    "main(int(sys.argv[2]), int(sys.argv[3]))"
)


@contextlib.contextmanager
def light_workers() -> Iterator[Launcher]:
    """Use such workers, and the launcher that is yielded, which spends no seconds on imports."""
    launcher = Launcher()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(launching, "COMMAND", _COMMAND)
        patch.setattr(processes, "launcher", launcher)
        patch.setattr(processes.worker_main, "main", odd_workers.counting)
        yield launcher
    launcher.close()
