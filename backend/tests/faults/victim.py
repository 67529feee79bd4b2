"""Trainings in processes of their own that kill themselves at a chosen moment."""

from __future__ import annotations

import multiprocessing
import os
import resource
import signal
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from visdl.datasets.dataset import Dataset
from visdl.models.datasets import DatasetRecord
from visdl.models.errors import is_disk_error
from visdl.models.graph import Graph
from visdl.training import checkpoint, session

from ..support.runs import execute

PLACES = ("open", "written", "renamed", "record")


@dataclass(frozen=True)
class Fault:
    """The optimizer steps after which a process is killed, or the save and the point in it."""

    steps: int | None = None
    save: int | None = None
    place: str = "written"
    limit: int | None = None  # instead: most bytes that a file may have, by the kernel


def train(graph: Graph, folder: Path, dataset: Dataset, fault: Fault) -> int:
    """Train in a process with this fault; returns its exit code, −9 where it was killed."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["visdl.worker.preload"])
    data = (dataset.record.model_dump(mode="json"), str(dataset.folder))
    process = context.Process(
        target=_main, args=(graph.model_dump(mode="json"), str(folder), data, fault)
    )
    process.start()
    process.join(120)
    assert process.exitcode is not None
    return process.exitcode


def _main(
    graph: dict[str, Any], folder: str, data: tuple[dict[str, Any], str], fault: Fault
) -> None:
    torch.set_num_threads(1)
    session._CHECKPOINT_SECONDS = 0.0  # each epoch is saved
    if fault.limit is not None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # so that writing fails instead
        resource.setrlimit(resource.RLIMIT_FSIZE, (fault.limit, fault.limit))
    if fault.save is not None:
        _die_in_save(fault.save, fault.place)
    done = 0

    def after_step(_: int) -> None:
        nonlocal done
        done += 1
        if done == fault.steps:
            os.kill(os.getpid(), signal.SIGKILL)

    dataset = Dataset(DatasetRecord.model_validate(data[0]), Path(data[1]))
    try:
        execute(Graph.model_validate(graph), Path(folder), dataset, after_step=after_step)
    except OSError as error:
        sys.exit(3 if is_disk_error(error, Path(folder)) else 1)


def _die_in_save(number: int, place: str) -> None:
    """Kill the process in its n-th save: half written, written, renamed, or before its manifest."""
    whole, saves = checkpoint.write_atomic, 0

    def deadly(path: Path, data: bytes | memoryview) -> None:
        nonlocal saves
        saves += path.suffix == ".pt"
        if saves != number or (path.suffix == ".json") != (place == "record"):
            whole(path, data)
            return
        temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
        temporary.write_bytes(data[: len(data) // 2] if place == "open" else data)
        if place == "renamed":
            temporary.replace(path)
        os.kill(os.getpid(), signal.SIGKILL)

    checkpoint.write_atomic = deadly
