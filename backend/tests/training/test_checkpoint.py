"""Checkpoints are complete or absent."""

import os

import pytest
import torch

from visdl.training.checkpoint import CheckpointFolder, write_atomic


@pytest.fixture
def folder(tmp_path):
    return CheckpointFolder(tmp_path / "checkpoints")


def save(folder, step, *, is_best=False):
    return folder.save(
        {"step": torch.tensor(step)}, epoch=0, step=step, reason="epoch", is_best=is_best
    )


def test_the_newest_comes_back(folder):
    save(folder, 1)
    save(folder, 2)
    manifest, payload = folder.newest()
    assert (manifest.step, payload["step"].item()) == (2, 2)


def test_the_two_newest_and_the_best_are_kept(folder):
    for step in range(1, 7):
        save(folder, step, is_best=step == 2)
    assert [manifest.step for manifest in folder.manifests()] == [6, 5, 2]


@pytest.mark.parametrize("damage", ["flip", "cut", "empty", "gone"])
def test_a_damaged_one_is_passed_over(folder, tmp_path, damage):
    save(folder, 1)
    path = tmp_path / "checkpoints" / save(folder, 2).file
    data = bytearray(path.read_bytes())
    if damage == "flip":
        data[len(data) // 2] ^= 1
        path.write_bytes(data)
    elif damage == "gone":
        path.unlink()
    else:
        path.write_bytes(data[: len(data) // 2 if damage == "cut" else 0])
    manifest, _ = folder.newest()
    assert manifest.step == 1


def test_a_damaged_manifest_is_passed_over(folder, tmp_path):
    save(folder, 1)
    save(folder, 2)
    (tmp_path / "checkpoints" / "checkpoint-000000002.json").write_text("{")
    assert folder.newest()[0].step == 1


def test_where_the_newest_two_are_damaged_the_best_is_still_there(folder, tmp_path):
    for step in range(1, 5):
        save(folder, step, is_best=step == 1)
    (tmp_path / "checkpoints" / "checkpoint-000000004.json").write_text("{")
    (tmp_path / "checkpoints" / "checkpoint-000000003.pt").write_bytes(b"")
    logged = []
    assert folder.newest(logged.append)[0].step == 1
    assert logged == [
        "Checkpoint checkpoint-000000004.pt is not used: its manifest is damaged.",
        "Checkpoint checkpoint-000000003.pt is not used: it is damaged.",
    ]
    save(folder, 5)
    assert [(manifest.step, manifest.is_best) for manifest in folder.manifests()] == [
        (5, False),
        (1, True),
    ]


def test_nothing_there_is_nothing(folder):
    assert folder.newest() is None


def test_a_write_that_fails_leaves_the_old_file_and_no_rest(tmp_path, monkeypatch):
    path = tmp_path / "file"
    write_atomic(path, b"old")

    def full(_fd):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        write_atomic(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_only_tensors_and_plain_values_are_loaded(folder, tmp_path):
    class Evil:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "hacked"),)

    folder.save({"evil": Evil()}, epoch=0, step=1, reason="epoch")
    assert folder.newest() is None
    assert not (tmp_path / "hacked").exists()
