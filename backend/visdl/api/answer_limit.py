"""A limit for what clients have not read of large answers, all clients together."""

from __future__ import annotations

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from visdl.api.errors import error_response

_PIECE = 2**16  # bytes that are given to a connection at a time
_MOST = 256 * 2**20  # bytes of answers that are being sent


class AnswerLimit:
    """Pure ASGI. Sends a large body piece by piece, as the client reads it.

    A connection would otherwise take all of it at once. Answers beyond the limit are replaced by
    503. Small bodies, and the parts of streams, pass.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._held = 0  # bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await self._app(scope, receive, _Answer(self, scope, receive, send).send)
        else:
            await self._app(scope, receive, send)

    def fits(self, size: int) -> bool:
        return self._held + size <= _MOST

    def hold(self, size: int) -> None:
        self._held += size


class _Answer:
    """One answer: its head waits until the size of the body is known."""

    def __init__(self, limit: AnswerLimit, scope: Scope, receive: Receive, send: Send) -> None:
        self._limit = limit
        self._scope, self._receive, self._send = scope, receive, send
        self._head: Message | None = None
        self._replaced = False

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._head = message
            return
        body = message.get("body", b"")
        if self._replaced:
            return
        if len(body) <= _PIECE:
            await self._send_head()
            await self._send(message)
        elif self._head is not None and not self._limit.fits(len(body)):
            self._replaced = True
            sentence = "The server holds as many unread answers as it can."
            hint = "Try again in a moment, with fewer at once."
            await error_response(503, "busy", sentence, hint=hint)(
                self._scope, self._receive, self._send
            )
        else:
            await self._send_in_pieces(message, body)

    async def _send_head(self) -> None:
        if self._head is not None:
            head, self._head = self._head, None
            await self._send(head)

    async def _send_in_pieces(self, message: Message, body: bytes) -> None:
        self._limit.hold(len(body))
        try:
            await self._send_head()
            for start in range(0, len(body), _PIECE):
                more = message.get("more_body", False) or start + _PIECE < len(body)
                piece = bytes(body[start : start + _PIECE])
                await self._send({**message, "body": piece, "more_body": more})
        finally:
            self._limit.hold(-len(body))
