"""Edits that make a variant of a graph: pure, on copies, also of what lies inside blocks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import assert_never

from visdl.models.diagnostics import ReplaceNode, SetDisabled, SetParam
from visdl.models.errors import InvalidInputError
from visdl.models.graph import BLOCK, Block, Edge, Graph, Node
from visdl.models.studies import Rewire, StudyEdit
from visdl.nodes.contract.registry import Registry


def applied(graph: Graph, edits: Sequence[StudyEdit], registry: Registry) -> Graph:
    """The graph after these edits. Raises InvalidInputError for a node or a wire that is not there.

    Nodes inside blocks are named by their paths, `encoder/fc`; in a block that repeats an edit holds for every repeat.
    """
    for edit in edits:
        match edit:
            case SetDisabled():
                graph = _changed(graph, edit.node, _updated(disabled=edit.disabled))
            case SetParam():
                graph = _changed(graph, edit.node, _with_param(edit))
            case ReplaceNode():
                graph = _replaced(graph, edit, registry)
            case Rewire():
                graph = _rewired(graph, edit)
            case _:
                assert_never(edit)
    return graph


def find_node(graph: Graph, path: str) -> Node | None:
    """The node with this id, or path."""
    scope, node_id = _located(graph, path)
    return next((node for node in scope or () if node.id == node_id), None)


def label_of(graph: Graph, path: str) -> str:
    """What to call a node in a table: its name; inside a block with that of the block before it."""
    node = find_node(graph, path)
    if node is None:
        return path
    head, _, _ = path.rpartition("/")
    inside = (
        head
        and find_node(graph, head) is not None
        and not any(one.id == path for one in graph.nodes)
    )
    return f"{label_of(graph, head)}/{node.label}" if inside else node.label


def _located(graph: Graph, path: str) -> tuple[Sequence[Node] | None, str]:
    nodes: Sequence[Node] = graph.nodes
    rest = path
    while not any(node.id == rest for node in nodes):
        instance, inner = _step(nodes, rest)
        block = (
            graph.blocks.get(str(instance.params.get("block"))) if instance is not None else None
        )
        if block is None:
            return None, rest
        nodes, rest = block.nodes, inner
    return nodes, rest


def _step(nodes: Iterable[Node], path: str) -> tuple[Node | None, str]:
    """The block's node that a path leads into, and the rest of the path without the number of a repeat."""
    head, _, rest = path.partition("/")
    node = next((node for node in nodes if node.id == head and node.type == BLOCK), None)
    number, _, behind = rest.partition("/")
    return node, behind if behind and number.isdigit() else rest


def _changed(graph: Graph, path: str, change: Callable[[Node], Node]) -> Graph:
    nodes, blocks = _change_in(graph.nodes, path, change, dict(graph.blocks), graph)
    return graph.model_copy(update={"nodes": nodes, "blocks": blocks})


def _change_in(
    nodes: Sequence[Node],
    path: str,
    change: Callable[[Node], Node],
    blocks: dict[str, Block],
    graph: Graph,
) -> tuple[list[Node], dict[str, Block]]:
    if any(node.id == path for node in nodes):
        return [change(node) if node.id == path else node for node in nodes], blocks
    instance, rest = _step(nodes, path)
    key = str(instance.params.get("block")) if instance is not None else ""
    if instance is None or key not in blocks:
        raise missing_node(path)
    inner, blocks = _change_in(blocks[key].nodes, rest, change, blocks, graph)
    changed = blocks[key].model_copy(update={"nodes": inner})
    if _uses(nodes, key) + sum(_uses(block.nodes, key) for block in blocks.values()) < 2:
        return list(nodes), {**blocks, key: changed}
    # Other nodes stand for the same block: this one gets a definition of its own.
    own = _free(f"{key}_{instance.id}", blocks)
    instead = instance.model_copy(update={"params": {**instance.params, "block": own}})
    return [instead if node is instance else node for node in nodes], {**blocks, own: changed}


def _uses(nodes: Iterable[Node], block: str) -> int:
    return sum(node.type == BLOCK and node.params.get("block") == block for node in nodes)


def _free(stem: str, taken: Iterable[str]) -> str:
    names = set(taken)
    return next(
        name for number in range(len(names) + 1) if (name := stem + "_" * number) not in names
    )


def _updated(**fields: object) -> Callable[[Node], Node]:
    return lambda node: node.model_copy(update=fields)


def _with_param(edit: SetParam) -> Callable[[Node], Node]:
    return lambda node: node.model_copy(update={"params": {**node.params, edit.param: edit.value}})


def _replaced(graph: Graph, edit: ReplaceNode, registry: Registry) -> Graph:
    """Another type in the place of a node: wires stay where the port's name does, the first stand for each other."""
    old = find_node(graph, edit.node)
    if old is None:
        raise missing_node(edit.node)
    new = registry.find(edit.type)
    version = new.VERSION if new else 1
    fields = {"type": edit.type, "params": dict(edit.params), "version": version, "disabled": False}
    graph = _changed(graph, edit.node, _updated(**fields))
    was = registry.find(old.type)
    if new is None or any(node is old for block in graph.blocks.values() for node in block.nodes):
        return graph
    block = graph.blocks.get(str(old.params.get("block"))) if old.type == BLOCK else None
    inputs = list(block.inputs) if block else list(was.ports() if was else ())
    outputs = list(block.outputs) if block else list(was.outputs() if was else ())
    into = dict(zip(inputs, new.ports(), strict=False))
    out = dict(zip(outputs, new.outputs(), strict=False))
    return graph.model_copy(
        update={"edges": [_renamed(edge, edit.node, into, out, new) for edge in graph.edges]}
    )


def _renamed(edge: Edge, node: str, into: dict[str, str], out: dict[str, str], new: type) -> Edge:
    fields: dict[str, str] = {}
    if edge.target == node and edge.target_input not in new.ports():  # type: ignore[attr-defined]
        fields["target_input"] = into.get(edge.target_input, edge.target_input)
    if edge.source == node and edge.source_output not in new.outputs():  # type: ignore[attr-defined]
        fields["source_output"] = out.get(edge.source_output, edge.source_output)
    return edge.model_copy(update=fields) if fields else edge


def _ends(edge: Edge) -> tuple[str, str, str, str]:
    return edge.source, edge.source_output, edge.target, edge.target_input


def _rewired(graph: Graph, edit: Rewire) -> Graph:
    gone = {_ends(edge) for edge in edit.remove}
    for end in sorted(gone - {_ends(edge) for edge in graph.edges}):
        message = f"The graph has no wire from '{end[0]}' ({end[1]}) to '{end[2]}' ({end[3]})."
        raise InvalidInputError(message, hint="Read the graph again.", field="strategy")
    return graph.model_copy(
        update={"edges": [e for e in graph.edges if _ends(e) not in gone] + edit.add}
    )


def missing_node(path: str) -> InvalidInputError:
    return InvalidInputError(
        f"The graph has no node '{path}'.",
        hint="Name nodes by their ids; inside a block by the path, such as encoder/fc.",
        field="strategy",
    )
