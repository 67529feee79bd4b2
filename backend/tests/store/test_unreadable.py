"""One record that cannot be read hides no other, is named, and can be deleted."""

from __future__ import annotations

import sqlite3
import time

import pytest

from visdl.models.catalogue import NewBlock
from visdl.models.datasets import DatasetRecord
from visdl.models.errors import UnreadableError
from visdl.models.events import LogEvent
from visdl.models.graph import Block, Graph
from visdl.models.requests import PatchRuns
from visdl.models.runs import RunState
from visdl.models.strategies import LeaveOneOut
from visdl.models.studies import Study, StudyPlan, StudyState
from visdl.store import Store
from visdl.store.migrations import MIGRATIONS
from visdl.store.run_list import RunFilter, RunOrder

from .helpers import GRAPH, add, metrics

DAMAGE = {
    "no JSON": lambda column: f"substr({column}, 1, length({column}) / 2)",
    "empty": lambda _: "''",
    "bytes": lambda _: "x'00ff00ff'",
    "a list": lambda _: "'[]'",
    "without a field": lambda column: f"json_remove({column}, '$.id', '$.name', '$.created')",
    "of a newer version": lambda column: f"json_set({column}, '$.state', 'archived')",
    "a number for a text": lambda column: f"json_set({column}, '$.name', 7)",
}
damaged_by = pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)


def study(study_id):
    strategy = LeaveOneOut(kind="leave_one_out", nodes=["a"])
    plan = StudyPlan(strategy=strategy, metric="val_loss", seeds=[0, 1])
    return Study(
        id=study_id, name="S", plan=plan, direction="minimize", graph_name="G", variants=[],
        created=0, state=StudyState.RUNNING,
    )  # fmt: skip


def damage_row(store, table, damage, row_id, column="record"):
    sql = f"UPDATE {table} SET {column} = {damage(column)} WHERE id = ?"
    assert store._db.write(lambda db: db.execute(sql, (row_id,)).rowcount) == 1


@damaged_by
@pytest.mark.parametrize("state", [RunState.COMPLETED, RunState.QUEUED, RunState.RUNNING])
def test_a_run_is_shown_as_failed_with_the_reason_and_can_be_deleted(store, damage, state):
    for run in ("good", "bad", "last"):
        add(store, run, state=state, seed=3)
    damage_row(store, "runs", damage, "bad")
    for key in ("created", "epoch", "metrics.val_loss"):
        shown = {run.id: run for run in store.runs(order=RunOrder(key))}
        assert shown.keys() == {"good", "bad", "last"}
        assert (shown["bad"].state, shown["bad"].name, shown["bad"].seed) == (
            "failed",
            "Run bad",
            3,
        )
        assert "The record of run 'bad' cannot be read" in shown["bad"].error.message
    assert store.run_facts().keys() == shown.keys()
    store.waiting_runs()
    store.run_facets(10)
    assert {run.id for run in store.live_runs()} <= {"good", "last"}
    with pytest.raises(UnreadableError, match="'bad' cannot be read"):
        store.run("bad")
    assert "bad" not in {run.id for run in store.waiting_runs()}
    with pytest.raises(UnreadableError):
        store.patch_run("bad", note="x")
    assert store.patch_runs(PatchRuns(ids=["good", "bad"], starred=True)).patched == ["good"]
    store.delete_run("bad")
    assert store.count_runs(RunFilter()) == 2


@damaged_by
def test_a_table_is_shown_without_columns(store, damage):
    for name in ("good", "bad"):
        store.add_dataset(
            DatasetRecord(
                id=name, name=name, rows=1, columns=[], bytes=1, sha256="", created=time.time()
            )
        )
    damage_row(store, "datasets", damage, "bad")
    shown = {record.id: record for record in store.datasets()}
    assert shown.keys() == {"good", "bad"}
    if shown["bad"].warnings:  # a table has no state
        assert "The record of table 'bad' cannot be read" in shown["bad"].warnings[0]
        with pytest.raises(UnreadableError, match="'bad' cannot be read"):
            store.dataset("bad")
    store.delete_dataset("bad")
    assert [record.id for record in store.datasets()] == ["good"]


@damaged_by
def test_a_study_is_left_out_and_can_be_deleted(store, damage, caplog):
    store.add_study(study("good"), GRAPH)
    store.add_study(study("bad"), GRAPH)
    damage_row(store, "studies", damage, "bad")
    assert [one.id for one in store.studies()] == ["good"]
    assert [one.id for one in store.studies(StudyState.RUNNING)] == ["good"]
    with pytest.raises(UnreadableError, match="The record of study 'bad' cannot be read"):
        store.study("bad")
    store.study_counts()
    store.delete_study("bad")


@damaged_by
def test_a_run_of_a_study_leaves_the_other_cells(store, damage):
    store.add_study(study("s"), GRAPH)
    for seed, run in enumerate(("good", "bad")):
        add(
            store, run, state=RunState.COMPLETED, study="s", variant="v", seed=seed, fingerprint="f"
        )
    damage_row(store, "runs", damage, "bad")
    assert [cell.run.id for cell in store.study_runs("s")] == ["good"]
    assert {cell.run for cell in store.study_cells("s")} == {"good", "bad"}
    store.study_counts("s")


