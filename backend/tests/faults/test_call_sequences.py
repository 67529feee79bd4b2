"""Sequences of calls of every kind, made by hypothesis and sent by eight clients at once.

Whatever their order: no answer is a server error or of a status that the document does not declare,
what was acknowledged is there, and nothing has a gap.
"""

from __future__ import annotations

import itertools
import re
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from visdl.api.app import make_app

from ..api.helpers import TABLE, bring_table, training_graph, until
from ..support.strength import count

pytestmark = pytest.mark.integration

_CLIENTS = 8
_FOREVER = 1_000_000  # epochs of a run that waits or trains until it is stopped
_DOCUMENT: dict[str, Any] = make_app().openapi()["paths"]


class Played:
    """What eight clients did, and what was acknowledged to them."""

    def __init__(self, server: httpx.Client) -> None:
        self._server = server
        self._lock = threading.Lock()
        self._names = itertools.count()
        self.calls: Counter[str] = Counter()
        self.wrong: list[str] = []
        self.saved: dict[tuple[str, int], str] = {}
        self.known: dict[str, list[str]] = {
            kind: [] for kind in ("graphs", "blocks", "datasets", "runs", "studies")
        }
        self.changed: dict[str, set[str]] = {"deleted": set(), "restored": set(), "asked": set()}

    def name(self) -> str:
        with self._lock:
            return f"name {next(self._names)}"

    def pick(self, kind: str, which: int) -> str:
        """An id that some client has created, or one that nobody has."""
        with self._lock:
            ids = self.known[kind]
            return ids[which % len(ids)] if ids else "nothing"

    def send(self, route: str, *, ids: dict[str, Any] | None = None, **rest: Any) -> httpx.Response:
        """Call a route of the document, as 'PUT /api/graphs/{graph_id}'; note its answer."""
        method, path = route.split(" ")
        answer = self._server.request(method, path.format(**(ids or {})), **rest)
        declared = _DOCUMENT[path][method.lower()]["responses"]
        with self._lock:
            self.calls[f"{route} {answer.status_code}"] += 1
            if answer.status_code >= 500 or str(answer.status_code) not in declared:
                self.wrong.append(f"{route} {answer.status_code}: {answer.text[:300]}")
        return answer

    def create(self, kind: str, route: str, **rest: Any) -> dict[str, Any] | None:
        answer = self.send(route, **rest)
        if answer.status_code != 201:
            return None
        body: dict[str, Any] = answer.json()
        with self._lock:
            self.known[kind].append(body["id"])
            if kind == "graphs":
                self.saved[body["id"], 1] = body["graph"]["name"]
        return body

    def delete(self, kind: str, which: int) -> None:
        route = {
            "graphs": "DELETE /api/graphs/{graph_id}",
            "blocks": "DELETE /api/blocks/{block_id}",
            "datasets": "DELETE /api/datasets/{dataset_id}",
            "runs": "DELETE /api/runs/{run_id}",
            "studies": "DELETE /api/studies/{study_id}",
        }[kind]
        [parameter] = re.findall(r"{(\w+)}", route)
        selected = self.pick(kind, which)
        with self._lock:
            self.changed["asked"].add(selected)
        answer = self.send(route, ids={parameter: selected})
        if answer.status_code == 204:
            with self._lock:
                self.changed["deleted"].add(selected)

    def save(self, which: int, stale: bool) -> None:
        """Save the next version of a graph, or try to with a version that is not the newest."""
        selected = self.pick("graphs", which)
        found = self.send("GET /api/graphs/{graph_id}", ids={"graph_id": selected})
        if found.status_code != 200:
            return
        name = self.name()
        answer = self.send(
            "PUT /api/graphs/{graph_id}",
            ids={"graph_id": selected},
            json={**found.json()["graph"], "name": name},
            headers={"If-Match": '"1"' if stale else found.headers["ETag"]},
        )
        if answer.status_code == 200:
            version = selected, answer.json()["version"]
            with self._lock:
                if version in self.saved:
                    self.wrong.append(f"{version} was acknowledged twice")
                self.saved[version] = name

    def restore(self, which: int) -> None:
        selected = self.pick("graphs", which)
        with self._lock:
            self.changed["restored"].add(selected)
        self.send("POST /api/graphs/{graph_id}/restore", ids={"graph_id": selected})


