"""Events of runs, as one tagged union: the format that is sent and stored."""

from __future__ import annotations

from typing import Annotated, Literal, NamedTuple

from pydantic import Field, TypeAdapter
from typing_extensions import TypeAliasType

from visdl.models.diagnostics import Diagnostic
from visdl.models.record import Record
from visdl.models.runs import MetricSummary, Progress, RunState

#: (optimizer step, epochs finished, value); a value that is not finite is null.
Point = tuple[int, int, float | None]
EventType = Literal["state", "progress", "metrics", "node", "checkpoint", "log", "artifact"]


class BaseEvent(Record):
    run: str = ""
    seq: int = Field(default=0, description="Gapless within a run, from 1")
    time: float = Field(default=0.0, description="Unix seconds")
    cursor: int | None = Field(default=None, description="Position among the events of all runs")


class StateEvent(BaseEvent):
    type: Literal["state"] = "state"
    state: RunState
    error: Diagnostic | None = None
    device: str | None = Field(default=None, description="Of the run, as its record has it now")
    threads: int | None = Field(default=None, description="Of the run, as its record has it now")


class ProgressEvent(BaseEvent):
    type: Literal["progress"] = "progress"
    progress: Progress


class MetricsEvent(BaseEvent):
    """All points of up to 100 ms; `summary` holds the metrics that have a new epoch value."""

    type: Literal["metrics"] = "metrics"
    series: dict[str, list[Point]]
    summary: dict[str, MetricSummary] = Field(default_factory=dict)


class NodeEvent(BaseEvent):
    type: Literal["node"] = "node"
    node: str
    status: Literal["started", "ended", "failed"]
    seconds: float | None = None
    message: str = ""


class CheckpointEvent(BaseEvent):
    type: Literal["checkpoint"] = "checkpoint"
    name: str
    epoch: int
    step: int
    reason: Literal["epoch", "pause", "stop", "best", "interrupted"]


class LogEvent(BaseEvent):
    type: Literal["log"] = "log"
    level: Literal["info", "warning", "error"] = "info"
    message: str
    node: str | None = None


class ArtifactEvent(BaseEvent):
    type: Literal["artifact"] = "artifact"
    name: str
    bytes: int
    media_type: str


RunEvent = TypeAliasType(
    "RunEvent",
    Annotated[
        StateEvent
        | ProgressEvent
        | MetricsEvent
        | NodeEvent
        | CheckpointEvent
        | LogEvent
        | ArtifactEvent,
        Field(discriminator="type"),
    ],
)
RUN_EVENT: TypeAdapter[RunEvent] = TypeAdapter(RunEvent)


class EncodedEvent(NamedTuple):
    """An event as JSON, with its `seq`, or its `cursor` where it is one of all runs."""

    position: int
    text: str


class Resync(Record):
    """For a client that could not keep up: the events after this position follow once more."""

    type: Literal["resync"] = "resync"
    run: str | None = Field(description="The run that the client follows, or null for all runs")
    after: int = Field(
        description="The last `seq`, or for all runs the last `cursor`, that was sent"
    )


#: A message of the socket /ws/training.
TrainingMessage = TypeAliasType("TrainingMessage", RunEvent | Resync)
