"""The run supervisor: the queue, one trainer process for each run, and what becomes of them.

Every change of a run's state goes through `_move`: checked and persisted by the store, then published.
"""

from __future__ import annotations

import asyncio
import logging
import os
import shutil
import threading
import time
from collections.abc import Iterator
from multiprocessing.connection import Connection, Pipe, wait
from pathlib import Path
from typing import Any

import torch

from visdl.engine import prediction, run_files, worker
from visdl.engine.execution import RunSpec, versions
from visdl.engine.inference import warm_up
from visdl.engine.store import Store
from visdl.engine.telemetry import Telemetry
from visdl.engine.trainers import Trainer, TrainerPool
from visdl.engine.validator import Validator
from visdl.models.errors import (
    ConflictError,
    InvalidGraphError,
    InvalidInputError,
    NotFoundError,
    RunError,
    TransitionError,
)
from visdl.models.graph import Graph, Node
from visdl.models.ids import new_id
from visdl.models.runs import ENDED, LIVE, TRANSITIONS, DatasetUse, Run, RunProblem, RunState
from visdl.models.schemas import Artifact, NewRun, PredictRequest, PredictResponse
from visdl.nodes.registry import NodeRegistry
from visdl.nodes.specs import DataType

log = logging.getLogger(__name__)
_ANSWER_SECONDS = 10.0  # how long a call waits for a trainer to obey; a batch may take long
S = RunState


