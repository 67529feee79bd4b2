"""The brake on wrong tokens, and sessions, with a clock of their own."""

from __future__ import annotations

import asyncio

import pytest

from visdl.api.security.brake import (
    FORGET_SECONDS,
    LIMIT,
    MOST_ADDRESSES,
    MOST_SECONDS,
    TURN_SECONDS,
    Brake,
    TooManyAttemptsError,
)
from visdl.api.security.sessions import MOST_SESSIONS, Sessions


class Clock:
    """Time that passes where somebody sleeps."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def brake(clock: Clock) -> Brake:
    return Brake(clock=clock, sleep=clock.sleep)


def guess_wrong(brake: Brake, client: str, times: int) -> int:
    """How many of these wrong tokens were one too many."""
    refused = 0
    for _ in range(times):
        try:
            brake.count_wrong(client)
        except TooManyAttemptsError:
            refused += 1
    return refused


def test_an_address_over_the_limit_is_informed_when_to_try_again(brake, clock):
    assert guess_wrong(brake, "10.0.0.1", LIMIT) == 0
    with pytest.raises(TooManyAttemptsError) as refused:
        brake.count_wrong("10.0.0.1")
    clock.now += refused.value.seconds
    assert guess_wrong(brake, "10.0.0.1", 1) == 0


def test_what_was_wrong_is_forgotten_after_a_minute_however_much_it_was(brake, clock):
    guess_wrong(brake, "10.0.0.1", 1_000)
    clock.now += FORGET_SECONDS * (LIMIT + 1)
    assert guess_wrong(brake, "10.0.0.1", LIMIT) == 0


def test_over_the_limit_tokens_are_compared_one_by_one_and_others_do_not_wait(brake, clock):
    guess_wrong(brake, "10.0.0.1", LIMIT)
    for _ in range(3):
        asyncio.run(brake.wait_for_turn("10.0.0.1"))
        asyncio.run(brake.wait_for_turn("10.0.0.2"))
    assert clock.slept == pytest.approx([0, TURN_SECONDS, 2 * TURN_SECONDS])


def test_who_would_wait_too_long_is_refused_at_once(brake, clock):
    guess_wrong(brake, "10.0.0.1", LIMIT)
    turns = round(MOST_SECONDS / TURN_SECONDS)
    for _ in range(turns + 1):
        asyncio.run(brake.wait_for_turn("10.0.0.1"))
    with pytest.raises(TooManyAttemptsError):
        asyncio.run(brake.wait_for_turn("10.0.0.1"))
    assert max(clock.slept) <= MOST_SECONDS
    clock.now += MOST_SECONDS
    asyncio.run(brake.wait_for_turn("10.0.0.1"))


def test_addresses_are_forgotten_when_there_are_too_many(brake):
    for number in range(3 * MOST_ADDRESSES):
        guess_wrong(brake, f"10.0.{number // 250}.{number % 250}", 1)
    assert len(brake) == MOST_ADDRESSES


@pytest.mark.parametrize(
    ("first", "second", "same"),
    [
        ("2001:db8::1", "2001:db8::ffff:2", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("::ffff:10.0.0.1", "10.0.0.1", True),
        ("", "", True),
        ("10.0.0.1", "10.0.0.2", False),
    ],
)
def test_a_network_of_ipv6_is_one_address(brake, first, second, same):
    guess_wrong(brake, first, LIMIT)
    assert guess_wrong(brake, second, 1) == same


@pytest.fixture
def sessions(tmp_path, clock: Clock) -> Sessions:
    return Sessions(tmp_path, token="12345678", port=8000, days=2, clock=clock)


def test_a_session_expires(sessions, clock):
    session = sessions.start_session()
    clock.now += 2 * 86_400 - 1
    assert sessions.is_active(session)
    assert sessions.find_session(f"{sessions.cookie}={session}") == session
    clock.now += 1
    assert not sessions.is_active(session)
    assert sessions.find_session(f"{sessions.cookie}={session}") is None


def test_one_session_too_many_ends_the_oldest(sessions, clock):
    started = []
    for _ in range(MOST_SESSIONS + 1):
        started.append(sessions.start_session())
        clock.now += 1
    assert [sessions.is_active(session) for session in started] == [False] + [True] * MOST_SESSIONS


def test_a_folder_that_cannot_be_written_keeps_sessions_until_the_end(tmp_path, clock, caplog):
    sessions = Sessions(tmp_path / "none", token="12345678", port=8000, days=2, clock=clock)
    assert sessions.is_active(sessions.start_session())
    assert "Sessions of browsers end with the server" in caplog.text
