"""Graphs: validate, save versions and drafts, delete and restore."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Header, Path, Query, Response

from visdl.api.capacity import Work, works
from visdl.api.deps import Deps
from visdl.api.json_body import JsonRoute
from visdl.models.diagnostics import Report
from visdl.models.errors import InvalidInputError, PreconditionRequiredError
from visdl.models.graph import (
    DraftSaved,
    Graph,
    GraphSummary,
    GraphVersion,
    StoredGraph,
    VersionLabel,
    VersionName,
)

router = APIRouter(prefix="/graphs", tags=["graphs"], route_class=JsonRoute)
VersionNumber = Annotated[int, Path(ge=1, lt=2**53)]


@router.post("/validate", operation_id="validateGraph")
@works(Work.CHECK)
def validate(graph: Graph, deps: Deps) -> Report:
    """Return the diagnostics of a graph, and what is known about its nodes and ports."""
    return deps.validator.report(graph)


@router.get("", operation_id="listGraphs")
def list_graphs(
    deps: Deps,
    deleted: Annotated[
        bool, Query(description="List the deleted graphs, which can be restored")
    ] = False,
) -> list[GraphSummary]:
    """Return stored graphs, the last changed first."""
    return deps.store.graphs(deleted=deleted)


@router.post("", operation_id="createGraph", status_code=201)
def create_graph(graph: Graph, deps: Deps, response: Response) -> StoredGraph:
    """Store a graph as version 1."""
    deps.validator.require_size(graph)
    stored = deps.store.create_graph(graph)
    response.headers["ETag"] = f'"{stored.version}"'
    return stored


@router.get("/{graph_id}", operation_id="getGraph")
def get_graph(graph_id: str, deps: Deps, response: Response) -> StoredGraph:
    """Return the newest version, and the draft if there is one. The ETag is the version."""
    stored = deps.store.graph(graph_id)
    response.headers["ETag"] = f'"{stored.version}"'
    return stored


@router.put("/{graph_id}", operation_id="replaceGraph")
def replace_graph(
    graph_id: str,
    graph: Graph,
    deps: Deps,
    response: Response,
    if_match: Annotated[str | None, Header()] = None,
    label: Annotated[VersionLabel, Query(description="A name for the version")] = "",
) -> StoredGraph:
    """Save a new version after the one that If-Match names."""
    deps.validator.require_size(graph)
    stored = deps.store.replace_graph(graph_id, graph, _version(if_match), label)
    response.headers["ETag"] = f'"{stored.version}"'
    return stored


def _version(if_match: str | None) -> int:
    if if_match is None:
        hint = "Send the ETag of the graph as If-Match."
        raise PreconditionRequiredError(
            "The version that you change is missing.", hint=hint, field="If-Match"
        )
    text = if_match.removeprefix("W/").strip('"')
    if not (text.isascii() and text.isdigit() and len(text) < 16):
        raise InvalidInputError(
            "If-Match must be the version of the graph, a number.", field="If-Match"
        )
    return int(text)


@router.delete("/{graph_id}", operation_id="deleteGraph", status_code=204)
def delete_graph(graph_id: str, deps: Deps) -> None:
    """Delete a graph with all its versions. It can be restored for 30 days."""
    deps.store.delete_graph(graph_id)


@router.post("/{graph_id}/restore", operation_id="restoreGraph")
def restore_graph(graph_id: str, deps: Deps) -> StoredGraph:
    """Restore a deleted graph."""
    return deps.store.restore_graph(graph_id)


@router.put("/{graph_id}/draft", operation_id="saveDraft")
def save_draft(
    graph_id: str,
    graph: Graph,
    deps: Deps,
    base: Annotated[int | None, Query(ge=1, lt=2**53)] = None,
) -> DraftSaved:
    """Save a draft without creating a version.

    With `base`, 412 if the graph has changed since that revision.
    """
    deps.validator.require_size(graph)
    return DraftSaved(revision=deps.store.save_draft(graph_id, graph, base))


@router.get("/{graph_id}/versions", operation_id="listGraphVersions")
def list_versions(graph_id: str, deps: Deps) -> list[GraphVersion]:
    """Return the versions of a graph, the newest first."""
    return deps.store.graph_versions(graph_id)


@router.get("/{graph_id}/versions/{version}", operation_id="getGraphVersion")
def get_version(graph_id: str, version: VersionNumber, deps: Deps) -> Graph:
    """Return one version of a graph."""
    return deps.store.graph_version(graph_id, version)


@router.patch("/{graph_id}/versions/{version}", operation_id="labelGraphVersion")
def label_version(
    graph_id: str, version: VersionNumber, body: VersionName, deps: Deps
) -> GraphVersion:
    """Name or rename a version. Its document never changes."""
    return deps.store.label_version(graph_id, version, body.label)
