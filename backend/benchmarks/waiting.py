"""How fast GETs are answered beside clients that wait, send or read nothing, or have work done.

A real server on a free port; one run trains in a batch that does not end, so pauses stay pending.
Each kind of client is measured in turn, in several rounds.
"""

from __future__ import annotations

import contextlib
import socket
import statistics
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from common import report
from serving import ENDED, Served, has_stepped, sample_graph, server, start_run, wait_for
from telemetry import open_idle_client
from validate import chain

from visdl.api.listener import allow_descriptors
from visdl.models.events import MetricsEvent
from visdl.models.graph import Graph
from visdl.models.runs import Run, RunState
from visdl.store import Store

ROUNDS = 3
REQUESTS = 150  # of each kind in a round
WAITING, PAUSING, DEAF, CHECKS, IDLE, PREDICTIONS = 200, 60, 250, 40, 1000, 60
EVENTS, POINTS = 300, 1000  # of the history that clients ask for and do not read


def add_history(folder: Path) -> None:
    store = Store(folder / "visdl.db")
    store.add_run(
        Run(id="long", name="Long", state=RunState.COMPLETED, created=1.0), Graph(name="G")
    )
    points = [(step, 1, step / 7) for step in range(POINTS)]
    store.append("long", [MetricsEvent(series={"batch_loss": points}) for _ in range(EVENTS)])
    store.close()


@contextlib.contextmanager
def pending(served: Served, count: int, line: str, body: bytes = b"") -> Iterator[None]:
    """Send a request `count` times, each on a connection of its own; read no answer."""
    url = served.client.base_url
    assert url.port
    head = f"{line} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    data = f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body
    with contextlib.ExitStack() as stack:
        for _ in range(count):
            client = stack.enter_context(socket.create_connection((url.host, url.port)))
            client.sendall(data)
        time.sleep(1)
        yield


@contextlib.contextmanager
def deaf(served: Served, count: int) -> Iterator[None]:
    """Open sockets that ask for the whole history and read nothing."""
    with contextlib.ExitStack() as stack:
        for _ in range(count):
            client = open_idle_client(f"{served.sockets}/ws/training?cursor=0")
            stack.enter_context(contextlib.closing(client))
        yield


@contextlib.contextmanager
def idle(served: Served, count: int) -> Iterator[None]:
    """Open connections that send nothing."""
    url = served.client.base_url
    assert url.port
    with contextlib.ExitStack() as stack:
        for _ in range(count):
            stack.enter_context(socket.create_connection((url.host, url.port)))
        yield


def trained(served: Served) -> str:
    """Return a run that has ended, for predictions."""
    run = start_run(served.client, sample_graph(served.client, 1))
    wait_for(lambda: served.client.get(f"/runs/{run}").json()["state"] in ENDED)
    return run


def latencies(served: Served) -> list[float]:
    seconds = []
    for _ in range(REQUESTS):
        for path in ("/queue", "/runs", "/runs/long", "/datasets"):
            begin = time.perf_counter()
            served.client.get(path).raise_for_status()
            seconds.append(time.perf_counter() - begin)
    return seconds


def milliseconds(seconds: list[float], percent: int) -> float:
    return 1000 * statistics.quantiles(seconds, n=100)[percent - 1]


def measure(served: Served) -> tuple[Mapping[str, list[float]], int]:
    """Return the latencies by what the server does meanwhile, and the MB that deaf clients cost."""
    client, done = served.client, trained(served)
    run = start_run(client, sample_graph(client, 1_000_000))
    wait_for(lambda: has_stepped(client, run))
    worker = max(served.process.children(recursive=True), key=lambda one: one.create_time())
    beside = {
        "idle": contextlib.nullcontext,
        f"{WAITING} waiting": lambda: pending(served, WAITING, f"GET /api/runs/{run}?wait=3600"),
        f"{PAUSING} pausing": lambda: pending(served, PAUSING, f"POST /api/runs/{run}/pause"),
        f"{DEAF} never reading": lambda: deaf(served, DEAF),
        f"{IDLE} idle": lambda: idle(served, IDLE),
    }
    found: dict[str, list[float]] = {name: [] for name in beside}
    grown = 0
    worker.suspend()
    for _ in range(ROUNDS):
        for name, load in beside.items():
            before = served.process.memory_info().rss
            with load():
                found[name] += latencies(served)
                grown = max(grown, served.process.memory_info().rss - before)
    graph = chain(1000, lambda position: 8 + position % 50).model_dump_json().encode()
    with pending(served, CHECKS, "POST /api/graphs/validate", graph):
        found[f"{CHECKS} checks"] = latencies(served)
    rows = b'{"dataset": "sample_data.csv"}'
    with pending(served, PREDICTIONS, f"POST /api/runs/{done}/predict", rows):
        found[f"{PREDICTIONS} predictions"] = latencies(served)
    worker.resume()
    return found, grown >> 20


def main() -> None:
    allow_descriptors(4 * IDLE)
    with server(add_history, hang_seconds=3600) as served:
        found, grown = measure(served)
    idle = milliseconds(found["idle"], 99)
    rows = [
        [
            name,
            f"{milliseconds(seconds, 50):.1f}",
            f"{milliseconds(seconds, 99):.1f}",
            f"{1000 * max(seconds):.0f}",
            f"{milliseconds(seconds, 99) / idle:.2f}x",
        ]
        for name, seconds in found.items()
    ]
    figures = {
        f"p99_{name.replace(' ', '_')}_ms": milliseconds(seconds, 99)
        for name, seconds in found.items()
    }
    report(
        ["beside", "p50 ms", "p99 ms", "longest ms", "p99 over idle"],
        rows,
        {**figures, "grown_mb": grown},
    )


if __name__ == "__main__":
    main()
