"""Live facts: from the threads that make them to the sockets that send them, through bounded queues."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Sequence

from visdl.models.events import RunEvent

_QUEUE = 256  # messages that a client may lag behind before it is told to read from the store


class Subscription:
    """What one client is to get. Used on the event loop; fed from any thread by `Telemetry`."""

    def __init__(self, run: str | None, loop: asyncio.AbstractEventLoop) -> None:
        self.run = run
        self.loop = loop
        self._queue: asyncio.Queue[tuple[RunEvent, str] | None] = asyncio.Queue(_QUEUE)

    async def next(self) -> tuple[RunEvent, str] | None:
        """The next event with its text; None when messages were dropped: read on from the store."""
        return await self._queue.get()

    def offer(self, messages: Sequence[tuple[RunEvent, str]]) -> None:
        for message in messages:
            if self.run is not None and message[0].run != self.run:
                continue
            if self._queue.full():
                self._forget()
            self._queue.put_nowait(message)

    def _forget(self) -> None:
        """Too slow: drop what is queued, all of it is in the store, and leave a mark that says so."""
        while not self._queue.empty():
            self._queue.get_nowait()
        self._queue.put_nowait(None)


class Telemetry:
    """Fan-out of run events to all subscriptions. Each event is serialised once, however many listen."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._subscriptions: set[Subscription] = set()

    def subscribe(self, run: str | None = None) -> Subscription:
        """Listen to one run, or to all. Call on the event loop; end with `unsubscribe`."""
        subscription = Subscription(run, asyncio.get_running_loop())
        with self._lock:
            self._subscriptions.add(subscription)
        return subscription

    def unsubscribe(self, subscription: Subscription) -> None:
        with self._lock:
            self._subscriptions.discard(subscription)

    def publish(self, events: Sequence[RunEvent]) -> None:
        """Hand stored events to whoever listens; from any thread, never blocks."""
        with self._lock:
            listeners = list(self._subscriptions)
        if not listeners:
            return
        messages = [(event, encode(event)) for event in events]
        for listener in listeners:
            if not listener.loop.is_closed():
                listener.loop.call_soon_threadsafe(listener.offer, messages)


def encode(event: RunEvent) -> str:
    return event.model_dump_json()


def encode_resync(run: str | None, after: int) -> str:
    """What a client is told that could not keep up: it gets the rest from the store."""
    return json.dumps({"type": "resync", "run": run, "after": after})
