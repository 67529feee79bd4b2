"""Static checks of the place where a model meets its data, its loss and its optimizer."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from visdl.compiler.memory import activation_bytes, checkpoint_bytes, lasting_bytes, training_bytes
from visdl.compiler.network import Step
from visdl.datasets.checks import problems
from visdl.datasets.dataset import Dataset
from visdl.datasets.split import Loader
from visdl.models.diagnostics import Fix, SetDisabled, SetParam
from visdl.models.graph import Node
from visdl.nodes.contract.learning import LossNode, MetricNode, OptimizerNode, Schedule
from visdl.nodes.contract.metric_names import metric_key, usual_metrics
from visdl.nodes.contract.registry import Registry
from visdl.nodes.contract.runtime_values import TrainingFacts
from visdl.validation.findings import Findings
from visdl.validation.model_checks import ModelFacts, class_count, dataset_of


def check_training(
    loop: Node,
    args: dict[str, Any],
    registry: Registry,
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
    _check_range(loss, train, _place("target_columns", choosers, loop), findings)
    _check_monitors(loop, args, loss, registry, findings)
    if isinstance(model, ModelFacts):
        _check_optimizer(args["optimizer"], model, loop, findings)
    if isinstance(model, ModelFacts):
        _check_batches(loop, model, args["train_loader"], choosers, findings)
    if isinstance(model, ModelFacts) and len(findings.diagnostics) == before:
        _check_output(loop, model, train, loss, findings)
    if isinstance(model, ModelFacts):
        findings.device = _device(model.assembly)
        findings.totals.memory = _memory(model, args["train_loader"], train, args["optimizer"])
        findings.checkpoint = _checkpoint(model, args["optimizer"])
        findings.lasting = _lasting(model, args["optimizer"])
    failed = any(found.severity == "error" for found in findings.diagnostics[before:])
    return None if failed else facts


def _place(field: str, choosers: Sequence[tuple[Node, set[str]]], loop: Node) -> Node:
    """The node whose parameter this is, for a problem to be shown where it can be mended."""
    return next((node for node, names in choosers if field in names), loop)


def _device(assembly: Node) -> str | None:
    """Where the model says that it is to train."""
    chosen = assembly.params.get("device")
    return chosen if isinstance(chosen, str) and chosen != "auto" else None


def _memory(model: ModelFacts, loader: Any, train: Dataset, given: Any) -> int | None:
    """Bytes that this training needs on its device; None where a shape or the optimizer shows only in the run."""
    optimizer, facts = Schedule.of(given).optimizer, model.facts
    if facts.output is None or not isinstance(optimizer, OptimizerNode):
        return None
    batch = (
        min(loader.batch_size, len(loader))
        if isinstance(loader, Loader)
        else Loader(train).batch_size
    )
    shapes = {**model.entries.shapes, **facts.shapes}
    activations = activation_bytes(
        model.network,
        shapes,
        lambda step: layer.kept if (layer := facts.layers.get(step.node.id)) else None,
        batch,
    )
    sizes = {"float32": 4, "int64": 8}
    row = sum(
        len(argument.columns) * sizes[argument.element] for argument in model.entries.arguments
    )
    data = train.rows * (row + 8 * len(train.targets))
    return training_bytes(model.parameters, optimizer.state_tensors(), activations, data)


def _lasting(model: ModelFacts, given: Any) -> tuple[int, Node] | None:
    """Bytes of weights, gradients and the optimizer's state, and the layer with most of the weights."""
    optimizer, layers = Schedule.of(given).optimizer, model.facts.layers
    if not isinstance(optimizer, OptimizerNode) or not model.parameters:
        return None
    steps = [step for step in model.network.steps if step.node.id in layers]
    heaviest = max(steps, key=lambda step: layers[step.node.id].parameters, default=None)
    return (
        None
        if heaviest is None
        else (lasting_bytes(model.parameters, optimizer.state_tensors()), heaviest.node)
    )


def _checkpoint(model: ModelFacts, given: Any) -> int | None:
    optimizer = Schedule.of(given).optimizer
    if not isinstance(optimizer, OptimizerNode):
        return None
    return checkpoint_bytes(model.parameters, optimizer.state_tensors())


def _check_range(loss: LossNode, train: Dataset, place: Node, findings: Findings) -> None:
    """Whether the target's values are such as the loss can take."""
    low, high = loss.RANGE
    for name in train.targets if loss.TARGET == "float" else ():
        column = train.columns.get(name)
        if (
            column is None
            or column.min is None
            or column.max is None
            or low <= column.min <= column.max <= high
        ):
            continue
        wanted = (
            f"targets from {low:g} to {high:g}"
            if math.isfinite(high)
            else f"targets of at least {low:g}"
        )
        kind = type(loss).DISPLAY_NAME or type(loss).__name__
        message = f"{kind} needs {wanted}, but '{name}' goes from {column.min:g} to {column.max:g}."
        hint = (
            "Choose another column, or a loss that suits it, such as MSELoss or CrossEntropyLoss."
        )
        findings.say(place, message, code="target_range", port="target_columns", hint=hint)


def _check_optimizer(given: Any, model: ModelFacts, loop: Node, findings: Findings) -> None:
    """Whether the optimizer can train weights of such shapes."""
    optimizer = Schedule.of(given).optimizer
    if not isinstance(optimizer, OptimizerNode):
        return
    shapes = [shape for layer in model.facts.layers.values() for shape in layer.weights.values()]
    refusal = optimizer.refusal(shapes)
    if refusal:
        message = f"{type(optimizer).__name__} {refusal}."
        findings.say(
            loop,
            message,
            code="optimizer",
            port="optimizer",
            hint="Choose another optimizer, such as AdamW.",
        )


