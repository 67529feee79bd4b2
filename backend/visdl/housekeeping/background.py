"""What a server does beside its requests, each in a thread of its own."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod


class BackgroundThread(ABC):
    """A thread that works until it is closed; one that is not `enabled` never starts."""

    def __init__(self, name: str, *, enabled: bool = True) -> None:
        self._closing = threading.Event()
        self._thread = (
            threading.Thread(target=self._loop, name=name, daemon=True) if enabled else None
        )

    def start(self) -> None:
        if self._thread is not None:
            self._thread.start()

    def close(self) -> None:
        """Have the thread end, and wait for it."""
        self._closing.set()
        if self._thread is not None:
            self._thread.join()

    @abstractmethod
    def _loop(self) -> None:
        """Work until `_closing` is set."""
