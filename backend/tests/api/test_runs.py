"""Runs by REST: start, follow, steer, fetch, predict."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
import torch
from safetensors.torch import load

from ..conftest import run_server
from .helpers import error, start_run, training_graph, until, upload

LONG = 1_000_000


def get(client, run, **params):
    return client.get(f"/api/runs/{run['id']}", params=params).json()


def state(client, run):
    return get(client, run)["state"]


def command(client, run, name):
    return client.post(f"/api/runs/{run['id']}/{name}")


def trains(client, run):
    until(lambda: get(client, run)["progress"]["step"] > 0)


@pytest.fixture(scope="module")
def finished(server):
    run = start_run(server.client, epochs=3)
    assert run["state"] == "queued"
    return get(server.client, run, wait=60)


@pytest.fixture
def long_run(client):
    run = start_run(client, epochs=LONG)
    yield run
    if state(client, run) not in ("stopped", "failed"):
        command(client, run, "stop")
        get(client, run, wait=60)


def test_a_run_trains_to_its_end_with_a_complete_record(finished):
    assert finished["state"] == "completed", finished["error"]
    assert finished["progress"]["epoch"] == finished["progress"]["epochs"] == 3
    assert finished["metrics"]["val_loss"].keys() == {"last", "best", "best_epoch", "direction"}
    assert (finished["device"], finished["parameters"], finished["seed"]) == ("cpu", 33, 0)
    assert finished["versions"].keys() == {"visdl", "python", "torch"}
    assert finished["started"] >= finished["created"]
    assert finished["ended"] >= finished["started"]
    assert [use["name"] for use in finished["datasets"]] == ["table"]
    assert len(finished["datasets"][0]["sha256"]) == 64


def test_its_events_are_complete_and_in_order(client, finished):
    events = client.get(f"/api/runs/{finished['id']}/events").json()
    assert [event["seq"] for event in events] == list(range(1, finished["seq"] + 1))
    assert [event["state"] for event in events if event["type"] == "state"] == [
        "queued",
        "starting",
        "running",
        "completed",
    ]
    assert {"metrics", "progress", "node", "checkpoint", "artifact"} <= {
        event["type"] for event in events
    }
    assert (
        client.get(
            f"/api/runs/{finished['id']}/events", params={"after": finished["seq"] - 2}
        ).json()
        == events[-2:]
    )


def test_its_metrics_can_be_read_by_key_and_downsampled(client, finished):
    url = f"/api/runs/{finished['id']}/metrics"
    every = client.get(url).json()["series"]
    assert {"train_loss", "val_loss", "lr"} <= every.keys()
    assert [epoch for _, epoch, _ in every["train_loss"]] == [1, 2, 3]
    assert client.get(url, params={"keys": "val_loss, lr"}).json()["series"].keys() == {
        "val_loss",
        "lr",
    }
    assert every["val_loss"][-1][2] == finished["metrics"]["val_loss"]["last"]
    thin = client.get(url, params={"keys": "batch_loss", "max_points": 4}).json()
    assert len(thin["series"]["batch_loss"]) <= 4


def test_its_weights_load_in_plain_pytorch_and_predict_the_same(client, finished):
    weights = load(client.get(f"/api/runs/{finished['id']}/artifacts/weights.safetensors").content)
    model = torch.nn.Sequential()
    model.add_module("fc1", torch.nn.Linear(2, 8))
    model.add_module("relu", torch.nn.ReLU())
    model.add_module("fc2", torch.nn.Linear(8, 1))
    model.load_state_dict(weights)
    rows = [{"a": 3.0, "b": 21.0}, {"a": 0.5, "b": 1.0}]
    answer = client.post(f"/api/runs/{finished['id']}/predict", json={"rows": rows}).json()
    assert answer["columns"] == ["y"]
    with torch.no_grad():
        expected = model(torch.tensor([[3.0, 21.0], [0.5, 1.0]])).flatten()
    np.testing.assert_allclose(answer["predictions"], expected, rtol=1e-6)
    whole = client.post(f"/api/runs/{finished['id']}/predict", json={"dataset": "table"}).json()
    assert len(whole["predictions"]) == 40


def test_every_artifact_on_the_list_can_be_fetched_as_an_attachment(client, finished):
    listed = client.get(f"/api/runs/{finished['id']}/artifacts").json()
    names = {item["name"] for item in listed}
    assert {"graph.json", "weights.safetensors", "encoding.json", "report.json"} <= names
    assert "predictions.parquet" in names
    for item in listed:
        answer = client.get(f"/api/runs/{finished['id']}/artifacts/{item['name']}")
        assert len(answer.content) == item["bytes"]
        assert answer.headers["content-disposition"].startswith("attachment")
        assert answer.headers["content-type"].startswith(item["media_type"])
    graph = client.get(f"/api/runs/{finished['id']}/artifacts/graph.json").json()
    assert graph["nodes"] == client.get(f"/api/runs/{finished['id']}/graph").json()["nodes"]


@pytest.mark.parametrize(
    "name", ["..%2f..%2fvisdl.db", "%2e%2e", "..%5cvisdl.db", "nothing", ".hidden", "%00"]
)
def test_an_artifact_is_never_a_path(client, finished, name):
    assert client.get(f"/api/runs/{finished['id']}/artifacts/{name}").status_code == 404


def test_the_same_run_twice_gives_the_same_numbers_and_another_seed_others(client, finished):
    again = get(client, start_run(client, epochs=3), wait=60)
    assert again["metrics"] == finished["metrics"]
    body = {"graph": training_graph(epochs=3), "seed": 1, "name": "Other seed", "tags": ["seeded"]}
    other = get(client, client.post("/api/runs", json=body).json(), wait=60)
    assert (other["name"], other["tags"], other["seed"]) == ("Other seed", ["seeded"], 1)
    assert other["metrics"]["train_loss"] != finished["metrics"]["train_loss"]


def test_a_stored_graph_is_run_by_its_id(client, finished):
    stored = client.post("/api/graphs", json=training_graph(epochs=1)).json()
    run = client.post("/api/runs", json={"graph_id": stored["id"]}).json()
    assert (run["graph_id"], run["graph_name"]) == (stored["id"], "Test")
    assert get(client, run, wait=60)["state"] == "completed"


def test_pause_resume_and_stop_are_acknowledged_and_twice_is_fine(client, long_run):
    trains(client, long_run)
    for _ in range(2):
        assert command(client, long_run, "pause").json()["state"] == "paused"
    step = get(client, long_run)["progress"]["step"]
    assert get(client, long_run, wait=0.2)["progress"]["step"] == step
    for _ in range(2):
        assert command(client, long_run, "resume").json()["state"] == "running"
    until(lambda: get(client, long_run)["progress"]["step"] > step)
    for _ in range(2):
        assert command(client, long_run, "stop").json()["state"] in ("stopping", "stopped")
    ended = get(client, long_run, wait=60)
    assert ended["state"] == "stopped"
    assert "weights.safetensors" in {
        item["name"] for item in client.get(f"/api/runs/{long_run['id']}/artifacts").json()
    }


def test_stop_is_received_at_any_moment_of_a_start(client):
    for _ in range(5):
        run = start_run(client, epochs=LONG)
        answer = command(client, run, "stop")
        assert answer.status_code == 200, answer.text
        assert get(client, run, wait=60)["state"] == "stopped"


@pytest.mark.parametrize("name", ["pause", "resume"])
def test_what_has_ended_cannot_be_steered(client, finished, name):
    record = error(command(client, finished, name), 409)
    assert (record["state"], record["allowed"]) == ("completed", [])
    assert "completed" in record["message"]


def test_a_run_that_trains_can_not_be_deleted_nor_its_table(client, long_run):
    trains(client, long_run)
    error(client.delete(f"/api/runs/{long_run['id']}"), 409)
    dataset = get(client, long_run)["datasets"][0]["id"]
    assert "used by the run" in error(client.delete(f"/api/datasets/{dataset}"), 409)["message"]


def test_a_deleted_run_is_gone_with_its_files(server):
    client = server.client
    run = get(client, start_run(client, epochs=1), wait=60)
    folder = server.services.data_dir / "runs" / run["id"]
    assert folder.is_dir()
    assert client.delete(f"/api/runs/{run['id']}").status_code == 204
    assert not folder.exists()
    error(client.get(f"/api/runs/{run['id']}"), 404)


def test_a_run_is_renamed_and_tagged(client, finished):
    patch = {"name": "Baseline", "tags": ["kept"]}
    assert client.patch(f"/api/runs/{finished['id']}", json=patch).json()["name"] == "Baseline"
    found = client.get("/api/runs", params={"search": "kept"})
    assert [run["id"] for run in found.json()] == [finished["id"]]
    assert found.headers["x-total-count"] == "1"
    assert (
        error(client.patch(f"/api/runs/{finished['id']}", json={"state": "failed"}), 422)["field"]
        == "state"
    )


def test_a_graph_that_cannot_train_is_refused_with_the_whole_report(client, finished):
    graph = training_graph()
    graph["edges"] = [edge for edge in graph["edges"] if edge["target_input"] != "loss_fn"]
    record = error(client.post("/api/runs", json={"graph": graph}), 422)
    assert not record["report"]["valid"]
    assert [
        (d["node"], d["port"]) for d in record["report"]["diagnostics"] if d["severity"] == "error"
    ] == [("train", "loss_fn")]


@pytest.mark.parametrize("body", [{}, {"graph": {}, "graph_id": "x"}])
def test_a_run_needs_one_graph(client, body):
    assert error(client.post("/api/runs", json=body), 422)["field"] == "graph"


def test_a_run_that_diverges_fails_alone_and_names_the_step(client, finished):
    graph = training_graph(epochs=3)
    next(node for node in graph["nodes"] if node["id"] == "opt").update(
        type="SGD", params={"lr": 1e30}
    )
    run = get(client, client.post("/api/runs", json={"graph": graph}).json(), wait=60)
    assert run["state"] == "failed"
    assert "step" in run["error"]["message"]
    text = client.get(f"/api/runs/{run['id']}/metrics").text
    assert "NaN" not in text
    assert "Infinity" not in text


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "rows"),
        ({"rows": [{"a": 1}]}, "rows"),
        ({"rows": [{"a": 1, "b": "x"}]}, "rows"),
        ({"rows": [], "dataset": "table"}, "rows"),
    ],
)
def test_rows_that_cannot_be_predicted_are_named(client, finished, body, field):
    assert (
        error(client.post(f"/api/runs/{finished['id']}/predict", json=body), 422)["field"] == field
    )


def test_a_prediction_that_takes_too_long_is_ended_with_a_sentence(server, finished, monkeypatch):
    monkeypatch.setattr(server.services.predictor, "_seconds", 0.001)
    answer = server.client.post(f"/api/runs/{finished['id']}/predict", json={"rows": []})
    record = error(answer, 422)
    assert record["message"] == "The prediction took longer than 0.001 s and was ended."
    assert "VISDL_PREDICT_SECONDS" in record["hint"]


def test_no_rows_give_no_predictions(client, finished):
    assert (
        client.post(f"/api/runs/{finished['id']}/predict", json={"rows": []}).json()["predictions"]
        == []
    )


def test_a_classifier_by_rest_gives_labels_and_probabilities(client):
    rows = b"a,b,y\n" + b"".join(
        b"%d,%d,%s\n" % (i % 2, i % 5, [b"no", b"yes"][i % 2]) for i in range(60)
    )
    upload(client, rows, "classes")
    graph = training_graph(epochs=30)
    for node in graph["nodes"]:
        if node["id"] == "csv":
            node["params"]["file"] = "classes"
        if node["id"] == "fc2":
            node["params"]["out_features"] = 2
        if node["id"] == "loss":
            node["type"] = "CrossEntropyLoss"
    run = get(client, client.post("/api/runs", json={"graph": graph}).json(), wait=60)
    assert run["state"] == "completed", run["error"]
    assert run["metrics"]["val_accuracy"]["best"] == 1
    answer = client.post(
        f"/api/runs/{run['id']}/predict", json={"rows": [{"a": 1, "b": 2}, {"a": 0, "b": 2}]}
    ).json()
    assert answer["predictions"] == ["yes", "no"]
    assert answer["classes"] == ["no", "yes"]
    assert all(math.isclose(sum(row), 1, rel_tol=1e-5) for row in answer["probabilities"])


def test_everything_is_there_after_a_restart(tmp_path):
    with run_server(tmp_path) as server:
        run = get(server.client, start_run(server.client, epochs=2), wait=60)
        seen = [server.client.get(path).text for path in _paths(run)]
    with run_server(tmp_path) as server:
        assert [server.client.get(path).text for path in _paths(run)] == seen
    assert json.loads(seen[0])["state"] == "completed"


def _paths(run):
    base = f"/api/runs/{run['id']}"
    return [
        base,
        f"{base}/events",
        f"{base}/metrics",
        f"{base}/artifacts",
        f"{base}/graph",
        "/api/datasets",
        "/api/graphs",
        "/api/runs",
    ]


def test_the_queue_shows_who_has_a_slot_and_who_is_next_and_why(client, long_run):
    trains(client, long_run)
    second, third = (start_run(client, epochs=1) for _ in range(2))
    queue = client.get("/api/queue").json()
    assert queue["devices"] == [{"device": "cpu", "slots": 1, "runs": [long_run["id"]]}]
    assert [(one["run"], one["position"]) for one in queue["waiting"]] == [
        (second["id"], 1),
        (third["id"], 2),
    ]
    assert queue["waiting"][0]["reason"] == "Waiting for a free slot (cpu: 1 of 1 in use)."
    assert queue["names"] == {run["id"]: run["name"] for run in (long_run, second, third)}
    assert client.post(f"/api/runs/{third['id']}/prioritize").status_code == 200
    assert [one["run"] for one in client.get("/api/queue").json()["waiting"]] == [
        third["id"],
        second["id"],
    ]
    error(client.post(f"/api/runs/{long_run['id']}/prioritize"), 409)
    for run in (second, third):
        command(client, run, "stop")


def test_many_runs_are_deleted_at_once_and_those_that_cannot_be_are_named(
    client, long_run, finished
):
    gone = [start_run(client, epochs=1) for _ in range(3)]
    for run in gone:
        command(client, run, "stop")
    ids = [run["id"] for run in gone]
    answer = client.post(
        "/api/runs/delete", json={"ids": [*ids, long_run["id"], "nothing", ids[0]]}
    ).json()
    assert answer["deleted"] == ids
    assert answer["kept"].keys() == {long_run["id"], "nothing"}
    assert answer["kept"]["nothing"] == "There is no run 'nothing'."
    assert state(client, finished) == "completed"


def test_runs_are_starred_noted_and_filtered(client, finished):
    patch = {"starred": True, "note": "Keep this one", "tags": ["paper"]}
    answer = client.patch(f"/api/runs/{finished['id']}", json=patch).json()
    assert patch.items() <= answer.items()
    for query in (
        {"tag": "paper"},
        {"starred": True},
        {"search": "keep this"},
        {"state": ["completed"], "tag": "paper"},
    ):
        answer = client.get("/api/runs", params=query)
        assert [run["id"] for run in answer.json()] == [finished["id"]], query
        assert answer.headers["X-Total-Count"] == "1"
    dataset = finished["datasets"][0]["id"]
    assert finished["id"] in [
        run["id"] for run in client.get("/api/runs", params={"dataset": dataset}).json()
    ]
    assert client.get("/api/runs", params={"graph": "none"}).json() == []


def test_many_runs_are_described_at_once_and_listed_by_their_descriptions(client, finished):
    runs = [finished["id"], start_run(client, epochs=1)["id"]]
    get(client, {"id": runs[1]}, wait=60)
    body = {"ids": [*runs, "nothing"], "starred": True, "add_tags": [" bulk "]}
    answer = client.patch("/api/runs", json=body).json()
    assert answer == {"patched": runs, "kept": {"nothing": "There is no run 'nothing'."}}
    assert client.get("/api/runs/ids", params={"tag": "bulk", "starred": True}).json() == runs[::-1]
    facets = client.get("/api/runs/facets").json()
    assert {"value": "bulk", "name": "bulk", "runs": 2} in facets["tags"]
    assert "table" in [one["name"] for one in facets["datasets"]]
    shortest = {"tag": "bulk", "sort": "duration", "order": "asc", "limit": 1}
    first = client.get("/api/runs", params=shortest)
    assert first.headers["X-Total-Count"] == "2"
    times = [get(client, {"id": run})["duration"] for run in runs]
    assert first.json()[0]["duration"] == min(times)
    client.patch("/api/runs", json={"ids": runs, "remove_tags": ["bulk"], "starred": False})
    assert client.get("/api/runs/ids", params={"tag": "bulk"}).json() == []


@pytest.mark.parametrize("path", ["/api/runs", "/api/runs/ids"])
def test_an_order_that_there_is_not_is_refused_with_those_that_there_are(client, path):
    record = error(client.get(path, params={"sort": "colour"}), 422)
    assert record["message"] == "Runs cannot be sorted by 'colour'."
    assert "created, name" in record["hint"]
    assert record["field"] == "sort"


@pytest.mark.parametrize("tags", [[""], ["x" * 201], ["x"] * 51])
def test_tags_that_could_not_be_filtered_by_are_refused(client, finished, tags):
    error(client.patch(f"/api/runs/{finished['id']}", json={"tags": tags}), 422)
    error(client.patch("/api/runs", json={"ids": [finished["id"]], "add_tags": tags}), 422)


def test_a_dry_run_returns_what_would_be_deleted(client, long_run, finished):
    trains(client, long_run)
    body = {"ids": [finished["id"], long_run["id"]], "dry_run": True}
    answer = client.post("/api/runs/delete", json=body).json()
    assert answer["deleted"] == [finished["id"]]
    assert answer["kept"] == {long_run["id"]: f"'{long_run['name']}' is running."}
    assert state(client, finished) == "completed"


def test_a_missing_dataset_is_reported_at_its_node(client):
    graph = training_graph()
    next(node for node in graph["nodes"] if node["id"] == "csv")["params"]["file"] = "gone.csv"
    report = error(client.post("/api/runs", json={"graph": graph}), 422)["report"]
    assert report["diagnostics"][0]["node"] == "csv"
    assert "gone.csv" in report["diagnostics"][0]["message"]
