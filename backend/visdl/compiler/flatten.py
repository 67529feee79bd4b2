"""Blocks put in place: a graph with blocks becomes a flat one, its inner nodes known by their paths.

A node `fc` of the block that node `encoder` stands for is `encoder/fc`; with a repeat count it is `encoder/0/fc`,
`encoder/1/fc`, … Repeats are chained: the first output of one feeds the first input of the next, every other input
is the same for all, and the outputs are those of the last. A block that is switched off hands its first input on.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from visdl.models.diagnostics import Diagnostic
from visdl.models.graph import BLOCK, Block, Edge, Graph, Node, PortRef

#: What the node of a block says besides the parameters that the block exposes.
OWN_PARAMS = frozenset({"block", "repeat", "shared", "weights_of"})
_DEEPEST = 20
_MOST_REPEATS = 1000


class InnerNode(Node):
    """A node inside a block, under the id of its path; `label` says where it is."""

    where: str = ""

    @property
    def label(self) -> str:
        return f"{self.where}/{super().label}"


@dataclass(frozen=True)
class Level:
    """A step on the way into a block: its node's path, and which of the repeats."""

    instance: str
    repeat: int | None


@dataclass(frozen=True)
class Instance:
    """A block's node in the flat graph."""

    node: Node
    block: Block
    inputs: dict[str, list[PortRef]]
    outputs: dict[str, PortRef]


@dataclass
class Flat:
    """A graph without blocks, and what is needed to tell where its nodes came from."""

    graph: Graph
    instances: dict[str, Instance] = field(default_factory=dict)
    levels: dict[str, tuple[Level, ...]] = field(
        default_factory=dict
    )  # of nodes and instances inside blocks
    owners: dict[str, str] = field(
        default_factory=dict
    )  # whose weights a node uses in place of its own
    problems: list[Diagnostic] = field(default_factory=list)


def flatten(graph: Graph, *, limit: int = 50_000) -> Flat:
    """Put the nodes of every block in its place; `limit` is the most nodes there may be then."""
    if not graph.blocks and not any(node.type == BLOCK for node in graph.nodes):
        owners = {
            node.id: str(node.params["weights_of"])
            for node in graph.nodes
            if node.params.get("weights_of")
        }
        return Flat(graph, owners=_resolved_owners(owners))
    return _Flattener(graph, limit).run()


@dataclass
class _Scope:
    """One list of nodes and wires that is being put in place."""

    nodes: Sequence[Node]
    edges: Sequence[Edge]
    prefix: str = ""
    where: str = ""
    levels: tuple[Level, ...] = ()
    blocks: tuple[str, ...] = ()  # the definitions that this one lies in
    outer: _Scope | None = None
    ids: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.ids = {node.id for node in self.nodes}

    def owner(self, name: str) -> str:
        """The path of the node that `name` means here, or further out."""
        scope: _Scope | None = self
        while scope is not None:
            if name in scope.ids:
                return scope.prefix + name
            scope = scope.outer
        return name


