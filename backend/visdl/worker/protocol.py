"""Everything that the server and a worker process send each other."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from visdl.models.diagnostics import Diagnostic
from visdl.models.errors import AppError
from visdl.models.events import RunEvent
from visdl.models.runs import RunState
from visdl.training.control import Command

NOT_BATCHED = "not_batched"  # error code of a run that needs a process of its own
DISK = "disk"  # error code of a run whose files cannot be written now: it continues later
NO_RESOURCES = 75  # exit code of a worker process to which the system allows no thread

#: A dataset's record as JSON values, and the folder of its columns.
DatasetFiles = tuple[dict[str, Any], str]


@dataclass(frozen=True)
class NodeFolder:
    """The custom node files for a process: those that the server has tried and loaded."""

    path: str | None  # None: only those beside the built-in ones
    hashes: tuple[str, ...]  # of the files' contents
    seconds: float  # in which a file must be imported


@dataclass(frozen=True)
class RunSpec:
    """What a worker process is given of a run. Plain values: it is sent to another process."""

    run: str
    name: str
    graph: str  # JSON, as it is stored
    seed: int
    device: str
    threads: int
    auto_threads: bool  # fewer threads where the training does not benefit from more
    folder: str
    datasets: dict[tuple[str, str], DatasetFiles]  # by node and parameter
    node_folder: NodeFolder | None = None
    stored: dict[str, int] = field(default_factory=dict)  # last stored step of each metric
    extends: str | None = None  # the run whose checkpoint is in the folder
    weights_from: tuple[str, str] | None = None  # a run's id, and the file of its weights
    speedup: float | None = None  # of its seed batch, as measured when that began


@dataclass(frozen=True)
class WorkerReady:
    """Worker to server: the process has its threads, and waits for the spec of its run."""


READY = WorkerReady()


@dataclass(frozen=True)
class StateChanged:
    """Worker to server: the run is now in this state."""

    state: RunState
    error: Diagnostic | None = None
    threads: int | None = None


@dataclass(frozen=True)
class BatchMeasured:
    """Worker to server: how many times faster the run's seed batch is than separate trainings.

    0 when the seeds cannot be batched, None when they no longer can, because their runs continue
    from different steps.
    """

    speedup: float | None


@dataclass(frozen=True)
class Heartbeat:
    """Worker to server, once a second: Python still runs in this process."""


HEARTBEAT = Heartbeat()


@dataclass(frozen=True)
class StoredCount:
    """Server to worker: how many of the run's messages with points are stored."""

    messages: int


@dataclass(frozen=True)
class PredictionRequest:
    """What a prediction process is given: rows by column name, or a dataset."""

    spec: RunSpec
    rows: list[dict[str, Any]] | None = None
    dataset: DatasetFiles | None = None
    seconds: float | None = None  # after which the process ends, also without a server


MessageToServer = list[RunEvent] | WorkerReady | StateChanged | BatchMeasured | Heartbeat
MessageToWorker = RunSpec | Command | StoredCount
#: A `PredictResponse` as JSON, or the error to raise.
PredictionAnswer = bytes | AppError

__all__ = [
    "DISK",
    "HEARTBEAT",
    "NOT_BATCHED",
    "NO_RESOURCES",
    "READY",
    "BatchMeasured",
    "Command",
    "DatasetFiles",
    "Heartbeat",
    "MessageToServer",
    "MessageToWorker",
    "NodeFolder",
    "PredictionAnswer",
    "PredictionRequest",
    "RunSpec",
    "StateChanged",
    "StoredCount",
    "WorkerReady",
]
