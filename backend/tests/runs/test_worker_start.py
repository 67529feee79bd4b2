"""Processes whose runs are stopped or deleted before they are ready: none stays."""

import psutil
import pytest

from visdl.models.requests import NewRun
from visdl.models.runs import RunState
from visdl.runs.processes import WorkerPool
from visdl.worker.protocol import READY

from ..support.graphs import MLP, chain, numbers
from .test_supervisor import supervised, until

pytestmark = pytest.mark.integration

_READY_SECONDS = 60


@pytest.fixture(scope="module")
def pool():
    pool = WorkerPool(None)
    pool.warm_up()
    return pool


def started(pool, *runs):
    workers = pool.start_workers(runs, "cpu")
    pool.add_workers(workers)
    return workers


def ready_workers(pool, *runs):
    workers = started(pool, *runs)
    for worker in workers:
        assert worker.connection.poll(_READY_SECONDS)
        assert worker.connection.recv() == READY
    return workers


def has_gone(worker) -> bool:
    return not psutil.pid_exists(worker.process.pid)


def test_a_process_exits_that_is_ready_for_a_run_which_is_not_to_start(pool):
    [worker] = ready_workers(pool, "stopped")
    pool.remove_worker(worker)
    until(lambda: has_gone(worker))


def test_a_process_exits_whose_run_is_deleted_while_it_starts(pool):
    [worker] = started(pool, "deleted")
    pool.remove_worker(worker)
    until(lambda: has_gone(worker))


@pytest.mark.parametrize("gone", [0, 1])
def test_the_other_run_of_a_seed_batch_trains_when_one_is_not_to_start(pool, tmp_path, gone):
    with supervised(tmp_path / "data", numbers(tmp_path)) as (supervisor, store):
        runs = [supervisor.create(NewRun(seed=seed), chain(MLP)).id for seed in (0, 1)]
        until(lambda: all(store.run(run).state is RunState.COMPLETED for run in runs))
        workers = ready_workers(pool, *runs)
        pool.remove_worker(workers[gone])
        left = workers[1 - gone]
        left.send(supervisor._loop._starter._specs.build_spec(store.run(left.run), "cpu"))
        until(lambda: has_gone(left))
        messages = []
        while left.connection.poll(0):
            try:
                messages.append(left.connection.recv())
            except EOFError:
                break
        pool.remove_worker(left)
    assert any(getattr(one, "state", None) is RunState.COMPLETED for one in messages)
