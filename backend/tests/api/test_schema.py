"""Whatever is sent, the API answers as its own document states: no 5xx, no status that is not
declared.
"""

from __future__ import annotations

import json

import jsonschema_rs
import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from starlette.types import ASGIApp

from visdl.api.schema import document

from ..conftest import Server
from ..support.strength import FULL, count
from .helpers import start_run

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]


schema = schemathesis.openapi.from_dict(json.loads(document()))
# some 170 requests for each operation, at the bounds of every field
schema.config.phases.coverage.enabled = FULL


@pytest.fixture(scope="module")
def app(server: Server) -> ASGIApp:
    """The application of a server that holds one table and one run: called without a socket."""
    run = start_run(server.client, epochs=1)
    server.client.get(f"/api/runs/{run['id']}", params={"wait": 60})
    return server.app


@schema.parametrize()
@settings(
    max_examples=count(gate=8, full=55),
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)
def test_random_requests(case, app):
    case.call_and_validate("http://127.0.0.1", checks=CHECKS, app=app)


@pytest.mark.slow
@schema.parametrize()
@settings(max_examples=750, deadline=None, suppress_health_check=list(HealthCheck))
def test_many_random_requests(case, server, app):
    """In full over a socket, as clients send them."""
    case.call_and_validate(f"http://{server.host}", checks=CHECKS)


def test_every_schema_of_the_document_is_valid_and_states_what_the_guard_answers():
    stated = json.loads(document())
    for record in stated["components"]["schemas"].values():
        jsonschema_rs.meta.validate(record)
    for path, calls in stated["paths"].items():
        for call in calls.values():
            for parameter in call.get("parameters", []):
                jsonschema_rs.meta.validate(parameter["schema"])
            assert {"401", "403", "405", "429", "503"} <= set(call["responses"]), path


def test_the_document_is_the_same_each_time_it_is_made():
    assert document() == document()
