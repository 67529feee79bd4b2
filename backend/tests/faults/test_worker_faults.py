"""A worker that is killed, bytes that change: the run continues to the very same numbers."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from visdl.training.checkpoint import CheckpointFolder

from ..support.runs import execute
from ..support.strength import count
from .cases import LAYERS, STEPS, network
from .equality import assert_as_undisturbed
from .victim import PLACES, Fault, train

pytestmark = [pytest.mark.integration, pytest.mark.usefixtures("one_thread")]


def killed(folder: Path, name: str, dataset, rng: random.Random, kills: int) -> dict[str, int]:
    """Kill the training of a network repeatedly, then let it end; every checkpoint is valid."""
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
        logged: list[str] = []
        found = CheckpointFolder(folder / "checkpoints").newest(logged.append)
        done["corrupt"] += len(logged)
        step = found[0].step if found else 0
        assert step >= reached, "a checkpoint that was there is lost"
        reached = step
        if reached >= STEPS - 5:
            break
    return done


def check_kills(tmp_path: Path, dataset, whole, kills: int, seed: int) -> dict[str, int]:
    rng, total = (
        random.Random(seed),
        {"kills": 0, "inside a save": 0, "corrupt": 0, "bit-equal": 0, "trainings": 0},
    )
    while total["kills"] < kills:
        name = rng.choice(list(LAYERS))
        folder = tmp_path / f"{name}{total['trainings']}"
        for key, times in killed(
            folder, name, dataset, rng, min(7, kills - total["kills"])
        ).items():
            total[key] += times
        assert_as_undisturbed(execute(network(name), folder, dataset), whole[name])
        total["bit-equal"] += 1
        total["trainings"] += 1
    assert total["corrupt"] == 0
    return total


def test_kills_leave_no_corrupt_state_and_change_no_bit(tmp_path, dataset, whole):
    kills = count(gate=8, full=20)
    assert check_kills(tmp_path, dataset, whole, kills, seed=1)["kills"] >= kills


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_two_hundred_kills(tmp_path, dataset, whole, fault_report):
    fault_report["worker killed"] = check_kills(tmp_path, dataset, whole, 200, seed=2)


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
        logged: list[str] = []
        found = CheckpointFolder(folder / "checkpoints").newest(logged.append)
        assert found is not None
        assert found[0].file == older
        assert logged == [f"Checkpoint {newer} is not used: it is damaged."]
    assert_as_undisturbed(execute(network("mlp"), folder, dataset), whole["mlp"])
    return {"damaged": times, "detected": times, "bit-equal": 1}


def test_damage_is_detected_and_the_older_checkpoint_gives_the_same_numbers(
    tmp_path, dataset, whole
):
    times = count(gate=10, full=35)
    assert check_damage(tmp_path, dataset, whole, times)["detected"] == times


@pytest.mark.slow
def test_three_hundred_and_fifty_times_damaged(tmp_path, dataset, whole, fault_report):
    fault_report["checkpoint damaged"] = check_damage(tmp_path, dataset, whole, 350)
