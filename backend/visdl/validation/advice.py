"""Advice before a run: warnings about trainings that run, but probably not as intended.

Each warning states the reason, and most of them offer a fix.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterator

from visdl.compiler.network import Source, Step
from visdl.models.diagnostics import Diagnostic, InsertNode, RemoveNode, ReplaceNode, SetParam
from visdl.nodes.contract.base import LayerNode
from visdl.nodes.contract.estimates import estimate
from visdl.validation.data_advice import (
    advise_on_inputs,
    advise_on_targets,
    advise_on_unused_columns,
)
from visdl.validation.duplicate_rows import advise_on_duplicates
from visdl.validation.leakage_advice import (
    advise_on_class_shares,
    advise_on_leakage,
    advise_on_omitted_text,
)
from visdl.validation.report_builder import ReportBuilder
from visdl.validation.training_setup import TrainingSetup, display_name, make_fix, warning

log = logging.getLogger(__name__)
_SMALL_BATCH = 8
_USUAL_BATCH = 32
_ACTIVATION = "ReLU"
_OUTPUT_KINDS = {
    "": "any numbers",
    "probabilities": "probabilities",
    "log_probabilities": "log-probabilities",
    "logits": "logits",
}


def advise(setup: TrainingSetup, report: ReportBuilder) -> None:
    """Add a warning for everything that is unusual about this training."""
    rules = (
        _output,
        _linear_pairs,
        _batch_norm,
        advise_on_inputs,
        advise_on_targets,
        _learning_rate,
        _unused_outputs,
        advise_on_unused_columns,
        advise_on_leakage,
        advise_on_omitted_text,
        advise_on_class_shares,
        advise_on_duplicates,
    )
    for rule in rules:
        advice: list[Diagnostic] = estimate(
            lambda rule=rule: list(rule(setup)),  # type: ignore[misc]
            [],
            log.warning,
            "A training has no advice on one point",
        )
        report.diagnostics.extend(advice)


def _output(setup: TrainingSetup) -> Iterator[Diagnostic]:
    """Warn of a last activation that the loss includes, or that it needs and is missing."""
    last, loss = setup.last, type(setup.loss)
    if last is None or not loss.WANTS or not issubclass(last.cls, LayerNode):
        return
    gives, label, kind = last.cls.GIVES, last.node.label, last.node.type
    if gives == loss.WANTS:
        return
    if loss.WANTS == "logits" and gives:
        message = (
            f"{display_name(loss)} includes the activation, but '{label}' is already a {kind}."
        )
        hint = "With both, gradients are small and training is slow. Remove the last activation."
        fix = make_fix(f"Remove '{label}'", RemoveNode(node=last.node.id))
        yield warning("activation_before_loss", last.node, message, hint, fix=fix)
    elif loss.WANTS != "logits":
        activation = loss.BEFORE
        needed, given = _OUTPUT_KINDS[loss.WANTS], _OUTPUT_KINDS[gives]
        message = f"{display_name(loss)} needs {needed}, but '{label}' outputs {given}."
        params = {"dim": 1} if "dim" in setup.registry.get(activation).parameters() else {}
        if gives:
            fix = make_fix(
                f"Replace it by {activation}",
                ReplaceNode(node=last.node.id, type=activation, params=dict(params)),
            )
        else:
            output = setup.model.network.output.output
            edit = InsertNode(
                after=last.node.id, output=output, type=activation, params=dict(params)
            )
            fix = make_fix(f"Add {activation} at the end", edit)
        yield warning(
            "activation_before_loss",
            last.node,
            message,
            f"End the model with {activation}.",
            fix=fix,
        )


def _linear_pairs(setup: TrainingSetup) -> Iterator[Diagnostic]:
    """Warn of two linear layers in a row: together they are only one linear map."""
    network, facts = setup.model.network, setup.model.facts
    readers = Counter(source for step in network.steps for source in step.sources())
    steps = {step.node.id: step for step in network.steps}
    for step in network.steps:
        first = steps.get(next(step.sources(), Source()).node or "")
        if (
            first is None
            or not (_is_linear(step) and _is_linear(first))
            or len(list(step.sources())) != 1
        ):
            continue
        source = next(step.sources())
        if readers[source] != 1 or source == network.output or not facts.layers.get(step.node.id):
            continue
        message = (
            f"'{first.node.label}' and '{step.node.label}' are linear layers in a row: "
            "together they can learn no more than one."
        )
        hint = "Insert an activation between them."
        edit = InsertNode(after=first.node.id, output=source.output, type=_ACTIVATION)
        yield warning(
            "linear_pair", step.node, message, hint, fix=make_fix(f"Insert {_ACTIVATION}", edit)
        )


def _is_linear(step: Step) -> bool:
    return issubclass(step.cls, LayerNode) and step.cls.IS_LINEAR and not step.node.disabled


def _batch_norm(setup: TrainingSetup) -> Iterator[Diagnostic]:
    """Warn of batch normalisation over so few rows that its statistics are mostly noise."""
    if setup.loader is None or not 1 < setup.loader.batch_size < _SMALL_BATCH:
        return
    layers = setup.model.facts.layers
    norm = next(
        (
            step.node
            for step in setup.model.network.steps
            if step.node.id in layers and layers[step.node.id].over_batch
        ),
        None,
    )
    data_node = setup.parameter_nodes.get("batch_size")
    if norm is not None and data_node is not None:
        size = setup.loader.batch_size
        message = (
            f"'{norm.label}' normalises over batches of only {size} rows, "
            "whose statistics are mostly noise."
        )
        fix = make_fix(
            f"Set batch_size to {_USUAL_BATCH}",
            SetParam(node=data_node.id, param="batch_size", value=_USUAL_BATCH),
        )
        yield warning(
            "small_batch",
            norm,
            message,
            "Use larger batches, GroupNorm or LayerNorm.",
            fix=fix,
        )


def _learning_rate(setup: TrainingSetup) -> Iterator[Diagnostic]:
    """Warn of a learning rate outside the usual range of the optimizer."""
    optimizer, node = setup.optimizer, setup.optimizer_node
    rate = getattr(optimizer, "lr", None)
    if optimizer is None or node is None or not isinstance(rate, float):
        return
    low, high = optimizer.USUAL_LR
    if low <= rate <= high:
        return
    usual = optimizer.parameters()["lr"].default
    effect = (
        "nothing is learned"
        if rate == 0
        else "training will be very slow"
        if rate < low
        else "training may diverge"
    )
    name = display_name(type(optimizer))
    message = f"A learning rate of {rate:g} is outside the usual range of {name}: {effect}."
    fix = make_fix(f"Set lr to {usual:g}", SetParam(node=node.id, param="lr", value=usual))
    yield warning(
        "learning_rate", node, message, f"Usual values: {low:g} to {high:g}.", port="lr", fix=fix
    )


def _unused_outputs(setup: TrainingSetup) -> Iterator[Diagnostic]:
    """Warn of outputs of a layer that nothing reads."""
    network = setup.model.network
    read = {source for step in network.steps for source in step.sources()} | {network.output}
    for step in network.steps:
        parts = step.outputs
        if not step.cls.OUTPUT_COUNT or (
            len(parts) <= 2 and step.cls.outputs().keys() >= {"indices"}
        ):
            continue
        unread = [name for name in parts if Source(step.node.id, name) not in read]
        if unread and not step.node.disabled:
            names = ", ".join(unread)
            yield warning(
                "unused_output",
                step.node,
                f"'{step.node.label}' has {len(parts)} outputs, but nothing reads {names}.",
                "Wire them, or lower the number of outputs.",
                port=unread[0],
            )
