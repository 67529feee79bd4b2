"""Node files in worker processes: a run fails at its node with a sentence, and none hangs."""

from __future__ import annotations

import threading

import pytest

from visdl.models.errors import RunError
from visdl.models.graph import Graph, Node
from visdl.nodes import NodeRegistry
from visdl.worker.node_files import check_types, import_limit
from visdl.worker.protocol import NodeFolder

from ..api.helpers import bring_table, training_graph, until

DOUBLED = """
from torch import Tensor
from visdl.nodes import node

@node("DoubledHere")
def doubled(x: Tensor) -> Tensor:
    return x * 2
"""


def test_a_file_that_changed_after_the_start_fails_the_run_at_its_node(serve, tmp_path):
    folder = tmp_path / "nodes"
    folder.mkdir()
    (folder / "doubled.py").write_text(DOUBLED)
    client = serve(nodes_dir=folder).client
    (folder / "doubled.py").write_text("while True:\n    pass\n")
    bring_table(client)
    graph = training_graph(epochs=1)
    graph["nodes"].append({"id": "twice", "type": "DoubledHere"})
    graph["edges"] = [
        {**edge, "source": "twice"} if edge["source"] == "fc2" else edge for edge in graph["edges"]
    ] + [{"source": "fc2", "source_output": "output", "target": "twice", "target_input": "x"}]
    run = client.post("/api/runs", json={"graph": graph}).json()
    url = f"/api/runs/{run['id']}"
    until(lambda: client.get(url, params={"wait": 60}).json()["ended"], 240)
    run = client.get(url).json()
    assert (run["state"], run["error"]["node"]) == ("failed", "twice")
    assert run["error"]["message"] == (
        "The worker process has no node type 'DoubledHere'. "
        "doubled.py: It was added or changed after the server had started."
    )
    assert "restart" in run["error"]["hint"]


def test_a_type_that_a_process_lacks_is_named_at_its_node():
    graph = Graph(nodes=[Node(id="a", type="Linear"), Node(id="b", type="NoSuchType")])
    with pytest.raises(RunError, match="has no node type 'NoSuchType'") as caught:
        check_types(graph, NodeRegistry)
    assert caught.value.node == "b"


def test_an_import_that_takes_too_long_is_reported_from_another_thread():
    errors, reported = [], threading.Event()

    def report(error):
        errors.append(error)
        reported.set()

    graph = Graph(nodes=[Node(id="a", type="Linear"), Node(id="b", type="NoSuchType")])
    with import_limit(NodeFolder(None, (), 0.05), graph.model_dump_json(), report):
        assert reported.wait(60)
    assert "did not end within 0.05 seconds" in errors[0].message
    assert errors[0].node == "b"
    with import_limit(None, "", report):
        pass
    assert len(errors) == 1
