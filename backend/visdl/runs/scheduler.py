"""Decides which run trains next, and on which device."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from visdl.models.errors import NotFoundError
from visdl.models.queue import DeviceUsage, QueuePosition, RunQueue
from visdl.models.runs import Run, RunState
from visdl.runs.policy import RunPolicy
from visdl.runs.postponed import PostponedRuns
from visdl.runs.processes import WorkerPool
from visdl.store import Store


class DeviceSlots:
    """The slots of each device, and which of them worker processes use now. From any thread."""

    def __init__(self, policy: RunPolicy, pool: WorkerPool) -> None:
        self._policy = policy
        self._pool = pool

    def find_device(self, run: Run) -> str | None:
        """Return a device with a free slot for a run: its previous one, or the least busy.

        A run that is stopping needs no slot. Returns None when all slots are in use.
        """
        devices = self._policy.devices()
        busy = self._pool.count_by_device()
        free = [device for device in devices if busy[device] < self._policy.concurrent]
        if run.state is RunState.STOPPING and not free:
            free = devices
        return min(free, key=lambda device: (device != run.device, busy[device]), default=None)

    @property
    def per_device(self) -> int:
        """How many slots each device has."""
        return self._policy.concurrent

    def runs_by_device(self) -> dict[str, list[str]]:
        """Return which runs train on each device."""
        runs: dict[str, list[str]] = {device: [] for device in self._policy.devices()}
        for worker in self._pool.workers():
            runs.setdefault(worker.device, []).append(worker.run)
        return runs

    def why_waiting(self) -> str:
        """Return why a run waits, as a sentence."""
        busy, slots = self._pool.count_by_device(), self._policy.concurrent
        usage = ", ".join(
            f"{device}: {busy[device]} of {slots}" for device in self.runs_by_device()
        )
        return f"Waiting for a free slot ({usage} in use)."


@dataclass(frozen=True)
class Launch:
    """Runs that start in one process: one run, or those of a seed batch."""

    runs: list[Run]
    device: str


class Scheduler:
    """The queue, and its order: runs that stop come first, then resumed ones, then new ones."""

    def __init__(self, store: Store, slots: DeviceSlots, pool: WorkerPool) -> None:
        self._store = store
        self._slots = slots
        self._pool = pool
        self.postponed = PostponedRuns()

    def next_launches(self) -> Iterator[Launch]:
        """Yield what starts next, as long as there are free slots.

        The caller starts each launch before it asks for the next one.
        """
        waiting_runs = self._store.waiting_runs()
        training = [worker.run for worker in self._pool.workers()]
        self.postponed.keep([*training, *(waiting.id for waiting in waiting_runs)])
        for waiting in waiting_runs:
            has_worker = self._pool.find_worker(waiting.id) is not None
            if has_worker or not self.postponed.is_due(waiting.id):
                continue
            try:
                run = self._store.run(waiting.id)
            except NotFoundError:  # deleted a moment ago
                continue
            device = self._slots.find_device(run)
            if device is None:
                break  # there is none for the runs after it either
            batch = run.batch.id if run.batch and run.state is RunState.QUEUED else None
            yield Launch(self._store.queued_batch(batch) if batch else [run], device)

    def queue(self, obstacle: str | None = None, lateness: str | None = None) -> RunQueue:
        """Return which runs train on which device, and the order of those that wait.

        `obstacle` states why the machine keeps them all waiting, if it does, and `lateness` why
        the next start takes long.
        """
        training = self._slots.runs_by_device()
        waiting = [
            run for run in self._store.waiting_runs() if self._pool.find_worker(run.id) is None
        ]
        known = [self._store.find_run_facts(run) for runs in training.values() for run in runs]
        reason = obstacle or lateness or self._slots.why_waiting()
        return RunQueue(
            devices=[
                DeviceUsage(device=device, slots=self._slots.per_device, runs=runs)
                for device, runs in training.items()
            ],
            waiting=[
                QueuePosition(
                    run=run.id,
                    position=position,
                    reason=obstacle or self.postponed.find_sentence(run.id) or reason,
                )
                for position, run in enumerate(waiting, 1)
            ],
            names={run.id: run.name for run in (*known, *waiting) if run is not None},
            obstacle=obstacle,
            held=[worker.run for worker in self._pool.workers() if worker.held is not None],
        )

    def counts(self) -> tuple[int, int]:
        """Return how many runs have a worker process, and how many wait for one."""
        return len(self._pool.workers()), self._store.count_queued()
