"""Static checks of layers that use the weights of another layer."""

from __future__ import annotations

import math

from visdl.compiler.network import Network, Step
from visdl.compiler.shapes import LayerFacts, NetworkFacts
from visdl.validation.report_builder import ReportBuilder


def check_sharing(network: Network, facts: NetworkFacts, report: ReportBuilder) -> bool:
    """Return whether the weights that layers share fit; count shared weights once."""
    steps = {step.node.id: step for step in network.steps}
    fits = True
    for step in network.steps:
        own = facts.layers.get(step.node.id)
        if step.owner is None or own is None or step.node.disabled:
            continue
        if not (own.weights or own.error):
            continue
        owner, theirs = steps.get(step.owner), facts.layers.get(step.owner)
        reason = _why_not_owner(step, owner)
        if owner is None or reason:
            fits = False
            name = owner.node.label if owner else step.owner[:80]
            message = f"'{step.node.label}' cannot share weights with '{name}': {reason}."
            _report_owner(step, message, "Select another layer.", report)
        elif theirs is not None and not theirs.error and not own.error:
            fits = _count_shared(step, owner, own, theirs, report) and fits
    return fits


def _count_shared(
    step: Step, owner: Step, own: LayerFacts, theirs: LayerFacts, report: ReportBuilder
) -> bool:
    """Subtract the weights that a layer shares from its parameters; return whether it has any."""
    shared = [shape for name, shape in own.weights.items() if theirs.weights.get(name) == shape]
    count = sum(map(math.prod, shared))
    report.totals.parameters -= count
    report.nodes[step.node.id].parameters = own.parameters - count
    if not shared:
        message = (
            f"No weights of '{owner.node.label}' fit '{step.node.label}': their shapes differ."
        )
        _report_owner(step, message, f"{_sizes(theirs)} there, {_sizes(own)} here.", report)
    return bool(shared)


def _report_owner(step: Step, message: str, hint: str, report: ReportBuilder) -> None:
    report.add(step.node, message, code="weights_of", port="weights_of", hint=hint)


def _why_not_owner(step: Step, owner: Step | None) -> str | None:
    """Return why a layer cannot use the weights of another, or None."""
    if owner is None or owner is step:
        return "this model has no other layer of that name"
    if owner.owner is not None:
        return f"'{owner.node.label}' itself uses the weights of another layer"
    return f"'{owner.node.label}' is switched off" if owner.node.disabled else None


def _sizes(layer: LayerFacts) -> str:
    return (
        ", ".join(f"{name} {' × '.join(map(str, shape))}" for name, shape in layer.weights.items())
        or "none"
    )
