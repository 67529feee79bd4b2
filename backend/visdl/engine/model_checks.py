"""Static checks of a model and of the place where it meets its data and its loss."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from visdl.datasets.checks import problems
from visdl.datasets.dataset import Dataset
from visdl.datasets.split import Loader
from visdl.engine.entries import Entries, entries
from visdl.engine.findings import Described, Findings
from visdl.engine.inference import LayerFacts, NetworkFacts, trace
from visdl.engine.measures import usual_metrics
from visdl.engine.network import INPUT, Network, Source, Step
from visdl.models.graph import Node
from visdl.nodes.base import LossNode, MetricNode
from visdl.nodes.registry import NodeRegistry
from visdl.nodes.specs import Shape
from visdl.nodes.values import TrainingFacts, metric_key


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
    assembly: Node, network: Network, data: Dataset | None, registry: type[NodeRegistry], findings: Findings
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
            message = f"The output shape of '{step.node.label}' shows only in the run ({layer.error})."
            hint = "One batch is tried before training starts."
            findings.say(step.node, message, code="shape_at_run", severity="warning", hint=hint)
        else:
            _describe(step, layer, facts, findings)
            if layer.error:
                fits = False
                shapes = " and ".join(_shape_text(shape) for shape in facts.inputs[step.node.id].values())
                message = f"'{step.node.label}' does not fit its input {shapes}: {layer.error}."
                findings.say(step.node, message, code="shape")
    fits = _check_sharing(network, facts, findings) and fits
    if facts.output is not None and not facts.output.batch_first:
        fits = False
        last = next((step.node for step in network.steps if step.node.id == network.output.node), assembly)
        message = f"The model's output has the shape {facts.output}; the batch axis must come first."
        findings.say(last, message, code="output_shape", hint="Transpose or reshape it before the model's end.")
    parameters = sum(findings.nodes[step.node.id].parameters or 0 for step in network.steps)
    return ModelFacts(assembly, network, facts, arguments, parameters) if fits else None


def _shape_text(shape: Shape | list[Shape]) -> str:
    return " and ".join(f"({one})" for one in shape) if isinstance(shape, list) else f"({shape})"


def _describe(step: Step, layer: LayerFacts, facts: NetworkFacts, findings: Findings) -> None:
    findings.describe_inputs(step.node, step.cls, dict(facts.inputs[step.node.id]))
    findings.describe_outputs(step.node, step.cls, dict(zip(step.outputs, layer.outputs or (), strict=False)))
    report = findings.nodes[step.node.id]
    report.parameters, report.flops, report.activation = layer.parameters, layer.flops, layer.activation
    findings.totals.parameters += layer.parameters
    findings.totals.flops += layer.flops


def _say_missing(step: Step, findings: Findings) -> None:
    label = step.node.label
    for port in step.missing:
        if port in step.absent:
            source = step.absent[port].label
            message, hint = f"'{source}' is switched off, but '{label}' needs it.", f"Switch '{source}' on."
            findings.say(step.node, message, code="switched_off", port=port, hint=hint)
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
        if step.owner is None or own is None or step.node.disabled or not (own.weights or own.error):
            continue
        owner = steps.get(step.owner)
        theirs = facts.layers.get(step.owner)
        if owner is None or owner is step or owner.owner is not None or owner.node.disabled:
            fits = False
            reason = (
                "which is switched off"
                if owner and owner.node.disabled
                else (
                    "which uses another's weights itself"
                    if owner and owner.owner
                    else "which is no other layer of this model"
                )
            )
            message = f"'{step.node.label}' is to use the weights of '{step.owner}', {reason}."
            findings.say(step.node, message, code="weights_of", port="weights_of", hint="Choose another layer.")
        elif theirs is not None and not theirs.error and not own.error:
            shared = {name: shape for name, shape in own.weights.items() if theirs.weights.get(name) == shape}
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
    return ", ".join(f"{name} {' × '.join(map(str, shape))}" for name, shape in layer.weights.items()) or "none"


def check_training(
    loop: Node,
    args: dict[str, Any],
    registry: type[NodeRegistry],
    choosers: Sequence[tuple[Node, set[str]]],
    findings: Findings,
) -> Any:
    """Whether data, model and loss of a training loop fit; the facts of its result, or None.

    `choosers` are the data nodes before the loop with the names of their parameters, the nearest first: a
    problem of the data is shown where it can be mended.
    """
    model, loss, train = args["model"], args["loss_fn"], dataset_of(args["train_loader"])
    before = len(findings.diagnostics)
    if not isinstance(loss, LossNode) or train is None:
        return TrainingFacts(None, "float")
    facts = TrainingFacts(train, loss.TARGET)
    for code, field, message, hint in problems(train, loss.TARGET):
        findings.say(_place(field, choosers, loop), message, code=code, port=field, hint=hint)
    if (val := dataset_of(args["val_loader"])) is not None and val.record.id != train.record.id:
        findings.complain(loop, facts.complaints("val_loader", val))
    _check_monitor(loop, args, loss, registry, findings)
    if isinstance(model, ModelFacts):
        _check_batches(loop, model, args["train_loader"], choosers, findings)
    if isinstance(model, ModelFacts) and len(findings.diagnostics) == before:
        _check_output(loop, model, train, loss, findings)
    failed = any(found.severity == "error" for found in findings.diagnostics[before:])
    return None if failed else facts


def _place(field: str, choosers: Sequence[tuple[Node, set[str]]], loop: Node) -> Node:
    """The node whose parameter this is, for a problem to be shown where it can be mended."""
    return next((node for node, names in choosers if field in names), loop)


def _check_monitor(
    loop: Node, args: dict[str, Any], loss: LossNode, registry: type[NodeRegistry], findings: Findings
) -> None:
    """Whether the monitored metric is measured, where something depends on it."""
    monitor, val, wired = args["monitor"], args["val_loader"], args["metrics"]
    if not (args["keep"] == "best" or args["patience"] is not None):
        return
    has_val = val is not None and not (isinstance(val, Loader) and len(val) == 0)
    if not has_val and monitor.startswith("val_"):
        message = f"'{loop.label}' has no validation data, so it cannot monitor '{monitor}'."
        hint = "Wire a val_loader, or monitor train_loss."
        findings.say(loop, message, code="no_validation", port="monitor", hint=hint)
        return
    if not all(isinstance(metric, MetricNode) for metric in wired):
        return  # a node of another kind hands metrics on: which ones shows in the run
    measures = ["loss", *(metric_key(cls()) for cls in usual_metrics(loss.TARGET, registry)), *map(metric_key, wired)]
    known = [f"{part}_{name}" for part in (["train", "val"] if has_val else ["train"]) for name in measures]
    if monitor not in known:
        message = f"There is no metric '{monitor}' to monitor."
        findings.say(loop, message, code="no_metric", port="monitor", hint=f"This run measures {', '.join(known)}.")


def _check_batches(
    loop: Node, model: ModelFacts, train: Any, choosers: Sequence[tuple[Node, set[str]]], findings: Findings
) -> None:
    """BatchNorm has no variance in a batch of one row; a last such batch is joined to the one before."""
    loader = train if isinstance(train, Loader) else Loader(train)
    if loader.batch_size > 1 and len(loader) > 1:
        return
    layers = model.facts.layers
    step = next((s for s in model.network.steps if s.node.id in layers and layers[s.node.id].over_batch), None)
    if step is not None:
        message = f"'{step.node.label}' needs at least 2 rows in a batch, but batches have 1."
        place = _place("batch_size", choosers, loop)
        findings.say(place, message, code="batch_of_one", port="batch_size", hint="Raise batch_size, or add rows.")


def _check_output(loop: Node, model: ModelFacts, train: Dataset, loss: LossNode, findings: Findings) -> None:
    there, given = model.entries.columns, len(train.inputs)
    if not model.network.inputs and there != given:
        message = f"'{model.assembly.label}' is built for {there} input columns, but the training data has {given}."
        findings.say(loop, message, code="shape", port="train_loader", hint="Use the same columns for both.")
        return
    if model.facts.output is None:
        return
    classes = class_count(train) if loss.TARGET == "index" else None
    complaint = loss.mismatch(model.facts.output, classes, len(train.targets))
    if complaint:
        step = _culprit(model)
        wanted = classes if loss.TARGET == "index" else len(train.targets)
        if "out_features" in step.cls.parameters() and not step.node.disabled:
            port, hint = "out_features", f"Set out_features of '{step.node.label}' to {wanted}."
        else:
            port, hint = None, f"End the model with a layer that gives {wanted} value(s) per sample."
        findings.say(step.node, f"{complaint}.", code="output_shape", port=port, hint=hint)
    elif not model.parameters:
        message = f"'{model.assembly.label}' has no parameters, so there is nothing to learn."
        findings.say(model.assembly, message, code="no_parameters", hint="Add a layer with weights, such as Linear.")


def _culprit(model: ModelFacts) -> Step:
    """The layer to change when the output does not fit: one that is off at the end, else the last with weights."""
    for step in reversed(model.network.steps):
        if step.node.disabled or model.facts.layers[step.node.id].parameters:
            return step
    return model.network.steps[-1]
