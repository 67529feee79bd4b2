"""A worker that outlives its server: the next one of its run waits, and the curve has no gap."""

from __future__ import annotations

import itertools
import subprocess
import sys

import psutil
import pytest

from visdl.models.errors import RunError
from visdl.worker import run_lock
from visdl.worker.run_lock import hold_run

from ..api.helpers import bring_table, until
from ..support.graphs import MLP, chain
from ..test_server_process import serving

pytestmark = pytest.mark.integration

LONG_BATCH = """
import os, time
from pathlib import Path
from visdl.nodes import BaseNode, DataType, InputSpec, NodeRegistry, OutputSpec


@NodeRegistry.register("LongBatch")
class LongBatch(BaseNode):
    CATEGORY = "Odd"

    @classmethod
    def INPUT_TYPES(cls):
        return {{"input": InputSpec(dtype=DataType.TENSOR, required=True)}}

    @classmethod
    def RETURN_TYPES(cls):
        return [OutputSpec(dtype=DataType.TENSOR, name="output")]

    def execute(self, **kwargs):
        x = kwargs["input"]
        hold = Path({folder!r}) / str(os.getpid())
        while x.device.type != "meta" and len(x) == 16 and hold.exists():
            (hold.parent / "held").touch()
            time.sleep(0.01)
        return (x,)
"""


def test_the_next_worker_waits_until_the_one_of_a_killed_server_has_saved_and_exited(tmp_path):
    nodes = tmp_path / "nodes"
    nodes.mkdir()
    (nodes / "long.py").write_text(LONG_BATCH.format(folder=str(tmp_path)))
    layers = [MLP[0], ("long", "LongBatch", {}), MLP[2]]
    graph = chain(layers, train={"epochs": 1_000_000}, split={"batch_size": 16, "val_ratio": 0.2})
    settings = {"AUTO_RESUME": "true", "NODES_DIR": str(nodes)}
    with serving(tmp_path / "data", **settings) as (server, client):
        bring_table(client)
        body = {"graph": graph.model_dump(mode="json")}
        url = f"/api/runs/{client.post('/api/runs', json=body).json()['id']}"
        until(lambda: client.get(url).json()["progress"]["epoch"] > 3)
        family = psutil.Process(server.pid).children(recursive=True)
        for process in family:  # whichever of them trains
            (tmp_path / str(process.pid)).touch()
        until((tmp_path / "held").exists)
        server.kill()
        with serving(tmp_path / "data", **settings) as (_, later):

            def log() -> str:
                events = later.get(f"{url}/events", params={"type": "log", "limit": 10_000}).json()
                return "\n".join(event["message"] for event in events)

            until(lambda: "An earlier worker process of this run is still active" in log())
            assert later.get(url).json()["state"] == "starting"
            step = later.get(url).json()["progress"]["step"]
            for process in family:
                (tmp_path / str(process.pid)).unlink()
            until(lambda: later.get(url).json()["progress"]["step"] > step + 50)
            assert "Continuing from the checkpoint at step" in log()
            later.post(f"{url}/stop")
            steps = [at for at, _, _ in later.get(f"{url}/metrics").json()["series"]["batch_loss"]]
            assert [(a, b) for a, b in itertools.pairwise([0, *steps]) if b != a + 1] == []
    assert psutil.wait_procs(family, timeout=30)[1] == []


HOLDER = """
import sys, time
from pathlib import Path
from visdl.worker.run_lock import hold_run

with hold_run(Path(sys.argv[1]), lambda: None, print):
    print("holds", flush=True)
    time.sleep(600)
"""


@pytest.fixture
def holder(tmp_path, monkeypatch):
    """A process that holds the run's folder, and does not leave."""
    monkeypatch.setattr(run_lock, "PATIENCE", 0.4)
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path)], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout and process.stdout.readline() == "holds\n"
        yield process
        process.kill()


def test_one_that_does_not_leave_is_ended(tmp_path, holder):
    logged: list[str] = []
    with hold_run(tmp_path, lambda: None, logged.append):
        assert holder.wait(10) < 0
    assert [line.split(" ", 3)[:3] for line in logged] == [
        ["An", "earlier", "worker"],
        ["The", "earlier", "worker"],
    ]


def test_one_that_is_not_known_here_is_not_touched(tmp_path, holder):
    (tmp_path / "trainer.pid").write_text(  # words: ok
        f"{holder.pid} 1.0"
    )  # as a process of another machine may be called
    with (
        pytest.raises(RunError, match="Another process uses the files"),
        hold_run(tmp_path, lambda: None, print),
    ):
        pass
    assert holder.poll() is None


def test_a_waiting_worker_can_be_shut_down(tmp_path, holder):
    def leave() -> None:
        raise InterruptedError

    with pytest.raises(InterruptedError), hold_run(tmp_path, leave, print):
        pass