def graph(name: str, **train: Any) -> dict[str, Any]:
    return {**training_graph(**{"epochs": _FOREVER, **train}), "name": name}


def block(name: str) -> dict[str, Any]:
    inside = {"nodes": [{"id": "r", "type": "ReLU"}], "edges": [], "name": name}
    return {"name": name, "block": "b", "blocks": {"b": inside}}


def study(name: str) -> dict[str, Any]:
    strategy = {"kind": "leave_one_out", "nodes": ["relu"]}
    return {"name": name, "graph": graph(name), "strategy": strategy, "seeds": [0, 1]}


def of_run(command: str, **rest: Any) -> Callable[[Played, int], object]:
    route = f"POST /api/runs/{{run_id}}/{command}"
    return lambda played, n: played.send(route, ids={"run_id": played.pick("runs", n)}, **rest)


def of_study(route: str, **rest: Any) -> Callable[[Played, int], object]:
    return lambda played, n: played.send(route, ids={"study_id": played.pick("studies", n)}, **rest)


def of_graph(route: str, **rest: Any) -> Callable[[Played, int], object]:
    return lambda played, n: played.send(
        route, ids={"graph_id": played.pick("graphs", n), "version": 1 + n % 3}, **rest
    )


CALLS: dict[str, Callable[[Played, int], object]] = {
    "create a graph": lambda p, n: p.create("graphs", "POST /api/graphs", json=graph(p.name())),
    "save a graph": lambda p, n: p.save(n, stale=False),
    "save an old version": lambda p, n: p.save(n, stale=True),
    "save a draft": lambda p, n: p.send(
        "PUT /api/graphs/{graph_id}/draft",
        ids={"graph_id": p.pick("graphs", n)},
        json=graph(p.name()),
    ),
    "delete a graph": lambda p, n: p.delete("graphs", n),
    "restore a graph": lambda p, n: p.restore(n),
    "list versions": of_graph("GET /api/graphs/{graph_id}/versions"),
    "name a version": of_graph(
        "PATCH /api/graphs/{graph_id}/versions/{version}", json={"label": "a label"}
    ),
    "list graphs": lambda p, n: p.send("GET /api/graphs"),
    "keep a block": lambda p, n: p.create("blocks", "POST /api/blocks", json=block(p.name())),
    "delete a block": lambda p, n: p.delete("blocks", n),
    "list blocks": lambda p, n: p.send("GET /api/blocks"),
    "upload": lambda p, n: p.create(
        "datasets", "POST /api/datasets", files={"file": (p.name(), TABLE, "text/csv")}
    ),
    "delete a dataset": lambda p, n: p.delete("datasets", n),
    "preview a dataset": lambda p, n: p.send(
        "GET /api/datasets/{dataset_id}/preview", ids={"dataset_id": p.pick("datasets", n)}
    ),
    "start a run": lambda p, n: p.create(
        "runs", "POST /api/runs", json={"graph": graph("run"), "seed": n}
    ),
    "rerun": of_run("rerun", json={}),
    "pause": of_run("pause"),
    "resume": of_run("resume"),
    "stop": of_run("stop"),
    "prioritize": of_run("prioritize"),
    "extend": of_run("extend", json={"epochs": 3}),
    "delete a run": lambda p, n: p.delete("runs", n),
    "tag runs": lambda p, n: p.send(
        "PATCH /api/runs", json={"ids": [p.pick("runs", n)], "add_tags": [f"tag {n}"]}
    ),
    "list runs": lambda p, n: p.send("GET /api/runs", params={"limit": 20}),
    "look at the queue": lambda p, n: p.send("GET /api/queue"),
    "read a run": lambda p, n: p.send("GET /api/runs/{run_id}", ids={"run_id": p.pick("runs", n)}),
    "begin a study": lambda p, n: p.create("studies", "POST /api/studies", json=study(p.name())),
    "pause a study": of_study("POST /api/studies/{study_id}/pause"),
    "resume a study": of_study("POST /api/studies/{study_id}/resume"),
    "stop a study": of_study("POST /api/studies/{study_id}/stop"),
    "rename a study": of_study("PATCH /api/studies/{study_id}", json={"name": "renamed"}),
    "add a seed": of_study("POST /api/studies/{study_id}/seeds", json={"seeds": [2, 3]}),
    "read a study": of_study("GET /api/studies/{study_id}/results"),
    "delete a study": lambda p, n: p.delete("studies", n),
    "list studies": lambda p, n: p.send("GET /api/studies"),
    "look at the storage": lambda p, n: p.send("GET /api/storage"),
}

