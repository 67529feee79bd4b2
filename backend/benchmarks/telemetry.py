"""How fast metric points are stored, and what it costs to send the events of a run to many pages.

Points: messages as a worker process sends them, through the store, each acknowledged before the
next. Fan-out: a real server with one run training, whose two events per 100 ms go to 1, 10 and 50
clients, and to 50 beside ten more that never read. The lag of a message is its time of arrival
minus the time at which the worker process made it.
"""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import socket
import statistics
import tempfile
import time
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

from common import report
from serving import Served, has_stepped, sample_graph, server, start_run, stop_run, wait_for
from websockets.asyncio.client import connect

from visdl.models.events import MetricsEvent, Point, ProgressEvent, RunEvent
from visdl.models.graph import Graph
from visdl.models.runs import Progress, Run
from visdl.store import Store

SIZES = (10, 100, 1000)  # points of a message
CLIENTS = ((1, 0), (10, 0), (50, 0), (50, 10))  # that read, and that never do
ROUNDS = 3
SECONDS = 10.0


def points_per_second(size: int, seconds: float = 2.0) -> float:
    """Return the points stored per second in messages of this size."""
    with tempfile.TemporaryDirectory() as folder:
        store = Store(Path(folder) / "visdl.db")
        store.add_run(
            Run(id="run", name="Run", created=time.time()), Graph(name="Graph", nodes=[], edges=[])
        )
        step, begin = 0, time.perf_counter()
        while time.perf_counter() - begin < seconds:
            points: list[Point] = [(step + at, 1, 0.5) for at in range(size)]
            events: list[RunEvent] = [
                MetricsEvent(series={"batch_loss": points}, time=time.time()),
                ProgressEvent(progress=Progress(step=step), time=time.time()),
            ]
            store.append("run", events)
            step += size
        rate = step / (time.perf_counter() - begin)
        store.close()
    return rate


@dataclass(frozen=True)
class Received:
    """The messages that all reading clients received together."""

    messages: int
    gaps: int
    lags: list[float]  # seconds


def listen(pipe: Connection, url: str, reading: int, dead: int) -> None:
    """Run the clients in a process; send "ready" once connected, and the result at the end."""
    idle = [open_idle_client(url) for _ in range(dead)]
    asyncio.run(_listen(pipe, url, reading))
    for connection in idle:
        connection.close()


def open_idle_client(url: str) -> socket.socket:
    """Connect a client that completes the handshake and never reads."""
    _, _, address = url.partition("://")
    host, _, path = address.partition("/")
    name, _, port = host.partition(":")
    client = socket.create_connection((name, int(port)))
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    lines = [f"GET /{path} HTTP/1.1", f"Host: {host}", "Connection: Upgrade", "Upgrade: websocket"]
    lines += ["Sec-WebSocket-Version: 13", f"Sec-WebSocket-Key: {'A' * 22}==", "", ""]
    client.sendall("\r\n".join(lines).encode())
    return client


async def _listen(pipe: Connection, url: str, reading: int) -> None:
    received: list[tuple[float, float, int]] = []  # per message: made, arrived, cursor
    gaps = 0

    async def client() -> None:
        nonlocal gaps
        last = None
        async with connect(url, proxy=None) as ws:
            ready.release()
            async for text in ws:
                event = json.loads(text)
                gaps += last is not None and event["cursor"] != last + 1
                last = event["cursor"]
                received.append((event["time"], time.time(), last))

    ready = asyncio.Semaphore(0)
    tasks = [asyncio.create_task(client()) for _ in range(reading)]
    for _ in tasks:
        await ready.acquire()
    received.clear()
    pipe.send("ready")
    await asyncio.to_thread(pipe.recv)
    pipe.send(Received(len(received), gaps, [arrived - made for made, arrived, _ in received]))
    for task in tasks:
        task.cancel()


@dataclass(frozen=True)
class FanOut:
    """One measurement: the cost, and the lag of messages."""

    messages: float  # a second and client
    lag: float  # ms, 95 of 100 are below
    cpu: float  # percent of a core that the server used
    steps: float  # of the training, a second


def fan_out(served: Served, run: str, reading: int, dead: int) -> FanOut:
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(
        target=listen, args=(theirs, f"{served.sockets}/ws/training", reading, dead)
    )
    process.start()
    ours.recv()
    before, cpu, begin = progress(served, run), used(served), time.perf_counter()
    time.sleep(SECONDS)
    seconds = time.perf_counter() - begin
    after, cpu = progress(served, run), used(served) - cpu
    ours.send("end")
    received: Received = ours.recv()
    process.join(30)
    assert received.gaps == 0, f"{received.gaps} gaps"
    lag = 1000 * statistics.quantiles(received.lags, n=20)[-1]
    return FanOut(
        received.messages / seconds / reading, lag, 100 * cpu / seconds, (after - before) / seconds
    )


def progress(served: Served, run: str) -> int:
    return int(served.client.get(f"/runs/{run}").json()["progress"]["step"])


def used(served: Served) -> float:
    times = served.process.cpu_times()
    return float(times.user + times.system)


def main() -> None:
    stored = {
        size: statistics.median(points_per_second(size) for _ in range(ROUNDS)) for size in SIZES
    }
    found: dict[tuple[int, int], list[FanOut]] = {pair: [] for pair in CLIENTS}
    with server() as served:
        run = start_run(served.client, sample_graph(served.client, 1_000_000))
        wait_for(lambda: has_stepped(served.client, run))
        for _ in range(ROUNDS):
            for reading, dead in CLIENTS:
                found[reading, dead].append(fan_out(served, run, reading, dead))
        stop_run(served.client, run)

    def median(pair: tuple[int, int], what: str) -> float:
        return statistics.median(getattr(one, what) for one in found[pair])

    rows = [
        [f"messages of {size} points", f"{rate:,.0f} points/s"] for size, rate in stored.items()
    ]
    for pair in CLIENTS:
        reading, dead = pair
        name = f"{reading} clients{f' beside {dead} idle ones' if dead else ''}"
        figures = [
            f"{median(pair, 'messages'):.1f} messages/s each",
            f"p95 lag {median(pair, 'lag'):.1f} ms",
            f"server {median(pair, 'cpu'):.0f} % of a core",
            f"training {median(pair, 'steps'):,.0f} steps/s",
        ]
        rows.append([name, ", ".join(figures)])
    without, beside = (50, 0), (50, 10)
    costs = [median(without, what) / median(beside, what) for what in ("steps", "messages")]
    report(
        ["what", "measured"],
        rows,
        {
            **{f"points_per_s_{size}": rate for size, rate in stored.items()},
            "points_per_s": stored[100],
            **{
                f"clients_{reading}_p95_ms": median((reading, 0), "lag")
                for reading, dead in CLIENTS
                if not dead
            },
            "clients_50_cpu_percent": median(without, "cpu"),
            "slow_client_cost": max(costs),
            "slow_client_p95_ms": median(beside, "lag"),
        },
    )


if __name__ == "__main__":
    main()
