"""A real server for benchmarks: a process of its own on a free port and a folder of its own."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil

ROOT = Path(__file__).resolve().parents[2]
ENDED = {"completed", "stopped", "failed", "interrupted"}


@dataclass(frozen=True)
class Served:
    """A server that answers: its client (paths below /api), where its sockets are, its process and its folder."""

    client: httpx.Client
    sockets: str
    process: psutil.Process
    folder: Path


@contextlib.contextmanager
def server(prepare: Callable[[Path], object] | None = None, **settings: object) -> Iterator[Served]:
    """Start one with these settings, `concurrent_runs=4`, on a folder that `prepare` has filled.

    It and its data are gone afterwards.
    """
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        if prepare:
            prepare(Path(folder))
        environment = {
            **os.environ,
            "VISDL_PORT": str(port),
            "VISDL_DATA_DIR": folder,
            "VISDL_LOG_LEVEL": "warning",
            **{f"VISDL_{name.upper()}": str(value) for name, value in settings.items()},
        }
        process = subprocess.Popen([sys.executable, ROOT / "backend" / "run.py"], env=environment)
        try:
            with httpx.Client(
                base_url=f"http://127.0.0.1:{port}/api", timeout=60, trust_env=False
            ) as client:
                wait_for(lambda: answers(client))
                time.sleep(5)  # the forkserver warms up
                yield Served(
                    client, f"ws://127.0.0.1:{port}", psutil.Process(process.pid), Path(folder)
                )
        finally:
            process.terminate()
            process.wait(30)


def answers(client: httpx.Client) -> bool:
    with contextlib.suppress(httpx.HTTPError):
        return client.get("/health").status_code == 200
    return False


def wait_for(condition: Callable[[], bool]) -> float:
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
