"""Commands to a training: set by one thread, followed by the training loop in another."""

from __future__ import annotations

import threading
from enum import StrEnum


class Command(StrEnum):
    """What a training can be asked to do. The server sends these to a worker process as well."""

    PAUSE = "pause"
    RESUME = "resume"
    STOP = "stop"  # keep what there is as the result
    SHUTDOWN = "shutdown"  # the server ends or is gone: write a checkpoint and exit
    EVICT = "evict"  # paused for long: end the process once a checkpoint holds everything


class TrainingController:
    """Thread-safe holder of the command in force; `RESUME` while the training may run.

    The loop reads `command` once per batch, a plain attribute, which takes about a microsecond.
    STOP and SHUTDOWN are final: of all later commands, only SHUTDOWN after STOP counts.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition(threading.RLock())
        self.command = Command.RESUME

    def request(self, command: Command) -> None:
        """Put a command in force. EVICT counts only while the training is paused."""
        with self._changed:
            if self.command is Command.SHUTDOWN:
                return
            if self.command is Command.STOP and command is not Command.SHUTDOWN:
                return
            if command is Command.EVICT and self.command is not Command.PAUSE:
                return
            self.command = command
            self._changed.notify_all()

    def wait_while_paused(self) -> Command:
        """Block until a command other than PAUSE is in force, and return it."""
        with self._changed:
            self._changed.wait_for(lambda: self.command is not Command.PAUSE)
            return self.command
