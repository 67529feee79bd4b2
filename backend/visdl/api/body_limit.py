"""Limits for the bodies of requests, outside the router: size, and how they arrive."""

from __future__ import annotations

import asyncio

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from visdl.api.errors import error_response
from visdl.models.errors import StalledError

_BODIES = 25  # of the largest size, that all clients together may have sent


class BodyLimit:
    """Pure ASGI. Buffers a body until it is complete; uploads pass, they have their own limit.

    A small body of many empty objects becomes large in memory, so these are counted before they
    are read: every `{` and `[` counts, those in texts too. All bodies that are held, of requests
    that arrive, wait or work, have one limit together.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        max_bytes: int,
        max_objects: int,
        stall_seconds: float,
        upload_path: str,
    ) -> None:
        self._app = app
        self._max = max_bytes
        self._max_objects = max_objects
        self._stall_seconds = stall_seconds
        self._upload_path = upload_path
        self._held = 0  # bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        arriving = in_time(receive, self._stall_seconds)
        if scope["path"] == self._upload_path:
            await self._app(scope, arriving, send)
            return
        body = bytearray()
        try:
            reason = await self._collect(arriving, body)
            if reason is None:
                await self._app(scope, _replay(body, receive), send)
            elif reason:
                status, code, sentence, hint = reason
                answer = error_response(status, code, sentence, hint=hint)
                answer.headers["connection"] = "close"
                await answer(scope, receive, send)
        finally:
            self._held -= len(body)

    async def _collect(
        self, receive: Receive, body: bytearray
    ) -> tuple[int, str, str, str] | tuple[()] | None:
        """Receive a body. Return what its error record is made of, () if the client is gone."""
        more = True
        while more:
            try:
                message = await receive()
            except StalledError as error:
                return 408, error.code, error.message, error.hint
            if message["type"] != "http.request":
                return ()
            body += message.get("body", b"")
            self._held += len(message.get("body", b""))
            if len(body) > self._max:
                sentence = f"The body is larger than {self._max / 2**20:g} MB."
                return 413, "too_large", sentence, "Raise VISDL_MAX_BODY_MB, or send less."
            if self._held > _BODIES * self._max:
                sentence = "The server holds as many large requests as it can."
                return 503, "busy", sentence, "Try again in a moment, with fewer at once."
            more = message.get("more_body", False)
        if body.count(b"{") + body.count(b"[") > self._max_objects:
            sentence = f"The body has more than {self._max_objects:,} objects and lists."
            return 413, "too_large", sentence, "Raise VISDL_MAX_BODY_OBJECTS, or send less."
        return None


def in_time(receive: Receive, seconds: float) -> Receive:
    """Return `receive` that raises StalledError when a body stops arriving."""
    more = True

    async def receiver() -> Message:
        nonlocal more
        if not more:
            return await receive()
        try:
            async with asyncio.timeout(seconds):
                message = await receive()
        except TimeoutError:
            raise StalledError(seconds) from None
        more = message.get("more_body", False)
        return message

    return receiver


def _replay(body: bytearray, receive: Receive) -> Receive:
    sent = False

    async def receiver() -> Message:
        nonlocal sent
        if sent:
            return await receive()
        sent = True
        return {"type": "http.request", "body": bytes(body), "more_body": False}

    return receiver
