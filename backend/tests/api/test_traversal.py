"""No name in a request reads, makes or removes anything outside the data folder.

The parameters come from the API's own document, so that a new route is part of the test.
"""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from starlette.types import Message, Scope

from visdl.api.schema import document
from visdl.nodes.model.export import file_stem

from ..conftest import Server, run_server
from ..support.strength import count
from .helpers import bring_table, training_graph, upload

SECRET = "the canary sings"
_TARGETS = ["canary.txt", "../canary.txt", "etc/passwd", "visdl.db", "runs", "datasets", ""]
_STEPS = [
    *("../", "..\\", "..%2f", "..%5c", "%2e%2e/", "%2e%2e%2f", "..%252f", "....//", "..;/"),
    *("..%c0%af", "..%ef%bc%8f", "．．/", "./", "a/../../", "%00/../", "..\\/"),
]
CORPUS = [
    *(step * deep + target for step in _STEPS for deep in (1, 6) for target in _TARGETS[:4]),
    *(f"{root}{target}" for root in ("/", "//", "file:///", "~/", "C:\\") for target in _TARGETS),
    *("\\\\host\\share\\a", "//host/share", "canary.txt\0", "\0", ".", "..", "...", "/", "\\"),
    *("a" * 300, "../" * 2000, "link.txt", "link", "link/canary.txt", "CON", "nul", "a:b", "|id"),
    *("$(id)", "`id`", "%n", "*", "?", "{}", "-rf", ".git", ".env", "__proto__", "\u202e", " "),
]
OPERATIONS = [
    (method, path, operation)
    for path, methods in json.loads(document())["paths"].items()
    for method, operation in methods.items()
]
#: Calls that wait for what never comes, or end a session of the test itself.
_LEFT_OUT = {("post", "/api/session")}


def strings() -> list[str]:
    """A sample of the corpus that has each kind, or all of it."""
    return CORPUS[:: max(1, len(CORPUS) // count(gate=12, full=len(CORPUS)))]


def test_the_corpus_is_large():
    assert len(set(CORPUS)) >= 150


class Outside:
    """A folder with a data folder in it, and with everything that no request may touch."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.data = root / "a" / "b" / "data"
        self.data.mkdir(parents=True)
        for folder in (root, root / "a", root / "a" / "b"):
            (folder / "canary.txt").write_text(SECRET)
            (folder / "etc").mkdir()
            (folder / "etc" / "passwd").write_text(SECRET)
        self.before = self.tree()

    def tree(self) -> dict[str, tuple[int, int]]:
        """Return size and time of change of everything outside the data folder."""
        return {
            str(path): (path.lstat().st_size, path.lstat().st_mtime_ns)
            for path in sorted(self.root.rglob("*"))
            if not path.is_relative_to(self.data) and path != self.data and path.is_file()
        }


@pytest.fixture(scope="module")
def outside(tmp_path_factory: pytest.TempPathFactory) -> Outside:
    return Outside(tmp_path_factory.mktemp("outside"))


@pytest.fixture(scope="module")
def running(outside: Outside) -> Iterator[Server]:
    """A server with a table, a graph, a run's folder, and links that lead out of its folders."""
    with run_server(outside.data) as server:
        bring_table(server.client)
        for folder in [path for path in outside.data.rglob("*") if path.is_dir()]:
            (folder / "link.txt").symlink_to(outside.root / "canary.txt")
            (folder / "link").symlink_to(outside.root)
        yield server


def call(
    server: Server, method: str, path: str, query: str = "", body: bytes = b""
) -> tuple[int, bytes]:
    """Call the application with this raw path: a client would change dots and slashes."""
    sent: list[Message] = []
    given = iter([{"type": "http.request", "body": body, "more_body": False}])

    async def receive() -> Message:
        return next(given, {"type": "http.disconnect"})

    async def send(message: Message) -> None:
        sent.append(message)

    headers = {"host": server.host, "content-type": "application/json", "if-match": "1"}
    scope: Scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "scheme": "http",
        "method": method.upper(),
        "path": path,
        "raw_path": quote(path).encode(),
        "query_string": query.encode(),
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 8000),
    }
    asyncio.run(server.app(scope, receive, send))
    status = next(each["status"] for each in sent if each["type"] == "http.response.start")
    return status, b"".join(each.get("body", b"") for each in sent)


