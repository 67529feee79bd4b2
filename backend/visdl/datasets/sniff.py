"""Detects the kind of a file by its first bytes, and the delimiter of a CSV file."""

from __future__ import annotations

import csv
import io
import os
from pathlib import Path

from visdl.models.errors import InvalidInputError, UnsupportedError

DELIMITERS = (",", ";", "\t", "|")
HEAD = 2**18
_DIRECTORY = 2**20  # bytes at the end of an archive that are searched
BOM = b"\xef\xbb\xbf"
_ZIP = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")  # a file, an empty one, a part of one
_KINDS = {
    b"\x1f\x8b": "a gzip file",
    b"BZh": "a bzip2 file",
    b"\xfd7zXZ\x00": "an xz file",
    b"\x28\xb5\x2f\xfd": "a zstd file",
    b"7z\xbc\xaf\x27\x1c": "a 7z archive",
    b"PAR1": "a Parquet file",
    b"ARROW1": "an Arrow file",
    b"\x89HDF": "an HDF5 file",
    b"SQLite format 3\x00": "an SQLite database",
    b"\xd0\xcf\x11\xe0": "an old Excel file (xls)",
    b"\x93NUMPY": "a NumPy file",
    b"%PDF-": "a PDF",
}


def check_kind(path: Path) -> None:
    """Raise UnsupportedError for a file of another known kind, regardless of its name."""
    with path.open("rb") as file:
        head = file.read(16)
    kind = next((kind for magic, kind in _KINDS.items() if head.startswith(magic)), None)
    if head.startswith(_ZIP):
        kind = "an Excel file (xlsx)" if _is_excel(path) else "a zip archive"
    if kind:
        raise UnsupportedError(
            f"This is {kind}, not CSV text.", hint="Unpack it, or save the table as CSV UTF-8."
        )


def _is_excel(path: Path) -> bool:
    """Return whether the directory at the end of an archive names a workbook.

    The archive is not opened: whatever its sizes and offsets claim, at most 1 MB is read.
    """
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - _DIRECTORY))
        return b"xl/workbook" in file.read()


def start_and_delimiter(path: Path) -> tuple[int, str]:
    """Return the offset after a byte order mark, and the delimiter.

    The delimiter is the one with the most columns in every row of the first bytes.
    """
    with path.open("rb") as file:
        head = file.read(HEAD)
    start = len(BOM) if head.startswith(BOM) else 0
    if not head[start:].strip():
        if len(head) < HEAD:
            raise InvalidInputError(
                "The file is empty.", hint="Choose a file with a header and rows."
            )
        return start, ","
    text = head[start:].decode("utf-8", errors="replace")
    return start, max(
        DELIMITERS, key=lambda delimiter: _fit(text, delimiter, complete=len(head) < HEAD)
    )


def _fit(text: str, delimiter: str, *, complete: bool) -> tuple[bool, int]:
    """Return whether all rows have the header's width, of at least two, and that width."""
    try:
        rows = [
            row for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter) if row
        ]
    except csv.Error:
        return False, text.partition("\n")[0].count(delimiter)
    if not complete:
        rows = rows[:-1] or rows
    width = len(rows[0]) if rows else 1
    return width > 1 and all(len(row) == width for row in rows), width
