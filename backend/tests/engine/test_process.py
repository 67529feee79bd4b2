"""Runs in trainer processes, through the supervisor: the queue, the commands, and what becomes of a killed trainer."""

import asyncio
import contextlib
import os
import signal
import time

import pytest

from visdl.engine.session import RunSupervisor
from visdl.engine.store import Store
from visdl.engine.telemetry import Telemetry
from visdl.engine.validator import Validator
from visdl.models.errors import ConflictError, InvalidGraphError, TransitionError
from visdl.models.events import CheckpointEvent, LogEvent, MetricsEvent
from visdl.models.runs import RunState
from visdl.models.schemas import NewRun
from visdl.nodes import NodeRegistry

from .graphs import MLP, chain, numbers

LONG = {"epochs": 1_000_000}


@contextlib.contextmanager
def supervised(data_dir, dataset):
    """A supervisor on this data folder, as a server has it."""
    store = Store(data_dir / "visdl.db")
    validator = Validator(NodeRegistry, lambda name: dataset)
    supervisor = RunSupervisor(store, Telemetry(), NodeRegistry, validator, data_dir=data_dir, threads=1)
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


def said(runs, run):
    return [event.message for event in runs[1].events(run, 0, 100_000) if isinstance(event, LogEvent)]


def checkpoints(runs, run):
    return [event for event in runs[1].events(run, 0, 100_000) if isinstance(event, CheckpointEvent)]


def test_a_run_goes_through_its_states_and_leaves_its_files(runs):
    run = ended(runs, start(runs, epochs=3))
    assert run.state is RunState.COMPLETED
    assert (run.progress.epoch, run.progress.epochs) == (3, 3)
    assert run.metrics["val_loss"].last is not None
    names = {artifact.name for artifact in runs[0].artifacts(run.id)}
    assert {"graph.json", "weights.safetensors", "encoding.json", "report.json"} <= names
    events = runs[1].events(run.id, 0, 10_000)
    assert [event.seq for event in events] == list(range(1, len(events) + 1))


def test_pause_holds_resume_goes_on_stop_keeps_the_partial_result(runs):
    run = start(runs, **LONG)
    trains(runs, run)
    assert runs[0].pause(run).state is RunState.PAUSED
    [checkpoint] = [event for event in checkpoints(runs, run) if event.reason == "pause"]
    assert runs[1].run(run).progress.step == checkpoint.step
    assert runs[0].resume(run).state is RunState.RUNNING
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
        runs[0].pause(second)
    with pytest.raises(ConflictError):
        runs[0].delete(first)
    assert runs[0].stop(second).state is RunState.STOPPED
    runs[0].stop(first)
    assert ended(runs, first).state is RunState.STOPPED
    runs[0].delete(first)


def test_a_killed_trainer_interrupts_its_run_alone_and_resume_goes_on(runs):
    run = start(runs, **LONG)
    until(lambda: checkpoints(runs, run))
    os.kill(runs[0]._trainers[run].process.pid, signal.SIGKILL)
    interrupted = ended(runs, run)
    assert interrupted.state is RunState.INTERRUPTED
    assert "SIGKILL" in interrupted.error.message or "-9" in interrupted.error.message
    last = checkpoints(runs, run)[-1].step
    runs[0].resume(run)
    until(lambda: f"Going on from the checkpoint at step {last}." in said(runs, run))
    until(lambda: runs[1].run(run).progress.step > last)
    runs[0].stop(run)
    assert ended(runs, run).state is RunState.STOPPED


def test_a_server_that_ends_leaves_its_runs_interrupted_and_the_next_one_goes_on(tmp_path, dataset):
    with supervised(tmp_path / "data", dataset) as pair:
        run = start(pair, **LONG)
        trains(pair, run)
    with supervised(tmp_path / "data", dataset) as pair:
        assert pair[1].run(run).state is RunState.INTERRUPTED
        before = checkpoints(pair, run)[-1]
        assert before.reason == "interrupted"
        pair[0].resume(run)
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
