"""Runs whose own files the disk refuses: they wait, with the reason, and continue."""

import sqlite3
import time
from concurrent.futures import ThreadPoolExecutor
from math import inf

import pytest

from visdl.models.requests import ExtendRequest
from visdl.models.runs import RunState
from visdl.runs import postponed, processes
from visdl.runs.postponed import PostponedRuns
from visdl.training.checkpoint import CheckpointFolder

from ..support import odd_workers
from ..support.graphs import numbers
from ..support.light_workers import light_workers
from ..support.odd_workers import SHORT
from .test_obstacles import read_only, start, steps
from .test_supervisor import ended, logged, supervised, trains, until

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module", autouse=True)
def _light_workers():
    with light_workers():
        yield


@pytest.fixture
def runs(tmp_path):
    with supervised(tmp_path / "data", numbers(tmp_path)) as pair:
        yield pair


@pytest.mark.parametrize("seed", [0, SHORT], ids=["stopped", "completed"])
def test_a_run_whose_files_cannot_be_written_continues_when_they_can(runs, monkeypatch, seed):
    supervisor, store = runs
    monkeypatch.setattr(postponed, "_FIRST_SECONDS", 0.2)
    monkeypatch.setattr(processes.worker_main, "main", odd_workers.unsaved)
    full = supervisor._folder / "full"
    full.parent.mkdir(exist_ok=True)
    full.touch()
    run = start(runs, seed)
    reason = (
        "A file of the run could not be written: No space left on device."
        " It continues automatically when that is possible."
    )
    with ThreadPoolExecutor(1) as thread:
        waiting = thread.submit(ended, runs, run)  # not notified before it has really ended
        if seed != SHORT:
            trains(runs, run)
            supervisor.stop(run)
        until(lambda: supervisor.explain_waiting(store.run(run)).obstacle == reason)
        until(lambda: reason in {waiting.reason for waiting in supervisor.queue().waiting})
        expected = RunState.QUEUED if seed == SHORT else RunState.STOPPING
        until(lambda: store.run(run).state is expected)
        full.unlink()
        final = RunState.COMPLETED if seed == SHORT else RunState.STOPPED
        assert waiting.result().state is final
    assert reason in logged(runs, run)
    assert steps(runs, run) == list(range(1, store.run(run).progress.step + 1))
    until(lambda: supervisor.counts()[0] == 0)
    assert supervisor._scheduler.postponed.find_sentence(run) is None


def test_runs_that_the_disk_refuses_start_ever_more_rarely(monkeypatch):
    now, waits = 100.0, []
    monkeypatch.setattr(time, "monotonic", lambda: now)
    runs = PostponedRuns()
    assert (runs.is_due("a"), runs.seconds_until_due()) == (True, inf)
    for _ in range(8):
        runs.postpone("a", "It could not be written.")
        runs.postpone("b", "It could not be written.")
        assert not runs.is_due("a")
        waits.append(runs.seconds_until_due())
        before, now = now, now + waits[-1]
        assert runs.is_due("a")
        assert runs.became_due(before, now)
        assert not runs.became_due(now, now + 1)
    assert waits == [1, 2, 4, 8, 16, 32, 60, 60]
    runs.keep(["b"])
    assert runs.find_sentence("a") is None
    runs.forget("b")
    assert runs.find_sentence("b") is None


def test_an_extension_that_cannot_be_stored_leaves_no_folder(runs):
    supervisor, store = runs
    run = start(runs, SHORT)
    assert ended(runs, run).state is RunState.COMPLETED
    folder = CheckpointFolder(supervisor._folder / run / "checkpoints")
    folder.save({"reporter": {}}, epoch=1, step=1, reason="epoch", is_best=False)
    with read_only(store), pytest.raises(sqlite3.OperationalError):
        supervisor.extend(run, ExtendRequest(epochs=1))
    assert [path.name for path in supervisor._folder.iterdir()] == [run]
