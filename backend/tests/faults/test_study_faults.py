"""A server killed in the middle of a study: the table is that of a study without a fault."""

from __future__ import annotations

import random
import time

import pytest

from ..api.helpers import until
from ..studies.test_studies import begin, finished, get
from ..support.strength import count
from ..test_server_process import serving

pytestmark = pytest.mark.integration

EPOCHS = 120


def check_study_kills(tmp_path, kills: int, seeds: int, seed: int) -> dict[str, int]:
    rng, study = random.Random(seed), None
    selected = list(range(seeds))
    for _ in range(kills):
        with serving(tmp_path) as (process, client):
            study = study or begin(client, seeds=selected, epochs=EPOCHS)
            time.sleep(rng.uniform(0, 1.5))
            process.kill()
    with serving(tmp_path) as (_, client):
        results = finished(client, study, seconds=1200)
        cells = get(client, study, "/cells")
        mine = [
            run
            for run in client.get("/api/runs", params={"limit": 1000}).json()
            if run["study"] == study["id"]
        ]
        assert sorted(run["id"] for run in mine) == sorted(cell["run"] for cell in cells)
        assert {run["state"] for run in mine} == {"completed"}
        again = begin(client, seeds=selected, epochs=EPOCHS)
        peaceful = finished(client, again, seconds=1200)
    different = [
        (row["label"], seed)
        for row, same in zip(results["variants"], peaceful["variants"], strict=True)
        for seed, value in row["values"].items()
        if value != same["values"][seed]
    ]
    assert different == []
    return {
        "kills": kills,
        "runs": len(cells),
        "lost": 3 * seeds - len(cells),
        "different values": 0,
    }


@pytest.mark.timeout(300)
def test_a_study_survives_the_server_being_killed(tmp_path):
    check_study_kills(tmp_path, kills=count(gate=1, full=2), seeds=2, seed=1)


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_a_study_survives_twenty_kills(tmp_path, fault_report):
    fault_report["server killed in a study"] = check_study_kills(
        tmp_path, kills=20, seeds=10, seed=2
    )


@pytest.mark.timeout(300)
def test_a_seed_batch_continues_after_the_server_was_killed(tmp_path):
    selected = {
        "seeds": [0, 1, 2, 3],
        "epochs": count(gate=200, full=1500),
        "batch_seeds": True,
        "strategy": {"kind": "leave_one_out", "nodes": ["relu"]},
    }
    with serving(tmp_path) as (process, client):
        study = begin(client, **selected)
        until(
            lambda: (
                client.get(f"/api/runs/{get(client, study, '/cells')[0]['run']}").json()[
                    "progress"
                ]["epoch"]
                > 100
            )
        )
        process.kill()
    with serving(tmp_path) as (_, client):
        results = finished(client, study, seconds=200)
        assert get(client, study)["counts"]["completed"] == 8
        peaceful = finished(client, begin(client, **selected), seconds=200)
    for row, same in zip(results["variants"], peaceful["variants"], strict=True):
        assert row["values"] == same["values"]
