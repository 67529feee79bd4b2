"""Live events: from the threads that publish them to the sockets, through bounded queues."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence

from visdl.models.events import Resync, RunEvent

_QUEUE = 256  # most messages that wait for a client; then it has to read from the store


class Subscription:
    """The events for one client. Used on the event loop; fed from any thread by `Telemetry`."""

    def __init__(self, run: str | None, loop: asyncio.AbstractEventLoop) -> None:
        self.run = run
        self.loop = loop
        self._queue: asyncio.Queue[tuple[RunEvent, str] | None] = asyncio.Queue(_QUEUE)

    async def next(self) -> tuple[RunEvent, str] | None:
        """Return the next event with its JSON; None after a drop: continue from the store."""
        return await self._queue.get()

    def offer(self, messages: Sequence[tuple[RunEvent, str]]) -> None:
        """Queue the messages that this client wants."""
        for message in messages:
            if self.run is not None and message[0].run != self.run:
                continue
            if self._queue.full():
                self._forget()
            self._queue.put_nowait(message)

    def _forget(self) -> None:
        """Drop what a slow client has queued, and mark that: the store has all of it."""
        while not self._queue.empty():
            self._queue.get_nowait()
        self._queue.put_nowait(None)


class Telemetry:
    """Sends run events to all subscriptions; each event is serialised once."""

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
        """End a subscription; from any thread."""
        with self._lock:
            self._subscriptions.discard(subscription)

    def publish(self, events: Sequence[RunEvent]) -> None:
        """Send stored events to all subscriptions; from any thread, never blocks."""
        with self._lock:
            listeners = list(self._subscriptions)
        if not listeners:
            return
        messages = [(event, encode(event)) for event in events]
        for listener in listeners:
            if not listener.loop.is_closed():
                listener.loop.call_soon_threadsafe(listener.offer, messages)


def encode(event: RunEvent) -> str:
    """Return the event as JSON."""
    return event.model_dump_json()


def encode_resync(run: str | None, after: int) -> str:
    """Return the message for a client that could not keep up: it continues from the store."""
    return Resync(run=run, after=after).model_dump_json()
