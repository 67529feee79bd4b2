"""The load of the machine, sampled once for all clients."""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pynvml

from visdl.models.system import GpuStats, SystemStats

_FRESH = 0.5  # seconds for which a sample is used


class SystemMonitor:
    """Samples on request, at most twice a second."""

    def __init__(
        self,
        data_dir: Path,
        device: Callable[[], str],
        counts: Callable[[], tuple[int, int]],
        obstacle: Callable[[], str | None],
    ) -> None:
        self._data_dir = data_dir
        self._device = device
        self._counts = counts
        self._obstacle = obstacle
        self._lock = threading.Lock()
        self._last: SystemStats | None = None
        self._taken = float("-inf")
        self._gpus = _open_gpus()
        psutil.cpu_percent()  # the first call has nothing to compare with

    def latest(self) -> SystemStats | None:
        """Return the last sample if it is fresh, else None: without waiting."""
        return self._last if time.monotonic() - self._taken <= _FRESH else None

    def sample(self) -> SystemStats:
        """Return the last sample if it is fresh, else measure; blocks for milliseconds."""
        with self._lock:
            sample = self.latest()
            if sample is None:
                sample = self._last = self._measure()
                self._taken = time.monotonic()
            return sample

    def free(self, device: str | None = None) -> int | None:
        """Return the free bytes on "cpu" or "cuda" (default: where runs train); None if unknown."""
        total, used = self._memory(device)
        return None if total is None or used is None else total - used

    def total(self, device: str | None = None) -> int | None:
        """Return the total bytes of a device, as `free`."""
        return self._memory(device)[0]

    def _memory(self, device: str | None) -> tuple[int | None, int | None]:
        stats = self.sample()
        if not (device or stats.device).startswith("cuda"):
            return stats.ram_total, stats.ram_used
        return next(((gpu.memory_total, gpu.memory_used) for gpu in stats.gpus), (None, None))

    def _measure(self) -> SystemStats:
        disk = shutil.disk_usage(self._data_dir)
        memory = psutil.virtual_memory()
        try:
            running, queued = self._counts()
        except sqlite3.Error:  # `obstacle` states why the database cannot be read
            running, queued = 0, 0
        return SystemStats(
            time=time.time(),
            device=self._device(),
            cpu_percent=psutil.cpu_percent(),
            cpu_count=psutil.cpu_count() or 1,
            ram_used=memory.total - memory.available,
            ram_total=memory.total,
            disk_free=disk.free,
            disk_total=disk.total,
            gpus=[_gpu(index, handle) for index, handle in enumerate(self._gpus)],
            running=running,
            queued=queued,
            obstacle=self._obstacle(),
        )


def _open_gpus() -> list[Any]:
    try:
        pynvml.nvmlInit()
        return [pynvml.nvmlDeviceGetHandleByIndex(i) for i in range(pynvml.nvmlDeviceGetCount())]
    except pynvml.NVMLError:
        return []


def _gpu(index: int, handle: Any) -> GpuStats:
    """Return the readings of a GPU; those that it does not support are None."""
    values: dict[str, Any] = {"index": index, "name": f"GPU {index}"}
    readings: dict[str, Callable[[], Any]] = {
        "name": lambda: pynvml.nvmlDeviceGetName(handle),
        "utilization": lambda: pynvml.nvmlDeviceGetUtilizationRates(handle).gpu,
        "memory_used": lambda: pynvml.nvmlDeviceGetMemoryInfo(handle).used,
        "memory_total": lambda: pynvml.nvmlDeviceGetMemoryInfo(handle).total,
        "temperature": lambda: pynvml.nvmlDeviceGetTemperature(handle, pynvml.NVML_TEMPERATURE_GPU),
        "power": lambda: pynvml.nvmlDeviceGetPowerUsage(handle) / 1000,
    }
    for key, read in readings.items():
        with contextlib.suppress(pynvml.NVMLError):
            values[key] = read()
    return GpuStats.model_validate(values)
