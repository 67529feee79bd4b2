"""Other users of the machine cannot read the data folder, also one that an earlier version made."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from visdl.store.data_dir import hold
from visdl.store.private_folder import DataFolderError, make_private

NOBODY = 65534
_READ_AS_NOBODY = f"""
import os, sys
os.setgroups([]); os.setgid({NOBODY}); os.setuid({NOBODY})
print(open(sys.argv[1]).read())
"""


@pytest.fixture
def old() -> Iterator[Path]:
    """A data folder of an earlier version, in a place that everybody reaches."""
    with tempfile.TemporaryDirectory() as place:
        Path(place).chmod(0o755)
        folder = Path(place) / "data"
        (folder / "runs" / "a").mkdir(parents=True)
        for path in (folder / "visdl.db", folder / "runs" / "a" / "log"):
            path.write_text("private")
        for path in (folder, *folder.rglob("*")):
            path.chmod(0o755 if path.is_dir() else 0o644)
        yield folder


def mode(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


def another_user_reads(path: Path) -> bool:
    """Whether another user can read a file; without root, what its modes state."""
    if os.geteuid() != 0:
        return all(mode(part) & 0o005 for part in (path, *path.parents[:-1]))
    command = [sys.executable, "-c", _READ_AS_NOBODY, path]
    return b"private" in subprocess.run(command, capture_output=True, check=False).stdout


def test_a_folder_of_an_earlier_version_becomes_private_when_a_server_starts(old):
    assert another_user_reads(old / "visdl.db")
    with hold(old):
        assert not another_user_reads(old / "visdl.db")
        assert {mode(path) for path in (old, old / "runs", old / "runs" / "a")} == {0o700}
        files = (old / "visdl.db", old / ".lock", old / "runs" / "a" / "log")
        assert {mode(path) for path in files} == {0o600}


def test_what_links_lead_to_is_left_alone(old):
    outside = old.parent / "shared.csv"
    outside.write_text("1")
    outside.chmod(0o644)
    (old / "link.csv").symlink_to(outside)
    (old / "gone").symlink_to(old / "nowhere")
    assert make_private(old) is None
    assert mode(outside) == 0o644


def test_a_new_folder_is_private_whatever_the_umask(tmp_path):
    before = os.umask(0)
    try:
        assert make_private(tmp_path / "new" / "data") is None
    finally:
        os.umask(before)
    assert mode(tmp_path / "new" / "data") == 0o700


def test_a_folder_whose_permissions_cannot_be_changed_is_stated(old, monkeypatch, caplog):
    """Such as one of another user, or on a disk without permissions."""

    def refuse(self: Path, mode: int) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(Path, "chmod", refuse)
    with hold(old):
        pass
    [record] = caplog.records
    assert str(old) in record.message
    assert "VISDL_DATA_DIR" in record.message


def test_a_folder_that_cannot_be_made_is_one_sentence_with_the_remedy(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(DataFolderError) as refused, hold(tmp_path / "file" / "data"):
        pass
    assert "Set VISDL_DATA_DIR" in str(refused.value)
    assert str(tmp_path / "file" / "data") in str(refused.value)
