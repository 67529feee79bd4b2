"""A run and its states. TRANSITIONS is the only place that states which state may follow which."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import Field

from visdl.models.diagnostics import Diagnostic
from visdl.models.record import Record, read_former_values


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
#: States of a run that has, or is about to have, a worker process.
LIVE = frozenset({S.STARTING, S.RUNNING, S.PAUSED, S.STOPPING})
#: States at which waiting for the end of a run ends.
ENDED = FINAL | {S.INTERRUPTED}


CHECKPOINTS_KEPT = 2  # of a run: the newest
MOST_CHECKPOINTS = CHECKPOINTS_KEPT + 2  # the best too, and the one that is being written
#: How many times faster a batch must be than its runs one by one to be trained as a batch.
WORTH_BATCHING = 1.1


Relation = Annotated[
    Literal["rerun", "extended", "weights"],
    read_former_values({"again": "rerun", "continues": "extended"}),
]


class Progress(Record):
    """How far a training is."""

    epoch: int = Field(default=0, description="Finished epochs")
    epochs: int = Field(default=0, description="Planned epochs")
    step: int = Field(default=0, description="Finished optimizer steps")
    steps: int = Field(default=0, description="Planned optimizer steps")
    kept_epoch: int | None = Field(
        default=None,
        description="With `keep: best`, once the training has ended: the epoch that weights and "
        "values of the run are of, where it is not the last one",
    )
    samples_per_second: float | None = None
    seconds_left: float | None = None


class MetricSummary(Record):
    """One metric of a run; `best` depends on the metric's direction, if it measures quality."""

    last: float | None = None
    best: float | None = None
    best_epoch: int | None = None
    direction: Literal["minimize", "maximize"] | None = None


class DatasetUse(Record):
    """A dataset as it was when the run was created."""

    node: str
    param: str = "file"
    id: str
    name: str
    sha256: str


class SeedBatch(Record):
    """The seed batch of a run: runs that differ in their seed only and train as one batch."""

    id: str | None = Field(
        default=None, description="The same for all its runs; null once a run trains separately"
    )
    size: int = Field(default=1, description="Number of runs that are trained together")
    speedup: float | None = Field(
        default=None,
        description="How many times faster the batch is than its runs one by one, once measured; "
        "0 if they cannot be batched",
    )
    exact: bool = Field(
        default=False,
        description="Whether every run has the bits of a separate training. False for runs that "
        "an earlier version batched: their values differ from those slightly, or noticeably after "
        "many epochs",
    )


class Recovery(Record):
    """How a run continues after a pause, or after the end of its process."""

    released: bool = Field(
        default=False, description="Paused without a process: its checkpoint holds everything"
    )
    resuming: bool = Field(
        default=False, description="Paused, and resumes as soon as a slot is free"
    )
    requeued_at: int | None = Field(
        default=None,
        description="Step at which it was last queued again automatically",
    )
    requeues: int = Field(
        default=0, description="How often its study has queued it again at that step"
    )


class Run(Record):
    """A training of a graph: its state, its progress and where it came from."""

    id: str
    name: str
    state: RunState = RunState.QUEUED
    seed: int = 0
    tags: list[str] = Field(default_factory=list)
    graph_id: str | None = Field(default=None, description="Id of the stored graph")
    graph_name: str = ""
    parent: str | None = Field(default=None, description="The run that this one was made from")
    relation: Relation | None = Field(
        default=None, description="A rerun, more epochs, or initialised with its weights"
    )
    study: str | None = Field(default=None, description="The study that it belongs to")
    variant: str | None = Field(
        default=None, description="Key of the study's variant that it trains"
    )
    fingerprint: str | None = Field(
        default=None,
        description="In a study: equal for the same network, data, seed and code",
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
    error: Diagnostic | None = Field(default=None, description="Why it failed or was interrupted")
    datasets: list[DatasetUse] = Field(default_factory=list)
    parameters: int | None = Field(default=None, description="Number of trainable values")
    device: str | None = None
    threads: int | None = None
    versions: dict[str, str] = Field(default_factory=dict)
    created: float
    started: float | None = None
    ended: float | None = None
    batch: SeedBatch | None = Field(default=None, description="Its seed batch, if it has one")
    recovery: Recovery = Field(default_factory=Recovery)
    duration: float | None = Field(
        default=None,
        description="Seconds with a process, by the monotonic clock; of a seed batch, of all its "
        "runs together",
    )
    downsampled: bool = Field(
        default=False, description="Whether its longest curves keep only the extremes of intervals"
    )
    seq: int = Field(default=0, description="Sequence number of the last event")
    obstacle: str | None = Field(
        default=None,
        description="Why the machine keeps it from starting or continuing now, as a sentence. "
        "Only in the answer for one run, and never stored",
    )

    def with_changes(self, **fields: Any) -> Run:
        """Return a copy with other values; of `batch` and `recovery` with those of a mapping."""
        nested: dict[str, SeedBatch | Recovery] = {
            "batch": self.batch or SeedBatch(),
            "recovery": self.recovery,
        }
        for name, present in nested.items():
            if isinstance(fields.get(name), Mapping):
                fields[name] = present.model_copy(update=fields[name])
        return self.model_copy(update=fields)


def is_batched(run: Run) -> bool:
    """Return whether a run was trained in one batch with other seeds."""
    return run.batch is not None and (run.batch.speedup or 0.0) > WORTH_BATCHING


def is_inexact(run: Run) -> bool:
    """Return whether an earlier version trained a run in a batch that changed its values."""
    return is_batched(run) and run.batch is not None and not run.batch.exact


def commands_of(state: RunState) -> list[str]:
    """Return the commands that a run in this state accepts."""
    after = TRANSITIONS[state]
    possible = {
        "pause": RunState.PAUSED in after,
        "resume": state in (RunState.PAUSED, RunState.INTERRUPTED),
        "stop": bool(after),
    }
    return [command for command, can in possible.items() if can]
