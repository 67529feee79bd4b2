"""Advice before a run: what will work, but hardly as it is meant. Each with the reason, most with a remedy."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from visdl.compiler.network import Source, Step
from visdl.datasets.dataset import Dataset
from visdl.datasets.split import Loader
from visdl.models.datasets import Column
from visdl.models.diagnostics import (
    Diagnostic,
    Fix,
    GraphEdit,
    InsertNode,
    RemoveNode,
    ReplaceNode,
    SetParam,
)
from visdl.models.graph import Node
from visdl.nodes.contract.base import LayerNode
from visdl.nodes.contract.learning import LossNode, OptimizerNode
from visdl.nodes.contract.registry import Registry
from visdl.validation.findings import Findings
from visdl.validation.model_checks import ModelFacts

_LARGE = 50.0  # inputs beyond this are far from what weights are made for at the start
_LARGE_TARGET = 100.0
_SMALL_BATCH = 8
_USUAL_BATCH = 32
_FEW_CLASSES = 10
_FOR_CLASSES, _FOR_NUMBERS, _ACTIVATION = "CrossEntropyLoss", "MSELoss", "ReLU"
_WORDS = {
    "": "any numbers",
    "probabilities": "probabilities",
    "log_probabilities": "log-probabilities",
    "logits": "logits",
}


@dataclass(frozen=True)
class Scene:
    """A training with the nodes that its parts come from."""

    loop: Node
    model: ModelFacts
    train: Dataset
    loader: Loader | None
    loss: LossNode
    loss_node: Node
    optimizer: OptimizerNode | None
    optimizer_node: Node | None
    choosers: Mapping[str, Node]  # by parameter: the nearest data node that has it
    registry: Registry

    @property
    def last(self) -> Step | None:
        """The layer that gives the model's output, past those that are switched off."""
        steps = {step.node.id: step for step in self.model.network.steps}
        step = steps.get(self.model.network.output.node or "")
        while step is not None and step.node.disabled:
            first = next(step.sources(), None)
            step = steps.get(first.node or "") if first else None
        return step


def advise(scene: Scene, findings: Findings) -> None:
    """Add a warning for everything that is unusual about this training."""
    for rule in (_output, _linear_pairs, _batch_norm, _inputs, _targets, _learning_rate, _unused):
        findings.diagnostics.extend(rule(scene))


def _warning(
    code: str, node: Node, message: str, hint: str, port: str | None = None, fix: Fix | None = None
) -> Diagnostic:
    return Diagnostic(
        code=code, severity="warning", node=node.id, port=port, message=message, hint=hint, fix=fix
    )


def _fix(label: str, *edits: GraphEdit) -> Fix:
    return Fix(label=label, edits=list(edits))


def _name(cls: type[Any]) -> str:
    return cls.DISPLAY_NAME or cls.__name__


def _output(scene: Scene) -> Iterator[Diagnostic]:
    """A last activation that the loss applies by itself, or one that the loss needs and does not get."""
    last, loss = scene.last, type(scene.loss)
    if last is None or not loss.WANTS or not issubclass(last.cls, LayerNode):
        return
    gives, label, kind = last.cls.GIVES, last.node.label, last.node.type
    if gives == loss.WANTS:
        return
    if loss.WANTS == "logits" and gives:
        message = f"{_name(loss)} makes probabilities of the outputs itself, but '{label}' is a {kind} already."
        hint = "With both, gradients are small and training is slow: end the model with the layer before."
        fix = _fix(f"Remove '{label}'", RemoveNode(node=last.node.id))
        yield _warning("activation_before_loss", last.node, message, hint, fix=fix)
    elif loss.WANTS != "logits":
        wanted = loss.BEFORE
        message = f"{_name(loss)} needs {_WORDS[loss.WANTS]}, but '{label}' gives {_WORDS[gives]}."
        params = {"dim": 1} if "dim" in scene.registry.get(wanted).parameters() else {}
        if gives:
            fix = _fix(
                f"Make it a {wanted}",
                ReplaceNode(node=last.node.id, type=wanted, params=dict(params)),
            )
        else:
            output = scene.model.network.output.output
            edit = InsertNode(after=last.node.id, output=output, type=wanted, params=dict(params))
            fix = _fix(f"Add a {wanted} at the end", edit)
        yield _warning(
            "activation_before_loss", last.node, message, f"End the model with a {wanted}.", fix=fix
        )


