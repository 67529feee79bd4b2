"""Graphs that use every node type of the catalogue once: several types in each, on one table."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from torch import Tensor

from visdl.models.graph import Edge, Graph, Node
from visdl.nodes import LossNode, MetricNode, NodeRegistry, OptimizerNode, SchedulerNode

from ..nodes.layers import LAYERS, inputs_of
from .graphs import wire

_LAYERS_PER_GRAPH = 8
_IDS = ", ".join(f"i{column}" for column in range(8))
#: a and b are numbers, i0 to i7 ids from 0 to 9; the others are targets of the losses.
TABLE = f"a,b,{_IDS.replace(' ', '')},label,zero,share,sign,first,end\n" + "".join(
    f"{row / 40},{row * 7 % 40 / 40},{','.join(str(row * place % 10) for place in range(1, 9))},"
    f"{'xyz'[row % 3]},{row % 2},{1 - row % 2},{row % 2 * 2 - 1},{row % 2},-1\n"
    for row in range(40)
)
#: Target columns of losses of numbers, where "zero" does not suit.
_TARGETS = {
    "HingeEmbeddingLoss": "sign",
    "KLDivLoss": "zero, share",
    "MultiLabelMarginLoss": "first, end",
    "SoftMarginLoss": "sign",
}
_LOSSES = {
    "index": "CrossEntropyLoss",
    "classes": "CrossEntropyLoss",
    "binary": "BCEWithLogitsLoss",
    "float": "MSELoss",
    "": "MSELoss",
}


@dataclass
class _Drawing:
    """A graph as it grows: nodes are named by what they are for."""

    nodes: list[Node] = field(default_factory=list)
    edges: list[Edge] = field(default_factory=list)

    def add(
        self, name: str, type_: str, params: Mapping[str, Any] | None = None, **inputs: Any
    ) -> str:
        """Add a node that reads these outputs, such as "csv.dataset"; return its first output."""
        self.nodes.append(Node(id=name, type=type_, params=dict(params or {})))
        for port, sources in inputs.items():
            for source in sources if isinstance(sources, list) else [sources]:
                self.edges.append(wire(f"{source} > {name}.{port}"))
        outputs = NodeRegistry.get(type_).output_names(dict(params or {})) or [""]
        return f"{name}.{outputs[0]}"


def layer_graphs() -> dict[str, Graph]:
    """Graphs whose models are a sum of branches, one for each layer, by the names of the layers."""
    groups = [
        LAYERS[at : at + _LAYERS_PER_GRAPH] for at in range(0, len(LAYERS), _LAYERS_PER_GRAPH)
    ]
    return {" ".join(group): _layer_graph(group) for group in groups}


def part_graphs() -> dict[str, Graph]:
    """Graphs that differ in loss, optimizer, scheduler and metric, by the names of these."""
    losses, optimizers, schedulers = (_types(k) for k in (LossNode, OptimizerNode, SchedulerNode))
    metrics = _metrics_by_loss(losses)
    graphs = {}
    for at in range(max(len(losses), len(optimizers), len(schedulers))):
        loss, optimizer, scheduler = (
            kind[at % len(kind)] for kind in (losses, optimizers, schedulers)
        )
        parts = [loss, optimizer, scheduler, *metrics.get(loss, [])]
        graphs[" ".join(parts)] = _part_graph(*parts)
    return graphs


def _types(kind: type[Any]) -> list[str]:
    return [name for name in NodeRegistry.names() if issubclass(NodeRegistry.get(name), kind)]


def _metrics_by_loss(losses: Sequence[str]) -> dict[str, list[str]]:
    """By loss, the metrics to measure with it: each metric with one that has it as a usual one.

    The others are measured with the usual loss for their kind of target.
    """
    found: dict[str, list[str]] = {}
    for metric in _types(MetricNode):
        owners = [loss for loss in losses if metric in NodeRegistry.get(loss).metrics()]
        owners = owners or [_LOSSES[NodeRegistry.get(metric).MEASURES]]
        found.setdefault(owners[-1], []).append(metric)
    return found


def _layer_graph(names: Sequence[str]) -> Graph:
    drawing = _Drawing()
    drawing.add("x", "Input", {"columns": "a, b"})
    drawing.add("ids", "Input", {"columns": _IDS, "dtype": "int64"})
    drawing.add("sum", "Add", inputs=[_branch(drawing, name) for name in names])
    return _training(drawing, "sum.output", "MSELoss", "Adam", "zero")


def _branch(drawing: _Drawing, name: str) -> str:
    """Add a layer after what makes its inputs of the data, and return one number per sample."""
    inputs, ports = inputs_of(name), {}
    if name.startswith("MaxUnpool"):
        pool = f"{name}_pool"
        params = {"kernel_size": 2, "return_indices": True}
        source = _tensor(drawing, pool, [2, *(8 if name.endswith("1d") else 4,) * int(name[-2])])
        drawing.add(pool, f"MaxPool{name[-2:]}", params, input=source)
        ports = {"input": f"{pool}.output", "indices": f"{pool}.indices"}
    else:
        for port, value in inputs.items():
            values = value if isinstance(value, list) else [value]
            made = [_source(drawing, f"{name}_{port}{at}", v) for at, v in enumerate(values)]
            ports[port] = made if isinstance(value, list) else made[0]
    output = drawing.add(name, name, **ports)
    if not (inputs and NodeRegistry.get(name).KEEPS_BATCH):
        output = _with_batch(drawing, name, output)
    apart = drawing.add(f"{name}_apart", "Unsqueeze", {"dim": 1}, input=output)
    flat = drawing.add(f"{name}_flat", "Flatten", input=apart)
    return drawing.add(f"{name}_out", "Linear", {"out_features": 1}, input=flat)


def _with_batch(drawing: _Drawing, name: str, output: str) -> str:
    """Return activations of samples that depend on an output without a batch axis."""
    if name == "CausalMask":  # some of its values are −∞: only attention can read them
        query = _tensor(drawing, f"{name}_query", [8, 8])
        return drawing.add(f"{name}_reader", "MultiheadAttention", query=query, mask=output)
    samples = _tensor(drawing, f"{name}_samples", [1, 1])
    return drawing.add(f"{name}_added", "Add", inputs=[samples, output])


def _source(drawing: _Drawing, name: str, value: Tensor) -> str:
    return (
        _tensor(drawing, name, list(value.shape[1:])) if value.is_floating_point() else "ids.output"
    )


def _tensor(drawing: _Drawing, name: str, sizes: list[int]) -> str:
    """Return activations of these sizes per sample, made of the data by a Linear layer."""
    made = drawing.add(
        f"{name}_made", "Linear", {"out_features": math.prod(sizes)}, input="x.output"
    )
    if len(sizes) == 1:
        return made
    return drawing.add(f"{name}_cut", "Unflatten", {"unflattened_size": sizes}, input=made)


def _part_graph(loss: str, optimizer: str, scheduler: str, *metrics: str) -> Graph:
    drawing, cls = _Drawing(), NodeRegistry.get(loss)
    targets = "label" if cls.TARGET == "index" else _TARGETS.get(loss, "zero")
    outputs = 3 if cls.TARGET == "index" else targets.count(",") + 1
    if optimizer == "SparseAdam":
        drawing.add("ids", "Input", {"columns": _IDS, "dtype": "int64"})
        params = {"num_embeddings": 10, "embedding_dim": outputs, "sparse": True}
        last = drawing.add("layer", "EmbeddingBag", params, input="ids.output")
    else:
        drawing.add("x", "Input", {"columns": "a, b"})
        last = drawing.add("layer", "Linear", {"out_features": outputs}, input="x.output")
    if cls.BEFORE:
        dim = {"dim": 1} if "dim" in NodeRegistry.get(cls.BEFORE).parameters() else {}
        last = drawing.add("activation", cls.BEFORE, dim, input=last)
    return _training(drawing, last, loss, optimizer, targets, scheduler, metrics)


def _training(
    drawing: _Drawing,
    last: str,
    loss: str,
    optimizer: str,
    targets: str,
    scheduler: str | None = None,
    metrics: Sequence[str] = (),
) -> Graph:
    data = {"file": "catalogue", "input_columns": f"a, b, {_IDS}", "target_columns": targets}
    drawing.add("csv", "CSVLoader", data)
    drawing.add("split", "DataSplitter", dataset="csv.dataset")
    drawing.add("model", "ModelAssembly", layers=last)
    made = drawing.add(optimizer, optimizer, model="model.model")
    if scheduler == "SequentialLR":
        parts = [drawing.add(f"part{at}", "ConstantLR", optimizer=made) for at in range(2)]
        made = drawing.add(scheduler, scheduler, {"milestones": [1]}, schedulers=parts)
    elif scheduler:
        made = drawing.add(scheduler, scheduler, optimizer=made)
    drawing.add(
        "train",
        "TrainingLoop",
        {"epochs": 2},
        model="model.model",
        optimizer=made,
        loss_fn=drawing.add(loss, loss),
        train_loader="split.train_loader",
        val_loader="split.val_loader",
        metrics=[drawing.add(metric, metric) for metric in metrics],
    )
    drawing.add("test", "Evaluator", training_result="train.result", test_dataset="csv.dataset")
    drawing.add("collect", "MetricsCollector", training_result="train.result")
    drawing.add("export", "ModelExport", training_result="train.result")
    return Graph(name=f"{loss} {optimizer}", nodes=drawing.nodes, edges=drawing.edges)


def node_types(graphs: Sequence[Graph]) -> Iterator[str]:
    """Yield the types of all nodes."""
    for graph in graphs:
        yield from (node.type for node in graph.nodes)
