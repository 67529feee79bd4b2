"""A process that is killed at any moment leaves a database that opens, with all that was stored."""

from __future__ import annotations

import random
import shutil
import sqlite3
import subprocess
import sys
import time

from visdl.store import Store
from visdl.store.backups import list_backups
from visdl.store.data_dir import check_data_dir
from visdl.store.integrity import check_copy

from ..support.strength import count
from .helpers import add, metrics

#: Writes without end, and acknowledges each write; meanwhile it backs up and compacts.
CODE = """
import sys, threading
from pathlib import Path
from visdl.models.events import LogEvent
from visdl.store import Store
from visdl.store.data_dir import check_data_dir, restore_data_dir

folder, work = Path(sys.argv[1]), sys.argv[2]
if work == "restore":
    print("ready", flush=True)
    restore_data_dir(folder)
    print("done", flush=True)
    sys.exit()
check_data_dir(folder)
store = Store(folder / "visdl.db")
print("ready", flush=True)

def write():
    while True:
        print(store.append("r", [LogEvent(level="info", message="x" * 500, time=1.0)])[0].seq,
            flush=True)

threading.Thread(target=write, daemon=True).start()
while True:
    store.backup() if work == "backup" else store.compact()
"""


def kill_after(folder, work, seconds):
    """Kill a process at its work; return the lines that it had printed."""
    process = subprocess.Popen(
        [sys.executable, "-c", CODE, str(folder), work], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    time.sleep(seconds)
    process.kill()
    return process.communicate()[0].split()


def test_killed_while_it_backs_up_compacts_or_restores(tmp_path, fault_report):
    folder = tmp_path / "data"
    store = Store(folder / "visdl.db")
    add(store, "r")
    store.append("r", [metrics(*[0.5] * 20_000)])
    store.backup()
    store.close()
    done = {"kills": 0, "writes acknowledged": 0, "writes lost": 0}
    for seed in range(count(gate=3, full=60)):
        rng = random.Random(seed)
        work = ["backup", "restore", "compact"][seed % 3]
        data = (folder / "visdl.db").read_bytes()
        if work == "restore":
            (folder / "visdl.db").write_bytes(b"damaged" * 1000)
        lines = kill_after(folder, work, rng.uniform(0, 0.5 if work != "restore" else 0.05))
        if work == "restore" and (folder / "visdl.db").read_bytes()[:7] == b"damaged":
            for left in folder.glob("visdl.db*"):  # it was killed before the restore was decided
                if not left.name.endswith(".restored"):
                    left.unlink()
            if not (folder / "visdl.db.restored").exists():
                (folder / "visdl.db").write_bytes(data)
        check_data_dir(folder)
        with sqlite3.connect(folder / "visdl.db") as db:
            assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            last = db.execute("SELECT max(seq) FROM events").fetchone()[0]
        db.close()
        assert not list((folder / "backups").glob(".new-*"))
        assert all(check_copy(backup.path, full=True) for backup in list_backups(folder))
        assert not [*folder.glob("*.restoring"), *folder.glob("*.restored")]
        done["kills"] += 1
        if work != "restore" and lines:
            done["writes acknowledged"] += len(lines)
            done["writes lost"] += max(0, int(lines[-1]) - last)
        for kept in folder.glob("*.damaged-*"):
            kept.unlink()
    assert done["writes lost"] == 0
    shutil.rmtree(folder)
    fault_report["database killed"] = done
