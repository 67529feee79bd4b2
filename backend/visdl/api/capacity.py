"""How many calls of each kind work at a time. The others wait without a thread, and not forever.

The server has forty threads for calls. Work that takes long gets a few of them, so that short calls
always find one; few threads that compute also leave more of the interpreter to the event loop.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager
from enum import StrEnum
from typing import Any, TypeVar

from anyio import CapacityLimiter
from fastapi import Request, Response
from fastapi.routing import APIRoute

from visdl.models.errors import BusyError

F = TypeVar("F", bound=Callable[..., Any])


class Work(StrEnum):
    """Kinds of work."""

    CHECK = "check"  # of a graph
    START = "start"  # of a run, with the check of its graph
    PLAN = "plan"  # of a study
    TABLE = "table"  # results, curves and exports of studies
    COMMAND = "command"  # to studies, which may wait for each other
    DATA = "data"  # import and preview of tables
    CURVES = "curves"  # of runs
    HISTORY = "history"  # events of runs, page by page
    PREDICTION = "prediction"
    FILES = "files"  # of the data folder: report, clean-up, deletion
    WRITE = "write"  # other calls that change something: they may wait for the database


#: Together 32 of the forty threads.
_MOST: Mapping[Work, int] = {
    Work.CHECK: 2,
    Work.START: 2,
    Work.PLAN: 2,
    Work.TABLE: 2,
    Work.COMMAND: 4,
    Work.DATA: 2,
    Work.CURVES: 2,
    Work.HISTORY: 2,
    Work.PREDICTION: 2,
    Work.FILES: 4,
    Work.WRITE: 8,
}
_WAITING = 200  # calls of a kind that may wait
_WAIT_SECONDS = 120.0


class Capacity:
    """The limits of one server."""

    def __init__(self) -> None:
        self._limiters = {kind: CapacityLimiter(most) for kind, most in _MOST.items()}

    def limiter(self, kind: Work) -> CapacityLimiter:
        """Return the limiter of a kind of work; used on the server's event loop alone."""
        return self._limiters[kind]

    @asynccontextmanager
    async def turn(self, kind: Work) -> AsyncIterator[None]:
        """Wait for a place, and hold it. Raises BusyError when many wait, or for too long."""
        limiter = self._limiters[kind]
        if limiter.statistics().tasks_waiting >= _WAITING:
            raise _busy(kind)
        try:
            async with asyncio.timeout(_WAIT_SECONDS):
                await limiter.acquire()
        except TimeoutError:
            raise _busy(kind) from None
        try:
            yield
        finally:
            limiter.release()


def _busy(kind: Work) -> BusyError:
    message = f"The server is busy with other requests of this kind ({kind})."
    return BusyError(message, hint="Try again in a moment.")


def works(kind: Work) -> Callable[[F], F]:
    """Declare, below the decorator of a route, the kind of work that a call is."""

    def mark(endpoint: F) -> F:
        endpoint.__dict__["work"] = kind
        return endpoint

    return mark


class LimitedRoute(APIRoute):
    """A route that works within its limit. For `route_class=` of a router.

    A coroutine without a declared kind has none: it holds no thread while it waits.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()
        kind = self._kind()
        if kind is None:
            return handle

        async def limited(request: Request) -> Response:
            capacity: Capacity = request.app.state.services.capacity
            async with capacity.turn(kind):
                return await handle(request)

        return limited

    def _kind(self) -> Work | None:
        kind: Work | None = getattr(self.endpoint, "work", None)
        writes = self.methods != {"GET"} and not inspect.iscoroutinefunction(self.endpoint)
        return kind or (Work.WRITE if writes else None)
