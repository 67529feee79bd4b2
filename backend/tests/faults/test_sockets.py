"""Broken sockets, and clients that never read: the others miss nothing and never wait."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import random
import socket

import psutil
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from ..api.helpers import start_run
from ..conftest import run_server
from ..support.strength import count
from ..test_server_process import serving

pytestmark = pytest.mark.integration

LONG = 1_000_000


class Follower:
    """A page: it remembers the last event, reconnects after each loss, and asks for the rest."""

    def __init__(self, url: str, key: str, name: str) -> None:
        self._url, self._key, self._name = url, key, name
        self.seen: list[int] = []
        self.resyncs = 0

    @property
    def last(self) -> int:
        return self.seen[-1] if self.seen else 0

    async def follow(self, until_place: int | None = None) -> None:
        """Read until the connection ends, or up to this place."""
        async with connect(f"{self._url}{self._name}={self.last}", proxy=None, max_size=None) as ws:
            self.socket = ws
            with contextlib.suppress(ConnectionClosed):
                while until_place is None or self.last < until_place:
                    event = json.loads(await ws.recv())
                    if event["type"] == "resync":
                        self.resyncs += 1
                    else:
                        self.seen.append(event[self._key])


async def check_drops(server, run: str, drops: int, rng: random.Random) -> dict[str, int]:
    """Cut the connections of a page that follows one run, and one that follows all, at random."""
    base = f"ws://{server.host}/ws/training"
    one = Follower(f"{base}?run={run}&", "seq", "after")
    every = Follower(f"{base}?", "cursor", "cursor")
    for number in range(drops):
        follower = (one, every)[number % 2]
        known = follower.last
        following = asyncio.create_task(follower.follow())
        while follower.last == known:
            await asyncio.sleep(0.001)
        await asyncio.sleep(rng.uniform(0, 0.15))
        follower.socket.transport.abort()  # as when a cable is pulled: no goodbye
        await following
    stopped = (await asyncio.to_thread(server.client.post, f"/api/runs/{run}/stop")).json()
    assert stopped["state"] in ("stopping", "stopped")
    record = (
        await asyncio.to_thread(server.client.get, f"/api/runs/{run}", params={"wait": 60})
    ).json()
    await one.follow(record["seq"])
    await every.follow(server.services.store.last_cursor())
    gaps = sum(
        b != a + 1 for follower in (one, every) for a, b in itertools.pairwise([0, *follower.seen])
    )
    return {"drops": drops, "events": len(one.seen) + len(every.seen), "gaps and repeats": gaps}


def drops(tmp_path, count: int, seed: int) -> dict[str, int]:
    with run_server(tmp_path / "data") as server:
        run = start_run(server.client, epochs=LONG)["id"]
        done = asyncio.run(check_drops(server, run, count, random.Random(seed)))
    assert done["gaps and repeats"] == 0
    assert done["events"] > count
    return done


def test_sockets_that_drop_twenty_times_have_neither_gap_nor_repeat(tmp_path):
    drops(tmp_path, 20, seed=1)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_sockets_that_drop_two_hundred_times(tmp_path, fault_report):
    fault_report["sockets dropped"] = drops(tmp_path, 200, seed=2)


def deaf(address: tuple[str, int], path: str = "/ws/training") -> socket.socket:
    """A client that shakes hands and never reads."""
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.connect(address)
    lines = [
        f"GET {path} HTTP/1.1",
        f"Host: {address[0]}",
        "Connection: Upgrade",
        "Upgrade: websocket",
    ]
    lines += ["Sec-WebSocket-Version: 13", f"Sec-WebSocket-Key: {'A' * 22}==", "", ""]
    client.sendall("\r\n".join(lines).encode())
    assert client.recv(12) == b"HTTP/1.1 101"
    return client


async def check_slow_clients(
    address: tuple[str, int], server: psutil.Process, readers: int, messages: int
) -> dict[str, int]:
    """Clients of a run with twenty messages a second, until all that read have read enough."""
    url = f"ws://{address[0]}:{address[1]}/ws/training?"
    followers = [Follower(url, "cursor", "cursor") for _ in range(readers)]
    tasks = [asyncio.create_task(follower.follow()) for follower in followers]
    before = 0
    while (read := min(len(follower.seen) for follower in followers)) < messages:
        await asyncio.sleep(0.05)
        if not before and read >= messages // 2:
            before = server.memory_info().rss
    grown = server.memory_info().rss - before
    for follower in followers:
        await follower.socket.close()
    await asyncio.gather(*tasks)
    missed = sum(follower.seen != list(range(1, len(follower.seen) + 1)) for follower in followers)
    return {
        "reading": readers,
        "messages": messages,
        "missed something": missed,
        "MB grown": grown >> 20,
    }


def slow_clients(tmp_path, clients: int, messages: int) -> dict[str, int]:
    """Let one client of five never read."""
    deaf_ones = clients // 5
    with serving(tmp_path) as (process, client), contextlib.ExitStack() as stack:
        address = (client.base_url.host, client.base_url.port)
        start_run(client, epochs=LONG)
        for _ in range(deaf_ones):
            stack.enter_context(contextlib.closing(deaf(address)))
        server = psutil.Process(process.pid)
        done = asyncio.run(check_slow_clients(address, server, clients - deaf_ones, messages))
    assert done["missed something"] == 0
    assert done["MB grown"] < 30
    return {"clients": clients, "never reading": deaf_ones, **done}


def test_one_client_of_five_never_reads_and_the_others_miss_nothing(tmp_path):
    # the server grows by some 40 MB during the first half, while its database threads warm up
    slow_clients(tmp_path, count(gate=20, full=50), count(gate=240, full=800))


@pytest.mark.slow
@pytest.mark.timeout(2400)
def test_clients_that_never_read_for_ten_minutes(tmp_path, fault_report):
    fault_report["slow clients"] = slow_clients(tmp_path, 50, 12_000)
