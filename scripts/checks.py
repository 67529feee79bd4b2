"""Run the checks of both sides in parallel: `check`, `test` (guards a commit) and `test-all`.

Each lane runs its stages in order, the cheapest first; the browser tests follow both lanes. A stage
writes into `.checks/<stage>.log`.
The first stage that fails ends all others, and its log is printed. A run that passes ends with a
table of durations.
"""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LOGS = ROOT / ".checks"
BIN = f"{ROOT}/.venv/bin"
#: One process more than cores: tests of servers and kills mostly wait.
PYTEST = f"{BIN}/pytest -q -n 3 --dist worksteal"
LEVELS = ("check", "test", "test-all")
KILL_SECONDS = 30


@dataclass(frozen=True)
class Stage:
    """One check: a shell command that fails with another exit code than 0."""

    name: str
    command: str
    levels: tuple[str, ...] = LEVELS
    environment: dict[str, str] = field(default_factory=dict)
    folder: str = "."


def page(name: str, command: str, levels: tuple[str, ...] = LEVELS, **environment: str) -> Stage:
    """Build a stage of the frontend, which runs in its folder."""
    return Stage(name, f"node_modules/.bin/{command}", levels, environment, "frontend")


BACKEND = [
    Stage("ruff", f"{BIN}/ruff check --quiet backend scripts"),
    Stage("ruff format", f"{BIN}/ruff format --quiet --check backend scripts"),
    Stage("words", f"{BIN}/python scripts/check_words.py"),
    Stage("import-linter", f"{BIN}/lint-imports --no-logo"),
    Stage(
        "API schema",
        f"{BIN}/python -m visdl.api.schema | diff -q - frontend/openapi.json > /dev/null"
        " || { echo \"The API schema is stale: run 'make schema' and commit.\"; exit 1; }",
    ),
    Stage("mypy", f"{BIN}/mypy --no-error-summary"),
    Stage("unit tests", f"{PYTEST} -m 'not slow and not integration'", ("check",)),
    Stage("pytest", PYTEST, ("test",)),
    Stage("pytest, all", f"{PYTEST} -m ''", ("test-all",), {"STRENGTH": "full"}),
]
FRONTEND = [
    Stage("API client", "node schema.mjs --check", folder="frontend"),
    page("biome", "biome check --error-on-warnings ."),
    page("tsc", "tsc -b"),
    page("knip", "knip"),
    page("vitest", "vitest run"),
    Stage("build", "make --no-print-directory frontend/dist/index.html", ("test", "test-all")),
]
#: After both lanes: beside pytest the whole takes longer (11:44 instead of 11:10), as pages
#: draw while tests wait.
BROWSER = [
    page("browser tests", "playwright test", ("test",)),
    page("browser tests, all", "playwright test", ("test-all",), SLOW="1"),
]


@dataclass(frozen=True)
class Duration:
    """What a stage took: seconds by the clock, and of the processor in all its processes."""

    stage: str
    wall: float
    cpu: float


