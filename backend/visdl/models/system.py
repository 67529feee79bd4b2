"""The state of the server and of the machine."""

from __future__ import annotations

from pydantic import Field

from visdl.models.record import Record


class Health(Record):
    status: str = "ok"
    version: str


class SessionInfo(Record):
    """Whether a client is signed in."""

    required: bool = Field(description="Whether this server has a token (VISDL_TOKEN)")
    signed_in: bool = Field(description="Whether this client may use it, by a session or the token")
    expires: float | None = Field(
        description="End of this browser's session, in seconds since 1970; null without one"
    )


class GpuStats(Record):
    index: int
    name: str
    utilization: float | None = Field(default=None, description="Percent")
    memory_used: int | None = Field(default=None, description="Bytes")
    memory_total: int | None = None
    temperature: float | None = Field(default=None, description="Degrees Celsius")
    power: float | None = Field(default=None, description="Watts")


class SystemStats(Record):
    """The current load of the machine. Without a GPU, `gpus` is empty."""

    time: float
    device: str = Field(description="Device that runs use")
    cpu_percent: float
    cpu_count: int
    ram_used: int
    ram_total: int
    disk_free: int = Field(description="Free bytes on the disk of the data folder")
    disk_total: int
    gpus: list[GpuStats] = Field(default_factory=list)
    running: int = 0
    queued: int = 0
    obstacle: str | None = Field(
        default=None, description="As in the queue: why runs cannot start or continue now"
    )
