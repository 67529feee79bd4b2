"""Reads a CSV file in blocks of complete, checked rows with their line numbers.

The grammar is RFC 4180 as Arrow reads it: a quote opens only at the start of a cell, a doubled
quote stands for one, and a line ends with LF, CRLF or CR.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from visdl.datasets.storage import Index
from visdl.models.errors import InvalidInputError, TooLargeError

BLOCK = 8 * 2**20  # bytes; also the longest row
_LINE_END = rb"(?:\r\n|\n|\r)"
_BLANK_LINES = re.compile(rb"[\r\n]*+")


class Grammar:
    """Finds cells and rows for one delimiter. The patterns never backtrack, whatever the bytes."""

    def __init__(self, delimiter: str) -> None:
        d = re.escape(delimiter.encode())
        cell = (
            rb'(?:"[^"]*+(?:""[^"]*+)*+"[^'
            + d
            + rb'\r\n]*+|[^"'
            + d
            + rb"\r\n][^"
            + d
            + rb"\r\n]*+|)"
        )
        row = rb"(?:" + cell + d + rb")*+" + cell + _LINE_END
        self.delimiter = delimiter
        self.cell = re.compile(cell + rb"(?:" + d + rb"|" + _LINE_END + rb")")
        self.cells = re.compile(rb"(?:" + cell + d + rb")*+")
        self.row = re.compile(row)
        # Some rows at a time: matching holds the interpreter, and the server has other threads.
        self._some_rows = re.compile(rb"(?:" + row + rb"){0,2000}+")

    def rows_end(self, data: bytes) -> int:
        """Return where the last complete row ends."""
        end = -1
        following = 0
        while following > end:
            end, following = following, _match_end(self._some_rows, data, following)
        return end

    def split(self, row: bytes) -> list[bytes]:
        """Return the cells of a row, each with its delimiter or line end."""
        return [cell.group() for cell in self.cell.finditer(row)]


@dataclass(frozen=True)
class Block:
    """Complete rows with their line ends; blank lines do not count as rows."""

    data: bytes
    offset: int  # in the file, of the first byte
    line: int  # in the file, from 1, of the first byte
    grammar: Grammar

    @property
    def quoted(self) -> bool:
        return b'"' in self.data

    @cached_property
    def lines(self) -> Index:
        """Return the line of the file on which each row starts."""
        data = np.frombuffer(self.data, dtype=np.uint8)
        is_end = (data == 10) | (data == 13)
        is_end[:-1] &= ~((data[:-1] == 13) & (data[1:] == 10))
        ends = np.flatnonzero(is_end)
        if self.quoted:
            starts = np.array(
                [row.start() for row in self.grammar.row.finditer(self.data)], dtype=np.int64
            )
        else:
            starts = np.concatenate([[0], ends[:-1] + 1])
        filled = (data[starts] != 10) & (data[starts] != 13)
        lines: Index = self.line + np.searchsorted(ends, starts[filled])
        return lines

    def check_widths(self, width: int) -> None:
        """Raise InvalidInputError for the first row that does not have `width` cells."""
        rows = (row.group() for row in self.grammar.row.finditer(self.data))
        for line, row in zip(
            self.lines.tolist(), (row for row in rows if row.strip(b"\r\n")), strict=True
        ):
            count = len(self.grammar.split(row))
            if count != width:
                values = "1 value" if count == 1 else f"{count} values"
                raise InvalidInputError(
                    f"Line {line} has {values} but the header has {width}.",
                    hint="Give every row as many values as the header has; "
                    "quote a value that contains the delimiter.",
                )


@dataclass(frozen=True)
class Header:
    """The first row, and where the following rows start."""

    names: list[str]
    grammar: Grammar
    offset: int
    line: int


def read_header(path: Path, grammar: Grammar, offset: int) -> Header:
    """Return the first row that is not blank.

    Raises InvalidInputError if there is none, and the errors of `read_blocks`.
    """
    block = next(_blocks(path, grammar, offset, 1), None)
    if block is None:
        raise InvalidInputError("The file is empty.", hint="Choose a file with a header and rows.")
    row = grammar.row.search(block.data, _blank_until(block.data))
    if row is None:
        raise AssertionError("a block holds complete rows")
    names = [_text_of(cell) for cell in grammar.split(row.group())]
    return Header(
        names, grammar, block.offset + row.end(), block.line + _line_ends(block.data[: row.end()])
    )


def _text_of(cell: bytes) -> str:
    """Return the text of a cell, without its delimiter and surrounding spaces."""
    text = (cell.rstrip(b"\r\n") if cell.endswith((b"\r", b"\n")) else cell[:-1]).decode()
    if text.startswith('"'):
        inside, _, after = text[1:].replace('""', "\0").partition('"')
        text = (inside + after).replace("\0", '"')
    return text.strip()


def read_blocks(path: Path, header: Header) -> Iterator[Block]:
    """Yield the rows after the header in blocks of bounded size, without blocks of blank lines.

    Raises InvalidInputError for bytes that are not text or a quote that is never closed, and
    TooLargeError for a row longer than a block.
    """
    return _blocks(path, header.grammar, header.offset, header.line)


def _blocks(path: Path, grammar: Grammar, offset: int, line: int) -> Iterator[Block]:
    rest = b""
    with path.open("rb") as file:
        file.seek(offset)
        while chunk := file.read(BLOCK):
            data = rest + chunk
            end = _complete(data, grammar)
            complete, rest = data[:end], data[end:]
            if complete:
                _check_text(complete, offset, line)
                if _blank_until(complete) < end:
                    yield Block(complete, offset, line, grammar)
                offset, line = offset + end, line + _line_ends(complete)
            if len(rest) > BLOCK:
                _check_text(rest, offset, line, cut=True)
                raise TooLargeError(
                    f"The row that starts on line {line} is longer than {BLOCK // 2**20} MB.",
                    hint="A quote that is never closed makes one cell of the rest of the file.",
                )
    if _blank_until(rest) < len(rest):
        _check_text(rest, offset, line)
        yield _last(rest, offset, line, grammar)


def _last(rest: bytes, offset: int, line: int, grammar: Grammar) -> Block:
    """Return what follows the last complete row; only its line end may be missing."""
    data = rest if rest.endswith(b"\n") else rest + b"\n"
    end = grammar.rows_end(data)
    if end < len(data):
        opened = _match_end(grammar.cells, data, end)
        raise InvalidInputError(
            f"Quote opened on line {line + _line_ends(data[:opened])} is never closed.",
            hint='Close the quote, or write a quote inside a cell as "".',
        )
    return Block(data, offset, line, grammar)


def _complete(data: bytes, grammar: Grammar) -> int:
    """Return where the last complete row ends; a CR at the end may be half a line end."""
    body = data[:-1] if data.endswith(b"\r") else data
    if b'"' in body:
        return grammar.rows_end(body)
    return max(body.rfind(b"\n"), body.rfind(b"\r") if b"\r" in body else -1) + 1


def _match_end(pattern: re.Pattern[bytes], data: bytes, start: int = 0) -> int:
    match = pattern.match(data, start)
    return match.end() if match else start


def _blank_until(data: bytes) -> int:
    return _match_end(_BLANK_LINES, data)


def _line_ends(data: bytes) -> int:
    carriage_returns = data.count(b"\r") - data.count(b"\r\n") if b"\r" in data else 0
    return data.count(b"\n") + carriage_returns


def _check_text(data: bytes, offset: int, line: int, *, cut: bool = False) -> None:
    """Raise InvalidInputError for a NUL byte or bytes that are not UTF-8.

    `cut`: the data may end within a character.
    """
    wrong = _not_utf8(data, cut)
    nul = data.find(b"\0")
    if nul >= 0 and not 0 <= wrong < nul:
        raise InvalidInputError(
            f"Line {line + _line_ends(data[:nul])} has a NUL byte, so this is not a text file.",
            hint="Save the file as CSV UTF-8.",
        )
    if wrong >= 0:
        raise InvalidInputError(
            f"Not UTF-8 text: byte 0x{data[wrong]:02X} at offset {offset + wrong}. "
            "Save the file as CSV UTF-8."
        )


def _not_utf8(data: bytes, cut: bool) -> int:
    """Return the offset of the first byte that is not UTF-8; -1 if there is none."""
    if data.isascii():
        return -1
    try:
        data.decode()
    except UnicodeDecodeError as error:
        return -1 if cut and error.reason == "unexpected end of data" else error.start
    return -1
