"""Missing memory: rejected when known, else one run fails with a reason; the server stays small."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any, NamedTuple

import httpx
import psutil
import pytest

from visdl.nodes import NodeRegistry
from visdl.validation.validator import Validator

from ..api.helpers import error, start_run, training_graph, until, upload
from ..support.graphs import MLP, chain, codes, numbers
from ..test_server_process import serving

pytestmark = pytest.mark.integration

MB = 2**20
GREEDY = """
import torch
from visdl.nodes import BaseNode, DataType, InputSpec, NodeRegistry, OutputSpec

@NodeRegistry.register("{name}")
class {name}(BaseNode):
    CATEGORY = "Odd"

    @classmethod
    def INPUT_TYPES(cls):
        return {{"input": InputSpec(dtype=DataType.TENSOR, required=True)}}

    @classmethod
    def RETURN_TYPES(cls):
        return [OutputSpec(dtype=DataType.TENSOR, name="output")]

    def execute(self, **kwargs):
        x = kwargs["input"]
        if x.device.type != "meta" and len(x) == {rows}:
            {fault}
        return (x,)
"""
NODES = {
    "Greedy": (
        "8",
        "torch.empty(2**46)",
    ),  # 256 TiB: what no machine has, and the allocator of torch refuses
    "LikeCuda": (
        "8",
        'raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB.")',
    ),
    "GreedyLater": ("3", "torch.empty(2**46)"),
}


class Crowd(NamedTuple):
    """A server on which one run trains on while others come to grief."""

    client: httpx.Client
    process: psutil.Process
    other: str


@pytest.fixture(scope="module")
def crowd(tmp_path_factory) -> Iterator[Crowd]:
    folder = tmp_path_factory.mktemp("nodes")
    for name, (rows, fault) in NODES.items():
        (folder / f"{name.lower()}.py").write_text(GREEDY.format(name=name, rows=rows, fault=fault))
    data = tmp_path_factory.mktemp("data")
    with serving(data, NODES_DIR=str(folder), CONCURRENT_RUNS="3") as (process, client):
        other = start_run(client, epochs=1_000_000)["id"]
        until(lambda: client.get(f"/api/runs/{other}").json()["progress"]["step"] > 0)
        assert (
            finished(client, training_graph())["state"] == "completed"
        )  # all that is made once is made now
        yield Crowd(client, psutil.Process(process.pid), other)


@contextlib.contextmanager
def bystanders(crowd: Crowd) -> Iterator[None]:
    """What happens inside leaves the server small, and the other run training."""
    before = crowd.process.memory_info().rss
    yield
    assert crowd.process.memory_info().rss - before < 50 * MB
    step = step_of(crowd)
    until(lambda: step_of(crowd) > step)


def step_of(crowd: Crowd) -> int:
    record = crowd.client.get(f"/api/runs/{crowd.other}").json()
    assert record["state"] == "running"
    found: int = record["progress"]["step"]
    return found


def finished(client: httpx.Client, graph: dict[str, Any]) -> dict[str, Any]:
    run = client.post("/api/runs", json={"graph": graph}).json()
    record: dict[str, Any] = client.get(f"/api/runs/{run['id']}", params={"wait": 60}).json()
    return record


def between(type_name: str) -> dict[str, Any]:
    """A node of this type between the layers of the network."""
    layers = [MLP[0], ("greedy", type_name, {}), MLP[2]]
    return chain(layers, split={"batch_size": 8, "val_ratio": 0.2}).model_dump(mode="json")


def test_a_model_that_no_memory_holds_is_refused_before_anything_is_allocated(crowd):
    wide = {"out_features": 3_000_000}
    graph = chain(
        [
            ("a", "Linear", {"out_features": 1000}),
            ("b", "Linear", wide),
            ("c", "Linear", wide),
            MLP[2],
        ]
    )
    body = graph.model_dump(mode="json")
    with bystanders(crowd):
        refused = error(crowd.client.post("/api/runs", json={"graph": body}), 422)
        report = crowd.client.post("/api/graphs/validate", json=body).json()
    assert refused["message"].startswith(
        "Weights, gradients and the optimizer's state need 131.0 TiB, but the device has"
    )
    assert refused["hint"] == "Make the model smaller: most of its parameters are in 'c'."
    assert [(d["code"], d["node"]) for d in report["diagnostics"] if d["severity"] == "error"] == [
        ("memory", "c")
    ]


def test_what_may_be_free_by_then_is_a_warning_and_what_never_is_an_error(tmp_path):
    data, graph = numbers(tmp_path), chain(MLP)  # 33 weights, with gradient and two moments of Adam

    def found(total: int) -> list[tuple[str, str | None, str | None]]:
        validator = Validator(
            NodeRegistry,
            {"table": data}.__getitem__,
            free_memory=lambda _: 1,
            total_memory=lambda _: total,
        )
        report = validator.report(graph)
        return [*codes(report), *(code for code in codes(report, "warning") if code[0] == "memory")]

    assert found(33 * 4 * 4) == [("memory", None, None)]
    assert found(33 * 4 * 4 - 1) == [("memory", "fc1", None)]


def test_a_batch_that_cannot_be_allocated_fails_its_run_with_a_sentence(crowd):
    with bystanders(crowd):
        record = finished(crowd.client, between("Greedy"))
    assert record["state"] == "failed"
    assert record["error"]["code"] == "out_of_memory"
    assert record["error"]["node"] == "train"
    assert (
        record["error"]["message"]
        == "'train' ran out of memory: there was no room for 256.0 TiB more."
    )
    assert "batch_size" in record["error"]["hint"]


def test_an_error_as_cuda_raises_it_fails_its_run_with_a_sentence_here_raised_by_a_node_on_a_cpu(
    crowd,
):
    with bystanders(crowd):
        record = finished(crowd.client, between("LikeCuda"))
    assert record["state"] == "failed"
    assert record["error"]["code"] == "out_of_memory"
    assert (
        record["error"]["message"]
        == "'train' ran out of memory: there was no room for 20.00 GiB more."
    )


def test_a_worker_that_the_kernel_kills_is_interrupted_with_a_hint_about_memory(crowd):
    client = crowd.client
    known = {child.pid for child in crowd.process.children(recursive=True)}
    with bystanders(crowd):
        run = client.post("/api/runs", json={"graph": training_graph(epochs=1_000_000)}).json()[
            "id"
        ]
        until(lambda: client.get(f"/api/runs/{run}").json()["progress"]["step"] > 0)
        [worker] = [
            child for child in crowd.process.children(recursive=True) if child.pid not in known
        ]
        worker.kill()
        until(lambda: client.get(f"/api/runs/{run}").json()["state"] == "interrupted")
    problem = client.get(f"/api/runs/{run}").json()["error"]
    assert problem["message"] == "The worker process ended: it was killed by SIGKILL."
    assert problem["hint"].startswith("If memory ran out, lower batch_size")
    client.post(f"/api/runs/{run}/stop")


def test_a_prediction_that_is_too_large_is_refused_and_one_that_finds_no_memory_reports_it(crowd):
    client = crowd.client
    run = finished(client, between("GreedyLater"))
    assert run["state"] == "completed"
    url = f"/api/runs/{run['id']}/predict"
    rows = b"0.5,0.25,1\n" * 1_000_001
    assert upload(client, b"a,b,y\n" + rows, "large").status_code == 201
    with bystanders(crowd):
        refused = error(client.post(url, json={"dataset": "large"}), 413)
        failed = error(client.post(url, json={"rows": [{"a": 1, "b": 1}] * 3}), 422)
    assert (
        refused["message"]
        == "The prediction has 1,000,001 values; a response holds at most 1,000,000."
    )
    assert failed["code"] == "out_of_memory"
    assert (
        failed["message"]
        == "The prediction ran out of memory: there was no room for 256.0 TiB more."
    )
    assert client.post(url, json={"rows": [{"a": 1, "b": 1}]}).status_code == 200


@pytest.mark.slow
def test_the_largest_prediction_there_is_leaves_the_server_small(crowd, fault_report):
    client = crowd.client
    run = finished(client, training_graph())
    assert upload(client, b"a,b,y\n" + b"0.5,0.25,1\n" * 1_000_000, "million").status_code == 201
    before = crowd.process.memory_info().rss
    with bystanders(crowd):
        answer = client.post(f"/api/runs/{run['id']}/predict", json={"dataset": "million"})
    assert len(answer.json()["predictions"]) == 1_000_000
    grown = crowd.process.memory_info().rss - before
    fault_report["largest prediction"] = {"values": 1_000_000, "MB grown": grown >> 20}
