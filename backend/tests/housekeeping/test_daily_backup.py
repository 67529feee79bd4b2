"""When the database is backed up: the clock of the machine does not matter."""

from __future__ import annotations

import os
import threading
import time

import pytest

from visdl.housekeeping import DailyBackup
from visdl.housekeeping import daily_backup as module
from visdl.store import Store, StoreError
from visdl.store.backups import list_backups

from ..api.helpers import until

DAY = 86_400.0


@pytest.fixture
def store(tmp_path):
    store = Store(tmp_path / "visdl.db")
    yield store
    store.close()


@pytest.mark.parametrize(
    ("age", "due"),
    [
        (0.0, DAY),
        (DAY / 4, 0.75 * DAY),
        (2 * DAY, 60.0),
        (365 * DAY, 60.0),  # the clock jumped ahead, or it was long ago
        (-365 * DAY, 60.0),  # the clock was a year ahead: it does not stop backups for a year
        (-60.0, 60.0),
    ],
)
def test_the_first_is_due_a_day_after_the_newest_whatever_the_clock_shows(
    store, tmp_path, age, due
):
    then = time.time() - age
    os.utime(store.backup().path, (then, then))
    assert DailyBackup(store, tmp_path, 3).seconds_until_first() == pytest.approx(due, abs=5)


def test_a_folder_without_one_gets_it_soon(store, tmp_path):
    assert DailyBackup(store, tmp_path, 3).seconds_until_first() == 60.0


def test_while_it_runs_a_clock_that_jumps_neither_makes_nor_stops_one(store, tmp_path, monkeypatch):
    steady = [0.0]
    monkeypatch.setattr(module, "_steady", lambda: steady[0])
    monkeypatch.setattr(module, "_LOOK_SECONDS", 0.01)
    looks = []
    real = threading.Event.wait

    class Watched(threading.Event):
        def wait(self, timeout=None):
            looks.append(timeout)
            return real(self, timeout)

    monkeypatch.setattr(threading, "Event", Watched)
    backup = DailyBackup(store, tmp_path, 100, first_seconds=0)
    backup.start()

    def made(number):
        until(lambda: len(list_backups(tmp_path)) == number)
        seen = len(looks)
        until(lambda: len(looks) > seen + 3)
        assert len(list_backups(tmp_path)) == number

    made(1)
    for jump in (365 * DAY, -365 * DAY, 0.0):
        monkeypatch.setattr(time, "time", lambda jump=jump: jump)
        made(1)
    steady[0] += DAY - 1
    made(1)
    steady[0] += 2
    made(2)
    backup.close()


def test_one_that_is_refused_is_tried_again_within_the_hour_and_states_why(
    store, tmp_path, monkeypatch
):
    steady = [0.0]
    monkeypatch.setattr(module, "_steady", lambda: steady[0])
    monkeypatch.setattr(module, "_LOOK_SECONDS", 0.01)
    real, refused = store.backup, [True]

    def make(stopping):
        if refused[0]:
            raise StoreError("No backup of the database was made: the disk is full.")
        return real(stopping)

    monkeypatch.setattr(store, "backup", make)
    backup = DailyBackup(store, tmp_path, 3, first_seconds=0)
    backup.start()
    until(lambda: backup.problem is not None)
    assert backup.problem == "No backup of the database was made: the disk is full."
    refused[0] = False
    steady[0] += 3601
    until(lambda: backup.problem is None)
    assert len(list_backups(tmp_path)) == 1
    backup.close()


def test_zero_makes_none(store, tmp_path):
    backup = DailyBackup(store, tmp_path, 0, first_seconds=0)
    backup.start()
    backup.close()
    assert list_backups(tmp_path) == []
