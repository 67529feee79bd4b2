"""What clients take is given back: descriptors, threads, connections to the database, memory."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil
import pytest
from websockets.asyncio.client import connect

from visdl.models.events import MetricsEvent
from visdl.models.graph import Graph
from visdl.models.runs import Run, RunState
from visdl.store import Store

from ..api.helpers import bring_table, training_graph, until
from ..test_server_process import serving
from .test_sockets import deaf

pytestmark = pytest.mark.integration

CLIENTS = 60
#: What the page asks for when it is loaded.
PAGE = ["nodes", "nodes/unavailable", "nodes/diagnostics", "graphs", "datasets", "runs", "queue"]
PAGE += ["blocks", "starters", "studies", "system", "runs/facets"]
EVENTS, POINTS = 120, 1000  # of a long run: 100 events are 4 MB of JSON, and 30 MB of objects


def add_long_run(folder: Path) -> None:
    """Store a run with many points, as one that has trained for hours."""
    store = Store(folder / "visdl.db")
    store.add_run(
        Run(id="long", name="Long", state=RunState.COMPLETED, created=1.0), Graph(name="G")
    )
    points = [(step, 1, step / 7) for step in range(POINTS)]
    store.append("long", [MetricsEvent(series={"batch_loss": points}) for _ in range(EVENTS)])
    store.close()


@dataclass(frozen=True)
class Usage:
    """What a server process holds."""

    descriptors: int
    connections: int  # open files of the database
    threads: int
    megabytes: int

    @property
    def others(self) -> int:
        """Descriptors besides those of the database, which opens connections when it needs them."""
        return self.descriptors - self.connections

    @classmethod
    def of(cls, process: psutil.Process) -> Usage:
        files = [file.path for file in process.open_files()]
        return cls(
            process.num_fds(),
            sum(".db" in Path(file).name for file in files),
            process.num_threads(),
            process.memory_info().rss >> 20,
        )


@dataclass(frozen=True)
class Load:
    """Clients of one server, each with connections of its own."""

    client: httpx.Client
    process: psutil.Process

    @property
    def address(self) -> tuple[str, int]:
        url = self.client.base_url
        assert url.port
        return url.host, url.port

    async def get(self, path: str) -> bytes:
        """Return the body of an answer; the connection ends with it."""
        reader, writer = await asyncio.open_connection(*self.address)
        writer.write(
            f"GET /api/{path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode()
        )
        head, _, body = (await reader.read()).partition(b"\r\n\r\n")
        writer.close()
        assert head.startswith(b"HTTP/1.1 200 "), head
        return body

    async def burst(self) -> None:
        """Many clients at once that read something from the database."""
        await asyncio.gather(*(self.get(PAGE[number % 8]) for number in range(CLIENTS)))

    async def reload(self) -> None:
        """Load the page, and close it."""
        async with self._socket("system") as system, self._socket("training") as _:
            await asyncio.gather(*(self.get(path) for path in PAGE))
            await system.recv()

    async def read_history(self) -> None:
        """Read all events from the first."""
        async with self._socket("training?run=long") as ws:
            for seq in range(1, EVENTS + 2):
                assert json.loads(await ws.recv())["seq"] == seq

    def _socket(self, path: str) -> connect:
        host, port = self.address
        url = f"ws://{host}:{port}/ws/{path}"
        return connect(url, proxy=None, max_size=None, open_timeout=None, ping_timeout=None)

    @contextlib.contextmanager
    def deaf_clients(self, count: int):
        """Clients that ask for the whole history and read nothing of it."""
        with contextlib.ExitStack() as stack:
            for _ in range(count):
                client = deaf(self.address, "/ws/training?cursor=0")
                stack.enter_context(contextlib.closing(client))
            yield

    def short_runs(self, count: int) -> None:
        """Train and delete runs of one epoch."""
        body = {"graph": training_graph(epochs=1)}
        ids = [self.client.post("/api/runs", json=body).json()["id"] for _ in range(count)]
        for run in ids:
            ended = self.client.get(f"/api/runs/{run}", params={"wait": 600}).json()
            assert ended["state"] == "completed", ended["error"]
        deleted = self.client.post("/api/runs/delete", json={"ids": ids}).json()
        assert len(deleted["deleted"]) == count

    def round(self, runs: int, deaf_ones: int) -> None:
        """All kinds of load once."""
        with self.deaf_clients(deaf_ones):
            asyncio.run(self.burst())
            asyncio.run(self.reload())
            asyncio.run(self.read_history())
            self.short_runs(runs)

    def settled(self, most: int) -> Usage:
        """Return the usage once no more than `most` descriptors besides the database are open."""
        until(lambda: Usage.of(self.process).others <= most)
        return Usage.of(self.process)


@contextlib.contextmanager
def loaded(folder: Path):
    """A server with a long history."""
    add_long_run(folder)
    with serving(folder, CONCURRENT_RUNS="2", LOG_LEVEL="warning") as (process, client):
        client.timeout = None  # on a busy machine a run takes minutes
        bring_table(client)
        yield Load(client, psutil.Process(process.pid))


def test_bursts_reloads_runs_and_sockets_leave_nothing_open(tmp_path):
    with loaded(tmp_path) as load:
        load.round(runs=1, deaf_ones=2)
        warm = load.settled(50)
        load.round(runs=2, deaf_ones=2)
        after = load.settled(warm.others + 3)
    # At most nine connections: each has the file and its log; all share an index.
    assert after.connections <= 2 * 9 + 2
    assert after.threads <= 70  # forty of them for calls


def test_clients_that_never_read_cost_little_memory_each(tmp_path):
    clients = 30
    with loaded(tmp_path) as load:
        asyncio.run(load.burst())
        asyncio.run(load.read_history())
        before = Usage.of(load.process)
        with load.deaf_clients(clients):
            asyncio.run(load.read_history())  # served in turn: the others have their pages by then
            grown = load.process.memory_info().rss // 2**20 - before.megabytes
            assert load.client.get("/api/queue").status_code == 200
        load.settled(before.others + 3)
    assert grown < clients  # MB


@pytest.mark.slow
@pytest.mark.timeout(7200)
def test_a_day_of_load_leaves_the_server_as_it_was(tmp_path, fault_report):
    """2,000 short runs, 50 bursts, 50 reloads, 550 sockets; pauses in which threads end."""
    rounds = 50
    with loaded(tmp_path) as load:
        for _ in range(5):
            load.round(runs=40, deaf_ones=10)
        time.sleep(11)
        warm = load.settled(50)
        for number in range(rounds):
            load.round(runs=40, deaf_ones=10)
            if number % 10 == 0:
                time.sleep(11)  # the pool ends threads that were idle for 10 s
        after = load.settled(warm.others + 3)
    fault_report["a day of load"] = {
        "rounds": rounds,
        "descriptors before": warm.descriptors,
        "after": after.descriptors,
        "MB before": warm.megabytes,
        "MB after": after.megabytes,
    }
    assert after.connections <= 2 * 9 + 2
    assert after.megabytes <= 1.05 * warm.megabytes