def _linear_pairs(scene: Scene) -> Iterator[Diagnostic]:
    """Two linear maps with nothing between are one."""
    network, facts = scene.model.network, scene.model.facts
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
        message = f"'{first.node.label}' and '{step.node.label}' are linear with nothing between: together they are one."
        hint = "An activation between them lets the network learn more than a single layer."
        edit = InsertNode(after=first.node.id, output=source.output, type=_ACTIVATION)
        yield _warning(
            "linear_pair", step.node, message, hint, fix=_fix(f"Put a {_ACTIVATION} between", edit)
        )


def _is_linear(step: Step) -> bool:
    return issubclass(step.cls, LayerNode) and step.cls.IS_LINEAR and not step.node.disabled


def _batch_norm(scene: Scene) -> Iterator[Diagnostic]:
    """Statistics of a few rows are mostly noise."""
    if scene.loader is None or not 1 < scene.loader.batch_size < _SMALL_BATCH:
        return
    layers = scene.model.facts.layers
    over = next(
        (
            s
            for s in scene.model.network.steps
            if s.node.id in layers and layers[s.node.id].over_batch
        ),
        None,
    )
    place = scene.choosers.get("batch_size")
    if over is not None and place is not None:
        size = scene.loader.batch_size
        message = f"'{over.node.label}' normalises over batches of only {size} rows: their statistics are mostly noise."
        fix = _fix(
            f"Set batch_size to {_USUAL_BATCH}",
            SetParam(node=place.id, param="batch_size", value=_USUAL_BATCH),
        )
        yield _warning(
            "small_batch",
            over.node,
            message,
            "Use larger batches, GroupNorm or LayerNorm.",
            fix=fix,
        )


def _inputs(scene: Scene) -> Iterator[Diagnostic]:
    """Inputs of very different or large sizes make training slow, or end in infinities."""
    if scene.loader is not None and scene.loader.scaling != "none":
        return
    names = [n for a in scene.model.entries.arguments if a.element == "float32" for n in a.columns]
    name = next((n for n in names if _size(scene.train.columns[n]) > _LARGE), None)
    if name is None or _normalised_first(scene):
        return
    column, place = scene.train.columns[name], scene.choosers.get("scaling")
    message = f"Input '{name}' goes from {column.min:g} to {column.max:g}: networks learn best from values around 1."
    hint = "Scale the inputs; the scaling is fitted on the training rows and kept with the run."
    fix = None
    if place is not None:
        fix = _fix(
            "Standardize the inputs", SetParam(node=place.id, param="scaling", value="standardize")
        )
    yield _warning(
        "unscaled_inputs",
        place or scene.loop,
        message,
        hint,
        port="scaling" if place else None,
        fix=fix,
    )


def _size(column: Column) -> float:
    return max(abs(column.min or 0.0), abs(column.max or 0.0))


def _normalised_first(scene: Scene) -> bool:
    """Whether all that reads the inputs normalises them."""
    entries = set(scene.model.network.sources)
    first = [step for step in scene.model.network.steps if entries & set(step.sources())]
    layers = scene.model.facts.layers
    return all(s.node.id in layers and layers[s.node.id].over_batch for s in first)


