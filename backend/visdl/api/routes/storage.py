"""The contents of the data folder, and its clean-up."""

from __future__ import annotations

from fastapi import APIRouter

from visdl.api.capacity import Work, works
from visdl.api.deps import Deps
from visdl.api.json_body import JsonRoute
from visdl.models.storage import CleanReport, CleanRequest, StorageReport

router = APIRouter(prefix="/storage", tags=["storage"], route_class=JsonRoute)


@router.get("", operation_id="getStorage")
@works(Work.FILES)
def get_storage(deps: Deps) -> StorageReport:
    """Return the contents of the data folder by kind, and the largest runs."""
    return deps.storage.report()


@router.post("/clean", operation_id="cleanStorage")
@works(Work.FILES)
def clean_storage(body: CleanRequest, deps: Deps) -> CleanReport:
    """Remove old checkpoints and leftovers, and compact the database.

    With `dry_run`, only return what that would free.
    """
    return deps.storage.clean(body)
