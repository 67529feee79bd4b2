"""The whole table of the guard: path × method × token × Host × Origin × Sec-Fetch-Site.

Paths come from the route table, so that a new route is part of it.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest
from fastapi.routing import iter_route_contexts
from starlette.types import Message, Receive, Scope, Send

from visdl.api.app import make_app
from visdl.api.connections import RefuseExcess
from visdl.api.security.guard import OPEN_PATHS, Guard
from visdl.config import Settings
from visdl.main import create_app, protect

from ..support.strength import count
from .test_guard import SOCKETS, TOKEN
from .test_guard import _path as address

OURS = "127.0.0.1:8000"
METHODS = ["GET", "POST", "OPTIONS", "DELETE", "HEAD", "PUT", "PATCH", "TRACE"]
HOSTS = {OURS: True, "gpu.example": True, "rebound.example:8000": False, "": False}
ORIGINS = [None, "http://{host}", "null", "https://evil.example"]
SITES = [None, "same-origin", "cross-site"]
TOKENS: dict[str, tuple[tuple[str, str] | None, bool]] = {
    "none": (None, False),
    "wrong": (("authorization", "Bearer wrong-token"), False),
    "right": (("authorization", f"Bearer {TOKEN}"), True),
}
CLIENTS = itertools.count()
PATHS = sorted({address(route.path or "") for route in iter_route_contexts(make_app().routes)})


class Cell(NamedTuple):
    """One request."""

    kind: str
    path: str
    method: str
    token: str
    host: str
    origin: str | None
    site: str | None

    def scope(self) -> Scope:
        given = {"host": self.host, "sec-fetch-site": self.site}
        given["origin"] = self.origin and self.origin.format(host=self.host)
        credentials, _ = TOKENS[self.token]
        headers = [*given.items(), *([credentials] if credentials else [])]
        return {
            "type": self.kind,
            "path": self.path,
            "method": self.method,
            "client": (f"10.{next(CLIENTS)}", 1),  # its own, so that no brake holds the table up
            "headers": [(name.encode(), value.encode()) for name, value in headers if value],
        }

    def may_pass(self, *, needs_token: bool) -> bool:
        """Return what the table states, without the code of the guard."""
        from_us = self.origin is None or "{host}" in self.origin
        known = not needs_token or self.path in OPEN_PATHS or TOKENS[self.token][1]
        return HOSTS[self.host] and from_us and self.site != "cross-site" and known


def cells() -> Iterator[Cell]:
    rest, tried = (TOKENS, HOSTS, ORIGINS, SITES), METHODS[: count(gate=3, full=len(METHODS))]
    for path, method, *values in itertools.product(PATHS, tried, *rest):
        yield Cell("http", path, method, *values)
    for path, *values in itertools.product(SOCKETS, *rest):
        yield Cell("websocket", path, "GET", *values)


async def passes(guard: Any, cell: Cell, reached: list[Scope]) -> bool:
    """Whether the request reaches the application; otherwise, that it is answered."""
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request" if cell.kind == "http" else "websocket.connect"}

    async def send(message: Message) -> None:
        sent.append(message)

    reached.clear()
    await guard(cell.scope(), receive, send)
    if not reached:
        expected = {"http.response.start", "websocket.close"}
        assert sent[0]["type"] in expected
        assert sent[0].get("status", 403) in (401, 403)
    return bool(reached)


@pytest.mark.parametrize("token", [None, TOKEN], ids=["without a token", "with a token"])
def test_no_cell_of_the_table_is_open_that_should_be_closed(token, tmp_path):
    reached: list[Scope] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        reached.append(scope)

    settings = Settings(
        data_dir=tmp_path, token=token, allowed_hosts=["gpu.example"], _env_file=None
    )
    guard = protect(app, settings)

    async def wrong() -> list[Cell]:
        return [
            cell
            for cell in cells()
            if await passes(guard, cell, reached) != cell.may_pass(needs_token=token is not None)
        ]

    assert asyncio.run(wrong()) == []


def test_the_guard_is_around_everything_that_is_served(tmp_path):
    app = create_app(Settings(data_dir=tmp_path, _env_file=None))
    assert type(app) is RefuseExcess  # it only refuses connections
    assert type(app.app) is Guard
    assert {"/api/runs", "/docs", "/openapi.json", "/ws/training"} <= set(PATHS)


def test_only_the_health_check_and_signing_in_are_open():
    assert {"/api/health", "/api/session"} == OPEN_PATHS
