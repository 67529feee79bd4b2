"""Gives processes to runs that wait for one, in the order of the queue."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Sequence
from typing import Any, Protocol

from visdl.models.errors import NotFoundError, TransitionError
from visdl.models.runs import Run, RunProblem, RunState
from visdl.runs.places import Places
from visdl.runs.processes import Trainer, TrainerPool
from visdl.runs.specs import RunSpecs
from visdl.store import Store
from visdl.training.environment import versions
from visdl.worker import main

log = logging.getLogger(__name__)
S = RunState


class Move(Protocol):
    """`RunSupervisor._move`: the one way of a run to another state. Raises TransitionError."""

    def __call__(
        self, run_id: str, state: RunState, *, error: RunProblem | None = None, **fields: Any
    ) -> Run: ...


class Launcher:
    """Adds to `trainers` what it starts; used by the supervisor's thread alone."""

    def __init__(
        self,
        store: Store,
        specs: RunSpecs,
        places: Places,
        trainers: dict[str, Trainer],
        pool: TrainerPool,
        move: Move,
    ) -> None:
        self._store = store
        self._specs = specs
        self._places = places
        self._trainers = trainers
        self._pool = pool
        self._move = move

    def fill(self) -> None:
        """Start what waits for a trainer, as far as there are places."""
        for waiting in self._store.waiting_runs():
            if waiting.id in self._trainers:
                continue
            try:
                run = self._store.run(waiting.id)
            except NotFoundError:  # deleted a moment ago
                continue
            device = self._places.find(run)
            if device is None:
                break  # nor is there one for those behind it
            stack = (
                self._store.queued_stack(run.stack)
                if run.stack and run.state is S.QUEUED
                else [run]
            )
            self._launch([run for run in stack if self._starts(run, device)], device)

    def _starts(self, run: Run, device: str) -> bool:
        """Say that a run is about to have a process; False where it was stopped or deleted a moment ago."""
        try:
            if run.state is S.QUEUED:
                self._move(run.id, S.STARTING, device=device, versions=versions())
            else:  # paused or stopping, without a process
                self._store.patch_run(run.id, device=device, released=False)
        except (TransitionError, NotFoundError):
            return False
        return True

    def _launch(self, runs: Sequence[Run], device: str) -> None:
        """Start a process for a run, or for all runs of a stack."""
        if not runs:
            return
        try:
            specs = [self._specs.make(run, device) for run in runs]
            trainers = self._pool.start([run.id for run in runs], device, main.main, specs)
            for run, trainer in zip(runs, trainers, strict=True):
                self._trainers[run.id] = trainer
                trainer.earlier = run.duration or 0.0
                if self._store.run(run.id).state is S.STOPPING:
                    trainer.tell("stop")  # the command came while there was no trainer to hear it
        except Exception as error:
            log.exception("The trainer of run %s could not be started.", runs[0].id)
            problem = RunProblem(
                code="not_started", message=f"The trainer could not be started: {error}"
            )
            for run in runs:
                with contextlib.suppress(TransitionError):
                    self._move(run.id, S.FAILED, error=problem)
