"""Killed servers and clients that send all commands at once: nothing is lost, states are legal."""

from __future__ import annotations

import itertools
import random
import sqlite3
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import psutil
import pytest

from ..api.helpers import bring_table, start_run, training_graph, until
from ..conftest import run_server
from ..support.strength import count
from ..test_server_process import serving

pytestmark = pytest.mark.integration

LONG = 1_000_000


def check_server_kills(tmp_path, kills: int, seed: int) -> dict[str, int]:
    """Kill the server again and again at random moments of a run that continues on its own."""
    rng, run, acknowledged = random.Random(seed), None, []
    done = {"kills": 0, "orphans": 0, "lost writes": 0, "holes in the curve": 0}
    for number in range(kills + 1):
        with serving(tmp_path, AUTO_RESUME="true") as (process, client):
            known = {
                graph["id"] for graph in client.get("/api/graphs", params={"limit": 1000}).json()
            }
            done["lost writes"] += len(set(acknowledged) - known)
            run = run or start_run(client, epochs=LONG)
            url = f"/api/runs/{run['id']}"
            step = client.get(url).json()["progress"]["step"]
            until(lambda: client.get(url).json()["progress"]["step"] > step)  # noqa: B023
            if number == kills:
                break
            for _ in range(rng.randint(0, 3)):
                answer = client.post(
                    "/api/graphs", json={**training_graph(), "name": f"Graph {number}"}
                )
                acknowledged.append(answer.json()["id"])
            time.sleep(rng.uniform(0, 0.5))
            family = psutil.Process(process.pid).children(recursive=True)
            process.kill()
            done["kills"] += 1
            done["orphans"] += len(psutil.wait_procs(family, timeout=30)[1])
        with sqlite3.connect(tmp_path / "visdl.db") as db:
            assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        db.close()
    with serving(tmp_path) as (_, client):
        record = client.get(url).json()
        assert record["state"] == "interrupted"
        client.post(f"{url}/stop")
        steps = [at for at, _, _ in client.get(f"{url}/metrics").json()["series"]["batch_loss"]]
        done["holes in the curve"] += sum(b != a + 1 for a, b in itertools.pairwise(steps))
        assert steps[0] == 1
        seqs = []
        while page := client.get(
            f"{url}/events", params={"after": len(seqs), "limit": 10_000}
        ).json():
            seqs += [event["seq"] for event in page]
        assert seqs == list(range(1, len(seqs) + 1))
    assert done == {"kills": kills, "orphans": 0, "lost writes": 0, "holes in the curve": 0}
    return done


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_server_that_is_killed_ten_times_loses_nothing(tmp_path):
    check_server_kills(tmp_path, 10, seed=1)


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_a_server_that_is_killed_a_hundred_times(tmp_path, fault_report):
    fault_report["server killed"] = check_server_kills(tmp_path, 100, seed=2)


def check_commands(tmp_path, sequences: int) -> dict[str, int]:
    """Eight threads that start, pause, resume, stop and delete whatever there is."""
    done = {"sequences": 0, "commands": 0, "refused": 0, "server errors": 0}
    lock = threading.Lock()
    with run_server(tmp_path / "data", concurrent_runs=2, pause_minutes=0.005) as server:
        bring_table(server.client)

        def sequence(seed: int) -> None:
            rng = random.Random(seed)
            with httpx.Client(
                base_url=server.client.base_url, timeout=120, trust_env=False
            ) as client:
                for _ in range(rng.randint(3, 8)):
                    runs = client.get("/api/runs", params={"limit": 20}).json()
                    if not runs or rng.random() < 0.25:
                        epochs = rng.choice([1, 20, LONG])
                        answer = client.post(
                            "/api/runs", json={"graph": training_graph(epochs=epochs), "seed": seed}
                        )
                    else:
                        run = rng.choice(runs)["id"]
                        match rng.choice(
                            ["pause", "resume", "stop", "stop", "delete", "prioritize", "rerun"]
                        ):
                            case "delete":
                                answer = client.delete(f"/api/runs/{run}")
                            case "rerun":
                                answer = client.post(f"/api/runs/{run}/rerun", json={})
                            case command:
                                answer = client.post(f"/api/runs/{run}/{command}")
                    with lock:
                        done["commands"] += 1
                        done["refused"] += answer.status_code in (404, 409)
                        done["server errors"] += answer.status_code not in (200, 201, 204, 404, 409)
            with lock:
                done["sequences"] += 1

        with ThreadPoolExecutor(8) as pool:
            list(pool.map(sequence, range(sequences)))
        workers = server.services.runs._pool.workers()
        assert (
            len({worker.run for worker in workers})
            == len(workers)
            <= 2
            + sum(server.services.store.run(worker.run).state == "stopping" for worker in workers)
        )
        settle(server.client)
    assert done["server errors"] == 0
    assert done["sequences"] == sequences
    return done


def settle(client: httpx.Client) -> None:
    """Every run comes to an end that it never leaves: none is stuck in a state between."""
    for run in client.get("/api/runs", params={"limit": 1000}).json():
        client.post(f"/api/runs/{run['id']}/stop")
    until(
        lambda: all(
            run["state"] in ("completed", "stopped", "failed")
            for run in client.get("/api/runs", params={"limit": 1000}).json()
        )
    )
    assert all(
        run["state"] != "failed" for run in client.get("/api/runs", params={"limit": 1000}).json()
    )


def test_eight_clients_that_ask_for_anything_leave_legal_states(tmp_path):
    check_commands(tmp_path, count(gate=25, full=100))


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_a_thousand_sequences_of_commands(tmp_path, fault_report):
    fault_report["commands at random"] = check_commands(tmp_path, 1000)
