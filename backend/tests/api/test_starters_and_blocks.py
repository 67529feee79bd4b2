"""What a user begins with, by REST: starters, and blocks of the user's own."""

from __future__ import annotations

from .helpers import error

BLOCK = {
    "name": "Hidden",
    "nodes": [{"id": "fc", "type": "Linear", "params": {"out_features": 4}}],
    "edges": [],
    "inputs": {"input": [{"node": "fc", "port": "input"}]},
    "outputs": {"output": {"node": "fc", "port": "output"}},
    "params": {},
}


def test_the_gallery_lists_what_each_starter_is(client):
    found = client.get("/api/starters").json()
    assert [starter["id"] for starter in found][:2] == ["sample_regression", "mlp_classifier"]
    assert all(
        s["name"] and s["description"] and s["task"] and s["nodes"] and s["parameters"]
        for s in found
    )


def test_a_starter_opens_as_a_graph_with_its_data_and_is_valid(client):
    answer = client.post("/api/starters/lstm_classifier")
    assert answer.status_code == 201
    stored = answer.json()
    assert client.get(f"/api/graphs/{stored['id']}").json() == stored
    assert "waves.csv" in [record["name"] for record in client.get("/api/datasets").json()]
    report = client.post("/api/graphs/validate", json=stored["graph"]).json()
    assert report["valid"]
    assert report["diagnostics"] == []
    assert 0 < report["totals"]["memory"] < report["totals"]["memory_free"]


def test_opening_a_starter_twice_makes_two_graphs_and_its_data_once(client):
    first, second = (client.post("/api/starters/two_tower").json() for _ in range(2))
    assert first["id"] != second["id"]
    names = [record["name"] for record in client.get("/api/datasets").json()]
    assert names.count("pairs.csv") == 1


def test_a_starter_that_there_is_not_is_404_with_those_there_are(client):
    answer = client.post("/api/starters/nothing")
    assert "lenet5" in error(answer, 404)["hint"]


def test_a_block_is_kept_listed_and_deleted(client):
    answer = client.post(
        "/api/blocks", json={"name": "Mine", "block": "hidden", "blocks": {"hidden": BLOCK}}
    )
    assert answer.status_code == 201
    record = answer.json()
    assert record["name"] == "Mine"
    assert record["blocks"]["hidden"]["nodes"][0]["params"] == {"out_features": 4}
    assert record in client.get("/api/blocks").json()
    assert client.delete(f"/api/blocks/{record['id']}").status_code == 204
    assert record not in client.get("/api/blocks").json()
    assert client.delete(f"/api/blocks/{record['id']}").status_code == 404


def test_a_block_that_did_not_come_along_is_refused(client):
    answer = client.post(
        "/api/blocks", json={"name": "Mine", "block": "other", "blocks": {"hidden": BLOCK}}
    )
    assert "'other'" in error(answer, 422)["message"]
