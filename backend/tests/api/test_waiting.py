"""Calls that wait hold no thread, so other calls are answered meanwhile."""

from __future__ import annotations

import os
import signal
import socket
from concurrent.futures import ThreadPoolExecutor

from visdl.runs import supervisor

from .helpers import start_run, until

CLIENTS = 60  # the server has forty threads


def waiters(server):
    return server.services.runs._states._waiters


def test_sixty_clients_that_wait_for_a_pause_delay_nobody(serve, monkeypatch):
    monkeypatch.setattr(supervisor, "_ANSWER_SECONDS", 600)
    server = serve(hang_seconds=600)
    run = start_run(server.client, epochs=1_000_000)
    url = f"/api/runs/{run['id']}"
    until(lambda: server.client.get(url).json()["progress"]["step"] > 0)
    worker = server.services.runs._pool.find_worker(run["id"]).process.pid
    os.kill(worker, signal.SIGSTOP)  # as in a batch that takes long
    try:
        with ThreadPoolExecutor(CLIENTS) as clients:
            pauses = [clients.submit(server.client.post, f"{url}/pause") for _ in range(CLIENTS)]
            until(lambda: len(waiters(server)) == CLIENTS)
            queue = server.client.get("/api/queue").json()
            assert queue["devices"][0]["runs"] == [run["id"]]
            assert not any(pause.done() for pause in pauses)
            os.kill(worker, signal.SIGCONT)
            assert {pause.result().json()["state"] for pause in pauses} == {"paused"}
    finally:
        os.kill(worker, signal.SIGCONT)
    assert not waiters(server)


def test_a_client_that_leaves_is_no_longer_waited_for(server):
    first = start_run(server.client, epochs=1_000_000)
    with socket.create_connection(server.address) as client:
        request = f"GET /api/runs/{first['id']}?wait=3600 HTTP/1.1\r\nHost: {server.host}\r\n\r\n"
        client.sendall(request.encode())
        until(lambda: len(waiters(server)) == 1)
    until(lambda: not waiters(server))
    server.client.post(f"/api/runs/{first['id']}/stop")
