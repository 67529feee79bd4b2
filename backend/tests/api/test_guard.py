"""Every route and every socket passes the guard.

The cases come from the route table, so none can be forgotten.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from fastapi.routing import iter_route_contexts
from starlette.routing import WebSocketRoute
from websockets.exceptions import InvalidStatus

from visdl.api.app import make_app
from visdl.api.security.guard import OPEN_PATHS

from ..conftest import Server, run_server
from .helpers import error

TOKEN = "correct-horse-battery"


def _path(template: str) -> str:
    """An address of a route, with something in place of each parameter."""
    return re.sub(r"\{.*?\}", "1", template)


ROUTES = list(iter_route_contexts(make_app().routes))
CALLS = sorted(
    (method, _path(route.path or ""))
    for route in ROUTES
    if not isinstance(route.original_route, WebSocketRoute)
    for method in (route.methods or {"GET"})
)
SOCKETS = [
    _path(route.path or "") for route in ROUTES if isinstance(route.original_route, WebSocketRoute)
]
every_call = pytest.mark.parametrize(("method", "path"), CALLS)
every_socket = pytest.mark.parametrize("path", SOCKETS)


@pytest.fixture(scope="module")
def locked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with a token."""
    with run_server(tmp_path_factory.mktemp("locked"), token=TOKEN) as running:
        yield running


def test_the_route_table_is_read():
    assert ("POST", "/api/runs/1/stop") in CALLS
    assert sorted(SOCKETS) == ["/ws/system", "/ws/training"]


@every_call
def test_a_name_that_was_made_to_point_here_is_refused(client, method, path):
    answer = client.request(method, path, headers={"Host": "rebound.example:8000"})
    if method == "HEAD":
        assert answer.status_code == 403
    else:
        assert "rebound.example" in error(answer, 403)["message"]


@every_call
@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "http://127.0.0.1:1", "http://[::1"]
)
def test_another_page_is_refused(client, method, path, origin):
    assert client.request(method, path, headers={"Origin": origin}).status_code == 403


@every_call
def test_a_call_from_another_site_without_an_origin_is_refused(client, method, path):
    assert client.request(method, path, headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403


@every_call
def test_no_answer_allows_another_origin(server, method, path):
    """OPTIONS is what a browser asks before it lets another page call."""
    own = {"Origin": f"http://{server.host}", "Access-Control-Request-Method": method}
    for verb in {method, "OPTIONS"} - {"POST", "PUT", "DELETE", "PATCH"}:
        answer = server.client.request(verb, path, headers=own)
        assert not [name for name in answer.headers if name.startswith("access-control")]
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "unsafe-eval" not in answer.headers["content-security-policy"]


@every_call
def test_the_token_is_required(locked, method, path):
    answer = locked.client.request(method, path)
    if path in OPEN_PATHS:
        assert answer.status_code != 401
    else:
        assert answer.status_code == 401


@pytest.mark.parametrize("given", ["", "Bearer wrong-token", f"Bearer {TOKEN}x", "Bearer \xe9"])
def test_a_wrong_token_does_not_open(locked, given):
    answer = locked.client.get("/api/nodes", headers=[(b"Authorization", given.encode("latin-1"))])
    assert error(answer, 401)["code"] == "no_token"


def test_the_token_opens(locked):
    assert (
        locked.client.get("/api/nodes", headers={"Authorization": f"Bearer {TOKEN}"}).status_code
        == 200
    )


@every_socket
@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "rebound.example"},
        {"Origin": "https://evil.example"},
        {"Sec-Fetch-Site": "cross-site"},
    ],
    ids=["host", "origin", "site"],
)
def test_a_foreign_socket_is_refused(server, path, headers):
    with pytest.raises(InvalidStatus) as refused, server.connect(path, additional_headers=headers):
        pass
    assert refused.value.response.status_code == 403


@every_socket
def test_a_socket_needs_the_token(locked, path):
    with pytest.raises(InvalidStatus) as refused, locked.connect(path):
        pass
    assert refused.value.response.status_code == 403
    with locked.connect(path, additional_headers={"Authorization": f"Bearer {TOKEN}"}) as ws:
        ws.ping().wait()


@pytest.mark.parametrize(
    "host", ["localhost", "localhost:5173", "127.0.0.1:1", "[::1]:8000", "LocalHost"]
)
def test_loopback_names_are_let_in_at_any_port(client, host):
    assert (
        client.get("/api/health", headers={"Host": host, "Origin": f"http://{host}"}).status_code
        == 200
    )


def test_an_allowed_name_is_let_in(serve):
    server = serve(allowed_hosts="gpu.example, other.example")
    assert server.client.get("/api/health", headers={"Host": "gpu.example:8000"}).status_code == 200
    assert server.client.get("/api/health", headers={"Host": "third.example"}).status_code == 403


def test_a_link_to_a_page_may_be_followed_from_another_site(client):
    visit = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
    assert client.get("/docs", headers=visit).status_code == 200
    assert client.get("/api/runs", headers=visit).status_code == 403
