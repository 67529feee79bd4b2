"""Run the API and the page together: run (until Ctrl C), start (in background), status, stop."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

from dotenv import load_dotenv

ROOT = Path(__file__).resolve().parents[1]


def port_from(name: str, default: str) -> int:
    text = os.environ.get(name, default)
    if not (text.isdecimal() and 0 < int(text) < 65536):
        sys.exit(f"{name}={text} is not a port. Set a number from 1 to 65535.")
    return int(text)


load_dotenv(ROOT / ".env")
API_PORT = port_from("VISDL_PORT", "8000")
WEB_PORT = port_from("VISDL_WEB_PORT", "5173")
DATA_DIR = Path(os.environ.get("VISDL_DATA_DIR") or ROOT / "data").expanduser().resolve()
PID_FILE = DATA_DIR / "server.json"
LOG_FILE = DATA_DIR / "logs" / "server.log"
START_SECONDS = 120
END_SECONDS = 15


def main() -> int:
    actions = {"run": run, "start": start, "status": status, "stop": stop}
    if len(sys.argv) != 2 or sys.argv[1] not in actions:
        return fail(f"usage: serve.py {'|'.join(actions)}")
    os.umask(0o077)  # the log and all that the server stores are private
    return actions[sys.argv[1]]()


def run() -> int:
    """Serve until a signal comes or one of the two ends."""
    for port, name in ((API_PORT, "VISDL_PORT"), (WEB_PORT, "VISDL_WEB_PORT")):
        if is_open(port):
            return fail(
                f"Port {port} is in use. Stop what uses it (make stop?), or set {name} to another."
            )
    environment = {**os.environ, "VISDL_PORT": str(API_PORT), "VISDL_WEB_PORT": str(WEB_PORT)}
    vite = ROOT / "frontend" / "node_modules" / "vite" / "bin" / "vite.js"
    commands = [
        ([sys.executable, str(ROOT / "backend" / "run.py")], ROOT),
        (["node", str(vite), "preview", "--logLevel", "error"], ROOT / "frontend"),
    ]
    signal.signal(signal.SIGTERM, raise_interrupt)
    children: list[subprocess.Popen[bytes]] = []
    try:
        for command, folder in commands:
            children.append(
                subprocess.Popen(command, cwd=folder, env=environment, start_new_session=True)
            )
        if wait_until_up(children):
            announce()
            while all(child.poll() is None for child in children):
                time.sleep(0.2)
        return 1
    except KeyboardInterrupt:
        return 0
    finally:
        end(children)


def raise_interrupt(*_: object) -> None:
    raise KeyboardInterrupt


def wait_until_up(children: list[subprocess.Popen[bytes]]) -> bool:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and all(child.poll() is None for child in children):
        if answers():
            return True
        time.sleep(0.1)
    return False


def answers() -> bool:
    """Whether the API answers, then the page, then the API through the page's proxy."""
    try:
        for port, path in ((API_PORT, "/api/health"), (WEB_PORT, "/"), (WEB_PORT, "/api/health")):
            urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=2).close()
    except urllib.error.HTTPError:
        return False
    except OSError:
        return False
    return True


def announce() -> None:
    print(
        f"\n  VisDL is ready: http://localhost:{WEB_PORT}   (API: http://localhost:{API_PORT}/docs)\n",
        flush=True,
    )
    if os.environ.get("SSH_CONNECTION"):
        print(f"  From your own machine:  ssh -L {WEB_PORT}:localhost:{WEB_PORT} <this host>")
        print("  To keep it running when you log out:  make start\n", flush=True)


def end(children: list[subprocess.Popen[bytes]]) -> None:
    """Ask all to end, then make them."""
    for child in children:
        if child.poll() is None:
            child.terminate()
    deadline = time.monotonic() + END_SECONDS
    for child in children:
        try:
            child.wait(max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            child.kill()


def start() -> int:
    """The same in a session of its own, deaf to hang-ups, logging into the data folder."""
    if running():
        return fail("VisDL is already running (make status).")
    LOG_FILE.parent.mkdir(parents=True, exist_ok=True)
    with LOG_FILE.open("ab") as log:
        child = subprocess.Popen(
            [sys.executable, __file__, "run"],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            preexec_fn=ignore_hangup,  # noqa: PLW1509  one thread only here
        )
    PID_FILE.write_text(json.dumps({"pid": child.pid, "started": process_start(child.pid)}))
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and child.poll() is None:
        if answers():
            announce()
            print(f"  Log: {LOG_FILE}   End it with: make stop")
            return 0
        time.sleep(0.2)
    last = LOG_FILE.read_text(errors="replace").strip().splitlines()[-1:]
    return fail(f"VisDL did not start: {' '.join(last)} (log: {LOG_FILE})")


def ignore_hangup() -> None:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)


def status() -> int:
    pid = running()
    if not pid:
        print("VisDL is not running (not started with make start).")
        return 1
    state = "ready" if answers() else "starting"
    print(f"VisDL is {state}: http://localhost:{WEB_PORT} (process {pid}, log {LOG_FILE})")
    return 0


def stop() -> int:
    pid = running()
    if not pid:
        print("VisDL is not running.")
        return 0
    os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + END_SECONDS + 5
    while running() and time.monotonic() < deadline:
        time.sleep(0.1)
    PID_FILE.unlink(missing_ok=True)
    print("VisDL has stopped. Interrupted runs can be resumed after the next start.")
    return 0


def running() -> int | None:
    """Return the running process that `start` started; its start time identifies it."""
    try:
        record = json.loads(PID_FILE.read_text())
        os.kill(record["pid"], 0)
    except (OSError, ValueError, KeyError):
        return None
    return record["pid"] if process_start(record["pid"]) == record["started"] else None


def process_start(pid: int) -> str | None:
    """When a process started, in clock ticks; None where there is no /proc."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    except OSError:
        return None


def is_open(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def fail(message: str) -> int:
    print(message, file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
