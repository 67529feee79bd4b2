"""The network of one model: its layers in topological order and what each of them reads.

It is extracted from the flat graph by ids and ports alone. Shapes come from `shapes`, modules from
`builder`.
"""

from __future__ import annotations

import keyword
import re
from collections import Counter, defaultdict
from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

from torch import fx, nn

from visdl.compiler.flat_graph import Flat, Level
from visdl.compiler.topology import Topology
from visdl.compiler.walk import is_network_node
from visdl.models.graph import Node
from visdl.nodes.contract.base import BaseNode, InputNode, LayerNode
from visdl.nodes.contract.registry import Registry

#: Names that a module cannot have: they occur in the generated code of the forward pass.
_RESERVED = frozenset(
    {
        *dir(nn.Module()),
        *dir(fx.GraphModule(nn.Module(), fx.Graph())),
        *keyword.kwlist,
        "input",
        "self",
    }
)


class Source(NamedTuple):
    """An output of a layer or of an Input node. Without a node, it is the model's only input."""

    node: str | None = None
    output: str = "output"


INPUT = Source()
Read = Source | list[Source]


@dataclass(frozen=True)
class Step:
    """One layer or operation of the network, with what each of its ports reads.

    `name` is the name of its module, dotted inside blocks; `owner` the node whose weights it uses;
    `absent` the ports whose source is switched off and passes nothing through.
    """

    node: Node
    cls: type[BaseNode]
    name: str
    inputs: dict[str, Read]
    owner: str | None = None
    absent: dict[str, Node] = field(default_factory=dict)

    def sources(self) -> Iterator[Source]:
        for source in self.inputs.values():
            yield from source if isinstance(source, list) else [source]

    @cached_property
    def missing(self) -> list[str]:
        """The ports that need a wire and have none."""
        ports = self.cls.ports()
        required = [
            name for name, spec in ports.items() if spec.required or name == next(iter(ports), None)
        ]
        return [name for name in required if not self.inputs.get(name)]

    @cached_property
    def outputs(self) -> list[str]:
        return self.cls.output_names(self.node.params)

    @cached_property
    def ports(self) -> list[str]:
        """The ports that the module is called with, in order, up to the last connected one."""
        names = list(self.cls.ports())
        last = max((names.index(name) for name in self.inputs), default=-1)
        return names[: last + 1]


@dataclass(frozen=True)
class Network:
    """The layers of one model in topological order.

    `output` is what the model returns, `inputs` its Input nodes in the order of its arguments.
    """

    steps: list[Step]
    output: Source
    inputs: list[Node] = field(default_factory=list)

    @cached_property
    def sources(self) -> list[Source]:
        """The model's arguments."""
        return [Source(node.id) for node in self.inputs] or [INPUT]

    @property
    def is_chain(self) -> bool:
        """Whether each layer reads only the one before it, as in nn.Sequential."""
        previous = self.sources[0]
        for step in self.steps:
            if list(step.inputs.values()) != [previous] or len(step.ports) > 1 or "." in step.name:
                return False
            if len(step.outputs) > 1:
                return False
            previous = Source(step.node.id, step.outputs[0])
        return bool(self.steps) and len(self.sources) == 1 and self.output == previous


def extract(
    flat: Flat,
    topology: Topology,
    registry: Registry,
    assembly: Node,
    leave_out: Container[str] = frozenset(),
) -> Network:
    """Return the network that leads to a model node, without the nodes in `leave_out`."""
    wires = [edge for edge in topology.incoming[assembly.id] if edge.target_input == "layers"]
    members = topology.ancestors(edge.source for edge in wires)
    nodes = {node.id: node for node in flat.graph.nodes}
    classes = {
        i: registry.get(nodes[i].type)
        for i in topology.order
        if i in members and i not in leave_out
    }
    layers = [i for i, cls in classes.items() if is_network_node(cls)]
    inputs = [
        node
        for node in flat.graph.nodes
        if node.id in classes and issubclass(classes[node.id], InputNode)
    ]
    off = {i: nodes[i] for i in layers if nodes[i].disabled and passes_nothing(classes[i])}
    names = module_names([nodes[i] for i in layers], flat)
    steps = [
        _step(nodes[i], classes[i], names[i], topology, flat, off, reads_input=not inputs)
        for i in layers
        if i not in off and not issubclass(classes[i], InputNode)
    ]
    output = Source(wires[0].source, wires[0].source_output) if wires else INPUT
    return Network(steps, output, inputs)


