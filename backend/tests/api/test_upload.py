"""Tables come in as files: counted while they arrive, stored under names of the server."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from ..conftest import Server
from .helpers import TABLE, error, until, upload

NAMES = [
    "../../x",
    "..",
    "/etc/passwd",
    "..\\..\\windows\\x.csv",
    "C:\\x.csv",
    "a\x01b.csv",
    "con",
    "x" * 3000,
    "naïve \u202e 🎲.csv",
    '"quoted".csv',
    "<img src=x onerror=alert(1)>.csv",
    "${jndi:x}.csv",
    "visdl.db",
]


def _files(server: Server) -> set[Path]:
    """Every file that is not the database's own."""
    root = server.services.data_dir
    return {
        path.relative_to(root)
        for path in root.rglob("*")
        if path.is_file() and "visdl.db" not in path.name
    }


def test_a_table_is_described(client):
    answer = upload(client, b"a,b\n1,x\n2.5,y\n", "cells.csv")
    assert answer.status_code == 201
    record = answer.json()
    assert (record["name"], record["rows"], record["bytes"]) == ("cells.csv", 2, 14)
    assert [(column["name"], column["dtype"]) for column in record["columns"]] == [
        ("a", "float"),
        ("b", "text"),
    ]
    assert client.get(f"/api/datasets/{record['id']}").json() == record
    assert client.get("/api/datasets").json()[0] == record


def test_its_rows_can_be_looked_at(client):
    dataset = upload(client).json()["id"]
    page = client.get(f"/api/datasets/{dataset}/preview", params={"offset": 38, "limit": 10}).json()
    assert page["columns"] == ["a", "b", "y"]
    assert page["rows"] == [[38, 26, 50], [39, 33, 45]]
    assert (page["offset"], page["total"]) == (38, 40)
    assert sum(page["histograms"]["a"]["counts"]) == 40


def test_a_name_means_the_newest_of_that_name(client):
    upload(client, b"a\n1\n", "twice.csv")
    newer = upload(client, b"a\n1\n2\n", "twice.csv").json()
    assert client.get("/api/datasets/twice.csv").json()["id"] == newer["id"]


def test_a_deleted_table_is_gone_with_its_files(serve):
    server = serve()
    before = _files(server)
    dataset = upload(server.client).json()["id"]
    assert server.client.delete(f"/api/datasets/{dataset}").status_code == 204
    assert _files(server) == before
    error(server.client.get(f"/api/datasets/{dataset}"), 404)


@pytest.mark.parametrize("name", NAMES, ids=lambda name: ascii(name)[:20])
def test_the_name_of_a_file_is_a_label_and_never_a_path(server, name):
    before = _files(server)
    record = upload(server.client, name=name).json()
    added = _files(server) - before
    assert added
    assert {path.parts[:2] for path in added} == {("datasets", record["id"])}
    assert "/" not in record["name"]
    assert "\\" not in record["name"]
    assert len(record["name"]) <= 200


@pytest.mark.parametrize("size", [2**20, 2**20 + 1], ids=["at the limit", "one byte more"])
@pytest.mark.parametrize("declared", [True, False], ids=["with Content-Length", "in chunks"])
def test_the_limit_is_exact(serve, size, declared):
    server = serve(max_upload_mb=1)
    before = _files(server)
    data = b"a\n" + b"1\n" * (size // 2)
    answer = _send(server, data[:size], declared=declared)
    if size == 2**20:
        assert answer.status_code == 201
    else:
        record = error(answer, 413)
        assert (record["code"], record["field"]) == ("too_large", "file")
        assert record["message"] == "The file is larger than 1 MB."
        assert "VISDL_MAX_UPLOAD_MB" in record["hint"]
        assert _files(server) == before


def test_a_file_far_over_the_limit_is_refused_before_it_is_sent(serve):
    """A client that announces its size is answered at once."""
    server = serve(max_upload_mb=1)
    with socket.create_connection(server.address) as connection:
        connection.sendall(_head(server, length=10**12))
        assert connection.recv(100).startswith(b"HTTP/1.1 413")


def test_an_upload_that_breaks_off_leaves_nothing(serve):
    server = serve()
    before = _files(server)
    with socket.create_connection(server.address) as connection:
        connection.sendall(_head(server, length=10_000) + _opening() + TABLE)
        until(lambda: _files(server) != before)
    until(lambda: _files(server) == before)
    assert "a.csv" not in [record["name"] for record in server.client.get("/api/datasets").json()]


def test_what_a_dead_server_left_of_an_upload_is_removed(serve, tmp_path):
    left = tmp_path / "data" / "uploads" / "abc"
    left.parent.mkdir(parents=True)
    left.write_text("half a table")
    serve()
    assert not left.exists()


@pytest.mark.parametrize(
    ("data", "status", "reason"),
    [
        (b"", 422, "The file is empty."),
        (b"a,b\n", 422, "The file has a header but no rows."),
        (b"a,b\n1,2\n1,2,3\n", 422, "Line 3 has 3 values but the header has 2."),
        (b"\xff\xfe\x00", 422, "Not UTF-8 text"),
        (b"\x1f\x8b\x08\x00", 415, "gzip"),
        (b"PK\x03\x04rest", 415, "zip"),
    ],
)
def test_a_file_that_is_not_a_table_is_rejected_with_its_reason(server, data, status, reason):
    before = _files(server)
    assert reason in error(upload(server.client, data), status)["message"]
    assert _files(server) == before


@pytest.mark.parametrize(
    "sent",
    [
        {"json": {"file": "x"}},
        {"files": {"other": ("x.csv", TABLE)}},
        {"data": {"file": "x"}, "files": {"other": ("x.csv", TABLE)}},
        {"content": b"nonsense", "headers": {"Content-Type": "multipart/form-data; boundary=x"}},
        {"content": b"--x\r\n", "headers": {"Content-Type": "multipart/form-data"}},
        {
            "content": b"",
            "headers": {"Content-Type": "multipart/form-data; boundary=" + "x" * 5000},
        },
    ],
    ids=["json", "other field", "no file name", "no form", "no boundary", "long boundary"],
)
def test_a_form_without_a_file_is_explained(client, sent):
    record = error(client.post("/api/datasets", **sent), 422)
    assert record["field"] == "file"
    assert "file" in record["hint"]


def _send(server: Server, data: bytes, *, declared: bool):
    body = _opening() + data + b"\r\n--limit--\r\n"
    headers = {"Content-Type": "multipart/form-data; boundary=limit"}
    return server.client.post(
        "/api/datasets", content=body if declared else iter([body]), headers=headers
    )


def _opening() -> bytes:
    return b'--limit\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\n'


def _head(server: Server, *, length: int) -> bytes:
    lines = [
        "POST /api/datasets HTTP/1.1",
        f"Host: {server.host}",
        "Content-Type: multipart/form-data; boundary=limit",
        f"Content-Length: {length}",
        "\r\n",
    ]
    return "\r\n".join(lines).encode()
