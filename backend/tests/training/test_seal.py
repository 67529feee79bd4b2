"""Weights and encodings are used as they were written, or not at all."""

from __future__ import annotations

import json
import struct

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from visdl.models.errors import RunError
from visdl.training import run_folder
from visdl.training.seal import ENCODING, WEIGHTS, break_seal, check_seal, seal
from visdl.worker.weights import load_weights, read_weights

from ..support.graphs import MLP, chain, numbers
from ..support.runs import execute
from ..support.strength import count


@pytest.fixture
def folder(tmp_path):
    save_file(nn.Linear(8, 8).state_dict(), tmp_path / WEIGHTS)
    (tmp_path / ENCODING).write_text('{"x": 1}')
    seal(tmp_path)
    return tmp_path


@pytest.mark.parametrize("name", [WEIGHTS, ENCODING])
def test_every_flipped_bit_is_noticed(folder, name):
    path = folder / name
    check_seal(path)
    data = path.read_bytes()
    flips = count(gate=18, full=175)
    for index in range(flips):
        damaged = bytearray(data)
        damaged[index * len(data) // flips] ^= 1 << index % 8
        path.write_bytes(damaged)
        with pytest.raises(RunError, match=f"{name} is damaged") as caught:
            check_seal(path)
        assert caught.value.hint
    path.write_bytes(data)
    check_seal(path)


def test_a_damaged_seal_counts_as_damage_and_without_one_nothing_is_known(folder):
    (folder / ".sha256.json").write_text("{")
    with pytest.raises(RunError, match="is damaged"):
        check_seal(folder / WEIGHTS)
    break_seal(folder)
    assert set(read_weights(folder / WEIGHTS)) == {"weight", "bias"}


def test_a_file_that_is_gone_or_a_link_is_missing(folder, tmp_path):
    other = folder / "other.safetensors"
    (folder / WEIGHTS).rename(other)
    with pytest.raises(RunError, match="is missing"):
        check_seal(folder / WEIGHTS)
    (folder / WEIGHTS).symlink_to(other)
    with pytest.raises(RunError, match="is missing"):
        check_seal(folder / WEIGHTS)


def tensors(header: object, data: bytes = bytes(16), length: int | None = None) -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text) if length is None else length) + text + data


def one(**fields: object) -> dict[str, object]:
    return {"weight": {"dtype": "F32", "shape": [2, 2], "data_offsets": [0, 16], **fields}}


HOSTILE = {
    "empty": b"",
    "length alone": struct.pack("<Q", 8),
    "length of 2^64": tensors({}, length=2**64 - 1),
    "length of 2^63": tensors({}, length=2**63),
    "length of a terabyte": tensors({}, length=2**40),
    "length past the end": tensors({}, length=10_000),
    "length of nothing": tensors(b"", length=0),
    "not JSON": tensors(b"\xff" * 20),
    "list": tensors([]),
    "deep": tensors(b'{"a":' * 5000 + b"1" + b"}" * 5000),
    "no offsets": tensors({"weight": {"dtype": "F32", "shape": [2, 2]}}),
    "offsets reversed": tensors(one(data_offsets=[16, 0])),
    "offsets past the end": tensors(one(data_offsets=[0, 2**40], shape=[2**38])),
    "negative offset": tensors(one(data_offsets=[-16, 0])),
    "hole": tensors(one(data_offsets=[16, 32]), bytes(32)),
    "overlapping": tensors({**one(), "bias": one()["weight"]}),
    "rest": tensors(one(), bytes(32)),
    "cut": tensors(one(), bytes(15)),
    "shape that overflows": tensors(one(shape=[2**32, 2**32])),
    "shape of 2^63": tensors(one(shape=[2**63, 2])),
    "larger type": tensors(one(dtype="F64")),
    "unknown type": tensors(one(dtype="F1024")),
    "type that is a number": tensors(one(dtype=7)),
    "metadata that is a number": tensors({**one(), "__metadata__": 1}),
    "pickle": b"\x80\x04cos\nsystem\n(S'touch x'\ntR.",
}


@pytest.mark.parametrize("data", HOSTILE.values(), ids=HOSTILE)
def test_a_file_of_weights_that_lies_is_damaged(tmp_path, data):
    (tmp_path / WEIGHTS).write_bytes(data)
    with pytest.raises(RunError, match=r"weights\.safetensors is damaged"):
        read_weights(tmp_path / WEIGHTS)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda w: w.pop("bias"), "'bias' is missing"),
        (lambda w: w.update(more=torch.zeros(1)), "'more' belongs to no layer"),
        (lambda w: w.update(bias=torch.zeros(9)), "'bias' has the shape 9, not 8"),
        (
            lambda w: w.update(bias=torch.zeros(8, dtype=torch.float64)),
            "'bias' has the type torch.float64, not torch.float32",
        ),
    ],
)
def test_weights_of_another_network_are_named(tmp_path, change, reason):
    weights = dict(nn.Linear(8, 8).state_dict())
    change(weights)
    save_file(weights, tmp_path / WEIGHTS)
    with pytest.raises(RunError, match="not those of this network") as caught:
        load_weights(nn.Linear(8, 8), tmp_path / WEIGHTS)
    assert reason in caught.value.message


def test_a_run_with_a_flipped_bit_does_not_predict(tmp_path, one_thread):
    graph, data = chain(MLP, train={"epochs": 1}), numbers(tmp_path)
    outcome = execute(graph, tmp_path / "run", data)
    rows = [{"a": 0.5, "b": 0.25}]
    assert len(outcome.predict(rows)["predictions"]) == 1
    for name in (WEIGHTS, ENCODING):
        path = outcome.folder / "artifacts" / name
        data_before = path.read_bytes()
        path.write_bytes(data_before[:-2] + bytes([data_before[-2] ^ 1]) + data_before[-1:])
        with pytest.raises(RunError, match=f"{name} is damaged"):
            outcome.predict(rows)
        if name == WEIGHTS:
            with pytest.raises(RunError, match="is damaged"):
                read_weights(path)
        path.write_bytes(data_before)
    assert len(outcome.predict(rows)["predictions"]) == 1


def test_links_in_the_folder_of_a_run_are_not_its_files(tmp_path):
    secret = tmp_path / "secret.txt"
    secret.write_text("secret")
    run, other = tmp_path / "run", tmp_path / "other"
    for folder in (run / "artifacts", run / "checkpoints", other):
        folder.mkdir(parents=True)
    (run / "artifacts" / "report.json").write_text("{}")
    (run / "artifacts" / "link.txt").symlink_to(secret)
    (run / "artifacts" / "relative.txt").symlink_to("../../secret.txt")
    (run / "artifacts" / "nothing.txt").symlink_to("nowhere")
    (run / "checkpoints" / "checkpoint-1.pt").symlink_to(secret)
    (run / run_folder.CRASH).symlink_to(secret)
    assert [file.name for file in run_folder.artifacts(run)] == ["report.json"]
    assert run_folder.path(run, "report.json").read_text() == "{}"
    for name in ("link.txt", "relative.txt", "nothing.txt", "checkpoint-1.pt"):
        with pytest.raises(run_folder.NotFoundError):
            run_folder.path(run, name)
    assert run_folder.crash(run) == []
    (other / "secret.txt").write_text("secret")
    (tmp_path / "linked").mkdir()
    (tmp_path / "linked" / "artifacts").symlink_to(other)
    assert run_folder.artifacts(tmp_path / "linked") == []
