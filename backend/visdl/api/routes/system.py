"""Health, the machine, the node catalogue, and the exchange of a token for a cookie."""

from __future__ import annotations

import secrets

from fastapi import APIRouter, Response
from pydantic import Field

import visdl
from visdl.api.deps import Deps
from visdl.api.guard import COOKIE
from visdl.api.json_body import JsonRoute
from visdl.models.catalogue import NodeInfo, UnavailableNode
from visdl.models.diagnostics import Diagnostic
from visdl.models.errors import InvalidInputError
from visdl.models.queue import RunQueue
from visdl.models.record import Record
from visdl.models.system import Health, SystemStats

router = APIRouter(tags=["system"], route_class=JsonRoute)


class Token(Record):
    """The server's token."""

    token: str = Field(max_length=1000)


@router.get("/health", operation_id="getHealth")
async def health() -> Health:
    """Return that the server runs, and its version."""
    return Health(version=visdl.__version__)


@router.post("/session", operation_id="createSession", status_code=204)
async def create_session(token: Token, deps: Deps, response: Response) -> None:
    """Exchange the server's token for a cookie that scripts of the page cannot read."""
    if deps.token is None:
        return
    if not secrets.compare_digest(
        token.token.encode("utf-8", "surrogatepass"), deps.token.encode()
    ):
        hint = "It is the value of VISDL_TOKEN."
        raise InvalidInputError("This is not the token of this server.", hint=hint, field="token")
    response.set_cookie(COOKIE, deps.token, httponly=True, samesite="strict", path="/")


@router.get("/queue", operation_id="getQueue")
def get_queue(deps: Deps) -> RunQueue:
    """Return which runs have a slot, and the order of those that wait for one."""
    return deps.runs.queue()


@router.get("/system", operation_id="getSystem")
def system(deps: Deps) -> SystemStats:
    """Return the current load of the machine."""
    return deps.monitor.sample()


@router.get("/nodes", operation_id="listNodes", response_model=dict[str, NodeInfo])
async def nodes(deps: Deps) -> Response:
    """Return the catalogue of node types, by type."""
    return Response(deps.catalogue, media_type="application/json")


@router.get("/nodes/unavailable", operation_id="listUnavailableNodes")
def unavailable_nodes(deps: Deps) -> list[UnavailableNode]:
    """Return the node types that the installed version of torch cannot run, and why."""
    return list(deps.registry.unavailable().values())


@router.get("/nodes/diagnostics", operation_id="listNodeDiagnostics")
def node_diagnostics(deps: Deps) -> list[Diagnostic]:
    """Return the node files that could not be loaded: each with its line and the reason."""
    return deps.registry.diagnostics()
