"""A damaged database is found before SQLite touches it, and the newest whole copy replaces it."""

from __future__ import annotations

import os
import random
import shutil
import sqlite3
from pathlib import Path

import pytest

from visdl.models.ids import new_id
from visdl.store import DamagedError, Store, StoreError
from visdl.store.data_dir import check_data_dir, restore_data_dir
from visdl.store.migrations import MIGRATIONS

from ..support.strength import count
from .helpers import add, metrics

BACKED_UP, LATER = [f"run{number:09}" for number in range(20)], "later0000000"
PAGE = 4096


@pytest.fixture(scope="module")
def folder_with_backup(tmp_path_factory):
    """A data folder as a killed server leaves it: a backup, and runs that only the log has."""
    made, left = tmp_path_factory.mktemp("made"), tmp_path_factory.mktemp("left")
    store = Store(made / "visdl.db")
    for run in BACKED_UP:
        add(store, run)
        store.append(run, [metrics(*[0.5] * 200) for _ in range(3)])
    store.backup()
    store.compact()
    add(store, LATER)
    store._db.write(lambda db: db.execute("CREATE TABLE only_in_the_log (x)"))
    for file in made.glob("visdl.db*"):
        shutil.copy(file, left)
    shutil.copytree(made / "backups", left / "backups")
    (left / "runs" / LATER).mkdir(parents=True)
    (left / "datasets" / new_id()).mkdir(parents=True)
    store.close()
    return left


@pytest.fixture
def folder(folder_with_backup, tmp_path):
    return Path(shutil.copytree(folder_with_backup, tmp_path / "data"))


def overwrite(path, data, at=0):
    with path.open("r+b") as file:
        file.seek(at if at >= 0 else path.stat().st_size + at)
        file.write(data)


def whole(folder):
    """The database with all that is in its log, as a server that ended leaves it."""
    Store(folder / "visdl.db").close()
    return folder / "visdl.db"


def page_of(path, table):
    """The offset of the first page of a table."""
    with sqlite3.connect(path) as db:
        [root] = db.execute(
            "SELECT rootpage FROM sqlite_master WHERE name = ?", (table,)
        ).fetchone()
    db.close()
    return (root - 1) * PAGE


def zero_page(folder, table):
    path = whole(folder)
    overwrite(path, bytes(PAGE), page_of(path, table))


def truncate(folder, keep):
    path = whole(folder)
    os.truncate(path, int(keep(path.stat().st_size)))


def other_database(path):
    with sqlite3.connect(path) as db:
        db.execute("CREATE TABLE theirs (x)")
    db.close()


def replace_with_folder(folder):
    for file in folder.glob("visdl.db*"):
        file.unlink()
    (folder / "visdl.db").mkdir()


def replace(folder, data):
    path = whole(folder)
    path.write_bytes(data)


def log_of_another(folder):
    """A log with valid frames that never belonged to this database."""
    path = whole(folder)
    other = folder / "other.db"
    db = sqlite3.connect(other, isolation_level=None)
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("CREATE TABLE theirs (x)")
    db.executemany("INSERT INTO theirs VALUES (?)", [("x" * 3000,)] * 20)
    shutil.copy(folder / "other.db-wal", folder / "visdl.db-wal")
    db.close()
    other.unlink()
    assert path.exists()


def drop_table(folder):
    with sqlite3.connect(folder / "visdl.db") as db:
        db.execute("DROP TABLE points")
    db.close()


def no_tables(folder):
    path = whole(folder)
    path.unlink()
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("VACUUM")
    db.close()


def theirs(folder):
    path = whole(folder)
    path.unlink()
    other_database(path)


def remove_all(folder):
    for file in folder.glob("visdl.db*"):
        file.unlink()


