"""The exceptions that a user may see, each with a code, a sentence and a remedy.

AppError
├── NotFoundError            there is no such thing
│   └── UnreadableError      it is stored, but its record cannot be read
├── InvalidInputError        the request or the file is wrong
│   └── InvalidGraphError    the graph has errors; carries the report
├── UnsupportedError         a file of another kind
├── TooLargeError            over a limit
├── StalledError             a request that stopped arriving
├── BusyError                too many other requests of this kind
├── ConflictError            not possible in this state
│   └── TransitionError      a run cannot go from this state to that one
├── PreconditionRequiredError  If-Match is missing
├── StaleError               a newer version was saved
└── RunError                 a run cannot continue; raised in the worker process
"""

from __future__ import annotations

import errno
from collections.abc import Iterable
from os import PathLike
from pathlib import Path
from typing import TypeGuard

from pydantic import BaseModel, ConfigDict, Field

from visdl.models.diagnostics import Report
from visdl.models.record import Record
from visdl.models.runs import RunState


class ErrorInfo(BaseModel):
    """What went wrong with a request, and what to do about it."""

    model_config = ConfigDict(extra="allow")

    code: str
    message: str
    hint: str
    field: str | None = Field(description="Field of the request that is wrong")
    report: Report | None = Field(default=None, description="Of a graph that is not valid")
    state: str | None = Field(default=None, description="State of the run, if it does not allow it")
    allowed: list[str] | None = Field(default=None, description="What that state allows")


class ErrorBody(Record):
    """The body of every answer with an error."""

    error: ErrorInfo


class AppError(Exception):
    code = "error"

    def __init__(
        self, message: str, *, hint: str = "", field: str | None = None, code: str | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.field = field
        if code:
            self.code = code

    def details(self) -> dict[str, object]:
        """Return more keys for the error record."""
        return {}


class NotFoundError(AppError):
    code = "not_found"


class BusyError(AppError):
    code = "busy"


class StalledError(AppError):
    code = "stalled"

    def __init__(self, seconds: float) -> None:
        super().__init__(
            f"Nothing of the request arrived for {seconds:g} s.",
            hint="Send it again. On a bad line, raise VISDL_STALL_SECONDS.",
        )


class UnreadableError(NotFoundError):
    """A stored record is damaged, or from a newer VisDL."""

    code = "damaged"


class InvalidInputError(AppError):
    code = "invalid_input"


class InvalidGraphError(InvalidInputError):
    code = "invalid_graph"

    def __init__(self, report: Report) -> None:
        errors = [d for d in report.diagnostics if d.severity == "error"]
        more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
        super().__init__(f"{errors[0].message}{more}", hint=errors[0].hint)
        self.report = report

    def details(self) -> dict[str, object]:
        return {"report": self.report.model_dump(mode="json")}


class UnsupportedError(AppError):
    code = "unsupported"


class TooLargeError(AppError):
    code = "too_large"


class ConflictError(AppError):
    code = "conflict"


class TransitionError(ConflictError):
    code = "wrong_state"

    def __init__(self, message: str, *, state: RunState, allowed: Iterable[str]) -> None:
        super().__init__(message)
        self.state = state
        self.allowed = sorted(allowed)

    def details(self) -> dict[str, object]:
        return {"state": self.state.value, "allowed": self.allowed}


class PreconditionRequiredError(AppError):
    code = "precondition_required"


class StaleError(AppError):
    code = "stale"


_RESOURCES = frozenset({errno.EMFILE, errno.ENFILE, errno.EAGAIN, errno.ENOMEM})


def is_resource_error(error: BaseException) -> bool:
    """Return whether the system had no file or process to give, whatever was being done."""
    return isinstance(error, OSError) and error.errno in _RESOURCES


_DISK = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EROFS})
_ACCESS = frozenset({errno.EACCES, errno.EPERM})


def is_disk_error(error: BaseException, folder: Path) -> TypeGuard[OSError]:
    """Return whether the disk is the cause: with space, or access to `folder`, writing works."""
    if not isinstance(error, OSError):
        return False
    ours = isinstance(error.filename, str | PathLike) and Path(error.filename).is_relative_to(
        folder
    )
    return error.errno in _DISK or (ours and error.errno in _ACCESS)


class RunError(AppError):
    """A run cannot continue. `node` is the node with the cause, if it is known."""

    code = "run_failed"

    def __init__(
        self, message: str, *, hint: str = "", node: str | None = None, code: str | None = None
    ) -> None:
        super().__init__(message, hint=hint, code=code)
        self.node = node
