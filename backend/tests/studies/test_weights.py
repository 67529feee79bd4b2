"""Taking a part out leaves the first weights of all others as they were."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from visdl.models.studies import StudyPlan
from visdl.nodes import NodeRegistry
from visdl.studies.planning.pipeline import StudyPlanner

from ..support.graphs import chain, numbers, validator
from ..support.runs import built

LAYERS = [
    ("fc1", "Linear", {"out_features": 8}),
    ("norm", "BatchNorm1d", {}),
    ("relu", "ReLU", {}),
    ("drop", "Dropout", {"p": 0.5}),
    ("fc2", "Linear", {"out_features": 6}),
    ("tanh", "Tanh", {}),
    ("out", "Linear", {"out_features": 1}),
]


@pytest.mark.parametrize("seed", [0, 1])
def test_first_weights_are_those_of_the_baseline_except_those_that_the_table_lists(
    tmp_path: Path, seed: int
):
    planner = StudyPlanner(validator(numbers(tmp_path)), NodeRegistry)
    nodes = ["fc1", "norm", "relu", "drop", "fc2", "tanh"]
    strategy = {"kind": "leave_one_out", "nodes": nodes}
    plan = StudyPlan.model_validate({"strategy": strategy, "seeds": [0], "how": {"tanh": "plain"}})
    baseline, *variants = planner.plan_study(plan, chain(LAYERS)).candidates
    reference = built(baseline.graph, seed=seed).state_dict()
    resets = {}
    for candidate in variants:
        state = built(candidate.graph, seed=seed).state_dict()
        touched = {*candidate.variant.parts, *candidate.variant.reset}
        kept = [key for key in state if key.split(".")[0] not in touched]
        assert kept
        for key in kept:
            assert torch.equal(state[key], reference[key]), (candidate.variant.label, key)
        resets[candidate.variant.parts[0]] = candidate.variant.reset
    assert resets == {
        "fc1": ["norm", "fc2"],
        "norm": [],
        "relu": [],
        "drop": [],
        "fc2": ["out"],
        "tanh": [],
    }
    other = built(baseline.graph, seed=seed + 1).state_dict()
    assert not torch.equal(other["fc1.weight"], reference["fc1.weight"])