DAMAGE = {
    "empty": lambda folder: replace(folder, b""),
    "empty beside its log": lambda folder: os.truncate(folder / "visdl.db", 0),
    "missing": remove_all,
    "missing beside its log": lambda folder: (folder / "visdl.db").unlink(),
    "text": lambda folder: replace(folder, b"notes for Monday\n" * 500),
    "zeros": lambda folder: replace(folder, bytes(8 * PAGE)),
    "noise": lambda folder: replace(folder, random.Random(1).randbytes(8 * PAGE)),
    "another kind of file": lambda folder: replace(folder, b"PK\x03\x04" + bytes(5000)),
    "half a header": lambda folder: truncate(folder, lambda _: 50),
    "a header only": lambda folder: truncate(folder, lambda _: 100),
    "first page only": lambda folder: truncate(folder, lambda _: PAGE),
    "half": lambda folder: truncate(folder, lambda size: size // 2 // PAGE * PAGE),
    "half, inside a page": lambda folder: truncate(folder, lambda size: size // 2 + 100),
    "without its last page": lambda folder: truncate(folder, lambda size: size - PAGE),
    "header overwritten": lambda folder: overwrite(whole(folder), b"\xff" * 100),
    "page size of zero": lambda folder: overwrite(whole(folder), b"\x00\x00", 16),
    "format of the future": lambda folder: overwrite(whole(folder), b"\x09\x09", 18),
    "schema page zeroed": lambda folder: overwrite(whole(folder), bytes(PAGE - 100), 100),
    "page of runs zeroed": lambda folder: zero_page(folder, "runs"),
    "page of events zeroed": lambda folder: zero_page(folder, "events"),
    "page of an index zeroed": lambda folder: zero_page(folder, "runs_listed"),
    "page of points is noise": lambda folder: overwrite(
        whole(folder), random.Random(2).randbytes(PAGE), page_of(folder / "visdl.db", "points")
    ),
    "log of another database": log_of_another,
    "a folder": replace_with_folder,
    "a table is missing": drop_table,
    "no tables": no_tables,
    "of another program": theirs,
}


@pytest.mark.parametrize("kind", DAMAGE)
def test_damage_stops_the_start_with_the_command_that_restores_the_newest_backup(folder, kind):
    DAMAGE[kind](folder)
    with pytest.raises(DamagedError) as damage:
        check_data_dir(folder)
    sentence = str(damage.value)
    assert damage.value.restorable
    assert f"The database {folder / 'visdl.db'} cannot be used: " in sentence
    assert sentence.endswith(f", run: VISDL_DATA_DIR={folder} make restore")
    assert "\n" not in sentence
    assert "Restored" in restore_data_dir(folder)
    check_data_dir(folder)
    store = Store(folder / "visdl.db")
    assert set(BACKED_UP) <= set(store.run_ids()) <= {*BACKED_UP, LATER}
    assert len(store.series(BACKED_UP[0]).series["train_loss"]) == 200
    store.close()
    assert kind.startswith("missing") or list(folder.glob("visdl.db.damaged-1*"))
    with pytest.raises(StoreError, match="is not damaged"):
        restore_data_dir(folder)


def test_a_log_of_another_database_costs_the_log_alone(folder):
    log_of_another(folder)
    with pytest.raises(DamagedError, match="without its damaged log"):
        check_data_dir(folder)
    restore_data_dir(folder)
    store = Store(folder / "visdl.db")
    assert LATER in store.run_ids()
    store.close()


def test_a_journal_of_another_database_is_not_rolled_back_into_this_one(folder):
    path = whole(folder)
    other = folder / "other.db"
    other_database(other)
    db = sqlite3.connect(other, isolation_level=None)
    db.execute("PRAGMA cache_size = 1")
    db.execute("BEGIN")
    db.executemany("INSERT INTO theirs VALUES (?)", [("x" * 3000,)] * 50)
    shutil.copy(folder / "other.db-journal", folder / "visdl.db-journal")
    db.close()
    before = path.read_bytes()
    check_data_dir(folder)
    assert path.read_bytes()[100:] == before[100:]
    assert (folder / "visdl.db-journal.foreign").exists()


@pytest.mark.parametrize("lost", ["-wal", "-shm"])
def test_without_its_log_the_database_opens_as_it_was_before(folder, lost):
    (folder / f"visdl.db{lost}").unlink()
    check_data_dir(folder)
    store = Store(folder / "visdl.db")
    assert set(BACKED_UP) <= set(store.run_ids())
    store.close()


def test_what_cannot_be_written_is_named(folder, monkeypatch):
    real = os.access
    monkeypatch.setattr(
        os, "access", lambda file, mode: "visdl.db" not in str(file) and real(file, mode)
    )
    with pytest.raises(StoreError, match=r"visdl.db cannot be written. Make it writable"):
        check_data_dir(folder)


def test_a_newer_version_is_no_damage(folder):
    with sqlite3.connect(folder / "visdl.db") as db:
        db.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
    db.close()
    with pytest.raises(StoreError, match="newer VisDL") as error:
        check_data_dir(folder)
    assert not isinstance(error.value, DamagedError)


def test_without_a_backup_the_sentence_states_it_and_nothing_changes(folder):
    shutil.rmtree(folder / "backups")
    replace(folder, b"")
    with pytest.raises(DamagedError, match="There is no backup of it") as damage:
        check_data_dir(folder)
    assert not damage.value.restorable
    before = sorted(folder.iterdir())
    with pytest.raises(DamagedError, match="There is no backup of it"):
        restore_data_dir(folder)
    assert sorted(folder.iterdir()) == before


def test_a_damaged_backup_is_passed_over(folder):
    store = Store(folder / "visdl.db")
    newest = store.backup()
    store.close()
    os.truncate(newest.path, newest.bytes // 2)
    replace(folder, b"")
    restore_data_dir(folder)
    store = Store(folder / "visdl.db")
    assert set(store.run_ids()) == set(BACKED_UP)
    store.close()


def test_a_new_folder_needs_no_database(tmp_path):
    check_data_dir(tmp_path / "new")
    check_data_dir(tmp_path / "new")


def test_bytes_damaged_at_random_never_end_in_a_traceback(folder, fault_report):
    """Whatever is overwritten: it is found and can be restored, or the server starts."""
    path = whole(folder)
    original = path.read_bytes()
    done = {"damages": 0, "found at the start": 0}
    for seed in range(count(gate=40, full=1000)):
        rng = random.Random(seed)
        path.write_bytes(original)
        for _ in range(rng.choice([1, 1, 10])):
            at = rng.choice([rng.randrange(100), rng.randrange(len(original))])
            overwrite(path, rng.randbytes(rng.choice([1, 16, 600])), at)
        done["damages"] += 1
        try:
            check_data_dir(folder)
        except DamagedError as damage:
            assert damage.restorable
            done["found at the start"] += 1
        except StoreError as error:  # the number of its version was damaged
            assert "newer VisDL" in str(error)
    fault_report["damaged database"] = done
