"""How fast a graph is validated, and the overhead of the built model over a hand-written one.

A validation does what the route does: it reads the graph from JSON and writes the report to JSON.
"Cold" starts with an empty cache of layers. An edit changes one parameter in the middle of the
chain to a new value.
"""

from __future__ import annotations

import gc
import itertools
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import torch
from common import interleaved, report
from torch import Tensor, nn

from visdl.compiler import shapes
from visdl.compiler.builder import build
from visdl.compiler.flatten import flatten
from visdl.compiler.network import extract
from visdl.compiler.topology import Topology
from visdl.datasets.dataset import Dataset
from visdl.datasets.importer import import_csv
from visdl.models.graph import Edge, Graph, Node
from visdl.nodes import NodeRegistry
from visdl.validation import report_builder
from visdl.validation.validator import Validator

SIZES = (100, 1000, 2000)
EDITS = 15
STEPS = 300
LAYERS = 8
WIDTH = 64


def chain(count: int, width: Callable[[int], int]) -> Graph:
    """Return a training graph of `count` nodes: Linear and ReLU in turn, `width` by position."""
    names = [f"l{position}" for position in range(count - 6)]
    nodes = [Node(id="csv", type="CSVLoader", params={"file": "table", "target_columns": "y"})]
    nodes += [
        Node(id=name, type="ReLU")
        if position % 2
        else Node(id=name, type="Linear", params={"out_features": width(position)})
        for position, name in enumerate(names[:-1])
    ]
    nodes += [
        Node(id=names[-1], type="Linear", params={"out_features": 1}),
        Node(id="model", type="ModelAssembly"),
    ]
    nodes += [
        Node(id="loss", type="MSELoss"),
        Node(id="adam", type="Adam"),
        Node(id="train", type="TrainingLoop"),
    ]
    wires = [(a, "output", b, "input") for a, b in itertools.pairwise(names)]
    wires += [
        (names[-1], "output", "model", "layers"),
        ("model", "model", "adam", "model"),
        ("model", "model", "train", "model"),
        ("adam", "optimizer", "train", "optimizer"),
        ("loss", "loss_fn", "train", "loss_fn"),
        ("csv", "dataset", "train", "train_loader"),
    ]
    edges = [Edge(source=a, source_output=b, target=c, target_input=d) for a, b, c, d in wires]
    return Graph(nodes=nodes, edges=edges)


def validator(folder: Path) -> Validator:
    source = folder / "table.csv"
    source.write_text("a,b,y\n" + "".join(f"{i / 50},{i % 7},{i / 25}\n" for i in range(50)))
    record = import_csv(source, folder / "table", dataset_id="table", name="table", max_columns=10)
    return Validator(NodeRegistry, {"table": Dataset(record, folder / "table")}.__getitem__)


def milliseconds(check: Validator, graph: Graph) -> float:
    text = graph.model_dump_json()
    gc.collect()
    gc.freeze()  # as the server does before it serves
    start = time.perf_counter()
    result = check.report(Graph.model_validate_json(text))
    result.model_dump_json()
    seconds = time.perf_counter() - start
    assert result.valid, result.diagnostics[:3]
    return 1000 * seconds


def clear_caches() -> None:
    shapes._facts.cache_clear()
    report_builder._shape_value.cache_clear()


def checks(folder: Path) -> tuple[list[list[object]], dict[str, float]]:
    check, rows, figures = validator(folder), [], dict[str, float]()
    milliseconds(check, chain(100, lambda _: WIDTH))  # PyTorch's first meta pass is slow
    for count in SIZES:
        clear_caches()
        different = milliseconds(check, chain(count, lambda position: 8 + position // 2))
        clear_caches()
        graph = chain(count, lambda _: WIDTH)
        cold = milliseconds(check, graph)
        warm = statistics.median(milliseconds(check, graph) for _ in range(5))
        node = next(n for n in graph.nodes[count // 2 :] if n.type == "Linear")
        edits = []
        for size in range(EDITS):
            node.params["out_features"] = WIDTH + 1 + size
            edits.append(milliseconds(check, graph))
        edit = statistics.median(edits)
        figures |= {f"cold_ms_{count}": cold, f"cold_different_ms_{count}": different}
        figures |= {f"warm_ms_{count}": warm, f"edit_ms_{count}": edit}
        rows.append([f"{count:,}", f"{cold:.1f}", f"{different:.1f}", f"{warm:.1f}", f"{edit:.1f}"])
    return rows, figures


class ByHand(nn.Module):
    """The residual network, written by hand."""

    def __init__(self, layers: int) -> None:
        super().__init__()
        self.layers = nn.ModuleList(nn.Linear(WIDTH, WIDTH) for _ in range(layers))

    def forward(self, x: Tensor) -> Tensor:
        for layer in self.layers:
            x = x + layer(x).relu()
        return x


def residual(layers: int) -> nn.Module:
    """Return the same network, built from a graph."""
    nodes, edges = [Node(id="x", type="Input", params={"shape": [WIDTH]})], []
    before = "x"
    for number in range(layers):
        fc, relu, add = f"fc{number}", f"relu{number}", f"add{number}"
        nodes += [
            Node(id=fc, type="Linear", params={"out_features": WIDTH}),
            Node(id=relu, type="ReLU"),
        ]
        nodes.append(Node(id=add, type="Add"))
        for source, target, port in (
            (before, fc, "input"),
            (fc, relu, "input"),
            (before, add, "inputs"),
        ):
            edges.append(
                Edge(source=source, source_output="output", target=target, target_input=port)
            )
        edges.append(Edge(source=relu, source_output="output", target=add, target_input="inputs"))
        before = add
    nodes.append(Node(id="model", type="ModelAssembly"))
    edges.append(Edge(source=before, source_output="output", target="model", target_input="layers"))
    graph = Graph(nodes=nodes, edges=edges)
    flat = flatten(graph)
    network = extract(flat, Topology(flat.graph), NodeRegistry, graph.node("model"))
    return build(network, [torch.zeros(2, WIDTH)], 0)


def steps(model: nn.Module) -> Callable[[], None]:
    optimizer = torch.optim.Adam(model.parameters())
    x = torch.randn(32, WIDTH)

    def run() -> None:
        for _ in range(STEPS):
            optimizer.zero_grad()
            model(x).square().mean().backward()
            optimizer.step()

    return run


def overhead() -> tuple[list[list[object]], dict[str, float]]:
    rows, figures = [], dict[str, float]()
    for layers in (2, LAYERS, 32):
        timings = interleaved({"graph": steps(residual(layers)), "hand": steps(ByHand(layers))}, 7)
        ratio = timings["graph"].median / timings["hand"].median
        figures[f"graphmodule_overhead_n{layers}"] = ratio
        rows.append([layers, timings["graph"], timings["hand"], f"{ratio:.3f}"])
    figures["graphmodule_overhead"] = figures[f"graphmodule_overhead_n{LAYERS}"]
    return rows, figures


def main() -> None:
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        rows, figures = checks(Path(folder))
    slower, more = overhead()
    print("| residual blocks | built from a graph | by hand | overhead |\n|---|---|---|---|")
    for row in slower:
        print("| " + " | ".join(map(str, row)) + " |")
    print()
    report(
        ["nodes", "cold, ms", "cold, all different, ms", "warm, ms", "an edit, ms"],
        rows,
        figures | more,
    )


if __name__ == "__main__":
    main()
