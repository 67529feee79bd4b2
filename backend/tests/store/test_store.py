"""The database: what returned is stored, states change by compare and swap, series keep their
extremes.
"""

from __future__ import annotations

import itertools
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from visdl.models.errors import ConflictError, NotFoundError, StaleError, TransitionError
from visdl.models.events import LogEvent, MetricsEvent, ProgressEvent
from visdl.models.graph import Graph, Node
from visdl.models.runs import (
    ENDED,
    LIVE,
    TRANSITIONS,
    DatasetUse,
    MetricSummary,
    Progress,
    Run,
    RunState,
)
from visdl.store import Store, StoreError
from visdl.store.database import MIGRATIONS
from visdl.store.graphs import KEEP_DELETED
from visdl.store.run_list import RunFilter

S = RunState
GRAPH = Graph(name="G", nodes=[Node(id="a", type="Linear")])


@pytest.fixture
def store(tmp_path):
    store = Store(tmp_path / "visdl.db")
    yield store
    store.close()


def add(store, run_id="r", **fields):
    run = Run(id=run_id, name=f"Run {run_id}", created=time.time(), **fields)
    store.add_run(run, GRAPH)
    return run


def metrics(*values, key="train_loss", start=1):
    points = [(step, 0, value) for step, value in enumerate(values, start)]
    return MetricsEvent(series={key: points}, time=1.0)


@pytest.mark.parametrize("goal", list(S))
@pytest.mark.parametrize(
    "path",
    [
        [],
        [S.STARTING],
        [S.STARTING, S.RUNNING],
        [S.STARTING, S.RUNNING, S.PAUSED],
        [S.STARTING, S.STOPPING],
        [S.STARTING, S.STOPPING, S.STOPPED],
        [S.STARTING, S.RUNNING, S.COMPLETED],
        [S.STARTING, S.FAILED],
        [S.INTERRUPTED],
    ],
)
def test_a_state_changes_only_as_the_table_allows(store, path, goal):  # fmt: skip
    add(store)
    for state in path:
        store.move_run("r", state)
    now = path[-1] if path else S.QUEUED
    if goal in TRANSITIONS[now]:
        assert store.move_run("r", goal)[0].state is goal
        assert store.events("r")[-1].state is goal
        return
    with pytest.raises(TransitionError) as refused:
        store.move_run("r", goal)
    assert refused.value.state == now
    assert store.run("r").state is now


def test_what_is_final_stays_and_every_live_state_can_fail_or_be_interrupted():
    assert {state for state in S if not TRANSITIONS[state]} == {S.COMPLETED, S.STOPPED, S.FAILED}
    assert all({S.FAILED, S.INTERRUPTED} <= TRANSITIONS[state] for state in LIVE)
    assert not LIVE & ENDED


def test_of_many_that_change_one_state_at_once_one_wins(store):
    add(store)

    def attempt(_):
        try:
            store.move_run("r", S.STARTING)
        except TransitionError:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(attempt, range(40))) == [False] * 39 + [True]
    assert [event.state for event in store.events("r")] == [S.QUEUED, S.STARTING]


def test_random_commands_from_many_threads_leave_a_legal_history(store):
    def hammer(seed):
        rng = random.Random(seed)
        for _ in range(40):
            try:
                store.move_run("r", rng.choice(list(S)))
            except TransitionError:
                continue

    add(store)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(hammer, range(8)))
    history = [event.state for event in store.events("r")]
    assert history[0] is S.QUEUED
    assert all(after in TRANSITIONS[before] for before, after in itertools.pairwise(history))
    assert store.run("r").state is history[-1]


def test_a_run_that_waits_or_works_cannot_be_deleted(store):
    add(store)
    with pytest.raises(ConflictError, match="Run r' is queued"):
        store.delete_run("r")
    store.move_run("r", S.STOPPED)
    store.delete_run("r")
    with pytest.raises(NotFoundError):
        store.run("r")
    assert store.events("r") == []