def passes_nothing(cls: type[BaseNode]) -> bool:
    """Return whether a node of this type has no input to pass through when it is switched off."""
    return issubclass(cls, LayerNode) and not cls.ports()


def _step(
    node: Node,
    cls: type[BaseNode],
    name: str,
    topology: Topology,
    flat: Flat,
    off: dict[str, Node],
    *,
    reads_input: bool,
) -> Step:
    """Return a step. A layer without any wire reads the model's input at its first port."""
    ports, several, single = cls.ports(), defaultdict[str, list[Source]](list), dict[str, Source]()
    absent: dict[str, Node] = {}
    for edge in topology.incoming[node.id]:
        source = Source(edge.source, edge.source_output)
        if edge.target_input not in ports:
            continue
        if edge.source in off:
            absent[edge.target_input] = off[edge.source]
        elif ports[edge.target_input].multiple:
            several[edge.target_input].append(source)
        else:
            single[edge.target_input] = source
    sources: dict[str, Read] = {**single, **several}
    first = next(iter(ports), None)
    if first is not None and not sources and not absent and reads_input:
        sources[first] = [INPUT] if ports[first].multiple else INPUT
    inputs = {port: sources[port] for port in ports if port in sources}
    return Step(node, cls, name, inputs, flat.owners.get(node.id), absent)


def module_names(nodes: Sequence[Node], flat: Flat) -> dict[str, str]:
    """Return the module name of each node, dotted inside blocks: `encoder.0.attention.q_proj`.

    Each part is the node's name where that is unique in its scope and not an attribute of a module,
    else its id.
    """
    paths = {node.id: flat.levels.get(node.id, ()) for node in nodes}
    scopes: dict[Level | None, dict[str, Node]] = defaultdict(dict)  # by their innermost level
    for node in nodes:
        around: Level | None = None
        for level in paths[node.id]:
            scopes[around][level.instance] = flat.instances[level.instance].node
            around = level
        scopes[around][node.id] = node
    local = {level: _local_names(members, level) for level, members in scopes.items()}
    names = {}
    for node in nodes:
        parts, around = [], None
        for level in paths[node.id]:
            parts.append(local[around][level.instance])
            parts += [] if level.repeat is None else [str(level.repeat)]
            around = level
        names[node.id] = ".".join([*parts, local[around][node.id]])
    return names


def _local_names(members: dict[str, Node], level: Level | None) -> dict[str, str]:
    """Return the names of the nodes and blocks of one scope, by their path."""
    counts = Counter(node.name for node in members.values())
    names: dict[str, str] = {}
    for key, node in members.items():
        own = (
            node.name
            and counts[node.name] == 1
            and node.name not in _RESERVED
            and "." not in node.name
        )
        names[key] = node.name if own else _identifier(_own_id(key, level))
    used: dict[str, int] = {}
    for key, name in names.items():
        unique, count = name, used.get(name, 1)
        while unique in used:
            count += 1
            unique = f"{name}_{count}"
        used[name] = count
        used[unique] = used.get(unique, 1)
        names[key] = unique
    return names


def _own_id(path_id: str, level: Level | None) -> str:
    if level is None:
        return path_id
    return path_id.removeprefix(level.instance + "/").removeprefix(
        "" if level.repeat is None else f"{level.repeat}/"
    )


def _identifier(node_id: str) -> str:
    name = re.sub(r"\W", "_", node_id)
    return f"{name}_" if name in _RESERVED or not name else name
