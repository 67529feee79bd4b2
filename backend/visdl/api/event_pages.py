"""Stored events as JSON, in pages: a slow client costs one page, however long the history is."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

from anyio import to_thread

from visdl.api.capacity import Work
from visdl.api.deps import Services
from visdl.models.events import EncodedEvent, EventType

_PAGE = 100  # events that are read at once
_PAGE_BYTES = 2**16  # of JSON that are held for a client; a larger event is alone in its page


async def event_pages(
    services: Services,
    run_id: str | None,
    after: int,
    limit: int | None = None,
    types: Sequence[EventType] = (),
) -> AsyncIterator[list[EncodedEvent]]:
    """Yield the events of a run with seq > `after`, or of all runs with cursor > `after`.

    A page is read when the one before it has been used. All are yielded unless `limit` is given.
    """
    limiter = services.capacity.limiter(Work.HISTORY)
    while limit is None or limit > 0:
        most = _PAGE if limit is None else min(_PAGE, limit)
        page = await to_thread.run_sync(
            services.store.encoded_events, run_id, after, most, _PAGE_BYTES, types, limiter=limiter
        )
        if not page:
            return
        after = page[-1].position
        limit = None if limit is None else limit - len(page)
        yield page


async def json_list(pages: AsyncIterator[list[EncodedEvent]]) -> AsyncIterator[str]:
    """Yield the parts of one JSON array."""
    separator = "["
    async for page in pages:
        yield separator + ",".join(event.text for event in page)
        separator = ","
    yield "[]" if separator == "[" else "]"