#: Done before the clients begin, so that there is something to change.
FIRST = ("create a graph", "keep a block", "upload", "begin a study", "start a run", "start a run")

sequences = st.lists(
    st.lists(st.tuples(st.sampled_from(list(CALLS)), st.integers(0, 9)), min_size=4, max_size=12),
    min_size=_CLIENTS,
    max_size=_CLIENTS,
)


def play(played: Played, clients: list[list[tuple[str, int]]]) -> None:
    together = threading.Barrier(_CLIENTS)

    def client(calls: list[tuple[str, int]]) -> None:
        together.wait()
        for name, number in calls:
            CALLS[name](played, number)

    with ThreadPoolExecutor(_CLIENTS) as threads:
        list(threads.map(client, clients))


def check(played: Played, client: httpx.Client) -> None:
    """Compare what is there now with what was acknowledged."""
    assert played.wrong == []
    touched = played.changed
    for kind, ids in played.known.items():
        listed = {one["id"] for one in client.get(f"/api/{kind}", params={"limit": 1000}).json()}
        assert set(ids) - touched["asked"] <= listed, f"{kind} that nobody has deleted are missing"
        gone = touched["deleted"] - touched["restored"]
        assert not listed & gone & set(ids), f"deleted {kind} are still there"
    for one in played.known["graphs"]:
        versions = client.get(f"/api/graphs/{one}/versions")
        if versions.status_code == 200:
            numbers = [version["version"] for version in versions.json()]
            assert numbers == list(range(len(numbers), 0, -1))
            acknowledged = {version for graph_id, version in played.saved if graph_id == one}
            assert acknowledged == set(numbers)
            for version in numbers:
                stored = client.get(f"/api/graphs/{one}/versions/{version}").json()
                assert stored["name"] == played.saved[one, version]
    for one in played.known["runs"]:
        events = client.get(f"/api/runs/{one}/events", params={"limit": 10_000})
        if events.status_code == 200:
            numbers = [event["seq"] for event in events.json()]
            assert numbers == list(range(1, len(numbers) + 1))


@contextmanager
def emptied(client: httpx.Client) -> Iterator[None]:
    """Delete everything afterwards; each run ends first."""
    try:
        yield
    finally:
        for study in client.get("/api/studies").json():
            client.post(f"/api/studies/{study['id']}/stop")
            client.delete(f"/api/studies/{study['id']}", params={"runs": True})
        runs = [run["id"] for run in client.get("/api/runs", params={"limit": 1000}).json()]
        for run in runs:
            client.post(f"/api/runs/{run}/stop")
        for run in runs:
            until(lambda run=run: client.delete(f"/api/runs/{run}").status_code in (204, 404))
        for kind in ("graphs", "blocks", "datasets"):
            for one in client.get(f"/api/{kind}").json():
                client.delete(f"/api/{kind}/{one['id']}")


def check_sequences(client: httpx.Client, examples: int, *, fixed: bool) -> Counter[str]:
    calls: Counter[str] = Counter()

    @settings(
        max_examples=examples,
        deadline=None,
        derandomize=fixed,
        database=None,
        phases=[Phase.generate],  # the order among threads differs: a smaller one proves nothing
        suppress_health_check=list(HealthCheck),
    )
    @given(sequences)
    def one(clients: list[list[tuple[str, int]]]) -> None:
        with emptied(client):
            bring_table(client)
            played = Played(client)
            for name in FIRST:
                CALLS[name](played, 0)
            play(played, clients)
            check(played, client)
            calls.update(played.calls)

    one()
    return calls


def test_sequences_of_calls_from_eight_clients(server):
    calls = check_sequences(server.client, count(gate=4, full=25), fixed=True)
    assert sum(calls.values()) > 100


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_many_sequences_of_calls_from_eight_clients(server, fault_report):
    calls = check_sequences(server.client, 200, fixed=False)
    refused = sum(number for call, number in calls.items() if call[-3] == "4")
    fault_report["calls of eight clients"] = {"calls": calls.total(), "refused": refused}
