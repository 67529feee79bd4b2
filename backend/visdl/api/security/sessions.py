"""Sessions of browsers: a random id in a cookie stands for the token, which no browser keeps.

The server keeps a keyed hash of each id, in a file of the data folder, so that a session outlives a
restart. The key is made of the token and of the cookie's name: another token, port or data folder
ends all sessions, and the file opens nothing to its reader.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
import os
import secrets
import time
from collections.abc import Callable, Iterator
from pathlib import Path

log = logging.getLogger(__name__)

FILE = "sessions.json"
MOST_SESSIONS = 50  # a new one ends the one that expires first
MOST_COOKIES = 10  # of this name that are looked at: paths may make several
_ID_BYTES = 32
_DAY = 86_400.0


class Sessions:
    """The sessions of one server. Used on its event loop alone."""

    def __init__(
        self,
        data_dir: Path,
        *,
        token: str,
        port: int,
        days: float,
        clock: Callable[[], float] = time.time,
    ) -> None:
        # Cookies know no ports: servers on one host name distinguish theirs by name.
        folder = hashlib.sha256(os.fsencode(data_dir)).hexdigest()[:8]
        self.cookie = f"visdl_{port}_{folder}"
        self.seconds = days * _DAY
        self._path = data_dir / FILE
        self._key = hashlib.sha256(f"{self.cookie}\0{token}".encode()).digest()
        self._clock = clock
        self._expiry: dict[str, float] | None = None  # by hash; read when first needed

    def start_session(self) -> str:
        """Return the id of a new session."""
        session = secrets.token_urlsafe(_ID_BYTES)
        known = self._alive()
        while len(known) >= MOST_SESSIONS:
            del known[min(known, key=known.__getitem__)]
        known[self._hash(session)] = self._clock() + self.seconds
        self._store()
        return session

    def find_session(self, cookies: str) -> str | None:
        """Return the id of the session that a Cookie header names, or None."""
        ids = [value for name, value in _pairs(cookies) if name == self.cookie]
        return next((one for one in ids[:MOST_COOKIES] if self.is_active(one)), None)

    def is_active(self, session: str) -> bool:
        """Return whether a session was started here and has neither ended nor expired."""
        return self._known().get(self._hash(session), 0) > self._clock()

    def expires(self, session: str) -> float:
        """Return when an active session expires, in seconds since 1970."""
        return self._known()[self._hash(session)]

    def end_session(self, session: str) -> None:
        """End a session, if there is one with this id."""
        if self._alive().pop(self._hash(session), None) is not None:
            self._store()

    def _hash(self, session: str) -> str:
        text = session.encode("utf-8", "surrogatepass")
        return hmac.new(self._key, text, hashlib.sha256).hexdigest()

    def _known(self) -> dict[str, float]:
        if self._expiry is None:
            self._expiry = _read(self._path)
        return self._expiry

    def _alive(self) -> dict[str, float]:
        """Return the sessions without those that have expired."""
        now = self._clock()
        self._expiry = {key: end for key, end in self._known().items() if end > now}
        return self._expiry

    def _store(self) -> None:
        """Write the file. Without it, sessions last until the server ends."""
        new = self._path.with_name(f".{FILE}.new")
        try:
            with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
                json.dump({"format": 1, "sessions": self._expiry}, file)
            new.replace(self._path)
        except OSError as error:
            log.warning("Sessions of browsers end with the server: %s", error)


def _read(path: Path) -> dict[str, float]:
    """Return the stored sessions; none from a file that is missing or damaged."""
    try:
        stored = json.loads(path.read_bytes())["sessions"]
        return {str(key): float(end) for key, end in stored.items()}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        log.warning("Browsers must sign in again: %s cannot be read (%s)", path, error)
        return {}


def _pairs(cookies: str) -> Iterator[tuple[str, str]]:
    """Return names and values; cookies of other programs at this host may look in any way."""
    for part in cookies.split(";"):
        name, _, value = part.partition("=")
        yield name.strip(), value.strip().strip('"')
