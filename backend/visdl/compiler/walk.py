"""One walk over a graph in topological order, visited by the static pass and by a run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from visdl.compiler.topology import Topology
from visdl.datasets.dataset import Dataset
from visdl.models.graph import Graph, Node
from visdl.nodes.contract.base import AssemblyNode, BaseNode, TrainingLoopNode
from visdl.nodes.contract.registry import Registry
from visdl.nodes.contract.specs import DataType, InputSpec

#: Resolves a dataset's id or name to its (lazy) data.
FindDataset = Callable[[str], Dataset]
_ACTIVATIONS = frozenset({DataType.LAYER, DataType.TENSOR})


def is_network_node(cls: type[BaseNode]) -> bool:
    """Return whether nodes of this type are part of a network: layers and tensor operations."""
    outputs = cls.outputs().values()
    return bool(outputs) and all(spec.dtype in _ACTIVATIONS for spec in outputs)


@dataclass
class Inputs:
    """What reaches the ports of one node.

    `absent` holds the ports fed by a node that is switched off, `blocked` those fed by a node with
    an error, `training_data` the data that a model meets in its training loop.
    """

    values: dict[str, Any] = field(default_factory=dict)
    absent: dict[str, Node] = field(default_factory=dict)
    blocked: set[str] = field(default_factory=set)
    training_data: Any = None


class Blocked:
    """Returned by a visitor for a node without outputs, because of an error here or upstream."""


BLOCKED = Blocked()


class Visitor(Protocol):
    def visit(
        self, node: Node, cls: type[BaseNode], inputs: Inputs
    ) -> Mapping[str, Any] | Blocked | None:
        """Return the outputs of a node by name, or None where it counts as absent."""


def schedule(graph: Graph, topology: Topology, registry: Registry) -> list[Node]:
    """Return the nodes in topological order, models and all downstream of them last.

    A model is thus visited when all data is known, including data that reaches the training loop by
    another path.
    """
    nodes = {node.id: node for node in graph.nodes}
    models = [node.id for node in graph.nodes if _is_a(registry.find(node.type), AssemblyNode)]
    downstream = topology.descendants(models)
    order = sorted(topology.order, key=lambda node_id: node_id in downstream)
    return [nodes[node_id] for node_id in order]


def _is_a(cls: type[BaseNode] | None, kind: type[BaseNode]) -> bool:
    return cls is not None and issubclass(cls, kind)


def walk(graph: Graph, topology: Topology, registry: Registry, visitor: Visitor) -> None:
    """Visit every node of a known type and pass its outputs along the wires."""
    nodes = {node.id: node for node in graph.nodes}
    results: dict[str, Mapping[str, Any] | Blocked | None] = {}
    for node in schedule(graph, topology, registry):
        cls = registry.find(node.type)
        if cls is None:
            results[node.id] = BLOCKED
            continue
        inputs = _gather(node, cls, topology, nodes, results)
        if issubclass(cls, AssemblyNode):
            loops = [
                i
                for i in topology.descendants([node.id])
                if _is_a(registry.find(nodes[i].type), TrainingLoopNode)
            ]
            inputs.training_data = _training_data(loops, topology, results)
        results[node.id] = visitor.visit(node, cls, inputs)


def _training_data(loops: list[str], topology: Topology, results: Mapping[str, Any]) -> Any:
    """Return what reaches the `train_loader` of these loops: BLOCKED after an error, or None."""
    for edge in (
        edge
        for loop in loops
        for edge in topology.incoming[loop]
        if edge.target_input == "train_loader"
    ):
        result = results.get(edge.source)
        if result is not None:
            return result if isinstance(result, Blocked) else result.get(edge.source_output)
    return None


def _gather(
    node: Node,
    cls: type[BaseNode],
    topology: Topology,
    nodes: Mapping[str, Node],
    results: Mapping[str, Mapping[str, Any] | Blocked | None],
) -> Inputs:
    inputs, ports = Inputs(), cls.ports()
    for edge in topology.incoming[node.id]:
        spec, result = ports.get(edge.target_input), results[edge.source]
        if spec is None:
            continue
        if isinstance(result, Blocked):
            inputs.blocked.add(edge.target_input)
        elif result is None:
            inputs.absent[edge.target_input] = nodes[edge.source]
        elif edge.source_output in result:
            _put(inputs.values, edge.target_input, spec, result[edge.source_output])
    return inputs


def _put(values: dict[str, Any], port: str, spec: InputSpec, value: Any) -> None:
    if spec.multiple:
        values.setdefault(port, []).append(value)
    else:
        values[port] = value


def arguments(
    cls: type[BaseNode], node: Node, inputs: Inputs, find_dataset: FindDataset
) -> dict[str, Any]:
    """Return all arguments of `execute`: parameters (datasets resolved) and values of ports."""
    given = {name: node.params.get(name, spec.default) for name, spec in cls.parameters().items()}
    params = {name: spec.coerce(given[name]) for name, spec in cls.parameters().items()}
    for name, spec in cls.parameters().items():
        if spec.dtype is DataType.DATASET and params[name]:
            params[name] = find_dataset(params[name])
    ports = {
        name: inputs.values.get(name, [] if spec.multiple else spec.default)
        for name, spec in cls.ports().items()
    }
    return {**params, **ports}
