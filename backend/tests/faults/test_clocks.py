"""A clock that is set while runs train: durations, speed and order come from what nobody sets."""

from __future__ import annotations

import itertools
import json
import os
import time

import pytest

from ..api.helpers import bring_table, training_graph, until
from ..conftest import run_server
from ..test_server_process import free_port, serving, start_error

pytestmark = pytest.mark.integration

DAY = 86_400
#: Loaded by server and workers: their clocks are off by the seconds that a file states. A node file
#: may not change the clock, so this one leaves it alone where it is tried.
CLOCK = """
import os
import time
from pathlib import Path

if not hasattr(time, "true_time") and os.getsid(0) == {session}:
    time.true_time = time.time
    time.time = lambda: time.true_time() + float(Path({path!r}).read_text())
"""


@pytest.fixture
def clock(tmp_path, monkeypatch):
    """The folder with the node file that falsifies clocks, and the file that states by how much."""
    monkeypatch.setattr(time, "time", time.time)  # put back at the end
    offset = tmp_path / "offset"
    offset.write_text("0")
    (tmp_path / "nodes").mkdir()
    (tmp_path / "nodes" / "clock.py").write_text(
        CLOCK.format(path=str(offset), session=os.getsid(0))
    )
    yield tmp_path / "nodes", offset
    vars(time).pop("true_time")


def test_runs_keep_duration_speed_and_order_when_the_clock_jumps_by_days(tmp_path, clock):
    folder, offset = clock
    began = time.monotonic()
    with run_server(tmp_path / "data", nodes_dir=folder, concurrent_runs=1) as server:
        client = server.client
        bring_table(client)

        def start(epochs: int) -> str:
            answer = client.post("/api/runs", json={"graph": training_graph(epochs=epochs)})
            assert answer.status_code == 201
            return answer.json()["id"]

        def record(run: str) -> dict:
            return client.get(f"/api/runs/{run}").json()

        def trains_on(run: str) -> None:
            step = record(run)["progress"]["step"]
            until(lambda: record(run)["progress"]["step"] > step)

        runs = [start(1_000_000)]
        trains_on(runs[0])
        for jump in (-DAY, DAY, -DAY):
            offset.write_text(str(jump))
            runs.append(start(2))
            trains_on(runs[0])
            progress = record(runs[0])["progress"]
            assert progress["samples_per_second"] > 0
            assert progress["seconds_left"] > 0
        assert [waiting["run"] for waiting in client.get("/api/queue").json()["waiting"]] == runs[
            1:
        ]
        client.post(f"/api/runs/{runs[0]}/stop")
        for run in runs:
            assert client.get(f"/api/runs/{run}", params={"wait": 60}).json()["state"] in (
                "stopped",
                "completed",
            )
        elapsed = time.monotonic() - began
        assert all(0 < record(run)["duration"] < elapsed for run in runs)
        assert [run["id"] for run in client.get("/api/runs").json()] == runs[::-1]
        page = server.services.store.encoded_events(None, 0, 100_000, 10**9)
        events = [json.loads(text) for _, text in page]
        begun = [event["run"] for event in events if event.get("state") == "running"]
        assert begun == runs
        for run in runs:
            page = client.get(f"/api/runs/{run}/events", params={"limit": 10_000}).json()
            assert all(b["seq"] == a["seq"] + 1 for a, b in itertools.pairwise(page))
        clean = {"checkpoint_days": 3, "leftovers": True}
        for jump in (-DAY, DAY):
            offset.write_text(str(jump))
            plan = client.post("/api/storage/clean", json=clean).json()
            assert plan["runs"] == []
            assert plan["leftover_bytes"] == 0


@pytest.mark.slow
def test_how_soon_a_server_that_cannot_start_reports_it(tmp_path, fault_report):
    """A figure for the report; that it is one clear line is tested with the program."""
    began = time.monotonic()
    with serving(tmp_path / "data") as (_, client):
        started = time.monotonic()
        assert str(client.base_url.port) in start_error(tmp_path / "other", client.base_url.port)
        port_taken = time.monotonic()
        assert str(tmp_path / "data") in start_error(tmp_path / "data", free_port())
        folder_taken = time.monotonic()
    fault_report["cannot start"] = {
        "ms to start": round(1000 * (started - began)),
        "ms with its port taken": round(1000 * (port_taken - started)),
        "ms with its folder taken": round(1000 * (folder_taken - port_taken)),
    }
