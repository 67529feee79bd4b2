"""Commands beside a fault: afterwards the record of a run and its process agree, in each case."""

from __future__ import annotations

import contextlib
import itertools
import signal
import sqlite3

import psutil
import pytest

from visdl.models.errors import AppError
from visdl.models.events import MetricsEvent, StateEvent
from visdl.models.runs import RunState

from ..runs.test_obstacles import full_disk, read_only, start
from ..runs.test_supervisor import ended, supervised, trains, until
from ..support.graphs import numbers
from ..support.light_workers import light_workers
from ..support.strength import FULL

pytestmark = pytest.mark.integration

S = RunState
_SLOTS = 2


@contextlib.contextmanager
def broken_disk(store):
    """The disk answers every write of the database with an error."""
    order = store._db._order

    def refuse(*args, **kwargs):
        raise sqlite3.OperationalError("disk I/O error")

    store._db._order = refuse
    try:
        yield
    finally:
        store._db._order = order


@contextlib.contextmanager
def silent(process):
    """A worker that does nothing for a while."""
    process.suspend()
    try:
        yield
    finally:
        process.resume()


@contextlib.contextmanager
def killed(process):
    """A worker that is gone, which the server may not know yet."""
    process.send_signal(signal.SIGKILL)
    yield


DATABASE = {"full": full_disk, "read-only": read_only, "broken": broken_disk}
WORKER = {"silent": silent, "killed": killed}
#: By state and command: the state that follows where nothing else happens.
AFTER = {
    (S.RUNNING, "pause"): S.PAUSED,
    (S.RUNNING, "resume"): S.RUNNING,
    (S.RUNNING, "stop"): S.STOPPED,
    (S.RUNNING, "delete"): S.RUNNING,
    (S.RUNNING, "prioritize"): S.RUNNING,
    (S.PAUSED, "pause"): S.PAUSED,
    (S.PAUSED, "resume"): S.RUNNING,
    (S.PAUSED, "stop"): S.STOPPED,
    (S.PAUSED, "delete"): S.PAUSED,
    (S.QUEUED, "stop"): S.STOPPED,
    (S.QUEUED, "prioritize"): S.QUEUED,
    (S.QUEUED, "delete"): S.QUEUED,
}
CASES = [
    (state, command, fault)
    for (state, command), fault in itertools.product(AFTER, [*DATABASE, *WORKER])
    if fault in DATABASE or state is not S.QUEUED
]
if not FULL:
    CASES = [case for case in CASES if case[1:] == ("pause", "full")] + CASES[2::6]


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("agree")
    with light_workers(), supervised(folder / "data", numbers(folder), concurrent=_SLOTS) as pair:
        yield pair


def send(runs, run, command) -> bool:
    """Send a command; return whether it was accepted."""
    supervisor, store = runs
    commands = {
        "pause": supervisor.send_pause,
        "resume": supervisor.send_resume,
        "stop": supervisor.stop,
        "delete": supervisor.delete,
        "prioritize": store.prioritize_run,
    }
    try:
        commands[command](run)
    except (AppError, sqlite3.OperationalError):
        return False
    return True


def reach(runs, run, state):
    until(lambda: runs[1].run(run).state is state)


def bring(runs, state) -> str:
    """Return a run in this state."""
    if state is S.QUEUED:
        for _ in range(_SLOTS):
            trains(runs, start(runs))
        return start(runs)
    run = start(runs)
    trains(runs, run)
    if state is S.PAUSED:
        runs[0].send_pause(run)
        reach(runs, run, S.PAUSED)
    return run


def clear(runs):
    """End all runs that are left."""
    for facts in runs[1].run_facts().values():
        send(runs, facts.id, "stop")
    until(lambda: not runs[0]._pool.workers())


def assert_trained_only_while_running(runs, run):
    """No point was reported while the record did not let it train."""
    state = None
    for event in runs[1].events(run, 0, 1_000_000):
        if isinstance(event, StateEvent):
            state = event.state
        elif isinstance(event, MetricsEvent):
            assert state in (S.RUNNING, S.STOPPING)


def assert_agreement(runs, run):
    """What the record states is what the process does, and commands work again."""
    supervisor, store = runs
    state = store.run(run).state
    worker = supervisor._pool.find_worker(run)
    if state is S.RUNNING:
        step = store.run(run).progress.step
        until(lambda: store.run(run).progress.step > step)
        supervisor.send_pause(run)
        reach(runs, run, S.PAUSED)
    if state in (S.RUNNING, S.PAUSED):
        assert worker is not None
        supervisor.send_resume(run)
        reach(runs, run, S.RUNNING)
    else:
        until(lambda: supervisor._pool.find_worker(run) is None)
    assert_trained_only_while_running(runs, run)


@pytest.mark.parametrize(("state", "command", "fault"), CASES)
def test_state_and_process_agree(runs, state, command, fault):
    supervisor, store = runs
    run = bring(runs, state)
    worker = supervisor._pool.find_worker(run)
    if fault in DATABASE:
        condition = DATABASE[fault](store)
    else:
        condition = WORKER[fault](psutil.Process(worker.process.pid))
    with condition:
        accepted = send(runs, run, command)
    expected = {AFTER[state, command] if accepted else state}
    if fault == "killed":
        until(lambda: supervisor._pool.find_worker(run) is not worker)
        expected = {S.INTERRUPTED, {"stop": S.STOPPED, "resume": S.RUNNING}.get(command)}
    until(lambda: store.run(run).state in expected)
    assert_agreement(runs, run)
    clear(runs)


@pytest.mark.parametrize("fault", ["read-only", "broken"])  # a full one may have room for one
def test_the_last_of_two_commands_counts_while_nothing_can_be_stored(runs, fault):
    supervisor, store = runs
    run = bring(runs, S.RUNNING)
    worker = supervisor._pool.find_worker(run)
    with DATABASE[fault](store):
        supervisor.send_pause(run)
        until(lambda: supervisor.explain_waiting(store.run(run)).obstacle is not None)
        assert worker.held is not None
        assert store.run(run).state is S.RUNNING
        supervisor.send_resume(run)
    step = store.run(run).progress.step
    until(lambda: store.run(run).progress.step > step + 5)
    until(lambda: store.run(run).state is S.RUNNING)
    assert_agreement(runs, run)
    supervisor.stop(run)
    assert ended(runs, run).state is S.STOPPED
    clear(runs)
