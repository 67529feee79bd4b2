"""The thread that has processes started, so that nothing else waits for a launcher that hangs."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

T = TypeVar("T")


class StartThread:
    """Calls functions one after the other. They may be given from any thread.

    Not an executor of concurrent.futures: the end of Python would wait for one that hangs.
    """

    def __init__(self) -> None:
        self._queue: queue.SimpleQueue[tuple[Future[Any], Callable[[], Any]] | None] = (
            queue.SimpleQueue()
        )
        self._thread = threading.Thread(target=self._run, name="starts", daemon=True)

    def start(self) -> None:
        """Begin. Raises RuntimeError when the system allows no thread."""
        self._thread.start()

    def close(self) -> None:
        """End when everything given so far is done. Does not wait for that."""
        self._queue.put(None)

    def submit(self, work: Callable[[], T]) -> Future[T]:
        """Have a function called; return its result to come."""
        result: Future[T] = Future()
        self._queue.put((result, work))
        return result

    def _run(self) -> None:
        while (entry := self._queue.get()) is not None:
            result, work = entry
            try:
                value = work()
            except BaseException as error:
                result.set_exception(error)
            else:
                result.set_result(value)