class _Flattener:
    def __init__(self, graph: Graph, limit: int) -> None:
        self._graph = graph
        self._limit = limit
        self._nodes: list[Node] = []
        self._edges: list[tuple[Edge, int | None]] = []
        self._flat = Flat(graph)
        self._towers: list[_Tower] = []

    def run(self) -> Flat:
        self._place(_Scope(self._graph.nodes, self._graph.edges))
        for tower in self._towers:
            self._share_tower(tower)
        self._flat.owners = _resolved_owners(self._flat.owners)
        edges = _in_order(self._edges)
        self._flat.graph = self._graph.model_copy(
            update={"nodes": self._nodes, "edges": edges, "blocks": {}}
        )
        return self._flat

    def _place(self, scope: _Scope) -> dict[str, Instance | None]:
        """Put the nodes and wires of one scope in place; returns what became of its blocks, by id."""
        found: dict[str, Instance | None] = {}
        for node in scope.nodes:
            path = scope.prefix + node.id
            if node.type == BLOCK:
                self._flat.levels[path] = scope.levels
                found[node.id] = self._place_block(node, path, scope)
            else:
                self._place_node(node, path, scope)
            if len(self._nodes) > self._limit:
                break
        self._place_edges(scope, found)
        return found

    def _place_node(self, node: Node, path: str, scope: _Scope) -> None:
        if node.params.get("weights_of"):
            self._flat.owners[path] = scope.owner(str(node.params["weights_of"]))
        if scope.levels:
            self._flat.levels[path] = scope.levels
            node = InnerNode.model_construct(**{**dict(node), "id": path, "where": scope.where})
            node.name = node.name or path[len(scope.prefix) :]
        self._nodes.append(node)

    def _place_block(self, node: Node, path: str, scope: _Scope) -> Instance | None:
        block = self._definition(node, path, scope)
        if block is None:
            self._place_node(node.model_copy(update={"params": {}}), path, scope)
            return None
        if node.disabled:
            self._flat.instances[path] = instance = self._bypass(node, path, block, scope)
            return instance
        repeat = node.params.get("repeat")
        count = range(int(repeat)) if isinstance(repeat, int | float) else (None,)
        inner = _with_params(block, node.params)
        where = f"{scope.where}/{node.label}" if scope.where else node.label
        copies: list[_Placed] = []
        start = len(self._nodes)
        for index in count:
            number = "" if index is None else f"/{index}"
            copy = _Scope(
                inner.nodes,
                inner.edges,
                prefix=f"{path}{number}/",
                where=f"{where}{number}",
                levels=(*scope.levels, Level(path, index)),
                blocks=(*scope.blocks, str(node.params["block"])),
                outer=scope,
            )
            first = len(self._nodes)
            copies.append(_Placed(copy, self._place(copy), range(first, len(self._nodes))))
            if len(self._nodes) > self._limit:
                self._too_large(path, scope, node)
                break
        if node.params.get("shared") is True:
            for placed in copies[1:]:
                self._own(placed.members, placed.scope.prefix, copies[0].scope.prefix)
        if node.params.get("weights_of"):
            owner = scope.owner(str(node.params["weights_of"]))
            self._towers.append(_Tower(path, owner, range(start, len(self._nodes))))
        instance = self._chain(node, block, copies)
        self._flat.instances[path] = instance
        return instance

    def _bypass(self, node: Node, path: str, block: Block, scope: _Scope) -> Instance:
        """A block that is switched off: one node that hands the first input on at every output."""
        self._place_node(node.model_copy(update={"params": {}}), path, scope)
        first = next(iter(block.inputs), None)
        inputs = {
            port: [PortRef(node=path, port="input")] if port == first else []
            for port in block.inputs
        }
        return Instance(
            node, block, inputs, dict.fromkeys(block.outputs, PortRef(node=path, port="output"))
        )

    def _chain(self, node: Node, block: Block, copies: list[_Placed]) -> Instance:
        inputs = {
            port: [ref for copy in copies for ref in copy.inputs(refs)]
            for port, refs in block.inputs.items()
        }
        first_in, first_out = next(iter(block.inputs), None), next(iter(block.outputs), None)
        if first_in is not None:
            inputs[first_in] = list(copies[0].inputs(block.inputs[first_in]))
        for before, after in itertools.pairwise(copies):
            source = before.output(block.outputs[first_out]) if first_out else None
            for ref in after.inputs(block.inputs[first_in]) if first_in and source else ():
                self._wire(source, ref)
        found = {port: copies[-1].output(ref) for port, ref in block.outputs.items()}
        return Instance(
            node, block, inputs, {port: ref for port, ref in found.items() if ref is not None}
        )

    def _own(self, members: range, prefix: str, owner: str) -> None:
        """The nodes placed at these positions use the weights of the nodes in the same places under `owner`."""
        for index in members:
            name = self._nodes[index].id
            self._flat.owners[name] = owner + name.removeprefix(prefix)

    def _share_tower(self, tower: _Tower) -> None:
        """A block works with the weights of another one of the same definition."""
        own, theirs = self._flat.instances[tower.path].node, self._flat.instances.get(tower.owner)
        if theirs is None or tower.owner == tower.path:
            reason = "which is no other block here"
        elif theirs.node.disabled:
            reason = "which is switched off"
        elif theirs.node.params["block"] != own.params["block"]:
            reason = "which is of another kind"
        elif theirs.node.params.get("repeat") != own.params.get("repeat"):
            reason = "which is repeated another number of times"
        else:
            self._own(tower.members, tower.path, tower.owner)
            return
        name = theirs.node.label if theirs else tower.owner[:80]
        message = f"'{own.label}' is to use the weights of '{name}', {reason}."
        hint = "Choose another block of the same kind, or empty weights_of."
        self._say("weights_of", tower.path, "weights_of", message, hint)

    def _place_edges(self, scope: _Scope, found: dict[str, Instance | None]) -> None:
        for edge in scope.edges:
            for source, target, index in self._resolved(edge, scope, found):
                extra = edge.model_copy(
                    update={
                        "source": source.node,
                        "source_output": source.port,
                        "target": target.node,
                        "target_input": target.port,
                    }
                )
                self._edges.append((extra, index))

    def _resolved(
        self, edge: Edge, scope: _Scope, found: Mapping[str, Instance | None]
    ) -> Iterator[tuple[PortRef, PortRef, int | None]]:
        source = self._source(PortRef(node=edge.source, port=edge.source_output), scope, found)
        if source is None:
            return
        target = found.get(edge.target)
        if target is None:  # a node, or what stands where a block cannot be put in place
            port = "input" if edge.target in found else edge.target_input
            yield source, PortRef(node=scope.prefix + edge.target, port=port), None
        elif edge.target_input not in target.block.inputs:
            self._no_port(
                scope.prefix + edge.target,
                target,
                edge.target_input,
                "input",
                list(target.block.inputs),
            )
        else:
            for ref in target.inputs[edge.target_input]:
                yield source, ref, ref.index

    def _source(
        self, ref: PortRef, scope: _Scope, found: Mapping[str, Instance | None]
    ) -> PortRef | None:
        """The flat output that a wire of this scope leaves from; None where nothing is there."""
        instance = found.get(ref.node)
        if instance is None:
            return PortRef(
                node=scope.prefix + ref.node, port="output" if ref.node in found else ref.port
            )
        if ref.port not in instance.block.outputs:
            self._no_port(
                scope.prefix + ref.node, instance, ref.port, "output", list(instance.block.outputs)
            )
        return instance.outputs.get(ref.port)

    def _wire(self, source: PortRef | None, target: PortRef) -> None:
        if source is not None:
            edge = Edge(
                source=source.node,
                source_output=source.port,
                target=target.node,
                target_input=target.port,
            )
            self._edges.append((edge, target.index))

    def _definition(self, node: Node, path: str, scope: _Scope) -> Block | None:
        """The block that a node stands for; None, with the reason among the problems, where there is none."""
        name = str(node.params.get("block") or "")
        block = self._graph.blocks.get(name)
        label, repeat = node.label, node.params.get("repeat")
        if block is None:
            there = ", ".join(f"'{key}'" for key in self._graph.blocks) or "none"
            message = f"'{label}' is of the block '{name[:80]}', which the graph does not have."
            self._say("unknown_block", path, "block", message, f"The graph's blocks: {there}.")
            return None
        if name in scope.blocks:
            cycle = " → ".join([*scope.blocks[scope.blocks.index(name) :], name])
            self._say(
                "block_cycle",
                path,
                "block",
                f"The block '{name}' contains itself: {cycle}.",
                "Remove it there.",
            )
            return None
        if len(scope.blocks) >= _DEEPEST:
            self._say(
                "block_depth",
                path,
                "block",
                f"Blocks lie in blocks, more than {_DEEPEST} deep.",
                "Dissolve some.",
            )
            return None
        if repeat is not None and not _is_count(repeat):
            self._say("bad_parameter", path, "repeat", f"repeat of '{label}' must be a whole number from 1 to "
                      f"{_MOST_REPEATS:,}, not {str(repeat)[:50]}.", "Empty means one.")  # fmt: skip
            return None
        for param in node.params:
            if param not in OWN_PARAMS and param not in block.params:
                exposed = ", ".join(block.params) or "none"
                self._say("unknown_parameter", path, param, f"The block of '{label}' exposes no parameter '{param}'.",
                          f"It exposes: {exposed}.")  # fmt: skip
        self._check_refs(path, label, block)
        return block

    def _check_refs(self, path: str, label: str, block: Block) -> None:
        """Whether the ports and parameters of a block lead to nodes that are in it."""
        ids = {node.id for node in block.nodes}
        named = [("input", block.inputs), ("parameter", block.params)]
        named.append(("output", {port: [ref] for port, ref in block.outputs.items()}))
        for kind, ports in named:
            for port, refs in ports.items():
                gone = next((ref.node for ref in refs if ref.node not in ids), None)
                if gone is not None:
                    message = f"The {kind} '{port}' of the block of '{label}' leads to '{gone}', which is not in it."
                    self._say(
                        "dangling_edge", path, port, message, f"Remove the {kind}, or wire it anew."
                    )

    def _no_port(
        self, path: str, instance: Instance, port: str, side: str, there: list[str]
    ) -> None:
        names = ", ".join(there) or "none"
        message = f"The block of '{instance.node.label}' has no {side} '{port}'."
        self._say("unknown_port", path, port, message, f"Its {side}s: {names}.")

    def _too_large(self, path: str, scope: _Scope, node: Node) -> None:
        message = f"With its blocks in place the graph has more than {self._limit:,} nodes."
        self._say("too_large", path, "repeat", message, "Lower the repeat counts.")

    def _say(self, code: str, path: str, port: str | None, message: str, hint: str) -> None:
        self._flat.problems.append(
            Diagnostic(code=code, node=path, port=port, message=message, hint=hint)
        )


