"""Who may use the server: one check before everything else, for HTTP and WebSocket.

Rejected are other pages in the user's browser (Origin, Sec-Fetch-Site), names that were made to
point here (Host), and, if there is a token, everyone who shows neither it nor a session.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple
from urllib.parse import urlsplit

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from visdl.api.errors import error_response, too_many_attempts
from visdl.api.security.access import SCOPE, Access
from visdl.api.security.brake import TooManyAttemptsError

#: Open without the token: the health check, and signing in and out.
OPEN_PATHS = frozenset({"/api/health", "/api/session"})
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "[::1]"})
_HEADERS = [
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (
        b"content-security-policy",
        b"default-src 'self'; img-src 'self' data: blob:; "
        b"style-src 'self' 'unsafe-inline'; base-uri 'none'; form-action 'self'; "
        b"frame-ancestors 'none'",
    ),
]


class _Reason(NamedTuple):
    """Why a request is rejected."""

    status: int
    message: str
    hint: str


class Guard:
    """Pure ASGI, outside the router, so that it covers every route and socket."""

    def __init__(self, app: ASGIApp, access: Access, *, allowed_hosts: Iterable[str] = ()) -> None:
        self._app = app
        self.access = access
        self._hosts = _LOOPBACK | {host.lower() for host in allowed_hosts}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        headers = _headers(scope)
        reason = self._why_not(scope, headers)
        try:
            if reason is None and self.access.token and scope["path"] not in OPEN_PATHS:
                shown = await self.access.check(scope, headers)
                reason = None if shown.token or shown.session else _NO_TOKEN
                if shown.session and scope["type"] == "websocket":
                    send = self._until_session_ends(shown.session, send)
        except TooManyAttemptsError as error:
            await _answer_attempts(error, scope, receive, send)
            return
        if reason is None:
            scope[SCOPE] = self.access
            await self._app(scope, receive, _with_headers(send))
        elif scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": 4403, "reason": reason.message[:120]})
        else:
            code = "no_token" if reason is _NO_TOKEN else "forbidden"
            answer = error_response(reason.status, code, reason.message, hint=reason.hint)
            await answer(scope, receive, _with_headers(send))

    def _why_not(self, scope: Scope, headers: Mapping[str, str]) -> _Reason | None:
        """Return why a request is rejected, whatever token it shows, or None."""
        host = headers.get("host", "")
        if _name(host) not in self._hosts:
            return _Reason(
                403,
                f"The host '{host[:100]}' is not allowed.",
                "Use localhost, or add it to VISDL_ALLOWED_HOSTS.",
            )
        origin = headers.get("origin")
        if origin is not None and _authority(origin) != host.lower():
            return _Reason(403, f"Requests from '{origin[:100]}' are not allowed.", _NOT_FROM_HERE)
        if headers.get("sec-fetch-site") == "cross-site" and not _is_visit(scope, headers):
            return _Reason(403, "Requests from other sites are not allowed.", _NOT_FROM_HERE)
        return None

    def _until_session_ends(self, session: str, send: Send) -> Send:
        """Close a socket, instead of sending its next message, once its session has ended."""
        sessions, closed = self.access.sessions, False

        async def sender(message: Message) -> None:
            nonlocal closed
            if closed:
                return
            if sessions and message["type"] == "websocket.send" and not sessions.is_active(session):
                closed = True
                message = {"type": "websocket.close", "code": 4403, "reason": _NO_TOKEN.message}
            await send(message)

        return sender


_NOT_FROM_HERE = "Open the page from this server."
_NO_TOKEN = _Reason(
    401,
    "This server needs its token.",
    "Send 'Authorization: Bearer <token>', or sign in on the page.",
)


async def _answer_attempts(
    error: TooManyAttemptsError, scope: Scope, receive: Receive, send: Send
) -> None:
    answer = too_many_attempts(error)
    if scope["type"] == "http":
        await answer(scope, receive, _with_headers(send))
    elif "websocket.http.response" in scope.get("extensions", {}):
        await receive()
        await answer(scope, receive, _with_headers(send))
    else:
        await receive()
        await send({"type": "websocket.close", "code": 4429, "reason": "Too many wrong tokens."})


def _headers(scope: Scope) -> dict[str, str]:
    return {
        key.decode("latin-1").lower(): value.decode("latin-1") for key, value in scope["headers"]
    }


def _name(host: str) -> str:
    """Return the host without its port."""
    name, colon, port = host.lower().rpartition(":")
    return name if colon and port.isdigit() else host.lower()


def _authority(origin: str) -> str | None:
    """Return host and port of an origin, or None if it is not a URL."""
    try:
        return urlsplit(origin).netloc.lower()
    except ValueError:
        return None


def _is_visit(scope: Scope, headers: Mapping[str, str]) -> bool:
    """Return whether a link to the page itself was followed."""
    is_get = scope["type"] == "http" and scope["method"] == "GET"
    return (
        is_get
        and headers.get("sec-fetch-mode") == "navigate"
        and not scope["path"].startswith("/api")
    )


def _with_headers(send: Send) -> Send:
    async def sender(message: Message) -> None:
        if message["type"] in ("http.response.start", "websocket.http.response.start"):
            message = {**message, "headers": [*message.get("headers", []), *_HEADERS]}
        await send(message)

    return sender