def test_numbers_are_gapless_in_a_run_with_many_writers(store):
    for run in "ab":
        add(store, run)
    with ThreadPoolExecutor(8) as pool:
        list(
            pool.map(
                lambda i: store.append("ab"[i % 2], [LogEvent(message=str(i)), metrics(i)]),
                range(60),
            )
        )
    for run in "ab":
        assert [event.seq for event in store.events(run)] == list(range(1, 62))
    everything = store.all_events(limit=1000)
    assert [event.cursor for event in everything] == sorted(event.cursor for event in everything)
    assert len(everything) == 122
    assert store.last_cursor() == everything[-1].cursor


def test_events_come_back_as_they_went_in(store):
    add(store)
    sent = [
        LogEvent(message="read 🎲", level="warning", node="a", time=2.5),
        MetricsEvent(
            series={"b": [(2, 1, 0.5), (3, 1, None)], "a": [(2, 1, 1.5)]},
            summary={"a": MetricSummary(last=1.5, best=1.5, best_epoch=1)},
            time=3.5,
        ),
        ProgressEvent(progress=Progress(epoch=1, epochs=2, step=3, steps=6), time=4.5),
    ]
    returned = store.append("r", sent)
    assert store.events("r", after=1) == returned
    assert [
        event.model_copy(update={"run": "", "seq": 0, "cursor": None}) for event in returned
    ] == sent


def test_pages_of_events_meet_without_gap_or_repeat(store):
    add(store)
    store.append("r", [LogEvent(message=str(i)) for i in range(25)])
    seen, after = [], 0
    while page := store.events("r", after, limit=7):
        seen += page
        after = page[-1].seq
    assert [event.seq for event in seen] == list(range(1, 27))


def test_the_record_of_a_run_follows_its_events(store):
    add(store)
    store.append(
        "r",
        [
            ProgressEvent(progress=Progress(epoch=1, step=5)),
            MetricsEvent(series={}, summary={"a": MetricSummary(last=1)}),
        ],
    )
    store.append("r", [MetricsEvent(series={}, summary={"b": MetricSummary(last=2)})])
    run = store.run("r")
    assert (run.progress.step, run.metrics["a"].last, run.metrics["b"].last, run.seq) == (
        5,
        1,
        2,
        4,
    )


def test_events_of_a_run_that_was_deleted_are_refused(store):
    with pytest.raises(NotFoundError):
        store.append("gone", [LogEvent(message="x")])


def test_downsampled_series_keep_first_last_and_extremes(store):
    add(store)
    values = [float(i % 7) for i in range(5000)]
    values[1234], values[4321] = 1e6, -1e6
    store.append("r", [metrics(*values)])
    thin = store.series("r", max_points=50)
    points = thin.series["train_loss"]
    assert thin.truncated
    assert len(points) <= 50
    assert (points[0][0], points[-1][0]) == (1, 5000)
    assert (1235, 0, 1e6) in points
    assert (4322, 0, -1e6) in points
    assert [step for step, _, _ in points] == sorted(step for step, _, _ in points)


@pytest.mark.parametrize("most", [4, 5, 9, 100, 101])
def test_a_short_series_is_left_as_it_is_and_a_long_one_is_never_longer_than_asked(store, most):
    add(store)
    store.append("r", [metrics(*range(100))])
    points = store.series("r", max_points=most).series["train_loss"]
    assert len(points) <= most
    assert len(points) == 100 or most < 100


