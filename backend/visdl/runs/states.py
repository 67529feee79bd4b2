"""The one way of a run to another state, and who is notified."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Any

from anyio import to_thread

from visdl.models.diagnostics import Diagnostic
from visdl.models.errors import TransitionError
from visdl.models.runs import ENDED, Run, RunState
from visdl.runs.telemetry import Telemetry
from visdl.store import Store
from visdl.training.environment import versions

log = logging.getLogger(__name__)


@dataclass(eq=False)
class _Waiter:
    """A call that waits on an event loop until a run leaves some states. It holds no thread."""

    run_id: str
    states: Collection[RunState]
    loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.get_running_loop)
    left: asyncio.Event = field(default_factory=asyncio.Event)

    def notify(self, run: Run) -> None:
        """Wake the call if the run has left the states; from any thread."""
        if run.id == self.run_id and run.state not in self.states:
            with contextlib.suppress(RuntimeError):  # its loop has ended
                self.loop.call_soon_threadsafe(self.left.set)


class RunStates:
    """Changes states of runs: stored first, then published. Used from any thread.

    The store checks `TRANSITIONS` inside the writer's transaction, so database, memory and sockets
    cannot disagree.
    """

    def __init__(self, store: Store, telemetry: Telemetry) -> None:
        self._store = store
        self._telemetry = telemetry
        self._listeners: list[Callable[[Run], None]] = []
        self._lock = threading.Lock()  # the waiters: added on event loops, notified from any thread
        self._waiters: set[_Waiter] = set()

    def on_run_ended(self, listener: Callable[[Run], None]) -> None:
        """Have `listener` called whenever a run has ended, in the thread that ends it.

        It is called before anyone else is notified, so that they find what follows from the end.
        """
        self._listeners.append(listener)

    def change_state(
        self, run_id: str, state: RunState, *, error: Diagnostic | None = None, **fields: Any
    ) -> Run:
        """Change the state, and with it other fields of the run. Raises TransitionError."""
        run, event = self._store.move_run(run_id, state, error=error, **fields)
        if state in ENDED:
            for listener in self._listeners:
                listener(run)
        self._telemetry.publish([event])
        self._notify_waiters(run)
        return run

    def _notify_waiters(self, run: Run) -> None:
        with self._lock:
            for waiter in self._waiters:
                waiter.notify(run)

    def claim(self, run_id: str, device: str) -> Run:
        """Give a waiting run to a process. Raises as `Store.claim_run`."""
        run, event = self._store.claim_run(run_id, device=device, versions=versions())
        if event is not None:
            self._telemetry.publish([event])
            self._notify_waiters(run)
        return run

    def requeue(self, run_id: str, reason: Diagnostic, **fields: Any) -> Run:
        """Interrupt a live run for this reason and queue it, as `Store.requeue_run`.

        Nobody who waits for the end of the run is notified, as it has not ended.
        """
        run, events = self._store.requeue_run(run_id, reason, **fields)
        self._telemetry.publish(events)
        self._notify_waiters(run)
        return run

    def change_if_allowed(
        self, run_id: str, state: RunState, error: Diagnostic | None = None, **fields: Any
    ) -> None:
        """Change the state unless a command has overtaken the message that reports it."""
        try:
            self.change_state(run_id, state, error=error, **fields)
        except TransitionError as refused:
            log.info("Run %s stays %s: %s", run_id, refused.state, refused.message)

    async def wait_while(self, run_id: str, states: Collection[RunState], seconds: float) -> Run:
        """Return a run when it is in none of these states, or as it is after `seconds`.

        Raises NotFoundError.
        """
        waiter = _Waiter(run_id, states)
        with self._lock:
            self._waiters.add(waiter)
        try:
            run = await to_thread.run_sync(self._store.run, run_id)
            if run.state not in states:
                return run
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(waiter.left.wait(), seconds)
        finally:
            with self._lock:
                self._waiters.discard(waiter)
        return await to_thread.run_sync(self._store.run, run_id)
