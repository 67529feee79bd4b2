"""How quick the server stays while it trains, and how quickly a run starts and stops.

A real server on a free port and a folder of its own. Latencies of GETs are taken in turns: idle, then with one,
two and four runs training, several times over.
"""

from __future__ import annotations

import contextlib
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
from common import report

ROOT = Path(__file__).resolve().parents[2]
RUNS = (1, 2, 4)
ROUNDS = 5
REQUESTS = 200  # of each kind in a round
STARTS = 5
ENDED = {"completed", "stopped", "failed", "interrupted"}


@contextlib.contextmanager
def server() -> Iterator[httpx.Client]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        environment = {
            **os.environ,
            "VISDL_PORT": str(port),
            "VISDL_DATA_DIR": folder,
            "VISDL_CONCURRENT_RUNS": str(max(RUNS)),
            "VISDL_LOG_LEVEL": "warning",
        }
        process = subprocess.Popen([sys.executable, ROOT / "backend" / "run.py"], env=environment)
        try:
            with httpx.Client(base_url=f"http://127.0.0.1:{port}/api", timeout=60, trust_env=False) as client:
                wait_for(lambda: answers(client))
                time.sleep(5)  # the forkserver warms up
                yield client
        finally:
            process.terminate()
            process.wait(30)


def answers(client: httpx.Client) -> bool:
    with contextlib.suppress(httpx.HTTPError):
        return client.get("/health").status_code == 200
    return False


def wait_for(condition) -> float:
    """Seconds until it holds."""
    start = time.perf_counter()
    while not condition():
        if time.perf_counter() - start > 60:
            raise TimeoutError("waited 60 s in vain")
        time.sleep(0.002)
    return time.perf_counter() - start


def sample_graph(client: httpx.Client, epochs: int) -> dict:
    graph = client.get(f"/graphs/{client.get('/graphs').json()[0]['id']}").json()["graph"]
    for node in graph["nodes"]:
        if node["type"] == "TrainingLoop":
            node["params"]["epochs"] = epochs
    return graph


def start(client: httpx.Client, graph: dict) -> str:
    return client.post("/runs", json={"graph": graph}).raise_for_status().json()["id"]


def stepped(client: httpx.Client, run: str) -> bool:
    events = client.get(f"/runs/{run}/events").json()
    return any(event["type"] in ("metrics", "progress") for event in events)


def stop(client: httpx.Client, run: str) -> tuple[float, float]:
    """Milliseconds to the answer, and to the end of the run."""
    begin = time.perf_counter()
    client.post(f"/runs/{run}/stop").raise_for_status()
    answered = time.perf_counter() - begin
    wait_for(lambda: client.get(f"/runs/{run}").json()["state"] in ENDED)
    return 1000 * answered, 1000 * (time.perf_counter() - begin)


def latencies(client: httpx.Client, finished: str) -> list[float]:
    paths = ["/runs", f"/runs/{finished}", f"/runs/{finished}/metrics?max_points=500", "/nodes", "/datasets", "/system"]
    seconds = []
    for _ in range(REQUESTS):
        for path in paths:
            begin = time.perf_counter()
            client.get(path).raise_for_status()
            seconds.append(time.perf_counter() - begin)
    return seconds


def percentile(seconds: list[float], share: float) -> float:
    """In milliseconds."""
    return 1000 * statistics.quantiles(seconds, n=1000)[int(share * 1000) - 1]


def main() -> None:
    measured: dict[int, list[float]] = {count: [] for count in (0, *RUNS)}
    with server() as client:
        endless = sample_graph(client, 1_000_000)
        finished = start(client, sample_graph(client, 50))
        client.get(f"/runs/{finished}", params={"wait": 60})
        for _ in range(ROUNDS):
            for count in measured:
                runs = [start(client, endless) for _ in range(count)]
                for run in runs:
                    wait_for(lambda run=run: stepped(client, run))
                measured[count] += latencies(client, finished)
                for run in runs:
                    stop(client, run)
        starts, stops = [], []
        for _ in range(STARTS):
            begin = time.perf_counter()
            run = start(client, endless)
            wait_for(lambda run=run: stepped(client, run))
            starts.append(1000 * (time.perf_counter() - begin))
            time.sleep(0.3)
            stops.append(stop(client, run))
    idle = percentile(measured[0], 0.99)
    rows = [
        [
            f"{count} runs",
            f"{percentile(s, 0.5):.1f}",
            f"{percentile(s, 0.99):.1f}",
            f"{percentile(s, 0.99) / idle:.2f}x",
        ]
        for count, s in measured.items()
    ]
    figures = {f"p99_ratio_{count}_runs": percentile(measured[count], 0.99) / idle for count in RUNS}
    figures |= {
        "p99_idle_ms": idle,
        "start_ms": statistics.median(starts),
        "stop_ms": statistics.median(end for _, end in stops),
        "stop_answer_ms": statistics.median(answer for answer, _ in stops),
    }
    report(["training", "p50 ms", "p99 ms", "p99 over idle"], rows, figures)


if __name__ == "__main__":
    main()
