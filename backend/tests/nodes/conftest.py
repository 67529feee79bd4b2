"""Node files as a user drops them into a folder, in a registry of the test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from visdl.models.diagnostics import Diagnostic
from visdl.nodes.contract.registry import Registry

from ..conftest import own_registry

Load = Callable[..., list[Diagnostic]]


@pytest.fixture
def registry() -> Iterator[Registry]:
    with own_registry() as registry:
        yield registry


@pytest.fixture
def load(registry: Registry, tmp_path: Path) -> Load:
    """Return `load(first="…", second=b"…")`: it loads these files and returns their problems."""
    folder = tmp_path / "nodes"
    folder.mkdir()

    def write_and_load(**files: str | bytes) -> list[Diagnostic]:
        for name, text in files.items():
            (folder / f"{name}.py").write_bytes(text if isinstance(text, bytes) else text.encode())
        registry.load_folder(folder)
        return registry.diagnostics()

    return write_and_load
