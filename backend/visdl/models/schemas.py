"""What only the wire needs: requests, answers and error records."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, JsonValue, StringConstraints

from visdl.models.diagnostics import Report
from visdl.models.events import Point
from visdl.models.graph import Block, Graph

MOST_TAGS = 50
Tag = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]


class Health(BaseModel):
    status: str = "ok"
    version: str


class InputInfo(BaseModel):
    """A port (`is_handle`) or a parameter of a node type, as the palette and the form need it."""

    dtype: str
    is_handle: bool
    required: bool
    multiple: bool = Field(default=False, description="A port that takes any number of wires")
    default: JsonValue = None
    nullable: bool = False
    min: float | None = None
    max: float | None = None
    step: float | None = None
    choices: list[JsonValue] | None = None
    widget: str | None = Field(
        default=None,
        description="'dataset', 'columns', 'layer' or 'block' where a picker fits better than a field",
    )
    label: str = ""
    unit: str = Field(default="", description="What a number counts, such as epochs")
    length: int | None = Field(default=None, description="A list of exactly this many values")
    many: bool = Field(
        default=False,
        description="A list of any number of values (of `length` where that is given)",
    )
    single: bool = Field(default=False, description="A lone value stands for a list")
    words: list[str] = Field(
        default_factory=list, description="Words that are accepted beside numbers"
    )
    also: str | None = Field(default=None, description="A second type that the port accepts")
    description: str = ""
    empty: str = Field(default="", description="What an empty field means, in a word or two")


class OutputInfo(BaseModel):
    name: str
    dtype: str
    description: str = ""


class NodeInfo(BaseModel):
    type: str
    display_name: str
    category: str
    description: str
    kind: str = Field(
        description="data, input, layer, operation, block, model, loss, optimizer, scheduler, training, metric or other"
    )
    version: int
    inputs: dict[str, InputInfo]
    outputs: list[OutputInfo]
    output_count: str | None = Field(
        default=None,
        description="The parameter that says how many of the outputs there are: a number, or a list",
    )
    can_disable: bool = True
    disable_reason: str = ""
    primary: list[str] = Field(
        default_factory=list, description="At most three parameters shown on the node"
    )
    formula: str = ""
    shape_rule: str = ""
    url: str = ""
    source: str = Field(
        default="built-in", description="'built-in', or the name of the custom file"
    )


class Starter(BaseModel):
    """A network to begin with, on data that VisDL makes itself."""

    id: str
    name: str
    description: str
    task: str = Field(description="What it learns, in a few words")
    nodes: int
    parameters: int


class BlockRecord(BaseModel):
    """A block of the user's own library, with the blocks that it uses."""

    id: str
    name: str
    block: str = Field(description="Which of `blocks` it is")
    blocks: dict[str, Block]
    created: float


