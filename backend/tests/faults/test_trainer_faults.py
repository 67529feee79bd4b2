"""A trainer that is killed, a disk that refuses, bytes that change: the run goes on to the very same numbers."""

from __future__ import annotations

import errno
import json
import os
import random
from pathlib import Path

import pytest
import torch

from visdl.engine import checkpoint, training_run
from visdl.engine.checkpoint import CheckpointFolder
from visdl.models.events import LogEvent

from ..engine.runs import Outcome, assert_equal_weights, execute
from .cases import LAYERS, network, table
from .victim import PLACES, Fault, train

STEPS = 60


@pytest.fixture(scope="module", autouse=True)
def _one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    return table(tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="module")
def whole(tmp_path_factory, dataset):
    """Of each network the training that nothing disturbed."""
    return {name: execute(network(name), tmp_path_factory.mktemp(name), dataset) for name in LAYERS}


def final_state(folder: Path) -> dict:
    found = CheckpointFolder(folder / "checkpoints").newest()
    assert found is not None
    return found[1]


def assert_equal(a, b, at="checkpoint"):
    """The same to the last bit, whatever is nested in what."""
    if isinstance(a, torch.Tensor):
        assert torch.equal(a, b) or (a.isnan() == b.isnan()).all(), at
    elif isinstance(a, dict):
        assert a.keys() == b.keys(), at
        for key in a:
            assert_equal(a[key], b[key], f"{at}.{key}")
    elif isinstance(a, list | tuple):
        assert len(a) == len(b), at
        for place, (one, other) in enumerate(zip(a, b, strict=True)):
            assert_equal(one, other, f"{at}[{place}]")
    else:
        assert a == b, at


def assert_as_undisturbed(outcome: Outcome, whole: Outcome) -> None:
    """Weights, optimizer, schedule, generators, metrics and history are those of the training without a fault."""
    assert_equal_weights(outcome.weights(), whole.weights())
    mine, theirs = final_state(outcome.folder), final_state(whole.folder)
    for part in ("model", "optimizer", "schedule", "state", "generators", "torch_rng"):
        assert_equal(mine[part], theirs[part], part)
    for key in ("train_loss", "val_loss"):
        assert outcome.best(key) == whole.best(key)
    reports = [json.loads((o.folder / "artifacts" / "report.json").read_text()) for o in (outcome, whole)]
    assert reports[0]["metrics"] == reports[1]["metrics"]


def killed(folder: Path, name: str, dataset, rng: random.Random, kills: int) -> dict[str, int]:
    """Kill the training of a network again and again, then let it end; every checkpoint there is must be whole."""
    done = {"kills": 0, "inside a save": 0, "corrupt": 0}
    reached = 0
    for _ in range(kills):
        if rng.random() < 0.5:
            fault = Fault(steps=rng.randint(1, max(1, min(7, STEPS - reached - 1))))
        else:
            fault = Fault(save=1, place=rng.choice(PLACES))
            done["inside a save"] += 1
        assert train(network(name), folder, dataset, fault) == -9
        done["kills"] += 1
        said: list[str] = []
        found = CheckpointFolder(folder / "checkpoints").newest(said.append)
        done["corrupt"] += len(said)
        step = found[0].step if found else 0
        assert step >= reached, "a checkpoint that was there is lost"
        reached = step
        if reached >= STEPS - 5:
            break
    return done


def check_kills(tmp_path: Path, dataset, whole, kills: int, seed: int) -> dict[str, int]:
    rng, total = random.Random(seed), {"kills": 0, "inside a save": 0, "corrupt": 0, "bit-equal": 0, "trainings": 0}
    while total["kills"] < kills:
        name = rng.choice(list(LAYERS))
        folder = tmp_path / f"{name}{total['trainings']}"
        for key, count in killed(folder, name, dataset, rng, min(7, kills - total["kills"])).items():
            total[key] += count
        assert_as_undisturbed(execute(network(name), folder, dataset), whole[name])
        total["bit-equal"] += 1
        total["trainings"] += 1
    assert total["corrupt"] == 0
    return total


