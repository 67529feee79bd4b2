"""What a user is shown of an exception: one line, without folders of the machine."""

from __future__ import annotations

import re

#: A path in quotation marks, which may contain spaces; its last part is kept.
_QUOTED = re.compile(
    r"""(?P<mark>['"`])(?:[A-Za-z]:)?[\\/](?:[^'"`\n]*[\\/])?(?P<name>[^'"`\n\\/]+)[\\/]?(?P=mark)"""
)
#: A path without them: it begins a word, and has at least two parts or a home folder.
_BARE = re.compile(
    r"(?<![\w.:/\\)\]~-])(?:~|[A-Za-z]:|\\)?(?:[\\/][^\s\\/'\"`:,;()\[\]{}<>|]+)*"
    r"[\\/](?P<name>[^\s\\/'\"`:,;()\[\]{}<>|]+)[\\/]?"
)
#: Where PyTorch's C++ code raised an error; it helps nobody who uses it.
_ORIGIN = re.compile(r"\s*(Exception raised from .*|Compile with `TORCH_USE_CUDA_DSA`.*)$", re.S)
_LONGEST = 500


def without_folders(text: str) -> str:
    """Return text with the last part of each absolute path only: no folder of this machine."""
    return _BARE.sub(r"\g<name>", _QUOTED.sub(r"\g<mark>\g<name>\g<mark>", text))


def reason_of(error: BaseException) -> str:
    """Return the first line of an error without folders, or its type if it has no text."""
    if isinstance(error, OSError) and error.strerror:
        name = without_folders(f"'{error.filename}'") if error.filename is not None else ""
        return f"{error.strerror}: {name}" if name else error.strerror
    text = _ORIGIN.sub("", str(error)).strip()
    line = next(iter(text.splitlines()), "") or type(error).__name__
    return without_folders(line[:_LONGEST])
