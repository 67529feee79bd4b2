"""Ablation studies: preview, create, steer, extend, read and export."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Response

from visdl.api.capacity import Work, works
from visdl.api.deps import Deps
from visdl.api.json_body import JsonRoute
from visdl.models.errors import InvalidInputError
from visdl.models.graph import Graph
from visdl.models.strategies import STRATEGIES, StrategyInfo
from visdl.models.studies import (
    Cell,
    MoreSeeds,
    NewStudy,
    Study,
    StudyCurves,
    StudyPatch,
    StudyPreview,
    StudyResults,
)

router = APIRouter(prefix="/studies", tags=["studies"], route_class=JsonRoute)

ExportFormat = Literal["latex", "markdown", "csv", "parquet", "json", "svg", "pdf"]


def _graph(body: NewStudy, deps: Deps) -> Graph:
    if body.graph is None and body.graph_id is None:
        raise InvalidInputError(
            "Give 'graph' or 'graph_id'.",
            hint="The id alone means the stored graph.",
            field="graph",
        )
    return body.graph or deps.store.graph(body.graph_id or "").graph


@router.post("", operation_id="createStudy", status_code=201)
@works(Work.PLAN)
def create_study(body: NewStudy, deps: Deps) -> Study:
    """Create and start a study: every variant with every seed, one seed after the other."""
    return deps.studies.create(body, _graph(body, deps))


@router.post("/preview", operation_id="previewStudy")
@works(Work.PLAN)
def preview_study(body: NewStudy, deps: Deps) -> StudyPreview:
    """Return the variants of a study, whether each can be trained, and the cost. Starts nothing."""
    return deps.studies.preview(body, _graph(body, deps))


@router.get("/strategies", operation_id="listStrategies")
def list_strategies() -> list[StrategyInfo]:
    """Return the strategies of studies with label and help, in the order in which to offer them."""
    return list(STRATEGIES.values())


@router.get("", operation_id="listStudies")
def list_studies(
    deps: Deps,
    response: Response,
    search: Annotated[
        str | None, Query(max_length=200, description="Part of the name, the graph's name or id")
    ] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    offset: Annotated[int, Query(ge=0, lt=2**53)] = 0,
) -> list[Study]:
    """Return studies, the newest first. X-Total-Count is their total number."""
    found = deps.studies.list(search)
    response.headers["X-Total-Count"] = str(len(found))
    return found[offset : offset + limit]


@router.get("/{study_id}", operation_id="getStudy")
def get_study(study_id: str, deps: Deps) -> Study:
    """Return a study."""
    return deps.studies.get(study_id)


@router.patch("/{study_id}", operation_id="patchStudy")
def patch_study(study_id: str, patch: StudyPatch, deps: Deps) -> Study:
    """Change name, note, labels and order of the variants."""
    return deps.studies.patch(study_id, patch)


@router.delete("/{study_id}", operation_id="deleteStudy", status_code=204)
@works(Work.FILES)
def delete_study(
    study_id: str,
    deps: Deps,
    runs: Annotated[
        bool, Query(description="Also delete its runs, except those that another study uses")
    ] = False,
) -> None:
    """Delete a study."""
    deps.studies.delete(study_id, runs=runs)


@router.post("/{study_id}/pause", operation_id="pauseStudy")
async def pause_study(study_id: str, deps: Deps) -> Study:
    """Pause a study: no further runs start."""
    return await deps.studies.pause(study_id, deps.capacity.limiter(Work.COMMAND))


@router.post("/{study_id}/resume", operation_id="resumeStudy")
async def resume_study(study_id: str, deps: Deps) -> Study:
    """Resume a paused study, or train what a stopped one has left out."""
    return await deps.studies.resume(study_id, deps.capacity.limiter(Work.COMMAND))


@router.post("/{study_id}/stop", operation_id="stopStudy")
@works(Work.COMMAND)
def stop_study(study_id: str, deps: Deps) -> Study:
    """Stop a study now. Runs that train are stopped and not counted."""
    return deps.studies.stop(study_id)


@router.post("/{study_id}/seeds", operation_id="addStudySeeds")
@works(Work.COMMAND)
def add_seeds(study_id: str, body: MoreSeeds, deps: Deps) -> Study:
    """Train every variant with more seeds.

    If results had been seen, table and caption state that the study was extended after looking.
    """
    return deps.studies.add_seeds(study_id, body.seeds)


@router.post("/{study_id}/retry", operation_id="retryStudy")
@works(Work.COMMAND)
def retry_study(study_id: str, deps: Deps) -> Study:
    """Train the failed runs again."""
    return deps.studies.retry(study_id)


@router.get("/{study_id}/results", operation_id="getStudyResults")
@works(Work.TABLE)
def get_results(study_id: str, deps: Deps) -> StudyResults:
    """Return the table of a study with its statistics."""
    return deps.studies.results(study_id)


@router.get("/{study_id}/cells", operation_id="listStudyCells")
def list_cells(study_id: str, deps: Deps) -> list[Cell]:
    """Return the runs of a study by variant and seed."""
    return deps.studies.cells(study_id)


@router.get("/{study_id}/curves", operation_id="getStudyCurves")
@works(Work.TABLE)
def get_curves(
    study_id: str, deps: Deps, metric: Annotated[str, Query(max_length=200)] = "val_loss"
) -> StudyCurves:
    """Return a metric over the epochs: for each variant mean ± sd of its runs."""
    return deps.studies.curves(study_id, metric)


@router.get("/{study_id}/graph", operation_id="getStudyGraph")
def get_study_graph(
    study_id: str,
    deps: Deps,
    variant: Annotated[str, Query(max_length=200, description="Key of a variant")] = "",
) -> Graph:
    """Return the graph of a study, or of one of its variants."""
    return deps.studies.graph(study_id, variant)


@router.get("/{study_id}/export", operation_id="exportStudy")
@works(Work.TABLE)
def export_study(
    study_id: str,
    deps: Deps,
    format: Annotated[ExportFormat, Query(description="File format")] = "csv",
) -> Response:
    """Return the table, the runs, the forest plot, or `json`: the request that recreates it."""
    file = deps.studies.export(study_id, format)
    # text opens in the browser as text; the page saves it under this name
    headers = {"Content-Disposition": f'attachment; filename="{file.name}"'}
    return Response(file.body, media_type=file.media_type, headers=headers)
