"""The list of runs: filters, orders, pages and facets; many runs changed or deleted at once."""

from __future__ import annotations

import sqlite3
import threading

import pytest

from visdl.models.datasets import DatasetRecord
from visdl.models.errors import InvalidInputError
from visdl.models.events import LogEvent, MetricsEvent, ProgressEvent
from visdl.models.graph import Graph
from visdl.models.requests import PatchRuns
from visdl.models.runs import DatasetUse, MetricSummary, Progress, Run, RunState
from visdl.store import Store
from visdl.store.migrations import MIGRATIONS
from visdl.store.run_list import RunFilter, RunOrder

S = RunState


@pytest.fixture
def store(tmp_path):
    store = Store(tmp_path / "visdl.db")
    yield store
    store.close()


def add(store, run_id, *path, created=None, **fields):
    """Add a run that went through these states; created in the order of the calls by default."""
    made = store.count_runs() if created is None else created
    store.add_run(Run(id=run_id, created=made, **{"name": run_id, **fields}), Graph())
    for state in path:
        store.move_run(run_id, state)


def measured(store, run_id, value):
    store.append(run_id, [MetricsEvent(series={}, summary={"val_loss": MetricSummary(last=value)})])


def ids(store, key="created", descending=True, selection=None, **page):
    return [
        run.id
        for run in store.runs(selection or RunFilter(), order=RunOrder(key, descending), **page)
    ]


DONE = (S.STARTING, S.RUNNING, S.COMPLETED)


def test_runs_are_sorted_by_any_column_over_all_pages(store):
    add(store, "a", name="Beta", seed=3, parameters=10)
    add(store, "b", name="alpha", seed=1, parameters=None)
    add(store, "c", *DONE, name="Gamma", seed=2, parameters=20)
    assert ids(store, "name", descending=False) == ["b", "a", "c"]
    assert ids(store, "seed") == ["a", "c", "b"]
    assert ids(store, "state", descending=False) == ["c", "b", "a"]
    assert ids(store, "created", descending=False) == ["a", "b", "c"]
    assert ids(store, "seed", limit=1, offset=1) == ["c"]
    assert ids(store, "name", selection=RunFilter(state=[S.QUEUED])) == ["a", "b"]


@pytest.mark.parametrize("descending", [True, False])
def test_runs_without_a_value_stand_last_the_newest_first(store, descending):
    for run_id, parameters in (("a", None), ("b", 5), ("c", None)):
        add(store, run_id, parameters=parameters)
    assert ids(store, "parameters", descending) == ["b", "c", "a"]
    assert ids(store, "metrics.val_loss", descending) == ["c", "b", "a"]


def test_a_run_that_trains_is_sorted_by_its_last_report(store):
    for run_id, value in (("a", 3.0), ("b", 1.0), ("live", 2.0)):
        add(store, run_id, S.STARTING, S.RUNNING)
        measured(store, run_id, value)
    for run_id in ("a", "b"):
        store.move_run(run_id, S.COMPLETED)
    assert ids(store, "metrics.val_loss") == ["a", "live", "b"]
    measured(store, "live", 9.0)
    store.append("live", [ProgressEvent(progress=Progress(epoch=4))])
    assert ids(store, "metrics.val_loss") == ["live", "a", "b"]
    assert ids(store, "epoch")[0] == "live"


@pytest.mark.parametrize(
    "key", ["", "nothing", "record", "created; DROP TABLE runs", "metrics.", 'metrics.a"b']
)
def test_an_order_that_there_is_not_is_refused_in_words(store, key):
    with pytest.raises(InvalidInputError, match="cannot be sorted by"):
        store.runs(order=RunOrder(key))


def test_a_graph_is_found_by_its_id_and_by_its_name(store):
    add(store, "a", graph_id="g1", graph_name="Digits")
    add(store, "b", graph_name="Digits")
    assert ids(store, selection=RunFilter(graph="g1")) == ["a"]
    assert ids(store, selection=RunFilter(graph="Digits")) == ["b", "a"]


def test_facets_count_what_runs_have_the_most_used_first(store):
    table = DatasetRecord(id="d1", name="table", rows=1, columns=[], bytes=1, sha256="0", created=0)
    store.add_dataset(table)
    use = DatasetUse(node="csv", id="d1", name="table", sha256="0")
    add(
        store,
        "a",
        tags=["x", "y"],
        graph_name="One",
        datasets=[use, use.model_copy(update={"node": "test"})],
    )
    add(store, "b", tags=["y"], graph_name="Two")
    add(store, "c", graph_name="Two")
    facets = store.run_facets(10)
    assert [(one.name, one.runs) for one in facets.tags] == [("y", 2), ("x", 1)]
    assert [(one.value, one.runs) for one in facets.graphs] == [("Two", 2), ("One", 1)]
    assert [(one.value, one.name, one.runs) for one in facets.datasets] == [("d1", "table", 1)]
    assert [one.name for one in store.run_facets(1).tags] == ["y"]
    for kind in ("tags", "graphs", "datasets"):
        for one in getattr(facets, kind):
            assert store.count_runs(RunFilter(**{kind.removesuffix("s"): one.value})) == one.runs


