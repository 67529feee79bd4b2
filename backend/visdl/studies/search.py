"""Optuna search: each trial is a variant, trained with every seed and judged by its mean.

The Optuna study is rebuilt from the finished trials for each suggestion, so a search keeps no state
in memory.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
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

from visdl.models.runs import ENDED
from visdl.models.strategies import Direction, OptunaSearch, RangeFactor
from visdl.models.studies import BASELINE, Study, Variant
from visdl.store import Store
from visdl.store.studies import StudyCell, StudyRun
from visdl.studies.planning.factors import range_bounds, rounded
from visdl.studies.planning.pipeline import StudyPlanner
from visdl.studies.results import value_of

optuna.logging.set_verbosity(optuna.logging.WARNING)


class TrialSuggester:
    """Adds the next trial to a search when all runs of its earlier trials have ended."""

    def __init__(self, store: Store, planner: StudyPlanner) -> None:
        self._store = store
        self._planner = planner
        self._lock = threading.Lock()

    def has_more(self, study: Study) -> bool:
        """Return whether the study is a search with trials left to suggest."""
        strategy = study.plan.strategy
        return isinstance(strategy, OptunaSearch) and len(study.variants) - 1 < strategy.trials

    def add_trial(self, study: Study, cells: Sequence[StudyCell]) -> Study:
        """Return the study with one more variant, or unchanged if none is due."""
        strategy = study.plan.strategy
        trials = [variant for variant in study.variants if variant.key != BASELINE]
        if not isinstance(strategy, OptunaSearch) or len(trials) >= strategy.trials:
            return study
        ended = sum(cell.state in ENDED for cell in cells)  # what is resumed is queued already
        trained = sum(variant.valid and variant.same_as is None for variant in study.variants)
        if ended < trained * len(study.plan.seeds):
            return study
        with self._lock:
            means = _trial_means(study, self._store.study_runs(study.id))
            values = suggest_values(strategy, trials, means, study.direction)
            variant = self._plan_variant(study, strategy, values, len(trials) + 1)
            return self._store.patch_study(study.id, variants=[*study.variants, variant])

    def _plan_variant(
        self, study: Study, strategy: OptunaSearch, values: Sequence[JsonValue], number: int
    ) -> Variant:
        graph = self._store.study_graph(study.id)
        factors = zip(strategy.factors, values, strict=True)
        settings = [(factor.node, factor.param, value) for factor, value in factors]
        variant = self._planner.plan_trial(study.plan, graph, settings, f"v{number}")
        same = (one for one in study.variants if one.valid and one.params == variant.params)
        twin = next(same, None)
        same_as = (twin.same_as or twin.key) if twin else None
        return variant.model_copy(update={"same_as": same_as})


def suggest_values(
    search: OptunaSearch,
    trials: Sequence[Variant],
    means: Mapping[str, float],
    direction: Direction,
) -> list[JsonValue]:
    """Return a value for each factor of the next trial.

    `means` has the mean primary metric of each finished variant by its key; a trial without one
    counts as failed. The same trials and means give the same suggestion.
    """
    space = {f"{f.node}.{f.param}": _distribution(f) for f in search.factors}
    study = optuna.create_study(direction=direction, sampler=_sampler(search, len(trials)))
    for trial in trials:
        mean = means.get(trial.same_as or trial.key)
        params: dict[str, Any] = {k: _to_optuna(trial.params[k], space[k]) for k in space}
        state = TrialState.FAIL if mean is None else TrialState.COMPLETE
        study.add_trial(create_trial(state=state, value=mean, params=params, distributions=space))
    asked = study.ask(space)
    factors = zip(space, search.factors, strict=True)
    return [_from_optuna(asked.params[key], factor) for key, factor in factors]


def _sampler(search: OptunaSearch, number: int) -> optuna.samplers.BaseSampler:
    """Return the sampler of a trial, seeded by the search's seed and the trial's number."""
    seed = (search.seed + 7919 * number) % 2**31
    match search.sampler:
        case "tpe":
            return optuna.samplers.TPESampler(seed=seed)
        case "qmc":
            first_seed = search.seed % 2**31
            return optuna.samplers.QMCSampler(seed=first_seed, warn_independent_sampling=False)
        case "random":
            return optuna.samplers.RandomSampler(seed=seed)


def _distribution(factor: RangeFactor) -> BaseDistribution:
    if factor.values is not None:
        return CategoricalDistribution([_choice(value) for value in factor.values])
    low, high = range_bounds(factor)
    if factor.integer:
        return IntDistribution(int(low), int(high), log=factor.log)
    return FloatDistribution(low, high, log=factor.log)


def _choice(value: JsonValue) -> Any:
    """Return a value as a choice: Optuna accepts no lists, so they are represented as text."""
    return repr(value) if isinstance(value, list | dict) else value


def _to_optuna(value: JsonValue, space: BaseDistribution) -> Any:
    """Return a trial's value for Optuna; rounding may have moved it just out of its range."""
    if isinstance(space, FloatDistribution | IntDistribution):
        return min(max(value, space.low), space.high)  # type: ignore[type-var]
    return _choice(value)


def _from_optuna(value: Any, factor: RangeFactor) -> JsonValue:
    if factor.values is None:
        return rounded(value, factor)
    choices = ((one, _choice(one)) for one in factor.values)
    return next(one for one, c in choices if c == value and type(c) is type(value))


def _trial_means(study: Study, cells: Sequence[StudyRun]) -> dict[str, float]:
    """Return the mean of each variant with a value for every seed."""
    values: dict[str, list[float]] = {}
    for cell in cells:
        value = value_of(study.plan, cell.run)
        if value is not None:
            values.setdefault(cell.variant, []).append(value)
    planned = len(study.plan.seeds)
    return {key: sum(v) / len(v) for key, v in values.items() if len(v) == planned}