def _targets(scene: Scene) -> Iterator[Diagnostic]:
    """A loss that hardly suits what the target holds, and targets of large numbers."""
    place = scene.choosers.get("target_columns", scene.loop)
    kind = _name(type(scene.loss))
    columns = [
        scene.train.columns[name] for name in scene.train.targets if name in scene.train.columns
    ]
    if scene.loss.TARGET == "index":
        many = next((c for c in columns if _is_quantity(c, scene.train.rows)), None)
        if many is not None:
            message = f"Target '{many.name}' has {many.distinct or 'over 1,000'} different whole numbers for {kind}."
            hint = "If they are amounts rather than classes, use a loss for numbers."
            yield _warning(
                "loss_suits", scene.loss_node, message, hint, fix=_replace(scene, _FOR_NUMBERS)
            )
        return
    if any(math.isfinite(end) for end in scene.loss.RANGE):
        if scene.loss.RANGE[0] == -1 and any(column.min == 0 for column in columns):
            message = f"{kind} is for targets of −1 and 1, but there are zeros."
            yield _warning(
                "loss_suits",
                scene.loss_node,
                message,
                "Use BCEWithLogitsLoss for targets of 0 and 1.",
            )
        return
    few = next(
        (
            c
            for c in columns
            if c.dtype in ("int", "bool") and 2 <= (c.distinct or 0) <= _FEW_CLASSES
        ),
        None,
    )
    if few is not None and len(columns) == 1 and scene.train.rows > 3 * _FEW_CLASSES:
        message = f"Target '{few.name}' has only {few.distinct} different whole numbers, but {kind} is for amounts."
        hint = "If they are classes, use a loss for classes, with one output for each."
        yield _warning(
            "loss_suits", scene.loss_node, message, hint, fix=_replace(scene, _FOR_CLASSES)
        )
        return
    large = next((c for c in columns if _size(c) > _LARGE_TARGET), None)
    if large is not None:
        message = f"Target '{large.name}' goes from {large.min:g} to {large.max:g}: the first losses will be huge."
        hint = "Scale the column in the file, or give the training more epochs and a larger learning rate."
        yield _warning("unscaled_target", place, message, hint, port="target_columns")


def _is_quantity(column: Column, rows: int) -> bool:
    if column.dtype != "int":
        return False
    return column.distinct is None or (column.distinct > 50 and column.distinct > rows / 20)


def _replace(scene: Scene, type_name: str) -> Fix | None:
    if scene.registry.find(type_name) is None:
        return None
    return _fix(f"Use {type_name}", ReplaceNode(node=scene.loss_node.id, type=type_name))


def _learning_rate(scene: Scene) -> Iterator[Diagnostic]:
    optimizer, node = scene.optimizer, scene.optimizer_node
    rate = getattr(optimizer, "lr", None)
    if optimizer is None or node is None or not isinstance(rate, float):
        return
    low, high = optimizer.USUAL_LR
    if low <= rate <= high:
        return
    usual = optimizer.parameters()["lr"].default
    what = (
        "nothing is learned"
        if rate == 0
        else "learning will be very slow"
        if rate < low
        else "it may diverge"
    )
    message = f"A learning rate of {rate:g} is out of the usual range of {_name(type(optimizer))}: {what}."
    fix = _fix(f"Set lr to {usual:g}", SetParam(node=node.id, param="lr", value=usual))
    yield _warning(
        "learning_rate", node, message, f"Usual values: {low:g} to {high:g}.", port="lr", fix=fix
    )


def _unused(scene: Scene) -> Iterator[Diagnostic]:
    """Parts that a layer cuts and nobody reads, and columns that no Input reads."""
    network = scene.model.network
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
            message = f"'{step.node.label}' cuts {len(parts)} parts, but nothing reads {names}."
            yield _warning(
                "unused_output",
                step.node,
                message,
                "Wire them, or cut fewer parts.",
                port=unread[0],
            )
    if not network.inputs:
        return
    columns = {name for argument in scene.model.entries.arguments for name in argument.columns}
    left = [name for name in scene.train.inputs if name not in columns]
    if left:
        names = ", ".join(left[:5]) + (" and others" if len(left) > 5 else "")
        place = scene.choosers.get("input_columns", scene.loop)
        message = (
            f"No Input node reads the column {names}."
            if len(left) == 1
            else f"No Input reads {names}."
        )
        hint = "Add them to an Input, or leave them out of the data."
        yield _warning("unused_columns", place, message, hint, port="input_columns")
