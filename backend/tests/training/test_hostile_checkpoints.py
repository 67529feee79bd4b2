"""Checkpoints that somebody else wrote: nothing in them is ever called; the older one is used."""

from __future__ import annotations

import collections
import functools
import hashlib
import io
import os
import pickle
import zipfile

import pytest
import torch

from visdl.training.checkpoint import CheckpointFolder

MARK = "it-was-called"


class Calls:
    """Pickles as a call."""

    def __init__(self, function, *arguments):
        self.call = function, arguments

    def __reduce__(self):
        return self.call


def text(function: str, argument: str) -> bytes:
    """A pickle of protocol 0 that calls a function by name."""
    module, name = function.rsplit(".", 1)
    return f"c{module}\n{name}\n(S'{argument}'\ntR.".encode()


def calls(function, *arguments, protocol=2) -> bytes:
    return pickle.dumps({"step": Calls(function, *arguments)}, protocol)


TOUCH = f"touch {MARK}"
PICKLES = {
    "system": calls(os.system, TOUCH),
    "system, protocol 4": calls(os.system, TOUCH, protocol=4),
    "system, protocol 0": text("os.system", TOUCH),
    "posix": text("posix.system", TOUCH),
    "subprocess": text("subprocess.getoutput", TOUCH),
    "eval": calls(eval, f"open('{MARK}', 'w')"),
    "exec": calls(exec, f"open('{MARK}', 'w')"),
    "open": calls(open, MARK, "w"),
    "import": text("builtins.__import__", "antigravity"),
    "getattr": text("builtins.getattr", "os"),
    "partial": calls(functools.partial(os.system, TOUCH)),
    "rmtree": text("shutil.rmtree", "."),
    "torch.load": text("torch.load", MARK),
    "torch.hub": text("torch.hub.load", MARK),
    "compile": text("torch.utils.cpp_extension.load", MARK),
    "exit": calls(os._exit, 3),
    "signal": calls(os.kill, 0, 9),
    "INST": f"(S'{TOUCH}'\nios\nsystem\n.".encode(),
    "OBJ": f"(cos\nsystem\nS'{TOUCH}'\no.".encode(),
    "BUILD": b"\x80\x02ccollections\nOrderedDict\n)R}U\x08__dict__}sb.",
    "EXT": b"\x80\x02\x82\x01.",
    "persistent": b"\x80\x02U\x01xQ.",
    "deep": b"\x80\x02" + b"(" * 200_000 + b".",
    "memo that is not there": b"\x80\x02h\x09.",
    "huge string": b"\x80\x02T\xff\xff\xff\x7fx.",
    "huge memo": b"\x80\x04r\xff\xff\xff\xff.",
    "no pickle": b"\x00" * 100,
    "empty": b"",
    "a list": pickle.dumps([1, 2], 2),
    "a set": pickle.dumps({"step": {1}}, 2),
    "other class": pickle.dumps(collections.Counter("aab"), 2)[:-1] + b"0cos\nsystem\n.",
}


HARMLESS = ("a set", "BUILD")  # plain values, which torch reads


def archive(data: bytes) -> bytes:
    """The file in which torch stores a pickle."""
    buffer = io.BytesIO()
    torch.save({"step": 1}, buffer)
    made = io.BytesIO()
    with zipfile.ZipFile(buffer) as source, zipfile.ZipFile(made, "w") as target:
        for info in source.infolist():
            is_pickle = info.filename.endswith("data.pkl")
            target.writestr(info.filename, data if is_pickle else source.read(info))
    return made.getvalue()


@pytest.mark.parametrize("inside", [False, True], ids=["plain", "archive"])
@pytest.mark.parametrize("name", PICKLES)
def test_a_hostile_checkpoint_with_a_right_hash_is_refused_and_the_older_one_used(
    tmp_path, monkeypatch, name, inside
):
    monkeypatch.chdir(tmp_path)
    folder, logged = CheckpointFolder(tmp_path / "checkpoints"), []
    for step in (1, 2):
        manifest = folder.save({"step": step}, epoch=step, step=step, reason="epoch")
    data = archive(PICKLES[name]) if inside else PICKLES[name]
    path = tmp_path / "checkpoints" / manifest.file
    path.write_bytes(data)
    forged = manifest.model_copy(
        update={"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}
    )
    path.with_suffix(".json").write_text(forged.model_dump_json())
    found = folder.newest(logged.append)
    assert found is not None
    if name not in HARMLESS:
        assert found[0].step == 1
        assert logged == [f"Checkpoint {path.name} is not used: it is not a checkpoint of VisDL."]
    assert not (tmp_path / MARK).exists()
    assert (tmp_path / "checkpoints").is_dir()


def test_a_checkpoint_that_is_a_link_is_not_followed(tmp_path):
    folder = CheckpointFolder(tmp_path / "checkpoints")
    folder.save({"step": 1}, epoch=1, step=1, reason="epoch")
    path = tmp_path / "checkpoints" / folder.save({"step": 2}, epoch=2, step=2, reason="epoch").file
    path.rename(tmp_path / "elsewhere.pt")
    path.symlink_to(tmp_path / "elsewhere.pt")
    logged = []
    assert folder.newest(logged.append)[0].step == 1
    assert logged == [f"Checkpoint {path.name} is not used: it is a link."]
