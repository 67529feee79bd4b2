"""The network of one model: which layers it has, in which order, and what each reads.

Taken from the graph by ids and ports alone. Shapes come from inference.py, modules from builder.py.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Container, Iterator
from dataclasses import dataclass

from torch import fx, nn

from visdl.engine.executor import is_network_node
from visdl.engine.graph import Topology
from visdl.models.graph import Graph, Node
from visdl.nodes.base import BaseNode
from visdl.nodes.registry import NodeRegistry

_TAKEN = frozenset(dir(nn.Module())) | frozenset(dir(fx.GraphModule(nn.Module(), fx.Graph()))) | {"input"}


@dataclass(frozen=True)
class Source:
    """An output of a layer; without a node, the model's input."""

    node: str | None = None
    output: str = "output"


INPUT = Source()


@dataclass(frozen=True)
class Step:
    """One layer or operation of the network, with what each of its ports reads."""

    node: Node
    cls: type[BaseNode]
    name: str  # of its module
    inputs: dict[str, Source | list[Source]]

    def sources(self) -> Iterator[Source]:
        for source in self.inputs.values():
            yield from source if isinstance(source, list) else [source]


@dataclass(frozen=True)
class Network:
    """The layers of one model in topological order; `output` is what the model returns."""

    steps: list[Step]
    output: Source

    @property
    def is_chain(self) -> bool:
        """Each layer reads the one before it and nothing else: what nn.Sequential can say."""
        previous = INPUT
        for step in self.steps:
            if list(step.sources()) != [previous]:
                return False
            previous = Source(step.node.id, next(iter(step.cls.outputs())))
        return bool(self.steps) and self.output == previous


def extract(
    graph: Graph,
    topology: Topology,
    registry: type[NodeRegistry],
    assembly: Node,
    leave_out: Container[str] = frozenset(),
) -> Network:
    """The network that leads to a model node. What reads a node in `leave_out` finds no such source."""
    wires = [edge for edge in topology.incoming[assembly.id] if edge.target_input == "layers"]
    members = topology.ancestors(edge.source for edge in wires)
    nodes = {node.id: node for node in graph.nodes}
    classes = {i: registry.get(nodes[i].type) for i in topology.order if i in members and i not in leave_out}
    layers = [i for i, cls in classes.items() if is_network_node(cls)]
    names = module_names([nodes[i] for i in layers])
    steps = [Step(nodes[i], classes[i], names[i], _sources(classes[i], topology, i)) for i in layers]
    output = Source(wires[0].source, wires[0].source_output) if wires else INPUT
    return Network(steps, output)


def _sources(cls: type[BaseNode], topology: Topology, node_id: str) -> dict[str, Source | list[Source]]:
    """What each port reads. A layer without any wire reads the model's input at its first port."""
    ports, several, single = cls.ports(), defaultdict[str, list[Source]](list), dict[str, Source]()
    for edge in topology.incoming[node_id]:
        source = Source(edge.source, edge.source_output)
        if edge.target_input in ports and ports[edge.target_input].multiple:
            several[edge.target_input].append(source)
        elif edge.target_input in ports:
            single[edge.target_input] = source
    found: dict[str, Source | list[Source]] = {**single, **several}
    first = next(iter(ports), None)
    if first is not None and not found:
        found[first] = [INPUT] if ports[first].multiple else INPUT
    return {port: found[port] for port in ports if port in found}


def module_names(nodes: list[Node]) -> dict[str, str]:
    """The module name of each node: its name where it is unique and no attribute of a module, else its id."""
    counts = Counter(node.name for node in nodes)
    names: dict[str, str] = {}
    for node in nodes:
        own = node.name and counts[node.name] == 1 and node.name not in _TAKEN and "." not in node.name
        names[node.id] = node.name if own else _identifier(node.id)
    used: set[str] = set()
    for node_id, name in names.items():
        unique, count = name, 1
        while unique in used:
            count += 1
            unique = f"{name}_{count}"
        used.add(unique)
        names[node_id] = unique
    return names


def _identifier(node_id: str) -> str:
    name = re.sub(r"\W", "_", node_id)
    return f"{name}_" if name in _TAKEN or not name else name
