"""Static checks of a training: whether its model, data, loss and optimizer fit together."""

from __future__ import annotations

import logging
import math
from collections.abc import Sequence
from typing import Any

import torch

from visdl.compiler.memory import (
    activation_bytes,
    checkpoint_bytes,
    data_bytes,
    lasting_bytes,
    training_bytes,
)
from visdl.compiler.network import Step
from visdl.datasets.checks import check_data
from visdl.datasets.dataset import Dataset
from visdl.datasets.split import Loader
from visdl.models.diagnostics import Fix, SetDisabled, SetParam
from visdl.models.graph import Node
from visdl.nodes.contract.estimates import estimate
from visdl.nodes.contract.learning import LossNode, MetricNode, Schedule
from visdl.nodes.contract.metrics.names import is_measured_on, measured_keys, usual_metrics
from visdl.nodes.contract.parameter_groups.optimizer_node import OptimizerNode
from visdl.nodes.contract.registry import Registry
from visdl.nodes.contract.runtime_values import TrainingFacts
from visdl.validation.duplicate_rows import repeated_rows
from visdl.validation.model_checks import (
    ModelFacts,
    class_count,
    dataset_of,
    frozen_share,
    state_per_parameter,
)
from visdl.validation.report_builder import ReportBuilder
from visdl.validation.target_checks import check_target_scaling, check_target_values
from visdl.validation.value_checks import as_loader, ids_out_of_range, unseen_label

log = logging.getLogger(__name__)


def check_training(
    loop: Node,
    args: dict[str, Any],
    registry: Registry,
    data_nodes: Sequence[tuple[Node, set[str]]],
    report: ReportBuilder,
) -> Any:
    """Report what does not fit in a training; return the facts of its result, or None.

    `data_nodes` are the nodes upstream of the training data with the names of their parameters, the
    nearest first: a diagnostic of the data is shown at the node where it can be fixed.
    """
    model, loss, train = args["model"], args["loss_fn"], dataset_of(args["train_loader"])
    before = len(report.diagnostics)
    if not isinstance(loss, LossNode) or train is None:
        return TrainingFacts(None, "float")
    ignored = str(getattr(loss, "ignore_index", ""))
    train_data, val_data = _data(args["train_loader"]), _data(args["val_loader"])
    facts = TrainingFacts(train, loss.TARGET, train_data, val_data, ignored)
    for found in check_data(train, loss.TARGET):
        report.add_all(_node_with(found.port or "", data_nodes, loop), [found])
    if (val := dataset_of(args["val_loader"])) is not None and val.record.id != train.record.id:
        report.add_all(loop, facts.check_data("val_loader", val))
    check_target_values(loss, train, _node_with("target_columns", data_nodes, loop), report)
    splitter = next((node for node, names in data_nodes if "target_scaling" in names), None)
    check_target_scaling(loss, facts, loop, splitter, report)
    _check_monitors(loop, args, loss, registry, report)
    if isinstance(model, ModelFacts):
        _check_batches(loop, model, args["train_loader"], data_nodes, report)
    _check_values(loop, args, facts, data_nodes, report)
    if isinstance(model, ModelFacts) and len(report.diagnostics) == before:
        _check_output(loop, model, train, loss, report)
    _check_schedule(loop, args, train, report)
    if isinstance(model, ModelFacts):
        report.device = _device(model.assembly)
        _estimate_sizes(model, args, train, report)
    failed = any(diagnostic.severity == "error" for diagnostic in report.diagnostics[before:])
    return None if failed else facts


def _check_values(
    loop: Node,
    args: dict[str, Any],
    facts: TrainingFacts,
    data_nodes: Sequence[tuple[Node, set[str]]],
    report: ReportBuilder,
) -> None:
    """Report labels that only validation has, and ids that a layer has no vector for."""
    train, val = facts.train, facts.val
    if any(found.severity == "error" for found in report.diagnostics):
        return
    if isinstance(args["model"], ModelFacts):
        tables = [data for data in map(dataset_of, (train, val)) if data is not None]
        report.diagnostics += ids_out_of_range(args["model"], *tables)
    if train is not None and val is not None:
        report.diagnostics += repeated_rows(loop, "val_loader", as_loader(train), as_loader(val))
    if facts.target == "index" and train is not None and val is not None:
        splitter = next((node for node, names in data_nodes if "strategy" in names), None)
        report.diagnostics += unseen_label(
            loop, "val_loader", as_loader(train), as_loader(val), splitter, facts.ignored
        )


def _data(value: Any) -> Loader | Dataset | None:
    """Return the data on a port, or None where there is none or it is known only at run time."""
    return value if isinstance(value, Loader | Dataset) else None


