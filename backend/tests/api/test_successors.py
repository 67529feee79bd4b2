"""Runs made from runs: reruns, more epochs, other weights; and the origin that files record."""

from __future__ import annotations

import hashlib
import json
import zipfile
from io import BytesIO

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load

from visdl.runs import factory

from ..support.runs import assert_equal_weights
from .helpers import bring_table, error, start_run, training_graph, until, upload

LONG = 1_000_000
NODE = '''"""A custom operation."""
from visdl.nodes import BaseNode, DataType, InputSpec, NodeRegistry, OutputSpec

@NodeRegistry.register("Doubled")
class Doubled(BaseNode):
    """Twice as much."""

    @classmethod
    def INPUT_TYPES(cls):
        return {"x": InputSpec(dtype=DataType.TENSOR, required=True)}

    @classmethod
    def RETURN_TYPES(cls):
        return [OutputSpec(dtype=DataType.TENSOR, name="output")]

    def execute(self, **kwargs):
        return (kwargs["x"] * 2,)
'''


def ended(client, run):
    record = client.get(f"/api/runs/{run['id']}", params={"wait": 60}).json()
    assert record["state"] in ("completed", "stopped"), record["error"]
    return record


def weights(client, run, name="weights.safetensors"):
    return load(client.get(f"/api/runs/{run['id']}/artifacts/{name}").content)


def series(client, run):
    return client.get(f"/api/runs/{run['id']}/metrics").json()["series"]


def logged(client, run):
    events = client.get(f"/api/runs/{run['id']}/events", params={"limit": 10_000}).json()
    return [event["message"] for event in events if event["type"] == "log"]


def post(client, run, what, status=201, **body):
    response = client.post(f"/api/runs/{run['id']}/{what}", json=body)
    assert response.status_code == status, response.text
    return response.json()


@pytest.fixture(scope="module")
def finished(server):
    return ended(server.client, start_run(server.client, epochs=3))


def test_a_rerun_gives_the_same_bits_on_the_same_data_though_a_newer_table_has_the_name(
    client, finished
):
    other = b"a,b,y\n" + b"".join(b"%d,1,2\n" % i for i in range(40))
    assert upload(client, other).status_code == 201
    again = ended(client, post(client, finished, "rerun"))
    assert (again["parent"], again["relation"], again["notices"]) == (finished["id"], "rerun", [])
    assert again["name"] == finished["name"]
    assert again["datasets"] == finished["datasets"]
    assert_equal_weights(weights(client, again), weights(client, finished))
    assert series(client, again) == series(client, finished)


def test_a_rerun_with_another_seed_is_another_run(client, finished):
    again = ended(client, post(client, finished, "rerun", seed=5, name="five"))
    assert (again["seed"], again["name"]) == (5, "five")
    assert series(client, again) != series(client, finished)


def test_a_rerun_states_what_has_changed(client, finished, monkeypatch):
    monkeypatch.setattr(factory, "versions", lambda: {**finished["versions"], "torch": "9.9"})
    again = post(client, finished, "rerun")
    assert again["notices"] == [f"PyTorch is 9.9; that run used {finished['versions']['torch']}."]
    ended(client, again)


def test_more_epochs_give_the_same_bits_as_if_they_had_been_asked_for_at_once(client, finished):
    more = post(client, finished, "extend", epochs=4)
    assert more["progress"]["epoch"] == 3
    more = ended(client, more)
    assert (more["parent"], more["relation"]) == (finished["id"], "extended")
    assert (more["progress"]["epoch"], more["progress"]["epochs"]) == (7, 7)
    graph = client.get(f"/api/runs/{finished['id']}/graph").json()
    csv = next(node for node in graph["nodes"] if node["id"] == "csv")
    csv["params"]["file"] = finished["datasets"][0]["id"]
    next(node for node in graph["nodes"] if node["id"] == "train")["params"]["epochs"] = 7
    whole = ended(client, client.post("/api/runs", json={"graph": graph}).json())
    assert_equal_weights(weights(client, more), weights(client, whole))
    assert series(client, more) == series(client, whole)
    assert more["metrics"] == whole["metrics"]


def test_a_stopped_run_is_extended_from_the_middle_of_its_epoch(client):
    run = start_run(client, epochs=LONG)
    until(lambda: client.get(f"/api/runs/{run['id']}").json()["progress"]["step"] > 0)
    client.post(f"/api/runs/{run['id']}/stop")
    stopped = ended(client, run)
    more = ended(client, post(client, run, "extend", epochs=2, name="two more"))
    assert more["name"] == "two more"
    assert more["progress"]["epoch"] == stopped["progress"]["epoch"] + 2
    steps = [step for step, _, _ in series(client, more)["batch_loss"]]
    assert steps == list(range(1, len(steps) + 1))


def test_what_has_not_ended_or_has_no_checkpoint_cannot_be_extended(client, server):
    run = start_run(client, epochs=LONG)
    assert (
        "Stop it first"
        in error(client.post(f"/api/runs/{run['id']}/extend", json={"epochs": 1}), 409)["hint"]
    )
    client.post(f"/api/runs/{run['id']}/stop")
    ended(client, run)
    for path in (server.services.data_dir / "runs" / run["id"]).glob("checkpoints/*"):
        path.unlink()
    assert (
        "no checkpoint"
        in error(client.post(f"/api/runs/{run['id']}/extend", json={"epochs": 1}), 409)["message"]
    )
    error(client.post("/api/runs/nothing/extend", json={"epochs": 1}), 404)
    error(client.post(f"/api/runs/{run['id']}/extend", json={"epochs": 0}), 422)


