"""Records of runs as earlier versions stored them, read with today's names."""

import pytest

from visdl.models.diagnostics import Diagnostic
from visdl.models.events import StateEvent
from visdl.models.runs import Run
from visdl.studies.cells import is_resumable

OLD = '{"id": "r", "name": "Run", "created": 1.0, "parent": "p", "relation": "%s"}'


@pytest.mark.parametrize(
    ("stored", "relation"),
    [("again", "rerun"), ("continues", "extended"), ("weights", "weights"), ("rerun", "rerun")],
)
def test_relations_of_earlier_versions_are_read_under_their_new_names(stored, relation):
    run = Run.model_validate_json(OLD % stored)
    assert run.relation == relation
    assert Run.model_validate_json(run.model_dump_json()) == run


@pytest.mark.parametrize(
    ("stored", "code"),
    [("trainer_died", "worker_died"), ("unstacked", "not_batched"), ("disk", "disk")],  # words: ok
)
def test_error_codes_of_earlier_versions_are_read_under_their_new_names(stored, code):
    problem = Diagnostic.model_validate_json(f'{{"code": "{stored}", "message": "It ended."}}')
    assert problem.code == code
    event = StateEvent.model_validate(
        {"state": "interrupted", "error": {"code": stored, "message": ""}}
    )
    assert event.error is not None
    assert event.error.code == code


def test_a_study_resumes_a_run_that_the_server_left_while_it_changed_process():
    error = Diagnostic.model_validate({"code": "unstacked", "message": ""})  # words: ok
    run = Run(id="r", name="Run", created=1.0, state="interrupted", error=error)
    assert is_resumable(run)
