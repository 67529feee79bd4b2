"""What the training loop is asked to do, by another thread."""

from __future__ import annotations

import threading
from enum import StrEnum


class Wish(StrEnum):
    RUN = "run"
    PAUSE = "pause"
    STOP = "stop"
    LEAVE = "leave"  # the server is gone: write a checkpoint and exit
    RELEASE = (
        "release"  # paused for long: give the process back, as a checkpoint holds all there is
    )


class TrainingController:
    """Thread-safe pause, resume and stop. The loop reads `wish` once per batch: a plain attribute, about a microsecond.

    A stop or leave is final: nothing that comes later takes it back.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition(threading.RLock())
        self.wish = Wish.RUN

    def pause(self) -> None:
        self._set(Wish.PAUSE)

    def resume(self) -> None:
        self._set(Wish.RUN)

    def release(self) -> None:
        """Give a paused training's process back; not where it goes on or ends by now."""
        with self._changed:
            if self.wish is Wish.PAUSE:
                self._set(Wish.RELEASE)

    def stop(self) -> None:
        self._set(Wish.STOP)

    def leave(self) -> None:
        self._set(Wish.LEAVE)

    def wait_while_paused(self) -> Wish:
        """Block until the wish is another than to pause, and return it."""
        with self._changed:
            self._changed.wait_for(lambda: self.wish is not Wish.PAUSE)
            return self.wish

    def _set(self, wish: Wish) -> None:
        with self._changed:
            if self.wish is Wish.LEAVE or (self.wish is Wish.STOP and wish is not Wish.LEAVE):
                return
            self.wish = wish
            self._changed.notify_all()
