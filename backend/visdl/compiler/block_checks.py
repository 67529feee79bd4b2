"""Checks of the blocks that a graph defines and uses, before they are expanded."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from visdl.compiler.block_nesting import MAX_DEPTH, MAX_REPEATS, Nesting, block_name
from visdl.compiler.flat_graph import OWN_PARAMS, Instance
from visdl.models.diagnostics import Diagnostic
from visdl.models.graph import Block, Node

_LISTED = 10  # names in a hint


def not_expandable(code: str, nesting: Nesting, node: Node, path: str, inside: str) -> Diagnostic:
    """Return the diagnostic of a block's node that cannot be expanded, for the code of the reason.

    `inside` is the innermost block around the node.
    """
    name, port = block_name(node), "block"
    match code:
        case "unknown_block":
            message = f"'{node.label}' uses block '{name[:80]}', which the graph does not define."
            known = [f"'{key}'" for key in nesting.blocks]
            hint = f"The graph's blocks: {_listed(known)}."
        case "block_cycle":
            via = "" if name == inside else f": it contains '{inside}', which contains '{name}'"
            message, hint = f"Block '{name}' contains itself{via}.", "Remove it from itself."
        case "block_depth":
            message = f"The blocks in '{node.label}' are nested more than {MAX_DEPTH} levels deep."
            hint = "Expand some of them."
        case _:
            port = "repeat"
            message = (
                f"repeat of '{node.label}' must be a whole number from 1 to {MAX_REPEATS:,}, "
                f"not {str(node.params.get('repeat'))[:50]}."
            )
            hint = "Leave it empty for one."
    return Diagnostic(code=code, node=path, port=port, message=message, hint=hint)


def check_definition(block: Block, node: Node, path: str) -> Iterator[Diagnostic]:
    """Yield a diagnostic for each parameter and port of a block that leads nowhere."""
    for param in node.params:
        if param not in OWN_PARAMS and param not in block.params:
            yield Diagnostic(
                code="unknown_parameter",
                node=path,
                port=param,
                message=f"The block of '{node.label}' exposes no parameter '{param}'.",
                hint=f"It exposes: {_listed(list(block.params))}.",
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
    elif block_name(instance.node) != block_name(node):
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
    message = f"The block of '{instance.node.label}' has no {side} '{port}'."
    return Diagnostic(
        code="unknown_port",
        node=path,
        port=port,
        message=message,
        hint=f"Its {side}s: {_listed(known)}.",
    )


def _listed(names: Sequence[str]) -> str:
    """Return some of the names for a hint."""
    more = f", … ({len(names):,} in all)" if len(names) > _LISTED else ""
    return (", ".join(name[:80] for name in names[:_LISTED]) or "none") + more
