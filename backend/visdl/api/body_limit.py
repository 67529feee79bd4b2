"""A limit for JSON bodies, outside the router: too large ones are rejected while they arrive."""

from __future__ import annotations

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from visdl.api.errors import error_response


class BodyLimit:
    """Pure ASGI. Buffers a body until it is complete; uploads pass, they have their own limit.

    A small body of many empty objects becomes large in memory, so these are counted before they
    are read: every `{` and `[` counts, those in texts too.
    """

    def __init__(self, app: ASGIApp, *, max_bytes: int, max_objects: int, upload_path: str) -> None:
        self._app = app
        self._max = max_bytes
        self._max_objects = max_objects
        self._upload_path = upload_path

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] == self._upload_path:
            await self._app(scope, receive, send)
            return
        chunks, total = [], 0
        while True:
            message = await receive()
            if message["type"] != "http.request":
                return
            total += len(message.get("body", b""))
            if total > self._max:
                sentence = f"The body is larger than {self._max / 2**20:g} MB."
                await _refuse(sentence, "VISDL_MAX_BODY_MB", scope, receive, send)
                return
            chunks.append(message.get("body", b""))
            if not message.get("more_body"):
                break
        body = b"".join(chunks)
        if body.count(b"{") + body.count(b"[") > self._max_objects:
            sentence = f"The body has more than {self._max_objects:,} objects and lists."
            await _refuse(sentence, "VISDL_MAX_BODY_OBJECTS", scope, receive, send)
            return
        await self._app(scope, _replay(body, receive), send)


async def _refuse(sentence: str, setting: str, scope: Scope, receive: Receive, send: Send) -> None:
    answer = error_response(413, "too_large", sentence, hint=f"Raise {setting}, or send less.")
    answer.headers["connection"] = "close"
    await answer(scope, receive, send)


def _replay(body: bytes, receive: Receive) -> Receive:
    sent = False

    async def receiver() -> Message:
        nonlocal sent
        if sent:
            return await receive()
        sent = True
        return {"type": "http.request", "body": body, "more_body": False}

    return receiver
