"""The page /docs works without a network and within the content security policy."""

from __future__ import annotations

import re

import pytest


def test_everything_the_page_loads_comes_from_this_server(client):
    page = client.get("/docs")
    assert page.headers["content-type"].startswith("text/html")
    loaded = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert {
        "/docs/assets/swagger-ui-bundle.js",
        "/docs/assets/swagger-ui.css",
        "/docs/start.js",
    } <= set(loaded)
    for address in loaded:
        assert address == "data:," or client.get(address).status_code == 200


def test_no_script_stands_in_the_page_itself(client):
    """The policy allows scripts of this server only, neither inline ones nor eval."""
    answer = client.get("/docs")
    assert "<script>" not in answer.text
    assert "script-src" not in answer.headers["content-security-policy"]
    assert "default-src 'self';" in answer.headers["content-security-policy"]


def test_the_document_that_it_shows_is_there(client):
    start = client.get("/docs/start.js")
    assert start.headers["content-type"].startswith("text/javascript")
    assert (
        client.get(re.search(r'url: "([^"]+)"', start.text)[1]).json()["info"]["title"] == "VisDL"
    )


@pytest.mark.parametrize(
    "path", ["..%2fcore.py", "%2e%2e/core.py", "../../../etc/passwd", "%00", "..%5ccore.py"]
)
def test_its_folder_gives_nothing_else(client, path):
    assert client.get(f"/docs/assets/{path}").status_code in (404, 405)