class RunSupervisor:
    """Runs what is queued. Its own thread starts trainers and reads their pipes; calls come from any thread."""

    def __init__(
        self,
        store: Store,
        telemetry: Telemetry,
        registry: type[NodeRegistry],
        validator: Validator,
        *,
        data_dir: Path,
        device: str = "auto",
        threads: int = 0,
        concurrent_runs: int = 1,
        nodes_dir: Path | None = None,
    ) -> None:
        self._store = store
        self._telemetry = telemetry
        self._registry = registry
        self._validator = validator
        self._folder = data_dir / "runs"
        self._wanted_device = device
        self._concurrent = concurrent_runs
        self._auto_threads = threads == 0
        self._threads = threads or max(1, (os.cpu_count() or 1) // concurrent_runs)
        self._nodes_dir = nodes_dir
        self._pool = TrainerPool(nodes_dir)
        self._trainers: dict[str, Trainer] = {}
        self._waiters: set[tuple[str, asyncio.AbstractEventLoop, asyncio.Event]] = set()
        self._changed = threading.Condition()
        self._closing = False
        self._wake_reader, self._wake_writer = Pipe(duplex=False)
        self._thread = threading.Thread(target=self._loop, name="supervisor", daemon=True)

    @property
    def device(self) -> str:
        """Where runs train: the setting, or the GPU when there is one."""
        if self._wanted_device != "auto":
            return self._wanted_device
        return "cuda" if torch.cuda.is_available() else "cpu"

    def start(self) -> None:
        """Take up what an earlier server left, and begin to work on the queue."""
        problem = RunProblem(
            code="server_ended", message="The server ended while this run was training.", hint="Resume it."
        )
        for run in self._store.live_runs():
            self._move(run.id, S.INTERRUPTED, error=problem)
        self._pool.warm_up()
        warm_up(self._registry)
        self._thread.start()

    def close(self) -> None:
        """End: trainers write a checkpoint and leave, their runs are interrupted."""
        self._closing = True
        self._wake()
        self._thread.join()
        for trainer in self._trainers.values():
            trainer.tell("leave")
        for trainer in self._trainers.values():
            self._drain(trainer)
            trainer.end()
            problem = RunProblem(code="server_ended", message="The server was shut down.", hint="Resume the run.")
            self._move_if_legal(trainer.run, S.INTERRUPTED, problem)

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
        report = self._validator.report(graph, to_run=True)
        if not report.valid:
            raise InvalidGraphError(report)
        run = Run(
            id=new_id(),
            name=request.name or _run_name(graph, request.seed),
            seed=request.seed,
            tags=request.tags,
            graph_id=request.graph_id,
            graph_name=graph.name,
            datasets=[self._use(node, param, value) for node, param, value in self._dataset_params(graph)],
            parameters=report.totals.parameters,
            created=time.time(),
        )
        self._store.add_run(run, graph)
        self._wake()
        return run

    def pause(self, run_id: str) -> Run:
        """Pause a running run; returns when it has paused, or after 10 s with the pause still to come."""
        return self._command(run_id, "pause", S.RUNNING, S.PAUSED, same={S.PAUSED})

    def resume(self, run_id: str) -> Run:
        """Go on with a paused run, or queue an interrupted one: it goes on from its newest checkpoint."""
        if self._store.run(run_id).state is S.INTERRUPTED:
            run = self._move(run_id, S.QUEUED)
            self._wake()
            return run
        return self._command(run_id, "resume", S.PAUSED, S.RUNNING, same={S.RUNNING, S.STARTING, S.QUEUED})

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
        return run

    def delete(self, run_id: str) -> None:
        """Remove a run and its files. Raises ConflictError while it is live."""
        self._store.delete_run(run_id)
        shutil.rmtree(self._folder / run_id, ignore_errors=True)

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

    def counts(self) -> tuple[int, int]:
        """How many runs have a trainer, and how many wait for one."""
        return len(self._trainers), len(self._store.queued_runs())

    def artifacts(self, run_id: str) -> list[Artifact]:
        """The files of a run, checkpoints included. Raises NotFoundError."""
        self._store.run(run_id)
        return run_files.artifacts(self._folder / run_id)

    def artifact_path(self, run_id: str, name: str) -> Path:
        """Where a file of a run lies. Raises NotFoundError."""
        self._store.run(run_id)
        return run_files.path(self._folder / run_id, name)

    def predict(self, run_id: str, request: PredictRequest) -> PredictResponse:
        """Predictions of a run's kept weights, made in a process of its own.

        Raises InvalidInputError for bad rows, ConflictError when the run has no weights yet.
        """
        if (request.rows is None) == (request.dataset is None):
            raise InvalidInputError("Give either 'rows' or 'dataset'.", field="rows")
        run = self._store.run(run_id)
        folder = self._folder / run_id / "artifacts"
        if not (folder / "weights.safetensors").is_file():
            raise ConflictError(f"'{run.name}' has no weights yet.", hint="Wait until it has trained, or stop it.")
        data: Any = request.rows
        if request.dataset is not None:
            dataset = self._validator.find_dataset(request.dataset)
            data = (dataset.record.model_dump(mode="json"), str(dataset.folder))
        spec = self._spec(run, self._store.run_graph(run_id))
        trainer = self._pool.start(run_id, prediction.main, spec, data)
        try:
            answer = trainer.connection.recv()
        except EOFError:
            raise RunError(f"The prediction failed: {trainer.end()}.") from None
        finally:
            trainer.connection.close()
        if isinstance(answer, Exception):
            raise answer
        return PredictResponse.model_validate(answer)

    # --- the supervisor's thread ------------------------------------------------------------------------

    def _loop(self) -> None:
        while not self._closing:
            try:
                self._fill()
                for connection in wait([self._wake_reader, *(t.connection for t in self._trainers.values())]):
                    self._receive(connection)  # type: ignore[arg-type]
            except Exception:
                log.exception("The supervisor could not handle a message; it goes on.")

    def _fill(self) -> None:
        """Start queued runs while there is room."""
        room = self._concurrent - len(self._trainers)
        for run in self._store.queued_runs() if room > 0 else ():
            if len(self._trainers) >= self._concurrent:
                return
            self._launch(run)

    def _launch(self, run: Run) -> None:
        try:
            self._move(run.id, S.STARTING, device=self.device, versions=versions())
        except (TransitionError, NotFoundError):
            return  # stopped or deleted a moment ago
        try:
            spec = self._spec(run, self._store.run_graph(run.id))
            trainer = self._trainers[run.id] = self._pool.start(run.id, worker.main, spec)
            if self._store.run(run.id).state is S.STOPPING:
                trainer.tell("stop")  # the command came while there was no trainer to hear it
        except Exception as error:
            log.exception("The trainer of run %s could not be started.", run.id)
            message = f"The trainer could not be started: {error}"
            self._move_if_legal(run.id, S.FAILED, RunProblem(code="not_started", message=message))

    def _receive(self, connection: Connection) -> None:
        if connection is self._wake_reader:
            connection.recv_bytes()
            return
        trainer = next(t for t in self._trainers.values() if t.connection is connection)
        try:
            message = connection.recv()
        except (EOFError, OSError):
            self._gone(trainer)
            return
        self._take(trainer, message)

    def _take(self, trainer: Trainer, message: Any) -> None:
        if isinstance(message, worker.Moved):
            self._obeyed(trainer, message)
        else:
            self._telemetry.publish(self._store.append(trainer.run, message))

    def _obeyed(self, trainer: Trainer, moved: worker.Moved) -> None:
        state, fields = moved.state, dict[str, Any]()
        if state is S.COMPLETED and self._store.run(trainer.run).state is S.STOPPING:
            state = S.STOPPED  # asked to stop when training was over
        if moved.threads:
            fields["threads"] = moved.threads
        if state in ENDED:
            fields["duration"] = time.monotonic() - trainer.started
        self._move_if_legal(trainer.run, state, moved.error, **fields)

    def _gone(self, trainer: Trainer) -> None:
        """The trainer's pipe is closed: fine after its last word, else the run is interrupted."""
        how = trainer.end()
        trainer.connection.close()
        del self._trainers[trainer.run]
        if self._store.run(trainer.run).state in LIVE:
            message = f"The trainer process ended: {how}."
            problem = RunProblem(code="trainer_died", message=message, hint="Resume goes on from the last checkpoint.")
            self._move_if_legal(trainer.run, S.INTERRUPTED, problem)

    # --- states -----------------------------------------------------------------------------------------

    def _move(self, run_id: str, state: RunState, *, error: RunProblem | None = None, **fields: Any) -> Run:
        """The one way to another state: check and persist, then publish. Raises TransitionError."""
        run, event = self._store.move_run(run_id, state, error=error, **fields)
        self._telemetry.publish([event])
        with self._changed:
            self._changed.notify_all()
        if state in ENDED:
            for waiting_for, loop, done in list(self._waiters):
                if waiting_for == run_id:
                    loop.call_soon_threadsafe(done.set)
        return run

    def _move_if_legal(self, run_id: str, state: RunState, error: RunProblem | None = None, **fields: Any) -> None:
        """For news from a trainer that a command may have overtaken."""
        try:
            self._move(run_id, state, error=error, **fields)
        except TransitionError as refused:
            log.info("Run %s stays %s: %s", run_id, refused.state, refused.message)

    def _command(self, run_id: str, command: str, before: RunState, after: RunState, same: set[RunState]) -> Run:
        run = self._store.run(run_id)
        if run.state in same:
            return run
        trainer = self._trainers.get(run_id)
        if run.state is not before or trainer is None:
            message = f"'{run.name}' is {run.state}; only a run that is {before} can {command}."
            raise TransitionError(message, state=run.state, allowed=_commands(run.state))
        trainer.tell(command)
        with self._changed:
            self._changed.wait_for(lambda: self._store.run(run_id).state is not before, _ANSWER_SECONDS)
        run = self._store.run(run_id)
        if run.state not in (before, after):
            message = f"'{run.name}' was {run.state} before it could {command}."
            raise TransitionError(message, state=run.state, allowed=_commands(run.state))
        return run

    def _wake(self) -> None:
        self._wake_writer.send_bytes(b"!")

    # --- records ----------------------------------------------------------------------------------------

    def _spec(self, run: Run, graph: Graph) -> RunSpec:
        ids = {(use.node, use.param): use.id for use in run.datasets}
        datasets = {}
        for node, param, value in self._dataset_params(graph):
            dataset = self._validator.find_dataset(ids[(node.id, param)])
            datasets[value] = (dataset.record.model_dump(mode="json"), str(dataset.folder))
        return RunSpec(
            run=run.id,
            name=run.name,
            graph=graph.model_dump(mode="json"),
            seed=run.seed,
            device=self.device,
            threads=self._threads,
            auto_threads=self._auto_threads,
            folder=str(self._folder / run.id),
            datasets=datasets,
            nodes_dir=str(self._nodes_dir) if self._nodes_dir else None,
            stored=self._store.stored_steps(run.id),
        )

    def _dataset_params(self, graph: Graph) -> Iterator[tuple[Node, str, str]]:
        for node in graph.nodes:
            cls = self._registry.find(node.type)
            for name, spec in (cls.parameters() if cls else {}).items():
                value = node.params.get(name, spec.default)
                if spec.dtype is DataType.DATASET and isinstance(value, str) and value:
                    yield node, name, value

    def _use(self, node: Node, param: str, value: str) -> DatasetUse:
        record = self._validator.find_dataset(value).record
        return DatasetUse(node=node.id, param=param, id=record.id, name=record.name, sha256=record.sha256)


def _run_name(graph: Graph, seed: int) -> str:
    """Graph, what differs from the whole, seed."""
    off = [node.label for node in graph.nodes if node.disabled]
    what = f" · without {', '.join(off[:3])}{' …' if len(off) > 3 else ''}" if off else ""
    return f"{graph.name[:100]}{what[:80]} · seed {seed}"


def _commands(state: RunState) -> list[str]:
    """What may be asked of a run in this state."""
    after = TRANSITIONS[state]
    possible = {"pause": S.PAUSED in after, "resume": state in (S.PAUSED, S.INTERRUPTED), "stop": bool(after)}
    return [command for command, can in possible.items() if can]
