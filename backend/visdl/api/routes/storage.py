"""The data folder: its content and clean-up. Sync functions, so that a long scan blocks nobody."""

from __future__ import annotations

from fastapi import APIRouter

from visdl.api.deps import Deps
from visdl.api.json_body import JsonRoute
from visdl.models.storage import CleanReport, CleanRequest, StorageReport

router = APIRouter(prefix="/storage", tags=["storage"], route_class=JsonRoute)


@router.get("", operation_id="getStorage")
def get_storage(deps: Deps) -> StorageReport:
    """The content of the data folder by kind, and the largest runs."""
    return deps.storage.report()


@router.post("/clean", operation_id="cleanStorage")
def clean_storage(body: CleanRequest, deps: Deps) -> CleanReport:
    """Remove old checkpoints and leftovers, compact the database; `dry_run` only returns the
    plan.
    """
    return deps.storage.clean(body)
