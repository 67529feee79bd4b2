"""Expansion of blocks: a graph with blocks becomes a flat one, whose inner nodes have path ids.

A node `fc` of the block that node `encoder` stands for becomes `encoder/fc`; with a repeat count it
becomes `encoder/0/fc`, `encoder/1/fc`, … Repeats are chained: the first output of one feeds the
first input of the next, every other input is shared by all, and the outputs are those of the last.
A block that is switched off passes its first input through.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from visdl.compiler import block_checks
from visdl.compiler.block_nesting import Nesting, block_name
from visdl.compiler.diagnostic_list import DiagnosticList
from visdl.compiler.expansion import GraphLimits, why_too_large
from visdl.compiler.flat_graph import OWN_PARAMS, Flat, InnerNode, Instance, Level
from visdl.models.diagnostics import Diagnostic
from visdl.models.graph import BLOCK, Block, Edge, Graph, Node, PortRef


def flatten(graph: Graph, limits: GraphLimits | None = None) -> Flat:
    """Expand every block of a graph, unless it would become larger than `limits` allow.

    Without limits, the graph must be one that was checked before.
    """
    diagnostic_list = DiagnosticList(limits.diagnostics) if limits else DiagnosticList()
    if not graph.blocks and not any(node.type == BLOCK for node in graph.nodes):
        owners = {
            node.id: str(node.params["weights_of"])
            for node in graph.nodes
            if node.params.get("weights_of")
        }
        return Flat(graph, owners=_resolve_owners(owners), diagnostic_list=diagnostic_list)
    nesting = Nesting(graph.blocks)
    too_large = why_too_large(graph, nesting, limits) if limits else None
    if too_large is not None:
        diagnostic_list.add(too_large)
        return Flat(graph, diagnostic_list=diagnostic_list, expanded=False)
    return _Flattener(graph, nesting, diagnostic_list).flatten()


@dataclass
class _Scope:
    """One list of nodes and wires that is being expanded. `blocks` names the blocks around it."""

    nodes: Sequence[Node]
    edges: Sequence[Edge]
    prefix: str = ""
    where: str = ""
    levels: tuple[Level, ...] = ()
    blocks: tuple[str, ...] = ()
    outer: _Scope | None = None
    ids: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.ids = {node.id for node in self.nodes}

    def owner_path(self, name: str) -> str:
        """Return the path of the node that `name` means in this scope or the nearest around it."""
        scope: _Scope | None = self
        while scope is not None:
            if name in scope.ids:
                return scope.prefix + name
            scope = scope.outer
        return name


class _Flattener:
    def __init__(self, graph: Graph, nesting: Nesting, diagnostic_list: DiagnosticList) -> None:
        self._graph = graph
        self._nesting = nesting
        self._nodes: list[Node] = []
        self._edges: list[tuple[Edge, int | None]] = []
        self._flat = Flat(graph, diagnostic_list=diagnostic_list)
        self._sharing: list[_SharedBlock] = []
        self._checked: dict[tuple[str, str], tuple[Node, list[Diagnostic]]] = {}

    def flatten(self) -> Flat:
        self._expand_scope(_Scope(self._graph.nodes, self._graph.edges))
        for shared in self._sharing:
            self._share_weights(shared)
        self._flat.owners = _resolve_owners(self._flat.owners)
        edges = _in_order(self._edges)
        self._flat.graph = self._graph.model_copy(
            update={"nodes": self._nodes, "edges": edges, "blocks": {}}
        )
        return self._flat

    def _expand_scope(self, scope: _Scope) -> dict[str, Instance | None]:
        """Add the nodes and wires of one scope; return the instance of each of its blocks by id."""
        instances: dict[str, Instance | None] = {}
        for node in scope.nodes:
            path = scope.prefix + node.id
            if node.type == BLOCK:
                self._flat.levels[path] = scope.levels
                instances[node.id] = self._expand_block(node, path, scope)
            else:
                self._add_node(node, path, scope)
        self._add_edges(scope, instances)
        return instances

    def _add_node(self, node: Node, path: str, scope: _Scope) -> None:
        if node.params.get("weights_of"):
            self._flat.owners[path] = scope.owner_path(str(node.params["weights_of"]))
        if scope.levels:
            self._flat.levels[path] = scope.levels
            node = InnerNode.model_construct(**{**dict(node), "id": path, "where": scope.where})
            node.name = node.name or path[len(scope.prefix) :]
        self._nodes.append(node)

    def _expand_block(self, node: Node, path: str, scope: _Scope) -> Instance | None:
        block = self._definition(node, path, scope)
        if block is None:
            self._add_node(node.model_copy(update={"params": {}}), path, scope)
            return None
        if node.disabled:
            self._flat.instances[path] = instance = self._bypass(node, path, block, scope)
            return instance
        start = len(self._nodes)
        copies = self._add_copies(node, path, block, scope)
        if node.params.get("shared") is True:
            for copy in copies[1:]:
                self._set_owners(copy.members, copy.scope.prefix, copies[0].scope.prefix)
        if node.params.get("weights_of"):
            owner = scope.owner_path(str(node.params["weights_of"]))
            self._sharing.append(_SharedBlock(path, owner, range(start, len(self._nodes))))
        instance = self._chain(node, block, copies)
        self._flat.instances[path] = instance
        return instance

    def _add_copies(self, node: Node, path: str, block: Block, scope: _Scope) -> list[_Copy]:
        """Add the nodes of a block once, or as often as `repeat` states."""
        repeat = node.params.get("repeat")
        count = range(int(repeat)) if isinstance(repeat, int | float) else (None,)
        inner = _with_params(block, node.params)
        where = f"{scope.where}/{node.label}" if scope.where else node.label
        copies: list[_Copy] = []
        for index in count:
            number = "" if index is None else f"/{index}"
            inside = _Scope(
                inner.nodes,
                inner.edges,
                prefix=f"{path}{number}/",
                where=f"{where}{number}",
                levels=(*scope.levels, Level(path, index)),
                blocks=(*scope.blocks, block_name(node)),
                outer=scope,
            )
            first = len(self._nodes)
            instances = self._expand_scope(inside)
            copies.append(_Copy(inside, instances, range(first, len(self._nodes))))
        return copies

    def _bypass(self, node: Node, path: str, block: Block, scope: _Scope) -> Instance:
        """Replace a block that is switched off by one node that passes its first input through."""
        self._add_node(node.model_copy(update={"params": {}}), path, scope)
        first = next(iter(block.inputs), None)
        inputs = {
            port: [PortRef(node=path, port="input")] if port == first else []
            for port in block.inputs
        }
        return Instance(
            node, block, inputs, dict.fromkeys(block.outputs, PortRef(node=path, port="output"))
        )

    def _chain(self, node: Node, block: Block, copies: list[_Copy]) -> Instance:
        """Wire each copy to the next, and return the instance that they form."""
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
        outputs = {port: copies[-1].output(ref) for port, ref in block.outputs.items()}
        return Instance(
            node, block, inputs, {port: ref for port, ref in outputs.items() if ref is not None}
        )

    def _set_owners(self, members: range, prefix: str, owner: str) -> None:
        """Let the nodes at these positions use the weights of the same nodes under `owner`."""
        for index in members:
            name = self._nodes[index].id
            self._flat.owners[name] = owner + name.removeprefix(prefix)

    def _share_weights(self, shared: _SharedBlock) -> None:
        """Let a block use the weights of another instance of the same block."""
        node = self._flat.instances[shared.path].node
        owner = self._flat.instances.get(shared.owner)
        diagnostic = block_checks.why_not_shared(node, shared.path, shared.owner, owner)
        if diagnostic is None:
            self._set_owners(shared.members, shared.path, shared.owner)
        else:
            self._flat.diagnostic_list.add(diagnostic)

    def _add_edges(self, scope: _Scope, instances: dict[str, Instance | None]) -> None:
        for edge in scope.edges:
            for source, target, index in self._resolve_edge(edge, scope, instances):
                flat_edge = edge.model_copy(
                    update={
                        "source": source.node,
                        "source_output": source.port,
                        "target": target.node,
                        "target_input": target.port,
                    }
                )
                self._edges.append((flat_edge, index))

    def _resolve_edge(
        self, edge: Edge, scope: _Scope, instances: Mapping[str, Instance | None]
    ) -> Iterator[tuple[PortRef, PortRef, int | None]]:
        """Yield the flat ends of a wire, and its position among the wires of the target port."""
        source = self._flat_source(
            PortRef(node=edge.source, port=edge.source_output), scope, instances
        )
        if source is None:
            return
        target, path = instances.get(edge.target), scope.prefix + edge.target
        if target is None:  # a node, or the node of a block that cannot be expanded
            port = "input" if edge.target in instances else edge.target_input
            yield source, PortRef(node=path, port=port), None
        elif edge.target_input not in target.block.inputs:
            self._report_port(path, target, edge.target_input, "input")
        else:
            for ref in target.inputs[edge.target_input]:
                yield source, ref, ref.index

    def _flat_source(
        self, ref: PortRef, scope: _Scope, instances: Mapping[str, Instance | None]
    ) -> PortRef | None:
        """Return the flat output that a wire of this scope leaves from, or None."""
        instance = instances.get(ref.node)
        if instance is None:
            return PortRef(
                node=scope.prefix + ref.node, port="output" if ref.node in instances else ref.port
            )
        if ref.port not in instance.block.outputs:
            self._report_port(scope.prefix + ref.node, instance, ref.port, "output")
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
        """Return the block that a node stands for, or None after reporting why it cannot be."""
        inside, diagnostic_list = next(reversed(scope.blocks), None), self._flat.diagnostic_list
        code = self._nesting.why_not(node, inside)
        block = None if code else self._graph.blocks[block_name(node)]
        key = (inside or "", node.id)
        checked, listed = self._checked.get(key, (None, []))
        if checked is node:  # in another repeat
            diagnostic_list.repeat(listed, path)
            return block
        if block is None:
            found = block_checks.not_expandable(code or "", self._nesting, node, path, inside or "")
            self._checked[key] = node, diagnostic_list.add_all([found])
        else:
            found_all = block_checks.check_definition(block, node, path)
            self._checked[key] = node, diagnostic_list.add_all(found_all)
        return block

    def _report_port(self, path: str, instance: Instance, port: str, side: str) -> None:
        known = list(instance.block.inputs if side == "input" else instance.block.outputs)
        self._flat.diagnostic_list.add(block_checks.unknown_port(path, instance, port, side, known))


@dataclass
class _Copy:
    """One repeat of a block. `members` are the positions of its nodes in the flat list."""

    scope: _Scope
    instances: dict[str, Instance | None]
    members: range

    def inputs(self, refs: Sequence[PortRef]) -> Iterator[PortRef]:
        """Yield the flat ports that the inner ports of a block's input lead to."""
        for ref in refs:
            inner = self.instances.get(ref.node)
            if inner is not None:
                yield from inner.inputs.get(ref.port, ())
            elif ref.node in self.scope.ids:
                yield ref.model_copy(update={"node": self.scope.prefix + ref.node})

    def output(self, ref: PortRef) -> PortRef | None:
        """Return the flat port that the inner port of a block's output leads to, or None."""
        inner = self.instances.get(ref.node)
        if inner is not None:
            return inner.outputs.get(ref.port)
        return (
            PortRef(node=self.scope.prefix + ref.node, port=ref.port)
            if ref.node in self.scope.ids
            else None
        )


@dataclass(frozen=True)
class _SharedBlock:
    """A block that uses the weights of the block at `owner`."""

    path: str
    owner: str
    members: range


def _resolve_owners(owners: dict[str, str]) -> dict[str, str]:
    """Return for each node the last node of its chain of owners; a cycle is left unresolved."""
    resolved: dict[str, str] = {}
    endless: set[str] = set()
    for name in owners:
        passed: dict[str, None] = {}
        last = name
        while last in owners and last not in resolved and last not in passed:
            passed[last] = None
            last = owners[last]
        if last in passed or last in endless:
            endless.update(passed)
            resolved.update((one, owners[one]) for one in passed)
        else:
            resolved.update(dict.fromkeys(passed, resolved.get(last, last)))
    return resolved


def _with_params(block: Block, params: Mapping[str, Any]) -> Block:
    """Return the block with the parameters that one of its instances sets."""
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
    """Return the wires, each that has a position among the wires of its port at that position."""
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
