"""Who trains where: the places of each device, and who waits for one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from visdl.models.runs import Run, RunState
from visdl.models.schemas import DevicePlaces, QueuePlace, RunQueue
from visdl.runs.processes import Trainer
from visdl.runs.specs import RunPolicy
from visdl.store import Store


class Places:
    """The devices' places, as far as trainers take them now. Read from any thread."""

    def __init__(self, store: Store, policy: RunPolicy, trainers: Mapping[str, Trainer]) -> None:
        self._store = store
        self._policy = policy
        self._trainers = trainers

    def find(self, run: Run) -> str | None:
        """A device with room for a run: the one that it was on, or the least busy. One that ends needs no place."""
        devices = self._policy.devices()
        taken = self._taken()
        free = [device for device in devices if taken[device] < self._policy.concurrent]
        if run.state is RunState.STOPPING and not free:
            free = devices
        return min(free, key=lambda device: (device != run.device, taken[device]), default=None)

    def _taken(self) -> Counter[str]:
        """How many places of each device are taken: runs of a stack share one."""
        return Counter(
            {trainer.process: trainer.device for trainer in list(self._trainers.values())}.values()
        )

    def queue(self) -> RunQueue:
        """Which runs have a place, and in which order the others get one."""
        taken: dict[str, list[str]] = {device: [] for device in self._policy.devices()}
        for trainer in list(self._trainers.values()):
            taken.setdefault(trainer.device, []).append(trainer.run)
        places = [
            DevicePlaces(device=d, places=self._policy.concurrent, runs=runs)
            for d, runs in taken.items()
        ]
        busy = self._taken()
        full = " and ".join(f"{busy[at.device]} of {at.places} on {at.device}" for at in places)
        reason = f"All places are taken: {full}."
        waiting = [run for run in self._store.waiting_runs() if run.id not in self._trainers]
        training = [self._store.find_run_facts(run) for at in places for run in at.runs]
        return RunQueue(
            devices=places,
            waiting=[
                QueuePlace(run=run.id, place=place, reason=reason)
                for place, run in enumerate(waiting, 1)
            ],
            names={run.id: run.name for run in (*training, *waiting) if run is not None},
        )

    def counts(self) -> tuple[int, int]:
        """How many runs have a trainer, and how many wait for one."""
        return len(self._trainers), self._store.count_queued()
