"""Runs: start, follow, steer, fetch what they made."""

from __future__ import annotations

from typing import Annotated, Literal

from anyio import to_thread
from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import FileResponse, StreamingResponse

from visdl.api.capacity import Work, works
from visdl.api.deps import Deps
from visdl.api.disconnect import while_connected
from visdl.api.event_pages import event_pages, json_list
from visdl.api.json_body import JsonRoute
from visdl.models.errors import InvalidInputError
from visdl.models.events import EventType, RunEvent
from visdl.models.graph import Graph
from visdl.models.requests import (
    Artifact,
    DeletedRuns,
    DeleteRuns,
    ExtendRequest,
    MetricSeries,
    NewRun,
    PatchedRuns,
    PatchRuns,
    PredictRequest,
    PredictResponse,
    RerunRequest,
    RunFacets,
    RunPatch,
)
from visdl.models.runs import Run, RunState
from visdl.store.run_list import RunFilter, RunOrder
from visdl.training.run_folder import media_type

router = APIRouter(prefix="/runs", tags=["runs"], route_class=JsonRoute)
Number = Annotated[int, Query(ge=0, lt=2**53)]


@router.post("", operation_id="createRun", status_code=201)
@works(Work.START)
def create_run(body: NewRun, deps: Deps) -> Run:
    """Queue a run of a graph, given in full or by the id of a stored one."""
    if (body.graph is None) == (body.graph_id is None):
        raise InvalidInputError(
            "Give either 'graph' or 'graph_id'.", hint="Exactly one of the two.", field="graph"
        )
    graph = body.graph or deps.store.graph(body.graph_id or "").graph
    return deps.runs.create(body, graph)


def run_filter(
    state: Annotated[
        list[RunState], Query(description="Any of these; may be given several times")
    ] = [],  # noqa: B006
    search: Annotated[
        str | None, Query(max_length=200, description="Part of name, tags, graph, note or id")
    ] = None,
    graph: Annotated[
        str | None,
        Query(max_length=200, description="Id of a stored graph, or the name that the graph had"),
    ] = None,
    tag: Annotated[str | None, Query(max_length=200)] = None,
    dataset: Annotated[str | None, Query(max_length=200, description="Id of a dataset")] = None,
    starred: bool | None = None,
    study: Annotated[
        str | None,
        Query(max_length=200, description="Id of a study, for its runs and those that it reuses"),
    ] = None,
) -> RunFilter:
    return RunFilter(state, search, graph, tag, dataset, starred, study)


Filter = Annotated[RunFilter, Depends(run_filter)]


def run_order(
    sort: Annotated[
        str,
        Query(
            max_length=250,
            description="created, name, state, epoch, seed, parameters, duration, "
            "or metrics.KEY for the last value of a metric",
        ),
    ] = "created",
    order: Literal["asc", "desc"] = "desc",
) -> RunOrder:
    return RunOrder(sort, descending=order == "desc")


Order = Annotated[RunOrder, Depends(run_order)]


@router.get("", operation_id="listRuns")
def list_runs(
    deps: Deps,
    response: Response,
    selection: Filter,
    order: Order,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    offset: Number = 0,
) -> list[Run]:
    """Return runs, by default the newest first. X-Total-Count is their total number."""
    response.headers["X-Total-Count"] = str(deps.store.count_runs(selection))
    return deps.store.runs(selection, limit, offset, order)


@router.patch("", operation_id="patchRuns")
def patch_runs(body: PatchRuns, deps: Deps) -> PatchedRuns:
    """Star or tag many runs. The answer names those that cannot be changed, with the reason."""
    return deps.store.patch_runs(body)


@router.post("/delete", operation_id="deleteRuns")
@works(Work.FILES)
def delete_runs(body: DeleteRuns, deps: Deps) -> DeletedRuns:
    """Delete many runs and their files; those that train or wait are kept, each with the reason."""
    return deps.runs.delete_many(body)


@router.get("/facets", operation_id="getRunFacets")
def run_facets(deps: Deps, limit: Annotated[int, Query(ge=1, le=1000)] = 200) -> RunFacets:
    """What runs can be filtered by: tags, graphs, datasets and studies, the most used first."""
    return deps.store.run_facets(limit)


@router.get("/ids", operation_id="listRunIds")
def list_run_ids(
    deps: Deps,
    selection: Filter,
    order: Order,
    limit: Annotated[int, Query(ge=1, le=100_000)] = 100_000,
    offset: Number = 0,
) -> list[str]:
    """The ids of runs alone, as the list has them: what is then changed or deleted in bulk."""
    return deps.store.run_ids(selection, limit, offset, order)


@router.get("/{run_id}", operation_id="getRun")
async def get_run(
    run_id: str, deps: Deps, request: Request, wait: Annotated[float, Query(ge=0, le=3600)] = 0
) -> Run:
    """A run; with `wait`, when it has ended or after that many seconds."""
    run = await while_connected(request, deps.runs.wait(run_id, wait)) if wait else None
    if run is None:
        run = await to_thread.run_sync(deps.store.run, run_id)
    return deps.runs.explain_waiting(run)


