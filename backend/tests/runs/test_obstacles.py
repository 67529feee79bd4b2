"""The system refuses something for a while: nothing starts, or nothing is stored. No run fails."""

import contextlib
import errno
import itertools
import logging
import os
import resource
import shutil
import sqlite3
import subprocess
import time
from types import SimpleNamespace

import psutil
import pytest

from visdl.compiler import shapes
from visdl.models.requests import NewRun
from visdl.models.runs import RunState
from visdl.runs import processes
from visdl.runs.obstacles import Obstacle, explain, is_system_error

from ..support import odd_workers
from ..support.graphs import MLP, chain, numbers
from ..support.light_workers import light_workers
from ..support.odd_workers import SHORT
from .test_supervisor import (
    ended,
    logged,
    supervised,
    trains,
    until,
    worker_pid,
)

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module", autouse=True)
def _light_workers():
    with light_workers():
        yield


@pytest.fixture
def runs(tmp_path):
    with supervised(tmp_path / "data", numbers(tmp_path)) as pair:
        yield pair


def start(runs, seed=0):
    return runs[0].create(NewRun(seed=seed), chain(MLP)).id


@contextlib.contextmanager
def no_descriptors():
    """This process can open no more files."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    lowest = os.dup(0)  # the kernel gives the lowest one that is free
    os.close(lowest)
    resource.setrlimit(resource.RLIMIT_NOFILE, (lowest, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@contextlib.contextmanager
def full_disk(store):
    """The database can have no more pages, as on a full disk."""

    def limit(pages):
        store._db.write(lambda db: db.execute(f"PRAGMA max_page_count = {pages}").fetchone())

    limit(1)  # SQLite makes that the present count
    try:
        yield
    finally:
        limit(2**30)


@contextlib.contextmanager
def read_only(store):
    """Whatever is written to the database is refused."""

    def refuse(on):
        store._db._order(lambda db: db.execute(f"PRAGMA query_only = {on}"), alone=True)

    refuse(1)
    try:
        yield
    finally:
        refuse(0)


def steps(runs, run):
    """The steps of the curve of the loss, as stored."""
    return [step for step, _, _ in runs[1].series(run, ["batch_loss"]).series["batch_loss"]]


def assert_whole(runs, run):
    """No point of the curve, and no event, is missing."""
    assert steps(runs, run) == list(range(1, runs[1].run(run).progress.step + 1))
    seqs = [event.seq for event in runs[1].events(run, 0, 1_000_000)]
    assert seqs == list(range(1, len(seqs) + 1))


def test_runs_wait_while_no_process_can_be_started_and_the_queue_shows_why(runs, caplog):
    supervisor, store = runs
    interrupted = start(runs)
    trains(runs, interrupted)
    psutil.Process(worker_pid(runs, interrupted)).kill()
    step = ended(runs, interrupted).progress.step
    until(lambda: supervisor.counts()[0] == 0)
    with caplog.at_level(logging.WARNING), no_descriptors():
        waiting = [start(runs, SHORT), start(runs, SHORT)]
        supervisor.send_resume(interrupted)
        until(lambda: supervisor.find_obstacle() is not None)
        first = supervisor._loop._starter.obstacle._next_try
        until(lambda: supervisor._loop._starter.obstacle._next_try > first)  # tried again
        queue = supervisor.queue()
        assert {store.run(run).state for run in [*waiting, interrupted]} == {RunState.QUEUED}
    reason = "No run can be started: Too many open files."
    assert queue.obstacle.startswith(f"{reason} Close connections, or raise the limit")
    assert {place.reason for place in queue.waiting} == {queue.obstacle}
    assert len(queue.waiting) == 3
    assert len([line for line in caplog.messages if line.startswith(reason)]) == 1
    until(lambda: store.run(interrupted).progress.step > step)
    assert supervisor.queue().obstacle is None
    supervisor.stop(interrupted)
    assert ended(runs, interrupted).state is RunState.STOPPED
    assert {ended(runs, run).state for run in waiting} == {RunState.COMPLETED}


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (odd_workers.without_threads, "Resource temporarily unavailable"),
        (odd_workers.killed, "a worker process ended at once: it was killed by SIGKILL"),
    ],
)
def test_a_process_that_ends_before_it_is_ready_leaves_its_run_queued(
    runs, monkeypatch, fault, reason
):
    with monkeypatch.context() as patch:
        patch.setattr(processes.worker_main, "main", fault)
        run = start(runs, SHORT)
        until(lambda: runs[0].find_obstacle() is not None)
        assert reason in runs[0].find_obstacle()
        assert runs[1].run(run).state is RunState.QUEUED
        assert runs[0].explain_waiting(runs[1].run(run)).obstacle == runs[0].find_obstacle()
    assert ended(runs, run).state is RunState.COMPLETED
    states = [event.state for event in runs[1].events(run, 0, 1000, ["state"])]
    assert states == ["queued", "starting", "running", "completed"]


def test_a_check_that_the_system_refuses_is_not_a_fault_of_the_graph(runs, monkeypatch):
    graph = chain(
        [("odd", "Linear", {"out_features": 77}), ("head", "Linear", {"out_features": 1})]
    )

    def refuse(*args, **kwargs):
        raise OSError(errno.EMFILE, "Too many open files")

    with monkeypatch.context() as patch:
        patch.setattr(shapes, "make_module", refuse)
        with pytest.raises(OSError, match="Too many open files"):
            runs[0].create(NewRun(seed=SHORT), graph)
    run = runs[0].create(NewRun(seed=SHORT), graph).id  # what was refused is not remembered
    assert ended(runs, run).state is RunState.COMPLETED


def test_a_full_disk_starts_no_run(runs, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=1000))
        run = start(runs, SHORT)
        until(lambda: runs[0].find_obstacle() is not None)
        assert "No space left on device. Free some space" in runs[0].find_obstacle()
    assert ended(runs, run).state is RunState.COMPLETED


def test_what_a_run_reports_while_nothing_can_be_stored_is_not_lost(runs, caplog):
    supervisor, store = runs
    run = start(runs)
    trains(runs, run)
    with full_disk(store):
        until(lambda: supervisor.find_obstacle() is not None)
        waiting = start_refused(runs)
        before = store.run(run).progress.step
        obstacle = supervisor._loop._storing
        until(lambda: obstacle.seconds > 1)
        assert store.run(run).progress.step == before
        record = supervisor.explain_waiting(store.run(run))
        assert record.state is RunState.RUNNING
        assert record.obstacle == (
            "The server cannot store what runs report: the disk is full."
            " Free some space on the disk of the data folder."
        )
        assert supervisor.queue().obstacle == record.obstacle
    until(lambda: store.run(run).progress.step > before)
    assert waiting == sqlite3.OperationalError
    supervisor.stop(run)
    assert ended(runs, run).state is RunState.STOPPED
    assert_whole(runs, run)
    [line] = [text for text in logged(runs, run) if "could not store" in text]
    assert "the disk is full. Nothing is lost." in line
    begun = [text for text in caplog.messages if text.startswith("The server cannot store")]
    assert len(begun) == 1


def start_refused(runs):
    """The error of a run that cannot be queued, as nothing can be stored."""
    with pytest.raises(sqlite3.OperationalError) as refused:
        for _ in range(100):  # a page may have room
            start(runs, SHORT)
    return refused.type


def test_the_end_of_a_run_that_cannot_be_stored_is_stored_later(runs):
    run = start(runs)
    trains(runs, run)
    process = psutil.Process(worker_pid(runs, run))
    with read_only(runs[1]):
        process.kill()
        until(lambda: runs[0].find_obstacle() is not None)
        assert "the data folder cannot be written" in runs[0].find_obstacle()
        process.wait(60)
        assert runs[1].run(run).state is RunState.RUNNING
    assert ended(runs, run).state is RunState.INTERRUPTED
    assert_whole(runs, run)
    until(lambda: runs[0].counts()[0] == 0)


def test_a_run_that_is_stopped_while_the_queue_is_read_is_not_started(runs, monkeypatch):
    supervisor, store = runs
    first = start(runs)
    trains(runs, first)
    second, third = start(runs), start(runs, SHORT)
    stale = store.waiting_runs()
    supervisor.stop(second)
    reads, read = iter([stale]), store.waiting_runs  # the first was read just before the stop
    monkeypatch.setattr(store, "waiting_runs", lambda: next(reads, None) or read())
    supervisor.stop(first)
    assert ended(runs, third).state is RunState.COMPLETED
    assert store.run(second).progress.step == 0
    assert not (supervisor._folder / second).exists()


def test_a_process_without_a_live_run_is_ended_at_once(runs):
    run = start(runs)
    trains(runs, run)
    process = psutil.Process(worker_pid(runs, run))
    runs[1].move_run(run, RunState.INTERRUPTED)  # as a fault would
    process.wait(10)
    until(lambda: runs[0].counts()[0] == 0)


def test_the_process_that_starts_workers_is_replaced_and_its_workers_live_on(tmp_path, caplog):
    with supervised(tmp_path / "data", numbers(tmp_path), concurrent=2) as pair:
        run, other = start(pair), start(pair)
        trains(pair, run)
        trains(pair, other)
        psutil.Process(worker_pid(pair, run)).parent().kill()
        until(lambda: "The process that starts workers has ended" in caplog.text)
        pair[0].stop(run)
        assert ended(pair, run).state is RunState.STOPPED
        pair[0]._pool.find_worker(other).kill("it was killed by the test")
        assert "killed by the test" in ended(pair, other).error.message
        pair[0].send_resume(other)
        until(lambda: pair[1].run(other).state is RunState.RUNNING)
        pair[0].stop(other)
        assert ended(pair, other).state is RunState.STOPPED


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (OSError(errno.EMFILE, "Too many open files"), True),
        (BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable"), True),
        (ConnectionRefusedError(errno.ECONNREFUSED, "Connection refused"), True),
        (EOFError(), True),
        (MemoryError(), True),
        (sqlite3.OperationalError("database is locked"), True),
        (sqlite3.DatabaseError("database disk image is malformed"), True),
        (sqlite3.IntegrityError("UNIQUE constraint failed"), False),
        (TypeError("a bug"), False),
    ],
)
def test_what_the_system_refuses_is_distinguished_from_bugs_and_explained(error, expected):
    assert is_system_error(error) is expected
    assert explain(error)[0]


def test_an_obstacle_is_tried_ever_more_rarely_and_logged_twice(monkeypatch, caplog):
    now = 100.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    obstacle, waits = Obstacle("It cannot be", after="It can be."), []
    for _ in range(8):
        obstacle.note(OSError(errno.EMFILE, "Too many open files"))
        obstacle.note(OSError(errno.EMFILE, "Too many open files"))  # of another run, at once
        waits.append(obstacle.seconds_until_try)
        now += obstacle.seconds_until_try
    assert waits == [0.25, 0.5, 1, 2, 4, 5, 5, 5]
    assert all(earlier <= later for earlier, later in itertools.pairwise(waits))
    assert obstacle.seconds == sum(waits)
    obstacle.clear()
    obstacle.clear()
    assert obstacle.sentence is None
    assert [text.split(".")[0] for text in caplog.messages] == [
        "It cannot be: Too many open files",
        "It can be",
    ]


@contextlib.contextmanager
def small_disk(folder):
    """A file system of 40 MiB in this folder; yields what fills it, as a context."""
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=40m", "tmpfs", folder], check=True)

    @contextlib.contextmanager
    def filled():
        ballast = folder / "ballast"
        with ballast.open("wb", buffering=0) as file, contextlib.suppress(OSError):
            while True:
                file.write(bytes(4096))
        try:
            yield
        finally:
            ballast.unlink()

    try:
        yield filled
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


def check_full_disk(runs, full, seconds):
    """A run trains while everything is full for some seconds: no point of its curve is missing."""
    run = start(runs)
    trains(runs, run)
    with full:
        until(lambda: runs[0].find_obstacle() is not None)
        until(lambda: runs[0]._loop._storing.seconds > seconds, seconds + 60)
        before = runs[1].run(run).progress.step
    until(lambda: runs[1].run(run).progress.step > before + 100)
    runs[0].stop(run)
    assert ended(runs, run).state is RunState.STOPPED
    assert_whole(runs, run)
    return {"seconds": seconds, "points": len(steps(runs, run)), "points lost": 0}


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_database_that_is_full_for_a_minute_costs_no_point(runs, fault_report):
    fault_report["database full"] = check_full_disk(runs, full_disk(runs[1]), 60)


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.skipif(os.geteuid() != 0, reason="mounting a small file system needs root")
def test_a_disk_that_is_full_for_a_minute_costs_no_point(tmp_path, fault_report):
    data = numbers(tmp_path)
    with (
        small_disk(tmp_path / "data") as filled,
        supervised(tmp_path / "data", data) as pair,
    ):
        fault_report["disk full"] = check_full_disk(pair, filled(), 60)


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_a_thousand_queued_runs_survive_a_minute_without_processes(tmp_path, fault_report):
    with supervised(tmp_path / "data", numbers(tmp_path), concurrent=2) as pair:
        supervisor, store = pair
        assert ended(pair, start(pair, SHORT)).state is RunState.COMPLETED
        with no_descriptors():
            supervisor.create_many(chain(MLP), [{"seed": SHORT, "name": "Short"}] * 1000)
            until(lambda: supervisor.find_obstacle() is not None)
            until(lambda: supervisor._loop._starter.obstacle.seconds > 60, 120)
            assert store.count_queued() == 1000
        until(lambda: store.count_queued() == 0, 900)
        until(lambda: supervisor.counts()[0] == 0)
        states = {facts.state for facts in store.run_facts().values()}
        assert states == {RunState.COMPLETED}
        fault_report["no processes"] = {"seconds": 60, "queued": 1000, "failed": 0}