def test_many_runs_are_starred_and_tagged_and_those_that_cannot_be_are_named(store):
    add(store, "a", tags=["old"])
    add(store, "b", *DONE)
    add(store, "full", tags=[str(i) for i in range(50)])
    names = ["a", "b", "full", "gone", "a"]
    answer = store.patch_runs(
        PatchRuns(ids=names, starred=True, add_tags=["new"], remove_tags=["old"])
    )
    assert answer.patched == ["a", "b"]
    assert answer.kept["gone"] == "There is no run 'gone'."
    assert answer.kept["full"] == "'full' would have more than 50 tags."
    assert (store.run("a").tags, store.run("a").starred, store.run("b").state) == (
        ["new"],
        True,
        S.COMPLETED,
    )
    assert ids(store, selection=RunFilter(tag="new", starred=True)) == ["b", "a"]
    assert store.patch_runs(PatchRuns(ids=["full"], remove_tags=["7"])).patched == ["full"]


def test_runs_that_have_ended_are_deleted_with_all_that_they_have_and_the_others_are_named(
    store, tmp_path
):
    for run_id in ("a", "b"):
        add(store, run_id, S.STARTING, S.RUNNING, tags=["t"])
        measured(store, run_id, 1.0)
        store.move_run(run_id, S.COMPLETED)
    add(store, "live")
    assert store.lasting_runs(["a", "live", "gone"]) == {
        "live": "'live' is queued.",
        "gone": "There is no run 'gone'.",
    }
    assert [
        run for some in store.delete_runs(["a", "live", "gone", "b"]) for run in sorted(some)
    ] == ["a", "b"]
    assert store.run_ids() == ["live"]
    with sqlite3.connect(tmp_path / "visdl.db") as db:
        kept = {
            name: db.execute(f"SELECT count(*) FROM {name}").fetchone()[0]
            for name in ("events", "run_tags", "run_metrics")
        }
    db.close()
    assert kept == {"events": 1, "run_tags": 0, "run_metrics": 0}


def test_others_write_while_many_runs_are_deleted(store):
    names = [f"r{i}" for i in range(30)]
    for name in names:
        add(store, name, S.STARTING, S.RUNNING)
        store.append(name, [LogEvent(message="x")] * 200)
        store.move_run(name, S.COMPLETED)
    add(store, "other")
    deleting = store.delete_runs(names)
    gone = next(deleting)
    assert len(gone) < len(names)
    writer = threading.Thread(target=store.append, args=("other", [LogEvent(message="in between")]))
    writer.start()
    writer.join()
    assert store.events("other")[-1].type == "log"
    assert sum(map(len, deleting)) + len(gone) == len(names)


def test_a_long_run_is_deleted_in_small_transactions(store, tmp_path):
    add(store, "a", S.STARTING, S.RUNNING)
    for _ in range(3):
        store.append("a", [MetricsEvent(series={"loss": [(1, 0, 1.0)]})] * 1000)
    store.move_run("a", S.INTERRUPTED)
    held = []
    store._db.write(lambda db: db.create_function("held", 0, lambda: held.append(1)))
    store._db.write(
        lambda db: db.execute(
            "CREATE TEMP TRIGGER deleted AFTER DELETE ON events BEGIN SELECT held(); END"
        )
    )
    write, most = store._db.write, []

    def counted(work):
        before = len(held)
        answer = write(work)
        most.append(len(held) - before)
        return answer

    store._db.write = counted
    store.delete_run("a")
    assert sum(most) == len(held) > 3000
    assert max(most) <= 1000
    assert store.run_ids() == []
    with sqlite3.connect(tmp_path / "visdl.db") as db:
        assert db.execute("SELECT count(*) FROM points").fetchone() == (0,)
    db.close()


def test_a_run_that_starts_before_its_turn_to_be_deleted_is_kept(store):
    add(store, "a", *DONE)
    add(store, "b", S.INTERRUPTED)
    deleting = store.delete_runs(["a", "b"])
    store.move_run("b", S.QUEUED)
    assert [run for some in deleting for run in some] == ["a"]
    assert store.run_ids() == ["b"]


def test_a_database_of_the_version_before_is_sorted_and_filtered(tmp_path):
    path = tmp_path / "visdl.db"
    with sqlite3.connect(path) as db:
        for number, script in enumerate(MIGRATIONS[:4], 1):
            db.executescript(f"{script} PRAGMA user_version = {number};")
        insert = (
            "INSERT INTO runs (id, state, created, search, record, graph)"
            " VALUES (?, ?, ?, ?, ?, '{}')"
        )
        for run_id, value in (("a", 2.0), ("b", 3.0), ("c", None)):
            run = Run(
                id=run_id,
                name=run_id,
                graph_name="Net",
                created=1.0,
                duration=value,
                metrics={"val_loss": MetricSummary(last=value)},
                progress=Progress(epoch=int(value or 0)),
            )
            db.execute(insert, (run_id, "completed", 1.0, run_id, run.model_dump_json()))
    db.close()
    store = Store(path)
    for key in ("duration", "metrics.val_loss", "epoch"):
        assert ids(store, key) == ["b", "a", "c"], key
    assert ids(store, selection=RunFilter(graph="Net", search="a")) == ["a"]
    store.close()
