"""The scheduler of studies beside errors: other studies continue, and none is stuck as running."""

from __future__ import annotations

import sqlite3

import pytest

from visdl.models.runs import RunState
from visdl.models.strategies import LeaveOneOut, OptunaSearch, RangeFactor
from visdl.models.studies import NewStudy, StudyState
from visdl.nodes import NodeRegistry
from visdl.studies import search
from visdl.studies.service import Studies
from visdl.validation.validator import Validator

from ..runs.test_supervisor import supervised, trains, until
from ..support.graphs import MLP, chain, numbers
from ..support.light_workers import light_workers
from ..support.odd_workers import SHORT

pytestmark = pytest.mark.integration

LONG = 0  # seed of runs that do not end
FULL = sqlite3.OperationalError("database or disk is full")


@pytest.fixture(scope="module", autouse=True)
def _light_workers():
    with light_workers():
        yield


@pytest.fixture
def pair(tmp_path):
    """The service of studies, and the store."""
    data = numbers(tmp_path)
    with supervised(tmp_path / "data", data) as (runs, store):
        studies = Studies(store, runs, Validator(NodeRegistry, lambda name: data), NodeRegistry)
        studies.start()
        yield studies, store
        studies.close()


def begin(pair, strategy=None, seed=SHORT):
    graph = chain(MLP)
    part = next(node.id for node in graph.nodes if node.type == "ReLU")
    strategy = strategy or LeaveOneOut(nodes=[part])
    request = NewStudy(strategy=strategy, seeds=[seed], reuse=False, batch_seeds=False)
    return pair[0].create(request, graph).id


def search_of(trials):
    factor = RangeFactor(node=MLP[0][0], param="out_features", low=2, high=9, integer=True)
    return OptunaSearch(factors=[factor], trials=trials)


def reach(pair, study, state):
    until(lambda: pair[0].get(study).state is state)
    return pair[0].get(study)


def refuse(error):
    def refused(*args, **kwargs):
        raise error

    return refused


def test_a_study_states_why_it_cannot_continue_and_continues_when_it_can(pair, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(pair[1], "add_runs", refuse(FULL))
        study = begin(pair)
        found = pair[0].get(study)
        assert found.state is StudyState.RUNNING
        assert found.obstacle == (
            "Studies cannot queue runs: the disk is full."
            " Free some space on the disk of the data folder."
        )
    found = reach(pair, study, StudyState.COMPLETED)
    assert (found.obstacle, found.error, found.counts.completed) == (None, None, 2)


def test_an_error_in_one_study_stops_it_with_the_reason_and_the_others_continue(pair, monkeypatch):
    load = pair[0]._scheduler._graphs.load

    def fail(study, variant):
        if study.id == studies[0]:
            raise IndexError("list index out of range")
        return load(study, variant)

    studies = [""]
    with monkeypatch.context() as patch:
        patch.setattr(pair[1], "add_runs", refuse(FULL))
        studies = [begin(pair), begin(pair)]
        patch.setattr(pair[0]._scheduler._graphs, "load", fail)
        stopped = reach(pair, studies[0], StudyState.STOPPED)
    assert stopped.error.message == (
        "The study was stopped, as its next run could not be created:"
        " IndexError: list index out of range"
    )
    reach(pair, studies[1], StudyState.COMPLETED)
    pair[0]._scheduler.resume(studies[0])
    resumed = reach(pair, studies[0], StudyState.COMPLETED)
    assert (resumed.error, resumed.stopped_early) == (None, False)


def test_a_search_that_cannot_be_sampled_is_not_left_running(pair, monkeypatch):
    message = "The low is larger than the high."
    monkeypatch.setattr(search, "suggest_values", refuse(ValueError(message)))
    study = reach(pair, begin(pair, search_of(3)), StudyState.STOPPED)
    assert message in study.error.message


def test_a_trial_that_is_not_valid_does_not_end_a_search(pair, monkeypatch):
    suggester = pair[0]._scheduler._search
    plan = suggester._plan_variant

    def plan_variant(study, strategy, values, number):
        variant = plan(study, strategy, values, number)
        return variant.model_copy(update={"valid": False}) if number == 1 else variant

    monkeypatch.setattr(suggester, "_plan_variant", plan_variant)
    study = reach(pair, begin(pair, search_of(2)), StudyState.COMPLETED)
    assert [variant.valid for variant in study.variants] == [True, False, True]


def test_the_thread_survives_any_error(pair, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(pair[1], "study_ids", refuse(RuntimeError("a bug")))
        pair[0]._scheduler._wake.set()
        until(lambda: pair[0]._scheduler._obstacle.sentence is not None)
    until(lambda: pair[0]._scheduler._obstacle.sentence is None)
    reach(pair, begin(pair), StudyState.COMPLETED)


@pytest.mark.parametrize(
    ("command", "state", "run"),
    [("pause", StudyState.PAUSED, RunState.PAUSED), ("stop", StudyState.STOPPED, RunState.STOPPED)],
)
def test_a_command_that_only_a_part_of_the_runs_has_is_applied_to_all(
    pair, monkeypatch, command, state, run
):
    study = begin(pair, seed=LONG)
    training = pair[1].study_cells(study)[0].run
    trains((None, pair[1]), training)
    with monkeypatch.context() as patch:
        patch.setattr(pair[1], "drop_study_runs", refuse(FULL))
        with pytest.raises(sqlite3.OperationalError):
            getattr(pair[0]._scheduler, command)(study)
        assert pair[0].get(study).state is state
    until(lambda: [cell.state for cell in pair[1].study_cells(study)] == [run])
    pair[0].stop(study)
    until(lambda: pair[1].run(training).state is RunState.STOPPED)


@pytest.mark.parametrize("command", ["pause", "stop"])
def test_a_command_ignores_runs_that_are_deleted_while_it_works(pair, monkeypatch, command):
    study = begin(pair, seed=LONG)
    training, waiting = (cell.run for cell in pair[1].study_cells(study))
    trains((None, pair[1]), training)
    scheduler = pair[0]._scheduler

    def starts_and_is_deleted(run):
        scheduler._runs.stop(run.id)
        scheduler._runs.delete(run.id)
        return False

    monkeypatch.setattr(scheduler, "_delete_waiting", starts_and_is_deleted)
    getattr(scheduler, command)(study)
    assert [cell.run for cell in pair[1].study_cells(study)] == [training]
    assert waiting not in pair[1].run_facts()
