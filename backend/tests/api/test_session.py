"""Signing in and out: a browser gets a session, which is not the token; wrong tokens are braked."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator

import httpx
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus

from visdl.api.app import make_app
from visdl.api.connections import RefuseExcess
from visdl.api.security.access import Access
from visdl.api.security.brake import LIMIT, Brake
from visdl.api.security.guard import Guard
from visdl.api.security.sessions import FILE, Sessions

from ..conftest import Server, run_server
from .helpers import error
from .test_guard import TOKEN

BEARER = {"Authorization": f"Bearer {TOKEN}"}


@pytest.fixture(scope="module")
def with_token(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with run_server(tmp_path_factory.mktemp("data"), token=TOKEN) as running:
        yield running


@pytest.fixture
def locked(with_token: Server, monkeypatch: pytest.MonkeyPatch) -> Server:
    """A server with a token, to which nobody has sent a wrong one."""
    assert isinstance(with_token.app, RefuseExcess)
    assert isinstance(with_token.app.app, Guard)
    monkeypatch.setattr(with_token.app.app.access, "brake", Brake())
    with_token.client.cookies.clear()
    return with_token


@pytest.fixture
def browser(locked: Server) -> Iterator[httpx.Client]:
    """A client that keeps cookies."""
    with httpx.Client(base_url=locked.client.base_url, trust_env=False) as client:
        yield client


def sign_in(client: httpx.Client, token: str = TOKEN) -> httpx.Response:
    return client.post("/api/session", json={"token": token})


def test_the_token_is_exchanged_for_a_cookie_that_is_not_the_token(locked, browser):
    answer = sign_in(browser)
    assert answer.status_code == 204
    parts = answer.headers["set-cookie"].split("; ")
    assert {"HttpOnly", "SameSite=strict", "Path=/", "Max-Age=604800"} <= set(parts)
    assert "Secure" not in parts
    assert TOKEN not in answer.headers["set-cookie"]
    assert browser.get("/api/nodes").status_code == 200
    assert locked.client.get("/api/nodes").status_code == 401


def test_each_sign_in_gets_another_session_and_ends_the_former_one(browser):
    sign_in(browser)
    [first] = browser.cookies.jar
    sign_in(browser)
    [second] = browser.cookies.jar
    assert first.value != second.value
    browser.cookies.clear()
    former = {"Cookie": f"{first.name}={first.value}"}
    assert browser.get("/api/nodes", headers=former).status_code == 401


def test_the_name_of_the_cookie_depends_on_port_and_data_folder(tmp_path):
    places = [(tmp_path / "a", 8000), (tmp_path / "a", 8001), (tmp_path / "b", 8000)]
    names = {Sessions(folder, token=TOKEN, port=port, days=1).cookie for folder, port in places}
    assert len(names) == 3


def test_the_page_can_ask_whether_it_is_signed_in(browser):
    out = {"required": True, "signed_in": False, "expires": None}
    assert browser.get("/api/session").json() == out
    assert browser.get("/api/session", headers=BEARER).json() == {**out, "signed_in": True}
    sign_in(browser)
    record = browser.get("/api/session").json()
    assert record["signed_in"]
    assert record["expires"] > 1_700_000_000


def test_without_a_token_nobody_signs_in():
    open_to_all = httpx.ASGITransport(Guard(make_app(), Access(None)))

    async def ask() -> list[httpx.Response]:
        async with httpx.AsyncClient(transport=open_to_all, base_url="http://localhost") as client:
            return [
                await client.get("/api/session"),
                await client.post("/api/session", json={"token": TOKEN}),
                await client.delete("/api/session"),
            ]

    state, *changes = asyncio.run(ask())
    assert state.json() == {"required": False, "signed_in": True, "expires": None}
    for answer in changes:
        assert answer.status_code == 204
        assert "set-cookie" not in answer.headers


def test_signing_out_ends_the_session(browser):
    sign_in(browser)
    [cookie] = browser.cookies.jar
    answer = browser.delete("/api/session")
    assert answer.status_code == 204
    assert "Max-Age=0" in answer.headers["set-cookie"]
    assert list(browser.cookies.jar) == []
    kept = {"Cookie": f"{cookie.name}={cookie.value}"}
    assert error(browser.get("/api/nodes", headers=kept), 401)["code"] == "no_token"
    assert browser.delete("/api/session").status_code == 204


def test_signing_out_closes_the_sockets_of_the_session(locked, browser):
    sign_in(browser)
    [cookie] = browser.cookies.jar
    headers = {"Cookie": f"{cookie.name}={cookie.value}"}
    with locked.connect("/ws/system", additional_headers=headers, open_timeout=60) as socket:
        socket.recv()
        browser.delete("/api/session")
        with pytest.raises(ConnectionClosed) as closed:
            while True:
                socket.recv(timeout=60)
    assert closed.value.rcvd.code == 4403


def test_a_session_outlives_a_restart_and_the_file_does_not_contain_its_id(tmp_path):
    def restarted(token: str = TOKEN, port: int = 8000) -> Sessions:
        return Sessions(tmp_path, token=token, port=port, days=1)

    session = restarted().start_session()
    file = tmp_path / FILE
    assert file.stat().st_mode & 0o777 == 0o600
    assert len(json.loads(file.read_text())["sessions"]) == 1
    assert session not in file.read_text()
    assert TOKEN not in file.read_text()
    assert restarted().is_active(session)
    assert not restarted(token=f"{TOKEN}-changed").is_active(session)
    assert not restarted(port=8001).is_active(session)
    restarted().end_session(session)
    assert not restarted().is_active(session)


@pytest.mark.parametrize("text", ["", '{"sessions": [1', "[]", '{"sessions": {"a": null}}'])
def test_a_damaged_file_of_sessions_asks_for_the_token_again(tmp_path, text):
    (tmp_path / FILE).write_text(text)
    sessions = Sessions(tmp_path, token=TOKEN, port=8000, days=1)
    assert not sessions.is_active("any")
    assert sessions.is_active(sessions.start_session())


@pytest.mark.parametrize(
    "others", ['username-8888="2|1:0|10"', '{"a": [1]}', "x", "=", 'a="b', "b\xe9=1"]
)
def test_cookies_of_other_programs_at_this_host_do_not_matter(locked, others):
    cookie = sign_in(locked.client).headers["set-cookie"].split(";")[0]
    locked.client.cookies.clear()
    name = cookie.split("=")[0]
    text = f"{others}; {name}=stale; {cookie}; {others}"
    headers = [(b"Cookie", text.encode("latin-1"))]
    assert locked.client.get("/api/nodes", headers=headers).status_code == 200


def test_a_proxy_may_use_the_authorization_header_for_itself(browser):
    sign_in(browser)
    assert browser.get("/api/nodes", headers={"Authorization": "Basic YTpi"}).status_code == 200
    assert browser.get("/api/nodes", headers={"Authorization": f"bearer {TOKEN}"}).is_success
    assert browser.get("/api/nodes", headers={"Authorization": "Bearer x"}).status_code == 401


def test_through_a_proxy_with_tls_the_cookie_is_sent_by_tls_alone(browser):
    answer = browser.post(
        "/api/session", json={"token": TOKEN}, headers={"X-Forwarded-Proto": "https"}
    )
    assert "Secure" in answer.headers["set-cookie"].split("; ")


def test_a_wrong_token_gets_no_cookie(browser):
    answer = sign_in(browser, "something-else")
    assert error(answer, 422)["field"] == "token"
    assert "set-cookie" not in answer.headers


def guess_by_bearer(server: Server) -> httpx.Response:
    return server.client.get("/api/runs", headers={"Authorization": "Bearer wrong-token"})


def guess_by_session(server: Server) -> httpx.Response:
    return sign_in(server.client, "wrong-token")


@pytest.mark.parametrize("guess", [guess_by_bearer, guess_by_session])
def test_many_wrong_tokens_must_wait_and_the_right_one_gets_in(locked, browser, guess):
    sign_in(browser)
    before = [guess(locked).status_code for _ in range(LIMIT)]
    assert 429 not in before
    answer = guess(locked)
    record = error(answer, 429)
    assert record["code"] == "too_many_attempts"
    assert 1 <= int(answer.headers["retry-after"]) <= 60
    assert "set-cookie" not in answer.headers
    # also under another address that the client states itself
    forged = {"Authorization": "Bearer wrong-token", "X-Forwarded-For": "10.1.2.3"}
    assert locked.client.get("/api/runs", headers=forged).status_code == 429
    # everybody comes from 127.0.0.1, as through an SSH forward
    assert locked.client.get("/api/nodes", headers=BEARER).status_code == 200
    assert browser.get("/api/nodes").status_code == 200
    assert sign_in(locked.client).status_code == 204
    locked.client.cookies.clear()
    assert locked.client.get("/api/runs").status_code == 401
    assert guess(locked).status_code == 429


def test_wrong_tokens_at_a_socket_are_braked_too(locked):
    def guess() -> httpx.Headers:
        wrong = {"Authorization": "Bearer wrong-token"}
        with (
            pytest.raises(InvalidStatus) as refused,
            locked.connect("/ws/system", additional_headers=wrong),
        ):
            pass
        response = refused.value.response
        return httpx.Headers(
            {**dict(response.headers.raw_items()), "status": str(response.status_code)}
        )

    assert {guess()["status"] for _ in range(LIMIT)} == {"403"}
    answer = guess()
    assert answer["status"] == "429"
    assert int(answer["retry-after"]) >= 1
    with locked.connect("/ws/system", additional_headers=BEARER) as socket:
        socket.recv()


def test_sessions_that_have_expired_or_never_were_do_not_count_as_wrong_tokens(locked, browser):
    sign_in(browser)
    [cookie] = browser.cookies.jar
    stale = {"Cookie": f"{cookie.name}=never-started"}
    for _ in range(LIMIT + 5):
        assert locked.client.get("/api/runs", headers=stale).status_code == 401
