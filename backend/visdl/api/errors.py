"""Which error has which HTTP status. Every answer with an error is `{"error": {...}}`."""

from __future__ import annotations

import json
import logging
import sqlite3
from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import iter_route_contexts
from starlette.exceptions import HTTPException
from starlette.routing import Mount, compile_path

from visdl.api.security.brake import TooManyAttemptsError
from visdl.models import errors
from visdl.models.errors import ErrorBody
from visdl.runs.obstacles import explain, has_remedy

log = logging.getLogger(__name__)
_STATUS: dict[type[errors.AppError], int] = {
    errors.UnreadableError: 409,
    errors.NotFoundError: 404,
    errors.InvalidInputError: 422,
    errors.StalledError: 408,
    errors.BusyError: 503,
    errors.UnsupportedError: 415,
    errors.TooLargeError: 413,
    errors.ConflictError: 409,
    errors.PreconditionRequiredError: 428,
    errors.StaleError: 412,
}
#: For `responses=` of a route: the error record for each of these statuses.
RESPONSES: dict[int | str, dict[str, Any]] = {
    status: {"model": ErrorBody, "description": text}
    for status, text in {
        400: "The body cannot be read",
        401: "The token is missing",
        403: "Not from this page",
        404: "No such thing",
        405: "No such method here",
        408: "The body stopped arriving",
        409: "Not possible in this state",
        412: "A newer version was saved",
        413: "Over a limit",
        415: "A file of another kind",
        422: "Not valid",
        428: "If-Match is missing",
        429: "Too many wrong tokens",
        503: "Not possible now",
    }.items()
}


def error_response(
    status: int,
    code: str,
    message: str,
    *,
    hint: str = "",
    field: str | None = None,
    **more: Any,
) -> Response:
    """Return an answer with an error record."""
    body = {"error": {"code": code, "message": message, "hint": hint, "field": field, **more}}
    return Response(
        json.dumps(body), status, media_type="application/json"
    )  # json: any text, surrogates escaped


def install(app: FastAPI) -> None:
    """Turn every exception into an error record; log unexpected ones with their traceback."""
    app.exception_handler(errors.AppError)(_app_error)
    app.exception_handler(TooManyAttemptsError)(_too_many_attempts)
    app.exception_handler(RequestValidationError)(_not_valid)
    app.exception_handler(HTTPException)(_http_error)
    for refused in (sqlite3.DatabaseError, OSError, MemoryError):
        app.exception_handler(refused)(_refused)
    app.exception_handler(Exception)(_unexpected)


async def _app_error(_: Request, error: errors.AppError) -> Response:
    status = next((code for kind, code in _STATUS.items() if isinstance(error, kind)), 422)
    more: dict[str, Any] = error.details()
    return error_response(
        status, error.code, error.message, hint=error.hint, field=error.field, **more
    )


def too_many_attempts(error: TooManyAttemptsError) -> Response:
    """Return the answer to one wrong token too many."""
    message = "Too many wrong tokens came from this address."
    hint = f"Try again in {error.seconds} seconds. The token is the value of VISDL_TOKEN."
    answer = error_response(429, "too_many_attempts", message, hint=hint)
    answer.headers["retry-after"] = str(error.seconds)
    return answer


async def _too_many_attempts(_: Request, error: TooManyAttemptsError) -> Response:
    return too_many_attempts(error)


async def _not_valid(_: Request, error: RequestValidationError) -> Response:
    first = error.errors()[0]
    kind, *inside = first["loc"]
    path = ".".join(map(str, inside if kind == "body" else inside[:1]))
    code, hint = "not_json", "/docs shows what is expected."
    if first["type"] == "json_invalid":
        message = f"The body is not valid JSON: {first['ctx']['error']}."
    elif not path and first["type"] in ("model_attributes_type", "missing"):
        message = "The body must be a JSON object."
        hint = "Send it with 'Content-Type: application/json'."
    else:
        code = "invalid_input"
        message = f"{path or 'The request is not valid'}: {_sentence(first)}"
    field = "body" if code == "not_json" else path or "body"
    return error_response(422, code, message, hint=hint, field=field)


async def _http_error(request: Request, error: HTTPException) -> Response:
    known = {
        404: f"There is nothing at {request.url.path}.",
        405: f"{request.method} is not possible here.",
    }
    message = known.get(error.status_code, f"{error.detail}.".replace("..", "."))
    code = {404: "not_found", 405: "wrong_method"}.get(error.status_code, "http_error")
    answer = error_response(error.status_code, code, message, hint="/docs lists the calls.")
    answer.headers.update(dict(error.headers or {}))
    if error.status_code == 405:
        answer.headers["allow"] = ", ".join(_methods_at(request))
    return answer


def _methods_at(request: Request) -> list[str]:
    """Return the methods that are possible at this address, of all its routes."""
    path: str = request.scope["path"]
    methods: set[str] = set()
    for route in iter_route_contexts(request.app.routes):
        if isinstance(route.original_route, Mount) and path.startswith(f"{route.path}/"):
            methods |= {"GET", "HEAD"}
        elif route.methods and compile_path(route.path or "")[0].match(path):
            methods |= route.methods
    return sorted(methods)


async def _refused(request: Request, error: Exception) -> Response:
    """Answer what the system refuses, such as a full disk: the same call may work later."""
    if request.scope["type"] != "http":
        raise error  # of a socket, which ends
    if not has_remedy(error):
        return await _unexpected(request, error)
    reason, remedy = explain(error)
    log.warning("%s %s was not possible: %s", request.method, request.url.path, error)
    message = f"This is not possible now: {reason}."
    return error_response(503, "refused", message, hint=f"{remedy} Then try again.")


async def _unexpected(request: Request, error: Exception) -> Response:
    log.exception("%s %s failed", request.method, request.url.path, exc_info=error)
    message = "Something went wrong inside VisDL. Nothing was lost."
    return error_response(500, "internal", message, hint="The server's log has the details.")


def _sentence(found: Mapping[str, Any]) -> str:
    text = str(found["msg"]).removeprefix("Value error, ")
    return f"{text[:1].lower()}{text[1:]}."