class Runner:
    """Runs lanes of stages until all have passed or one has failed."""

    def __init__(self, environment: dict[str, str]) -> None:
        self._environment = environment
        self._lock = threading.Lock()
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self.durations: list[Duration] = []
        self.failed: Stage | None = None

    def run_lanes(self, lanes: list[list[Stage]]) -> None:
        """Run the lanes beside each other; returns when the last of them has ended."""
        threads = [threading.Thread(target=self._run_lane, args=(lane,)) for lane in lanes]
        for thread in threads:
            thread.start()
        try:
            for thread in threads:
                thread.join()
        except KeyboardInterrupt:
            self._end_others(Stage("interrupted", ""))
            for thread in threads:
                thread.join()
            raise

    def _run_lane(self, stages: list[Stage]) -> None:
        for stage in stages:
            process = self._start(stage)
            if process is None:
                return
            start = time.monotonic()
            _, status, usage = os.wait4(process.pid, 0)
            wall = time.monotonic() - start
            process.returncode = os.waitstatus_to_exitcode(status)
            with self._lock:
                del self._running[stage.name]
                if self.failed is not None:
                    return
                self.durations.append(Duration(stage.name, wall, usage.ru_utime + usage.ru_stime))
            if process.returncode != 0:
                self._end_others(stage)
                return
            print(f"ok  {stage.name} ({wall:.0f} s){result_of(stage)}", flush=True)

    def _start(self, stage: Stage) -> subprocess.Popen[bytes] | None:
        with self._lock, log_of(stage).open("wb") as log:
            if self.failed is not None:
                return None
            process = subprocess.Popen(  # noqa: S603  its commands stand above
                ["bash", "-o", "pipefail", "-c", stage.command],  # noqa: S607  as the makefile does
                cwd=ROOT / stage.folder,
                env={**os.environ, **self._environment, **stage.environment},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            self._running[stage.name] = process
            return process

    def _end_others(self, failed: Stage) -> None:
        """Interrupt running stages, as Ctrl C would, so that servers end too; kill the others."""
        with self._lock:
            self.failed = self.failed or failed
            groups = [process.pid for process in self._running.values()]
        for group in groups:
            signal_group(group, signal.SIGINT)
        deadline = time.monotonic() + KILL_SECONDS
        while self._running and time.monotonic() < deadline:
            time.sleep(0.1)
        for group in groups if self._running else []:
            signal_group(group, signal.SIGKILL)


def signal_group(group: int, number: int) -> None:
    """Send a signal to a group of processes, if there still is one."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(group, number)


def log_of(stage: Stage) -> Path:
    """Return the file that holds what a stage prints."""
    return LOGS / f"{stage.name.replace(', ', '-').replace(' ', '-')}.log"


def result_of(stage: Stage) -> str:
    """Return the line in which a test runner counts its tests; empty for other stages."""
    lines = log_of(stage).read_text(errors="replace").splitlines()
    counts = (line.strip() for line in reversed(lines) if re.search(r"\d+ passed", line))
    return next((f": {line}" for line in counts), "")


def find_browser() -> str:
    """Return the Chromium for the browser tests; exits with the reason where there is none."""
    script = ROOT / "scripts" / "find-browser.sh"
    found = subprocess.run([script], check=False, stdout=subprocess.PIPE, text=True)  # noqa: S603
    if found.returncode != 0:
        sys.exit(found.returncode)
    return found.stdout.strip()


def print_durations(durations: list[Duration]) -> None:
    """Print what each stage took, as a Markdown table."""
    print("\n| stage | s | CPU s |\n|---|---|---|")
    for one in durations:
        print(f"| {one.stage} | {one.wall:.0f} | {one.cpu:.0f} |")


def main() -> int:
    """Run the checks of a level; returns the exit code."""
    if len(sys.argv) != 2 or sys.argv[1] not in LEVELS:
        print(f"usage: checks.py {'|'.join(LEVELS)}", file=sys.stderr)
        return 2
    level = sys.argv[1]
    LOGS.mkdir(exist_ok=True)
    environment = {"PYTHONDONTWRITEBYTECODE": ""}  # tests import the same files in many processes
    if level != "check":
        environment["PLAYWRIGHT_CHROMIUM"] = find_browser()
    runner = Runner(environment)
    start = time.monotonic()
    try:
        for lanes in ([BACKEND, FRONTEND], [BROWSER]):
            runner.run_lanes([[one for one in lane if level in one.levels] for lane in lanes])
    except KeyboardInterrupt:
        return 130
    seconds = time.monotonic() - start
    if runner.failed is not None:
        print(log_of(runner.failed).read_text(errors="replace"))
        print(f"make {level}: '{runner.failed.name}' failed after {seconds:.0f} s")
        return 1
    print_durations(runner.durations)
    print(f"\nmake {level}: everything passed in {seconds // 60:.0f} min {seconds % 60:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
