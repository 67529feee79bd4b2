"""The launcher survives what the system refuses, and its spare replaces it when it is killed."""

import errno
import multiprocessing
import time

import psutil
import pytest

from visdl.runs import launching
from visdl.runs.launching import UNKNOWN, Launcher
from visdl.worker.protocol import NO_RESOURCES, READY, NodeFolder

from ..support import odd_workers
from ..support.light_workers import light_workers
from ..support.strength import count
from .test_supervisor import until

pytestmark = pytest.mark.integration


@pytest.fixture
def launcher():
    with light_workers() as launcher:
        yield launcher


def launch(launcher, target):
    """Start a process; return it, and this end of its pipe."""
    ours, theirs = multiprocessing.Pipe()
    with theirs:
        return launcher.launch(target, [theirs]), ours


def end(launcher, target) -> int | None:
    """The exit code of a process that is started and left alone."""
    process, connection = launch(launcher, target)
    with connection:
        process.join(60)
    return process.exitcode


def first_launcher(launcher) -> psutil.Process:
    return psutil.Process(launcher._process.pid)


def test_how_a_process_ends_is_reported(launcher):
    assert end(launcher, odd_workers.killed) == -9
    assert end(launcher, odd_workers.without_threads) == NO_RESOURCES
    process, connection = launch(launcher, odd_workers.counting)
    assert connection.recv() == READY
    assert process.exitcode is None
    connection.close()  # as a server that is gone
    process.join(60)
    assert process.exitcode == 0


def test_a_fork_that_is_refused_is_answered_with_the_reason_and_the_launcher_lives_on(
    launcher, tmp_path, monkeypatch
):
    refusing = tmp_path / "refusing"
    monkeypatch.setenv(odd_workers.NO_FORK, str(refusing))
    launcher.keep()
    assert end(launcher, odd_workers.without_threads) == NO_RESOURCES
    before = first_launcher(launcher)
    refusing.touch()
    for _ in range(3):
        with pytest.raises(OSError, match="Resource temporarily unavailable") as refused:
            launch(launcher, odd_workers.counting)
        assert refused.value.errno == errno.EAGAIN
    refusing.unlink()
    assert end(launcher, odd_workers.without_threads) == NO_RESOURCES
    assert first_launcher(launcher) == before


def test_the_spare_replaces_a_killed_launcher_again_and_again(launcher, fault_report):
    seconds = []
    process, connection = launch(launcher, odd_workers.counting)
    assert connection.recv() == READY
    interpreter = launcher._process
    for _ in range(count(gate=3, full=20)):
        psutil.Process(process.pid).parent().kill()  # whichever of them forked the worker
        killed = time.monotonic()
        with connection:
            process.join(60)
            assert process.exitcode == UNKNOWN
            assert psutil.pid_exists(process.pid)
        process, connection = launch(launcher, odd_workers.counting)
        assert connection.recv() == READY
        seconds.append(time.monotonic() - killed)
    connection.close()
    assert launcher._process is interpreter  # all were forked spares
    report = {"kills": len(seconds), "most milliseconds to the next worker": max(seconds) * 1000}
    fault_report["launcher killed"] = {name: round(value) for name, value in report.items()}


def test_when_both_are_killed_another_one_is_started(launcher):
    assert end(launcher, odd_workers.without_threads) == NO_RESOURCES
    first = first_launcher(launcher)
    [spare] = first.children()
    for process in (spare, first):
        process.kill()
    psutil.wait_procs([spare, first], timeout=60)
    assert end(launcher, odd_workers.without_threads) == NO_RESOURCES
    assert first_launcher(launcher) != first


def test_a_launcher_that_cannot_be_started_is_an_error_of_the_system(monkeypatch):
    def refuse(*args, **kwargs):
        raise BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable")

    launcher = Launcher()
    monkeypatch.setattr(launching.subprocess, "Popen", refuse)
    with pytest.raises(BlockingIOError):
        launcher.keep()
    launcher.close()


def stop_process(process: psutil.Process) -> None:
    process.suspend()
    until(lambda: process.status() == psutil.STATUS_STOPPED)


def test_a_launcher_that_does_not_answer_is_killed_and_its_spare_replaces_it(
    launcher, monkeypatch, caplog
):
    monkeypatch.setattr(launching, "_ANSWER_SECONDS", 0.3)
    process, connection = launch(launcher, odd_workers.counting)
    assert connection.recv() == READY
    hung = psutil.Process(process.pid).parent()
    stop_process(hung)
    begin = time.monotonic()
    other, pipe = launch(launcher, odd_workers.counting)
    with pipe:
        assert pipe.recv() == READY
    assert 0.3 <= time.monotonic() - begin < 20
    assert psutil.Process(other.pid).parent() != hung
    until(lambda: not hung.is_running() or hung.status() == psutil.STATUS_ZOMBIE)
    assert "does not answer; its spare replaces it" in caplog.text
    process.join(60)
    assert process.exitcode == UNKNOWN
    connection.close()


def test_when_neither_answers_both_are_killed_and_another_one_is_started(launcher, monkeypatch):
    assert end(launcher, odd_workers.without_threads) == NO_RESOURCES
    monkeypatch.setattr(launching, "_ANSWER_SECONDS", 0.3)
    first = first_launcher(launcher)
    [spare] = first.children()
    for process in (spare, first):
        stop_process(process)
    assert end(launcher, odd_workers.without_threads) == NO_RESOURCES
    assert first_launcher(launcher) != first
    until(lambda: not spare.is_running() or spare.status() == psutil.STATUS_ZOMBIE)


def test_a_launcher_that_ends_while_it_imports_node_files_starts_again_without_them(
    launcher, monkeypatch, caplog
):
    ends = "import os; os.environ['VISDL_PRELOAD'] and os._exit(1);"
    monkeypatch.setattr(launching, "COMMAND", ends + launching.COMMAND)
    launcher.preload(NodeFolder("/nowhere", (), 1.0))
    assert end(launcher, odd_workers.without_threads) == NO_RESOURCES
    assert "does without the node files now" in caplog.text
