"""Static checks of a model: its inputs, its shapes and its shared weights."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from visdl.compiler.model_inputs import ModelInputs, model_inputs
from visdl.compiler.network import INPUT, Network, Source, Step
from visdl.compiler.shapes import LayerFacts, NetworkFacts, trace
from visdl.datasets.dataset import Dataset
from visdl.datasets.split import Loader
from visdl.models.graph import Node
from visdl.nodes.contract.registry import Registry
from visdl.nodes.contract.specs import Shape
from visdl.validation.report_builder import Described, ReportBuilder


@dataclass(frozen=True)
class ModelFacts(Described):
    """A model before its run. `facts.output` is None where its shape is known only at run time."""

    assembly: Node
    network: Network
    facts: NetworkFacts
    inputs: ModelInputs
    parameters: int

    def describe(self) -> str:
        return f"{self.parameters:,} parameters"


def dataset_of(value: Any) -> Dataset | None:
    """Return the dataset of a DATASET or LOADER value, or None."""
    if isinstance(value, Loader):
        return value.dataset
    return value if isinstance(value, Dataset) else None


def class_count(dataset: Dataset) -> int | None:
    """Return how many classes all targets have together, or None where they are too many."""
    values: set[Any] = set()
    for name in dataset.targets:
        classes = dataset.column(name).classes
        if classes is None:
            return None
        values.update(classes)
    return len(values)


def check_model(
    assembly: Node,
    network: Network,
    data: Dataset | None,
    registry: Registry,
    report: ReportBuilder,
) -> ModelFacts | None:
    """Report shapes, parameters and FLOPs of every layer.

    Return None when a layer does not fit its input. Layers downstream of one that does not fit, or
    that the network had to leave out, are blocked.
    """
    inputs = model_inputs(network, data, registry)
    report.diagnostics += inputs.diagnostics
    for node in network.inputs:
        shape = inputs.shapes.get(Source(node.id))
        report.describe_outputs(node, registry.get(node.type), {"output": shape} if shape else {})
    facts = trace(network, inputs.shapes)
    fits, at_run = not inputs.diagnostics, False
    for step in network.steps:
        node_report, layer = report.nodes[step.node.id], facts.layers.get(step.node.id)
        node_report.reads_input = INPUT in step.sources()
        if step.missing:
            fits = False
            _report_missing(step, report)
        elif layer is None:
            node_report.status = node_report.status if at_run else "blocked"
        elif layer.outputs is None:
            at_run = True
            _describe(step, layer, facts, report)
            message = (
                f"The output shape of '{step.node.label}' is known only at run time "
                f"({layer.error})."
            )
            hint = "One batch is checked before training starts."
            report.add(step.node, message, code="shape_at_run", severity="warning", hint=hint)
        else:
            _describe(step, layer, facts, report)
            if layer.error:
                fits = False
                shapes = " and ".join(
                    _shape_text(shape) for shape in facts.inputs[step.node.id].values()
                )
                message = f"'{step.node.label}' does not fit its input {shapes}: {layer.error}."
                report.add(step.node, message, code="shape")
    fits = _check_sharing(network, facts, report) and fits
    if facts.output is not None and not facts.output.batch_first:
        fits = False
        last = next(
            (step.node for step in network.steps if step.node.id == network.output.node), assembly
        )
        message = (
            f"The model's output has the shape {facts.output}; the batch axis must come first."
        )
        report.add(
            last,
            message,
            code="output_shape",
            hint="Transpose or reshape it at the end of the model.",
        )
    parameters = sum(report.nodes[step.node.id].parameters or 0 for step in network.steps)
    return ModelFacts(assembly, network, facts, inputs, parameters) if fits else None


def _shape_text(shape: Shape | list[Shape]) -> str:
    return " and ".join(f"({one})" for one in shape) if isinstance(shape, list) else f"({shape})"


def _describe(step: Step, layer: LayerFacts, facts: NetworkFacts, report: ReportBuilder) -> None:
    report.describe_inputs(step.node, step.cls, dict(facts.inputs[step.node.id]))
    report.describe_outputs(
        step.node, step.cls, dict(zip(step.outputs, layer.outputs or (), strict=False))
    )
    node_report = report.nodes[step.node.id]
    node_report.parameters = layer.parameters
    node_report.flops = layer.flops
    node_report.activation = layer.activation
    report.totals.parameters += layer.parameters
    report.totals.flops += layer.flops


def _report_missing(step: Step, report: ReportBuilder) -> None:
    label = step.node.label
    for port in step.missing:
        if port in step.absent:
            report.add_switched_off(step.node, port, step.absent[port])
        else:
            message = f"'{port}' of '{label}' is not connected."
            hint = "Wire the output of a layer, or of an Input node, to it."
            report.add(step.node, message, code="missing_input", port=port, hint=hint)


def _check_sharing(network: Network, facts: NetworkFacts, report: ReportBuilder) -> bool:
    """Return whether the weights that layers share fit; count shared weights once."""
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
        reason = _why_not_owner(step, owner)
        if owner is None or reason:
            fits = False
            name = owner.node.label if owner else step.owner[:80]
            message = f"'{step.node.label}' cannot share weights with '{name}': {reason}."
            report.add(
                step.node,
                message,
                code="weights_of",
                port="weights_of",
                hint="Select another layer.",
            )
        elif theirs is not None and not theirs.error and not own.error:
            shared = {
                name: shape
                for name, shape in own.weights.items()
                if theirs.weights.get(name) == shape
            }
            count = sum(math.prod(shape) for shape in shared.values())
            report.totals.parameters -= count
            report.nodes[step.node.id].parameters = own.parameters - count
            if not shared:
                fits = False
                message = (
                    f"No weights of '{owner.node.label}' fit '{step.node.label}': "
                    "their shapes differ."
                )
                hint = f"{_sizes(theirs)} there, {_sizes(own)} here."
                report.add(step.node, message, code="weights_of", port="weights_of", hint=hint)
    return fits


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
