"""Two tabs edit one graph: the later one is notified, and no acknowledged text is overwritten."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from ..conftest import run_server
from ..support.strength import count

pytestmark = pytest.mark.integration


@dataclass
class Tab:
    """A page with this graph open: it knows the version and revision that its text is based on."""

    client: httpx.Client
    url: str
    name: str
    version: int = 1
    revision: int = 1
    #: Acknowledged texts: what it continued from, what it became, and the text.
    versions: list[tuple[int, int, str]] = field(default_factory=list)
    drafts: list[tuple[int, int, str]] = field(default_factory=list)
    refused: int = 0

    def work(self, rng: random.Random, actions: int) -> None:
        for number in range(actions):
            text = f"{self.name} {number}"
            match rng.choice(["draft", "draft", "save", "reload"]):
                case "draft":
                    answer = self._put(f"{self.url}/draft", text, params={"base": self.revision})
                    if answer.status_code == 200:
                        revision = answer.json()["revision"]
                        self.drafts.append((self.revision, revision, text))
                        self.revision = revision
                case "save":
                    answer = self._put(self.url, text, headers={"If-Match": f'"{self.version}"'})
                    if answer.status_code == 200:
                        stored = answer.json()
                        self.versions.append((self.version, stored["version"], text))
                        self.version, self.revision = stored["version"], stored["revision"]
                case "reload":
                    self._reload()

    def _put(self, url: str, text: str, **how: Any) -> httpx.Response:
        answer = self.client.put(
            url, json={"name": text, "nodes": [{"id": "fc", "type": "Linear"}]}, **how
        )
        assert answer.status_code in (200, 412), answer.text
        if answer.status_code == 412:
            assert answer.json()["error"]["code"] == "stale"
            self.refused += 1
            self._reload()
        return answer

    def _reload(self) -> None:
        stored = self.client.get(self.url).json()
        self.version, self.revision = stored["version"], stored["revision"]


def check_tabs(tmp_path, graphs: int, seed: int) -> dict[str, int]:
    rng, done = (
        random.Random(seed),
        {"graphs": 0, "acknowledged": 0, "refused": 0, "overwritten": 0},
    )
    with run_server(tmp_path / "data") as server, ThreadPoolExecutor(8) as pool:
        for _ in range(graphs):
            graph = server.client.post("/api/graphs", json={"name": "Shared", "nodes": []}).json()
            url = f"/api/graphs/{graph['id']}"
            tabs = [Tab(server.client, url, f"Tab {number}") for number in range(rng.randint(2, 8))]
            seeds = [rng.random() for _ in tabs]
            list(pool.map(lambda tab, at: tab.work(random.Random(at), 6), tabs, seeds))
            done["graphs"] += 1
            done["acknowledged"] += sum(len(tab.versions) + len(tab.drafts) for tab in tabs)
            done["refused"] += sum(tab.refused for tab in tabs)
            done["overwritten"] += overwritten(server.client, url, tabs)
    assert done["overwritten"] == 0
    assert done["refused"] > graphs // 2
    return done


def overwritten(client: httpx.Client, url: str, tabs: list[Tab]) -> int:
    """Acknowledged texts that are gone without notice."""
    versions = sorted(one for tab in tabs for one in tab.versions)
    lost = sum(
        client.get(f"{url}/versions/{version}").json()["name"] != text
        for _, version, text in versions
    )
    assert [after for _, after, _ in versions] == list(range(2, len(versions) + 2)), (
        "a version has two texts"
    )
    assert all(after == before + 1 for before, after, _ in versions)
    drafts = sorted((one for tab in tabs for one in tab.drafts), key=lambda draft: draft[1])
    bases = [base for base, _, _ in drafts]
    lost += len(bases) - len(set(bases))  # two that continued from the same text, both accepted
    now = client.get(url).json()
    if drafts and drafts[-1][1] == now["revision"]:
        lost += now["draft"]["name"] != drafts[-1][2]
    return lost


def test_tabs_that_save_at_once_overwrite_nothing(tmp_path):
    check_tabs(tmp_path, count(gate=15, full=50), seed=1)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_five_hundred_graphs_in_many_tabs(tmp_path, fault_report):
    fault_report["tabs at once"] = check_tabs(tmp_path, 500, seed=2)