def _node_with(field: str, data_nodes: Sequence[tuple[Node, set[str]]], loop: Node) -> Node:
    """Return the data node that has this parameter, else the training loop."""
    return next((node for node, names in data_nodes if field in names), loop)


def _device(assembly: Node) -> str | None:
    """Return the device that the model asks for, or None."""
    device = assembly.params.get("device")
    return device if isinstance(device, str) and device != "auto" else None


def _estimate_sizes(
    model: ModelFacts, args: dict[str, Any], train: Dataset, report: ReportBuilder
) -> None:
    """Set how much memory and disk the training needs, as far as that can be estimated."""
    optimizer = args["optimizer"]
    report.totals.memory = estimate(
        lambda: _memory(model, args, train, report.device),
        None,
        log.warning,
        "The memory that a training needs is not known",
    )
    report.checkpoint, report.lasting = estimate(
        lambda: (_checkpoint(model, optimizer), _lasting(model, optimizer)),
        (None, None),
        log.warning,
        "The size of the optimizer's state is not known",
    )


def _memory(
    model: ModelFacts, args: dict[str, Any], train: Dataset, device: str | None
) -> int | None:
    """Return the bytes that a training needs on its device, or None before they are known."""
    optimizer, facts = Schedule.of(args["optimizer"]).optimizer, model.facts
    if facts.output is None or not isinstance(optimizer, OptimizerNode):
        return None
    loader = args["train_loader"]
    training = len(loader) if isinstance(loader, Loader) else train.rows
    batch = min(Loader(train).batch_size, training)
    if isinstance(loader, Loader):
        batch = min(loader.batch_size, training)
    shapes = {**model.inputs.shapes, **facts.shapes}
    activations = activation_bytes(
        model.network,
        shapes,
        lambda step: layer.kept if (layer := facts.layers.get(step.node.id)) else None,
        batch,
    )
    sizes = {"float32": 4, "int64": 8}
    row = sum(
        len(argument.columns) * sizes[argument.element] for argument in model.inputs.arguments
    )
    row += 8 * len(train.targets)
    val = _data(args["val_loader"])
    held_out = len(val) if isinstance(val, Loader) else val.rows if val is not None else 0
    data = data_bytes(row, train.rows, training, held_out, batch)
    outputs = training * math.prod(facts.output.features)
    saves = device == "cpu" or (device is None and not torch.cuda.is_available())
    kept = state_per_parameter(optimizer, model) - frozen_share(optimizer, model)
    return training_bytes(model.parameters, kept, activations, data, outputs, saves=saves)


def _lasting(model: ModelFacts, given: Any) -> tuple[int, Node] | None:
    """Return the bytes of weights, gradients and optimizer state, and the largest layer."""
    optimizer, layers = Schedule.of(given).optimizer, model.facts.layers
    if not isinstance(optimizer, OptimizerNode) or not model.parameters:
        return None
    steps = [step for step in model.network.steps if step.node.id in layers]
    heaviest = max(steps, key=lambda step: layers[step.node.id].parameters, default=None)
    kept = state_per_parameter(optimizer, model) - frozen_share(optimizer, model)
    return None if heaviest is None else (lasting_bytes(model.parameters, kept), heaviest.node)


def _checkpoint(model: ModelFacts, given: Any) -> int | None:
    optimizer = Schedule.of(given).optimizer
    if not isinstance(optimizer, OptimizerNode):
        return None
    return checkpoint_bytes(model.parameters, state_per_parameter(optimizer, model))


def _check_schedule(
    loop: Node, args: dict[str, Any], train: Dataset, report: ReportBuilder
) -> None:
    """Warn of a learning rate that is 0 before the training ends."""
    loader = args["train_loader"]
    loader = loader if isinstance(loader, Loader) else Loader(train)
    batches = math.ceil(len(loader) / loader.batch_size)
    for node in Schedule.of(args["optimizer"]).nodes:
        unit = "steps" if node.interval == "step" else "epochs"
        length = args["epochs"] * (batches if unit == "steps" else 1)
        end = node.zero_from()
        if end is not None and end < length:
            name = type(node).DISPLAY_NAME or type(node).__name__
            message = (
                f"{name} ends at a learning rate of 0 after {end:,} of {length:,} {unit}: "
                "nothing is learned in the others."
            )
            hint = "Make its total_iters as long as the training, or let it end above 0."
            report.add(
                loop,
                message,
                code="learning_rate",
                port="optimizer",
                hint=hint,
                severity="warning",
            )


