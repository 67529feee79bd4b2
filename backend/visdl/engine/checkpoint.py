"""Checkpoints: written whole or not at all, verified before they are used.

A checkpoint is `checkpoint-<step>.pt` with a manifest `checkpoint-<step>.json` that holds its SHA-256. The
two newest and the best are kept. It holds tensors and plain values only, and is read with weights_only=True.
"""

from __future__ import annotations

import hashlib
import io
import json
import logging
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import torch
from pydantic import BaseModel, ValidationError

log = logging.getLogger(__name__)
Reason = Literal["epoch", "pause", "stop", "best", "interrupted"]
_KEEP = 2


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
        self, payload: dict[str, Any], *, epoch: int, step: int, reason: Reason, is_best: bool = False
    ) -> Manifest:
        """Write a checkpoint. Raises OSError, with the earlier ones intact, when it cannot be written."""
        self._folder.mkdir(parents=True, exist_ok=True)
        buffer = io.BytesIO()
        torch.save(payload, buffer)
        data = buffer.getbuffer()
        stem = f"checkpoint-{step:09d}"
        manifest = Manifest(
            file=f"{stem}.pt",
            sha256=hashlib.sha256(data).hexdigest(),
            bytes=len(data),
            epoch=epoch,
            step=step,
            reason=reason,
            is_best=is_best,
        )
        write_atomic(self._folder / manifest.file, data)
        write_atomic(self._folder / f"{stem}.json", manifest.model_dump_json(indent=1).encode())
        self._prune()
        return manifest

    def manifests(self) -> list[Manifest]:
        """The checkpoints there are, the newest first."""
        return sorted(self._read_manifests(), key=lambda manifest: manifest.step, reverse=True)

    def newest(self) -> tuple[Manifest, dict[str, Any]] | None:
        """The newest checkpoint that is whole; damaged ones are passed over and logged."""
        for manifest in self.manifests():
            data = self._verified(manifest)
            if data is not None:
                return manifest, torch.load(io.BytesIO(data), weights_only=True, map_location="cpu")
        return None

    def _verified(self, manifest: Manifest) -> bytes | None:
        try:
            data = (self._folder / manifest.file).read_bytes()
        except OSError as error:
            log.warning("Checkpoint %s cannot be read: %s", manifest.file, error)
            return None
        if hashlib.sha256(data).hexdigest() != manifest.sha256:
            log.warning("Checkpoint %s is damaged; an older one is used.", manifest.file)
            return None
        return data

    def _read_manifests(self) -> Iterator[Manifest]:
        for path in self._folder.glob("checkpoint-*.json"):
            try:
                yield Manifest.model_validate_json(path.read_bytes())
            except (OSError, ValidationError):
                log.warning("The manifest %s is damaged; its checkpoint is passed over.", path.name)

    def _prune(self) -> None:
        manifests = self.manifests()
        best = next((manifest for manifest in manifests if manifest.is_best), None)
        for manifest in manifests[_KEEP:]:
            if manifest is not best:
                (self._folder / manifest.file).with_suffix(".json").unlink(missing_ok=True)
                (self._folder / manifest.file).unlink(missing_ok=True)


def write_atomic(path: Path, data: bytes | memoryview) -> None:
    """Write a file so that after any crash it is there whole, old or new."""
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
    write_atomic(path, json.dumps(value, indent=1, allow_nan=False).encode())
