"""Whatever is wrong with a request, the answer is a 4xx with code, sentence and hint."""

from __future__ import annotations

import re

import pytest
from fastapi.routing import iter_route_contexts

from visdl.api.app import make_app

from .helpers import error

JSON = {"Content-Type": "application/json"}


@pytest.mark.parametrize(
    ("call", "names"),
    [
        ("GET /api/nothing", "/api/nothing"),
        ("GET /api/datasets/none", "none"),
        ("GET /api/datasets/none/preview", "none"),
        ("DELETE /api/datasets/none", "none"),
        ("GET /api/graphs/none", "none"),
        ("GET /api/graphs/none/versions", "none"),
        ("GET /api/graphs/none/versions/1", "none"),
        ("DELETE /api/graphs/none", "none"),
        ("GET /api/runs/none", "none"),
        ("GET /api/runs/none?wait=60", "none"),
        ("GET /api/runs/none/graph", "none"),
        ("GET /api/runs/none/events", "none"),
        ("GET /api/runs/none/metrics", "none"),
        ("GET /api/runs/none/artifacts", "none"),
        ("GET /api/runs/none/artifacts/graph.json", "none"),
        ("DELETE /api/runs/none", "none"),
        ("POST /api/runs/none/pause", "none"),
        ("POST /api/runs/none/resume", "none"),
        ("POST /api/runs/none/stop", "none"),
    ],
)
def test_what_is_not_there_is_named(client, call, names):
    method, path = call.split()
    record = error(client.request(method, path), 404)
    assert record["code"] == "not_found"
    assert names in record["message"]


@pytest.mark.parametrize("path", ["/api/graphs/none", "/api/graphs/none/draft"])
def test_a_graph_that_is_not_there_cannot_be_saved(client, path):
    error(client.put(path, json={}, headers={"If-Match": '"1"'}), 404)


@pytest.mark.parametrize(
    ("method", "path"), [("DELETE", "/api/runs"), ("PUT", "/api/datasets"), ("PATCH", "/docs")]
)
def test_a_wrong_method_is_named(client, method, path):
    answer = client.request(method, path)
    assert method in error(answer, 405)["message"]
    assert answer.headers["allow"]


@pytest.mark.parametrize(
    ("call", "field"),
    [
        ("GET /api/runs?limit=0", "limit"),
        ("GET /api/runs?limit=x", "limit"),
        ("GET /api/runs?state=flying", "state"),
        ("GET /api/runs?offset=-1", "offset"),
        ("GET /api/runs/none?wait=-1", "wait"),
        ("GET /api/runs/none/events?after=9007199254740992", "after"),
        ("GET /api/runs/none/metrics?max_points=1", "max_points"),
        ("GET /api/datasets/none/preview?limit=1001", "limit"),
        ("GET /api/graphs/none/versions/zero", "version"),
    ],
)
def test_a_wrong_parameter_is_named(client, call, field):
    method, path = call.split()
    assert error(client.request(method, path), 422)["field"] == field


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"nodes": [{"id": "a"}]}, "nodes.0.type"),
        ({"nodes": [{"id": "", "type": "T"}]}, "nodes.0.id"),
        ({"nodes": [{"id": "a", "type": "T", "position": {"x": "left"}}]}, "nodes.0.position.x"),
        ({"edges": [{"source": "a"}]}, "edges.0.source_output"),
        ({"format": 2}, "format"),
        ({"name": "x" * 201}, "name"),
    ],
)
def test_a_wrong_place_in_a_graph_is_named(client, body, field):
    assert error(client.post("/api/graphs/validate", json=body), 422)["field"] == field


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b'"text"',
        b"\xff\xfe",
        b'{"name": NaN}',
        b'{"name": Infinity}',
        b'{"note": "\\ud800"}',
        b'{"\\udfff": 1}',
        b'{"note": ' + b"[" * 250 + b"]" * 250 + b"}",
        b"[" * 100_000,
        b'{"note": ' + b"9" * 5000 + b"}",
    ],
    ids=lambda body: repr(body[:16]),
)
def test_a_body_that_cannot_be_read_is_refused(client, body):
    record = error(client.post("/api/graphs", content=body, headers=JSON), 422)
    assert (record["code"], record["field"]) == ("not_json", "body")


def test_json_under_another_name_is_explained(client):
    answer = client.post("/api/graphs", content=b"{}", headers={"Content-Type": "text/plain"})
    assert "application/json" in error(answer, 422)["hint"]


@pytest.mark.parametrize("declared", [True, False], ids=["with Content-Length", "in chunks"])
def test_a_body_over_the_limit_is_refused(serve, declared):
    server = serve(max_body_mb=1)
    body = b'{"note": "' + b"x" * 2**20 + b'"}'
    answer = server.client.post(
        "/api/graphs", content=body if declared else iter([body]), headers=JSON
    )
    record = error(answer, 413)
    assert record["message"] == "The body is larger than 1 MB."
    assert "VISDL_MAX_BODY_MB" in record["hint"]


def test_a_fault_of_the_server_is_a_sentence_and_the_log_has_the_rest(serve, monkeypatch, caplog):
    server = serve()
    monkeypatch.setattr(server.services.store, "datasets", lambda: 1 / 0)
    record = error(server.client.get("/api/datasets"), 500)
    assert record["code"] == "internal"
    assert "division" not in str(record)
    assert "GET /api/datasets failed" in caplog.text


def test_a_call_that_nothing_can_be_stored_of_is_refused_with_reason_and_remedy(server):
    database = server.services.store._db
    database._order(lambda db: db.execute("PRAGMA query_only = 1"), alone=True)
    try:
        record = error(server.client.post("/api/graphs", json={"name": "G", "nodes": []}), 503)
    finally:
        database._order(lambda db: db.execute("PRAGMA query_only = 0"), alone=True)
    assert record["code"] == "refused"
    assert record["message"] == "This is not possible now: the data folder cannot be written."
    assert record["hint"] == "Make the data folder writable. Then try again."
    assert server.client.post("/api/graphs", json={"name": "G", "nodes": []}).status_code == 201
    assert server.client.get("/api/queue").json()["obstacle"] is None


def test_a_wrong_method_states_all_methods_of_the_address(client):
    """Of all routes that share the address; the templates come from the route table."""
    methods: dict[str, set[str]] = {}
    for route in iter_route_contexts(make_app().routes):
        if route.methods:
            methods.setdefault(route.path or "", set()).update(route.methods)
    assert len(methods) > 50
    for template, possible in methods.items():
        path = re.sub(r"\{.*?\}", "1", template)
        for method in {"TRACE", "OPTIONS", "PUT", "PATCH"} - possible:
            answer = client.request(method, path)
            if answer.status_code == 405:  # else another template allows it here
                allowed = set(answer.headers["allow"].split(", "))
                assert possible <= allowed, path
                assert method not in allowed, path
    assert client.delete("/api/graphs").headers["allow"] == "GET, POST"
    assert client.post("/api/graphs/1").headers["allow"] == "DELETE, GET, PUT"
    assert client.put("/docs/assets/swagger-ui.css").headers["allow"] == "GET, HEAD"
    refused = client.post("/docs/start.js")
    assert refused.headers["allow"] == "GET"
