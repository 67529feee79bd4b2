"""One walk over a graph in topological order; validator and trainer are its visitors."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from visdl.compiler.topology import Topology
from visdl.datasets.dataset import Dataset
from visdl.models.graph import Graph, Node
from visdl.nodes.contract.base import AssemblyNode, BaseNode, TrainerNode
from visdl.nodes.contract.registry import Registry
from visdl.nodes.contract.specs import DataType, InputSpec

#: Resolves a dataset's id or name to its (lazy) data.
FindDataset = Callable[[str], Dataset]
_ACTIVATIONS = frozenset({DataType.LAYER, DataType.TENSOR})


def is_network_node(cls: type[BaseNode]) -> bool:
    """Whether nodes of this type are part of the network: layers, and operations on tensors."""
    outputs = cls.outputs().values()
    return bool(outputs) and all(spec.dtype in _ACTIVATIONS for spec in outputs)


@dataclass
class Inputs:
    """What reaches the ports of one node."""

    values: dict[str, Any] = field(default_factory=dict)
    absent: dict[str, Node] = field(
        default_factory=dict
    )  # ports fed by a node that is switched off
    blocked: set[str] = field(default_factory=set)  # ports fed by a node that has an error
    training_data: Any = None  # for a model: the data that meets it in a training loop


class Blocked:
    """Returned by a visitor: this node hands nothing on, because of an error here or before."""


BLOCKED = Blocked()


class Visitor(Protocol):
    def visit(
        self, node: Node, cls: type[BaseNode], inputs: Inputs
    ) -> Mapping[str, Any] | Blocked | None:
        """The outputs of a node by name; None when it counts as absent."""


def schedule(graph: Graph, topology: Topology, registry: Registry) -> list[Node]:
    """The nodes in the order of the walk: topological, models and all behind them as late as can be.

    So a model is met when all data is known, also that which reaches the training loop by another way.
    """
    nodes = {node.id: node for node in graph.nodes}
    models = [node.id for node in graph.nodes if _is_a(registry.find(node.type), AssemblyNode)]
    behind = topology.descendants(models)
    order = sorted(topology.order, key=lambda node_id: node_id in behind)
    return [nodes[node_id] for node_id in order]


def _is_a(cls: type[BaseNode] | None, kind: type[BaseNode]) -> bool:
    return cls is not None and issubclass(cls, kind)


def walk(graph: Graph, topology: Topology, registry: Registry, visitor: Visitor) -> None:
    """Visit every node of a known type, handing on values along the wires."""
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
                if _is_a(registry.find(nodes[i].type), TrainerNode)
            ]
            inputs.training_data = _training_data(loops, topology, results)
        results[node.id] = visitor.visit(node, cls, inputs)


def _training_data(loops: list[str], topology: Topology, results: Mapping[str, Any]) -> Any:
    """What reaches the `train_loader` of these training loops; BLOCKED behind an error, None when nothing does."""
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
    """Everything `execute` gets: parameters (datasets resolved) and the values of all ports."""
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
