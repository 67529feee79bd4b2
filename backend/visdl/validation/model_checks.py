"""Static checks of a model: its inputs and its shapes, and what an optimizer trains of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from visdl.compiler.model_inputs import ModelInputs, model_inputs
from visdl.compiler.network import INPUT, Network, Source, Step
from visdl.compiler.shapes import LayerFacts, NetworkFacts, trace
from visdl.compiler.weights import traced_weights
from visdl.datasets.dataset import Dataset
from visdl.datasets.split import Loader
from visdl.models.graph import Node
from visdl.nodes.contract.parameter_groups.optimizer_node import OptimizerNode
from visdl.nodes.contract.parameter_groups.weights import WeightInfo
from visdl.nodes.contract.registry import Registry
from visdl.nodes.contract.specs import Shape
from visdl.validation.report_builder import Described, ReportBuilder
from visdl.validation.sharing_checks import check_sharing


@dataclass(frozen=True)
class ModelFacts(Described):
    """A model before its run. `facts.output` is None where its shape is known only at run time."""

    assembly: Node
    network: Network
    facts: NetworkFacts
    inputs: ModelInputs
    parameters: int

    @cached_property
    def weights(self) -> Sequence[WeightInfo]:
        """Its parameters."""
        return traced_weights(self.network, self.facts)

    @cached_property
    def node_names(self) -> Mapping[str, str]:
        """The names of its layers by their path ids, those that are switched off included."""
        steps = self.network.steps
        absent = [node for step in steps for node in step.absent.values()]
        return {node.id: node.label for node in (*(step.node for step in steps), *absent)}

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
    seconds: float,
) -> ModelFacts | None:
    """Report shapes, parameters and FLOPs of every layer.

    Return None when a layer does not fit its input. Layers downstream of one that does not fit, or
    that the network had to leave out, are blocked. See `trace` for `seconds`.
    """
    inputs = model_inputs(network, data, registry)
    report.diagnostics += inputs.diagnostics
    for node in network.inputs:
        shape = inputs.shapes.get(Source(node.id))
        report.describe_outputs(node, registry.get(node.type), {"output": shape} if shape else {})
    facts = trace(network, inputs.shapes, seconds)
    fits = [
        not inputs.diagnostics,
        _check_layers(network, facts, report),
        check_sharing(network, facts, report),
        _check_output(assembly, network, facts, report),
    ]
    parameters = sum(report.nodes[step.node.id].parameters or 0 for step in network.steps)
    return ModelFacts(assembly, network, facts, inputs, parameters) if all(fits) else None


def _check_layers(network: Network, facts: NetworkFacts, report: ReportBuilder) -> bool:
    """Report every layer; return whether each has its inputs and fits them."""
    fits, at_run = True, False
    for step in network.steps:
        if step is facts.stopped_at:
            at_run = True
            _report_time(step, report)
        node_report, layer = report.nodes[step.node.id], facts.layers.get(step.node.id)
        node_report.reads_input = INPUT in step.sources()
        if step.missing:
            fits = False
            _report_missing(step, report)
        elif layer is None:
            node_report.status = node_report.status if at_run else "blocked"
        else:
            _describe(step, layer, facts, report)
            if layer.outputs is None:
                at_run = True
                _report_unknown_shape(step, layer, report)
            elif layer.error:
                fits = False
                shapes = " and ".join(map(_shape_text, facts.inputs[step.node.id].values()))
                message = f"'{step.node.label}' does not fit its input {shapes}: {layer.error}."
                report.add(step.node, message, code="shape")
    return fits


def _report_unknown_shape(step: Step, layer: LayerFacts, report: ReportBuilder) -> None:
    report.add(
        step.node,
        f"The output shape of '{step.node.label}' is known only at run time ({layer.error}).",
        code="shape_at_run",
        severity="warning",
        hint="One batch is checked before training starts.",
    )


def _report_time(step: Step, report: ReportBuilder) -> None:
    report.add(
        step.node,
        f"The model has so many different layers that those from '{step.node.label}' on are not "
        "checked yet.",
        code="shape_later",
        severity="warning",
        hint="The next check continues there; a longer one needs VISDL_CHECK_SECONDS.",
    )


def _check_output(
    assembly: Node, network: Network, facts: NetworkFacts, report: ReportBuilder
) -> bool:
    """Report an output whose batch axis is not the first; return whether it is."""
    if facts.output is None or facts.output.batch_first:
        return True
    last = next(
        (step.node for step in network.steps if step.node.id == network.output.node), assembly
    )
    report.add(
        last,
        f"The model's output has the shape {facts.output}; the batch axis must come first.",
        code="output_shape",
        hint="Transpose or reshape it at the end of the model.",
    )
    return False


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


def describe_groups(
    node: Node, optimizer: OptimizerNode, model: Any, report: ReportBuilder
) -> None:
    """Report the groups of an optimizer, and how many parameters of each layer are frozen."""
    if not isinstance(model, ModelFacts):
        return
    report.nodes[node.id].groups = optimizer.describe_groups(model.weights)
    report.totals.frozen = 0
    for group in optimizer.weight_groups(model.weights):
        for weight in group.weights if group.optimizer is None else ():
            report.nodes[weight.nodes[0]].frozen += weight.size
            report.totals.frozen += weight.size


def state_per_parameter(optimizer: OptimizerNode, model: ModelFacts) -> float:
    """Return the optimizer's values per parameter, the mean over all parameters of the model."""
    groups = optimizer.weight_groups(model.weights)
    state = sum(g.size * g.optimizer.state_tensors() for g in groups if g.optimizer is not None)
    return state / max(1, model.parameters)


def frozen_share(optimizer: OptimizerNode, model: ModelFacts) -> float:
    """Return the share of the parameters that have neither gradient nor state."""
    groups = optimizer.weight_groups(model.weights)
    return sum(g.size for g in groups if g.optimizer is None) / max(1, model.parameters)
