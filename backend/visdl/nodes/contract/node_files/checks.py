"""Decides which node files a process imports."""

from __future__ import annotations

import contextlib
import json
import os
import platform
import sys
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch

import visdl
from visdl.models.diagnostics import Diagnostic
from visdl.nodes.contract.node_files.limits import Limits
from visdl.nodes.contract.node_files.probe import Load, NodeTypes, try_files
from visdl.nodes.contract.node_files.reading import NodeFile, why_not

#: Returns why files are not imported, by path.
Check = Callable[[Sequence[NodeFile], Load, NodeTypes], Mapping[Path, Diagnostic]]
#: The environment variable of worker processes: the node files that the server has loaded, as JSON.
PRELOAD = "VISDL_PRELOAD"
_CHANGED = "It was added or changed after the server had started."
_MOST_ENDS = 2
_ENDED = f"The server has ended {_MOST_ENDS} times while it imported this file, after its trial."
_ENDED_HINT = "Change the file. To try it again, remove node_files.json from the data folder."
_RESTART = "Restart VisDL: it is tried and loaded then."


def accept_all(_: Sequence[NodeFile], _load: Load, _types: NodeTypes) -> Mapping[Path, Diagnostic]:
    """Import every file: for files of a test, or where they were tried before."""
    return {}


class AcceptOnly:
    """Accepts the files that the server has loaded, by their content."""

    def __init__(self, hashes: Collection[str]) -> None:
        self._hashes = frozenset(hashes)

    def __call__(
        self, files: Sequence[NodeFile], _load: Load, _types: NodeTypes
    ) -> Mapping[Path, Diagnostic]:
        return {
            file.path: why_not(file.path, _CHANGED, _RESTART)
            for file in files
            if file.sha256 not in self._hashes
        }


def check_of_process() -> Check:
    """Return the check of files beside the built-in ones: a worker process follows the server."""
    preload = os.environ.get(PRELOAD)
    return AcceptOnly(json.loads(preload)["hashes"]) if preload else TryFirst(Limits())


class TryFirst:
    """Tries files in processes of their own, except those that passed at an earlier start.

    A file has to be tried again when it, a module that it imports, or a version has changed. One
    that was refused is tried at each start, as the reason may be gone.
    """

    def __init__(self, limits: Limits, memory: Path | None = None) -> None:
        """`memory` is the file that holds what has passed."""
        self._limits = limits
        self._memory = memory

    def __call__(
        self, files: Sequence[NodeFile], load: Load, types: NodeTypes
    ) -> Mapping[Path, Diagnostic]:
        memory = self._read()
        unknown = [file for file in files if not _is_current(memory.passed.get(file.sha256))]
        ended = [file for file in unknown if memory.begun.get(file.sha256, 0) >= _MOST_ENDS]
        found = {file.path: why_not(file.path, _ENDED, _ENDED_HINT) for file in ended}
        tried = [file for file in unknown if file.path not in found]
        if tried:
            found.update(try_files(tried, load, types, self._limits))
        imported = {file.sha256 for file in tried if file.path not in found}
        if imported:  # if the server ends before `keep`, one of them may be why
            begun = {**memory.begun, **{h: memory.begun.get(h, 0) + 1 for h in imported}}
            self._write(memory._replace(begun=begun))
        return found

    def keep(self, sources: Mapping[str, Sequence[str]]) -> None:
        """Keep what is loaded: by hash, the files of the modules that a node file imported."""
        passed = {
            sha256: {name: _stamp(name) for name in names} for sha256, names in sources.items()
        }
        before = self._read()
        begun = {h: n for h, n in before.begun.items() if n >= _MOST_ENDS and h not in passed}
        if before != (passed, begun):
            self._write(_Memory(passed, begun))

    def _write(self, memory: _Memory) -> None:
        if self._memory is None:
            return
        temporary = self._memory.with_suffix(".tmp")
        try:
            temporary.write_text(json.dumps({"versions": _versions(), **memory._asdict()}))
            temporary.replace(self._memory)
        except OSError:  # they are tried again at the next start
            with contextlib.suppress(OSError):
                temporary.unlink(missing_ok=True)

    def _read(self) -> _Memory:
        try:
            found = json.loads((self._memory or Path(os.devnull)).read_bytes())
            memory = _Memory(found["passed"], found["begun"])
            is_current = found["versions"] == _versions()
        except (OSError, ValueError, KeyError, TypeError):
            return _Memory({}, {})
        is_valid = isinstance(memory.passed, dict) and isinstance(memory.begun, dict)
        return memory if is_current and is_valid else _Memory({}, {})


class _Memory(NamedTuple):
    """What is kept from earlier starts, by the hash of a file."""

    passed: dict[str, Any]  # the files of the modules that it imported, as they were
    begun: dict[str, int]  # starts of the server that did not get past its import


def _versions() -> list[str]:
    return [visdl.__version__, sys.version, platform.platform(), torch.__version__, np.__version__]


def _stamp(name: str) -> list[int]:
    try:
        stat = Path(name).stat()
    except OSError:
        return []
    return [stat.st_size, stat.st_mtime_ns]


def _is_current(sources: object) -> bool:
    return isinstance(sources, dict) and all(
        _stamp(name) == stamp for name, stamp in sources.items()
    )
