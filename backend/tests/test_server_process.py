"""The server as a program: one clear line when it cannot start, nothing lost when it is killed."""

from __future__ import annotations

import contextlib
import os
import pty
import re
import signal
import socket
import sqlite3
import subprocess
import sys
from pathlib import Path

import httpx
import psutil
import pytest

from visdl.store import Store

from .api.helpers import start_run, until

pytestmark = pytest.mark.integration

RUN = Path(__file__).resolve().parents[1] / "run.py"


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


@contextlib.contextmanager
def program(data_dir, port, **settings):
    """The server as `python backend/run.py` starts it; killed at the end if it still runs."""
    environment = {
        **os.environ,
        "VISDL_DATA_DIR": str(data_dir),
        "VISDL_PORT": str(port),
        **{f"VISDL_{name}": value for name, value in settings.items()},
    }
    process = subprocess.Popen(
        [sys.executable, RUN],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


@contextlib.contextmanager
def serving(data_dir, **settings):
    port = free_port()
    with (
        program(data_dir, port, **settings) as process,
        httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60, trust_env=False) as client,
    ):
        until(lambda: process.poll() is not None or answers(client))
        assert process.poll() is None, process.communicate()
        yield process, client


def answers(client):
    with contextlib.suppress(httpx.HTTPError):
        return client.get("/api/health").status_code == 200
    return False


def start_error(data_dir, port, **settings):
    """Return the one line that a server prints if it cannot start."""
    with program(data_dir, port, **settings) as process:
        out, err = process.communicate(timeout=60)
    assert process.returncode == 1
    assert out == ""
    lines = err.strip().splitlines()
    assert len(lines) == 1, err
    return lines[0]


def test_a_port_in_use_is_one_line(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        line = start_error(tmp_path, port)
    assert str(port) in line
    assert "VISDL_PORT" in line


def test_a_data_folder_in_use_is_one_line(tmp_path):
    with serving(tmp_path):
        line = start_error(tmp_path, free_port())
    assert str(tmp_path) in line
    assert "VISDL_DATA_DIR" in line


def test_a_database_of_a_newer_version_is_one_line(tmp_path):
    with sqlite3.connect(tmp_path / "visdl.db") as db:
        db.execute("PRAGMA user_version = 99")
    db.close()
    assert "newer VisDL" in start_error(tmp_path, free_port())


def test_a_damaged_database_is_one_line(tmp_path):
    (tmp_path / "runs" / "abcdefghijkl").mkdir(parents=True)
    (tmp_path / "visdl.db").touch()
    line = start_error(tmp_path, free_port())
    assert line.startswith(f"The database {tmp_path / 'visdl.db'} cannot be used: it is empty.")
    assert "There is no backup of it." in line


@pytest.mark.parametrize("answer", ["y", "n"])
def test_in_a_terminal_the_start_offers_to_restore_a_damaged_database(tmp_path, answer):
    store = Store(tmp_path / "visdl.db")
    assert store.flag("before")
    store.backup()
    store.close()
    (tmp_path / "visdl.db").write_bytes(b"not a database")
    code = "from visdl.config import Settings; from visdl.restore import open_data_dir;" + (
        "open_data_dir(Settings())"
    )
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", code],
        env={**os.environ, "VISDL_DATA_DIR": str(tmp_path)},
        stdin=theirs, stdout=theirs, stderr=theirs,
    )  # fmt: skip
    os.close(theirs)
    os.write(ours, f"{answer}\n".encode())
    shown = b""
    with contextlib.suppress(OSError):  # the terminal is closed
        while data := os.read(ours, 10_000):
            shown += data
    os.close(ours)
    assert (process.wait() == 0) == (answer == "y")
    assert b"it is not a database. To restore the backup of " in shown
    assert b"Restore it now? The damaged file is kept. [y/N]" in shown
    assert (b"Restored the backup of" in shown) == (answer == "y")
    assert (tmp_path / "visdl.db.damaged-1").exists() == (answer == "y")


def test_what_is_checked_before_a_start_does_not_wait_for_torch():
    code = (
        "import sys, visdl.config, visdl.store.data_dir, visdl.store; print('torch' in sys.modules)"
    )
    assert subprocess.check_output([sys.executable, "-c", code], text=True) == "False\n"


@pytest.mark.parametrize(
    ("settings", "name"),
    [({"THREADS": "many"}, "VISDL_THREADS"), ({"HOST": "0.0.0.0"}, "VISDL_TOKEN")],
)
def test_a_wrong_setting_is_one_line_that_names_it(tmp_path, settings, name):
    assert name in start_error(tmp_path, free_port(), **settings)


def test_a_start_loads_neither_what_draws_plots_nor_what_filters_signals():
    code = (
        "import sys, visdl.main, visdl.worker.preload;"
        " print(*({'matplotlib', 'scipy.signal', 'scipy.stats'} & set(sys.modules)))"
    )
    assert subprocess.check_output([sys.executable, "-c", code], text=True) == "\n"


def others_can_read(folder):
    """Return what other users of the machine have any right to, the folder included."""
    return [path for path in (folder, *folder.rglob("*")) if path.lstat().st_mode & 0o077]


def test_an_interrupt_ends_it_quietly_the_log_contains_no_secret_and_the_run_can_resume(tmp_path):
    tmp_path.chmod(0o755)  # as earlier versions made it
    with serving(tmp_path, TOKEN="very-secret-token") as (process, client):
        assert client.get("/api/runs").status_code == 401
        client.headers["Authorization"] = "Bearer very-secret-token"
        run = start_run(client, epochs=1_000_000)
        until(lambda: client.get(f"/api/runs/{run['id']}").json()["progress"]["step"] > 0)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert process.returncode == 0
    assert "Traceback" not in err
    assert others_can_read(tmp_path) == []
    assert "very-secret-token" not in out + err
    assert re.search(r"127\.0\.0\.1:\d+", out + err)
    with serving(tmp_path) as (_, client):
        assert client.get(f"/api/runs/{run['id']}").json()["state"] == "interrupted"


def test_a_killed_server_loses_nothing_leaves_no_orphan_and_resumes(tmp_path):
    with serving(tmp_path) as (process, client):
        run = start_run(client, epochs=1_000_000)
        until(lambda: client.get(f"/api/runs/{run['id']}").json()["progress"]["epoch"] > 2)
        family = psutil.Process(process.pid).children(recursive=True)
        assert family
        seen = client.get(f"/api/runs/{run['id']}/events", params={"limit": 10_000}).json()
        process.kill()
    assert psutil.wait_procs(family, timeout=10)[1] == []
    with sqlite3.connect(tmp_path / "visdl.db") as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    db.close()
    with serving(tmp_path) as (_, client):
        url = f"/api/runs/{run['id']}"
        record = client.get(url).json()
        assert record["state"] == "interrupted"
        assert record["error"]["hint"]
        assert client.get(f"{url}/events", params={"limit": 10_000}).json()[: len(seen)] == seen
        step = record["progress"]["step"]
        assert client.post(f"{url}/resume").json()["state"] in ("queued", "starting", "running")
        until(lambda: client.get(url).json()["progress"]["step"] > step)
        client.post(f"{url}/stop")
        assert client.get(url, params={"wait": 60}).json()["state"] == "stopped"
        steps = [step for step, _, _ in client.get(f"{url}/metrics").json()["series"]["train_loss"]]
        assert steps == sorted(set(steps))
