"""Static checks of a model and of the place where it meets its data and its loss."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from visdl.compiler.model_inputs import Entries, entries
from visdl.compiler.network import INPUT, Network, Source, Step
from visdl.compiler.shapes import LayerFacts, NetworkFacts, trace
from visdl.datasets.dataset import Dataset
from visdl.datasets.split import Loader
from visdl.models.graph import Node
from visdl.nodes.contract.registry import Registry
from visdl.nodes.contract.specs import Shape
from visdl.validation.findings import Described, Findings


@dataclass(frozen=True)
class ModelFacts(Described):
    """A model before the run; `facts.output` is None where its shape shows only in the run."""

    assembly: Node
    network: Network
    facts: NetworkFacts
    entries: Entries
    parameters: int

    def describe(self) -> str:
        return f"{self.parameters:,} parameters"


def dataset_of(value: Any) -> Dataset | None:
    """The table behind a DATASET or LOADER value."""
    if isinstance(value, Loader):
        return value.dataset
    return value if isinstance(value, Dataset) else None


def class_count(dataset: Dataset) -> int | None:
    """How many classes the targets of a classification have together; None when there are too many to list."""
    found: set[Any] = set()
    for name in dataset.targets:
        classes = dataset.column(name).classes
        if classes is None:
            return None
        found.update(classes)
    return len(found)


def check_model(
    assembly: Node,
    network: Network,
    data: Dataset | None,
    registry: Registry,
    findings: Findings,
) -> ModelFacts | None:
    """Shapes, parameters and FLOPs of every layer; None when a layer does not fit its input.

    Layers behind one that does not fit, or that the network had to leave out, are blocked.
    """
    arguments = entries(network, data, registry)
    for node, complaint in arguments.complaints:
        findings.complain(node, [complaint])
    for node in network.inputs:
        shape = arguments.shapes.get(Source(node.id))
        findings.describe_outputs(node, registry.get(node.type), {"output": shape} if shape else {})
    facts = trace(network, arguments.shapes)
    fits, shows_at_run = not arguments.complaints, False
    for step in network.steps:
        report, layer = findings.nodes[step.node.id], facts.layers.get(step.node.id)
        report.reads_input = INPUT in step.sources()
        if step.missing:
            fits = False
            _say_missing(step, findings)
        elif layer is None:
            report.status = report.status if shows_at_run else "blocked"
        elif layer.outputs is None:
            shows_at_run = True
            _describe(step, layer, facts, findings)
            message = (
                f"The output shape of '{step.node.label}' shows only in the run ({layer.error})."
            )
            hint = "One batch is tried before training starts."
            findings.say(step.node, message, code="shape_at_run", severity="warning", hint=hint)
        else:
            _describe(step, layer, facts, findings)
            if layer.error:
                fits = False
                shapes = " and ".join(
                    _shape_text(shape) for shape in facts.inputs[step.node.id].values()
                )
                message = f"'{step.node.label}' does not fit its input {shapes}: {layer.error}."
                findings.say(step.node, message, code="shape")
    fits = _check_sharing(network, facts, findings) and fits
    if facts.output is not None and not facts.output.batch_first:
        fits = False
        last = next(
            (step.node for step in network.steps if step.node.id == network.output.node), assembly
        )
        message = (
            f"The model's output has the shape {facts.output}; the batch axis must come first."
        )
        findings.say(
            last,
            message,
            code="output_shape",
            hint="Transpose or reshape it before the model's end.",
        )
    parameters = sum(findings.nodes[step.node.id].parameters or 0 for step in network.steps)
    return ModelFacts(assembly, network, facts, arguments, parameters) if fits else None


def _shape_text(shape: Shape | list[Shape]) -> str:
    return " and ".join(f"({one})" for one in shape) if isinstance(shape, list) else f"({shape})"


def _describe(step: Step, layer: LayerFacts, facts: NetworkFacts, findings: Findings) -> None:
    findings.describe_inputs(step.node, step.cls, dict(facts.inputs[step.node.id]))
    findings.describe_outputs(
        step.node, step.cls, dict(zip(step.outputs, layer.outputs or (), strict=False))
    )
    report = findings.nodes[step.node.id]
    report.parameters, report.flops, report.activation = (
        layer.parameters,
        layer.flops,
        layer.activation,
    )
    findings.totals.parameters += layer.parameters
    findings.totals.flops += layer.flops


def _say_missing(step: Step, findings: Findings) -> None:
    label = step.node.label
    for port in step.missing:
        if port in step.absent:
            findings.say_switched_off(step.node, port, step.absent[port])
        else:
            message = f"'{port}' of '{label}' is not connected."
            hint = "Wire the output of a layer, or of an Input node, to it."
            findings.say(step.node, message, code="missing_input", port=port, hint=hint)


def _check_sharing(network: Network, facts: NetworkFacts, findings: Findings) -> bool:
    """Whether each layer that uses another's weights finds some that fit; they count once."""
    steps = {step.node.id: step for step in network.steps}
    fits = True
    for step in network.steps:
        own = facts.layers.get(step.node.id)
        if (
            step.owner is None
            or own is None
            or step.node.disabled
            or not (own.weights or own.error)
        ):
            continue
        owner = steps.get(step.owner)
        theirs = facts.layers.get(step.owner)
        if owner is None or owner is step or owner.owner is not None or owner.node.disabled:
            fits = False
            reason = (
                "which is switched off"
                if owner and owner.node.disabled
                else (
                    "which uses its weights in turn"
                    if owner and owner.owner
                    else "which is no other layer of this model"
                )
            )
            message = f"'{step.node.label}' is to use the weights of '{step.owner[:80]}', {reason}."
            findings.say(
                step.node,
                message,
                code="weights_of",
                port="weights_of",
                hint="Choose another layer.",
            )
        elif theirs is not None and not theirs.error and not own.error:
            shared = {
                name: shape
                for name, shape in own.weights.items()
                if theirs.weights.get(name) == shape
            }
            count = sum(math.prod(shape) for shape in shared.values())
            findings.totals.parameters -= count
            findings.nodes[step.node.id].parameters = own.parameters - count
            if not shared:
                fits = False
                message = f"No weights of '{owner.node.label}' fit '{step.node.label}': their shapes differ."
                hint = f"{_sizes(theirs)} there, {_sizes(own)} here."
                findings.say(step.node, message, code="weights_of", port="weights_of", hint=hint)
    return fits


def _sizes(layer: LayerFacts) -> str:
    return (
        ", ".join(f"{name} {' × '.join(map(str, shape))}" for name, shape in layer.weights.items())
        or "none"
    )
