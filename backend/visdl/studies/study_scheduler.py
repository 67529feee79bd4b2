"""Queues the runs of studies, seed by seed, a few ahead of the worker processes.

What a study still needs follows from its record and its runs, so studies continue after a restart.
"""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Callable, Iterator, Sequence

from visdl.models.diagnostics import Diagnostic
from visdl.models.errors import AppError, NotFoundError
from visdl.models.ids import new_id
from visdl.models.runs import Run, RunState, SeedBatch
from visdl.models.studies import Study, StudyState, Variant
from visdl.runs.obstacles import Obstacle, is_system_error
from visdl.runs.supervisor import RunSupervisor
from visdl.store import Store
from visdl.store.studies import StudyCell
from visdl.studies.cells import ACTIVE, is_resumable, missing_batches, missing_cells
from visdl.studies.search import TrialSuggester
from visdl.studies.variant_graphs import VariantGraphs

log = logging.getLogger(__name__)
_QUEUED_AHEAD = 1  # runs that wait beside those that train, so that no slot is free in between
_RETRY_SECONDS = 0.05
_MAX_RETRIES = 100


class StudyScheduler:
    """Queues what comes next when a run ends, on a thread of its own. Thread-safe."""

    def __init__(
        self, store: Store, runs: RunSupervisor, graphs: VariantGraphs, search: TrialSuggester
    ) -> None:
        self._store = store
        self._runs = runs
        self._graphs = graphs
        self._search = search
        self._wake = threading.Event()
        self._closing = threading.Event()
        self._obstacle = Obstacle("Studies cannot queue runs", after="Studies queue runs again.")
        self._held = dict[str, str]()  # why a study does not continue now, by its id
        self._unsettled = set[str]()  # studies with a command that only a part of their runs has
        self._lock = threading.RLock()  # one study is scheduled, paused or stopped at a time
        self._thread = threading.Thread(target=self._loop, name="study-scheduler", daemon=True)

    def start(self) -> None:
        """Start the thread, which continues the studies that an earlier server left running."""
        self._runs.on_run_ended(self._on_run_ended)
        self._wake.set()
        self._thread.start()

    def close(self) -> None:
        """End the thread; queued runs stay in the queue."""
        self._closing.set()
        self._wake.set()
        self._thread.join()

    def find_obstacle(self, study_id: str) -> str | None:
        """Return why the machine keeps a study from continuing now, as a sentence."""
        return self._held.get(study_id)

    def schedule_study(self, study_id: str) -> None:
        """Queue the next runs of a study before returning. Raises no error.

        What the system refuses is tried again. A study whose next run cannot be created for
        another reason is stopped with that reason, once none of its runs is active.
        """
        try:
            with self._lock:
                self._queue_next(study_id)
        except NotFoundError:
            self._held.pop(study_id, None)  # deleted in the meantime
        except Exception as error:
            if is_system_error(error):
                self._hold(study_id, error)
            else:
                self._give_up(study_id, error)
        else:
            self._held.pop(study_id, None)

    def _hold(self, study_id: str, error: BaseException) -> None:
        """Note that the system refuses something now: the thread tries it again."""
        self._obstacle.note(error)
        self._held[study_id] = self._obstacle.sentence or ""
        self._wake.set()

    def _give_up(self, study_id: str, error: Exception) -> None:
        """Stop a study that has no active run, and whose next one cannot be created."""
        if isinstance(error, AppError):
            reason, hint = error.message, error.hint
        else:
            log.error("Study %s could not be scheduled.", study_id, exc_info=error)
            reason, hint = f"{type(error).__name__}: {error}", "The server's log has the details."
        message = f"The study was stopped, as its next run could not be created: {reason}"
        diagnostic = Diagnostic(code="not_created", message=message, hint=hint)
        try:
            with self._lock:
                if not self._store.study_is_live(study_id):
                    fields = {"stopped_early": True, "error": diagnostic}
                    self._store.move_study(study_id, StudyState.STOPPED, **fields)
        except AppError:
            return  # it was stopped or deleted in the meantime
        except Exception as refused:
            if not is_system_error(refused):
                raise
            self._hold(study_id, refused)

    @contextlib.contextmanager
    def _command(self, study_id: str) -> Iterator[None]:
        """Apply a command to the runs of a study. What the system refuses is applied later."""
        with self._lock:
            try:
                yield
            except Exception as error:
                if is_system_error(error):
                    self._unsettled.add(study_id)
                    self._hold(study_id, error)
                raise
            self._unsettled.discard(study_id)

    def _settle(self, study_id: str) -> None:
        """Apply the command that a study has according to its record to all of its runs."""
        commands = {
            StudyState.PAUSED: self.pause,
            StudyState.STOPPED: self.stop,
            StudyState.RUNNING: self.resume,
        }
        try:
            command = commands.get(self._store.study(study_id).state)
            if command is not None:
                command(study_id)
        except AppError:
            self._unsettled.discard(study_id)  # deleted, or changed in the meantime

    def pause(self, study_id: str) -> list[str]:
        """Withdraw the runs that wait, and send a pause to those that train; return these."""
        with self._command(study_id):
            if self._store.study(study_id).state is not StudyState.PAUSED:
                self._store.move_study(study_id, StudyState.PAUSED)
            training = list(self._withdraw_waiting(study_id))
            for run in training:
                self._retry_command(self._runs.send_pause, run)
            return training

    def resume(self, study_id: str) -> None:
        """Resume a paused study; in a stopped one, train the cells that the stop left out."""
        with self._command(study_id):
            study = self._store.study(study_id)
            cells = self._store.study_cells(study_id)
            if study.state is StudyState.STOPPED:
                stopped = [c.run for c in cells if c.state is RunState.STOPPED and not c.reused]
                self._store.drop_study_runs(study_id, stopped)
            if study.state is not StudyState.RUNNING:
                fields = {"stopped_early": False, "error": None}
                self._store.move_study(study_id, StudyState.RUNNING, **fields)
            for cell in cells:
                if cell.state is RunState.PAUSED:
                    self._retry_command(self._runs.send_resume, cell.run)
            self.schedule_study(study_id)

    def stop(self, study_id: str) -> Study:
        """Stop the runs that train and withdraw those that wait."""
        with self._command(study_id):
            study = self._store.study(study_id)
            if study.state is not StudyState.STOPPED:
                study = self._store.move_study(study_id, StudyState.STOPPED, stopped_early=True)
            for run in list(self._withdraw_waiting(study_id)):  # none of them takes a free slot
                self._retry_command(self._runs.stop, run)
            return study

    def _loop(self) -> None:
        while True:
            self._wake.wait()
            self._closing.wait(self._obstacle.seconds_until_try)
            self._wake.clear()
            if self._closing.is_set():
                return
            try:
                for study_id in sorted(self._unsettled):
                    self._settle(study_id)
                for study_id in self._store.study_ids(StudyState.RUNNING):
                    self.schedule_study(study_id)
            except Exception as error:
                if not is_system_error(error):
                    log.exception("Studies could not be scheduled.")
                self._obstacle.note(error)
                self._wake.set()
            if not self._wake.is_set():
                self._obstacle.clear()

    def _on_run_ended(self, run: Run) -> None:
        """Complete the study of a run that has ended if nothing of it is left to train."""
        if run.study is None:
            return
        try:
            if not self._store.study_is_live(run.study):
                study, cells = self._store.study(run.study), self._store.study_cells(run.study)
                if study.state is StudyState.RUNNING and not self._is_unfinished(study, cells):
                    self._complete(study)
        except NotFoundError:
            return  # deleted in the meantime
        except Exception as error:  # the thread checks it too
            if not is_system_error(error):
                log.exception("Study %s could not be checked after a run ended.", run.study)
        self._wake.set()

    def _is_unfinished(self, study: Study, cells: Sequence[StudyCell]) -> bool:
        """Return whether any run of it trains, waits, will be resumed or is still to be made."""
        active = any(cell.state in ACTIVE for cell in cells) or any(self._resumable_runs(cells))
        return active or any(missing_cells(study, cells)) or self._search.has_more(study)

    def _resumable_runs(self, cells: Sequence[StudyCell]) -> Iterator[Run]:
        for cell in cells:
            if cell.state is RunState.INTERRUPTED and is_resumable(
                run := self._store.run(cell.run)
            ):
                yield run

    def _complete(self, study: Study) -> None:
        seeds, variants = len(study.plan.seeds), len(study.variants)
        self._store.complete_study(study.id, seeds=seeds, variants=variants)

    def _queue_next(self, study_id: str) -> None:
        """Queue as many runs as there is room for; complete the study if nothing is left."""
        while self._queue_some(study_id) and not self._closing.is_set():
            pass

    def _queue_some(self, study_id: str) -> bool:
        """Queue runs; return whether to look again, as none were queued although some are left."""
        study = self._store.study(study_id)
        if study.state is not StudyState.RUNNING:
            return False
        for run in self._resumable_runs(self._store.study_cells(study_id)):
            self._resume_interrupted(run)
        variants = len(study.variants)
        study = self._search.add_trial(study, self._store.study_cells(study_id))
        cells = self._store.study_cells(study_id)
        # the runs of a seed batch share a slot
        active = len({cell.batch or cell.run for cell in cells if cell.state in ACTIVE})
        room = self._runs.slots + _QUEUED_AHEAD - active
        missing = False
        for variant, seeds in missing_batches(study, cells):
            if room <= 0 or self._closing.is_set():
                return False
            missing = True
            if self._queue_cells(study, variant, seeds):
                room -= 1
        if missing:
            return room > 0  # all that was missing may have been reused
        if len(study.variants) > variants:
            return True  # the trial is invalid, or like an earlier one
        if active == 0:
            self._complete(study)
        return False

    def _queue_cells(self, study: Study, variant: Variant, seeds: Sequence[int]) -> bool:
        """Reuse or queue the runs of a variant; return whether any had to be queued."""
        ready = self._graphs.load(study, variant)
        fingerprints = {seed: ready.fingerprints.of(seed) for seed in seeds}
        same = {}
        if study.plan.reuse:
            same = self._store.find_same_runs(list(fingerprints.values()))
        for fingerprint in fingerprints.values():
            if fingerprint in same:
                self._store.reuse_run(study.id, variant.key, same[fingerprint])
        new = {seed: text for seed, text in fingerprints.items() if text not in same}
        name = f"{study.graph_name[:90]} · {variant.label[:70]}"
        shared = {
            "study": study.id,
            "variant": variant.key,
            "batch": SeedBatch(id=new_id(), size=len(new), exact=True) if len(new) > 1 else None,
            "graph_id": study.graph_id,
            "datasets": ready.datasets,
        }
        members = [
            {**shared, "seed": seed, "name": f"{name} · seed {seed}", "fingerprint": text}
            for seed, text in new.items()
        ]
        if members:
            self._runs.create_many(ready.graph, members)
        return bool(new)

    def _resume_interrupted(self, run: Run) -> None:
        try:
            step = run.progress.step
            before = run.recovery
            requeues = before.requeues + 1 if step == before.requeued_at else 1
            requeued = {"requeued_at": step, "requeues": requeues}
            self._store.patch_run(run.id, recovery=requeued)
            self._runs.send_resume(run.id)
        except AppError as error:
            log.info("Run %s of a study was not resumed: %s", run.id, error.message)

    def _withdraw_waiting(self, study_id: str) -> Iterator[str]:
        """Delete the runs that wait; yield those that train or may resume automatically."""
        for cell in self._store.study_cells(study_id):
            if cell.reused or cell.state not in ACTIVE | {RunState.INTERRUPTED}:
                continue
            try:
                left = not self._withdraw(study_id, cell.run)
            except NotFoundError:  # deleted in the meantime
                continue
            if left:
                yield cell.run

    def _withdraw(self, study_id: str, run_id: str) -> bool:
        """Delete a run that waits; return False if it waits no longer."""
        run = self._store.run(run_id)
        if run.state is not RunState.QUEUED or run.started is not None:
            return False
        self._store.drop_study_runs(study_id, [run.id])
        if self._delete_waiting(run):
            return True
        self._store.keep_study_run(run)
        return False

    def _delete_waiting(self, run: Run) -> bool:
        """Stop and delete a waiting run; return False if it has just started."""
        stopped = self._runs.stop(run.id)
        if stopped.state is not RunState.STOPPED:
            return False
        self._runs.delete(run.id)
        return True

    def _retry_command(self, command: Callable[[str], Run], run_id: str) -> None:
        """Send a command to a run; retry while its worker process is starting."""
        for _ in range(_MAX_RETRIES):
            try:
                command(run_id)
            except AppError as error:
                facts = self._store.find_run_facts(run_id)
                if facts is None or facts.state is not RunState.STARTING:
                    log.info("Run %s of a study: %s", run_id, error.message)
                    return
                threading.Event().wait(_RETRY_SECONDS)
            else:
                return
