"""HTTP connections with bounds: how many there are, and how long one may be silent.

uvicorn closes a connection that is idle after an answer. It waits without end for the first request
of a connection, and for the rest of one that has begun.
"""

from __future__ import annotations

import asyncio
import logging
import time
from dataclasses import dataclass
from typing import cast

from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from visdl.api.errors import error_response

HEAD_SECONDS = 10.0  # in which a request's head must be complete
_REFUSED = "connection refused"  # key of the scope's state
_MOST_REFUSED = 100  # connections that get an answer although there are too many
_LOG_SECONDS = 60.0
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class ConnectionLimits:
    """Bounds of all connections, and of each."""

    connections: int
    stall_seconds: float  # for which a body may stop arriving


def bounded_connection(limits: ConnectionLimits) -> type[asyncio.Protocol]:
    """Return the class of connections, for `uvicorn.Config(http=…)`."""
    return type("BoundedConnection", (_Connection,), {"limits": limits})


class _Connection(HttpToolsProtocol):
    """Closes when a head, or a body that is no longer read, does not arrive."""

    limits: ConnectionLimits
    _timer: asyncio.TimerHandle | None = None
    _in_body = False
    _logged = float("-inf")

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        others = len(self.connections)
        super().connection_made(cast("asyncio.Transport", transport))
        self._close_after(HEAD_SECONDS)
        if others >= self.limits.connections:
            self._refuse(others)

    def _refuse(self, others: int) -> None:
        """Have the request answered by `RefuseExcess`, or close without an answer."""
        now = time.monotonic()
        if now - _Connection._logged > _LOG_SECONDS:
            _Connection._logged = now
            log.warning("More than %d connections: refused.", self.limits.connections)
        self.app_state = {**self.app_state, _REFUSED: self.limits.connections}
        if others >= self.limits.connections + _MOST_REFUSED:
            self.transport.abort()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        answered = self.cycle is None or self.cycle.response_complete
        if not answered or self.transport.get_protocol() is not self:
            return  # the application waits for the rest, or it is a WebSocket
        if self._in_body:
            self._close_after(self.limits.stall_seconds)
        elif self._timer is None:
            self._close_after(HEAD_SECONDS)

    def on_headers_complete(self) -> None:
        self._keep_open()
        self._in_body = True
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        self._keep_open()
        self._in_body = False
        super().on_message_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        self._keep_open()
        super().connection_lost(exc)

    def _close_after(self, seconds: float) -> None:
        self._keep_open()
        self._timer = self.loop.call_later(seconds, self.transport.abort)

    def _keep_open(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


class RefuseExcess:
    """Pure ASGI, outside everything. Answers requests of connections beyond the limit with 503."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        most = scope.get("state", {}).get(_REFUSED)
        if most is None:
            await self.app(scope, receive, send)
        elif scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": 1013})
        else:
            message = f"The server has {most:,} open connections, which is its limit."
            hint = "Close pages that are not needed, or raise VISDL_MAX_CONNECTIONS."
            answer = error_response(503, "busy", message, hint=hint)
            answer.headers["connection"] = "close"
            await answer(scope, receive, send)
