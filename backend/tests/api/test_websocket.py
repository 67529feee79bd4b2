"""Live events: first what was missed, then what happens; nothing twice, nothing lost."""

from __future__ import annotations

import itertools
import json

import pytest
from websockets.exceptions import ConnectionClosed

from visdl.models.events import LogEvent

from .helpers import start_run, until

ENDED = {"completed", "failed", "stopped"}


def receive(ws, until_state=ENDED, timeout=60):
    """Events up to the end of a run."""
    seen = []
    while not (seen and seen[-1]["type"] == "state" and seen[-1]["state"] in until_state):
        seen.append(json.loads(ws.recv(timeout)))
    return seen


def finished(client, **train):
    run = start_run(client, **train)
    return client.get(f"/api/runs/{run['id']}", params={"wait": 60}).json()


def test_a_run_is_followed_live_from_its_first_event(server):
    run = start_run(server.client, epochs=3)
    with server.connect(f"/ws/training?run={run['id']}") as ws:
        seen = receive(ws)
    assert [event["seq"] for event in seen] == list(range(1, len(seen) + 1))
    assert seen == server.client.get(f"/api/runs/{run['id']}/events").json()


def test_a_page_that_comes_back_gets_what_it_missed_and_no_more(server):
    run = finished(server.client)
    with server.connect(f"/ws/training?run={run['id']}&after=3") as ws:
        assert [event["seq"] for event in receive(ws)] == list(range(4, run["seq"] + 1))


def test_a_socket_that_drops_and_returns_has_neither_gap_nor_repeat(server):
    run = start_run(server.client, epochs=400)
    seen = []
    while not seen or not (seen[-1]["type"] == "state" and seen[-1]["state"] in ENDED):
        after = seen[-1]["seq"] if seen else 0
        with server.connect(f"/ws/training?run={run['id']}&after={after}") as ws:
            for _ in range(7):
                seen.append(json.loads(ws.recv(60)))
                if seen[-1]["type"] == "state" and seen[-1]["state"] in ENDED:
                    break
    assert [event["seq"] for event in seen] == list(range(1, len(seen) + 1))


def test_the_socket_of_all_runs_continues_from_its_cursor(server):
    first = finished(server.client)
    cursor = server.client.get(f"/api/runs/{first['id']}/events").json()[-1]["cursor"]
    second = finished(server.client)
    with server.connect(f"/ws/training?cursor={cursor}") as ws:
        seen = receive(ws)
    assert {event["run"] for event in seen} == {second["id"]}
    assert [event["seq"] for event in seen] == list(range(1, second["seq"] + 1))
    cursors = [event["cursor"] for event in seen]
    assert all(a < b for a, b in itertools.pairwise(cursors))


def test_without_a_cursor_the_socket_starts_from_now(server):
    finished(server.client)
    with server.connect("/ws/training") as ws:
        run = start_run(server.client)
        assert {event["run"] for event in receive(ws)} == {run["id"]}


def test_a_run_that_is_not_there_closes_the_socket_with_a_reason(server):
    with server.connect("/ws/training?run=none") as ws, pytest.raises(ConnectionClosed) as closed:
        ws.recv()
    assert closed.value.rcvd.code == 4404
    assert "none" in closed.value.rcvd.reason


def test_what_a_client_sends_is_ignored(server):
    run = finished(server.client)
    with server.connect(f"/ws/training?run={run['id']}") as ws:
        ws.send("hello")
        ws.send(b"\x00" * 1000)
        assert receive(ws)[-1]["state"] == "completed"


def test_a_client_that_cannot_keep_up_is_notified_and_still_gets_everything(server):
    run = finished(server.client)
    with server.connect(
        f"/ws/training?run={run['id']}&after={run['seq']}", max_queue=1, close_timeout=1
    ) as ws:
        until(lambda: server.services.telemetry._subscriptions)
        message = "x" * 2000
        for _ in range(20):
            stored = server.services.store.append(
                run["id"], [LogEvent(message=message) for _ in range(500)]
            )
            server.services.telemetry.publish(stored)
        seen = [json.loads(ws.recv(60))]
        while seen[-1].get("seq") != stored[-1].seq:
            seen.append(json.loads(ws.recv(60)))
    assert any(event["type"] == "resync" for event in seen)
    numbers = [event["seq"] for event in seen if event["type"] != "resync"]
    assert numbers == list(range(run["seq"] + 1, stored[-1].seq + 1))


def test_a_client_that_left_is_forgotten(server):
    run = finished(server.client)
    with server.connect(f"/ws/training?run={run['id']}") as ws:
        receive(ws)
    until(lambda: not server.services.telemetry._subscriptions)