def test_twenty_kills_leave_no_corrupt_state_and_change_no_bit(tmp_path, dataset, whole):
    assert check_kills(tmp_path, dataset, whole, 20, seed=1)["kills"] >= 20


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_two_hundred_kills(tmp_path, dataset, whole, fault_report):
    fault_report["trainer killed"] = check_kills(tmp_path, dataset, whole, 200, seed=2)


# --- disks ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("limit", [0, 100, 1000, 4000, 6000])
def test_a_file_system_without_room_leaves_the_earlier_checkpoint_and_the_run_goes_on_later(
    tmp_path, dataset, whole, limit
):
    assert train(network("mlp"), tmp_path, dataset, Fault(steps=22)) == -9
    before = CheckpointFolder(tmp_path / "checkpoints").newest()
    assert before is not None
    assert train(network("mlp"), tmp_path, dataset, Fault(limit=limit)) in (0, 3)  # never a crash
    after = CheckpointFolder(tmp_path / "checkpoints").newest()
    assert after is not None
    assert after[0].step >= before[0].step
    assert_as_undisturbed(execute(network("mlp"), tmp_path, dataset), whole["mlp"])


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EACCES, errno.EIO])
@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_a_disk_that_refuses_a_checkpoint_is_said_and_the_training_goes_on(
    tmp_path, dataset, whole, monkeypatch, code, call
):
    monkeypatch.setattr(training_run, "_CHECKPOINT_SECONDS", 0.0)
    real = getattr(os, call)
    calls = 0

    def refuse(*args, **kwargs):
        nonlocal calls
        calls += 1
        if 9 <= calls <= 14:
            raise OSError(code, os.strerror(code))
        return real(*args, **kwargs)

    monkeypatch.setattr(checkpoint.os, call, refuse)
    outcome = execute(network("mlp"), tmp_path, dataset)
    said = [event.message for event in outcome.events if isinstance(event, LogEvent) and event.level == "error"]
    assert set(said) == {f"The checkpoint could not be saved: {os.strerror(code)}."}
    assert_as_undisturbed(outcome, whole["mlp"])


# --- damage -----------------------------------------------------------------------------------------------------


def damage(path: Path, rng: random.Random) -> None:
    data = bytearray(path.read_bytes())
    match rng.randrange(4):
        case 0:
            data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
        case 1:
            del data[rng.randrange(len(data)) :]
        case 2:
            start = rng.randrange(len(data))
            data[start : start + 64] = bytes(len(data[start : start + 64]))
        case _:
            data += b"\0"
    if bytes(data) == path.read_bytes():  # zeros over zeros
        data[0] ^= 1
    path.write_bytes(data)


def check_damage(tmp_path: Path, dataset, whole, times: int) -> dict[str, int]:
    rng = random.Random(times)
    folder = tmp_path / "run"
    assert train(network("mlp"), folder, dataset, Fault(steps=33)) == -9
    kept = {path.name: path.read_bytes() for path in (folder / "checkpoints").iterdir()}
    older, newer = sorted(name for name in kept if name.endswith(".pt"))[-2:]
    for _ in range(times):
        for path in (folder / "checkpoints").iterdir():
            path.unlink()
        for name, data in kept.items():
            (folder / "checkpoints" / name).write_bytes(data)
        damage(folder / "checkpoints" / newer, rng)
        said: list[str] = []
        found = CheckpointFolder(folder / "checkpoints").newest(said.append)
        assert found is not None
        assert found[0].file == older
        assert said == [f"The checkpoint {newer} is not used: it is damaged."]
    assert_as_undisturbed(execute(network("mlp"), folder, dataset), whole["mlp"])
    return {"damaged": times, "detected": times, "bit-equal": 1}


def test_damage_is_detected_and_the_older_checkpoint_gives_the_same_numbers(tmp_path, dataset, whole):
    assert check_damage(tmp_path, dataset, whole, 35)["detected"] == 35


@pytest.mark.slow
def test_three_hundred_and_fifty_times_damaged(tmp_path, dataset, whole, fault_report):
    fault_report["checkpoint damaged"] = check_damage(tmp_path, dataset, whole, 350)
