"""States of runs in the store: they change atomically, and only as the table allows."""

from __future__ import annotations

import itertools
import random
from concurrent.futures import ThreadPoolExecutor

import pytest

from visdl.models.errors import ConflictError, NotFoundError, TransitionError
from visdl.models.runs import ENDED, LIVE, TRANSITIONS, RunState

from .helpers import add

S = RunState


@pytest.mark.parametrize("goal", list(S))
@pytest.mark.parametrize(
    "path",
    [
        [],
        [S.STARTING],
        [S.STARTING, S.RUNNING],
        [S.STARTING, S.RUNNING, S.PAUSED],
        [S.STARTING, S.STOPPING],
        [S.STARTING, S.STOPPING, S.STOPPED],
        [S.STARTING, S.RUNNING, S.COMPLETED],
        [S.STARTING, S.FAILED],
        [S.INTERRUPTED],
    ],
)
def test_a_state_changes_only_as_the_table_allows(store, path, goal):  # fmt: skip
    add(store)
    for state in path:
        store.move_run("r", state)
    now = path[-1] if path else S.QUEUED
    if goal in TRANSITIONS[now]:
        assert store.move_run("r", goal)[0].state is goal
        assert store.events("r")[-1].state is goal
        return
    with pytest.raises(TransitionError) as refused:
        store.move_run("r", goal)
    assert refused.value.state == now
    assert store.run("r").state is now


def test_what_is_final_stays_and_every_live_state_can_fail_or_be_interrupted():
    assert {state for state in S if not TRANSITIONS[state]} == {S.COMPLETED, S.STOPPED, S.FAILED}
    assert all({S.FAILED, S.INTERRUPTED} <= TRANSITIONS[state] for state in LIVE)
    assert not LIVE & ENDED


def test_of_many_that_change_one_state_at_once_one_wins(store):
    add(store)

    def attempt(_):
        try:
            store.move_run("r", S.STARTING)
        except TransitionError:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(attempt, range(40))) == [False] * 39 + [True]
    assert [event.state for event in store.events("r")] == [S.QUEUED, S.STARTING]


def test_random_commands_from_many_threads_leave_a_legal_history(store):
    def hammer(seed):
        rng = random.Random(seed)
        for _ in range(40):
            try:
                store.move_run("r", rng.choice(list(S)))
            except TransitionError:
                continue

    add(store)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(hammer, range(8)))
    history = [event.state for event in store.events("r")]
    assert history[0] is S.QUEUED
    assert all(after in TRANSITIONS[before] for before, after in itertools.pairwise(history))
    assert store.run("r").state is history[-1]


def test_a_run_that_waits_or_works_cannot_be_deleted(store):
    add(store)
    with pytest.raises(ConflictError, match="Run r' is queued"):
        store.delete_run("r")
    store.move_run("r", S.STOPPED)
    store.delete_run("r")
    with pytest.raises(NotFoundError):
        store.run("r")
    assert store.events("r") == []