def test_a_block_is_left_out_and_can_be_deleted(store):
    blocks = {"b": Block(name="B")}
    made = [store.add_block(NewBlock(name=name, block="b", blocks=blocks)) for name in "xy"]
    damage_row(store, "blocks", DAMAGE["no JSON"], made[0].id, "blocks")
    assert [block.name for block in store.blocks()] == ["y"]
    store.delete_block(made[0].id)


@damaged_by
def test_graphs_stay_listed_and_the_graph_of_a_run_or_study_has_a_sentence(store, damage):
    stored = store.create_graph(Graph(name="G"))
    sql = f"UPDATE graph_versions SET document = {damage('document')} WHERE version = 1"
    store._db.write(lambda db: db.execute(sql))
    assert [graph.id for graph in store.graphs()] == [stored.id]
    assert len(store.graph_versions(stored.id)) == 1
    add(store, "r")
    damage_row(store, "runs", DAMAGE["no JSON"], "r", "graph")
    with pytest.raises(UnreadableError, match="The record of the graph of run 'r'"):
        store.run_graph("r")


@pytest.mark.parametrize("body", ["", "{", '{"type": "of the future"}', '{"level": "info"}', "[]"])
def test_an_event_keeps_its_position_and_its_run_can_be_deleted(store, body):
    for run in ("r", "other"):
        add(store, run, state=RunState.COMPLETED)
        store.append(run, [LogEvent(level="info", message=str(i), time=1.0) for i in range(3)])
    spoil = "UPDATE events SET body = ? WHERE seq = 3"
    sql = "SELECT sql FROM sqlite_master WHERE name = 'events_told'"  # words: ok
    [index] = store._db.read(sql)

    def work(db):  # as a damaged page does it: the index knows nothing of it
        db.execute("DROP INDEX events_told")  # words: ok
        db.execute(spoil, (body,))

    store._db.write(work)
    events = store.events("r")
    assert [event.seq for event in events] == [1, 2, 3, 4]
    assert "Event 3 of this run cannot be read" in events[2].message
    assert len(store.encoded_events(None, 0, 100, 10**6)) == 8
    valid = body.startswith(('{"', "["))
    if valid:
        store._db.write(lambda db: db.execute(index["sql"]))
        assert [event.seq for event in store.events("r", types=["log"])] == [2, 4]
        assert store.last_log("r", 10) == ["0", "2"]
    store.delete_run("r")
    assert len(store.events("other")) == 4


def test_an_event_that_is_no_json_is_found_by_reading_types_and_repaired(store, tmp_path):
    add(store, "r", state=RunState.COMPLETED)
    store.append("r", [LogEvent(level="info", message="needle-in-the-page", time=1.0)])
    store.close()
    path = tmp_path / "visdl.db"
    data = path.read_bytes()
    at = data.index(b'"needle-in')
    path.write_bytes(data[:at] + b"?" + data[at + 1 :])  # one byte, of which SQLite knows nothing
    again = Store(path)
    assert "cannot be read" in again.events("r")[1].message
    assert again.events("r", types=["log"])[0].seq == 2
    assert again.last_log("r", 5)
    again.delete_run("r")
    again.close()


@pytest.mark.parametrize(
    "body", [b"", b"half", b"\xff" * 25, "text", b"\xff" * 24, b"\x00" * 7 + b"\x7f" * 41]
)
def test_damaged_points_leave_the_others(store, body):
    add(store, "r")
    store.append("r", [metrics(1.0, 2.0)])
    store.append("r", [metrics(3.0, 4.0, start=3)])
    store.append("r", [metrics(5.0, start=5)])
    sql = "UPDATE points SET body = ? WHERE seq = 3"
    store._db.write(lambda db: db.execute(sql, (body,)))
    values = [value for _, _, value in store.series("r").series["train_loss"]]
    assert [value for value in values if value] == [1.0, 2.0, 5.0]
    assert len(store.events("r")) == 4
    store.stored_steps("r")
    store.downsample_curves("r", 4)


def test_a_record_that_is_no_json_does_not_stop_a_migration(tmp_path):
    """It would stop every start after an upgrade."""
    with sqlite3.connect(tmp_path / "visdl.db", isolation_level=None) as db:
        for script in MIGRATIONS[:2]:
            db.executescript(script)
        db.execute("PRAGMA user_version = 2")
        for run, record in (("good", '{"name": "N", "seed": 7, "graph_name": "G"}'), ("bad", "{")):
            db.execute(
                "INSERT INTO runs (id, state, created, search, record, graph)"
                " VALUES (?, 'completed', 1, '', ?, '{}')",
                (run, record),
            )
    db.close()
    store = Store(tmp_path / "visdl.db")
    rows = store._db.read("SELECT id, name, seed FROM runs ORDER BY id")
    assert [tuple(row) for row in rows] == [("bad", "", 0), ("good", "N", 7)]
    assert len(store.runs()) == 2
    store.close()
