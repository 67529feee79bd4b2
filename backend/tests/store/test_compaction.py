"""The database gives room back, while others read and write."""

from __future__ import annotations

import shutil
import sqlite3
import threading
import time

import pytest

from visdl.models.events import LogEvent
from visdl.models.graph import Graph
from visdl.models.runs import Run, RunState
from visdl.store import Store, StoreError

LINE = "x" * 1000


@pytest.fixture
def store(tmp_path):
    store = Store(tmp_path / "visdl.db")
    yield store
    store.close()


def add(store, run_id, lines=1000):
    store.add_run(
        Run(id=run_id, name=run_id, state=RunState.COMPLETED, created=time.time()), Graph(name="G")
    )
    store.append(run_id, [LogEvent(level="info", message=LINE, time=1.0) for _ in range(lines)])


def on_disk(folder):
    return sum(
        file.stat().st_size for file in folder.glob("visdl.db*") if not file.name.endswith("-shm")
    )


def test_the_room_of_deleted_runs_is_given_back(store, tmp_path):
    add(store, "gone", 3000)
    add(store, "kept", 10)
    assert store.compact() >= 0
    store.delete_run("gone")
    least = store.spare_bytes()
    assert least > 2_000_000
    before = on_disk(tmp_path)
    freed = store.compact()
    assert freed == before - on_disk(tmp_path)
    assert freed >= least
    assert store.spare_bytes() == 0
    assert [event.type for event in store.events("kept")] == ["state"] + ["log"] * 10


def test_reads_and_writes_continue_while_it_compacts(store, tmp_path):
    add(store, "busy", 1)
    for number in range(5):
        add(store, f"gone{number}", 2000)
        store.delete_run(f"gone{number}")
    stop, faults, written = threading.Event(), [], [0, 0]

    def until_set(work):
        try:
            while not stop.is_set():
                work()
        except Exception as error:
            faults.append(error)

    def write(at):
        store.append("busy", [LogEvent(level="info", message=LINE, time=1.0)])
        written[at] += 1

    works = [
        lambda: write(0),
        lambda: write(1),
        lambda: store.events("busy", 0, 10),
        store.run_facts,
    ]
    threads = [threading.Thread(target=until_set, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for _ in range(5):
        store.compact()
    stop.set()
    for thread in threads:
        thread.join()
    assert faults == []
    assert len(store.events("busy", 0, 10**6)) == 2 + sum(written)
    assert [event.seq for event in store.events("busy", 0, 10**6)] == list(
        range(1, 3 + sum(written))
    )
    with sqlite3.connect(tmp_path / "visdl.db") as check:
        assert check.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert check.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    check.close()


def test_without_room_for_the_copy_nothing_is_done(store, tmp_path, monkeypatch):
    add(store, "gone", 3000)
    add(store, "kept", 3000)
    store.delete_run("gone")
    before = on_disk(tmp_path)
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=2**20))
    with pytest.raises(
        StoreError, match=r"not compacted: it needs \d+ MiB .* and 1 MiB are free\."
    ):
        store.compact()
    assert on_disk(tmp_path) == before


def test_a_database_that_another_program_holds_is_left_alone(store, tmp_path):
    add(store, "kept", 10)
    store._db.write(lambda db: db.execute("PRAGMA busy_timeout = 0"))
    other = sqlite3.connect(tmp_path / "visdl.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreError, match=r"not compacted: database is locked\."):
        store.compact()
    other.execute("ROLLBACK")
    other.close()
    assert store.compact() >= 0
    assert len(store.events("kept")) == 11


def test_a_closed_database_reports_it(tmp_path):
    store = Store(tmp_path / "visdl.db")
    store.close()
    with pytest.raises(StoreError, match="closed"):
        store.compact()