def test_a_warm_start_takes_what_fits_and_reports_what_did_not(client, finished):
    graph = training_graph(epochs=1)
    for node in graph["nodes"]:
        if node["id"] == "fc1":
            node["params"]["out_features"] = 5
        if node["id"] == "opt":
            node["params"]["lr"] = 0.0
    body = {"graph": graph, "weights_from": finished["id"]}
    run = ended(client, client.post("/api/runs", json=body).json())
    assert (run["parent"], run["relation"]) == (finished["id"], "weights")
    mine, theirs = weights(client, run), weights(client, finished)
    assert torch.equal(mine["fc2.bias"], theirs["fc2.bias"])
    lines = logged(client, run)
    assert f"Initialised 1 of 4 tensors from run {finished['id']}." in lines
    assert any(
        "fc1.weight (8 × 2 there, 5 × 2 here)" in line and "fc2.weight" in line for line in lines
    )


def test_a_warm_start_from_a_run_without_weights_is_refused(client):
    body = {"graph": training_graph(), "weights_from": "nothing"}
    error(client.post("/api/runs", json=body), 404)


@pytest.mark.parametrize("ending", ["safetensors", "pt", "pt2"])
def test_every_file_of_weights_states_its_origin(client, server, ending):
    graph = training_graph(epochs=1)
    graph["nodes"].append(
        {"id": "export", "type": "ModelExport", "params": {"name": "mine", "format": ending}}
    )
    wire = {
        "source": "train",
        "source_output": "result",
        "target": "export",
        "target_input": "training_result",
    }
    graph["edges"].append(wire)
    bring_table(client)
    run = ended(client, client.post("/api/runs", json={"graph": graph, "seed": 3}).json())
    folder = server.services.data_dir / "runs" / run["id"] / "artifacts"
    path = folder / f"mine.{ending}"
    if ending == "safetensors":
        with safe_open(path, "pt") as file:
            text = file.metadata()["visdl"]
        assert load(path.read_bytes()).keys() == weights(client, run).keys()
    elif ending == "pt":
        with zipfile.ZipFile(BytesIO(path.read_bytes())) as archive:
            text = archive.read("mine/visdl.json")
        assert_equal_weights(torch.load(path, weights_only=True), weights(client, run))
    else:
        extra = {"visdl.json": ""}
        torch.export.load(path, extra_files=extra)
        text = extra["visdl.json"]
    found = json.loads(text)
    assert found == json.loads((folder / "provenance.json").read_text())
    assert (found["run"], found["seed"], found["device"]) == (run["id"], 3, "cpu")
    assert found["datasets"][0]["sha256"] == run["datasets"][0]["sha256"]
    assert (found["split"]["train_rows"], found["split"]["val_rows"]) == (32, 8)
    assert found["versions"] == run["versions"]
    assert [node["id"] for node in found["graph"]["nodes"]] == [
        node["id"] for node in graph["nodes"]
    ]
    assert found["threads"] == run["threads"]


def test_the_code_of_custom_nodes_is_part_of_it(serve, tmp_path):
    nodes = tmp_path / "nodes"
    nodes.mkdir()
    (nodes / "doubled.py").write_text(NODE)
    running = serve(nodes_dir=nodes)
    client = running.client
    upload(client)
    graph = training_graph(epochs=1)
    graph["nodes"].append({"id": "twice", "type": "Doubled"})
    graph["edges"] = [
        {**edge, "source": "twice"} if edge["source"] == "fc2" else edge for edge in graph["edges"]
    ] + [{"source": "fc2", "source_output": "output", "target": "twice", "target_input": "x"}]
    run = ended(client, client.post("/api/runs", json={"graph": graph}).json())
    assert run["code"] == {"Doubled": hashlib.sha256(NODE.encode()).hexdigest()}
    provenance = client.get(f"/api/runs/{run['id']}/artifacts/provenance.json").json()
    assert provenance["code"] == run["code"]
    running.services.store.patch_run(run["id"], code={"Doubled": "of an earlier file"})
    again = post(client, run, "rerun")
    assert again["notices"] == ["The code of node type 'Doubled' has changed since that run."]
    ended(client, again)


def test_the_row_of_a_run_that_keeps_its_best_epoch_has_the_values_of_that_epoch(client):
    graph = training_graph(epochs=8, keep="best")
    next(node for node in graph["nodes"] if node["id"] == "opt")["params"]["lr"] = 1.0
    bring_table(client)
    run = ended(client, client.post("/api/runs", json={"graph": graph}).json())
    curves = series(client, run)
    epoch = run["metrics"]["val_loss"]["best_epoch"]
    assert epoch < 8
    for key in ("val_loss", "train_loss", "lr", "val_r2"):
        assert run["metrics"][key]["last"] == curves[key][epoch - 1][2]
    assert len(curves["val_loss"]) == 8
