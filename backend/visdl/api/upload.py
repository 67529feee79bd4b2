"""Receive a file: straight to the disk, with a limit on its size."""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO

import anyio.to_thread
from fastapi import Request
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import ClientDisconnect

from visdl.models.errors import InvalidInputError, TooLargeError

_FLUSH = 4 * 2**20
_FORM_BYTES = 100_000  # what boundaries and headers may take, beyond the file
_HINT = "For example: curl -F file=@table.csv"


class _FilePart:
    """The field `file` of a form, as the parser's callbacks receive it. Ignores other fields."""

    def __init__(self, max_bytes: int) -> None:
        self.name: str | None = None
        self.whole = False
        self.chunks: list[bytes] = []
        self.pending = 0
        self._size = 0
        self._max = max_bytes
        self._here = False
        self._field = self._value = b""
        self._headers: dict[bytes, bytes] = {}

    def callbacks(self) -> dict[str, Any]:
        return {
            "on_part_begin": self._begin,
            "on_header_field": self._add_field,
            "on_header_value": self._add_value,
            "on_header_end": self._end_header,
            "on_headers_finished": self._end_headers,
            "on_part_data": self._add_data,
            "on_part_end": self._end,
        }

    def take(self) -> bytes:
        data = b"".join(self.chunks)
        self.chunks, self.pending = [], 0
        return data

    def _begin(self) -> None:
        self._headers, self._here = {}, False

    def _add_field(self, data: bytes, start: int, end: int) -> None:
        self._field += data[start:end]

    def _add_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _end_header(self) -> None:
        self._headers[self._field.lower()] = self._value
        self._field = self._value = b""

    def _end_headers(self) -> None:
        _, options = parse_options_header(self._headers.get(b"content-disposition", b""))
        if options.get(b"name") == b"file" and b"filename" in options and self.name is None:
            self._here = True
            self.name = options[b"filename"].decode("utf-8", "replace")

    def _add_data(self, data: bytes, start: int, end: int) -> None:
        if not self._here:
            return
        self._size += end - start
        if self._size > self._max:
            raise _too_large(self._max)
        self.chunks.append(data[start:end])
        self.pending += end - start

    def _end(self) -> None:
        self.whole = self.whole or self._here


async def receive_file(request: Request, target: Path, max_bytes: int) -> str:
    """Write the form's field `file` to `target`; return the file's name.

    Raises TooLargeError as early as possible, InvalidInputError for a form without a complete file.
    """
    kind, options = parse_options_header(request.headers.get("content-type", ""))
    if kind != b"multipart/form-data" or b"boundary" not in options:
        raise InvalidInputError(
            "Send the CSV as the field 'file' of a form.", hint=_HINT, field="file"
        )
    declared = request.headers.get("content-length", "")
    if declared.isdigit() and int(declared) > max_bytes + _FORM_BYTES:
        raise _too_large(max_bytes)
    part = _FilePart(max_bytes)
    try:
        parser = MultipartParser(options[b"boundary"], part.callbacks())  # type: ignore[arg-type]
        with target.open("wb") as file:
            async for chunk in request.stream():
                parser.write(chunk)
                if part.pending >= _FLUSH:
                    await _write(file, part.take())
            parser.finalize()
            await _write(file, part.take())
    except ClientDisconnect as error:
        raise InvalidInputError(
            "The upload was interrupted.", hint="Send the file again.", field="file"
        ) from error
    except FormParserError as error:
        raise InvalidInputError("The form cannot be read.", hint=_HINT, field="file") from error
    if part.name is None or not part.whole:
        raise InvalidInputError(
            "The form has no field 'file' with a file.", hint=_HINT, field="file"
        )
    return PurePosixPath(part.name.replace("\\", "/")).name[:200] or "table.csv"


def _too_large(limit: int) -> TooLargeError:
    message = f"The file is larger than {limit // 2**20:,} MB."
    return TooLargeError(
        message, hint="Raise VISDL_MAX_UPLOAD_MB, or upload a part of it.", field="file"
    )


async def _write(file: BinaryIO, data: bytes) -> None:
    await anyio.to_thread.run_sync(file.write, data)
