"""Ends worker processes that hang or have no live run, and evicts runs that are paused for long."""

from __future__ import annotations

import time

from visdl.models.runs import LIVE
from visdl.runs.obstacles import is_system_error
from visdl.runs.policy import RunPolicy
from visdl.runs.processes import WorkerPool, WorkerProcess
from visdl.store import Store
from visdl.worker.protocol import Command

_ENDED_SECONDS = 5.0  # how long a process may outlive the end that it has reported
_LATE_SECONDS = 5.0  # after which this process itself was stopped, as by Ctrl Z
_LEAST_WORK = 0.01  # of a second of a core, each second: heartbeats take less


class WorkerWatch:
    """Checks the worker processes. Used by the supervisor's thread."""

    def __init__(self, store: Store, pool: WorkerPool, policy: RunPolicy) -> None:
        self._store = store
        self._pool = pool
        self._policy = policy

    def check(self, since: float) -> None:
        """Check all workers; the last check was `since`, by the monotonic clock."""
        now = time.monotonic()
        workers = self._pool.workers()
        try:
            self._end_orphans(workers, now)
        except Exception as error:
            if not is_system_error(error):
                raise
        stopped = now - since > _LATE_SECONDS
        for worker in workers:
            if worker.held is not None or stopped:  # what it has sent is not read
                worker.last_message = worker.last_report = now
            else:
                self._check_worker(worker, now)

    def _check_worker(self, worker: WorkerProcess, now: float) -> None:
        hang, stall = self._policy.hang_seconds, self._policy.stall_seconds
        if now - worker.last_message > hang:
            worker.kill(f"it did not respond for {hang:g} s and was killed")
        elif worker.paused_since is not None:
            worker.last_report = now
            if now - worker.paused_since >= 60 * self._policy.pause_minutes:
                worker.paused_since = now  # asked again, if it cannot write its checkpoint now
                worker.evicted = True
                worker.send(Command.EVICT)
        elif self._idle_seconds(worker, now) > stall:
            worker.kill(f"it did nothing and reported nothing for {stall:g} s and was killed")

    def _idle_seconds(self, worker: WorkerProcess, now: float) -> float:
        """Return how long a worker has only sent heartbeats, as in a deadlock."""
        if not worker.claimed or now - worker.last_report <= self._policy.hang_seconds:
            worker.idle_since = None
            return 0.0
        if worker.idle_since is None or now >= worker.next_sample:
            worker.next_sample = now + self._policy.hang_seconds / 10
            work = worker.work_done()
            begin, before = worker.idle_since or (now, work)
            idle = work - before <= _LEAST_WORK * max(now - begin, 1.0)
            worker.idle_since = (begin, before) if idle else (now, work)
        return now - worker.idle_since[0]

    def _end_orphans(self, workers: list[WorkerProcess], now: float) -> None:
        """End processes none of whose runs is live: by a fault, as each ends with its runs."""
        by_process: dict[object, list[WorkerProcess]] = {}
        for worker in workers:
            by_process.setdefault(worker.process, []).append(worker)
        for group in by_process.values():
            if not all(worker.claimed and worker.held is None for worker in group):
                continue
            facts = [self._store.find_run_facts(worker.run) for worker in group]
            if any(fact is not None and fact.state in LIVE for fact in facts):
                continue
            reported = max(worker.ended_since or 0.0 for worker in group)
            if now - reported > _ENDED_SECONDS:
                for worker in group:
                    worker.kill("its run had ended")
