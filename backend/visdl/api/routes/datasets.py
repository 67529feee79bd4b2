"""Tables: upload, list, preview, delete."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Annotated

from anyio import to_thread
from fastapi import APIRouter, Query, Request

from visdl.api.capacity import LimitedRoute, Work, works
from visdl.api.deps import Deps, Services
from visdl.api.upload import receive_file
from visdl.datasets.importer import import_csv
from visdl.models.datasets import DatasetPreview, DatasetRecord
from visdl.models.ids import new_id

router = APIRouter(prefix="/datasets", tags=["datasets"], route_class=LimitedRoute)
UPLOAD_PATH = "/api/datasets"
_FORM = {
    "type": "object",
    "required": ["file"],
    "properties": {"file": {"type": "string", "format": "binary"}},
}
_BODY = {"requestBody": {"required": True, "content": {"multipart/form-data": {"schema": _FORM}}}}


@router.post("", operation_id="createDataset", status_code=201, openapi_extra=_BODY)
async def create_dataset(request: Request, deps: Deps) -> DatasetRecord:
    """Import a CSV file, sent as the field `file` of a form."""
    dataset_id = new_id()
    upload = deps.data_dir / "uploads" / dataset_id
    upload.parent.mkdir(parents=True, exist_ok=True)
    try:
        name = await receive_file(request, upload, deps.max_upload)
        return await to_thread.run_sync(
            _import, deps, upload, dataset_id, name, limiter=deps.capacity.limiter(Work.DATA)
        )
    finally:
        upload.unlink(missing_ok=True)


def _import(deps: Services, source: Path, dataset_id: str, name: str) -> DatasetRecord:
    folder = deps.data_dir / "datasets" / dataset_id
    record = import_csv(
        source, folder, dataset_id=dataset_id, name=name, max_columns=deps.max_columns
    )
    deps.store.add_dataset(record)
    return record


@router.get("", operation_id="listDatasets")
def list_datasets(deps: Deps) -> list[DatasetRecord]:
    """Return all tables, the newest first."""
    return deps.store.datasets()


@router.get("/{dataset_id}", operation_id="getDataset")
def get_dataset(dataset_id: str, deps: Deps) -> DatasetRecord:
    """Return a table by its id or name."""
    return deps.store.dataset(dataset_id)


@router.get("/{dataset_id}/preview", operation_id="previewDataset")
@works(Work.DATA)
def preview_dataset(
    dataset_id: str,
    deps: Deps,
    offset: Annotated[int, Query(ge=0, lt=2**53)] = 0,
    limit: Annotated[int, Query(ge=1, le=1000)] = 50,
) -> DatasetPreview:
    """Return some rows, fewer of a very wide table, and a histogram per column."""
    return deps.validator.find_dataset(dataset_id).preview(offset, limit)


@router.delete("/{dataset_id}", operation_id="deleteDataset", status_code=204)
@works(Work.FILES)
def delete_dataset(dataset_id: str, deps: Deps) -> None:
    """Delete a table. 409 while a run uses it."""
    deps.store.delete_dataset(dataset_id)
    shutil.rmtree(deps.data_dir / "datasets" / dataset_id, ignore_errors=True)
