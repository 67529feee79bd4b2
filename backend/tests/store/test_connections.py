"""Connections to the database: threads come and go, connections do not add up."""

from __future__ import annotations

import sqlite3
import threading

import pytest

from visdl.store import Store, StoreError

from .helpers import add

THREADS, BURSTS = 16, 5


@pytest.fixture
def opened(monkeypatch):
    """The connections that were opened; a closed one raises."""
    connections = []
    connect = sqlite3.connect

    def counted(*args, **kwargs):
        connections.append(connect(*args, **kwargs))
        return connections[-1]

    monkeypatch.setattr(sqlite3, "connect", counted)
    return connections


def is_open(connection):
    try:
        connection.total_changes  # noqa: B018  raises when it is closed
    except sqlite3.ProgrammingError:
        return False
    return True


def burst(store):
    """Read in threads that have not read before and never read again."""
    together = threading.Barrier(THREADS)

    def read():
        together.wait()
        store.run("r")

    threads = [threading.Thread(target=read) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_bursts_of_new_threads_leave_few_connections_and_closing_leaves_none(tmp_path, opened):
    store = Store(tmp_path / "visdl.db")
    add(store)
    for _ in range(BURSTS):
        burst(store)
    assert len(opened) <= 9  # the writer's, and eight that read
    assert all(map(is_open, opened))
    store.close()
    assert not any(map(is_open, opened))
    with pytest.raises(StoreError, match="closed"):
        store.run("r")
