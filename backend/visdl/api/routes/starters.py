"""Networks to begin with."""

from __future__ import annotations

from fastapi import APIRouter, Response

from visdl.api.capacity import Work, works
from visdl.api.deps import Deps
from visdl.api.json_body import JsonRoute
from visdl.models.catalogue import Starter
from visdl.models.graph import StoredGraph

router = APIRouter(prefix="/starters", tags=["graphs"], route_class=JsonRoute)


@router.get("", operation_id="listStarters")
def list_starters(deps: Deps) -> list[Starter]:
    """Return the starters, the simplest first."""
    return deps.starters.list_starters()


@router.post("/{starter_id}", operation_id="openStarter", status_code=201)
@works(Work.START)
def open_starter(starter_id: str, deps: Deps, response: Response) -> StoredGraph:
    """A new graph from a starter; the data it trains on is made when it is not there yet."""
    stored = deps.starters.open_starter(starter_id)
    response.headers["ETag"] = f'"{stored.version}"'
    return stored