@dataclass
class _Placed:
    """One repeat of a block in place."""

    scope: _Scope
    blocks: dict[str, Instance | None]
    members: range  # where its nodes stand in the flat list

    def inputs(self, refs: Sequence[PortRef]) -> Iterator[PortRef]:
        """The flat ports behind the inner ports of a block's input."""
        for ref in refs:
            inner = self.blocks.get(ref.node)
            if inner is not None:
                yield from inner.inputs.get(ref.port, ())
            elif ref.node in self.scope.ids:
                yield ref.model_copy(update={"node": self.scope.prefix + ref.node})

    def output(self, ref: PortRef) -> PortRef | None:
        inner = self.blocks.get(ref.node)
        if inner is not None:
            return inner.outputs.get(ref.port)
        return (
            PortRef(node=self.scope.prefix + ref.node, port=ref.port)
            if ref.node in self.scope.ids
            else None
        )


@dataclass(frozen=True)
class _Tower:
    """A block that is to use the weights of another one."""

    path: str
    owner: str
    members: range


def _resolved_owners(owners: dict[str, str]) -> dict[str, str]:
    """Of every node the one whose weights it uses in the end; a circle stays as it is written."""
    found = {}
    for name, owner in owners.items():
        last, passed = owner, {name}
        while last in owners and last not in passed:
            passed.add(last)
            last = owners[last]
        found[name] = owner if last in passed else last
    return found


