"""Runs as users start them: through a worker process, with default settings.

A gate takes a share of the graphs, and other runs of the tests the others: all with
`STRENGTH=full`.
"""

from __future__ import annotations

import psutil
import pytest

from visdl.models.runs import FINAL
from visdl.nodes import NodeRegistry
from visdl.nodes.blocks.block import Block
from visdl.starters.gallery import FOLDER

from ..api.helpers import bring_table, until, upload
from ..support.catalogue import TABLE, layer_graphs, node_types, part_graphs
from ..support.graphs import MLP, chain
from ..support.strength import FULL, count

GRAPHS = {**layer_graphs(), **part_graphs()}
SOME = list(GRAPHS)[:: count(gate=4, full=1)]
SOME += [name for name in GRAPHS if "Muon" in name and name not in SOME]  # two optimizers in one
STARTERS = sorted(path.stem for path in FOLDER.glob("*.json"))


@pytest.fixture(scope="module")
def client(server):
    assert upload(server.client, TABLE.encode(), "catalogue").status_code == 201
    return server.client


def start(client, graph):
    response = client.post("/api/runs", json={"graph": graph})
    assert response.status_code == 201, response.text
    return response.json()["id"]


def ended(client, run):
    for _ in range(3):
        record = client.get(f"/api/runs/{run}", params={"wait": 60}).json()
        if record["state"] in FINAL:
            break
    assert record["state"] in ("completed", "stopped"), (record["state"], record["error"])
    return record


def warnings(client, run):
    events = client.get(f"/api/runs/{run}/events", params={"type": "log"}).json()
    lines = [event["message"] for event in events if event["level"] != "info"]
    return [line for line in lines if not line.startswith("Not converged")]


def test_a_worker_does_not_wait_for_pandas(client):
    graph = chain(MLP, train={"epochs": 1_000_000}).model_dump(mode="json")
    bring_table(client)
    run = start(client, graph)
    until(lambda: client.get(f"/api/runs/{run}").json()["progress"]["epoch"] > 0)
    libraries = {
        part.path
        for process in psutil.Process().children(recursive=True)
        for part in process.memory_maps()
    }
    assert [path for path in libraries if "torch" in path] != []
    assert [path for path in libraries if "pandas" in path] == []
    client.post(f"/api/runs/{run}/stop")
    ended(client, run)


def test_every_node_type_of_the_catalogue_is_in_one_of_the_graphs():
    known = {name for name in NodeRegistry.names() if NodeRegistry.get(name) is not Block}
    assert known - set(node_types(list(GRAPHS.values()))) == set()


@pytest.mark.parametrize("name", SOME, ids=lambda name: name)
def test_every_node_type_trains_with_default_settings(client, name):
    run = start(client, GRAPHS[name].model_dump(mode="json"))
    assert ended(client, run)["state"] == "completed"
    assert warnings(client, run) == []


@pytest.mark.parametrize("name", STARTERS)
def test_every_starter_trains_with_default_settings(client, name):
    """In a gate each is stopped after its first steps; its other nodes run all the same."""
    graph = client.post(f"/api/starters/{name}").json()["graph"]
    next(node for node in graph["nodes"] if node["id"] == "train")["params"]["epochs"] = 1
    run = start(client, graph)
    state = {"progress": {"step": 0}, "state": "queued"}

    def has_begun():
        state.update(client.get(f"/api/runs/{run}").json())
        return state["progress"]["step"] > 0 or state["state"] in ("completed", "failed")

    until(has_begun)
    if not FULL and state["state"] == "running":
        client.post(f"/api/runs/{run}/stop")
    assert ended(client, run)["progress"]["step"] > 0
