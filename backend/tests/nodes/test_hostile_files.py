"""Node files that end, hang or change a process disable only themselves; the server starts."""

from __future__ import annotations

import gc
import json
import locale
import logging
import os
import random
import socket
import sys
import time
import warnings
from pathlib import Path

import numpy as np
import psutil
import pytest
import torch

from visdl.nodes.contract.node_files.checks import (
    PRELOAD,
    AcceptOnly,
    TryFirst,
    accept_all,
    check_of_process,
)
from visdl.nodes.contract.node_files.limits import Limits

from ..conftest import own_registry
from ..support.strength import FULL
from . import hostile_files as files
from .test_node_files import GOOD

PATIENCE = 3.0  # seconds of a file that waits for ever


def some(table):
    """Every fifth entry, or all of them."""
    return dict(list(table.items())[:: 1 if FULL else 5])


ENDING, CHANGING, WAITING = some(files.ENDING), some(files.CHANGING), some(files.WAITING)
BUSY = files.BUSY if FULL else {}


@pytest.fixture(scope="module")
def hostile(tmp_path_factory):
    """The diagnostics of all hostile files by name, tried beside one good file, and the time."""
    folder = tmp_path_factory.mktemp("nodes")
    texts = {name: text for name, (text, *_) in (ENDING | CHANGING).items()}
    texts |= WAITING | {"works": GOOD.format(name="Works"), "prey": "x = 1\n"}
    for name, text in (texts | BUSY).items():
        (folder / f"{name}.py").write_text(text)
    odd = files.write_odd_entries(folder)
    before = (
        len(psutil.Process().children(recursive=True)),
        len(list(Path("/proc/self/fd").iterdir())),
    )
    with own_registry() as registry:
        types, started = {*registry.names(), "Works"}, time.monotonic()
        registry.load_folder(folder, TryFirst(Limits(PATIENCE, 2**30)))
        seconds = time.monotonic() - started
        assert set(registry.names()) == types
        found = {diagnostic.file: diagnostic for diagnostic in registry.diagnostics()}
    after = (
        len(psutil.Process().children(recursive=True)),
        len(list(Path("/proc/self/fd").iterdir())),
    )
    assert after == before, "a process or a descriptor is left"
    return found, odd, seconds


def test_many_hostile_files_take_bounded_time_and_leave_no_process(hostile):
    found, _, seconds = hostile
    assert len(found) >= len({**ENDING, **CHANGING, **WAITING, **BUSY}) + 9
    assert seconds < 60 * PATIENCE  # on a machine that is busy with other work


@pytest.mark.parametrize("name", ENDING)
def test_a_file_that_ends_the_process_is_refused_with_the_reason(hostile, name):
    _, reason, line = ENDING[name]
    found = hostile[0][f"{name}.py"]
    assert reason in found.message
    assert line is None or found.line == line
    assert len(found.message) < 1100


@pytest.mark.parametrize("name", CHANGING)
def test_a_file_that_changes_what_other_nodes_rely_on_is_refused(hostile, name):
    found = hostile[0][f"{name}.py"]
    assert CHANGING[name][1] in found.message
    assert found.hint


@pytest.mark.parametrize("name", [*WAITING, *BUSY])
def test_a_file_that_never_ends_is_refused_after_the_time(hostile, name):
    found = hostile[0][f"{name}.py"]
    assert found.message == f"Its import did not end within {PATIENCE:g} seconds." or (
        name in BUSY and ("more memory" in found.message or "SIGSEGV" in found.message)
    )
    assert found.hint
    if name == "sleeps":
        assert found.line == 2


def test_what_is_no_file_is_named_and_never_opened(hostile):
    found, odd, _ = hostile
    for name, reason in odd.items():
        assert reason in found[name].message, name


def state():
    return {
        "seeds": (
            random.getstate(),
            repr(np.random.get_state()),
            torch.get_rng_state().tolist(),
        ),
        "threads": torch.get_num_threads(),
        "folder": Path.cwd(),
        "environment": dict(os.environ),
        "warnings": list(warnings.filters),
        "logging": (logging.root.manager.disable, list(logging.root.handlers)),
        "locale": locale.setlocale(locale.LC_ALL),
        "output": (sys.stdin, sys.stdout, sys.stderr),
        "recursion": sys.getrecursionlimit(),
        "collector": gc.isenabled(),
        "sockets": socket.getdefaulttimeout(),
        "errors": np.geterr(),
    }


def test_what_a_file_does_to_the_process_is_undone_and_logged(registry, tmp_path, caplog):
    for name, (text, _) in files.RESTORED.items():
        (tmp_path / f"{name}.py").write_text(text + GOOD.format(name=name))
    before, path = state(), list(sys.path)
    umask = os.umask(0o022)
    with caplog.at_level(logging.WARNING):
        registry.load_folder(tmp_path, TryFirst(Limits()) if FULL else accept_all)
    assert os.umask(umask) == 0o022
    assert state() == before
    assert sys.path == [*path, "/nowhere"]
    sys.path.remove("/nowhere")
    assert registry.diagnostics() == []
    for name, (_, logged) in files.RESTORED.items():
        assert registry.find(name) is not None
        if logged:
            assert f"Node file {name}.py changed" in caplog.text
            assert logged in caplog.text


