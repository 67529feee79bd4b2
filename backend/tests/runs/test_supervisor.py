"""Runs in worker processes, through the supervisor: queue, commands, and killed workers."""

import asyncio
import contextlib
import os
import resource
import signal
import time

import pytest
from safetensors.torch import load_file

from visdl.models.errors import ConflictError, InvalidGraphError, TransitionError
from visdl.models.events import CheckpointEvent, LogEvent, MetricsEvent
from visdl.models.requests import NewRun
from visdl.models.runs import RunState
from visdl.nodes import NodeRegistry
from visdl.runs.dataset_uses import DatasetUses
from visdl.runs.factory import RunFactory
from visdl.runs.policy import RunPolicy
from visdl.runs.processes import WorkerPool
from visdl.runs.specs import SpecBuilder
from visdl.runs.supervisor import RunSupervisor
from visdl.runs.telemetry import Telemetry
from visdl.store import Store
from visdl.validation.validator import Validator

from ..support.graphs import MLP, chain, numbers
from ..support.runs import assert_equal_weights, execute

pytestmark = pytest.mark.integration

LONG = {"epochs": 1_000_000}


@contextlib.contextmanager
def supervised(data_dir, dataset, **settings):
    """A supervisor on this data folder, as a server has it."""
    store = Store(data_dir / "visdl.db")
    validator = Validator(NodeRegistry, lambda name: dataset)
    folder, policy = data_dir / "runs", RunPolicy(threads=1, **settings)
    uses = DatasetUses(NodeRegistry, validator)
    supervisor = RunSupervisor(
        store,
        Telemetry(),
        RunFactory(store, NodeRegistry, validator, uses, folder, policy),
        SpecBuilder(store, validator, folder, policy),
        WorkerPool(policy.node_folder),
        folder=folder,
        policy=policy,
    )
    supervisor.start()
    try:
        yield supervisor, store
    finally:
        supervisor.close()
        store.close()


@pytest.fixture
def dataset(tmp_path):
    return numbers(tmp_path)


@pytest.fixture
def runs(tmp_path, dataset):
    with supervised(tmp_path / "data", dataset) as pair:
        yield pair


def start(runs, **train):
    return runs[0].create(NewRun(seed=0), chain(MLP, train=train)).id


