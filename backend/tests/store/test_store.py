"""The database: what has returned is stored, graphs and lists, older and damaged files."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from visdl.models.errors import ConflictError, NotFoundError, StaleError
from visdl.models.events import LogEvent
from visdl.models.runs import DatasetUse, Run, RunState
from visdl.store import Store, StoreError
from visdl.store.graphs import KEEP_DELETED
from visdl.store.migrations import MIGRATIONS
from visdl.store.run_list import RunFilter

from .helpers import GRAPH, add

S = RunState


def test_runs_are_found_by_state_name_tag_and_graph(store):
    add(store, "a", tags=["Baseline"])
    add(store, "b", graph_name="Digits")
    store.move_run("b", S.STARTING)
    assert [run.id for run in store.runs()] == ["b", "a"]
    assert [run.id for run in store.runs(RunFilter(state=[S.STARTING]))] == ["b"]
    assert [run.id for run in store.runs(RunFilter(search="baseLINE"))] == ["a"]
    assert [run.id for run in store.runs(RunFilter(search="digits"))] == ["b"]
    assert [run.id for run in store.runs(RunFilter(search="%"))] == []
    assert store.count_runs(RunFilter(search="run")) == 2
    assert [run.id for run in store.runs(limit=1, offset=1)] == ["a"]


def test_runs_are_filtered_by_graph_tag_dataset_and_star(store):
    use = DatasetUse(node="csv", id="d1", name="table", sha256="0")
    add(store, "a", tags=["one", "two"], graph_id="g1")
    add(store, "b", tags=["two"], datasets=[use], graph_id="g2")
    store.patch_run("a", starred=True, note="The best so far")
    store.patch_run("b", tags=["three"])

    def found(**fields):
        selection = RunFilter(**fields)
        ids = [run.id for run in store.runs(selection)]
        assert store.count_runs(selection) == len(ids)
        return ids

    assert found(tag="two") == ["a"]
    assert found(tag="three") == ["b"]
    assert found(graph="g2") == ["b"]
    assert found(dataset="d1") == ["b"]
    assert found(starred=True) == ["a"]
    assert found(starred=False) == ["b"]
    assert found(search="best so") == ["a"]
    assert found(state=[S.QUEUED, S.FAILED]) == ["b", "a"]
    assert found(tag="three", starred=True) == []


def test_a_waiting_run_moves_to_the_front_and_only_a_waiting_one(store):
    for name in ("a", "b", "c"):
        add(store, name)
    store.prioritize_run("c")
    store.prioritize_run("b")
    assert [run.id for run in store.waiting_runs()] == ["b", "c", "a"]
    store.move_run("b", S.STARTING)
    with pytest.raises(ConflictError, match="is starting"):
        store.prioritize_run("b")


def test_a_database_of_the_version_before_keeps_its_runs_and_finds_them(tmp_path):
    path = tmp_path / "visdl.db"
    with sqlite3.connect(path) as db:
        for number, script in enumerate(MIGRATIONS[:2], 1):
            db.executescript(f"{script} PRAGMA user_version = {number};")
        old = Run(id="r", name="run", created=1.0, tags=["kept"], graph_id="g")
        insert = (
            "INSERT INTO runs (id, state, created, search, record, graph) VALUES (?, ?, ?, ?, ?, ?)"
        )
        db.execute(
            insert, ("r", "completed", 1.0, "run", old.model_dump_json(), GRAPH.model_dump_json())
        )
    db.close()
    store = Store(path)
    assert [run.id for run in store.runs(RunFilter(tag="kept", graph="g", starred=False))] == ["r"]
    store.close()


def test_a_stale_save_is_refused_and_changes_nothing(store):
    stored = store.create_graph(GRAPH)
    store.replace_graph(stored.id, GRAPH.model_copy(update={"name": "Two"}), 1)
    with pytest.raises(StaleError):
        store.replace_graph(stored.id, GRAPH.model_copy(update={"name": "Late"}), 1)
    assert (store.graph(stored.id).name, store.graph(stored.id).version) == ("Two", 2)


def test_a_save_returns_its_own_version_also_when_another_follows_at_once(store, monkeypatch):
    stored = store.create_graph(GRAPH)
    write = store._db.write

    def write_and_be_overtaken(work):
        done = write(work)
        monkeypatch.setattr(store._db, "write", write)
        store.replace_graph(stored.id, GRAPH.model_copy(update={"name": "Later"}), 2)
        return done

    monkeypatch.setattr(store._db, "write", write_and_be_overtaken)
    saved = store.replace_graph(stored.id, GRAPH.model_copy(update={"name": "Mine"}), 1)
    assert (saved.version, saved.graph.name) == (2, "Mine")
    assert (store.graph(stored.id).version, store.graph(stored.id).name) == (3, "Later")


def corrupt(path, table, column):
    with sqlite3.connect(path) as db:
        db.execute(f'UPDATE {table} SET {column} = \'{{"nodes": [{{"id"\'')
    db.close()


def test_a_damaged_draft_or_version_is_reported_and_the_other_one_shown(store, tmp_path):
    stored = store.create_graph(GRAPH)
    store.save_draft(stored.id, GRAPH.model_copy(update={"name": "Draft"}))
    corrupt(tmp_path / "visdl.db", "graph_versions", "document")
    rescued = store.graph(stored.id)
    assert (rescued.graph.name, rescued.damaged) == ("Draft", ["graph"])
    with pytest.raises(ConflictError, match="Version 1 of 'G' is damaged"):
        store.graph_version(stored.id, 1)
    store.replace_graph(stored.id, GRAPH, 1)
    store.save_draft(stored.id, GRAPH)
    corrupt(tmp_path / "visdl.db", "graphs", "draft")
    rescued = store.graph(stored.id)
    assert (rescued.graph.name, rescued.draft, rescued.damaged) == ("G", None, ["draft"])


def test_a_graph_that_is_damaged_altogether_is_named(store, tmp_path):
    stored = store.create_graph(GRAPH)
    corrupt(tmp_path / "visdl.db", "graph_versions", "document")
    with pytest.raises(ConflictError, match="is damaged in the database"):
        store.graph(stored.id)
    assert [one.name for one in store.graphs()] == ["G"]


def test_deleted_graphs_are_forgotten_after_their_time(store):
    stored = store.create_graph(GRAPH)
    store.delete_graph(stored.id)
    assert store.forget_graphs(time.time() - KEEP_DELETED) == 0
    assert store.restore_graph(stored.id).id == stored.id
    store.delete_graph(stored.id)
    assert store.forget_graphs(time.time()) == 1
    with pytest.raises(NotFoundError):
        store.restore_graph(stored.id)


def test_a_write_that_fails_undoes_itself_and_no_other(store):
    add(store)
    with ThreadPoolExecutor(4) as pool:
        answers = [
            pool.submit(store.append, "r" if i % 2 else "gone", [LogEvent(message=str(i))])
            for i in range(20)
        ]
        failed = [isinstance(answer.exception(), NotFoundError) for answer in answers]
    assert failed == [True, False] * 10
    assert len(store.events("r")) == 11


def test_a_database_of_a_newer_version_is_left_alone(tmp_path):
    Store(tmp_path / "visdl.db").close()
    with sqlite3.connect(tmp_path / "visdl.db") as db:
        db.execute("PRAGMA user_version = 99")
    db.close()
    with pytest.raises(StoreError, match="A newer VisDL wrote"):
        Store(tmp_path / "visdl.db")


def test_a_file_that_is_not_a_database_is_named_and_closed(tmp_path, monkeypatch):
    (tmp_path / "visdl.db").write_bytes(b"no database at all" * 100)
    opened, connect = [], sqlite3.connect
    monkeypatch.setattr(
        sqlite3, "connect", lambda *a, **k: opened.append(connect(*a, **k)) or opened[-1]
    )
    with pytest.raises(StoreError, match="cannot be opened"):
        Store(tmp_path / "visdl.db")
    [connection] = opened
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        connection.execute("SELECT 1")


def test_after_closing_a_write_is_refused_in_words(tmp_path):
    store = Store(tmp_path / "visdl.db")
    store.close()
    with pytest.raises(StoreError, match="shutting down"):
        add(store)


_WRITER = """
import sys, time
from visdl.store import Store
from visdl.models.events import LogEvent, MetricsEvent
from visdl.models.graph import Graph
from visdl.models.runs import Run
from pathlib import Path
store = Store(Path(sys.argv[1]))
if sys.argv[2] == "0":
    store.add_run(Run(id="r", name="R", created=time.time()), Graph())
