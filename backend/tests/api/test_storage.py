"""The content of the data folder, and its clean-up, over REST: with runs that were really
trained.
"""

from __future__ import annotations

import time

import pytest

from visdl.models.storage import CleanRequest
from visdl.training.checkpoint import CheckpointFolder

from ..conftest import run_server
from .helpers import error, start_run, until

ALL = {"checkpoint_days": 0, "leftovers": True, "database": True}


def ended(client, run):
    record = client.get(f"/api/runs/{run['id']}", params={"wait": 60}).json()
    assert record["state"] in ("completed", "stopped"), record["error"]
    return record


def clean(client, **request):
    response = client.post("/api/storage/clean", json=request)
    assert response.status_code == 200, response.text
    return response.json()


def artifacts(client, run):
    return {one["name"] for one in client.get(f"/api/runs/{run['id']}/artifacts").json()}


def is_checkpoint(name):
    return name.startswith("checkpoint-")


def test_usage_is_reported_by_kind(client):
    run = ended(client, start_run(client))
    report = client.get("/api/storage").json()
    assert [one["kind"] for one in report["kinds"]] == [
        "database", "backups", "datasets", "checkpoints", "artifacts", "leftovers", "other",
    ]  # fmt: skip
    kinds = {one["kind"]: one for one in report["kinds"]}
    assert all(
        kinds[kind]["bytes"] > 0 for kind in ("database", "datasets", "checkpoints", "artifacts")
    )
    assert 0 < report["disk_free"] < report["disk_total"]
    assert report["keep_checkpoint_days"] == 0
    [largest] = [one for one in report["runs"] if one["id"] == run["id"]]
    assert (largest["name"], largest["state"], largest["starred"]) == (
        run["name"],
        "completed",
        False,
    )
    assert largest["bytes"] > largest["checkpoint_bytes"] > 0


def test_backups_are_counted_and_shown(server):
    before = server.client.get("/api/storage").json()["backups"]
    assert before == {"keep": 3, "count": 0, "bytes": 0, "newest": None, "problem": None}
    made = server.services.store.backup()
    server.services.storage._last = None  # a report is two seconds old at most
    report = server.client.get("/api/storage").json()
    assert report["backups"] == {
        "keep": 3,
        "count": 1,
        "bytes": made.bytes,
        "newest": pytest.approx(time.time(), abs=60),
        "problem": None,
    }
    assert {one["kind"]: one["bytes"] for one in report["kinds"]}["backups"] == made.bytes


def test_the_machine_reports_the_size_of_its_disk(client):
    stats = client.get("/api/system").json()
    assert 0 < stats["disk_free"] < stats["disk_total"]


def test_a_cleaned_run_has_all_but_its_checkpoints_and_states_why_it_cannot_be_extended(client):
    run = ended(client, start_run(client))
    starred = ended(client, start_run(client))
    client.patch(f"/api/runs/{starred['id']}", json={"starred": True})
    before = artifacts(client, run)
    planned = clean(client, checkpoint_days=0)
    assert run["id"] in [one["id"] for one in planned["runs"]]
    assert artifacts(client, run) == before
    done = clean(client, checkpoint_days=0, dry_run=False)
    assert done == {**planned, "dry_run": False}
    assert artifacts(client, run) == {name for name in before if not is_checkpoint(name)}
    assert artifacts(client, starred) == before
    refused = error(client.post(f"/api/runs/{run['id']}/extend", json={"epochs": 1}), 409)
    assert "has no checkpoint" in refused["message"]
    assert "clean-up" in refused["message"]
    assert "Rerun it" in refused["hint"]
    rows = [{"a": 1, "b": 2}]
    assert client.post(f"/api/runs/{run['id']}/predict", json={"rows": rows}).status_code == 200
    ended(client, client.post(f"/api/runs/{run['id']}/rerun", json={}).json())
    client.delete(f"/api/runs/{starred['id']}")


def test_a_run_that_extends_another_loses_nothing_when_that_is_cleaned(client):
    first = ended(client, start_run(client))
    more = client.post(f"/api/runs/{first['id']}/extend", json={"epochs": 900_000}).json()
    until(lambda: client.get(f"/api/runs/{more['id']}").json()["state"] == "running")
    client.post(f"/api/runs/{more['id']}/pause")
    clean(client, **ALL, dry_run=False)
    assert any(map(is_checkpoint, artifacts(client, more)))
    assert client.post(f"/api/runs/{more['id']}/resume").json()["state"] == "running"
    client.post(f"/api/runs/{more['id']}/stop")
    ended(client, more)


def test_a_run_that_is_cleaned_while_another_is_made_of_it_leaves_no_half_of_one(
    server, client, monkeypatch
):
    run = ended(client, start_run(client))
    newest = CheckpointFolder.newest

    def cleaned_a_moment_later(folder, *given):
        found = newest(folder, *given)
        server.services.storage.clean(CleanRequest(dry_run=False, checkpoint_days=0))
        return found

    folders = set((server.services.data_dir / "runs").iterdir())
    monkeypatch.setattr(CheckpointFolder, "newest", cleaned_a_moment_later)
    refused = error(client.post(f"/api/runs/{run['id']}/extend", json={"epochs": 1}), 409)
    assert "has no checkpoint" in refused["message"]
    assert set((server.services.data_dir / "runs").iterdir()) == folders


def test_a_clean_up_beside_a_training_harms_it_not(client):
    run = start_run(client, epochs=1_000_000)
    until(lambda: client.get(f"/api/runs/{run['id']}").json()["progress"]["epoch"] > 0)
    for _ in range(5):
        assert clean(client, **ALL, dry_run=False)["problems"] == []
    at = client.get(f"/api/runs/{run['id']}").json()["progress"]["step"]
    until(lambda: client.get(f"/api/runs/{run['id']}").json()["progress"]["step"] > at)
    client.post(f"/api/runs/{run['id']}/stop")
    record = ended(client, run)
    events = client.get(f"/api/runs/{run['id']}/events", params={"limit": 10_000}).json()
    assert [event["seq"] for event in events] == list(range(1, record["seq"] + 1))[:10_000]


def test_without_a_word_nothing_is_removed(client):
    run = ended(client, start_run(client))
    before = artifacts(client, run)
    assert clean(client)["dry_run"] is True
    assert clean(client, **ALL)["runs"] != []
    assert clean(client, dry_run=False)["runs"] == []
    assert artifacts(client, run) == before


@pytest.mark.parametrize(
    "body",
    [
        {"checkpoint_days": -1},
        {"checkpoint_days": 1e9},
        {"checkpoint_days": "soon"},
        {"leftovers": "some"},
        {"paths": ["../../etc/passwd"]},
        {"runs": ["../x"]},
    ],
)
def test_what_makes_no_sense_is_refused(client, body):
    assert error(client.post("/api/storage/clean", json=body), 422)["field"] == next(iter(body))


def test_the_setting_is_applied_when_the_server_starts(tmp_path):
    with run_server(tmp_path) as server:
        old, new = (ended(server.client, start_run(server.client)) for _ in range(2))
        server.services.store.patch_run(old["id"], ended=time.time() - 3 * 86_400)
        there = artifacts(server.client, new)
    with run_server(tmp_path, keep_checkpoint_days=2) as server:
        until(lambda: not any(map(is_checkpoint, artifacts(server.client, old))))
        assert artifacts(server.client, new) == there
        assert server.client.get("/api/storage").json()["keep_checkpoint_days"] == 2
