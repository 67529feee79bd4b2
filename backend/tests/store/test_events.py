"""Events and curves in the store: gapless numbers, and series that keep their extremes."""

from __future__ import annotations

import json
import random
from concurrent.futures import ThreadPoolExecutor

import pytest

from visdl.models.errors import NotFoundError
from visdl.models.events import LogEvent, MetricsEvent, ProgressEvent
from visdl.models.runs import MetricSummary, Progress, RunState
from visdl.store import events, points

from .helpers import add, metrics

S = RunState


def test_numbers_are_gapless_in_a_run_with_several_writers(store):
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
    everything = store.encoded_events(None, 0, 1000, 10**9)
    assert [cursor for cursor, _ in everything] == sorted(cursor for cursor, _ in everything)
    assert len(everything) == 122
    assert store.last_cursor() == everything[-1].position


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


def test_series_as_json_are_the_series_and_their_points_are_bounded(store, monkeypatch):
    monkeypatch.setattr(points, "_PIECE", 7)
    add(store)
    values = [(step, 1, None if step == 5 else step / 3) for step in range(20)]
    store.append("r", [MetricsEvent(series={"a": values, 'b"': values[:3], "c": values})])
    whole = json.loads(store.encoded_series("r"))
    assert whole == store.series("r").model_dump(mode="json")
    assert json.loads(store.encoded_series("r", ["a"] * 1000, 8)) == store.series(
        "r", ["a"], 8
    ).model_dump(mode="json")
    monkeypatch.setattr(events, "MOST_POINTS", 30)
    monkeypatch.setattr(events, "_FEWEST", 4)
    few = json.loads(store.encoded_series("r"))
    assert [len(curve) for curve in few["series"].values()] == [10, 3, 10]
    assert few["truncated"]


def test_pages_of_events_meet_without_gap_or_repeat(store):
    add(store)
    store.append("r", [LogEvent(message=str(i)) for i in range(25)])
    seen, after = [], 0
    while page := store.events("r", after, limit=7):
        seen += page
        after = page[-1].seq
    assert [event.seq for event in seen] == list(range(1, 27))


def test_pages_of_json_are_as_large_as_asked_and_have_the_same_events(store):
    add(store)
    store.append("r", [metrics(*range(100)), metrics(*range(1000)), metrics(*range(100))])
    store.append("r", [LogEvent(message="x" * 500) for _ in range(20)])
    expected = [event.model_dump_json() for event in store.events("r")]
    pages, after = [], 0
    while page := store.encoded_events("r", after, 100, 5_000):
        pages.append(page)
        after = page[-1].position
    assert [text for page in pages for _, text in page] == expected
    for page in pages:  # all but the last event of a page fit
        assert sum(len(text) for _, text in page[:-1]) < 5_000
    assert len(pages) > 3
    assert [position for position, _ in store.encoded_events("r", 1, 2, 10**9)] == [2, 3]
    assert len(store.encoded_events("r", 0, 100, 10**9, ["log"])) == 20


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


def test_downsampling_drops_the_steps_that_a_resumed_run_took_twice(store):
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