def _check_monitors(
    loop: Node,
    args: dict[str, Any],
    loss: LossNode,
    registry: Registry,
    report: ReportBuilder,
) -> None:
    """Report monitored metrics that are not measured, where something depends on them."""
    if args["keep"] == "best" or args["patience"] is not None:
        _check_monitor(args["monitor"], "monitor", loop, args, loss, registry, report)
    for node in Schedule.of(args["optimizer"]).nodes:
        if node.monitored:
            _check_monitor(node.monitored, "optimizer", loop, args, loss, registry, report)


def _check_monitor(
    monitor: str,
    port: str,
    loop: Node,
    args: dict[str, Any],
    loss: LossNode,
    registry: Registry,
    report: ReportBuilder,
) -> None:
    val, wired = args["val_loader"], args["metrics"]
    has_val = val is not None and not (isinstance(val, Loader) and len(val) == 0)
    if not has_val and is_measured_on("val", monitor):
        message = f"'{loop.label}' has no validation data, so it cannot monitor '{monitor}'."
        hint = "Wire a val_loader, or monitor train_loss."
        report.add(loop, message, code="no_validation", port=port, hint=hint)
        return
    if not all(isinstance(metric, MetricNode) for metric in wired):
        return  # another kind of node: its metrics are known only at run time
    metrics = [*(make() for make in usual_metrics(loss, registry)), *wired]
    known = measured_keys(("train", "val") if has_val else ("train",), metrics)
    if monitor not in known:
        message = f"There is no metric '{monitor}' to monitor."
        report.add(
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
    data_nodes: Sequence[tuple[Node, set[str]]],
    report: ReportBuilder,
) -> None:
    """Report BatchNorm with one row per batch, whose variance is undefined.

    A last batch of one row does not count: it is joined to the one before.
    """
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
        node = _node_with("batch_size", data_nodes, loop)
        hint, edit = (
            "Raise batch_size, or add rows.",
            SetParam(node=node.id, param="batch_size", value=32),
        )
        fix = (
            Fix(label="Set batch_size to 32", edits=[edit])
            if node is not loop and len(loader) > 1
            else None
        )
        report.add(node, message, code="batch_of_one", port="batch_size", hint=hint, fix=fix)


def _check_output(
    loop: Node, model: ModelFacts, train: Dataset, loss: LossNode, report: ReportBuilder
) -> None:
    expected, given = model.inputs.columns, len(train.inputs)
    if not model.network.inputs and expected != given:
        message = (
            f"'{model.assembly.label}' is built for {expected} input columns, "
            f"but the training data has {given}."
        )
        report.add(
            loop, message, code="shape", port="train_loader", hint="Use the same columns for both."
        )
        return
    if model.facts.output is None:
        return
    classes = class_count(train) if loss.TARGET == "index" else None
    reason = loss.why_not(model.facts.output, classes, len(train.targets))
    if reason:
        size = classes if loss.TARGET == "index" else len(train.targets)
        step = _layer_to_change(model)
        if step is None:
            hint = "Insert a layer, such as Linear, before it."
            report.add(model.assembly, f"{reason}.", code="output_shape", port="layers", hint=hint)
        else:
            _report_output(step, reason, size, report)
    elif not model.parameters:
        message = f"'{model.assembly.label}' has no parameters, so there is nothing to learn."
        hint = "Add a layer with weights, such as Linear."
        report.add(model.assembly, message, code="no_parameters", hint=hint)


def _report_output(step: Step, reason: str, size: int | None, report: ReportBuilder) -> None:
    """Report an output that does not fit the loss at the layer to change, with a fix."""
    label, fix = step.node.label, None
    port = _width(step) if not step.node.disabled else None
    if port:
        hint = f"Set {port} of '{label}' to {size}."
        edit = SetParam(node=step.node.id, param=port, value=size)
        fix = Fix(label=f"Set {port} to {size}", edits=[edit]) if size else None
    elif step.node.disabled:
        hint = f"Switch '{label}' on, or end the model with {size} value(s) per sample."
        switch = SetDisabled(node=step.node.id, disabled=False)
        fix = Fix(label=f"Switch '{label}' on", edits=[switch])
    else:
        hint = f"End the model with a layer that gives {size} value(s) per sample."
    report.add(step.node, f"{reason}.", code="output_shape", port=port, hint=hint, fix=fix)


def _width(step: Step) -> str | None:
    """Return the parameter that sets the width of this layer's output, or None."""
    return next(
        (name for name in ("out_features", "out_channels") if name in step.cls.parameters()), None
    )


def _layer_to_change(model: ModelFacts) -> Step | None:
    """Return the layer to change when the output does not fit, or None in a model without layers.

    It is the last one that has weights or is switched off.
    """
    for step in reversed(model.network.steps):
        if step.node.disabled or model.facts.layers[step.node.id].parameters:
            return step
    return next(reversed(model.network.steps), None)
