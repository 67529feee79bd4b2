"""Studies of version 0.2 open: fields and roles that have another name today."""

from __future__ import annotations

import pytest

from visdl.models.studies import Study, StudyPlan, Variant

PLAN = {"strategy": {"kind": "add_one", "nodes": ["relu"]}, "seeds": [0]}


@pytest.mark.parametrize("name", ["stack", "batch_seeds"])
def test_whether_seeds_are_batched_has_two_names(name):
    plan = StudyPlan.model_validate({**PLAN, name: False})
    assert plan.batch_seeds is False
    assert plan.model_dump()["batch_seeds"] is False


def test_the_minimal_model_was_called_floor():
    variants = [
        {"key": "baseline", "label": "Baseline", "role": "baseline"},
        {"key": "floor", "label": "Floor: without all of them", "role": "floor"},
        {"key": "v2", "label": "floor + relu", "reference": "floor"},
    ]
    stored = {"id": "s", "name": "S", "plan": PLAN, "direction": "minimize", "created": 0.0}
    study = Study.model_validate({**stored, "variants": variants})
    assert [variant.role for variant in study.variants] == ["baseline", "minimal", "variant"]
    assert Study.model_validate_json(study.model_dump_json()) == study


def test_a_role_that_never_was_is_refused():
    with pytest.raises(ValueError, match="baseline"):
        Variant.model_validate({"key": "v1", "label": "x", "role": "ceiling"})
