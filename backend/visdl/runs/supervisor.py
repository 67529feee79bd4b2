"""The run supervisor: queues runs and takes commands; the rest of the server uses runs by it."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from anyio import CapacityLimiter, to_thread

from visdl.models.errors import TransitionError
from visdl.models.graph import Graph
from visdl.models.queue import RunQueue
from visdl.models.requests import (
    Artifact,
    DeletedRuns,
    DeleteRuns,
    ExtendRequest,
    NewRun,
    RerunRequest,
)
from visdl.models.runs import ENDED, LIVE, DatasetUse, Run, RunState, commands_of
from visdl.runs.curve_downsampling import CurveDownsampler
from visdl.runs.factory import RunFactory
from visdl.runs.policy import RunPolicy
from visdl.runs.processes import WorkerPool
from visdl.runs.scheduler import DeviceSlots, Scheduler
from visdl.runs.specs import SpecBuilder
from visdl.runs.states import RunStates
from visdl.runs.telemetry import Telemetry
from visdl.runs.worker_loop import WorkerLoop, server_ended
from visdl.runs.worker_starter import WorkerStarter
from visdl.store import Store
from visdl.training import run_folder
from visdl.worker.protocol import Command

_ANSWER_SECONDS = 10.0  # how long a call waits for a worker to apply a command; a batch may be long
S = RunState
_NOT_ENDED = frozenset(RunState) - ENDED


class _Change(NamedTuple):
    """What a command changes; in the states `same` it is already applied."""

    command: Command
    before: RunState
    after: RunState
    same: frozenset[RunState]


_PAUSE = _Change(Command.PAUSE, S.RUNNING, S.PAUSED, frozenset({S.PAUSED}))
_RESUME = _Change(Command.RESUME, S.PAUSED, S.RUNNING, frozenset({S.RUNNING, S.STARTING, S.QUEUED}))


class RunSupervisor:
    """Runs what is queued. Calls come from any thread; `WorkerLoop` has a thread of its own."""

    def __init__(
        self,
        store: Store,
        telemetry: Telemetry,
        factory: RunFactory,
        specs: SpecBuilder,
        pool: WorkerPool,
        *,
        folder: Path,
        policy: RunPolicy,
    ) -> None:
        self._store = store
        self._factory = factory
        self._pool = pool
        self._folder = folder
        self._policy = policy
        self._states = RunStates(store, telemetry)
        self._slots = DeviceSlots(policy, pool)
        self._scheduler = Scheduler(store, self._slots, pool)
        self._curves = CurveDownsampler(store, telemetry, policy.curve_points)
        self._loop = WorkerLoop(
            store,
            telemetry,
            self._states,
            WorkerStarter(store, self._scheduler, self._states, specs, pool, folder),
            self._scheduler.postponed,
            pool,
            self._curves,
            folder=folder,
            policy=policy,
        )

    @property
    def device(self) -> str:
        """The kind of device that runs train on."""
        return self._policy.devices()[0].partition(":")[0]

    @property
    def slots(self) -> int:
        """How many runs or seed batches can train at a time, on all devices together."""
        return self._policy.slots

    def dataset_uses(self, graph: Graph, known: Sequence[DatasetUse] = ()) -> list[DatasetUse]:
        """Return the datasets that a graph names: those `known` by name or id, else the newest."""
        return self._factory.dataset_uses(graph, known)

    def queue(self) -> RunQueue:
        """Return which runs train on which device, and the order of those that wait."""
        return self._scheduler.queue(self._loop.find_obstacle(), self._loop.find_lateness())

    def find_obstacle(self) -> str | None:
        """Return why the machine keeps runs from starting or continuing now, as a sentence."""
        return self._loop.find_obstacle()

    def explain_waiting(self, run: Run) -> Run:
        """Return a run with the reason why the machine keeps it from starting or continuing."""
        if run.state not in LIVE and run.state is not S.QUEUED:
            return run
        return run.model_copy(update={"obstacle": self._loop.find_obstacle(run.id)})

    def counts(self) -> tuple[int, int]:
        """Return how many runs have a worker process, and how many wait for one."""
        return self._scheduler.counts()

    def on_run_ended(self, listener: Callable[[Run], None]) -> None:
        """Have `listener` called when a run has ended, from any thread, before it is published."""
        self._states.on_run_ended(listener)

    def start(self) -> None:
        """Settle the runs of an earlier server, and begin to work on the queue."""
        for run in self._store.live_runs():
            if not run.recovery.released:
                problem = server_ended(run, "ended while this run was training")
                self._states.change_state(run.id, S.INTERRUPTED, error=problem)
        if self._policy.auto_resume:
            for run in self._store.interrupted_runs():
                self._resume_automatically(run)
        self._pool.warm_up()
        self._curves.start()
        self._loop.start()

    def close(self) -> None:
        """End: workers write a checkpoint and exit, their runs are interrupted."""
        self._loop.close()
        self._curves.close()

    def _resume_automatically(self, run: Run) -> None:
        """Queue a run that the server's end interrupted while it trained, unless it is stuck."""
        by_server = run.error is not None and run.error.code == "server_ended"
        last = run.recovery.requeued_at
        if by_server and (last is None or run.progress.step > last):
            requeued = {"requeued_at": run.progress.step}
            self._states.change_state(run.id, S.QUEUED, recovery=requeued)

    def create(self, request: NewRun, graph: Graph) -> Run:
        """Queue a run. Raises InvalidGraphError with the report if the graph cannot be trained."""
        return self._queued(self._factory.create(request, graph))

    def create_many(self, graph: Graph, members: Sequence[Mapping[str, Any]]) -> None:
        """Queue runs of one graph, each with these fields of its record. Raises as `create`."""
        self._factory.create_many(graph, members)
        self._loop.wake()

    def rerun(self, run_id: str, request: RerunRequest) -> Run:
        """Queue the same run on the same data; its notices state what has changed since."""
        return self._queued(self._factory.rerun(self._store.run(run_id), request))

    def extend(self, run_id: str, request: ExtendRequest) -> Run:
        """Queue more epochs of an ended run, as a new run.

        Raises ConflictError when the run has not ended, or has no checkpoint.
        """
        return self._queued(self._factory.extend(self._store.run(run_id), request))

    def _queued(self, run: Run) -> Run:
        self._loop.wake()
        return run

    async def pause(self, run_id: str, threads: CapacityLimiter | None = None) -> Run:
        """Pause a running run; return when it has paused, or after 10 s with the pause pending."""
        run = await to_thread.run_sync(self.send_pause, run_id, limiter=threads)
        return await self._applied(_PAUSE, run)

    def send_pause(self, run_id: str) -> Run:
        """Pause a running run without waiting until it has paused. Raises TransitionError."""
        run = self._store.run(run_id)
        if run.state is S.PAUSED and run.recovery.resuming:
            self._store.patch_run(run_id, recovery={"resuming": False})
        return self._command(run_id, _PAUSE)

    async def resume(self, run_id: str, threads: CapacityLimiter | None = None) -> Run:
        """Resume a paused run, or queue an interrupted one to continue from its last checkpoint.

        Returns when it runs, or after 10 s. A paused run without a process gets one as soon as a
        slot is free; until then it is `resuming`.
        """
        run = await to_thread.run_sync(self.send_resume, run_id, limiter=threads)
        return run if self._waits_for_slot(run) else await self._applied(_RESUME, run)

    def send_resume(self, run_id: str) -> Run:
        """Resume or queue a run as `resume`, without waiting until it runs."""
        state = self._store.run(run_id).state
        if state is S.INTERRUPTED:
            return self._queued(self._states.change_state(run_id, S.QUEUED))
        if state is S.PAUSED:
            run = self._store.patch_run(run_id, recovery={"resuming": True})
            self._loop.wake()
            if self._waits_for_slot(run):
                return run
        return self._command(run_id, _RESUME)

    def _waits_for_slot(self, run: Run) -> bool:
        if not (run.state is S.PAUSED and run.recovery.resuming):
            return False
        return self._pool.find_worker(run.id) is None and self._slots.find_device(run) is None

    def stop(self, run_id: str) -> Run:
        """End a run and keep its partial result.

        Its worker finishes the batch, and executes the nodes downstream of the training loop.
        """
        while True:
            run = self._store.run(run_id)
            if run.state in (S.STOPPING, S.STOPPED):
                return run
            waits = run.state in (S.QUEUED, S.INTERRUPTED)
            try:
                run = self._states.change_state(run_id, S.STOPPED if waits else S.STOPPING)
                break
            except TransitionError:
                if not waits:
                    raise  # otherwise it was started just now: stop its worker instead
        self._send(run_id, Command.STOP)
        self._loop.wake()  # a paused run without a process gets one, for the nodes downstream
        return run

    def delete(self, run_id: str) -> None:
        """Remove a run and its files. Raises ConflictError while it is live."""
        self._store.delete_run(run_id)
        shutil.rmtree(self._folder / run_id, ignore_errors=True)

    def delete_many(self, request: DeleteRuns) -> DeletedRuns:
        """Remove runs and their files; runs that train or wait are kept, each with the reason."""
        ids = list(dict.fromkeys(request.ids))
        if request.dry_run:
            kept = self._store.lasting_runs(ids)
            return DeletedRuns(deleted=[run for run in ids if run not in kept], kept=kept)
        deleted = set[str]()
        for removed in self._store.delete_runs(ids):
            deleted.update(removed)
            for run_id in removed:
                shutil.rmtree(self._folder / run_id, ignore_errors=True)
        kept = self._store.lasting_runs([run for run in ids if run not in deleted])
        return DeletedRuns(deleted=[run for run in ids if run in deleted], kept=kept)

    async def wait(self, run_id: str, seconds: float) -> Run:
        """Return the run when it has ended, or as it is after `seconds`."""
        return await self._states.wait_while(run_id, _NOT_ENDED, seconds)

    async def wait_for_command(self, run_ids: Iterable[str], before: RunState) -> None:
        """Wait until these runs are no longer in the state `before`, or as long as `pause` does."""
        waits = (self._states.wait_while(run, {before}, _ANSWER_SECONDS) for run in run_ids)
        await asyncio.gather(*waits, return_exceptions=True)  # a run may be deleted meanwhile

    def artifacts(self, run_id: str) -> list[Artifact]:
        """Return the files of a run, including checkpoints. Raises NotFoundError."""
        self._store.run(run_id)
        return run_folder.artifacts(self._folder / run_id)

    def artifact_path(self, run_id: str, name: str) -> Path:
        """Return the path of a run's file. Raises NotFoundError."""
        self._store.run(run_id)
        return run_folder.path(self._folder / run_id, name)

    def _command(self, run_id: str, change: _Change) -> Run:
        """Send a command. Raises TransitionError if the run's state does not allow it.

        It is sent as well where it is applied according to the record: what the worker does may
        be newer, while a batch is long or nothing can be stored.
        """
        run = self._store.run(run_id)
        if run.state is not change.before and run.state not in change.same:
            message = (
                f"'{run.name}' is {run.state}; only a run that is {change.before} can "
                f"{change.command}."
            )
            raise TransitionError(message, state=run.state, allowed=commands_of(run.state))
        self._send(run_id, change.command)
        return run

    async def _applied(self, change: _Change, run: Run) -> Run:
        """Wait until a command is applied. No thread waits. Raises TransitionError."""
        if run.state is not change.before:
            return run
        run = await self._states.wait_while(run.id, {change.before}, _ANSWER_SECONDS)
        if run.state not in (change.before, change.after):
            message = f"'{run.name}' was {run.state} before it could {change.command}."
            raise TransitionError(message, state=run.state, allowed=commands_of(run.state))
        return run

    def _send(self, run_id: str, command: Command) -> None:
        worker = self._pool.find_worker(run_id)
        if worker is not None:
            worker.send(command)
