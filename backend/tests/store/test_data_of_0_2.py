"""A data folder that version 0.2 wrote and whose server was killed opens, reads and trains today.

`data_0_2.zip` is that folder: real files of a real server, but only five runs have theirs.
Its runs completed, failed, were stopped, paused (and released), interrupted, or were training or
starting when the server was killed. Some rerun or continue another, or start with its weights.
One study is finished with batched seeds, one searched with Optuna, one reuses runs, one is paused.
"""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import httpx
import pytest
import torch

from ..api.helpers import until
from ..conftest import Serve, Server, run_server

FOLDER = Path(__file__).with_name("data_0_2.zip")
STATES = {
    "Paused": "paused",
    "Interrupted": "interrupted",
    "Killed": "interrupted",
    "Waiting": "interrupted",
    "Stopped": "stopped",
    "Failed": "failed",
}


def unpack(folder: Path) -> Path:
    with zipfile.ZipFile(FOLDER) as archive:
        archive.extractall(folder)
    return folder


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """A server on the folder, for tests that only read."""
    with run_server(unpack(tmp_path_factory.mktemp("data_0_2"))) as running:
        yield running


@pytest.fixture
def trained(tmp_path, serve: Serve) -> Server:
    """A server on a copy of the folder, for tests that train."""
    unpack(tmp_path / "data")
    return serve()


def get(client: httpx.Client, path: str, **params: Any) -> Any:
    answer = client.get(f"/api{path}", params=params)
    assert answer.status_code == 200, answer.text
    return answer.json()


def find(client: httpx.Client, name: str) -> Any:
    """The oldest run of this name."""
    return [run for run in get(client, "/runs", limit=100) if run["name"] == name][-1]


def post(client: httpx.Client, path: str, **body: Any) -> Any:
    answer = client.post(f"/api{path}", json=body)
    assert answer.status_code in (200, 201), answer.text
    return answer.json()


def ended(client: httpx.Client, run: dict[str, Any]) -> Any:
    return get(client, f"/runs/{run['id']}", wait=60)


def test_every_run_is_listed_with_its_state(client):
    runs = get(client, "/runs", limit=100)
    assert len(runs) == 24
    assert {run["name"]: run["state"] for run in runs if run["name"] in STATES} == STATES
    rest = [run["state"] for run in runs if run["name"] not in STATES]
    assert (rest.count("completed"), rest.count("paused")) == (16, 2)
    completed = find(client, "Completed")
    assert completed["note"] == "The first that went through"
    assert get(client, "/runs", tag="fixture", starred=True) == [completed]


def test_every_run_opens_with_its_graph_its_events_its_curves_and_its_artifacts(client):
    for run in get(client, "/runs", limit=100):
        path = f"/runs/{run['id']}"
        assert get(client, path) == run
        graph = get(client, f"{path}/graph")
        assert get(client, f"{path}/artifacts") is not None
        assert client.post("/api/graphs/validate", json=graph).json()["valid"], run["name"]
        events = get(client, f"{path}/events", limit=10_000)
        assert [event["seq"] for event in events] == list(range(1, run["seq"] + 1))
        series = get(client, f"{path}/metrics")["series"]
        for key, summary in run["metrics"].items():
            assert series[key][-1][2] == summary["last"]


def test_records_of_batches_and_of_recovery_are_nested_now(client):
    assert find(client, "Paused")["recovery"]["released"]
    assert not find(client, "Interrupted")["recovery"]["released"]
    assert find(client, "Completed")["batch"] is None
    batched = [run for run in get(client, "/runs", limit=100) if run["batch"]]
    assert [run["batch"]["size"] for run in batched] == [2, 2, *[3] * 6]
    assert all(run["batch"]["id"] and run["batch"]["speedup"] > 1.1 for run in batched)


def test_runs_that_were_batched_then_are_marked_as_not_bit_for_bit(client):
    batched = [run for run in get(client, "/runs", limit=100) if run["batch"]]
    assert not any(run["batch"]["exact"] for run in batched)
    [study] = [study for study in get(client, "/studies") if study["name"] == "What matters"]
    results = get(client, f"/studies/{study['id']}/results")
    assert [row["inexact"] for row in (results["baseline"], *results["variants"])] == [3, 3]
    [note] = [note for note in results["notes"] if "seed batch" in note]
    assert note.startswith("6 runs were trained in a seed batch by an earlier version of VisDL.")
    assert "6 runs were trained in batches of seeds" in results["methods"]


def test_what_a_run_was_made_from_is_still_known(client):
    completed = find(client, "Completed")
    successors = [
        run for run in get(client, "/runs", limit=100) if run["parent"] == completed["id"]
    ]
    assert {run["name"] for run in successors} == {
        "Completed",
        "Completed · 2 more epochs",
        "Another seed",
        "Warm",
    }
    assert all(run["relation"] for run in successors)


def test_a_failed_run_states_why(client):
    error = find(client, "Failed")["error"]
    assert (error["code"], error["node"]) == ("not_finite", "train")
    assert error["message"].startswith("The loss is inf at step 2")
    assert error["hint"]


