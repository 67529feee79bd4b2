"""The files of the data folder as they are on disk. Symbolic links are never followed."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple


class File(NamedTuple):
    """A file on disk. `inode` (device, number) is the same for each of its `links` hard links."""

    path: str
    bytes: int
    inode: tuple[int, int]
    links: int
    modified: float


def walk_files(folder: str | Path) -> Iterator[File]:
    """Yield every file below a folder, except those that vanish meanwhile or cannot be read."""
    for entry in list_entries(folder):
        with contextlib.suppress(OSError):
            if entry.is_dir(follow_symlinks=False):
                yield from walk_files(entry.path)
            else:
                yield stat_file(entry)


def stat_file(entry: os.DirEntry[str]) -> File:
    """Return the file of a directory entry. Raises OSError if it no longer exists."""
    stat = entry.stat(follow_symlinks=False)
    return File(entry.path, stat.st_size, (stat.st_dev, stat.st_ino), stat.st_nlink, stat.st_mtime)


def list_entries(folder: str | Path) -> list[os.DirEntry[str]]:
    """Return the entries of a folder by name, or nothing where there is no such folder."""
    try:
        with os.scandir(folder) as entries:
            return sorted(entries, key=lambda entry: entry.name)
    except OSError:
        return []


def list_folders(folder: str | Path) -> list[str]:
    """Return the names of the folders in a folder."""
    return [entry.name for entry in list_entries(folder) if entry.is_dir(follow_symlinks=False)]


def last_modified(path: str | Path) -> float:
    """Return when a folder or anything in it was last changed. Raises OSError if it is gone."""
    times = [Path(path).lstat().st_mtime]
    for entry in list_entries(path):
        with contextlib.suppress(OSError):
            times.append(
                last_modified(entry.path)
                if entry.is_dir(follow_symlinks=False)
                else stat_file(entry).modified
            )
    return max(times)
