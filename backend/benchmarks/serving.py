"""A real server for benchmarks, in its own process, on a free port and an empty data folder."""

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
    """A running server: client (paths below /api), address of its sockets, process and folder."""

    client: httpx.Client
    sockets: str
    process: psutil.Process
    folder: Path


@contextlib.contextmanager
def server(prepare: Callable[[Path], object] | None = None, **settings: object) -> Iterator[Served]:
    """Serve with these settings on a folder that `prepare` fills; delete it afterwards."""
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
                wait_for(lambda: is_healthy(client))
                time.sleep(5)  # the launcher warms up
                yield Served(
                    client, f"ws://127.0.0.1:{port}", psutil.Process(process.pid), Path(folder)
                )
        finally:
            process.terminate()
            process.wait(30)


def is_healthy(client: httpx.Client) -> bool:
    with contextlib.suppress(httpx.HTTPError):
        return client.get("/health").status_code == 200
    return False


def wait_for(condition: Callable[[], bool]) -> float:
    """Wait until the condition holds; return the seconds."""
    start = time.perf_counter()
    while not condition():
        if time.perf_counter() - start > 60:
            raise TimeoutError("the condition did not hold within 60 s")
        time.sleep(0.002)
    return time.perf_counter() - start


def sample_graph(client: httpx.Client, epochs: int) -> dict:
    graph = client.get(f"/graphs/{client.get('/graphs').json()[0]['id']}").json()["graph"]
    for node in graph["nodes"]:
        if node["type"] == "TrainingLoop":
            node["params"]["epochs"] = epochs
    return graph


def start_run(client: httpx.Client, graph: dict) -> str:
    return client.post("/runs", json={"graph": graph}).raise_for_status().json()["id"]


def has_stepped(client: httpx.Client, run: str) -> bool:
    events = client.get(f"/runs/{run}/events").json()
    return any(event["type"] in ("metrics", "progress") for event in events)


def stop_run(client: httpx.Client, run: str) -> tuple[float, float]:
    """Stop a run; return the milliseconds to the response and to the end of the run."""
    begin = time.perf_counter()
    client.post(f"/runs/{run}/stop").raise_for_status()
    answered = time.perf_counter() - begin
    wait_for(lambda: client.get(f"/runs/{run}").json()["state"] in ENDED)
    return 1000 * answered, 1000 * (time.perf_counter() - begin)
