"""Node files as a user drops them into a folder, in a registry that is put back afterwards."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from visdl.models.schemas import NodeFileProblem
from visdl.nodes import NodeRegistry

Load = Callable[..., list[NodeFileProblem]]


@pytest.fixture
def load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Load]:
    """`load(first="…", second=b"…")` writes first.py and second.py and loads them; returns the new problems."""
    for name in ("_types", "_problems", "_loaded"):
        monkeypatch.setattr(NodeRegistry, name, getattr(NodeRegistry, name).copy())
    folder = tmp_path / "nodes"
    folder.mkdir()

    def write_and_load(**files: str | bytes) -> list[NodeFileProblem]:
        before = len(NodeRegistry.problems())
        for name, text in files.items():
            (folder / f"{name}.py").write_bytes(text if isinstance(text, bytes) else text.encode())
        NodeRegistry.load_folder(folder)
        return NodeRegistry.problems()[before:]

    yield write_and_load
