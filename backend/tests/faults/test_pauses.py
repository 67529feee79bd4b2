"""Pauses at any step, some of which give the process back, change no bit."""

from __future__ import annotations

import random
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from visdl.models.runs import RunState
from visdl.training.control import Command, TrainingController
from visdl.training.session import TrainingSuspended

from ..api.helpers import bring_table, start_run, until
from ..conftest import run_server
from ..support.graphs import MLP, chain
from ..support.runs import Outcome, execute
from .cases import LAYERS, STEPS, network
from .equality import assert_as_undisturbed

pytestmark = [pytest.mark.integration, pytest.mark.usefixtures("one_thread")]


def paused(
    name: str, folder: Path, dataset, at: list[int], rng: random.Random
) -> tuple[Outcome, int]:
    """A training that is paused after these steps; half of the time in another process."""
    released = 0
    while True:
        controller = TrainingController()

        def after_step(step: int, controller: TrainingController = controller) -> None:
            if at and step >= at[0]:
                controller.request(Command.PAUSE)

        def on_state(state: RunState, controller: TrainingController = controller) -> None:
            if state is not RunState.PAUSED:
                return
            at.pop(0)
            controller.request(rng.choice([Command.RESUME, Command.EVICT]))

        try:
            outcome = execute(
                network(name),
                folder,
                dataset,
                controller=controller,
                after_step=after_step,
                on_state=on_state,
            )
        except TrainingSuspended:
            released += 1
            continue
        return outcome, released


def check_pauses(tmp_path: Path, dataset, whole, pauses: int, seed: int) -> dict[str, int]:
    rng, done = (
        random.Random(seed),
        {"pauses": 0, "process given back": 0, "trainings": 0, "bit-equal": 0},
    )
    while done["pauses"] < pauses:
        name = rng.choice(list(LAYERS))
        steps = sorted(rng.sample(range(1, STEPS), min(rng.randint(1, 5), pauses - done["pauses"])))
        outcome, released = paused(
            name, tmp_path / str(done["trainings"]), dataset, list(steps), rng
        )
        assert_as_undisturbed(outcome, whole[name])
        done["pauses"] += len(steps)
        done["process given back"] += released
        done["trainings"] += 1
        done["bit-equal"] += 1
    return done


def test_ten_pauses_change_no_bit(tmp_path, dataset, whole):
    assert check_pauses(tmp_path, dataset, whole, 10, seed=1)["process given back"] > 0


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_fifty_pauses(tmp_path, dataset, whole, fault_report):
    fault_report["paused and resumed"] = check_pauses(tmp_path, dataset, whole, 50, seed=2)


#: Once a file `hold` exists, the next batch writes its number to a file `held`, and lasts until
#: `hold` is gone and the command to pause has reached the process.
SLOW = """
import gc
import time
from pathlib import Path
from visdl.training.control import Command, TrainingController
from visdl.nodes import BaseNode, DataType, InputSpec, NodeRegistry, OutputSpec

FOLDER = Path({folder!r})
BATCH = 16
calls = 0


@NodeRegistry.register("SlowBatch")
class SlowBatch(BaseNode):
    CATEGORY = "Odd"

    @classmethod
    def INPUT_TYPES(cls):
        return {{"input": InputSpec(dtype=DataType.TENSOR, required=True)}}

    @classmethod
    def RETURN_TYPES(cls):
        return [OutputSpec(dtype=DataType.TENSOR, name="output")]

    def execute(self, **kwargs):
        global calls
        x = kwargs["input"]
        if x.device.type != "meta" and len(x) == BATCH:
            calls += 1
            if (FOLDER / "hold").exists():
                (FOLDER / "number").write_text(str(calls))
                (FOLDER / "number").rename(FOLDER / "held")
                everything = gc.get_objects()
                [controller] = [one for one in everything if isinstance(one, TrainingController)]
                while (FOLDER / "hold").exists() or controller.command is Command.RESUME:
                    time.sleep(0.001)
        return (x,)
"""


def test_a_pause_in_a_long_batch_is_acknowledged_when_that_batch_ends(tmp_path):
    nodes = tmp_path / "nodes"
    nodes.mkdir()
    (nodes / "slow.py").write_text(SLOW.format(folder=str(tmp_path)))
    layers = [MLP[0], ("slow", "SlowBatch", {}), MLP[2]]
    graph = chain(layers, train={"epochs": 1_000_000}, split={"batch_size": 16, "val_ratio": 0.2})
    with run_server(tmp_path / "data", nodes_dir=nodes) as server, ThreadPoolExecutor(1) as pool:
        client = server.client
        bring_table(client)
        body = {"graph": graph.model_dump(mode="json")}
        url = f"/api/runs/{client.post('/api/runs', json=body).json()['id']}"
        until(lambda: client.get(url).json()["progress"]["step"] > 0)
        for _ in range(2):
            (tmp_path / "hold").touch()
            until((tmp_path / "held").exists)
            answer = pool.submit(client.post, f"{url}/pause")
            assert client.get(url).json()["state"] == "running"  # as long as the batch lasts
            assert not answer.done()
            (tmp_path / "hold").unlink()
            assert answer.result().json()["state"] == "paused"
            assert client.get(url).json()["progress"]["step"] == int(
                (tmp_path / "held").read_text()
            )
            (tmp_path / "held").unlink()
            assert client.post(f"{url}/resume").json()["state"] == "running"
        client.post(f"{url}/stop")


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_how_soon_fifty_pauses_are_acknowledged(tmp_path, fault_report):
    """A figure for the report; that each is acknowledged with its checkpoint is what is checked."""
    slowest = 0.0
    with run_server(tmp_path / "data") as server:
        run = start_run(server.client, epochs=1_000_000)["id"]
        url = f"/api/runs/{run}"
        for _ in range(50):
            step = server.client.get(url).json()["progress"]["step"]
            until(lambda: server.client.get(url).json()["progress"]["step"] > step)  # noqa: B023
            begin = time.monotonic()
            assert server.client.post(f"{url}/pause").json()["state"] == "paused"
            slowest = max(slowest, time.monotonic() - begin)
            assert server.client.post(f"{url}/resume").json()["state"] == "running"
        server.client.post(f"{url}/stop")
        assert server.client.get(url, params={"wait": 60}).json()["state"] == "stopped"
    fault_report["pauses acknowledged"] = {"pauses": 50, "ms at most": round(1000 * slowest)}
