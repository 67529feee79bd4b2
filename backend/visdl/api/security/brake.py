"""A brake on wrong tokens: after some of them, an address has its tokens compared one by one.

An address is not a person: everybody who uses an SSH forward or a reverse proxy comes from
127.0.0.1. So nobody is locked out. Where the limit is exceeded, each comparison waits for its turn;
the right token passes, a wrong one is answered 429. Sessions are not guessable and never wait.
"""

from __future__ import annotations

import asyncio
import ipaddress
import math
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

LIMIT = 10  # wrong tokens of an address before its comparisons take turns
FORGET_SECONDS = 6.0  # after which one wrong token is forgotten
TURN_SECONDS = 0.02  # between two comparisons for an address over the limit
MOST_SECONDS = 5.0  # that a comparison may wait for its turn
MOST_WAITING = 1000  # comparisons that wait for their turn, of all addresses
MOST_ADDRESSES = 1000


class TooManyAttemptsError(Exception):
    """An address sent too many wrong tokens. `seconds`: when to try again."""

    def __init__(self, seconds: int) -> None:
        super().__init__(f"too many wrong tokens, try again in {seconds} s")
        self.seconds = seconds


@dataclass
class _Address:
    wrong: float = 0  # wrong tokens that are not forgotten
    since: float = 0  # time of `wrong`
    turn: float = 0  # time of the next free turn

    def count_at(self, now: float) -> float:
        return max(0.0, self.wrong - (now - self.since) / FORGET_SECONDS)


class Brake:
    """Counts wrong tokens by address. Used on the server's event loop alone."""

    def __init__(
        self,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._clock = clock
        self._sleep = sleep
        self._addresses: OrderedDict[str, _Address] = OrderedDict()
        self._waiting = 0

    def __len__(self) -> int:
        return len(self._addresses)

    async def wait_for_turn(self, client: str) -> None:
        """Wait until a token of this client may be compared, which is at once below the limit.

        Raises TooManyAttemptsError, before any comparison, if too many wait already.
        """
        address = self._addresses.get(_key(client))
        now = self._clock()
        if address is None or address.count_at(now) < LIMIT:
            return
        turn = max(now, address.turn)
        if turn - now > MOST_SECONDS or self._waiting >= MOST_WAITING:
            raise TooManyAttemptsError(math.ceil(MOST_SECONDS))
        address.turn = turn + TURN_SECONDS
        self._waiting += 1
        try:
            await self._sleep(turn - now)
        finally:
            self._waiting -= 1

    def count_wrong(self, client: str) -> None:
        """Count a wrong token. Raises TooManyAttemptsError for an address over the limit."""
        key, now = _key(client), self._clock()
        address = self._addresses.setdefault(key, _Address())
        self._addresses.move_to_end(key)
        if len(self._addresses) > MOST_ADDRESSES:
            self._addresses.popitem(last=False)
        # not without bound: an address that stops is let in without turns after a minute
        address.wrong = min(address.count_at(now) + 1, LIMIT + 1)
        address.since = now
        if address.wrong > LIMIT:
            raise TooManyAttemptsError(math.ceil((address.wrong + 1 - LIMIT) * FORGET_SECONDS))


def _key(client: str) -> str:
    """Return what an address is counted as: IPv6 by its network, which one client may own whole."""
    try:
        address = ipaddress.ip_address(client)
    except ValueError:
        return client
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped:
            return str(address.ipv4_mapped)
        return str(ipaddress.ip_network((address, 64), strict=False))
    return client