def _with_params(block: Block, params: Mapping[str, Any]) -> Block:
    """The block with the parameters that one of its nodes sets."""
    values: dict[str, dict[str, Any]] = defaultdict(dict)
    for name, refs in block.params.items():
        for ref in refs if name in params and name not in OWN_PARAMS else ():
            values[ref.node][ref.port] = params[name]
    if not values:
        return block
    nodes = [
        node.model_copy(update={"params": {**node.params, **values[node.id]}})
        if node.id in values
        else node
        for node in block.nodes
    ]
    return block.model_copy(update={"nodes": nodes})


def _in_order(edges: list[tuple[Edge, int | None]]) -> list[Edge]:
    """The wires, those with a place among the wires of their port at that place."""
    placed = [(edge, index) for edge, index in edges if index is not None]
    others = [edge for edge, index in edges if index is None]
    if not placed:
        return others
    by_port: dict[tuple[str, str], list[Edge]] = defaultdict(list)
    for edge in others:
        by_port[edge.target, edge.target_input].append(edge)
    for edge, index in sorted(placed, key=lambda item: item[1] or 0):
        by_port[edge.target, edge.target_input].insert(index or 0, edge)
    return [edge for group in by_port.values() for edge in group]


def _is_count(value: object) -> bool:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return is_number and value in range(1, _MOST_REPEATS + 1)
