"""Memory that was used is given back to the system."""

from __future__ import annotations

import psutil

from visdl.api import memory

from .helpers import until


def megabytes():
    return psutil.Process().memory_info().rss >> 20


def fragmented():
    """Allocate 100 MB in small pieces, and free all but the last."""
    pieces = [bytes(1000) for _ in range(100_000)]
    return pieces[-1]


def test_freed_memory_is_given_back():
    memory.release_memory()
    before = megabytes()
    last = fragmented()
    kept = megabytes()
    memory.release_memory()
    assert len(last) == 1000
    assert kept > before + 80
    assert megabytes() < before + 20


def test_a_process_that_has_grown_gives_memory_back(monkeypatch):
    monkeypatch.setattr(memory, "_SECONDS", 0.01)
    keeper = memory.MemoryKeeper()
    keeper.start()
    try:
        before = megabytes()
        last = fragmented()
        until(lambda: megabytes() < before + 20)
        assert len(last) == 1000
    finally:
        keeper.close()


def test_memory_that_was_in_use_at_a_release_is_given_back_later(monkeypatch):
    monkeypatch.setattr(memory, "_SECONDS", 0.01)
    keeper = memory.MemoryKeeper()
    keeper.start()
    try:
        before = megabytes()
        pieces = [bytes(1000) for _ in range(100_000)]
        until(lambda: keeper._released >> 20 > before + 80)
        last = pieces[-1]
        del pieces
        until(lambda: megabytes() < before + 20)
        assert len(last) == 1000
    finally:
        keeper.close()
