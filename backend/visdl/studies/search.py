"""A search by Optuna's samplers: each trial is a variant, trained with every seed, and told by its mean.

Optuna's own study is made anew from the finished trials each time, so nothing of a search lives in memory.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any

import optuna
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.trial import TrialState, create_trial
from pydantic import JsonValue

from visdl.models.runs import FINAL, RunState
from visdl.models.strategies import Direction, OptunaSweep, RangeFactor
from visdl.models.studies import Study, Variant
from visdl.store import Store
from visdl.store.studies import StudyPlace, StudyRun
from visdl.studies.expansion import BASELINE, bounds
from visdl.studies.planning import Planner
from visdl.studies.results import value_of

optuna.logging.set_verbosity(optuna.logging.WARNING)


class Searcher:
    """Adds the next trial to a study whose trials so far have all ended."""

    def __init__(self, store: Store, planner: Planner) -> None:
        self._store = store
        self._planner = planner
        self._lock = threading.Lock()

    def has_more(self, study: Study) -> bool:
        """Whether the study is a search that has not had all its trials."""
        strategy = study.plan.strategy
        return isinstance(strategy, OptunaSweep) and len(study.variants) - 1 < strategy.trials

    def advance(self, study: Study, places: Sequence[StudyPlace]) -> Study:
        """The study with one variant more, where it is a search that is not over and waits for nothing."""
        strategy = study.plan.strategy
        trials = [variant for variant in study.variants if variant.key != BASELINE]
        if not isinstance(strategy, OptunaSweep) or len(trials) >= strategy.trials:
            return study
        ended = sum(place.state in FINAL for place in places)
        wanted = sum(variant.valid and variant.same_as is None for variant in study.variants)
        if ended < wanted * len(study.plan.seeds):
            return study
        with self._lock:
            values = suggest(
                strategy, trials, _means(study, self._store.study_runs(study.id)), study.direction
            )
            variant = self._variant(study, strategy, values, len(trials) + 1)
            return self._store.patch_study(study.id, variants=[*study.variants, variant])

    def _variant(
        self, study: Study, strategy: OptunaSweep, values: Sequence[JsonValue], number: int
    ) -> Variant:
        graph = self._store.study_graph(study.id)
        report = self._planner.report(graph)
        expander = self._planner.expander(graph, study.plan, report)
        setting = [
            (f.node, f.param, value) for f, value in zip(strategy.factors, values, strict=True)
        ]
        candidate = self._planner.assess(
            expander.setting(setting, key=f"v{number}"), expander, report
        )
        variant = candidate.variant
        twin = next(
            (one for one in study.variants if one.valid and one.params == variant.params), None
        )
        return variant.model_copy(update={"same_as": (twin.same_as or twin.key) if twin else None})


def suggest(
    sweep: OptunaSweep, trials: Sequence[Variant], means: dict[str, float], direction: Direction
) -> list[JsonValue]:
    """The values of the next trial, by those before and their means; what has none has failed."""
    space = {f"{f.node}.{f.param}": _distribution(f) for f in sweep.factors}
    study = optuna.create_study(direction=direction, sampler=_sampler(sweep, len(trials)))
    for trial in trials:
        mean = means.get(trial.same_as or trial.key)
        params: dict[str, Any] = {key: _inside(trial.params[key], space[key]) for key in space}
        state = TrialState.FAIL if mean is None else TrialState.COMPLETE
        study.add_trial(create_trial(state=state, value=mean, params=params, distributions=space))
    asked = study.ask(space)
    return [
        _plain(asked.params[key], factor) for key, factor in zip(space, sweep.factors, strict=True)
    ]


def _sampler(sweep: OptunaSweep, number: int) -> optuna.samplers.BaseSampler:
    seed = (sweep.seed + 7919 * number) % 2**31  # the same trial each time it is asked for
    match sweep.sampler:
        case "tpe":
            return optuna.samplers.TPESampler(seed=seed)
        case "qmc":
            return optuna.samplers.QMCSampler(
                seed=sweep.seed % 2**31, warn_independent_sampling=False
            )
        case "random":
            return optuna.samplers.RandomSampler(seed=seed)


def _distribution(factor: RangeFactor) -> BaseDistribution:
    if factor.values is not None:
        return CategoricalDistribution([_choice(value) for value in factor.values])
    low, high = bounds(factor)
    if factor.integer:
        return IntDistribution(round(low), round(high), log=factor.log)
    return FloatDistribution(low, high, log=factor.log)


def _choice(value: JsonValue) -> Any:
    """A list is no choice of Optuna's: its text is."""
    return repr(value) if isinstance(value, list | dict) else value


def _inside(value: JsonValue, space: BaseDistribution) -> Any:
    if not isinstance(space, FloatDistribution):
        return _choice(value)
    return min(max(value, space.low), space.high)  # type: ignore[type-var]


def _plain(value: Any, factor: RangeFactor) -> JsonValue:
    if factor.values is not None:
        return next(
            one
            for one in factor.values
            if _choice(one) == value and type(_choice(one)) is type(value)
        )
    return int(value) if factor.integer else float(f"{value:.6g}")


def _means(study: Study, cells: Sequence[StudyRun]) -> dict[str, float]:
    """The mean of each variant all of whose runs have a value."""
    found: dict[str, list[float]] = {}
    for cell in cells:
        value = value_of(study.plan, cell.run) if cell.run.state is RunState.COMPLETED else None
        if value is not None:
            found.setdefault(cell.variant, []).append(value)
    return {
        key: sum(values) / len(values)
        for key, values in found.items()
        if len(values) == len(study.plan.seeds)
    }
