"""What a worker reports: lines as they are printed, and a flood of them in few events."""

from __future__ import annotations

import contextlib
import itertools
import sys

import pytest

from visdl.models.events import LogEvent, MetricsEvent
from visdl.models.graph import Graph
from visdl.models.runs import Run
from visdl.runs.curve_downsampling import CurveDownsampler
from visdl.runs.telemetry import Telemetry
from visdl.store import Store
from visdl.training.reporter import Reporter
from visdl.worker.prints import LogRouter, capture_prints

from ..api.helpers import until


class Clock:
    """A time that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def reporting():
    """A reporter whose clock stands still, the clock, and what it has reported."""
    clock, events = Clock(), []
    return Reporter(events.extend, clock), clock, events


def messages(events):
    return [event.message for event in events if isinstance(event, LogEvent)]


def test_what_is_printed_is_reported_at_once(reporting):
    reporter, _, events = reporting
    for line in ("one", "two", "three"):
        reporter.record_print(line, "info")
    assert messages(events) == ["one", "two", "three"]


def test_a_flood_of_lines_is_reported_in_few_events_and_in_order(reporting):
    reporter, clock, events = reporting
    for number in range(3000):
        reporter.record_print(f"line {number}", "info")
        clock.now += 0.001
    reporter.flush_prints()
    assert len(events) < 250, "three seconds: fifty lines each second, and ten events"
    lines = list(itertools.chain.from_iterable(message.split("\n") for message in messages(events)))
    assert lines == [f"line {number}" for number in range(3000)]


def test_more_than_can_be_shown_is_counted(reporting):
    reporter, _, events = reporting
    for _ in range(50):
        reporter.record_print("prompt", "info")
    for _ in range(1000):
        reporter.record_print("x" * 99, "info")
    reporter.log("after them")
    *_, joined, counted, last = messages(events)
    assert len(joined) <= 10_000
    assert counted == f"… {1000 - len(joined.splitlines()):,} more lines were left out."
    assert last == "after them"


def test_a_progress_bar_is_one_line_and_a_line_without_an_end_is_reported(reporting):
    reporter, _, events = reporting
    with capture_prints(LogRouter(reporter)):
        for share in range(0, 101, 10):
            print(f"\r{share} %", end="")
        print("\nwindows\r\nlast", end="")
        print("careful", file=sys.stderr)
        assert messages(events) == ["100 %", "windows", "careful"]
    assert messages(events) == ["100 %", "windows", "careful", "last"]
    assert [event.level for event in events][2:] == ["warning", "info"]


def test_what_was_printed_before_a_fault_is_reported(reporting):
    reporter, _, events = reporting
    with contextlib.suppress(ZeroDivisionError), capture_prints(LogRouter(reporter)):
        for number in range(60):
            print("line", number)
        raise ZeroDivisionError
    assert "line 59" in messages(events)[-1]


def test_a_checkpoint_holds_all_points_that_the_server_has_not_stored(
    reporting,
):
    reporter, clock, events = reporting
    for step in range(1, 101):
        reporter.step(step, 8, [(step, float(step))])
        clock.now += 1  # each step is a message
    assert sum(isinstance(event, MetricsEvent) for event in events) == 100
    reporter.confirm_stored(40)
    points = reporter.state()["curves"]["batch_loss"]
    assert points[:, 0].tolist() == list(range(41, 101))
    later, again = Reporter(events.extend, clock), len(events)
    later.restore(reporter.state(), {"batch_loss": 60})
    [logged] = [
        event.series["batch_loss"] for event in events[again:] if isinstance(event, MetricsEvent)
    ]
    assert [step for step, _, _ in logged] == list(range(61, 101))


def test_a_checkpoint_holds_points_that_are_not_sent_yet(reporting):
    reporter, _, events = reporting
    reporter.step(1, 8, [(1, 0.5)])
    reporter.values({"val_loss": 0.4}, {"val_loss": "minimize"})  # within 100 ms: it waits
    assert [list(event.series) for event in events if isinstance(event, MetricsEvent)] == [
        ["batch_loss"]
    ]
    curves = reporter.state()["curves"]
    assert {key: points[:, 0].tolist() for key, points in curves.items()} == {
        "batch_loss": [1],
        "val_loss": [1],
    }


def test_long_curves_are_downsampled_while_the_run_continues_and_the_log_reports_so_once(tmp_path):
    store, telemetry = Store(tmp_path / "visdl.db"), Telemetry()
    store.add_run(Run(id="r", name="Run", created=1.0), Graph(name="Graph", nodes=[], edges=[]))
    downsampler = CurveDownsampler(store, telemetry, most=1000)
    downsampler.start()

    def train(steps: range) -> None:
        for start in steps[::50]:
            points = [(step, 0, float(step % 97)) for step in range(start, start + 50)]
            downsampler.count_points(
                "r", store.append("r", [MetricsEvent(series={"batch_loss": points})])
            )

    train(range(1, 2001))
    until(lambda: store.run("r").downsampled)
    train(range(2001, 6001))
    downsampler.close()
    series = store.series("r")
    assert len(series.series["batch_loss"]) <= 1500
    assert series.truncated
    assert series.series["batch_loss"][-1][0] == 6000
    assert messages(store.events("r", limit=1000, types=["log"])) == [
        "A curve has over 500 points: it is downsampled to the lowest and highest values of each"
        " interval."
    ]
    store.close()
