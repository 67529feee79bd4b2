"""What users read of an exception names files, never the folders of the machine."""

from __future__ import annotations

import getpass
from pathlib import Path

import pytest

from visdl.models.error_texts import reason_of, without_folders
from visdl.models.errors import NotFoundError
from visdl.nodes.contract.estimates import estimate
from visdl.runs.obstacles import explain
from visdl.training import run_folder


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("No such file: '/home/ada/My data/x.csv'", "No such file: 'x.csv'"),
        ("cannot import name 'x' (/home/ada/v/nodes/own.py)", "cannot import name 'x' (own.py)"),
        ("/tmp/a.py:12: UserWarning: x", "a.py:12: UserWarning: x"),
        ('File "/usr/lib/python3/x.py", line 3 in f', 'File "x.py", line 3 in f'),
        (r"C:\Users\ada\x.csv cannot be read", "x.csv cannot be read"),
        (r"\\server\share\x.csv", "x.csv"),
        ("~/secret/x.csv", "x.csv"),
        ("/root", "root"),
    ],
)
def test_paths_lose_their_folders(text, shown):
    assert without_folders(text) == shown


@pytest.mark.parametrize(
    "text",
    [
        "see https://pytorch.org/docs/stable/index.html",
        "w/o fc, and/or 1/2, a / b",
        "encoder/0/fc: mat1 and mat2 (64x3 and 4x8)",
        "'fc1' needs shape [2, 3]",
        "artifacts/model.pt",
    ],
)
def test_other_text_stays_as_it_is(text):
    assert without_folders(text) == text


def test_a_reason_is_one_line():
    error = RuntimeError("shape '[2]' is invalid\nException raised from f at /pytorch/c10/x.cpp:1")
    assert reason_of(error) == "shape '[2]' is invalid"
    assert reason_of(KeyError()) == "KeyError"
    with pytest.raises(OSError, match="No such file") as raised:
        (Path.home() / getpass.getuser() / "missing.csv").read_text()
    assert reason_of(raised.value) == "No such file or directory: 'missing.csv'"


def test_warnings_reasons_of_the_system_and_crashes_name_no_folder(tmp_path):
    warned: list[str] = []

    def fail() -> int:
        raise ValueError(f"cannot read {tmp_path}/x.bin")

    assert estimate(fail, otherwise=0, consequence="It is not known", warn=warned.append) == 0
    (tmp_path / "crash.txt").write_text(f'Fatal\n  File "{tmp_path}/own.py", line 3 in f\n')
    shown = [*warned, *run_folder.crash(tmp_path), *explain(EOFError(f"{tmp_path}/pipe ended"))]
    assert "own.py" in str(shown)
    assert not [line for line in shown if str(tmp_path) in line]


def test_links_among_the_artifacts_of_a_run_are_not_followed(tmp_path):
    secret = tmp_path / "secret.txt"
    secret.write_text("x")
    folder = tmp_path / "run" / "artifacts"
    folder.mkdir(parents=True)
    (folder / "report.json").write_text("{}")
    (folder / "link.json").symlink_to(secret)
    assert [each.name for each in run_folder.artifacts(folder.parent)] == ["report.json"]
    with pytest.raises(NotFoundError):
        run_folder.path(folder.parent, "link.json")
