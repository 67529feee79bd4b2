"""Searches and grids that cannot be sampled are refused before they start, at the field."""

from __future__ import annotations

from typing import Any

import pytest

from visdl.compiler.expansion import GraphLimits
from visdl.models.errors import InvalidInputError, TooLargeError
from visdl.models.strategies import OptunaSearch, RandomSearch
from visdl.models.studies import StudyPlan, Variant
from visdl.nodes import NodeRegistry
from visdl.studies.captions import format_seeds
from visdl.studies.planning.expand import expand
from visdl.studies.planning.resolve import Baseline, PlanningContext
from visdl.studies.search import suggest_values
from visdl.validation.validator import Validator

from ..support.graphs import chain, validator

GRAPH = chain([("fc", "Linear", {"out_features": 8}), ("drop", "Dropout", {"p": 0.1})])
LR = {"node": "opt", "param": "lr"}
WIDTH = {"node": "fc", "param": "out_features"}

REFUSED: dict[str, tuple[list[dict[str, Any]], str, str]] = {
    "varied twice": (
        [{**LR, "values": [0.1]}, {**LR, "values": [0.2]}],
        "1.param",
        "'lr' of 'opt' is varied twice.",
    ),
    "no bounds": ([LR], "0.low", "has no low"),
    "no upper bound": ([{**LR, "low": 0.1}], "0.high", "has no high"),
    "nothing between": ([{**LR, "low": 0.1, "high": 0.1}], "0.high", "is empty"),
    "log of 0": ([{**LR, "low": 0, "high": 1, "log": True}], "0.low", "cannot be logarithmic"),
    "too wide": ([{**LR, "low": -1e308, "high": 1e308}], "0.high", "is too wide"),
    "whole numbers too large": (
        [{**WIDTH, "low": 1, "high": 1e300, "integer": True}],
        "0.high",
        "is too wide",
    ),
    "no whole number": (
        [{**WIDTH, "low": 1.2, "high": 1.8, "integer": True}],
        "0.high",
        "no whole number from 1.2 to 1.8",
    ),
    "whole numbers alone": ([{**WIDTH, "low": 1, "high": 8}], "0.integer", "takes whole numbers"),
    "outside the parameter's range": (
        [{**WIDTH, "low": 0, "high": 8, "integer": True}],
        "0.low",
        "must be at least 1",
    ),
    "not a number": (
        [{"node": "split", "param": "strategy", "low": 1, "high": 2}],
        "0.values",
        "is not a number",
    ),
    "a value of many characters": ([{**LR, "values": ["x" * 3000]}], "0.values", "2,000"),
}


def plan(strategy: dict[str, Any]) -> list[Any]:
    parsed = StudyPlan.model_validate({"strategy": strategy, "seeds": [0]})
    judge = validator()
    baseline = Baseline(parsed, GRAPH, judge.report(GRAPH))
    return expand(baseline, PlanningContext(judge, NodeRegistry))


@pytest.mark.parametrize("kind", ["random", "optuna"])
@pytest.mark.parametrize(("factors", "field", "text"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_sampled_is_refused_at_its_field(kind, factors, field, text):
    with pytest.raises(InvalidInputError, match=text) as refused:
        plan({"kind": kind, "factors": factors, "trials": 3})
    assert refused.value.field == f"strategy.factors.{field}"
    assert refused.value.hint


def test_a_grid_that_varies_a_parameter_twice_is_refused():
    factors = [{**LR, "values": [0.1]}, {**LR, "values": [0.2]}]
    with pytest.raises(InvalidInputError, match="varied twice"):
        plan({"kind": "grid", "factors": factors})


@pytest.mark.parametrize(
    ("factor", "low", "high"),
    [
        ({**LR, "low": 1.00000011, "high": 1.00000012}, 1.00000011, 1.00000012),
        ({**WIDTH, "low": 1.4, "high": 3.6, "integer": True}, 2, 3),
        ({**LR, "low": 5e-324, "high": 1e-300, "log": True}, 5e-324, 1e-300),
    ],
    ids=["narrow", "between whole numbers", "tiny"],
)
def test_drawn_values_lie_within_the_bounds(factor, low, high):
    factors = [factor, {"node": "drop", "param": "p", "values": [0, [1], "[1]", 0.0, False]}]
    search = RandomSearch.model_validate({"factors": factors, "trials": 20})
    drawn = [one.variant for one in plan(search.model_dump())[1:]]
    guided = OptunaSearch.model_validate({"factors": factors})
    trials: list[Variant] = []
    for number in range(4):
        values = suggest_values(guided, trials, {"v0": 1.0}, "minimize")
        names = (f"{one.node}.{one.param}" for one in guided.factors)
        params = dict(zip(names, values, strict=True))
        trials.append(Variant(key=f"v{number}", label="", params=params))
    key = f"{factor['node']}.{factor['param']}"
    assert all(low <= one.params[key] <= high for one in [*drawn, *trials])


def test_a_caption_of_seeds_far_apart_lists_them():
    assert format_seeds([1, 2, 2**53 - 1]) == "seeds 1, 2, 9007199254740991"
    assert format_seeds([3, 1, 2]) == "seeds 1–3"


def test_a_study_whose_variants_have_too_many_nodes_together_is_refused():
    parsed = StudyPlan.model_validate(
        {"strategy": {"kind": "grid", "factors": [{**LR, "values": [0.1, 0.2, 0.3]}]}, "seeds": [0]}
    )
    size = len(validator().report(GRAPH).nodes)
    for nodes, fits in ((3 * size, True), (3 * size - 1, False)):
        limits = GraphLimits(study_nodes=nodes)
        judge = Validator(NodeRegistry, {}.__getitem__, limits=limits)
        baseline = Baseline(parsed, GRAPH, judge.report(GRAPH))
        context = PlanningContext(judge, NodeRegistry)
        if fits:
            assert len(expand(baseline, context)) == 4
        else:
            with pytest.raises(TooLargeError, match="nodes in all variants") as refused:
                expand(baseline, context)
            assert "VISDL_MAX_STUDY_NODES" in refused.value.hint