def until(condition, seconds=60):
    """Wait for something that another process does."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.01)


def trains(runs, run):
    until(lambda: runs[1].run(run).progress.step > 0)


def ended(runs, run):
    return asyncio.run(runs[0].wait(run, 60))


def pause(runs, run):
    return asyncio.run(runs[0].pause(run))


def resume(runs, run):
    return asyncio.run(runs[0].resume(run))


def worker_pid(runs, run):
    return runs[0]._pool.find_worker(run).process.pid


def logged(runs, run):
    return [
        event.message for event in runs[1].events(run, 0, 100_000) if isinstance(event, LogEvent)
    ]


def interrupted_at(runs, run):
    """Return the number of the event with which the run was interrupted."""
    return next(
        event.seq
        for event in runs[1].events(run, 0, 100_000, ["state"])
        if event.state is RunState.INTERRUPTED
    )


def checkpoints(runs, run):
    return [
        event for event in runs[1].events(run, 0, 100_000) if isinstance(event, CheckpointEvent)
    ]


def test_a_run_goes_through_its_states_and_leaves_its_files(runs):
    run = ended(runs, start(runs, epochs=3))
    assert run.state is RunState.COMPLETED
    assert (run.progress.epoch, run.progress.epochs) == (3, 3)
    assert run.metrics["val_loss"].last is not None
    names = {artifact.name for artifact in runs[0].artifacts(run.id)}
    assert {"graph.json", "weights.safetensors", "encoding.json", "report.json"} <= names
    events = runs[1].events(run.id, 0, 10_000)
    assert [event.seq for event in events] == list(range(1, len(events) + 1))


def test_pause_holds_resume_continues_stop_keeps_the_partial_result(runs):
    run = start(runs, **LONG)
    trains(runs, run)
    assert pause(runs, run).state is RunState.PAUSED
    [checkpoint] = [event for event in checkpoints(runs, run) if event.reason == "pause"]
    assert runs[1].run(run).progress.step == checkpoint.step
    assert resume(runs, run).state is RunState.RUNNING
    until(lambda: runs[1].run(run).progress.step > checkpoint.step)
    runs[0].stop(run)
    stopped = ended(runs, run)
    assert stopped.state is RunState.STOPPED
    assert checkpoints(runs, run)[-1].reason == "stop"
    assert "weights.safetensors" in {artifact.name for artifact in runs[0].artifacts(run)}


def test_the_second_run_waits_and_can_be_taken_back(runs):
    first, second = start(runs, **LONG), start(runs, **LONG)
    trains(runs, first)
    assert runs[1].run(second).state is RunState.QUEUED
    with pytest.raises(TransitionError, match="is queued"):
        pause(runs, second)
    with pytest.raises(ConflictError):
        runs[0].delete(first)
    assert runs[0].stop(second).state is RunState.STOPPED
    runs[0].stop(first)
    assert ended(runs, first).state is RunState.STOPPED
    runs[0].delete(first)


def test_a_run_may_be_deleted_before_its_process_is_gone_and_the_server_ends_in_peace(
    tmp_path, dataset
):
    with supervised(tmp_path / "data", dataset) as pair:
        run = start(pair, **LONG)
        trains(pair, run)
        pair[0]._loop._handle_exit = lambda *_: None  # its pipe is closed, and nobody looks
        pair[0].stop(run)
        assert ended(pair, run).state is RunState.STOPPED
        pair[0].delete(run)


def test_a_killed_worker_interrupts_its_run_alone_and_resume_continues(runs):
    run = start(runs, **LONG)
    until(lambda: checkpoints(runs, run))
    os.kill(worker_pid(runs, run), signal.SIGKILL)
    interrupted = ended(runs, run)
    assert interrupted.state is RunState.INTERRUPTED
    assert "SIGKILL" in interrupted.error.message or "-9" in interrupted.error.message
    last = checkpoints(runs, run)[-1].step
    resume(runs, run)
    until(lambda: f"Continuing from the checkpoint at step {last}." in logged(runs, run))
    until(lambda: runs[1].run(run).progress.step > last)
    runs[0].stop(run)
    assert ended(runs, run).state is RunState.STOPPED
    kinds = [
        event.message if isinstance(event, LogEvent) else event.type
        for event in runs[1].events(run, interrupted_at(runs, run), 100_000)
    ]
    log_line = kinds.index(f"Continuing from the checkpoint at step {last}.")
    assert not {"progress", "metrics"} & set(kinds[:log_line])


def test_a_server_that_ends_leaves_its_runs_interrupted_and_the_next_one_continues(
    tmp_path, dataset
):
    with supervised(tmp_path / "data", dataset) as pair:
        run = start(pair, **LONG)
        trains(pair, run)
    with supervised(tmp_path / "data", dataset) as pair:
        assert pair[1].run(run).state is RunState.INTERRUPTED
        before = checkpoints(pair, run)[-1]
        assert before.reason == "interrupted"
        resume(pair, run)
        until(lambda: pair[1].run(run).progress.step > before.step)
        pair[0].stop(run)
        assert ended(pair, run).state is RunState.STOPPED
        steps = [
            step
            for event in pair[1].events(run, 0, 100_000)
            if isinstance(event, MetricsEvent)
            for step, _, _ in event.series.get("batch_loss", [])
        ]
        assert steps == sorted(set(steps))


def test_a_graph_that_cannot_train_is_refused_with_its_report(runs):
    graph = chain([("fc1", "Linear", {"out_features": 0})])
    with pytest.raises(InvalidGraphError) as caught:
        runs[0].create(NewRun(), graph)
    assert caught.value.report.diagnostics[0].node == "fc1"


def paused(runs, **train):
    """A run that was paused after some steps and has given its process back."""
    run = start(runs, **train)
    trains(runs, run)
    assert pause(runs, run).state is RunState.PAUSED
    until(lambda: runs[1].run(run).recovery.released)
    return run


@pytest.fixture
def hasty(tmp_path, dataset):
    """A supervisor that takes the process of a paused run back at once."""
    with supervised(tmp_path / "data", dataset, pause_minutes=0) as pair:
        yield pair


def test_a_paused_run_makes_room_and_continues_in_another_process_as_if_nothing_had_been(
    hasty, tmp_path, dataset
):
    run = paused(hasty, epochs=400)
    until(lambda: hasty[0].counts() == (0, 0))
    step = hasty[1].run(run).progress.step
    assert step < 400 * 2
    resume(hasty, run)
    until(lambda: hasty[1].run(run).state is not RunState.PAUSED)
    done = ended(hasty, run)
    assert (done.state, done.recovery.resuming, done.recovery.released) == (
        RunState.COMPLETED,
        False,
        False,
    )
    straight = execute(hasty[1].run_graph(run), tmp_path / "straight", dataset)
    weights = load_file(hasty[0].artifact_path(run, "weights.safetensors"))
    assert_equal_weights(weights, straight.weights())
    assert done.metrics["val_loss"] == straight.best("val_loss")
    series = hasty[1].series(run).series
    assert [value for _, _, value in series["batch_loss"]] == straight.series("batch_loss")
    assert [value for _, _, value in series["val_loss"]] == straight.series("val_loss")


def test_a_resumed_run_waits_for_a_slot_before_those_that_are_new(hasty):
    run = paused(hasty, **LONG)
    other, third = start(hasty, **LONG), start(hasty, epochs=1)
    trains(hasty, other)
    waiting = resume(hasty, run)
    assert (waiting.state, waiting.recovery.resuming) == (RunState.PAUSED, True)
    assert [waiting.run for waiting in hasty[0].queue().waiting] == [run, third]
    hasty[0].stop(other)
    until(lambda: hasty[1].run(run).state is RunState.RUNNING)
    assert hasty[1].run(third).state is RunState.QUEUED
    hasty[0].stop(run)
    assert ended(hasty, run).state is RunState.STOPPED
    assert ended(hasty, third).state is RunState.COMPLETED


def test_a_run_that_waits_for_a_slot_can_be_paused_again(hasty):
    run = paused(hasty, **LONG)
    other = start(hasty, **LONG)
    trains(hasty, other)
    assert resume(hasty, run).recovery.resuming is True
    assert pause(hasty, run).recovery.resuming is False
    hasty[0].stop(other)
    ended(hasty, other)
    assert hasty[1].run(run).state is RunState.PAUSED


def test_a_paused_run_without_a_process_can_be_stopped_and_keeps_its_result(hasty):
    run = paused(hasty, **LONG)
    step = hasty[1].run(run).progress.step
    assert hasty[0].stop(run).state is RunState.STOPPING
    stopped = ended(hasty, run)
    assert (stopped.state, stopped.progress.step) == (RunState.STOPPED, step)
    assert "weights.safetensors" in {artifact.name for artifact in hasty[0].artifacts(run)}


@pytest.mark.parametrize("minutes", [0, 10])
def test_a_paused_run_stays_paused_through_a_restart(tmp_path, dataset, minutes):
    with supervised(tmp_path / "data", dataset, pause_minutes=minutes) as pair:
        run = start(pair, **LONG)
        trains(pair, run)
        pause(pair, run)
    with supervised(tmp_path / "data", dataset, auto_resume=True) as pair:
        record = pair[1].run(run)
        assert (record.state, record.recovery.released) == (RunState.PAUSED, True)
        assert resume(pair, run).state is RunState.RUNNING
        until(lambda: pair[1].run(run).progress.step > record.progress.step)


def test_runs_continue_automatically_where_that_is_set_but_not_without_end(tmp_path, dataset):
    with supervised(tmp_path / "data", dataset) as pair:
        run = start(pair, **LONG)
        trains(pair, run)
    with supervised(tmp_path / "data", dataset, auto_resume=True) as pair:
        step = pair[1].run(run).recovery.requeued_at
        assert step == pair[1].run(run).progress.step
        until(lambda: pair[1].run(run).progress.step > step)
    with supervised(tmp_path / "data", dataset) as pair:
        assert pair[1].run(run).state is RunState.INTERRUPTED
        pair[1].patch_run(
            run, recovery={"requeued_at": pair[1].run(run).progress.step}
        )  # it got no further than the last time
    with supervised(tmp_path / "data", dataset, auto_resume=True) as pair:
        assert pair[1].run(run).state is RunState.INTERRUPTED


def test_a_worker_that_sends_no_heartbeat_is_killed_alone(tmp_path, dataset):
    with supervised(tmp_path / "data", dataset, hang_seconds=2, concurrent=2) as pair:
        run, other = start(pair, **LONG), start(pair, **LONG)
        trains(pair, run)
        trains(pair, other)
        os.kill(worker_pid(pair, run), signal.SIGSTOP)
        interrupted = ended(pair, run)
        assert interrupted.state is RunState.INTERRUPTED
        assert "did not respond for 2 s" in interrupted.error.message
        assert pair[1].run(other).state is RunState.RUNNING


def test_the_result_of_a_run_that_a_full_disk_refuses_is_written_later(runs):
    run = start(runs, **LONG)
    until(lambda: checkpoints(runs, run))
    resource.prlimit(
        worker_pid(runs, run), resource.RLIMIT_FSIZE, (500, 500)
    )  # as a full disk refuses, for this process alone
    until(lambda: "The checkpoint could not be saved: File too large." in logged(runs, run))
    runs[0].stop(run)
    assert ended(runs, run).state is RunState.STOPPED
    reason = "A file of the run could not be written: File too large."
    assert f"{reason} It continues automatically when that is possible." in logged(runs, run)
    assert "weights.safetensors" in {artifact.name for artifact in runs[0].artifacts(run)}


def test_a_crash_in_native_code_interrupts_its_run_alone_and_reports_where(tmp_path, dataset):
    with supervised(tmp_path / "data", dataset) as pair:
        run = start(pair, **LONG)
        trains(pair, run)
        os.kill(worker_pid(pair, run), signal.SIGSEGV)
        error = ended(pair, run).error
        assert error.message == "The worker process ended: it was killed by SIGSEGV."
        assert "Fatal Python error: Segmentation fault" in error.log
        assert any(line.startswith("  File ") for line in error.log)


def test_the_queue_is_read_when_there_is_news_and_not_with_every_message(runs, monkeypatch):
    run = start(runs, **LONG)
    trains(runs, run)
    read, calls = runs[1].waiting_runs, []
    monkeypatch.setattr(runs[1], "waiting_runs", lambda: calls.append(1) or read())
    seq = runs[1].run(run).seq
    until(lambda: runs[1].run(run).seq > seq + 10)
    assert calls == []
    second = start(runs, epochs=1)
    runs[0].stop(run)
    assert ended(runs, second).state is RunState.COMPLETED
    assert 0 < len(calls) < 10


def test_a_clock_that_jumps_changes_neither_durations_nor_the_order_of_the_queue(
    hasty, monkeypatch
):
    shift = 0.0
    real = time.time
    monkeypatch.setattr(time, "time", lambda: real() + shift)
    begin = time.monotonic()
    first = start(hasty, **LONG)
    trains(hasty, first)
    shift = -86_400.0
    second, third = start(hasty, epochs=1), start(hasty, epochs=1)
    shift = 86_400.0
    assert [waiting.run for waiting in hasty[0].queue().waiting] == [second, third]
    assert [run.id for run in hasty[1].runs()] == [third, second, first]
    assert (
        pause(hasty, first).state is RunState.PAUSED
    )  # it gives its process back: the others get their turn
    assert ended(hasty, third).state is RunState.COMPLETED
    used = hasty[1].run(first).duration
    assert used is not None
    assert 0 < used < time.monotonic() - begin
    resume(hasty, first)
    until(lambda: hasty[1].run(first).state is RunState.RUNNING)
    hasty[0].stop(first)
    whole = ended(hasty, first).duration
    assert used < whole < time.monotonic() - begin, (
        "what an earlier process took counts too, and no day of a clock"
    )
    assert all(0 <= hasty[1].run(run).duration < 3600 for run in (second, third))
