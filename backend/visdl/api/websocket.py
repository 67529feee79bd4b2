"""Live facts over WebSocket: first what was missed, then what happens, without a gap and without a repeat."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Coroutine
from typing import Annotated, Any

from anyio import to_thread
from fastapi import APIRouter, Query, WebSocket, WebSocketDisconnect

from visdl.api.deps import Services, socket_services
from visdl.models.errors import NotFoundError
from visdl.models.events import RunEvent
from visdl.runs.telemetry import Subscription, encode, encode_resync

router = APIRouter()
Place = Annotated[int, Query(ge=0, lt=2**53)]
_PAGE = 100  # events read from the store at once: each may hold thousands of points, and fifty pages may come back
_SYSTEM_SECONDS = 1.0


@router.websocket("/ws/training")
async def training(
    socket: WebSocket, run: str | None = None, after: Place = 0, cursor: Place | None = None
) -> None:
    """Events of one run from `after` on, or of all runs from `cursor` on (without it: from now on)."""
    services = socket_services(socket)
    await socket.accept()
    if run is not None:
        try:
            services.store.run(run)
        except NotFoundError as error:
            await socket.close(4404, error.message[:120])
            return
    subscription = services.telemetry.subscribe(run)
    try:
        start = after
        if run is None:
            start = services.store.last_cursor() if cursor is None else cursor
        await _until_closed(socket, _Feed(socket, services, subscription, start).run())
    finally:
        services.telemetry.unsubscribe(subscription)


class _Feed:
    """Sends one subscription's events; `_last` is the seq, or for all runs the cursor, of the last that was sent."""

    def __init__(
        self, socket: WebSocket, services: Services, subscription: Subscription, last: int
    ) -> None:
        self._socket = socket
        self._store = services.store
        self._subscription = subscription
        self._run = subscription.run
        self._last = last

    async def run(self) -> None:
        await self._catch_up()
        while True:
            message = await self._subscription.next()
            if message is None:
                await self._socket.send_text(encode_resync(self._run, self._last))
                await self._catch_up()
            else:
                await self._pass_on(*message)

    async def _pass_on(self, event: RunEvent, text: str) -> None:
        """Send a live event, unless it is there already; two threads may publish theirs in the wrong order."""
        if self._place(event) > self._last + 1:
            await self._catch_up()
        if self._place(event) > self._last:
            await self._send(event, text)

    async def _catch_up(self) -> None:
        """Send from the store what lies behind the last that was sent."""
        while events := await to_thread.run_sync(self._stored):
            for event in events:
                await self._send(event, encode(event))

    def _stored(self) -> list[RunEvent]:
        if self._run is not None:
            return self._store.events(self._run, self._last, _PAGE)
        return self._store.all_events(self._last, _PAGE)

    def _place(self, event: RunEvent) -> int:
        return event.seq if self._run is not None else event.cursor or 0

    async def _send(self, event: RunEvent, text: str) -> None:
        self._last = self._place(event)
        await self._socket.send_text(text)


@router.websocket("/ws/system")
async def system(socket: WebSocket) -> None:
    """The machine's load, every second."""
    monitor = socket_services(socket).monitor
    await socket.accept()

    async def send() -> None:
        while True:
            stats = await to_thread.run_sync(monitor.sample)
            await socket.send_text(stats.model_dump_json())
            await asyncio.sleep(_SYSTEM_SECONDS)

    await _until_closed(socket, send())


async def _until_closed(socket: WebSocket, feed: Coroutine[Any, Any, None]) -> None:
    """Run a feed until the client leaves. What a client sends is read and passed over."""

    async def listen() -> None:
        while (await socket.receive())["type"] != "websocket.disconnect":
            pass

    tasks = [asyncio.ensure_future(feed), asyncio.ensure_future(listen())]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        with contextlib.suppress(
            WebSocketDisconnect, RuntimeError
        ):  # gone while something was sent
            for task in done:
                task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
