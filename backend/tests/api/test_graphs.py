"""Graphs by REST: check, save as versions, refuse what is stale, keep drafts."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from .helpers import error, training_graph, upload

GRAPH = {
    "format": 1,
    "name": "Two layers",
    "nodes": [{"id": "a", "type": "Linear", "params": {"out_features": 3}}],
}


@pytest.fixture
def stored(client):
    answer = client.post("/api/graphs", json=GRAPH)
    assert answer.status_code == 201
    assert answer.headers["etag"] == '"1"'
    return answer.json()


def save(client, graph_id, name, version):
    headers = {} if version is None else {"If-Match": version}
    return client.put(f"/api/graphs/{graph_id}", json={**GRAPH, "name": name}, headers=headers)


def test_a_graph_comes_back_as_it_was_saved(client, stored):
    answer = client.get(f"/api/graphs/{stored['id']}")
    assert answer.headers["etag"] == '"1"'
    assert answer.json() == stored
    assert stored["version"] == 1
    assert stored["graph"]["nodes"][0]["params"] == {"out_features": 3}


def test_unknown_keys_survive(client):
    graph = {
        "notes": [{"text": "read me", "deep": {"a": [1, None]}}],
        "groups": [{"title": "Encoder", "nodes": ["a", "gone"], "since": 2026}],
        "studies": {"deep": [1, {"a": None}]},
        "nodes": [{"id": "a", "type": "Future", "colour": "red", "params": {"any": ["thing"]}}],
        "edges": [
            {"source": "a", "source_output": "o", "target": "a", "target_input": "i", "bend": 0.5}
        ],
    }
    graph_id = client.post("/api/graphs", json=graph).json()["id"]
    back = client.get(f"/api/graphs/{graph_id}").json()["graph"]
    assert back["studies"] == graph["studies"]
    assert (back["notes"][0]["text"], back["notes"][0]["deep"]) == ("read me", {"a": [1, None]})
    assert (back["groups"][0]["nodes"], back["groups"][0]["since"]) == (["a", "gone"], 2026)
    assert back["nodes"][0]["colour"] == "red"
    assert back["edges"][0]["bend"] == 0.5


def test_the_list_shows_what_was_changed_last_first(client, stored):
    first = client.get("/api/graphs").json()[0]
    assert first == {
        key: value for key, value in stored.items() if key not in ("graph", "draft", "damaged")
    }
    assert first["nodes"] == 1


def test_saving_makes_a_version_and_the_earlier_ones_stay(client, stored):
    answer = save(client, stored["id"], "Better", '"1"')
    assert answer.status_code == 200
    assert answer.headers["etag"] == '"2"'
    assert answer.json()["version"] == 2
    versions = client.get(f"/api/graphs/{stored['id']}/versions").json()
    assert [(version["version"], version["name"]) for version in versions] == [
        (2, "Better"),
        (1, "Two layers"),
    ]
    assert client.get(f"/api/graphs/{stored['id']}/versions/1").json()["name"] == "Two layers"
    assert (
        "version 3" in error(client.get(f"/api/graphs/{stored['id']}/versions/3"), 404)["message"]
    )


@pytest.mark.parametrize("etag", ['"1"', "1", 'W/"1"'])
def test_an_etag_is_read_in_each_of_its_forms(client, stored, etag):
    assert save(client, stored["id"], "Better", etag).status_code == 200


def test_saving_without_if_match_is_refused(client, stored):
    record = error(save(client, stored["id"], "Better", None), 428)
    assert (record["code"], record["field"]) == ("precondition_required", "If-Match")


@pytest.mark.parametrize("etag", ["*", "", '"one"', '"-1"', '"²"', '"99999999999999999999"'])
def test_an_etag_that_is_not_a_version_is_rejected(client, stored, etag):
    answer = client.put(
        f"/api/graphs/{stored['id']}", json=GRAPH, headers=[(b"If-Match", etag.encode())]
    )
    assert error(answer, 422)["field"] == "If-Match"


def test_the_later_of_two_tabs_gets_412_and_overwrites_nothing(client, stored):
    assert save(client, stored["id"], "First tab", '"1"').status_code == 200
    record = error(save(client, stored["id"], "Second tab", '"1"'), 412)
    assert record["code"] == "stale"
    assert "version 2 is newer than yours (1)" in record["message"]
    assert client.get(f"/api/graphs/{stored['id']}").json()["name"] == "First tab"


def test_of_many_tabs_that_save_at_once_one_wins(client, stored):
    with ThreadPoolExecutor(8) as tabs:
        answers = list(
            tabs.map(
                lambda tab: save(client, stored["id"], f"Tab {tab}", '"1"').status_code, range(8)
            )
        )
    assert sorted(answers) == [200] + [412] * 7
    assert len(client.get(f"/api/graphs/{stored['id']}/versions").json()) == 2


def test_a_draft_makes_no_version_and_ends_with_the_next_one(client, stored):
    assert client.put(
        f"/api/graphs/{stored['id']}/draft", json={**GRAPH, "name": "Draft"}
    ).json() == {"revision": 2}
    now = client.get(f"/api/graphs/{stored['id']}").json()
    assert (now["version"], now["has_draft"], now["draft"]["name"]) == (1, True, "Draft")
    assert now["graph"]["name"] == "Two layers"
    saved = save(client, stored["id"], "Saved", '"1"').json()
    assert (saved["has_draft"], saved["draft"]) == (False, None)


def test_a_draft_that_continues_an_older_one_overwrites_nothing(client, stored):
    def keep(name, base):
        body = {**GRAPH, "name": name}
        return client.put(f"/api/graphs/{stored['id']}/draft", json=body, params={"base": base})

    assert stored["revision"] == 1
    assert keep("First tab", 1).json() == {"revision": 2}
    assert keep("First tab", 1).json() == {
        "revision": 3
    }  # the answer was lost, so it was sent again
    record = error(keep("Second tab", 1), 412)
    assert record["code"] == "stale"
    assert "changed elsewhere" in record["message"]
    now = client.get(f"/api/graphs/{stored['id']}").json()
    assert (now["draft"]["name"], now["revision"]) == ("First tab", 3)
    assert save(client, stored["id"], "Saved", '"1"').json()["revision"] == 4
    error(keep("Second tab", 3), 412)


def test_a_deleted_graph_is_out_of_sight_with_its_versions(client, stored):
    assert client.delete(f"/api/graphs/{stored['id']}").status_code == 204
    error(client.get(f"/api/graphs/{stored['id']}"), 404)
    error(client.get(f"/api/graphs/{stored['id']}/versions/1"), 404)


def test_validation_answers_200_with_every_port_of_a_sound_graph(client):
    upload(client)
    report = client.post("/api/graphs/validate", json=training_graph()).json()
    assert (report["valid"], report["totals"]["parameters"]) == (True, 33)
    assert report["nodes"]["fc1"]["outputs"]["output"]["shape"] == ["B", 8]


def test_validation_answers_200_with_the_problems_of_a_broken_one(client):
    answer = client.post("/api/graphs/validate", json={"nodes": [{"id": "a", "type": "Linaer"}]})
    assert answer.status_code == 200
    problem = answer.json()["diagnostics"][0]
    graph_keys = {"code", "severity", "node", "port", "message", "hint", "fix"}
    assert problem.keys() == graph_keys | {"file", "line", "log", "count"}
    assert (problem["severity"], problem["node"]) == ("error", "a")
    assert "Linaer" in problem["message"]


def test_a_graph_over_the_limit_is_a_problem_that_names_the_limit(serve):
    server = serve(max_nodes=3)
    graph = {"nodes": [{"id": str(i), "type": "ReLU"} for i in range(4)]}
    report = server.client.post("/api/graphs/validate", json=graph).json()
    assert not report["valid"]
    assert "3" in report["diagnostics"][0]["message"]
    assert "VISDL_MAX_NODES" in report["diagnostics"][0]["hint"]
    stored = error(server.client.post("/api/graphs", json=graph), 413)
    assert stored["message"] == "The graph has 4 nodes; at most 3 are allowed."


def test_a_body_of_too_many_objects_is_refused_before_it_is_read(client):
    body = b'{"notes":[' + b"{}," * 150_000 + b"{}]}"
    found = error(client.post("/api/graphs/validate", content=body), 413)
    assert found["message"] == "The body has more than 120,000 objects and lists."
    wrong = b'{"nodes":[' + b"{}," * 100_000 + b"{}]}"
    json = {"Content-Type": "application/json"}
    answer = client.post("/api/graphs/validate", content=wrong, headers=json)
    assert error(answer, 422)["field"] == "nodes.0.id"


def test_the_sample_graph_is_there_at_first_and_stays_deleted(serve):
    server = serve()
    graphs = server.client.get("/api/graphs").json()
    assert [graph["name"] for graph in graphs] == ["Sample regression"]
    sample = server.client.get(f"/api/graphs/{graphs[0]['id']}").json()["graph"]
    assert server.client.post("/api/graphs/validate", json=sample).json()["valid"]


def versions_of(client, graph):
    return client.get(f"/api/graphs/{graph['id']}/versions").json()


def test_a_version_is_saved_with_a_name_and_renamed_later(client, stored):
    answer = client.put(
        f"/api/graphs/{stored['id']}",
        json=GRAPH,
        headers={"If-Match": "1"},
        params={"label": "Before dropout"},
    )
    assert answer.status_code == 200
    assert [one["label"] for one in versions_of(client, stored)] == ["Before dropout", ""]
    named = client.patch(
        f"/api/graphs/{stored['id']}/versions/1", json={"label": "The first"}
    ).json()
    assert (named["version"], named["label"]) == (1, "The first")
    assert [one["label"] for one in versions_of(client, stored)] == ["Before dropout", "The first"]


def test_a_name_for_a_version_that_is_not_there_or_too_long_is_refused(client, stored):
    error(client.patch(f"/api/graphs/{stored['id']}/versions/7", json={"label": "x"}), 404)
    error(client.patch("/api/graphs/none/versions/1", json={"label": "x"}), 404)
    error(client.patch(f"/api/graphs/{stored['id']}/versions/1", json={"label": "x" * 201}), 422)


def test_a_draft_shows_its_name_in_the_list(client, stored):
    client.put(f"/api/graphs/{stored['id']}/draft", json={**GRAPH, "name": "Renamed", "nodes": []})
    first = client.get("/api/graphs").json()[0]
    assert (first["name"], first["nodes"], first["has_draft"]) == ("Renamed", 0, True)


def test_a_deleted_graph_is_restored_with_all_it_had(client, stored):
    client.put(f"/api/graphs/{stored['id']}/draft", json={**GRAPH, "name": "Draft"})
    before = client.get(f"/api/graphs/{stored['id']}").json()
    client.delete(f"/api/graphs/{stored['id']}")
    assert stored["id"] not in [one["id"] for one in client.get("/api/graphs").json()]
    gone, *_ = client.get("/api/graphs", params={"deleted": True}).json()
    assert gone["id"] == stored["id"]
    assert gone["deleted"] > 0
    assert client.post(f"/api/graphs/{stored['id']}/restore").json() == before
    assert stored["id"] not in [
        one["id"] for one in client.get("/api/graphs", params={"deleted": True}).json()
    ]
    assert len(versions_of(client, stored)) == 1


def test_nothing_is_written_to_a_deleted_graph(client, stored):
    client.delete(f"/api/graphs/{stored['id']}")
    error(save(client, stored["id"], "Late", '"1"'), 404)
    error(client.put(f"/api/graphs/{stored['id']}/draft", json=GRAPH), 404)
    error(client.delete(f"/api/graphs/{stored['id']}"), 404)
    error(client.patch(f"/api/graphs/{stored['id']}/versions/1", json={"label": "x"}), 404)


def test_restoring_what_is_there_changes_nothing_and_what_never_was_is_refused(client, stored):
    assert client.post(f"/api/graphs/{stored['id']}/restore").json() == stored
    error(client.post("/api/graphs/none/restore"), 404)