def check(outside: Outside, status: int, answer: bytes) -> None:
    assert status < 500, answer[:500]
    assert SECRET.encode() not in answer
    assert str(outside.root).encode() not in answer, "a folder of the machine"


def _is_text(parameter: dict[str, Any]) -> bool:
    return '"string"' in json.dumps(parameter["schema"])


def test_names_in_addresses(running, outside):
    tried = 0
    for method, path, operation in OPERATIONS:
        if (method, path) in _LEFT_OUT:
            continue
        named = [each for each in operation.get("parameters", []) if _is_text(each)]
        in_path = [each["name"] for each in named if each["in"] == "path"]
        in_query = [each["name"] for each in named if each["in"] == "query"]
        for text in strings() if named else []:
            filled = path
            for name in in_path:
                filled = filled.replace(f"{{{name}}}", text)
            filled = filled.replace("{version}", "1")
            query = "&".join(f"{name}={quote(text, safe='')}" for name in in_query)
            check(outside, *call(running, method, filled, query))
            tried += 1
    assert tried > 20 * len(strings())
    assert outside.tree() == outside.before


def _with_text(schema: dict[str, Any], whole: dict[str, Any], text: str) -> dict[str, Any]:
    """Return a body in which each field of text has this one."""
    if "$ref" in schema:
        return _with_text(
            whole["components"]["schemas"][schema["$ref"].split("/")[-1]], whole, text
        )
    fields = schema.get("properties", {})
    return {
        name: [text] if '"array"' in json.dumps(field) else text
        for name, field in fields.items()
        if '"string"' in json.dumps(field)
    }


def test_names_in_bodies(running, outside):
    whole = json.loads(document())
    tried = 0
    for method, path, operation in OPERATIONS:
        content = operation.get("requestBody", {}).get("content", {}).get("application/json")
        if content is None or (method, path) in _LEFT_OUT:
            continue
        for text in strings():
            body = _with_text(content["schema"], whole, text)
            for one in [body, *({name: value} for name, value in body.items())]:
                check(outside, *call(running, method, path, body=json.dumps(one).encode()))
                tried += 1
    assert tried > 10 * len(strings())
    assert outside.tree() == outside.before


def test_names_in_graphs_and_of_files(running, outside):
    for text in strings():
        graph = training_graph()
        graph["nodes"].append({"id": text[:200] or "x", "type": "ModelExport", "params": {}})
        graph["nodes"].append({"id": "b", "type": "Block", "params": {"block": text}})
        graph["blocks"] = {text: {"name": text[:200], "nodes": [], "edges": []}}
        for node, field in itertools.product(graph["nodes"], ("file", "name", "weights", "path")):
            node["params"] = {**node["params"], field: text}
        for path in ("/api/graphs/validate", "/api/graphs", "/api/runs"):
            body = graph if "graphs" in path else {"graph": graph, "name": text[:200]}
            check(outside, *call(running, "post", path, body=json.dumps(body).encode()))
        answer = upload(running.client, name=quote(text)[:250] or "x")
        check(outside, answer.status_code, answer.content)
    stored = [path for path in outside.data.rglob("*") if path.is_file() and not path.is_symlink()]
    assert all(path.resolve().is_relative_to(outside.data.resolve()) for path in stored)
    assert outside.tree() == outside.before


@pytest.mark.parametrize("text", CORPUS)
def test_the_file_of_an_export_is_in_the_folder_of_its_run(text, tmp_path):
    path = tmp_path / f"{file_stem(text)}.safetensors"
    assert path.resolve().parent == tmp_path.resolve()
    path.write_text("")


def test_the_name_of_an_export_fits_into_a_file_system(tmp_path):
    (tmp_path / f"{file_stem('漢' * 200)}.metrics.json").write_text("")
