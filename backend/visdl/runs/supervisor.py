"""The run supervisor: the queue, one trainer process for each run, and what becomes of them.

Every change of a run's state goes through `_move`: checked and persisted by the store, then published.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import shutil
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from multiprocessing.connection import Connection, Pipe, wait
from pathlib import Path
from typing import Any

from visdl.compiler.shapes import warm_up
from visdl.models.errors import NotFoundError, TransitionError
from visdl.models.events import MetricsEvent
from visdl.models.graph import Graph
from visdl.models.runs import (
    ENDED,
    LIVE,
    WORTH_STACKING,
    DatasetUse,
    Run,
    RunProblem,
    RunState,
    commands_of,
)
from visdl.models.schemas import (
    AgainRequest,
    Artifact,
    ContinueRequest,
    DeletedRuns,
    DeleteRuns,
    NewRun,
)
from visdl.nodes.contract.registry import Registry
from visdl.runs.curve_downsampling import CurveKeeper
from visdl.runs.factory import RunMaker
from visdl.runs.launching import Launcher
from visdl.runs.places import Places
from visdl.runs.processes import Trainer, TrainerPool
from visdl.runs.specs import RunPolicy, RunSpecs
from visdl.runs.telemetry import Telemetry
from visdl.store import Store
from visdl.training import run_folder
from visdl.validation.validator import Validator
from visdl.worker import protocol

log = logging.getLogger(__name__)
_ANSWER_SECONDS = 10.0  # how long a call waits for a trainer to obey; a batch may take long
_LOOK_SECONDS = 0.5  # between two looks at the clocks of trainers
_LOG_LINES = 5  # of a run's log, told with the reason why its trainer died
S = RunState


class RunSupervisor:
    """Runs what is queued. Its own thread starts trainers and reads their pipes; calls come from any thread."""

    def __init__(
        self,
        store: Store,
        telemetry: Telemetry,
        registry: Registry,
        validator: Validator,
        *,
        data_dir: Path,
        policy: RunPolicy,
    ) -> None:
        self._store = store
        self._telemetry = telemetry
        self._registry = registry
        self._validator = validator
        self._folder = data_dir / "runs"
        self._policy = policy
        self.specs = RunSpecs(store, registry, validator, self._folder, policy)
        self.pool = TrainerPool(policy.nodes_dir)
        self._curves = CurveKeeper(store, telemetry, policy.curve_points)
        self._maker = RunMaker(store, registry, validator, self.specs, self._folder, policy)
        self._trainers: dict[str, Trainer] = {}
        self.places = Places(store, policy, self._trainers)
        self._launcher = Launcher(
            store, self.specs, self.places, self._trainers, self.pool, self._move
        )
        self.on_end: list[
            Callable[[Run], None]
        ] = []  # called whenever a run has ended, from any thread
        self._waiters: set[tuple[str, asyncio.AbstractEventLoop, asyncio.Event]] = set()
        self._changed = threading.Condition()
        self._closing = False
        self._has_news = True  # a place is free, or somebody wants one; the supervisor's thread alone reads and sets it
        self._wake_reader, self._wake_writer = Pipe(duplex=False)
        self._thread = threading.Thread(target=self._loop, name="supervisor", daemon=True)

    @property
    def device(self) -> str:
        """The kind of device that runs train on."""
        return self._policy.devices()[0].partition(":")[0]

    @property
    def slots(self) -> int:
        """The number of runs or seed batches that train at a time, on all devices together."""
        return max(1, sum(device.places for device in self.places.queue().devices))

    def dataset_uses(self, graph: Graph, known: Sequence[DatasetUse] = ()) -> list[DatasetUse]:
        """Return the datasets that a graph names: those `known` by name or id, else the newest."""
        return self.specs.dataset_uses(graph, known)

    def start(self) -> None:
        """Take up what an earlier server left, and begin to work on the queue."""
        for run in self._store.live_runs():
            if not run.released:
                self._move(
                    run.id,
                    S.INTERRUPTED,
                    error=_server_ended(run, "ended while this run was training"),
                )
        if self._policy.auto_resume:
            for run in self._store.interrupted_runs():
                self._revive(run)
        self.pool.warm_up()
        warm_up(self._registry)
        self._curves.start()
        self._thread.start()

    def close(self) -> None:
        """End: trainers write a checkpoint and leave, their runs are interrupted."""
        self._closing = True
        self._wake()
        self._thread.join()
        for trainer in self._trainers.values():
            trainer.tell("leave")
        for trainer in list(self._trainers.values()):
            self._drain(trainer)
            trainer.released = trainer.released or trainer.paused is not None
            with contextlib.suppress(
                NotFoundError
            ):  # ended, and deleted before its process was gone
                self._gone(trainer, _server_ended(self._store.run(trainer.run), "was shut down"))
        self._curves.close()

    def _revive(self, run: Run) -> None:
        """Queue a run that the server's end interrupted; not one that was paused, nor one that came no further."""
        ended_by_server = run.error is not None and run.error.code == "server_ended"
        if ended_by_server and (run.revived_at is None or run.progress.step > run.revived_at):
            self._move(run.id, S.QUEUED, revived_at=run.progress.step)

    def _drain(self, trainer: Trainer) -> None:
        """Store what a leaving trainer still has to say."""
        try:
            while trainer.connection.poll(_ANSWER_SECONDS):
                self._take(trainer, trainer.connection.recv())
        except (EOFError, OSError):
            return

    # --- commands ---------------------------------------------------------------------------------------

    def create(self, request: NewRun, graph: Graph) -> Run:
        """Queue a run. Raises InvalidGraphError with the report when the graph cannot be trained."""
        return self._queued(self._maker.create(request, graph))

    def create_all(self, graph: Graph, members: Sequence[Mapping[str, Any]]) -> None:
        """Queue runs of one graph at once, each with these fields of its record. Raises as `create` does."""
        self._maker.stack(graph, members)
        self._wake()

    def again(self, run_id: str, request: AgainRequest) -> Run:
        """Queue a run exactly as it was, on the same data; its notices say what is no more as it was then."""
        return self._queued(self._maker.again(self._store.run(run_id), request))

    def continue_run(self, run_id: str, request: ContinueRequest) -> Run:
        """Queue more epochs of an ended run, as a run of its own. Raises ConflictError where it has no checkpoint."""
        return self._queued(self._maker.more(self._store.run(run_id), request))

    def _queued(self, run: Run) -> Run:
        self._wake()
        return run

    def pause(self, run_id: str) -> Run:
        """Pause a running run; returns when it has paused, or after 10 s with the pause still to come."""
        run = self._store.run(run_id)
        if run.state is S.PAUSED and run.resuming:
            run = self._store.patch_run(run_id, resuming=False)
            trainer = self._trainers.get(run_id)
            if trainer is not None:
                trainer.tell("pause")
        return self._command(run_id, "pause", S.RUNNING, S.PAUSED, same={S.PAUSED})

    def resume(self, run_id: str) -> Run:
        """Go on with a paused run, or queue an interrupted one: it goes on from its newest checkpoint.

        A paused run that gave its process back gets another as soon as a place is free; until then it is `resuming`.
        """
        state = self._store.run(run_id).state
        if state is S.INTERRUPTED:
            run = self._move(run_id, S.QUEUED)
            self._wake()
            return run
        if state is S.PAUSED:
            run = self._store.patch_run(run_id, resuming=True)
            self._wake()
            if run_id not in self._trainers and self.places.find(run) is None:
                return run  # it goes on when a place is free
        return self._command(
            run_id, "resume", S.PAUSED, S.RUNNING, same={S.RUNNING, S.STARTING, S.QUEUED}
        )

    def stop(self, run_id: str) -> Run:
        """End a run and keep what it has so far. A trainer gets to finish its batch and the nodes behind the loop."""
        while True:
            run = self._store.run(run_id)
            if run.state in (S.STOPPING, S.STOPPED):
                return run
            waits = run.state in (S.QUEUED, S.INTERRUPTED)
            try:
                run = self._move(run_id, S.STOPPED if waits else S.STOPPING)
                break
            except TransitionError:
                if not waits:
                    raise  # else it has just been started: stop its trainer instead
        trainer = self._trainers.get(run_id)
        if trainer is not None:
            trainer.tell("stop")
        self._wake()  # one that gave its process back gets another, for the nodes behind the loop
        return run

    def delete(self, run_id: str) -> None:
        """Remove a run and its files. Raises ConflictError while it is live."""
        self._store.delete_run(run_id)
        shutil.rmtree(self._folder / run_id, ignore_errors=True)

    def delete_many(self, request: DeleteRuns) -> DeletedRuns:
        """Remove runs and their files; those that train or wait are kept, each with the reason."""
        ids = list(dict.fromkeys(request.ids))
        if request.dry_run:
            kept = self._store.lasting_runs(ids)
            return DeletedRuns(deleted=[run for run in ids if run not in kept], kept=kept)
        deleted = set[str]()
        for gone in self._store.delete_runs(ids):
            deleted.update(gone)
            for run_id in gone:
                shutil.rmtree(self._folder / run_id, ignore_errors=True)
        kept = self._store.lasting_runs([run for run in ids if run not in deleted])
        return DeletedRuns(deleted=[run for run in ids if run in deleted], kept=kept)

    async def wait(self, run_id: str, seconds: float) -> Run:
        """The run when it has ended, or as it is after `seconds`."""
        waiter = (run_id, asyncio.get_running_loop(), asyncio.Event())
        self._waiters.add(waiter)
        try:
            if self._store.run(run_id).state not in ENDED:
                await asyncio.wait_for(waiter[2].wait(), seconds)
        except TimeoutError:
            pass
        finally:
            self._waiters.discard(waiter)
        return self._store.run(run_id)

    def artifacts(self, run_id: str) -> list[Artifact]:
        """The files of a run, checkpoints included. Raises NotFoundError."""
        self._store.run(run_id)
        return run_folder.artifacts(self._folder / run_id)

    def artifact_path(self, run_id: str, name: str) -> Path:
        """Where a file of a run lies. Raises NotFoundError."""
        self._store.run(run_id)
        return run_folder.path(self._folder / run_id, name)

    # --- the supervisor's thread ------------------------------------------------------------------------

    def _loop(self) -> None:
        while not self._closing:
            try:
                if self._has_news:
                    self._launcher.fill()
                    self._has_news = False
                timeout = _LOOK_SECONDS if self._trainers else None
                for connection in wait(
                    [self._wake_reader, *(t.connection for t in self._trainers.values())], timeout
                ):
                    self._receive(connection)  # type: ignore[arg-type]
                self._look_after()
            except Exception:
                log.exception("The supervisor could not handle a message; it goes on.")

    def _receive(self, connection: Connection) -> None:
        if connection is self._wake_reader:
            connection.recv_bytes()
            self._has_news = True
            return
        trainer = next(t for t in self._trainers.values() if t.connection is connection)
        try:
            message = connection.recv()
        except (EOFError, OSError):
            self._gone(trainer)
            return
        self._take(trainer, message)

    def _take(self, trainer: Trainer, message: Any) -> None:
        trainer.heard = time.monotonic()
        if isinstance(message, protocol.Moved):
            self._obeyed(trainer, message)
        elif isinstance(message, protocol.Measured):
            alone = (message.speedup or 0.0) <= WORTH_STACKING
            self._store.patch_run(
                trainer.run, speedup=message.speedup, **({"stack_size": 1} if alone else {})
            )
        elif message is not protocol.PULSE:
            stored = self._store.append(trainer.run, message)
            self._telemetry.publish(stored)
            self._curves.grew(trainer.run, stored)
            points = sum(isinstance(event, MetricsEvent) for event in stored)
            if points:
                trainer.stored += points
                trainer.tell(trainer.stored)

    def _obeyed(self, trainer: Trainer, moved: protocol.Moved) -> None:
        state, fields = moved.state, dict[str, Any]()
        if state is S.COMPLETED and self._store.run(trainer.run).state is S.STOPPING:
            state = S.STOPPED  # asked to stop when training was over
        trainer.paused = time.monotonic() if state is S.PAUSED else None
        if moved.threads:
            fields["threads"] = moved.threads
        if state is not S.PAUSED:
            fields["resuming"] = False
        if state in ENDED:
            fields["duration"] = trainer.seconds
        self._move_if_legal(trainer.run, state, moved.error, **fields)
        if moved.error is not None and moved.error.code == protocol.UNSTACKED:
            self._requeue(trainer)

    def _requeue(self, trainer: Trainer) -> None:
        """Let a run that shared a process have one of its own; that process goes on with another run."""
        trainer.connection.close()
        del self._trainers[trainer.run]
        self._store.patch_run(trainer.run, stack=None, stack_size=1)
        with contextlib.suppress(TransitionError):  # stopped a moment ago
            self._move(trainer.run, S.QUEUED)
        self._has_news = True

    def _look_after(self) -> None:
        """End trainers that no longer answer, and take back those of runs that have been paused for long."""
        now = time.monotonic()
        for trainer in self._trainers.values():
            if now - trainer.heard > self._policy.hang_seconds:
                trainer.kill(f"it did not answer for {self._policy.hang_seconds:g} s and was ended")
            elif (
                trainer.paused is not None
                and now - trainer.paused >= 60 * self._policy.pause_minutes
            ):
                trainer.paused = None
                trainer.released = True
                trainer.tell("release")

    def _gone(self, trainer: Trainer, problem: RunProblem | None = None) -> None:
        """The trainer's pipe is closed: fine after its last word or a release, else the run is interrupted."""
        how = trainer.end()
        trainer.connection.close()
        del self._trainers[trainer.run]
        self._curves.forget(trainer.run)
        self._has_news = True
        try:
            state = self._store.run(trainer.run).state
        except NotFoundError:  # it had ended, and was deleted before its process was gone
            return
        if trainer.released and trainer.process.exitcode == 0 and state in (S.PAUSED, S.STOPPING):
            self._store.patch_run(trainer.run, released=True, duration=trainer.seconds)
        elif state in LIVE:
            died = problem or self._obituary(trainer, how)
            self._move_if_legal(trainer.run, S.INTERRUPTED, died, duration=trainer.seconds)

    def _obituary(self, trainer: Trainer, how: str) -> RunProblem:
        """Why a trainer died, with the last lines of its log."""
        hint = "Resume goes on from the last checkpoint."
        if "SIGKILL" in how:
            hint = f"If memory ran out, lower batch_size in a copy. {hint}"
        lines = [
            *self._store.last_log(trainer.run, _LOG_LINES),
            *run_folder.crash(self._folder / trainer.run),
        ]
        return RunProblem(
            code="trainer_died", message=f"The trainer process ended: {how}.", hint=hint, log=lines
        )

    # --- states -----------------------------------------------------------------------------------------

    def _move(
        self, run_id: str, state: RunState, *, error: RunProblem | None = None, **fields: Any
    ) -> Run:
        """The one way to another state: check and persist, then publish. Raises TransitionError."""
        run, event = self._store.move_run(run_id, state, error=error, **fields)
        if state in ENDED:
            for (
                heard
            ) in self.on_end:  # before anybody is told: whoever asks then sees what follows from it
                heard(run)
        self._telemetry.publish([event])
        with self._changed:
            self._changed.notify_all()
        if state in ENDED:
            for waiting_for, loop, done in list(self._waiters):
                if waiting_for == run_id:
                    loop.call_soon_threadsafe(done.set)
        return run

    def _move_if_legal(
        self, run_id: str, state: RunState, error: RunProblem | None = None, **fields: Any
    ) -> None:
        """For news from a trainer that a command may have overtaken."""
        try:
            self._move(run_id, state, error=error, **fields)
        except TransitionError as refused:
            log.info("Run %s stays %s: %s", run_id, refused.state, refused.message)

    def _command(
        self, run_id: str, command: str, before: RunState, after: RunState, same: set[RunState]
    ) -> Run:
        run = self._store.run(run_id)
        if run.state in same:
            return run
        trainer = self._trainers.get(run_id)
        if run.state is not before:
            message = f"'{run.name}' is {run.state}; only a run that is {before} can {command}."
            raise TransitionError(message, state=run.state, allowed=commands_of(run.state))
        if trainer is not None:
            trainer.tell(command)
        with self._changed:
            self._changed.wait_for(
                lambda: self._store.run(run_id).state is not before, _ANSWER_SECONDS
            )
        run = self._store.run(run_id)
        if run.state not in (before, after):
            message = f"'{run.name}' was {run.state} before it could {command}."
            raise TransitionError(message, state=run.state, allowed=commands_of(run.state))
        return run

    def _wake(self) -> None:
        self._wake_writer.send_bytes(b"!")


def _server_ended(run: Run, how: str) -> RunProblem:
    code = "server_ended_in_pause" if run.state is S.PAUSED and not run.resuming else "server_ended"
    return RunProblem(
        code=code, message=f"The server {how}.", hint="Resume goes on from the last checkpoint."
    )
