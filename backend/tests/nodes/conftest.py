"""Node files as a user drops them into a folder, in a registry that is put back afterwards."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from visdl.models.schemas import NodeFileProblem
from visdl.nodes import NodeRegistry

Load = Callable[..., list[NodeFileProblem]]


@pytest.fixture
def registry(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[NodeRegistry]]:
    """The registry with its built-in types and no problems; what a test loads is forgotten after it."""
    monkeypatch.setattr(NodeRegistry, "_types", NodeRegistry._types.copy())
    monkeypatch.setattr(NodeRegistry, "_loaded", NodeRegistry._loaded.copy())
    monkeypatch.setattr(NodeRegistry, "_problems", {})
    modules = set(sys.modules)
    yield NodeRegistry
    for name in set(sys.modules) - modules:
        if name.startswith(("visdl_custom_", "visdl.nodes.")):
            del sys.modules[name]


@pytest.fixture
def load(registry: type[NodeRegistry], tmp_path: Path) -> Load:
    """`load(first="…", second=b"…")` writes first.py and second.py and loads them; returns the problems."""
    folder = tmp_path / "nodes"
    folder.mkdir()

    def write_and_load(**files: str | bytes) -> list[NodeFileProblem]:
        for name, text in files.items():
            (folder / f"{name}.py").write_bytes(text if isinstance(text, bytes) else text.encode())
        registry.load_folder(folder)
        return registry.problems()

    return write_and_load
