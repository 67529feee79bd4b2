"""Live messages over WebSocket: first missed events, then new ones, without gaps or repeats."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Coroutine
from typing import Annotated, Any

from anyio import to_thread
from fastapi import APIRouter, Query, WebSocket, WebSocketDisconnect

from visdl.api.deps import Services, socket_services
from visdl.api.event_pages import event_pages
from visdl.models.errors import NotFoundError
from visdl.models.events import EncodedEvent, TrainingMessage
from visdl.models.system import SystemStats
from visdl.runs.telemetry import Message, Subscription, encode_resync

router = APIRouter()
Position = Annotated[int, Query(ge=0, lt=2**53)]
_SYSTEM_SECONDS = 1.0


@router.websocket("/ws/training")
async def training(
    socket: WebSocket, run: str | None = None, after: Position = 0, cursor: Position | None = None
) -> None:
    """Send the events of one run after `after`, or of all runs after `cursor` (default: now)."""
    services = socket_services(socket)
    if run is None:  # before the client knows that it is connected: what it starts then is sent
        after = await to_thread.run_sync(services.store.last_cursor) if cursor is None else cursor
    await socket.accept()
    if run is not None:
        try:
            await to_thread.run_sync(services.store.run, run)
        except NotFoundError as error:
            await socket.close(4404, error.message[:120])
            return
    subscription = services.telemetry.subscribe(run)
    try:
        await _until_closed(socket, _Feed(socket, services, subscription, after).run())
    finally:
        services.telemetry.unsubscribe(subscription)


class _Feed:
    """Sends the events of one subscription.

    `_last` is the `seq` of the last event that was sent; for all runs, its `cursor`.
    """

    def __init__(
        self, socket: WebSocket, services: Services, subscription: Subscription, last: int
    ) -> None:
        self._socket = socket
        self._services = services
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
                await self._forward(message)

    async def _forward(self, message: Message) -> None:
        """Send a live event once; two threads may publish theirs in the wrong order."""
        position = message.seq if self._run is not None else message.cursor
        if position > self._last + 1:
            await self._catch_up()
        if position > self._last:
            await self._send(EncodedEvent(position, message.text))

    async def _catch_up(self) -> None:
        """Send from the store what comes after the last event that was sent."""
        async for page in event_pages(self._services, self._run, self._last):
            for event in page:
                await self._send(event)

    async def _send(self, event: EncodedEvent) -> None:
        self._last = event.position
        await self._socket.send_text(event.text)


@router.websocket("/ws/system")
async def system(socket: WebSocket) -> None:
    """Send the load of the machine every second."""
    monitor = socket_services(socket).monitor
    await socket.accept()

    async def send() -> None:
        while True:
            stats = monitor.latest()
            if stats is None:
                stats = await to_thread.run_sync(monitor.sample)
            await socket.send_text(stats.model_dump_json())
            await asyncio.sleep(_SYSTEM_SECONDS)

    await _until_closed(socket, send())


def document_messages(webhooks: APIRouter) -> None:
    """State in the OpenAPI document what the sockets send: it has no sockets of its own."""

    @webhooks.get("/ws/training", operation_id="trainingSocket", tags=["sockets"])
    def training_message(
        run: str | None = None, after: Position = 0, cursor: Position | None = None
    ) -> TrainingMessage:
        """WebSocket. Each message is a run event, or `resync` for a client that is too slow.

        With `run`: the events of that run with seq > `after`, then live ones. Without: those of all
        runs after `cursor`; from now on, if it is not given.
        """
        raise NotImplementedError

    @webhooks.get("/ws/system", operation_id="systemSocket", tags=["sockets"])
    def system_message() -> SystemStats:
        """WebSocket. Each message is the current load of the machine, once a second."""
        raise NotImplementedError


async def _until_closed(socket: WebSocket, feed: Coroutine[Any, Any, None]) -> None:
    """Run a feed until the client disconnects. Messages of the client are ignored."""

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
