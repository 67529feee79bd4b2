"""Full and failing disks: nothing counts as saved that is not, and runs recover bit-for-bit."""

from __future__ import annotations

import errno
import os
import random
import subprocess
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from visdl.models.errors import is_disk_error
from visdl.models.events import CheckpointEvent, LogEvent
from visdl.training import checkpoint, session
from visdl.training.checkpoint import CheckpointFolder

from ..support.runs import Outcome, execute
from .cases import LAYERS, STEPS, network
from .equality import assert_as_undisturbed
from .victim import Fault, train

pytestmark = [pytest.mark.integration, pytest.mark.usefixtures("one_thread")]


@pytest.mark.parametrize("limit", [0, 100, 1000, 4000, 6000])
def test_a_file_system_without_room_leaves_the_earlier_checkpoint_and_the_run_continues_later(
    tmp_path, dataset, whole, limit
):
    assert train(network("mlp"), tmp_path, dataset, Fault(steps=22)) == -9
    before = CheckpointFolder(tmp_path / "checkpoints").newest()
    assert before is not None
    assert train(network("mlp"), tmp_path, dataset, Fault(limit=limit)) in (0, 3)  # never a crash
    after = CheckpointFolder(tmp_path / "checkpoints").newest()
    assert after is not None
    assert after[0].step >= before[0].step
    assert_as_undisturbed(execute(network("mlp"), tmp_path, dataset), whole["mlp"])


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EACCES, errno.EIO])
@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_a_disk_that_refuses_a_checkpoint_is_logged_and_training_continues(
    tmp_path, dataset, whole, monkeypatch, code, call
):
    monkeypatch.setattr(session, "_CHECKPOINT_SECONDS", 0.0)
    real = getattr(os, call)
    calls = 0

    def refuse(*args, **kwargs):
        nonlocal calls
        calls += 1
        if 9 <= calls <= 14:
            raise OSError(code, os.strerror(code))
        return real(*args, **kwargs)

    monkeypatch.setattr(checkpoint.os, call, refuse)
    outcome = execute(network("mlp"), tmp_path, dataset)
    logged = [
        event.message
        for event in outcome.events
        if isinstance(event, LogEvent) and event.level == "error"
    ]
    assert set(logged) == {f"The checkpoint could not be saved: {os.strerror(code)}."}
    assert_as_undisturbed(outcome, whole["mlp"])


@dataclass
class Disk:
    """Refuses some of the calls by which files of a run reach the disk, from a certain one on."""

    code: int
    first: int  # of the calls that are refused
    count: int
    calls: int = field(default=0, init=False)

    def refusing(self, real: Callable[..., Any], *, named: bool) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            if named and (args[1:2] or [kwargs.get("mode", "r")])[0] not in ("w", "wb"):
                return real(*args, **kwargs)  # a file that is read
            self.calls += 1
            if self.first <= self.calls < self.first + self.count:
                # who has opened a file may write it: access is refused by name alone
                code = (
                    errno.EIO
                    if self.code == errno.EACCES and isinstance(args[0], int)
                    else self.code
                )
                raise OSError(
                    code, os.strerror(code), args[0] if isinstance(args[0], Path) else None
                )
            return real(*args, **kwargs)

        return call

    def __enter__(self) -> Disk:
        self._patches = ExitStack()
        for target, name in ((os, "fsync"), (os, "replace"), (Path, "open")):
            refusing = self.refusing(getattr(target, name), named=name == "open")
            self._patches.enter_context(mock.patch.object(target, name, refusing))
        return self

    def __exit__(self, *error: object) -> None:
        self._patches.close()


def assert_no_lie(folder: Path, logged: list[Any]) -> None:
    """What was called saved is there, whole, unless two newer ones made room of it."""
    saved = [event.name for event in logged if isinstance(event, CheckpointEvent)]
    there = {manifest.file for manifest in CheckpointFolder(folder / "checkpoints").manifests()}
    assert set(saved[-1:]) <= there
    damaged: list[str] = []
    CheckpointFolder(folder / "checkpoints").newest(damaged.append)
    assert damaged == []


def check_disk(
    tmp_path: Path, dataset, whole: dict[str, Outcome], points: int, seed: int
) -> dict[str, int]:
    rng = random.Random(seed)
    with Disk(0, first=0, count=0) as disk, mock.patch.object(session, "_CHECKPOINT_SECONDS", 0.0):
        execute(network("mlp"), tmp_path / "calls", dataset)
    calls = disk.calls  # from the graph's file to the report's
    done = {"failed calls": 0, "runs interrupted": 0, "logged and continued": 0, "bit-equal": 0}
    for point in range(points):
        name, folder = rng.choice(list(LAYERS)), tmp_path / str(point)
        code = rng.choice([errno.ENOSPC, errno.EACCES, errno.EIO])
        events: list[Any] = []
        disk = Disk(code, first=rng.randint(1, calls), count=rng.choice([1, 3, 1000]))
        try:
            with disk, mock.patch.object(session, "_CHECKPOINT_SECONDS", 0.0):
                events = execute(network(name), folder, dataset).events
            assert any(
                isinstance(event, LogEvent) and "could not be saved" in event.message
                for event in events
            )
            done["logged and continued"] += 1
        except OSError as error:
            assert is_disk_error(error, folder), error
            done["runs interrupted"] += 1
        assert disk.calls >= disk.first
        assert_no_lie(folder, events)
        assert_as_undisturbed(execute(network(name), folder, dataset), whole[name])
        done["failed calls"] += 1
        done["bit-equal"] += 1
    return done


def test_a_disk_that_refuses_at_ten_places(tmp_path, dataset, whole):
    assert check_disk(tmp_path, dataset, whole, 10, seed=1)["bit-equal"] == 10


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_disk_that_refuses_at_fifty_places(tmp_path, dataset, whole, fault_report):
    fault_report["disk refused"] = check_disk(tmp_path, dataset, whole, 50, seed=2)


@pytest.mark.slow
@pytest.mark.skipif(
    os.geteuid() != 0,
    reason="mounting a small file system needs root; the kernel's limit is tested",
)
def test_file_systems_that_are_really_full(tmp_path, dataset, whole, fault_report):
    """A tmpfs of some kilobytes, a few more each time: it is full at another point of the run."""
    done = {"sizes": 0, "refused": 0, "bit-equal": 0}
    for kilobytes in range(4, 104, 8):
        folder = tmp_path / str(kilobytes)
        folder.mkdir()
        subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={kilobytes}k", "tmpfs", folder], check=True
        )
        try:
            done["refused"] += train(network("mlp"), folder, dataset, Fault(steps=STEPS + 1)) == 3
            subprocess.run(["mount", "-o", "remount,size=10m", folder], check=True)
            assert_as_undisturbed(execute(network("mlp"), folder, dataset), whole["mlp"])
        finally:
            subprocess.run(["umount", folder], check=True)
        done["sizes"] += 1
        done["bit-equal"] += 1
    assert done["refused"] > 0
    fault_report["file system full"] = done
