"""The one way of a run to another state, and who is notified."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable
from typing import Any

from visdl.models.diagnostics import Diagnostic
from visdl.models.errors import TransitionError
from visdl.models.runs import ENDED, Run, RunState
from visdl.runs.telemetry import Telemetry
from visdl.store import Store
from visdl.training.environment import versions

log = logging.getLogger(__name__)


class RunStates:
    """Changes states of runs: stored first, then published. Used from any thread.

    The store checks `TRANSITIONS` inside the writer's transaction, so database, memory and sockets
    cannot disagree.
    """

    def __init__(self, store: Store, telemetry: Telemetry) -> None:
        self._store = store
        self._telemetry = telemetry
        self._listeners: list[Callable[[Run], None]] = []
        self._waiters: set[tuple[str, asyncio.AbstractEventLoop, asyncio.Event]] = set()
        self._changed = threading.Condition()

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
        with self._changed:
            self._changed.notify_all()
        if state in ENDED:
            for waiting_for, loop, done in list(self._waiters):
                if waiting_for == run_id:
                    loop.call_soon_threadsafe(done.set)
        return run

    def claim(self, run_id: str, device: str) -> Run:
        """Give a waiting run to a process. Raises as `Store.claim_run`."""
        run, event = self._store.claim_run(run_id, device=device, versions=versions())
        if event is not None:
            self._telemetry.publish([event])
            with self._changed:
                self._changed.notify_all()
        return run

    def change_if_allowed(
        self, run_id: str, state: RunState, error: Diagnostic | None = None, **fields: Any
    ) -> None:
        """Change the state unless a command has overtaken the message that reports it."""
        try:
            self.change_state(run_id, state, error=error, **fields)
        except TransitionError as refused:
            log.info("Run %s stays %s: %s", run_id, refused.state, refused.message)

    def wait_until_left(self, run_id: str, state: RunState, seconds: float) -> Run:
        """Block until a run is no longer in this state, or time is up; return the run."""
        with self._changed:
            self._changed.wait_for(lambda: self._store.run(run_id).state is not state, seconds)
        return self._store.run(run_id)

    async def wait_until_ended(self, run_id: str, seconds: float) -> Run:
        """Return the run when it has ended, or as it is after `seconds`."""
        waiter = (run_id, asyncio.get_running_loop(), asyncio.Event())
        self._waiters.add(waiter)
        try:
            if self._store.run(run_id).state not in ENDED:
                await asyncio.wait_for(waiter[2].wait(), seconds)
        except TimeoutError:
            pass
        finally:
            self._waiters.discard(waiter)
        return self._store.run(run_id)
