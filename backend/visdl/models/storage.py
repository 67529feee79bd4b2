"""The contents of the data folder, and what a clean-up removes."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from visdl.models.record import Record, Request
from visdl.models.runs import RunState

StorageKind = Literal[
    "database", "backups", "datasets", "checkpoints", "artifacts", "leftovers", "other"
]


class KindUsage(Record):
    kind: StorageKind
    bytes: int = Field(description="Files that several runs share count once")
    files: int


class RunUsage(Record):
    """The disk space of one run."""

    id: str
    name: str
    state: RunState
    starred: bool
    ended: float | None
    bytes: int
    checkpoint_bytes: int
    shared_bytes: int = Field(
        description="Part of these that another run shares: deleting one of them frees none of it"
    )


class BackupUsage(Record):
    """The backups of the database, which are made daily and before a migration."""

    keep: int = Field(description="Most that are kept; 0: none is made")
    count: int
    bytes: int
    newest: float | None = Field(description="When the newest was made")
    problem: str | None = Field(description="Why the last one was not made, as a sentence")


class StorageReport(Record):
    folder: str
    disk_free: int
    disk_total: int
    kinds: list[KindUsage]
    runs: list[RunUsage] = Field(description="The largest runs, the largest first")
    run_count: int = Field(description="Total number of runs")
    keep_checkpoint_days: int = Field(
        description="Days after which the server removes checkpoints; 0: never"
    )
    backups: BackupUsage


class CleanRequest(Request):
    """What to remove.

    Runs that can resume, starred runs, weights, reports, curves and logs are never touched.
    """

    dry_run: bool = Field(default=True, description="Only return what would be removed")
    checkpoint_days: int | None = Field(
        default=None,
        ge=0,
        le=36_500,
        description="Checkpoints of runs that ended this many days ago or earlier",
    )
    leftovers: bool = Field(
        default=False, description="Files without a run or a dataset, older than an hour"
    )
    database: bool = Field(default=False, description="Free the space of deleted records")


class CleanedRun(Record):
    id: str
    name: str
    checkpoints: int
    bytes: int


class Leftover(Record):
    path: str = Field(description="Inside the data folder")
    bytes: int


class CleanReport(Record):
    """What was removed, or would be; sizes are the bytes that this frees."""

    dry_run: bool
    checkpoint_bytes: int = 0
    leftover_bytes: int = 0
    database_bytes: int = Field(
        default=0, description="In a dry run an estimate: the least that is freed"
    )
    runs: list[CleanedRun] = Field(default_factory=list, description="Runs that lose checkpoints")
    leftovers: list[Leftover] = Field(default_factory=list)
    problems: list[str] = Field(
        default_factory=list, description="What could not be removed, each with the reason"
    )
