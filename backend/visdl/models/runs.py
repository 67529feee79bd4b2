"""A run and its states. TRANSITIONS is the only statement of what may follow what."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BaseModel, Field

from visdl.models.diagnostics import Diagnostic
from visdl.models.former_values import read_former_values


class RunState(StrEnum):
    QUEUED = "queued"
    STARTING = "starting"
    RUNNING = "running"
    PAUSED = "paused"
    STOPPING = "stopping"
    STOPPED = "stopped"
    COMPLETED = "completed"
    FAILED = "failed"
    INTERRUPTED = "interrupted"


S = RunState
TRANSITIONS: dict[RunState, frozenset[RunState]] = {
    S.QUEUED: frozenset({S.STARTING, S.STOPPED, S.INTERRUPTED}),
    S.STARTING: frozenset({S.RUNNING, S.STOPPING, S.FAILED, S.INTERRUPTED}),
    S.RUNNING: frozenset({S.PAUSED, S.STOPPING, S.COMPLETED, S.FAILED, S.INTERRUPTED}),
    S.PAUSED: frozenset({S.RUNNING, S.STOPPING, S.FAILED, S.INTERRUPTED}),
    S.STOPPING: frozenset({S.STOPPED, S.FAILED, S.INTERRUPTED}),
    S.INTERRUPTED: frozenset({S.QUEUED, S.STOPPED}),
    S.STOPPED: frozenset(),
    S.COMPLETED: frozenset(),
    S.FAILED: frozenset(),
}
FINAL = frozenset(state for state, after in TRANSITIONS.items() if not after)
#: States of a run that has, or is about to have, a trainer process.
LIVE = frozenset({S.STARTING, S.RUNNING, S.PAUSED, S.STOPPING})
#: States at which waiting for the end of a run ends.
ENDED = FINAL | {S.INTERRUPTED}


CHECKPOINTS_KEPT = 2  # of a run: the newest
MOST_CHECKPOINTS = CHECKPOINTS_KEPT + 2  # the best too, and the one that is being written
#: How many times faster a batch must be than its runs one by one to be trained as a batch.
WORTH_STACKING = 1.1


Relation = Annotated[
    Literal["rerun", "extended", "weights"],
    read_former_values({"again": "rerun", "continues": "extended"}),
]


class Progress(BaseModel):
    epoch: int = Field(default=0, description="Epochs finished")
    epochs: int = 0
    step: int = Field(default=0, description="Optimizer steps finished")
    steps: int = Field(default=0, description="Optimizer steps planned")
    samples_per_second: float | None = None
    seconds_left: float | None = None


class MetricSummary(BaseModel):
    """One metric of a run; `best` by the metric's own direction."""

    last: float | None = None
    best: float | None = None
    best_epoch: int | None = None


class DatasetUse(BaseModel):
    """A dataset as it was when the run was created."""

    node: str
    param: str = "file"
    id: str
    name: str
    sha256: str


class Run(BaseModel):
    id: str
    name: str
    state: RunState = RunState.QUEUED
    seed: int = 0
    tags: list[str] = Field(default_factory=list)
    graph_id: str | None = None
    graph_name: str = ""
    parent: str | None = Field(default=None, description="The run that this one was made from")
    relation: Relation | None = Field(
        default=None, description="A rerun, more epochs, or initialised with its weights"
    )
    study: str | None = Field(default=None, description="The study that it was made for")
    variant: str | None = Field(
        default=None, description="Key of the study's variant that it trains"
    )
    fingerprint: str | None = Field(
        default=None,
        description="Of a study's run: the same for trainings of the same network, data, seed and code",
    )
    notices: list[str] = Field(
        default_factory=list, description="What differs from the parent, in sentences"
    )
    code: dict[str, str] = Field(
        default_factory=dict, description="SHA-256 of custom node files, by type"
    )
    starred: bool = False
    note: str = ""
    progress: Progress = Field(default_factory=Progress)
    metrics: dict[str, MetricSummary] = Field(default_factory=dict)
    error: Diagnostic | None = None
    datasets: list[DatasetUse] = Field(default_factory=list)
    parameters: int | None = None
    device: str | None = None
    threads: int | None = None
    versions: dict[str, str] = Field(default_factory=dict)
    created: float
    started: float | None = None
    ended: float | None = None
    resuming: bool = Field(
        default=False, description="Paused, and to go on as soon as a place is free"
    )
    released: bool = Field(
        default=False, description="Paused, and without a process: a checkpoint holds all of it"
    )
    revived_at: int | None = Field(
        default=None,
        description="The step at which it was last queued again by itself after the server had died",
    )
    stack: str | None = Field(
        default=None,
        description="Runs with the same one begin in one process, and train as one where that is faster",
    )
    stack_size: int = Field(
        default=1, description="Runs that its stack began with; 1 where it trains alone"
    )
    speedup: float | None = Field(
        default=None,
        description="How many times faster its stack is as one; 0 where they cannot be one",
    )
    revivals: int = Field(
        default=0, description="How often its study has queued it again at that step"
    )
    duration: float | None = Field(
        default=None,
        description="Seconds with a process, by the monotonic clock; of a stack, those of all of it",
    )
    thinned: bool = Field(
        default=False,
        description="Of its longest curves only the extremes of each stretch are kept",
    )
    seq: int = Field(default=0, description="Sequence number of the last event")


def is_stacked(run: Run) -> bool:
    """Whether it was trained as one with the others of its stack."""
    return (run.speedup or 0.0) > WORTH_STACKING


def commands_of(state: RunState) -> list[str]:
    """What may be asked of a run in this state."""
    after = TRANSITIONS[state]
    possible = {
        "pause": RunState.PAUSED in after,
        "resume": state in (RunState.PAUSED, RunState.INTERRUPTED),
        "stop": bool(after),
    }
    return [command for command, can in possible.items() if can]
