"""Feeds the queue with the runs of studies, one seed after the other, a few ahead of the trainers.

What a study still needs follows from its record and its runs alone, so it goes on after any restart.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Sequence

from visdl.models.errors import AppError, NotFoundError
from visdl.models.ids import new_id
from visdl.models.runs import LIVE, WORTH_STACKING, Run, RunState
from visdl.models.studies import Study, StudyState, Variant
from visdl.runs.supervisor import RunSupervisor
from visdl.store import Store
from visdl.store.studies import StudyPlace
from visdl.studies.networks import Networks
from visdl.studies.search import Searcher
from visdl.worker.protocol import UNSTACKED

log = logging.getLogger(__name__)
S = RunState
_AHEAD = 1  # runs that wait beside those that train, so that no place is free between two
_SETTLE_SECONDS = 0.05
_MOST_STACKED = 20
_REVIVALS = 5  # at one step: a server that is killed often may come no further in between
UNDER_WAY = LIVE | {S.QUEUED}


class Conductor:
    """Its own thread hears of every run that ends, and starts what comes next."""

    def __init__(
        self, store: Store, runs: RunSupervisor, networks: Networks, search: Searcher
    ) -> None:
        self._store = store
        self._runs = runs
        self._networks = networks
        self._search = search
        self._news = threading.Event()
        self._closing = False
        self._lock = threading.RLock()  # one study is fed, paused or stopped at a time
        self._thread = threading.Thread(target=self._loop, name="conductor", daemon=True)

    def start(self) -> None:
        self._runs.on_end.append(self._heard)
        self._news.set()
        self._thread.start()

    def close(self) -> None:
        self._closing = True
        self._news.set()
        self._thread.join()

    def _heard(self, run: Run) -> None:
        """A run has ended; its study may have, too."""
        if run.study is None:
            return
        try:
            if not self._store.study_is_live(run.study):
                study, places = self._store.study(run.study), self._store.study_places(run.study)
                if study.state is StudyState.RUNNING and not self._has_more(study, places):
                    self._complete(study)
        except NotFoundError:
            return  # deleted a moment ago
        except Exception:
            log.exception("Study %s could not be looked at.", run.study)
        self._news.set()

    def _has_more(self, study: Study, places: Sequence[StudyPlace]) -> bool:
        """Whether anything of it trains, waits, goes on, or is still to be made."""
        lives = any(place.state in UNDER_WAY for place in places) or any(self._to_revive(places))
        return lives or any(_missing(study, places)) or self._search.has_more(study)

    def _to_revive(self, places: Sequence[StudyPlace]) -> Iterator[Run]:
        """Its runs that were interrupted and go on."""
        for place in places:
            if place.state is S.INTERRUPTED and _may_go_on(run := self._store.run(place.run)):
                yield run

    def _complete(self, study: Study) -> None:
        self._store.complete_study(
            study.id, seeds=len(study.plan.seeds), variants=len(study.variants)
        )

    def _loop(self) -> None:
        while True:
            self._news.wait()
            self._news.clear()
            if self._closing:
                return
            for study in reversed(self._store.studies(StudyState.RUNNING)):
                self.begin(study.id)

    def begin(self, study_id: str) -> None:
        """Feed a study now: whoever asks for it next sees what that has come to. Never raises."""
        try:
            with self._lock:
                self.feed(study_id)
        except NotFoundError:
            return  # deleted a moment ago
        except Exception:
            log.exception("Study %s could not be fed; the others go on.", study_id)

    def feed(self, study_id: str) -> None:
        """Start as many of its runs as there is room for; complete it when nothing is left to train."""
        study = self._store.study(study_id)
        if study.state is not StudyState.RUNNING:
            return
        places = self._store.study_places(study_id)
        for run in self._to_revive(places):
            self._go_on(run)
        study = self._search.advance(study, places)
        places = self._store.study_places(study_id)
        # runs of a stack share a place
        live = len({place.stack or place.run for place in places if place.state in UNDER_WAY})
        room = sum(device.places for device in self._runs.places.queue().devices) + _AHEAD - live
        missing = False
        for variant, seeds in _units(study, places):
            if room <= 0 or self._closing:
                return
            missing = True
            if self._put(study, variant, seeds):
                room -= 1
        if not missing and live == 0:
            self._complete(study)
        elif missing and room > 0:
            self.feed(study_id)  # what was reused may have been the last

    def _put(self, study: Study, variant: Variant, seeds: Sequence[int]) -> bool:
        """Find or make the runs of a variant with these seeds; False where earlier ones are reused for all."""
        network = self._networks.of(study, variant)
        prints = {seed: network.fingerprints.of(seed) for seed in seeds}
        same = self._store.find_same_runs(list(prints.values())) if study.plan.reuse else {}
        for fingerprint in (one for one in prints.values() if one in same):
            self._store.reuse_run(study.id, variant.key, same[fingerprint])
        new = {seed: fingerprint for seed, fingerprint in prints.items() if fingerprint not in same}
        stack = new_id() if len(new) > 1 else None
        known = {
            "study": study.id,
            "variant": variant.key,
            "stack": stack,
            "stack_size": len(new),
            "graph_id": study.graph_id,
            "datasets": network.datasets,
        }
        name = f"{study.graph_name[:90]} · {variant.label[:70]}"
        members = [
            {**known, "seed": seed, "name": f"{name} · seed {seed}", "fingerprint": fingerprint}
            for seed, fingerprint in new.items()
        ]
        if members:
            self._runs.create_all(network.graph, members)
        return bool(new)

    def _go_on(self, run: Run) -> None:
        try:
            step = run.progress.step
            self._store.patch_run(
                run.id, revived_at=step, revivals=run.revivals + 1 if step == run.revived_at else 1
            )
            self._runs.resume(run.id)
        except AppError as error:
            log.info("Run %s of a study does not go on: %s", run.id, error.message)

    def pause(self, study_id: str) -> Study:
        """Pause what trains, take back what waits."""
        with self._lock:
            study = self._store.study(study_id)
            if study.state is not StudyState.PAUSED:
                study = self._store.move_study(study_id, StudyState.PAUSED)
            for run in self._withdraw(study_id):
                self._try(self._runs.pause, run)
            return study

    def resume(self, study_id: str) -> Study:
        """Go on with a paused study; of a stopped one, train what the stop left out."""
        with self._lock:
            study = self._store.study(study_id)
            places = self._store.study_places(study_id)
            if study.state is StudyState.STOPPED:
                stopped = [
                    place.run for place in places if place.state is S.STOPPED and not place.reused
                ]
                self._store.drop_study_runs(study_id, stopped)
            if study.state is not StudyState.RUNNING:
                study = self._store.move_study(study_id, StudyState.RUNNING, stopped_early=False)
            for place in places:
                if place.state is S.PAUSED:
                    self._try(self._runs.resume, place.run)
            self.begin(study_id)
            return study

    def stop(self, study_id: str) -> Study:
        """End it: what waits is taken back, what trains is stopped."""
        with self._lock:
            study = self._store.study(study_id)
            if study.state is not StudyState.STOPPED:
                study = self._store.move_study(study_id, StudyState.STOPPED, stopped_early=True)
            for run in self._withdraw(study_id):
                self._try(self._runs.stop, run)
            return study

    def _withdraw(self, study_id: str) -> Iterator[str]:
        """Delete its runs that still wait; yields those that have a trainer, or may go on by themselves."""
        for place in self._store.study_places(study_id):
            if place.reused or place.state not in UNDER_WAY | {S.INTERRUPTED}:
                continue
            run = self._store.run(place.run)
            if run.state is S.QUEUED and run.started is None:
                self._store.drop_study_runs(study_id, [run.id])
                if self._deleted(run):
                    continue
                self._store.keep_study_run(run)
            yield run.id

    def _deleted(self, run: Run) -> bool:
        """Stop and delete a run that waits; False where it has just begun."""
        stopped = self._runs.stop(run.id)
        if stopped.state is not S.STOPPED:
            return False
        self._runs.delete(run.id)
        return True

    def _try(self, command: Callable[[str], Run], run_id: str) -> None:
        """A command that may come too early, while the trainer starts, or too late."""
        for _ in range(100):
            try:
                command(run_id)
            except AppError as error:
                if self._store.run(run_id).state is not S.STARTING:
                    log.info("Run %s of a study: %s", run_id, error.message)
                    return
                threading.Event().wait(_SETTLE_SECONDS)
            else:
                return


def trained(study: Study) -> list[Variant]:
    """The variants that have runs of their own."""
    return [variant for variant in study.variants if variant.valid and variant.same_as is None]


def _units(study: Study, places: Sequence[StudyPlace]) -> Iterator[tuple[Variant, list[int]]]:
    """What is started at once: one training, or the seeds of a variant that may be trained as one."""
    slow = any(place.speedup is not None and place.speedup <= WORTH_STACKING for place in places)
    if slow or not study.plan.stack:
        yield from ((variant, [seed]) for variant, seed in _missing(study, places))
        return
    seeds: dict[str, list[int]] = {}
    for variant, seed in _missing(study, places):
        seeds.setdefault(variant.key, []).append(seed)
    for variant in trained(study):
        missing = seeds.get(variant.key, [])
        yield from (
            (variant, missing[at : at + _MOST_STACKED])
            for at in range(0, len(missing), _MOST_STACKED)
        )


def _missing(study: Study, places: Sequence[StudyPlace]) -> Iterator[tuple[Variant, int]]:
    """What has no run yet: all variants of the first seed, then those of the second, and so on."""
    there = {(place.variant, place.seed) for place in places}
    for seed in study.plan.seeds:
        for variant in trained(study):
            if (variant.key, seed) not in there:
                yield variant, seed


def _may_go_on(run: Run) -> bool:
    """Interrupted by the server's end; not for ever at the same step, or a run that ends the server never lets go."""
    by_server = run.error is not None and run.error.code.startswith(("server_ended", UNSTACKED))
    return (
        run.state is S.INTERRUPTED
        and by_server
        and (run.revived_at != run.progress.step or run.revivals < _REVIVALS)
    )
