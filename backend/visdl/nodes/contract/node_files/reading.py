"""Reads node files: regular files of a sensible size, whatever else is named `x.py`."""

from __future__ import annotations

import hashlib
import os
import stat
import traceback
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from visdl.models.diagnostics import Diagnostic
from visdl.models.error_texts import without_folders

MOST_BYTES = 5 * 2**20
_MOST_TEXT = 1000  # of a message, whatever an exception contains
_KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a named pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


@dataclass(frozen=True)
class NodeFile:
    """A node file as it was read: what is checked is what is imported."""

    path: Path
    data: bytes
    module: str

    @property
    def name(self) -> str:
        """Its name as text, also where the name is not valid text."""
        return plain(self.path.name)

    @cached_property
    def sha256(self) -> str:
        """Hash of its content."""
        return hashlib.sha256(self.data).hexdigest()


def plain(text: str) -> str:
    """Return a text that JSON can hold, of bounded length."""
    text = text if len(text) <= _MOST_TEXT else f"{text[:_MOST_TEXT]}…"
    return text.encode("utf-8", "replace").decode("utf-8")


def why_not(path: Path, message: str, hint: str = "", line: int | None = None) -> Diagnostic:
    """Return the diagnostic of a node file that is not used."""
    return Diagnostic(
        code="node_file", message=plain(message), hint=hint, file=plain(path.name), line=line
    )


def diagnose(path: Path, error: BaseException) -> Diagnostic:
    """Return the diagnostic of a file whose import raised this, with the line."""
    line = error.lineno if isinstance(error, SyntaxError) else None
    for frame in traceback.extract_tb(error.__traceback__):
        if Path(frame.filename) == path or Path(frame.filename).resolve() == path:
            line = frame.lineno
    reason = (
        error.msg
        if isinstance(error, SyntaxError)
        else str(traceback.TracebackException.from_exception(error))
    )
    return why_not(path, f"{type(error).__name__}: {without_folders(reason)}", line=line)


def read_files(
    paths: Sequence[Path], known: Collection[Path], prefix: str
) -> tuple[list[NodeFile], dict[Path, Diagnostic]]:
    """Return the node files, and why others cannot be read; `known` ones are left out.

    Never waits: a named pipe or a device is not opened for reading.
    """
    files, failed = list[NodeFile](), dict[Path, Diagnostic]()
    for path in paths:
        if path in known:
            continue
        try:
            files.append(NodeFile(path, _read(path), f"{prefix}{plain(path.stem)}"))
        except _UnreadableError as error:
            failed[path] = why_not(path, str(error), error.hint)
        except OSError as error:
            reason = f"{type(error).__name__}: it cannot be read ({error.strerror})."
            failed[path] = why_not(path, reason, "Check its permissions, or remove it.")
    return files, failed


class _UnreadableError(Exception):
    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.hint = hint


def _read(path: Path) -> bytes:
    if path.is_symlink() and not path.exists():
        raise _UnreadableError("It is a link to nothing.", "Repair the link, or remove it.")
    mode = path.stat().st_mode
    if not stat.S_ISREG(mode):
        kind = _KINDS.get(stat.S_IFMT(mode), "something else")
        raise _UnreadableError(f"It is {kind}, not a file.", "Remove or rename it.")
    with os.fdopen(os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0)), "rb") as file:
        data = file.read(MOST_BYTES + 1)
    if len(data) > MOST_BYTES:
        limit = f"a node file may have {MOST_BYTES // 2**20} MB"
        size = f"{path.stat().st_size / 2**20:,.1f} MB"
        raise _UnreadableError(
            f"It has {size}; {limit}.", "Keep data in files of their own, and read them in a node."
        )
    return data