def test_graphs_versions_drafts_and_blocks_open(client):
    graphs = {graph["name"]: graph for graph in get(client, "/graphs")}
    assert graphs.keys() == {
        "Sample regression",
        "Sample, longer",
        "Small network",
        "With blocks",
    }
    assert [graph["name"] for graph in get(client, "/graphs", deleted=True)] == ["Deleted"]
    sample = get(client, f"/graphs/{graphs['Sample, longer']['id']}")
    widths = [
        next(node for node in sample[which]["nodes"] if node["id"] == "fc1")["params"][
            "out_features"
        ]
        for which in ("graph", "draft")
    ]
    assert widths == [64, 32]
    versions = get(client, f"/graphs/{sample['id']}/versions")
    assert {version["version"]: version["label"] for version in versions} == {
        1: "As it came",
        2: "",
    }
    assert get(client, f"/graphs/{sample['id']}/versions/1")["name"] == "Sample regression"
    for graph in graphs.values():
        found = get(client, f"/graphs/{graph['id']}")
        report = client.post("/api/graphs/validate", json=found["graph"]).json()
        assert report["valid"], report["diagnostics"]
    [block] = get(client, "/blocks")
    assert (block["name"], list(block["blocks"])) == ("Residual", ["residual"])


def test_every_study_opens_with_its_results(client):
    studies = {study["name"]: study for study in get(client, "/studies")}
    assert {name: study["state"] for name, study in studies.items()} == {
        "What matters": "completed",
        "Searched": "completed",
        "Grid": "completed",
        "Half way": "paused",
    }
    for study in studies.values():
        path = f"/studies/{study['id']}"
        results = get(client, f"{path}/results")
        assert results["baseline"]["n"] == (
            0 if study["name"] == "Half way" else len(study["plan"]["seeds"])
        )
        assert len(get(client, f"{path}/cells")) >= 2
        assert get(client, f"{path}/curves")["variants"]
        assert get(client, f"{path}/graph")["nodes"]
        for kind in ("csv", "json"):
            assert client.get(f"/api{path}/export", params={"format": kind}).status_code == 200


def test_a_study_of_batched_seeds_has_its_table_note_and_labels(client):
    [study] = [study for study in get(client, "/studies") if study["name"] == "What matters"]
    assert study["note"] == "Read the table"
    results = get(client, f"/studies/{study['id']}/results")
    [variant] = results["variants"]
    assert variant["label"] == "Linear only"
    assert variant["pairs"] == 3
    assert variant["values"].keys() == {"0", "1", "2"}
    assert variant["verdict"]


@pytest.mark.parametrize("name", ["Interrupted", "Killed", "Paused"])
def test_a_run_that_was_under_way_resumes_from_its_checkpoint(trained, name):
    client = trained.client
    run = find(client, name)
    path = f"/runs/{run['id']}"
    names = [artifact["name"] for artifact in get(client, f"{path}/artifacts")]
    [checkpoint] = [name for name in names if name.startswith("checkpoint")]
    saved = int(checkpoint.removeprefix("checkpoint-").removesuffix(".pt"))
    post(client, f"{path}/resume")
    until(lambda: get(client, path)["progress"]["step"] > run["progress"]["step"] + 4)
    post(client, f"{path}/stop")
    assert ended(client, run)["state"] == "stopped"
    later = get(client, f"{path}/events", after=run["seq"], limit=10_000)
    warnings = [e["message"] for e in later if e["type"] == "log" and e["level"] != "info"]
    assert all("values may differ in the last digits" in text for text in warnings), later
    then, now = run["versions"]["torch"], str(torch.__version__)
    stated = [f"the PyTorch version is {now} instead of {then}" in text for text in warnings]
    assert any(stated) == (then != now), later
    steps = [event["progress"]["step"] for event in later if event["type"] == "progress"]
    assert steps == sorted(steps)
    assert steps[0] >= saved
    epochs = [point[1] for point in get(client, f"{path}/metrics")["series"]["train_loss"]]
    assert epochs == list(range(1, len(epochs) + 1))


def test_a_completed_run_is_repeated_extended_and_predicts(trained):
    client = trained.client
    run = find(client, "Completed")
    again = ended(client, post(client, f"/runs/{run['id']}/rerun"))
    assert again["state"] == "completed", again["error"]
    assert again["datasets"] == run["datasets"]
    assert not any("seed batch" in notice for notice in again["notices"])
    [batched, *_] = [run for run in get(client, "/runs", limit=100) if run["batch"]]
    again = ended(client, post(client, f"/runs/{batched['id']}/rerun"))
    assert again["batch"] is None
    assert any("trained that run in a seed batch" in notice for notice in again["notices"])
    more = ended(client, post(client, f"/runs/{run['id']}/extend", epochs=1))
    assert more["state"] == "completed", more["error"]
    assert more["progress"]["epoch"] == run["progress"]["epoch"] + 1
    warm = post(
        client, "/runs", graph=get(client, f"/runs/{run['id']}/graph"), weights_from=run["id"]
    )
    assert ended(client, warm)["state"] == "completed"
    rows = [{"a": 1, "b": 2}]
    assert len(post(client, f"/runs/{run['id']}/predict", rows=rows)["predictions"]) == 1


def test_a_paused_study_is_stopped_and_a_finished_one_takes_more_seeds(trained):
    client = trained.client
    studies = {study["name"]: study["id"] for study in get(client, "/studies")}
    post(client, f"/studies/{studies['Half way']}/stop")
    path = f"/studies/{studies['What matters']}"
    post(client, f"{path}/seeds", seeds=[5])
    until(lambda: get(client, path)["state"] == "completed")
    [variant] = get(client, f"{path}/results")["variants"]
    assert variant["pairs"] == 4
