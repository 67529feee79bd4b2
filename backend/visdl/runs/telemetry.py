"""Live events: from the threads that publish them to the sockets, through bounded queues."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Sequence
from typing import NamedTuple

from visdl.models.events import Resync, RunEvent

_MESSAGES = 256  # that wait for a client; with more, it has to read from the store
_BYTES = 2**20  # of these messages


class Message(NamedTuple):
    """A live event as JSON. All clients share the text."""

    run: str
    seq: int
    cursor: int
    text: str


class Subscription:
    """The events for one client. Used on the event loop; fed from any thread by `Telemetry`."""

    def __init__(self, run: str | None, loop: asyncio.AbstractEventLoop) -> None:
        self.run = run
        self.loop = loop
        self._messages: deque[Message] = deque()
        self._bytes = 0
        self._dropped = False  # messages were dropped, and are until the client notices it
        self._news = asyncio.Event()

    async def next(self) -> Message | None:
        """Return the next event; None after a drop: continue from the store."""
        await self._news.wait()
        if self._dropped:
            self._dropped = False
            self._news.clear()
            return None
        message = self._messages.popleft()
        self._bytes -= len(message.text)
        if not self._messages:
            self._news.clear()
        return message

    def offer(self, messages: Sequence[Message]) -> None:
        """Queue the messages that this client wants. A client that is too slow keeps none."""
        for message in messages:
            if self._dropped:
                return
            if self.run is None or message.run == self.run:
                self._messages.append(message)
                self._bytes += len(message.text)
                self._news.set()
            if len(self._messages) > _MESSAGES or self._bytes > _BYTES:
                self._messages.clear()
                self._bytes, self._dropped = 0, True


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
        messages = [
            Message(event.run, event.seq, event.cursor or 0, event.model_dump_json())
            for event in events
        ]
        for listener in listeners:
            if not listener.loop.is_closed():
                listener.loop.call_soon_threadsafe(listener.offer, messages)


def encode_resync(run: str | None, after: int) -> str:
    """Return the message for a client that could not keep up: it continues from the store."""
    return Resync(run=run, after=after).model_dump_json()
