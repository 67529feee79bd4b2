"""What the tests of the API share: reading errors, and things to send."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import httpx

from ..support.graphs import MLP, chain

TABLE = b"a,b,y\n" + b"".join(
    b"%d,%d,%d\n" % (i, i * 7 % 40, 2 * i - i * 7 % 40) for i in range(40)
)


def error(response: httpx.Response, status: int) -> dict[str, Any]:
    """The error record of an answer, which must have this status and the shape of all errors."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/json"
    body = response.json()
    assert list(body) == ["error"]
    record: dict[str, Any] = body["error"]
    assert {"code", "message", "hint"} <= record.keys()
    assert record["message"].endswith("."), record
    assert "Traceback" not in record["message"]
    return record


def upload(client: httpx.Client, data: bytes = TABLE, name: str = "table") -> httpx.Response:
    return client.post("/api/datasets", files={"file": (name, data, "text/csv")})


def bring_table(client: httpx.Client) -> None:
    """Upload TABLE as 'table' where no dataset has that name."""
    if all(record["name"] != "table" for record in client.get("/api/datasets").json()):
        assert upload(client).status_code == 201


def training_graph(**train: Any) -> dict[str, Any]:
    """A graph that trains on TABLE, once that is uploaded as 'table'."""
    return chain(MLP, train={"epochs": 2, **train}).model_dump(mode="json")


def start_run(client: httpx.Client, **train: Any) -> dict[str, Any]:
    """A run of `training_graph`; the table is uploaded when it is not there."""
    bring_table(client)
    response = client.post("/api/runs", json={"graph": training_graph(**train)})
    assert response.status_code == 201, response.text
    record: dict[str, Any] = response.json()
    return record


def until(condition: Callable[[], bool], seconds: float = 120) -> None:
    """Wait for a condition that nothing announces."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.03)  # each look is a request, which takes from what it waits for
