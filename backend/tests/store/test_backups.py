"""Backups are whole, never in the way, and the newest are kept."""

from __future__ import annotations

import shutil
import sqlite3
import threading

import pytest

from visdl.models.events import LogEvent
from visdl.store import DamagedError, Store, StoreError
from visdl.store.backups import list_backups, remove_unfinished
from visdl.store.integrity import check_copy
from visdl.store.migrations import MIGRATIONS

from .helpers import add

LINE = LogEvent(level="info", message="x" * 1000, time=1.0)


def names(folder):
    return sorted(path.name for path in (folder / "backups").iterdir())


def test_a_backup_is_a_database_of_its_own_that_another_user_cannot_read(store, tmp_path):
    add(store, "r")
    made = store.backup()
    assert names(tmp_path) == ["visdl-000001-daily.db"]
    assert made.path.stat().st_mode & 0o77 == 0
    assert made.path.parent.stat().st_mode & 0o77 == 0
    assert check_copy(made.path, full=True)
    (tmp_path / "other").mkdir()
    shutil.copy(made.path, tmp_path / "other" / "visdl.db")
    copy = Store(tmp_path / "other" / "visdl.db")
    assert copy.run_ids() == ["r"]
    copy.close()


def test_the_newest_are_kept_in_the_order_of_their_numbers(tmp_path):
    store = Store(tmp_path / "visdl.db", keep_backups=2)
    for _ in range(4):
        store.backup()
    assert names(tmp_path) == ["visdl-000003-daily.db", "visdl-000004-daily.db"]
    store.close()


def test_while_one_is_made_others_read_and_write_and_it_is_a_snapshot(store, tmp_path):
    """Writes do not restart it: a backup of a busy database ends."""
    add(store, "r")
    store.append("r", [LINE] * 20_000)
    stop, written = threading.Event(), []

    def write():
        while not stop.is_set():
            written.append(store.append("r", [LINE] * 10)[-1].seq)

    thread = threading.Thread(target=write)
    thread.start()
    try:
        while not written:
            pass
        before, looks = written[-1], []
        made = store.backup(lambda: looks.append(written[-1]) or False)
        assert looks[-1] > before  # it was written meanwhile
        assert store.run("r")
    finally:
        stop.set()
        thread.join()
    with sqlite3.connect(f"file:{made.path}?immutable=1", uri=True) as db:
        last, rows = db.execute("SELECT max(seq), count(*) FROM events").fetchone()
    db.close()
    assert last == rows >= before
    assert last <= looks[0] + 10


def test_a_server_that_ends_drops_the_backup_that_it_makes(store, tmp_path):
    store.backup()
    with pytest.raises(StoreError, match="the server is shutting down"):
        store.backup(lambda: True)
    assert names(tmp_path) == ["visdl-000001-daily.db"]


def test_without_room_none_is_made_and_the_sentence_states_how_much_it_needs(
    store, tmp_path, monkeypatch
):
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=2**20))
    with pytest.raises(StoreError, match=r"needs \d+ MiB of free disk space, and 1 MiB are free"):
        store.backup()
    assert names(tmp_path) == []


def test_a_disk_that_refuses_leaves_the_earlier_backups(store, tmp_path, monkeypatch):
    store.backup()

    def refuse(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", refuse)
    with pytest.raises(StoreError, match=r"was made: No space left on device\."):
        store.backup()
    assert names(tmp_path) == ["visdl-000001-daily.db"]


def test_a_copy_of_a_damaged_database_replaces_no_good_one(store, tmp_path):
    """The full check of the copy finds what SQLite has not met yet."""
    add(store, "r")
    store.backup()
    store._db.write(lambda db: db.execute("PRAGMA writable_schema = ON"))
    store._db.write(
        lambda db: db.execute(
            "UPDATE sqlite_master SET rootpage = (SELECT rootpage FROM sqlite_master"
            " WHERE name = 'runs_by_time') WHERE name = 'runs_by_state'"
        )
    )
    with pytest.raises(DamagedError, match="SQLite reports"):
        store.backup()
    assert names(tmp_path) == ["visdl-000001-daily.db"]
    assert "Stop VisDL and start it again" in store.explain_damage()
    assert (tmp_path / "visdl.db.suspect").exists()


def test_a_migration_has_a_backup_of_what_was_before(tmp_path):
    with sqlite3.connect(tmp_path / "visdl.db", isolation_level=None) as db:
        db.executescript(MIGRATIONS[0])
        db.execute("PRAGMA user_version = 1")
        db.execute("INSERT INTO flags VALUES ('before')")
    db.close()
    Store(tmp_path / "visdl.db").close()
    [backup] = list_backups(tmp_path)
    assert backup.path.name == "visdl-000001-migration.db"
    with sqlite3.connect(backup.path) as db:
        assert db.execute("PRAGMA user_version").fetchone() == (1,)
        assert db.execute("SELECT key FROM flags").fetchall() == [("before",)]
    db.close()
    Store(tmp_path / "visdl.db").close()
    assert len(list_backups(tmp_path)) == 1


def test_without_room_for_a_backup_the_migration_is_made_with_a_warning(
    tmp_path, monkeypatch, caplog
):
    with sqlite3.connect(tmp_path / "visdl.db", isolation_level=None) as db:
        db.executescript(MIGRATIONS[0])
        db.execute("PRAGMA user_version = 1")
    db.close()
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=2**20))
    Store(tmp_path / "visdl.db").close()
    assert "The database is migrated without one." in caplog.text


def test_what_a_killed_server_left_of_a_backup_is_removed(store, tmp_path):
    store.backup()
    (tmp_path / "backups" / ".new-visdl-000002-daily.db").write_bytes(b"half")
    remove_unfinished(tmp_path)
    assert names(tmp_path) == ["visdl-000001-daily.db"]
