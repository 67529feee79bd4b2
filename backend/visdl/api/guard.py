"""Who may use the server: one check before everything else, for HTTP and WebSocket.

Rejected are other pages in the user's browser (Origin, Sec-Fetch-Site), names that were made to
point here (Host), and, if there is a token, everyone who does not send it.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from http.cookies import CookieError, SimpleCookie
from urllib.parse import urlsplit

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from visdl.api.errors import error_response

COOKIE = "visdl_token"
#: Open without the token: the health check, and the exchange of the token for a cookie.
OPEN_PATHS = frozenset({"/api/health", "/api/session"})
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "[::1]"})
_HEADERS = [
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (
        b"content-security-policy",
        b"default-src 'self'; img-src 'self' data: blob:; "
        b"style-src 'self' 'unsafe-inline'; frame-ancestors 'none'",
    ),
]


class Guard:
    """Pure ASGI, outside the router, so that it covers every route and socket."""

    def __init__(
        self, app: ASGIApp, *, allowed_hosts: Iterable[str] = (), token: str | None = None
    ) -> None:
        self._app = app
        self._hosts = _LOOPBACK | {host.lower() for host in allowed_hosts}
        self._token = token

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        reason = self._why_not(scope)
        if reason is None:
            await self._app(scope, receive, _with_headers(send))
        elif scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": 4403, "reason": reason[1][:120]})
        else:
            status, message, hint = reason
            code = "no_token" if status == 401 else "forbidden"
            await error_response(status, code, message, hint=hint)(
                scope, receive, _with_headers(send)
            )

    def _why_not(self, scope: Scope) -> tuple[int, str, str] | None:
        """Return (status, sentence, hint) for a request that is rejected, else None."""
        headers = _headers(scope)
        host = headers.get("host", "")
        if _name(host) not in self._hosts:
            return (
                403,
                f"The host '{host[:100]}' is not allowed.",
                "Use localhost, or add it to VISDL_ALLOWED_HOSTS.",
            )
        origin = headers.get("origin")
        if origin is not None and _authority(origin) != host.lower():
            return (
                403,
                f"Requests from '{origin[:100]}' are not allowed.",
                "Open the page from this server.",
            )
        if headers.get("sec-fetch-site") == "cross-site" and not _is_visit(scope, headers):
            return (
                403,
                "Requests from other sites are not allowed.",
                "Open the page from this server.",
            )
        if (
            self._token is not None
            and scope["path"] not in OPEN_PATHS
            and not self._knows_token(headers)
        ):
            return (
                401,
                "This server needs its token.",
                "Send 'Authorization: Bearer <token>', or sign in on the page.",
            )
        return None

    def _knows_token(self, headers: dict[str, str]) -> bool:
        given = headers.get("authorization", "").removeprefix("Bearer ")
        if not given:
            try:
                morsel = SimpleCookie(headers.get("cookie", "")).get(COOKIE)
            except CookieError:
                return False
            given = morsel.value if morsel else ""
        return secrets.compare_digest(given.encode(), (self._token or "").encode())


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


def _is_visit(scope: Scope, headers: dict[str, str]) -> bool:
    """Return whether a link to the page itself was followed."""
    is_get = scope["type"] == "http" and scope["method"] == "GET"
    return (
        is_get
        and headers.get("sec-fetch-mode") == "navigate"
        and not scope["path"].startswith("/api")
    )


def _with_headers(send: Send) -> Send:
    async def sender(message: Message) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message.get("headers", []), *_HEADERS]}
        await send(message)

    return sender
