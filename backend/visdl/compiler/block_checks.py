"""Checks of the blocks that a graph defines and uses, before they are expanded."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from visdl.compiler.flat_graph import OWN_PARAMS, Instance
from visdl.models.diagnostics import Diagnostic
from visdl.models.graph import Block, Node

_MAX_DEPTH = 20
_MAX_REPEATS = 1000


def why_not_expandable(
    blocks: Mapping[str, Block], node: Node, path: str, around: Sequence[str]
) -> Diagnostic | None:
    """Return the reason why a block's node cannot be expanded, or None.

    `around` names the blocks that the node is inside, the outermost first.
    """
    name, repeat = str(node.params.get("block") or ""), node.params.get("repeat")
    port, code = "block", "unknown_block"
    if name not in blocks:
        known = ", ".join(f"'{key}'" for key in blocks) or "none"
        message = f"'{node.label}' uses block '{name[:80]}', which the graph does not define."
        hint = f"The graph's blocks: {known}."
    elif name in around:
        code = "block_cycle"
        cycle = " → ".join([*around[around.index(name) :], name])
        message, hint = f"Block '{name}' contains itself: {cycle}.", "Remove it from itself."
    elif len(around) >= _MAX_DEPTH:
        code = "block_depth"
        message = f"Blocks are nested more than {_MAX_DEPTH} levels deep."
        hint = "Expand some of them."
    elif repeat is not None and not _is_count(repeat):
        code, port = "bad_parameter", "repeat"
        message = (
            f"repeat of '{node.label}' must be a whole number from 1 to {_MAX_REPEATS:,}, "
            f"not {str(repeat)[:50]}."
        )
        hint = "Leave it empty for one."
    else:
        return None
    return Diagnostic(code=code, node=path, port=port, message=message, hint=hint)


def check_definition(block: Block, node: Node, path: str) -> Iterator[Diagnostic]:
    """Yield a diagnostic for each parameter and port of a block that leads nowhere."""
    for param in node.params:
        if param not in OWN_PARAMS and param not in block.params:
            exposed = ", ".join(block.params) or "none"
            yield Diagnostic(
                code="unknown_parameter",
                node=path,
                port=param,
                message=f"The block of '{node.label}' exposes no parameter '{param}'.",
                hint=f"It exposes: {exposed}.",
            )
    ids = {inner.id for inner in block.nodes}
    kinds = [("input", block.inputs), ("parameter", block.params)]
    kinds.append(("output", {port: [ref] for port, ref in block.outputs.items()}))
    for kind, ports in kinds:
        for port, refs in ports.items():
            missing = next((ref.node for ref in refs if ref.node not in ids), None)
            if missing is not None:
                yield Diagnostic(
                    code="dangling_edge",
                    node=path,
                    port=port,
                    message=f"The {kind} '{port}' of the block of '{node.label}' leads to "
                    f"'{missing}', which the block does not contain.",
                    hint=f"Remove the {kind}, or connect it again.",
                )


def why_not_shared(
    node: Node, path: str, owner: str, instance: Instance | None
) -> Diagnostic | None:
    """Return the reason why a block cannot share the weights of the block at `owner`, or None."""
    name = instance.node.label if instance else owner[:80]
    if instance is None or owner == path:
        reason = f"there is no other block '{name}' here"
    elif instance.node.disabled:
        reason = f"'{name}' is switched off"
    elif instance.node.params["block"] != node.params["block"]:
        reason = f"'{name}' is a different block"
    elif instance.node.params.get("repeat") != node.params.get("repeat"):
        reason = "their repeat counts differ"
    else:
        return None
    return Diagnostic(
        code="weights_of",
        node=path,
        port="weights_of",
        message=f"'{node.label}' cannot share weights with '{name}': {reason}.",
        hint="Select another instance of the same block, or clear weights_of.",
    )


def unknown_port(
    path: str, instance: Instance, port: str, side: str, known: Sequence[str]
) -> Diagnostic:
    """Return the diagnostic of a wire to a port that the block does not have."""
    names = ", ".join(known) or "none"
    message = f"The block of '{instance.node.label}' has no {side} '{port}'."
    return Diagnostic(
        code="unknown_port", node=path, port=port, message=message, hint=f"Its {side}s: {names}."
    )


def too_large(path: str, limit: int) -> Diagnostic:
    """Return the diagnostic of a graph that has too many nodes once its blocks are expanded."""
    message = f"With its blocks expanded, the graph has more than {limit:,} nodes."
    return Diagnostic(
        code="too_large", node=path, port="repeat", message=message, hint="Lower the repeat counts."
    )


def _is_count(value: object) -> bool:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return is_number and value in range(1, _MAX_REPEATS + 1)
