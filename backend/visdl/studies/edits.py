"""Edits that turn a graph into a variant of it: pure, on copies, also inside blocks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import assert_never

from visdl.models.diagnostics import ReplaceNode, SetDisabled, SetParam
from visdl.models.errors import InvalidInputError
from visdl.models.graph import BLOCK, Block, Edge, Graph, Node
from visdl.models.parameter_rules import ParameterRule, RuleField
from visdl.models.studies import Rewire, StudyEdit
from visdl.nodes.contract.base import BaseNode, TrainingLoopNode
from visdl.nodes.contract.registry import Registry


def apply_edits(graph: Graph, edits: Sequence[StudyEdit], registry: Registry) -> Graph:
    """Return a copy of the graph with these edits.

    A path such as `encoder/fc` names a node inside a block; in a block that repeats, the edit
    applies to every repeat. Raises InvalidInputError for a node or an edge that does not exist.
    """
    for edit in edits:
        match edit:
            case SetDisabled():
                graph = _change_node(graph, edit.node, _update(disabled=edit.disabled))
            case SetParam():
                graph = _change_node(graph, edit.node, _set_param(edit))
            case ReplaceNode():
                graph = _replace_node(graph, edit, registry)
            case Rewire():
                graph = _rewire(graph, edit)
            case _:
                assert_never(edit)
    return graph


def keep_best_weights(graph: Graph, registry: Registry) -> Graph:
    """Return the graph with training loops that keep the weights of the best validation."""
    loops = training_loops(graph, registry)
    edits = [SetParam(node=node.id, param="keep", value="best") for node in loops]
    return apply_edits(graph, edits, registry)


def training_loops(graph: Graph, registry: Registry) -> list[Node]:
    """Return the nodes that train a model."""
    return [
        n for n in graph.nodes if issubclass(registry.find(n.type) or BaseNode, TrainingLoopNode)
    ]


def find_node(graph: Graph, path: str) -> Node | None:
    """Return the node with this id or path, or None."""
    scope, node_id = _locate(graph, path)
    return next((node for node in scope or () if node.id == node_id), None)


def require_node(graph: Graph, path: str) -> Node:
    """Return the node with this id or path. Raises InvalidInputError if there is none."""
    node = find_node(graph, path)
    if node is None:
        raise _no_node(path)
    return node


def label_of(graph: Graph, path: str) -> str:
    """Return a node's name for a table; inside a block, prefixed with the block's name."""
    node = find_node(graph, path)
    if node is None:
        return path
    head, _, _ = path.rpartition("/")
    is_inside_block = (
        head
        and find_node(graph, head) is not None
        and not any(one.id == path for one in graph.nodes)
    )
    return f"{label_of(graph, head)}/{node.label}" if is_inside_block else node.label


def _locate(graph: Graph, path: str) -> tuple[Sequence[Node] | None, str]:
    nodes: Sequence[Node] = graph.nodes
    rest = path
    while not any(node.id == rest for node in nodes):
        instance, inner = _enter_block(nodes, rest)
        block = (
            graph.blocks.get(str(instance.params.get("block"))) if instance is not None else None
        )
        if block is None:
            return None, rest
        nodes, rest = block.nodes, inner
    return nodes, rest


def _enter_block(nodes: Iterable[Node], path: str) -> tuple[Node | None, str]:
    """Return the block node that a path enters, and the rest of it without a repeat number."""
    head, _, rest = path.partition("/")
    node = next((node for node in nodes if node.id == head and node.type == BLOCK), None)
    number, _, inner = rest.partition("/")
    return node, inner if inner and number.isdigit() else rest


def _change_node(graph: Graph, path: str, change: Callable[[Node], Node]) -> Graph:
    nodes, blocks = _change_in_scope(graph.nodes, path, change, dict(graph.blocks), graph)
    return graph.model_copy(update={"nodes": nodes, "blocks": blocks})


def _change_in_scope(
    nodes: Sequence[Node],
    path: str,
    change: Callable[[Node], Node],
    blocks: dict[str, Block],
    graph: Graph,
) -> tuple[list[Node], dict[str, Block]]:
    if any(node.id == path for node in nodes):
        return [change(node) if node.id == path else node for node in nodes], blocks
    instance, rest = _enter_block(nodes, path)
    key = str(instance.params.get("block")) if instance is not None else ""
    if instance is None or key not in blocks:
        raise _no_node(path)
    inner, blocks = _change_in_scope(blocks[key].nodes, rest, change, blocks, graph)
    changed = blocks[key].model_copy(update={"nodes": inner})
    if _uses(nodes, key) + sum(_uses(block.nodes, key) for block in blocks.values()) < 2:
        return list(nodes), {**blocks, key: changed}
    # other nodes use the same block: this one gets a definition of its own
    own = _free_key(f"{key}_{instance.id}", blocks)
    instead = instance.model_copy(update={"params": {**instance.params, "block": own}})
    return [instead if node is instance else node for node in nodes], {**blocks, own: changed}


def _uses(nodes: Iterable[Node], block: str) -> int:
    return sum(node.type == BLOCK and node.params.get("block") == block for node in nodes)


def _free_key(stem: str, taken: Iterable[str]) -> str:
    names = set(taken)
    return next(
        name for number in range(len(names) + 1) if (name := stem + "_" * number) not in names
    )


def _update(**fields: object) -> Callable[[Node], Node]:
    return lambda node: node.model_copy(update=fields)


def _set_param(edit: SetParam) -> Callable[[Node], Node]:
    """Set a parameter, or a field of a rule such as `groups[0].lr_factor`."""

    def change(node: Node) -> Node:
        name, value = edit.param, edit.value
        if (field := RuleField.parse(name)) is not None:
            rules = node.params.get(field.param)
            reason = field.why_not(rules)
            if reason:
                hint = f"The fields of a rule: {', '.join(ParameterRule.model_fields)}."
                raise InvalidInputError(f"'{node.label}': {reason}", hint=hint, field="strategy")
            name, value = field.param, field.with_value(rules, value)
        return node.model_copy(update={"params": {**node.params, name: value}})

    return change


def _replace_node(graph: Graph, edit: ReplaceNode, registry: Registry) -> Graph:
    """Replace a node by one of another type.

    Edges keep a port whose name the new type has too; other ports are matched by position.
    """
    old = require_node(graph, edit.node)
    new = registry.find(edit.type)
    version = new.VERSION if new else 1
    fields = {"type": edit.type, "params": dict(edit.params), "version": version, "disabled": False}
    graph = _change_node(graph, edit.node, _update(**fields))
    old_type = registry.find(old.type)
    if new is None or any(node is old for block in graph.blocks.values() for node in block.nodes):
        return graph
    block = graph.blocks.get(str(old.params.get("block"))) if old.type == BLOCK else None
    inputs = list(block.inputs) if block else list(old_type.ports() if old_type else ())
    outputs = list(block.outputs) if block else list(old_type.outputs() if old_type else ())
    into = dict(zip(inputs, new.ports(), strict=False))
    out = dict(zip(outputs, new.outputs(), strict=False))
    return graph.model_copy(
        update={"edges": [_rename_ports(edge, edit.node, into, out, new) for edge in graph.edges]}
    )


def _rename_ports(
    edge: Edge, node: str, into: dict[str, str], out: dict[str, str], new: type
) -> Edge:
    fields: dict[str, str] = {}
    if edge.target == node and edge.target_input not in new.ports():  # type: ignore[attr-defined]
        fields["target_input"] = into.get(edge.target_input, edge.target_input)
    if edge.source == node and edge.source_output not in new.outputs():  # type: ignore[attr-defined]
        fields["source_output"] = out.get(edge.source_output, edge.source_output)
    return edge.model_copy(update=fields) if fields else edge


def _ends(edge: Edge) -> tuple[str, str, str, str]:
    return edge.source, edge.source_output, edge.target, edge.target_input


def _rewire(graph: Graph, edit: Rewire) -> Graph:
    removed = {_ends(edge) for edge in edit.remove}
    for end in sorted(removed - {_ends(edge) for edge in graph.edges}):
        message = f"The graph has no edge from '{end[0]}' ({end[1]}) to '{end[2]}' ({end[3]})."
        raise InvalidInputError(message, hint="Load the current graph.", field="strategy")
    return graph.model_copy(
        update={"edges": [e for e in graph.edges if _ends(e) not in removed] + edit.add}
    )


def _no_node(path: str) -> InvalidInputError:
    return InvalidInputError(
        f"The graph has no node '{path}'.",
        hint="Name nodes by their ids; inside a block by the path, such as encoder/fc.",
        field="strategy",
    )
