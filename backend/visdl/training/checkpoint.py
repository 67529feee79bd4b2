"""Checkpoints: written as a whole or not at all, verified before they are used.

A checkpoint is `checkpoint-<step>.pt` with a manifest `checkpoint-<step>.json` that holds its
SHA-256. The two newest are kept, and the newest one of an epoch better than all before it. Epochs
of less than a second share a checkpoint, so this need not be the best epoch; if a run keeps its
best weights, each of its checkpoints holds them. A checkpoint contains only tensors and plain
values, and is read with weights_only=True.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import logging
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Literal

import torch
from pydantic import BaseModel, ValidationError

from visdl.models.runs import CHECKPOINTS_KEPT

log = logging.getLogger(__name__)
Reason = Literal["epoch", "pause", "stop", "best", "interrupted"]


class Manifest(BaseModel):
    file: str
    sha256: str
    bytes: int
    epoch: int
    step: int
    reason: Reason
    is_best: bool = False


class CheckpointFolder:
    """The checkpoints of one run."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def save(
        self,
        payload: dict[str, Any],
        *,
        epoch: int,
        step: int,
        reason: Reason,
        is_best: bool = False,
    ) -> Manifest:
        """Write a checkpoint. Raises OSError when that fails; earlier ones stay intact.

        A valid one of the same step is kept as it is: nothing was trained since, and two files
        cannot be replaced in one step.
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        path = self._folder / f"checkpoint-{step:09d}.pt"
        known = _manifest(path)
        if known is not None and _why_unusable(path, known) is None:
            return self._record(
                known.model_copy(update={"reason": reason, "is_best": is_best or known.is_best})
            )
        buffer = io.BytesIO()
        torch.save(payload, buffer)
        data = buffer.getbuffer()
        manifest = Manifest(
            file=path.name,
            sha256=hashlib.sha256(data).hexdigest(),
            bytes=len(data),
            epoch=epoch,
            step=step,
            reason=reason,
            is_best=is_best,
        )
        # the manifest of another file: without one of its own, this file does not count
        path.with_suffix(".json").unlink(missing_ok=True)
        write_atomic(path, data)
        self._record(manifest)
        self._prune()
        return manifest

    def _record(self, manifest: Manifest) -> Manifest:
        write_atomic(
            self._folder / Path(manifest.file).with_suffix(".json"),
            manifest.model_dump_json(indent=1).encode(),
        )
        return manifest

    def manifests(self) -> list[Manifest]:
        """Return the manifests of all checkpoints, the newest first."""
        return sorted(self._read_manifests(), key=lambda manifest: manifest.step, reverse=True)

    def newest(
        self, log_line: Callable[[str], None] = log.warning
    ) -> tuple[Manifest, dict[str, Any]] | None:
        """Return the newest valid checkpoint, or None.

        Damaged ones are quarantined (renamed to `.damaged`), each with a line to `log_line`.
        """
        for record in sorted(self._folder.glob("checkpoint-*.json"), reverse=True):
            path, manifest = record.with_suffix(".pt"), _manifest(record)
            reason = _why_unusable(path, manifest) if manifest else "its manifest is damaged"
            if manifest is not None and reason is None:
                payload = _load(path)
                if payload is not None:
                    return manifest, payload
                reason = "it is not a checkpoint of VisDL"
            log_line(f"Checkpoint {path.name} is not used: {reason}.")
            with contextlib.suppress(OSError):
                record.unlink()
                path.rename(path.with_suffix(".damaged"))
        return None

    def _read_manifests(self) -> Iterator[Manifest]:
        for record in self._folder.glob("checkpoint-*.json"):
            manifest = _manifest(record)
            if manifest is not None:
                yield manifest

    def _prune(self) -> None:
        manifests = self.manifests()
        best = next((manifest for manifest in manifests if manifest.is_best), None)
        for manifest in manifests[CHECKPOINTS_KEPT:]:
            if manifest is not best:
                (self._folder / manifest.file).with_suffix(".json").unlink(missing_ok=True)
                (self._folder / manifest.file).unlink(missing_ok=True)
        for path in (
            *self._folder.glob("checkpoint-*.pt"),
            *self._folder.glob(".checkpoint-*.tmp"),
        ):
            if not path.with_suffix(".json").exists():  # its process was killed while writing
                path.unlink(missing_ok=True)


def _load(path: Path) -> dict[str, Any] | None:
    """Return what a checkpoint holds; None where it holds more than tensors and plain values."""
    try:
        payload = torch.load(path, weights_only=True, map_location="cpu")
    except Exception as error:  # whatever torch raises for a file that somebody else wrote
        log.warning("The checkpoint %s was refused: %s", path.name, type(error).__name__)
        return None
    return payload if isinstance(payload, dict) else None


def _manifest(path: Path) -> Manifest | None:
    """Return the manifest of the checkpoint in this file; None when it is damaged or missing."""
    try:
        return Manifest.model_validate_json(path.with_suffix(".json").read_bytes())
    except (OSError, ValidationError):
        return None


def _why_unusable(path: Path, manifest: Manifest) -> str | None:
    """Return why the file of a checkpoint cannot be used, or None."""
    try:
        if path.is_symlink():
            return "it is a link"
        with path.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        return f"it cannot be read ({error.strerror or error})"
    return None if found == manifest.sha256 else "it is damaged"


def write_atomic(path: Path, data: bytes | memoryview) -> None:
    """Write a file so that after any crash it is complete, either old or new."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with temporary.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def write_json(path: Path, value: object) -> None:
    """Write a value as JSON, atomically. Raises ValueError for a number that is not finite."""
    write_atomic(path, json.dumps(value, indent=1, allow_nan=False).encode())