while True:
    [event] = store.append("r", [MetricsEvent(series={"a": [(1, 1, 1.0)] * 50})])
    print(event.seq, flush=True)
"""


def _kill_while_writing(tmp_path, times):
    """Kill a writing process at a random moment; every confirmed write must be there."""
    path, rng = tmp_path / "visdl.db", random.Random(1)
    for attempt in range(times):
        with subprocess.Popen(
            [sys.executable, "-c", _WRITER, path, str(attempt)], stdout=subprocess.PIPE
        ) as writer:
            seen = [int(writer.stdout.readline())]
            time.sleep(rng.uniform(0, 0.05))
            os.kill(writer.pid, signal.SIGKILL)
            seen += [int(line) for line in writer.stdout.read().split(b"\n")[:-1]]
        store = Store(path)
        try:
            events = store.events("r", limit=1_000_000)
            assert [event.seq for event in events] == list(range(1, len(events) + 1))
            assert events[-1].seq >= seen[-1]
            assert all(len(event.series["a"]) == 50 for event in events[1:])
        finally:
            store.close()
        with sqlite3.connect(path) as db:
            assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        db.close()


def test_a_writer_that_is_killed_loses_nothing_that_was_acknowledged(tmp_path):
    _kill_while_writing(tmp_path, 3)


@pytest.mark.slow
def test_a_hundred_kills_lose_nothing(tmp_path):
    _kill_while_writing(tmp_path, 100)