@router.patch("/{run_id}", operation_id="patchRun")
def patch_run(run_id: str, patch: RunPatch, deps: Deps) -> Run:
    """Change name, tags, star and note of a run."""
    return deps.store.patch_run(run_id, **patch.model_dump(exclude_none=True))


@router.delete("/{run_id}", operation_id="deleteRun", status_code=204)
@works(Work.FILES)
def delete_run(run_id: str, deps: Deps) -> None:
    """Delete a run and its files. 409 while it trains or waits."""
    deps.runs.delete(run_id)


@router.post("/{run_id}/pause", operation_id="pauseRun")
async def pause_run(run_id: str, deps: Deps) -> Run:
    """Pause a running run."""
    run = await deps.runs.pause(run_id, deps.capacity.limiter(Work.WRITE))
    return deps.runs.explain_waiting(run)


@router.post("/{run_id}/resume", operation_id="resumeRun")
async def resume_run(run_id: str, deps: Deps) -> Run:
    """Resume a paused or an interrupted run."""
    run = await deps.runs.resume(run_id, deps.capacity.limiter(Work.WRITE))
    return deps.runs.explain_waiting(run)


@router.post("/{run_id}/stop", operation_id="stopRun")
def stop_run(run_id: str, deps: Deps) -> Run:
    """Stop a run. Nodes after the training loop still run, on the partial result."""
    return deps.runs.explain_waiting(deps.runs.stop(run_id))


@router.post("/{run_id}/prioritize", operation_id="prioritizeRun")
def prioritize_run(run_id: str, deps: Deps) -> Run:
    """Make a queued run the next to start."""
    return deps.store.prioritize_run(run_id)


@router.post("/{run_id}/rerun", operation_id="rerun", status_code=201)
@works(Work.START)
def rerun(run_id: str, body: RerunRequest, deps: Deps) -> Run:
    """Create a run of the same graph, data and seed; `notices` state what has changed since."""
    return deps.runs.rerun(run_id, body)


@router.post("/{run_id}/extend", operation_id="extendRun", status_code=201)
@works(Work.START)
def extend_run(run_id: str, body: ExtendRequest, deps: Deps) -> Run:
    """Create a run with more epochs, from the last checkpoint of an ended run."""
    return deps.runs.extend(run_id, body)


@router.get("/{run_id}/graph", operation_id="getRunGraph")
def get_run_graph(run_id: str, deps: Deps) -> Graph:
    """The graph as it was when the run was created."""
    return deps.store.run_graph(run_id)


@router.get("/{run_id}/events", operation_id="listRunEvents", response_model=list[RunEvent])
async def list_events(
    run_id: str,
    deps: Deps,
    after: Number = 0,
    limit: Annotated[int, Query(ge=1, le=10_000)] = 1000,
    type: Annotated[
        list[EventType], Query(description="These types alone; may be given several times")
    ] = [],  # noqa: B006
) -> Response:
    """Events with seq > `after`, in order, without gaps."""
    await to_thread.run_sync(deps.store.run, run_id)
    pages = event_pages(deps, run_id, after, limit, type)
    return StreamingResponse(json_list(pages), media_type="application/json")


@router.get("/{run_id}/metrics", operation_id="getRunMetrics", response_model=MetricSeries)
@works(Work.CURVES)
def get_metrics(
    run_id: str,
    deps: Deps,
    keys: Annotated[
        str | None, Query(max_length=2000, description="Comma list; all when left out")
    ] = None,
    max_points: Annotated[int | None, Query(ge=4, le=1_000_000)] = None,
) -> Response:
    """Return series of points, downsampled to `max_points` so that extremes stay.

    The points of an answer have a limit together; `truncated` states whether some were left out.
    """
    selected = [key.strip() for key in keys.split(",") if key.strip()] if keys is not None else None
    body = deps.store.encoded_series(run_id, selected, max_points)
    return Response(body, media_type="application/json")


@router.get("/{run_id}/artifacts", operation_id="listArtifacts")
def list_artifacts(run_id: str, deps: Deps) -> list[Artifact]:
    """Return the files of a run."""
    return deps.runs.artifacts(run_id)


@router.get("/{run_id}/artifacts/{name}", operation_id="getArtifact", response_class=FileResponse)
def get_artifact(run_id: str, name: str, deps: Deps) -> FileResponse:
    """Return a file of a run."""
    path = deps.runs.artifact_path(run_id, name)
    return FileResponse(path, media_type=media_type(name), filename=name)


@router.post("/{run_id}/predict", operation_id="predict", response_model=PredictResponse)
@works(Work.PREDICTION)
def predict(run_id: str, body: PredictRequest, deps: Deps) -> Response:
    """Predictions with the run's weights and its own encodings."""
    return Response(deps.predictor.predict(run_id, body), media_type="application/json")