def _check_monitors(
    loop: Node,
    args: dict[str, Any],
    loss: LossNode,
    registry: Registry,
    findings: Findings,
) -> None:
    """Whether the monitored metrics are measured, where something depends on them."""
    if args["keep"] == "best" or args["patience"] is not None:
        _check_monitor(args["monitor"], "monitor", loop, args, loss, registry, findings)
    for node in Schedule.of(args["optimizer"]).nodes:
        if node.monitored:
            _check_monitor(node.monitored, "optimizer", loop, args, loss, registry, findings)


def _check_monitor(
    monitor: str,
    port: str,
    loop: Node,
    args: dict[str, Any],
    loss: LossNode,
    registry: Registry,
    findings: Findings,
) -> None:
    val, wired = args["val_loader"], args["metrics"]
    has_val = val is not None and not (isinstance(val, Loader) and len(val) == 0)
    if not has_val and monitor.startswith("val_"):
        message = f"'{loop.label}' has no validation data, so it cannot monitor '{monitor}'."
        hint = "Wire a val_loader, or monitor train_loss."
        findings.say(loop, message, code="no_validation", port=port, hint=hint)
        return
    if not all(isinstance(metric, MetricNode) for metric in wired):
        return  # a node of another kind hands metrics on: which ones shows in the run
    measures = [
        "loss",
        *(metric_key(make()) for make in usual_metrics(loss, registry)),
        *map(metric_key, wired),
    ]
    known = [
        f"{part}_{name}"
        for part in (["train", "val"] if has_val else ["train"])
        for name in measures
    ]
    if monitor not in known:
        message = f"There is no metric '{monitor}' to monitor."
        findings.say(
            loop,
            message,
            code="no_metric",
            port=port,
            hint=f"This run measures {', '.join(known)}.",
        )


def _check_batches(
    loop: Node,
    model: ModelFacts,
    train: Any,
    choosers: Sequence[tuple[Node, set[str]]],
    findings: Findings,
) -> None:
    """BatchNorm has no variance in a batch of one row; a last such batch is joined to the one before."""
    loader = train if isinstance(train, Loader) else Loader(train)
    if loader.batch_size > 1 and len(loader) > 1:
        return
    layers = model.facts.layers
    step = next(
        (s for s in model.network.steps if s.node.id in layers and layers[s.node.id].over_batch),
        None,
    )
    if step is not None:
        message = f"'{step.node.label}' needs at least 2 rows in a batch, but batches have 1."
        place = _place("batch_size", choosers, loop)
        hint, edit = (
            "Raise batch_size, or add rows.",
            SetParam(node=place.id, param="batch_size", value=32),
        )
        fix = (
            Fix(label="Set batch_size to 32", edits=[edit])
            if place is not loop and len(loader) > 1
            else None
        )
        findings.say(place, message, code="batch_of_one", port="batch_size", hint=hint, fix=fix)


def _check_output(
    loop: Node, model: ModelFacts, train: Dataset, loss: LossNode, findings: Findings
) -> None:
    there, given = model.entries.columns, len(train.inputs)
    if not model.network.inputs and there != given:
        message = f"'{model.assembly.label}' is built for {there} input columns, but the training data has {given}."
        findings.say(
            loop, message, code="shape", port="train_loader", hint="Use the same columns for both."
        )
        return
    if model.facts.output is None:
        return
    classes = class_count(train) if loss.TARGET == "index" else None
    complaint = loss.mismatch(model.facts.output, classes, len(train.targets))
    if complaint:
        step = _culprit(model)
        wanted = classes if loss.TARGET == "index" else len(train.targets)
        port = _width(step) if not step.node.disabled else None
        if port:
            hint = f"Set {port} of '{step.node.label}' to {wanted}."
            edit = SetParam(node=step.node.id, param=port, value=wanted)
            fix = Fix(label=f"Set {port} to {wanted}", edits=[edit]) if wanted else None
        elif step.node.disabled:
            hint = f"Switch '{step.node.label}' on, or end the model with {wanted} value(s) per sample."
            fix = Fix(
                label=f"Switch '{step.node.label}' on",
                edits=[SetDisabled(node=step.node.id, disabled=False)],
            )
        else:
            hint, fix = f"End the model with a layer that gives {wanted} value(s) per sample.", None
        findings.say(step.node, f"{complaint}.", code="output_shape", port=port, hint=hint, fix=fix)
    elif not model.parameters:
        message = f"'{model.assembly.label}' has no parameters, so there is nothing to learn."
        findings.say(
            model.assembly,
            message,
            code="no_parameters",
            hint="Add a layer with weights, such as Linear.",
        )


def _width(step: Step) -> str | None:
    """The parameter that says how wide this layer's output is."""
    return next(
        (name for name in ("out_features", "out_channels") if name in step.cls.parameters()), None
    )


def _culprit(model: ModelFacts) -> Step:
    """The layer to change when the output does not fit: one that is off at the end, else the last with weights."""
    for step in reversed(model.network.steps):
        if step.node.disabled or model.facts.layers[step.node.id].parameters:
            return step
    return model.network.steps[-1]
