"""A limit for JSON bodies, outside the router: too large ones are rejected while they arrive."""

from __future__ import annotations

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from visdl.api.errors import error_response


class BodyLimit:
    """Pure ASGI. Buffers a body until it is complete; uploads pass, they have their own limit."""

    def __init__(self, app: ASGIApp, *, max_bytes: int, upload_path: str) -> None:
        self._app = app
        self._max = max_bytes
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
                answer = error_response(
                    413, "too_large", sentence, hint="Raise VISDL_MAX_BODY_MB, or send less."
                )
                answer.headers["connection"] = "close"
                await answer(scope, receive, send)
                return
            chunks.append(message.get("body", b""))
            if not message.get("more_body"):
                break
        await self._app(scope, _replay(b"".join(chunks), receive), send)


def _replay(body: bytes, receive: Receive) -> Receive:
    sent = False

    async def receiver() -> Message:
        nonlocal sent
        if sent:
            return await receive()
        sent = True
        return {"type": "http.request", "body": body, "more_body": False}

    return receiver