class NewBlock(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: str = Field(min_length=1, max_length=200)
    block: str
    blocks: dict[str, Block]


class UnavailableNode(BaseModel):
    """A node type that the installed version of torch cannot run."""

    type: str
    display_name: str
    category: str
    reason: str = Field(description="Such as: Muon needs torch 2.9 or newer; this is 2.6.0.")


class NewRun(BaseModel):
    model_config = ConfigDict(extra="forbid")

    graph: Graph | None = None
    graph_id: str | None = None
    seed: int = Field(default=0, ge=0, lt=2**53)
    name: str | None = Field(default=None, max_length=200)
    tags: list[Tag] = Field(default_factory=list, max_length=MOST_TAGS)
    weights_from: str | None = Field(
        default=None,
        description="Id of a run whose weights this one starts with, as far as names and shapes match",
    )


class RerunRequest(BaseModel):
    """A run of the same graph and data; with another seed if one is given."""

    model_config = ConfigDict(extra="forbid")

    seed: int | None = Field(default=None, ge=0, lt=2**53)
    name: str | None = Field(default=None, max_length=200)


class ExtendRequest(BaseModel):
    """More epochs of an ended run."""

    model_config = ConfigDict(extra="forbid")

    epochs: int = Field(ge=1, le=1_000_000, description="Epochs in addition to the finished ones")
    name: str | None = Field(default=None, max_length=200)


class DeleteRuns(BaseModel):
    model_config = ConfigDict(extra="forbid")

    ids: list[str] = Field(min_length=1, max_length=10_000)
    dry_run: bool = Field(default=False, description="Only say what would be deleted, and what not")


class DeletedRuns(BaseModel):
    deleted: list[str]
    kept: dict[str, str] = Field(description="Runs that were not deleted, with the reason")


class PatchRuns(BaseModel):
    """What a user may change of many runs at once."""

    model_config = ConfigDict(extra="forbid")

    ids: list[str] = Field(min_length=1, max_length=10_000)
    starred: bool | None = None
    add_tags: list[Tag] = Field(default_factory=list, max_length=MOST_TAGS)
    remove_tags: list[str] = Field(default_factory=list, max_length=MOST_TAGS)


class PatchedRuns(BaseModel):
    patched: list[str]
    kept: dict[str, str] = Field(description="Runs that were not changed, with the reason")


class Facet(BaseModel):
    """Something that runs can be filtered by."""

    value: str = Field(description="What the filter takes")
    name: str
    runs: int


class RunFacets(BaseModel):
    """Tags, graphs, datasets and studies that runs have, the most used first."""

    tags: list[Facet]
    graphs: list[Facet]
    datasets: list[Facet]
    studies: list[Facet]


class QueuePlace(BaseModel):
    run: str
    place: int = Field(description="1 is the next to start")
    reason: str = Field(description="What it waits for, as a sentence")


class DevicePlaces(BaseModel):
    device: str
    places: int = Field(description="Runs that may train there at once")
    runs: list[str] = Field(description="Those that do")


class RunQueue(BaseModel):
    devices: list[DevicePlaces]
    waiting: list[QueuePlace]
    names: dict[str, str] = Field(
        default_factory=dict, description="What all these runs are called, by id"
    )


class RunPatch(BaseModel):
    """What a user may change of a run."""

    model_config = ConfigDict(extra="forbid")

    name: str | None = Field(default=None, min_length=1, max_length=200)
    tags: list[Tag] | None = Field(default=None, max_length=MOST_TAGS)
    starred: bool | None = None
    note: str | None = Field(default=None, max_length=10_000)


class MetricSeries(BaseModel):
    """Series by key, each a list of (step, epoch, value)."""

    series: dict[str, list[Point]]
    truncated: bool = Field(
        default=False, description="True where points were left out by down-sampling"
    )


class Artifact(BaseModel):
    name: str
    bytes: int
    media_type: str
    created: float


class PredictRequest(BaseModel):
    model_config = ConfigDict(extra="forbid")

    rows: list[dict[str, JsonValue]] | None = Field(default=None, max_length=100_000)
    dataset: str | None = Field(default=None, description="Id or name of a dataset")


class PredictResponse(BaseModel):
    columns: list[str] = Field(description="Target columns")
    predictions: list[JsonValue] = Field(
        description="A label per row, or a number per row (a list with several targets)"
    )
    probabilities: list[list[float]] | None = None
    classes: list[str] | None = None


class GpuStats(BaseModel):
    index: int
    name: str
    utilization: float | None = Field(default=None, description="Percent")
    memory_used: int | None = Field(default=None, description="Bytes")
    memory_total: int | None = None
    temperature: float | None = Field(default=None, description="Degrees Celsius")
    power: float | None = Field(default=None, description="Watts")


class SystemStats(BaseModel):
    """The machine now. No GPU is an empty list, not an error."""

    time: float
    device: str = Field(description="The device that runs use")
    cpu_percent: float
    cpu_count: int
    ram_used: int
    ram_total: int
    disk_free: int = Field(description="Bytes that are free where the data folder lies")
    disk_total: int
    gpus: list[GpuStats] = Field(default_factory=list)
    running: int = 0
    queued: int = 0


class ErrorInfo(BaseModel):
    model_config = ConfigDict(extra="allow")

    code: str
    message: str
    hint: str = ""
    field: str | None = None
    report: Report | None = None
    state: str | None = None
    allowed: list[str] | None = None


class ErrorBody(BaseModel):
    error: ErrorInfo
