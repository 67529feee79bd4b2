"""What clients ask for about runs, and the answers to it."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints

from visdl.models.events import Point
from visdl.models.graph import Graph
from visdl.models.record import Json, Record, Request

MOST_TAGS = 50
Tag = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]


class NewRun(Request):
    """A run of a graph: in full, or by the id of a stored one."""

    graph: Graph | None = None
    graph_id: str | None = None
    seed: int = Field(default=0, ge=0, lt=2**53)
    name: str | None = Field(default=None, max_length=200)
    tags: list[Tag] = Field(default_factory=list, max_length=MOST_TAGS)
    weights_from: str | None = Field(
        default=None,
        description="Id of a run whose weights initialise this one, where names and shapes match",
    )


class RerunRequest(Request):
    """A run of the same graph and data; with another seed if one is given."""

    seed: int | None = Field(default=None, ge=0, lt=2**53)
    name: str | None = Field(default=None, max_length=200)


class ExtendRequest(Request):
    """More epochs of an ended run."""

    epochs: int = Field(ge=1, le=1_000_000, description="Epochs in addition to the finished ones")
    name: str | None = Field(default=None, max_length=200)


class RunPatch(Request):
    """What a user may change of a run."""

    name: str | None = Field(default=None, min_length=1, max_length=200)
    tags: list[Tag] | None = Field(default=None, max_length=MOST_TAGS)
    starred: bool | None = None
    note: str | None = Field(default=None, max_length=10_000)


class PatchRuns(Request):
    """What a user may change of many runs at once."""

    ids: list[str] = Field(min_length=1, max_length=10_000)
    starred: bool | None = None
    add_tags: list[Tag] = Field(default_factory=list, max_length=MOST_TAGS)
    remove_tags: list[str] = Field(default_factory=list, max_length=MOST_TAGS)


class PatchedRuns(Record):
    """Which runs were changed."""

    patched: list[str]
    kept: dict[str, str] = Field(description="Runs that were not changed, with the reason")


class DeleteRuns(Request):
    """Runs to delete."""

    ids: list[str] = Field(min_length=1, max_length=10_000)
    dry_run: bool = Field(
        default=False, description="Only return what would be deleted, and what not"
    )


class DeletedRuns(Record):
    """Which runs were deleted."""

    deleted: list[str]
    kept: dict[str, str] = Field(description="Runs that were not deleted, with the reason")


class Facet(Record):
    """Something that runs can be filtered by."""

    value: str = Field(description="What the filter takes")
    name: str
    runs: int


class RunFacets(Record):
    """Tags, graphs, datasets and studies that runs have, the most used first."""

    tags: list[Facet]
    graphs: list[Facet]
    datasets: list[Facet]
    studies: list[Facet]


class MetricSeries(Record):
    """Series by key, each a list of (step, epoch, value)."""

    series: dict[str, list[Point]]
    truncated: bool = Field(
        default=False, description="Whether points were left out by downsampling"
    )


class Artifact(Record):
    name: str
    bytes: int
    media_type: str
    created: float
    notes: list[str] = Field(
        default_factory=list, description="What a user of the file has to know, as sentences"
    )


class PredictRequest(Request):
    rows: list[dict[str, Json]] | None = Field(default=None, max_length=100_000)
    dataset: str | None = Field(default=None, description="Id or name of a dataset")


class PredictResponse(Record):
    columns: list[str] = Field(description="Target columns")
    predictions: list[Json] = Field(
        description="A label per row, or a number per row (a list with several targets), in the "
        "target's own space: expected values, and the probability of a 1 for targets of 0 and 1"
    )
    probabilities: list[Json] | None = Field(
        default=None,
        description="For each row the probability of each class; with several target columns, "
        "a list of these",
    )
    classes: list[str] | None = None
