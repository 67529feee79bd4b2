"""Connections that are silent end, and their number is bounded; the others do not notice."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket

import pytest
from websockets.exceptions import InvalidStatus

from visdl.api import answer_limit, body_limit, connections
from visdl.models.errors import StalledError

from .helpers import error, until

HEAD = "POST /api/graphs HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
FORM = (
    "POST /api/datasets HTTP/1.1\r\nHost: localhost\r\n"
    "Content-Type: multipart/form-data; boundary=b\r\n"
)
LENGTH = "Content-Length: 999\r\nConnection: close\r\n\r\n"
PART = '--b\r\nContent-Disposition: form-data; name="file"; filename="slow.csv"\r\n\r\n'


@contextlib.contextmanager
def sent(server, text=""):
    with socket.create_connection(server.address, timeout=30) as client:
        client.sendall(text.encode())
        yield client


def is_closed(client):
    """Send a byte; return whether the server has closed the connection."""
    try:
        client.sendall(b"x")
    except OSError:
        return True
    return False


def answer(client):
    """Return status and body of what comes until the server closes."""
    head, _, body = b"".join(iter(lambda: client.recv(65536), b"")).partition(b"\r\n\r\n")
    return int(head.split()[1]), json.loads(body)["error"]


def test_a_request_that_does_not_begin_or_end_its_head_is_closed(serve, monkeypatch):
    server = serve()
    begun = "GET /api/health HTTP/1.1\r\nHost: localhost\r\n"
    with contextlib.ExitStack() as stack:
        kept = stack.enter_context(sent(server, f"{begun}\r\n"))
        assert kept.recv(4096)
        monkeypatch.setattr(connections, "HEAD_SECONDS", 1.0)
        silent = [stack.enter_context(sent(server, text)) for text in ("", begun, "\r\n")]
        kept.sendall(begun.encode())
        for client in (*silent, kept):
            assert client.recv(4096) == b""
    with sent(server, f"{begun}Cookie: ") as client:
        until(lambda: is_closed(client), 20)  # although a byte is sent now and then


@pytest.mark.parametrize("text", [f"{HEAD}{LENGTH}[", f"{FORM}{LENGTH}{PART}"])
def test_a_body_that_stops_arriving_is_ended_with_a_sentence(serve, text):
    with sent(serve(stall_seconds=0.5), text) as client:
        status, record = answer(client)
    assert status == 408
    assert record["message"] == StalledError(0.5).message
    assert "VISDL_STALL_SECONDS" in record["hint"]


class LeapingLoop(asyncio.SelectorEventLoop):
    """Its clock leaps to the next timer instead of waiting for it."""

    def __init__(self):
        super().__init__()
        self.now = 0.0
        select = self._selector.select
        self._selector.select = lambda timeout: select(self.leap(timeout))

    def time(self):
        return self.now

    def leap(self, seconds):
        self.now += seconds or 0.0
        return 0


@pytest.mark.parametrize(("pause", "arrives"), [(29, True), (31, False)])
def test_a_slow_body_arrives_however_long_it_takes(pause, arrives):
    async def receive():
        await asyncio.sleep(pause)
        return {"type": "http.request", "body": b"x", "more_body": True}

    async def follow():
        in_time = body_limit.in_time(receive, 30)
        for _ in range(100):
            await in_time()

    with asyncio.Runner(loop_factory=LeapingLoop) as runner:
        expected = contextlib.nullcontext() if arrives else pytest.raises(StalledError)
        with expected:
            runner.run(follow())


def test_a_body_that_nobody_reads_ends_too(serve):
    head = HEAD.replace("localhost", "evil.example")
    with sent(serve(stall_seconds=0.5), f"{head}Content-Length: 999\r\n\r\n") as client:
        assert client.recv(4096).startswith(b"HTTP/1.1 403 ")
        client.sendall(b"[")
        assert client.recv(4096) == b""


def test_connections_beyond_the_limit_get_a_sentence(serve, monkeypatch):
    monkeypatch.setattr(connections, "_MOST_REFUSED", 2)
    server = serve(max_connections=10)
    with contextlib.ExitStack() as stack:
        for _ in range(10):
            stack.enter_context(sent(server))
        record = error(server.client.get("/api/health"), 503)
        assert "10 open connections" in record["message"]
        assert "VISDL_MAX_CONNECTIONS" in record["hint"]
        with pytest.raises(InvalidStatus), server.connect("/ws/system"):
            pass
        waiting = [stack.enter_context(sent(server)) for _ in range(2)]
        with sent(server) as client:  # even the refused ones have a limit
            assert client.recv(100) == b""
        for client in waiting:
            client.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert answer(client)[0] == 503
    until(lambda: server.client.get("/api/health").status_code == 200)


def test_answers_that_nobody_reads_have_a_limit_together(serve, monkeypatch):
    server = serve()
    whole = server.client.get("/api/nodes")
    monkeypatch.setattr(answer_limit, "_MOST", 2 * len(whole.content) - 1)
    held = server.app.app._app._app
    with socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.connect(server.address)
        client.sendall(b"GET /api/nodes HTTP/1.1\r\nHost: localhost\r\n\r\n")
        until(lambda: held._held == len(whole.content))
        assert "unread" in error(server.client.get("/api/nodes"), 503)["message"]
        assert server.client.get("/api/health").status_code == 200
    until(lambda: held._held == 0)
    assert server.client.get("/api/nodes").content == whole.content


def test_all_bodies_together_have_a_limit(serve, monkeypatch):
    monkeypatch.setattr(body_limit, "_BODIES", 0.5)
    server = serve(max_body_mb=1)
    with sent(server, f"{HEAD}Content-Length: 900000\r\n\r\n" + " " * 500_000):
        until(lambda: server.app.app._app._held == 500_000)
        assert error(server.client.post("/api/graphs", content=b" " * 100_000), 503)
        assert server.client.get("/api/health").status_code == 200
    until(lambda: server.client.post("/api/graphs", content=b" " * 100_000).status_code == 422)
