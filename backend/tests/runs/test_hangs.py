"""Workers that hang are killed: their run is interrupted with a sentence, the next one starts."""

import dataclasses
import os
import signal
import time

import psutil
import pytest

from visdl.models.runs import RunState
from visdl.runs import launching, processes
from visdl.runs.policy import RunPolicy

from ..support import odd_workers
from ..support.graphs import numbers
from ..support.light_workers import light_workers
from ..support.odd_workers import SHORT
from .test_obstacles import start
from .test_supervisor import ended, pause, resume, supervised, trains, until, worker_pid

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module", autouse=True)
def _light_workers():
    with light_workers():
        yield


@pytest.fixture
def runs(tmp_path):
    with supervised(tmp_path / "data", numbers(tmp_path), hang_seconds=1) as pair:
        yield pair


def assert_the_next_starts(runs):
    assert ended(runs, start(runs, SHORT)).state is RunState.COMPLETED


def test_a_stopped_process(runs):
    run = start(runs)
    trains(runs, run)
    os.kill(worker_pid(runs, run), signal.SIGSTOP)
    interrupted = ended(runs, run)
    assert interrupted.state is RunState.INTERRUPTED
    expected = "The worker process ended: it did not respond for 1 s and was killed."
    assert interrupted.error.message == expected
    assert_the_next_starts(runs)


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (odd_workers.endless, "it did not respond for 1 s and was killed"),
        (odd_workers.deadlocked, "it did nothing and reported nothing for 2 s and was killed"),
    ],
)
def test_a_training_that_hangs(runs, monkeypatch, fault, reason):
    monkeypatch.setattr(RunPolicy, "stall_seconds", 2.0)
    with monkeypatch.context() as patch:
        patch.setattr(processes.worker_main, "main", fault)
        interrupted = ended(runs, start(runs))
    assert interrupted.state is RunState.INTERRUPTED
    assert interrupted.error.message == f"The worker process ended: {reason}."
    assert_the_next_starts(runs)


def test_a_process_that_does_not_read_what_to_run_keeps_no_other_run_waiting(tmp_path, monkeypatch):
    settings = {"hang_seconds": 600, "concurrent": 2}
    with supervised(tmp_path / "data", numbers(tmp_path), **settings) as pair:
        run = start(pair)
        trains(pair, run)
        specs = pair[0]._loop._starter._specs
        build = specs.build_spec

        def build_large(*args):
            return dataclasses.replace(build(*args), graph=" " * 10_000_000)

        with monkeypatch.context() as patch:
            patch.setattr(processes.worker_main, "main", odd_workers.deaf)
            patch.setattr(specs, "build_spec", build_large)
            silent = start(pair)
            until(lambda: pair[1].run(silent).state is RunState.STARTING)
        step = pair[1].run(run).progress.step
        until(lambda: pair[1].run(run).progress.step > step + 5)
        pair[0]._pool.find_worker(silent).kill("it was killed by the test")
        assert ended(pair, silent).state is RunState.INTERRUPTED
        pair[0].stop(run)
        assert ended(pair, run).state is RunState.STOPPED


def test_a_launcher_that_hangs_keeps_nothing_waiting_but_the_next_run(tmp_path, monkeypatch):
    monkeypatch.setattr(launching, "_ANSWER_SECONDS", 600)
    with supervised(tmp_path / "data", numbers(tmp_path), concurrent=3) as pair:
        supervisor, store = pair
        run, other = start(pair), start(pair)
        trains(pair, run)
        trains(pair, other)
        launcher = psutil.Process(worker_pid(pair, run)).parent()
        launcher.suspend()
        late = start(pair, SHORT)
        until(lambda: "has not answered" in supervisor.queue().waiting[0].reason)
        assert pause(pair, run).state is RunState.PAUSED
        supervisor.stop(other)
        assert ended(pair, other).state is RunState.STOPPED
        until(lambda: supervisor._pool.find_worker(other) is None)
        assert resume(pair, run).state is RunState.RUNNING
        step = store.run(run).progress.step
        until(lambda: store.run(run).progress.step > step)
        assert store.run(late).state is RunState.QUEUED
        launcher.kill()  # as after `_ANSWER_SECONDS`
        assert ended(pair, late).state is RunState.COMPLETED
        supervisor.stop(run)
        assert ended(pair, run).state is RunState.STOPPED


def test_a_server_that_was_stopped_itself_kills_no_worker(runs):
    run = start(runs)
    trains(runs, run)
    worker = runs[0]._pool.find_worker(run)
    worker.last_message = time.monotonic() - 3600
    runs[0]._loop._watch.check(time.monotonic() - 3600)
    assert worker.kill_reason == ""
    runs[0].stop(run)
    assert ended(runs, run).state is RunState.STOPPED
