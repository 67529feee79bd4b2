"""The settings that decide where, and how, runs train."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from visdl.worker.protocol import NodeFolder


@dataclass(frozen=True)
class RunPolicy:
    """Settings of the server that concern runs, as plain values."""

    device: str = "auto"
    threads: int = 0
    concurrent: int = 1  # slots of each device
    node_folder: NodeFolder | None = None
    auto_resume: bool = False
    pause_minutes: float = 10.0  # how long a paused run keeps its process
    hang_seconds: float = 60.0  # how long a worker process may be silent
    curve_points: int = 1_000_000  # of each curve of a run

    def devices(self) -> list[str]:
        """Return where runs train: the device of the setting, or all GPUs if there are any."""
        if self.device != "cpu" and torch.cuda.is_available():
            return [f"cuda:{index}" for index in range(torch.cuda.device_count())]
        return ["cuda" if self.device == "cuda" else "cpu"]

    @property
    def stall_seconds(self) -> float:
        """How long a worker may send heartbeats, but neither report nor compute nor read."""
        return 10 * self.hang_seconds

    @property
    def slots(self) -> int:
        """How many runs or seed batches can train at a time, on all devices together."""
        return self.concurrent * len(self.devices())
