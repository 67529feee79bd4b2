"""Starts, stops, pauses and deletions at once: afterwards processes, slots and states agree."""

from __future__ import annotations

import asyncio
import random
from concurrent.futures import ThreadPoolExecutor

import psutil
import pytest

from visdl.models.errors import AppError
from visdl.models.requests import NewRun
from visdl.models.runs import FINAL, LIVE, RunState

from ..runs.test_supervisor import supervised, until
from ..support.graphs import MLP, chain, numbers
from ..support.light_workers import light_workers
from ..support.odd_workers import SHORT
from ..support.strength import count

pytestmark = pytest.mark.integration

_SLOTS = 3
_QUEUED = 48


@pytest.fixture(scope="module")
def launcher():
    with light_workers() as launcher:
        yield launcher


def processes(launcher) -> set[int]:
    """The processes that the launcher has forked, besides its spare."""
    found = psutil.Process(launcher._process.pid).children(recursive=True)
    return {process.pid for process in found if process.status() != psutil.STATUS_ZOMBIE}


def disagreement(supervisor, store, launcher) -> str:
    """What states, pool and processes state differently; empty where they agree."""
    workers = supervisor._pool.workers()
    alive = processes(launcher)
    missing = {worker.process.pid for worker in workers} - alive
    surplus = len(alive) - len(workers) - 1  # the spare
    live = {run.id for run in store.live_runs() if not run.recovery.released}
    owned = {worker.run for worker in workers}
    busy = [worker.run for worker in workers if store.run(worker.run).state != "stopping"]
    found = {
        "workers without a process": missing,
        "processes without a worker": surplus,
        "live runs without a worker": live - owned,
        "workers without a live run": owned - live,
        "slots used too often": max(0, len(busy) - _SLOTS),
    }
    return ", ".join(f"{name}: {value}" for name, value in found.items() if value)


def race(supervisor, store, commands: int) -> None:
    """Eight threads that send any command to any run, while the queue is worked through."""
    graph = chain(MLP)
    for _ in range(_QUEUED):
        supervisor.create(NewRun(seed=0), graph)

    def client(seed: int) -> None:
        rng = random.Random(seed)
        for _ in range(commands):
            ids = list(store.run_facts())
            command = rng.choice(["create", "stop", "stop", "stop", "delete", "pause", "resume"])
            try:
                if command == "create" or not ids:
                    supervisor.create(NewRun(seed=rng.choice([0, SHORT])), graph)
                elif command in ("pause", "resume"):
                    asyncio.run(getattr(supervisor, command)(rng.choice(ids)))
                else:
                    getattr(supervisor, command)(rng.choice(ids))
            except AppError:
                continue  # not possible in this state, or deleted

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(client, range(8)))


def check_races(tmp_path, launcher, commands: int) -> dict[str, int]:
    settings = {"concurrent": _SLOTS, "pause_minutes": 0.001}
    with supervised(tmp_path / "data", numbers(tmp_path), **settings) as (supervisor, store):
        race(supervisor, store, commands)
        until(lambda: not disagreement(supervisor, store, launcher))
        for run in store.run_facts():
            try:
                supervisor.stop(run)
            except AppError:
                continue  # has ended
        until(lambda: all(facts.state in FINAL for facts in store.run_facts().values()))
        until(lambda: not supervisor._pool.workers())
        last = supervisor.create(NewRun(seed=SHORT), chain(MLP)).id
        until(lambda: store.run(last).state is RunState.COMPLETED)  # the queue is worked through
        until(lambda: len(processes(launcher)) == 1)
        states = [facts.state for facts in store.run_facts().values()]
        assert set(states) <= {RunState.STOPPED, RunState.COMPLETED}
        assert not [run for run in store.live_runs() if run.state in LIVE]
        kept = {path.name for path in (tmp_path / "data" / "runs").glob("*")}
        assert kept <= set(store.run_facts()), "a deleted run has left a folder"
    return {"commands": 8 * commands, "runs": len(states), "disagreements": 0}


def test_races_of_eight_threads_leave_no_process_without_its_run(tmp_path, launcher):
    check_races(tmp_path, launcher, count(gate=12, full=60))


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_long_races_of_eight_threads(tmp_path, launcher, fault_report):
    fault_report["races"] = check_races(tmp_path, launcher, 500)
