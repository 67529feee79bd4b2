"""The files of the data folder as the disk has them. Nothing here follows a symbolic link."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple


class File(NamedTuple):
    path: str
    bytes: int
    inode: tuple[int, int]  # device and number: the same for each hard link of one file
    links: int  # hard links there are, wherever they lie
    modified: float


def files(folder: str | Path) -> Iterator[File]:
    """Every file below a folder. What vanishes meanwhile, or may not be read, is passed over."""
    for entry in entries(folder):
        with contextlib.suppress(OSError):
            if entry.is_dir(follow_symlinks=False):
                yield from files(entry.path)
            else:
                yield file(entry)


def file(entry: os.DirEntry[str]) -> File:
    """Raises OSError where it is gone."""
    stat = entry.stat(follow_symlinks=False)
    return File(entry.path, stat.st_size, (stat.st_dev, stat.st_ino), stat.st_nlink, stat.st_mtime)


def entries(folder: str | Path) -> list[os.DirEntry[str]]:
    """What lies in a folder, by name; nothing where there is no such folder."""
    try:
        with os.scandir(folder) as found:
            return sorted(found, key=lambda entry: entry.name)
    except OSError:
        return []


def folders(folder: str | Path) -> list[str]:
    """The names of the folders in a folder."""
    return [entry.name for entry in entries(folder) if entry.is_dir(follow_symlinks=False)]


def modified(path: str | Path) -> float:
    """When a folder, or anything in it, was last changed. Raises OSError where it is gone."""
    times = [Path(path).lstat().st_mtime]
    for entry in entries(path):
        with contextlib.suppress(OSError):
            times.append(
                modified(entry.path)
                if entry.is_dir(follow_symlinks=False)
                else file(entry).modified
            )
    return max(times)
