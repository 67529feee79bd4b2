"""Ablation studies: preview, start, follow, steer, read what they found, take it along."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Response

from visdl.api.deps import Deps
from visdl.api.json_body import JsonRoute
from visdl.models.errors import InvalidInputError
from visdl.models.graph import Graph
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
            "Give 'graph' or 'graph_id'.", hint="The id alone means what is stored.", field="graph"
        )
    return body.graph or deps.store.graph(body.graph_id or "").graph


@router.post("", operation_id="createStudy", status_code=201)
def create_study(body: NewStudy, deps: Deps) -> Study:
    """Start a study: every variant on every seed, one seed after the other."""
    return deps.studies.create(body, _graph(body, deps))


@router.post("/preview", operation_id="previewStudy")
def preview_study(body: NewStudy, deps: Deps) -> StudyPreview:
    """The variants of a study, whether each can be trained, and what it costs. Starts nothing."""
    return deps.studies.preview(body, _graph(body, deps))


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
    """Studies, the newest first. X-Total-Count says how many there are in all."""
    found = deps.studies.list(search)
    response.headers["X-Total-Count"] = str(len(found))
    return found[offset : offset + limit]


@router.get("/{study_id}", operation_id="getStudy")
def get_study(study_id: str, deps: Deps) -> Study:
    return deps.studies.get(study_id)


@router.patch("/{study_id}", operation_id="patchStudy")
def patch_study(study_id: str, patch: StudyPatch, deps: Deps) -> Study:
    """Rename it, note something, label its variants and set their order."""
    return deps.studies.patch(study_id, patch)


@router.delete("/{study_id}", operation_id="deleteStudy", status_code=204)
def delete_study(
    study_id: str,
    deps: Deps,
    runs: Annotated[
        bool, Query(description="Delete its runs too, but for those that another study uses")
    ] = False,
) -> None:
    deps.studies.delete(study_id, runs=runs)


@router.post("/{study_id}/pause", operation_id="pauseStudy")
def pause_study(study_id: str, deps: Deps) -> Study:
    return deps.studies.pause(study_id)


@router.post("/{study_id}/resume", operation_id="resumeStudy")
def resume_study(study_id: str, deps: Deps) -> Study:
    """Go on with a paused study, or with what a stopped one has left out."""
    return deps.studies.resume(study_id)


@router.post("/{study_id}/stop", operation_id="stopStudy")
def stop_study(study_id: str, deps: Deps) -> Study:
    """End it now: what trains is stopped and not counted."""
    return deps.studies.stop(study_id)


@router.post("/{study_id}/seeds", operation_id="addStudySeeds")
def add_seeds(study_id: str, body: MoreSeeds, deps: Deps) -> Study:
    """Train every variant on more seeds; table and caption then say that they were added after looking."""
    return deps.studies.add_seeds(study_id, body.seeds)


@router.post("/{study_id}/retry", operation_id="retryStudy")
def retry_study(study_id: str, deps: Deps) -> Study:
    """Train what failed once more."""
    return deps.studies.retry(study_id)


@router.get("/{study_id}/results", operation_id="getStudyResults")
def get_results(study_id: str, deps: Deps) -> StudyResults:
    return deps.studies.results(study_id)


@router.get("/{study_id}/cells", operation_id="listStudyCells")
def list_cells(study_id: str, deps: Deps) -> list[Cell]:
    """Each training of the study, by variant and seed."""
    return deps.studies.cells(study_id)


@router.get("/{study_id}/curves", operation_id="getStudyCurves")
def get_curves(
    study_id: str, deps: Deps, metric: Annotated[str, Query(max_length=200)] = "val_loss"
) -> StudyCurves:
    """A metric over the epochs: for each variant the mean of its runs with a band of one sd."""
    return deps.studies.curves(study_id, metric)


@router.get("/{study_id}/graph", operation_id="getStudyGraph")
def get_study_graph(
    study_id: str,
    deps: Deps,
    variant: Annotated[str, Query(max_length=200, description="Key of a variant")] = "",
) -> Graph:
    """The graph of the study, or that of one of its variants."""
    return deps.studies.graph(study_id, variant)


@router.get("/{study_id}/export", operation_id="exportStudy")
def export_study(
    study_id: str,
    deps: Deps,
    format: Annotated[ExportFormat, Query(description="Of the file")] = "csv",
) -> Response:
    """The table, the runs, the forest plot, or `json`: all that recreates the study."""
    file = deps.studies.export(study_id, format)
    # what is text opens in the browser as text; the page saves it under this name
    headers = {"Content-Disposition": f'attachment; filename="{file.name}"'}
    return Response(file.body, media_type=file.media_type, headers=headers)
