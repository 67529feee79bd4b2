"""Everything that the server and a worker process say to each other."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from visdl.models.runs import RunProblem, RunState

UNSTACKED = "unstacked"  # why a run goes back to the queue
PULSE = None  # a sign of life
NODES_DIR = "VISDL_PRELOAD_NODES_DIR"  # the environment variable that the preload reads


@dataclass(frozen=True)
class RunSpec:
    """What a trainer process gets to know. Plain values: it is sent to another process."""

    run: str
    name: str
    graph: dict[str, Any]
    seed: int
    device: str
    threads: int
    auto_threads: bool  # fewer threads where the training gains nothing from more
    folder: str
    datasets: dict[str, tuple[dict[str, Any], str]]  # by what the graph calls it: record, folder
    nodes_dir: str | None = None
    stored: dict[str, int] = field(
        default_factory=dict
    )  # up to which step the server has each metric
    continues: str | None = None  # the run whose checkpoint lies in the folder
    weights_from: tuple[str, str] | None = None  # a run's id, and the file of its weights
    speedup: float | None = None  # of its stack, as it was measured when that began


@dataclass(frozen=True)
class Measured:
    """Trainer to server: how many times faster the run's stack is as one; 0 where it cannot be one.

    None where it was one and is no more, its runs having come to different steps.
    """

    speedup: float | None


@dataclass(frozen=True)
class Moved:
    """Trainer to server: the run is now in this state."""

    state: RunState
    error: RunProblem | None = None
    threads: int | None = None
