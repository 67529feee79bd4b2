"""The queue of runs and the slots of the devices."""

from __future__ import annotations

from pydantic import Field

from visdl.models.record import Record


class QueuePosition(Record):
    """A run that waits for a free slot."""

    run: str
    position: int = Field(description="1 is the next to start")
    reason: str = Field(description="Why it waits, as a sentence")


class DeviceUsage(Record):
    """The slots of a device."""

    device: str
    slots: int = Field(description="How many runs may train on it at once")
    runs: list[str] = Field(description="Ids of the runs that train on it")


class RunQueue(Record):
    """Which runs train on which device, and the order of those that wait."""

    devices: list[DeviceUsage]
    waiting: list[QueuePosition]
    names: dict[str, str] = Field(
        default_factory=dict, description="Names of all these runs, by id"
    )
    obstacle: str | None = Field(
        default=None,
        description="Why the machine keeps runs from starting or continuing now, as a sentence: "
        "no process can be started, or nothing can be stored. It is tried again automatically",
    )
    held: list[str] = Field(
        default_factory=list,
        description="Ids of the runs that train, or wait, with reports that cannot be stored now",
    )
