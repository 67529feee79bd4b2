"""A stored table whose files are damaged: each call names it and the remedy."""

from __future__ import annotations

import json
import random

import pytest

from ..support.strength import count
from .helpers import error, training_graph, upload

TABLE = b"a,b,y,word\n" + b"".join(b"%d,%d,%d,w%d\n" % (i, i % 7, i % 5, i % 3) for i in range(40))
FILES = (
    "blocks.json",
    "numbers-00000.npy",
    "text-00000.npy",
    "words-00000.json",
    "words-00000.npy",
)


def noise(data):
    rng = random.Random(len(data))
    return rng.randbytes(len(data))


DAMAGE = {
    "missing": None,
    "empty": lambda _: b"",
    "cut": lambda data: data[: len(data) // 2],
    "zeros": lambda data: bytes(len(data)),
    "noise": noise,
    "text": lambda _: b"notes",
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_each_call_that_reads_a_damaged_table_names_it(server, damage):
    client = server.client
    for file in FILES:
        made = upload(client, TABLE, name="table").json()["id"]
        path = server.services.data_dir / "datasets" / made / file
        if damage == "missing":
            path.unlink()
        else:
            path.write_bytes(DAMAGE[damage](path.read_bytes()))
        refused = error(client.get(f"/api/datasets/{made}/preview"), 422)
        assert refused["code"] == "damaged"
        assert refused["message"].startswith("The stored table 'table' is damaged: its file ")
        assert "upload it again" in refused["hint"]
        answer = client.post("/api/graphs/validate", json=training_graph())
        assert answer.status_code == 200, answer.text
        for diagnostic in answer.json()["diagnostics"]:
            assert diagnostic["code"] != "node_failed", diagnostic
        assert client.delete(f"/api/datasets/{made}").status_code == 204


def test_a_table_without_its_histograms_is_shown_without_them(server):
    made = upload(server.client, TABLE, name="plain").json()["id"]
    path = server.services.data_dir / "datasets" / made / "histograms.json"
    for data in (b"", b"{", json.dumps({"a": 7}).encode()):
        path.write_bytes(data)
        preview = server.client.get(f"/api/datasets/{made}/preview").json()
        assert len(preview["rows"]) == 40
        assert preview["histograms"] == {}


def test_bytes_of_a_table_damaged_at_random_never_end_in_a_server_error(server):
    made = upload(server.client, TABLE, name="table").json()["id"]
    folder = server.services.data_dir / "datasets" / made
    for seed in range(count(gate=25, full=1000)):
        rng = random.Random(seed)
        path = folder / rng.choice(FILES)
        original = path.read_bytes()
        spoiled = bytearray(original)
        for _ in range(rng.choice([1, 5])):
            spoiled[rng.randrange(min(len(spoiled), 200))] = rng.randrange(256)
        path.write_bytes(spoiled)
        answer = server.client.get(f"/api/datasets/{made}/preview")
        assert answer.status_code in (200, 422), (seed, answer.text)
        path.write_bytes(original)
    assert server.client.delete(f"/api/datasets/{made}").status_code == 204