def test_a_curve_that_grows_for_long_keeps_its_extremes_evenly_and_its_newest_point(store):
    add(store)
    rng, most = random.Random(0), 1000
    values = [rng.gauss(0, 1) for _ in range(20_000)]
    values[3_333], values[15_001], values[9_000] = 99.0, -99.0, None
    for start in range(0, len(values), 40):
        store.append(
            "r",
            [
                metrics(*values[start : start + 40], start=start + 1),
                metrics(0.5, key="val_loss", start=start + 1),
            ],
        )
        if start % 4000 == 3960:
            store.downsample_curves("r", most)
    kept = store.series("r").series["train_loss"]
    assert most // 2 < len(kept) <= 2 * most
    assert [values[step - 1] for step, _, _ in kept] == [value for _, _, value in kept]
    assert {99.0, -99.0, None} <= {value for _, _, value in kept}
    assert kept[-1][0] == len(values)
    share = [sum(low < step <= low + 5000 for step, _, _ in kept) for low in range(0, 20_000, 5000)]
    assert max(share[:3]) < 1.5 * min(share[:3]), "one part is coarser than another"
    assert len(store.series("r").series["val_loss"]) == 500, "a short curve stays as it is"
    assert store.stored_steps("r")["train_loss"] == len(values)
    events = store.events("r", limit=10_000)
    assert [event.seq for event in events] == list(range(1, len(events) + 1))


def test_downsampling_omits_the_steps_that_a_resumed_run_repeated(store):
    add(store)
    store.append(
        "r", [metrics(*range(100)), metrics(*range(1000, 1050), start=51), metrics(7, start=101)]
    )
    assert store.downsample_curves("r", 20) > 0
    points = store.series("r").series["train_loss"]
    assert [step for step, _, _ in points] == sorted({step for step, _, _ in points})
    assert all(
        value == (step - 1 if step <= 50 else 1000 + step - 51) for step, _, value in points[:-1]
    )


def test_events_of_some_types_alone(store):
    add(store)
    for step in range(3):
        store.append(
            "r",
            [
                metrics(1.0, start=step),
                ProgressEvent(progress=Progress(step=step)),
                LogEvent(message="x"),
            ],
        )
    assert [event.type for event in store.events("r", types=["log", "state"])] == [
        "state",
        "log",
        "log",
        "log",
    ]
    assert [event.seq for event in store.events("r", after=4, types=["log"])] == [7, 10]
    assert [event.type for event in store.events("r", types=["progress", "log"])][:3] == [
        "progress",
        "log",
        "progress",
    ]


def test_keys_are_chosen_and_gaps_are_null(store):
    add(store)
    store.append("r", [metrics(1, None, 3, key="a"), metrics(1, key="b")])
    assert store.series("r", ["a"]).series == {"a": [(1, 0, 1), (2, 0, None), (3, 0, 3)]}
    assert store.series("r").series.keys() == {"a", "b"}
    assert store.series("r", ["none"]).series == {"none": []}


def test_steps_that_a_resumed_run_took_again_count_once(store):
    add(store)
    store.append("r", [metrics(1, 2, 3, 4, 5)])
    store.append("r", [metrics(30, 40, 50, 60, start=3)])
    store.append("r", [metrics(41, start=4), metrics(51, 61, start=5)])
    points = store.series("r").series["train_loss"]
    assert points == [(1, 0, 1), (2, 0, 2), (3, 0, 30), (4, 0, 41), (5, 0, 51), (6, 0, 61)]


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

    def found(**filters):
        selected = RunFilter(**filters)
        ids = [run.id for run in store.runs(selected)]
        assert store.count_runs(selected) == len(ids)
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
    store.move_to_front("c")
    store.move_to_front("b")
    assert [run.id for run in store.waiting_runs()] == ["b", "c", "a"]
    store.move_run("b", S.STARTING)
    with pytest.raises(ConflictError, match="is starting"):
        store.move_to_front("b")


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


def corrupt(path, table, column):
    with sqlite3.connect(path) as db:
        db.execute(f'UPDATE {table} SET {column} = \'{{"nodes": [{{"id"\'')
    db.close()


def test_a_damaged_draft_gives_the_version_and_a_damaged_version_the_draft_and_reports_it(
    store, tmp_path
):
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


def test_a_file_that_is_not_a_database_is_named(tmp_path):
    (tmp_path / "visdl.db").write_bytes(b"no database at all" * 100)
    with pytest.raises(StoreError, match="cannot be opened"):
        Store(tmp_path / "visdl.db")


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
    """Kill a writing process at a random moment; every acknowledged write must be there."""
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