def tried(monkeypatch):
    """Return the list of files that are tried from now on."""
    names = []
    fork = os.fork
    monkeypatch.setattr(os, "fork", lambda: names.append(1) or fork())
    return names


def test_a_file_that_has_passed_is_tried_again_only_when_it_or_its_module_changes(
    tmp_path, monkeypatch
):
    folder, memory = tmp_path / "nodes", tmp_path / "memory.json"
    folder.mkdir()
    helper = tmp_path / "helper_of_a_node.py"
    helper.write_text("x = 1\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    (folder / "a.py").write_text("import helper_of_a_node\n" + GOOD.format(name="A"))
    (folder / "b.py").write_text("1 / 0\n")
    forks = tried(monkeypatch)

    def start():
        forks.clear()
        sys.modules.pop("helper_of_a_node", None)
        with own_registry() as registry:
            check = TryFirst(Limits(), memory)
            registry.load_folder(folder, check)
            check.keep(registry.loaded_files())
            assert [found.file for found in registry.diagnostics()] == ["b.py"]
            assert registry.find("A") is not None
        return len(forks)

    assert start() == 2
    assert start() == 1  # the one that was refused
    helper.write_text("x = 12\n")
    assert start() == 2
    memory.write_text("{damaged")
    assert start() == 2
    (folder / "a.py").write_text("import helper_of_a_node\n\n" + GOOD.format(name="A"))
    assert start() == 2


def test_a_file_passes_also_where_its_module_was_imported_before(tmp_path):
    (tmp_path / "a.py").write_text(GOOD.format(name="A"))
    with own_registry() as first, own_registry() as second:
        first.load_folder(tmp_path)
        second.load_folder(tmp_path, TryFirst(Limits()))
        assert second.diagnostics() == []


def test_a_file_that_ends_the_server_twice_after_its_trial_is_refused(tmp_path):
    (tmp_path / "a.py").write_text(GOOD.format(name="A"))
    memory = tmp_path / "memory.json"

    def start(ends):
        with own_registry() as server:
            check = TryFirst(Limits(), memory)
            server.load_folder(tmp_path, check)
            if not ends:
                check.keep(server.loaded_files())
            return [found.message for found in server.diagnostics()]

    assert start(ends=True) == []
    assert start(ends=False) == []  # it was another reason
    memory.unlink()
    assert start(ends=True) == start(ends=True) == []
    for _ in range(2):
        [message] = start(ends=False)
        assert "The server has ended 2 times while it imported this file" in message
    (tmp_path / "a.py").write_text("\n" + GOOD.format(name="A"))
    assert start(ends=False) == []


def test_a_process_that_follows_the_server_imports_what_it_has_loaded_and_nothing_else(
    registry, tmp_path, monkeypatch
):
    for name in ("a", "b", "c"):
        (tmp_path / f"{name}.py").write_text(GOOD.format(name=name.upper()))
    with own_registry() as server:
        server.load_folder(tmp_path)
        hashes = list(server.loaded_files())
    (tmp_path / "b.py").write_text("import time\ntime.sleep(1000)\n")
    (tmp_path / "d.py").write_text("import os\nos._exit(1)\n")
    (tmp_path / "c.py").unlink()
    registry.load_folder(tmp_path, AcceptOnly(hashes))
    assert registry.find("A") is not None
    assert [(found.file, found.message) for found in registry.diagnostics()] == [
        (name, "It was added or changed after the server had started.") for name in ("b.py", "d.py")
    ]


def test_files_beside_the_built_in_ones_are_tried_too_and_workers_follow_the_server(
    registry, tmp_path, monkeypatch
):
    (tmp_path / "leaves.py").write_text("import os\nos._exit(3)\n")
    (tmp_path / "works.py").write_text(GOOD.format(name="Works"))
    with own_registry() as server:
        server.load_package(tmp_path, check_of_process())
        [found] = server.diagnostics()
        assert (found.file, server.describe()["Works"].source) == ("leaves.py", "works.py")
        hashes = list(server.loaded_files())
    monkeypatch.setenv(PRELOAD, json.dumps({"hashes": hashes}))
    monkeypatch.setattr(os, "fork", None)  # a worker tries nothing
    registry.load_package(tmp_path, check_of_process())
    assert [found.file for found in registry.diagnostics()] == ["leaves.py"]
    assert registry.find("Works") is not None


def test_a_type_is_listed_as_it_described_itself_when_it_was_registered(registry, tmp_path):
    text = GOOD.format(name="Fickle").replace(
        "        return {",
        "        calls.append(1)\n        assert len(calls) < 8\n        return {",
    )
    (tmp_path / "a.py").write_text("calls = []\n" + text)
    registry.load_folder(tmp_path)
    for _ in range(10):
        assert "Fickle" in registry.describe()


def test_a_description_that_is_too_large_for_the_page_is_refused(registry, tmp_path):
    text = GOOD.format(name="Large").replace("Works.", "Works." + "x" * 2**21)
    (tmp_path / "a.py").write_text(text)
    registry.load_folder(tmp_path)
    [found] = registry.diagnostics()
    assert "'Large' describes itself in 2.0 MB" in found.message
