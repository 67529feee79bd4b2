"""The data folder belongs to one user: others of the machine cannot read it."""

from __future__ import annotations

import contextlib
import stat
from pathlib import Path

_OTHERS = 0o077


class DataFolderError(OSError):
    """The system does not let this user create or write the data folder."""


def unusable(folder: Path, error: OSError) -> DataFolderError:
    """Return the error of a folder that the system refuses."""
    return DataFolderError(
        f"The data folder {folder} cannot be used ({error.strerror}). "
        "Set VISDL_DATA_DIR to a folder that you may write to."
    )


def make_private(folder: Path) -> str | None:
    """Give a folder, and what is in it, to its owner alone; create it if there is none.

    New files are private by the umask of the server, so a folder that is private already is not
    searched. Return a sentence if others can still read it. Raises DataFolderError.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        mode = folder.stat().st_mode
    except OSError as error:
        raise unusable(folder, error) from error
    if not mode & _OTHERS:
        return None
    with contextlib.suppress(OSError):
        folder.chmod(0o700)
    if folder.stat().st_mode & _OTHERS:
        return (
            f"Other users of this machine can read the data folder {folder}: its permissions "
            "cannot be changed. Set VISDL_DATA_DIR to a folder of your own."
        )
    for path in folder.rglob("*"):
        _take_from_others(path)
    return None


def _take_from_others(path: Path) -> None:
    """Remove the rights of others, but for links: what they lead to is not ours to change."""
    with contextlib.suppress(OSError):  # it no longer exists, or belongs to another user
        mode = path.lstat().st_mode
        if not stat.S_ISLNK(mode) and mode & _OTHERS:
            path.chmod(stat.S_IMODE(mode) & ~_OTHERS)
