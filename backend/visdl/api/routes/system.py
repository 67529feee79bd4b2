"""Health, the machine, and the node catalogue."""

from __future__ import annotations

from fastapi import APIRouter, Response

import visdl
from visdl.api.deps import Deps
from visdl.api.json_body import JsonRoute
from visdl.models.catalogue import NodeInfo, UnavailableNode
from visdl.models.diagnostics import Diagnostic
from visdl.models.queue import RunQueue
from visdl.models.system import Health, SystemStats

router = APIRouter(tags=["system"], route_class=JsonRoute)


@router.get("/health", operation_id="getHealth")
async def health() -> Health:
    """Return that the server runs, and its version."""
    return Health(version=visdl.__version__)


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
