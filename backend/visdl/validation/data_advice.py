"""Advice on the data of a training: its inputs, its targets and its columns."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from visdl.models.datasets import Column
from visdl.models.diagnostics import Diagnostic, Fix, ReplaceNode, SetParam
from visdl.validation.training_setup import TrainingSetup, display_name, make_fix, warning

_LARGE = 50.0  # initial weights suit inputs around 1, not beyond this
_LARGE_TARGET = 100.0
_FEW_CLASSES = 10
_CLASS_LOSS, _NUMBER_LOSS = "CrossEntropyLoss", "MSELoss"


def advise_on_inputs(setup: TrainingSetup) -> Iterator[Diagnostic]:
    """Warn of large inputs, which make training slow or let it diverge."""
    if setup.loader is not None and setup.loader.scaling != "none":
        return
    names = [
        name
        for argument in setup.model.inputs.arguments
        if argument.element == "float32"
        for name in argument.columns
    ]
    name = next((name for name in names if _size(setup.train.columns[name]) > _LARGE), None)
    if name is None or _normalised_first(setup):
        return
    column, data_node = setup.train.columns[name], setup.parameter_nodes.get("scaling")
    message = (
        f"Input '{name}' ranges from {column.min:g} to {column.max:g}; "
        "networks learn best from values around 1."
    )
    hint = "Scale the inputs. The scaling is fitted on the training rows and stored with the run."
    fix = None
    if data_node is not None:
        fix = make_fix(
            "Standardize the inputs",
            SetParam(node=data_node.id, param="scaling", value="standardize"),
        )
    yield warning(
        "unscaled_inputs",
        data_node or setup.loop,
        message,
        hint,
        port="scaling" if data_node else None,
        fix=fix,
    )


def _size(column: Column) -> float:
    return max(abs(column.min or 0.0), abs(column.max or 0.0))


def _normalised_first(setup: TrainingSetup) -> bool:
    """Return whether every layer that reads the inputs normalises them."""
    sources = set(setup.model.network.sources)
    first = [step for step in setup.model.network.steps if sources & set(step.sources())]
    layers = setup.model.facts.layers
    return all(step.node.id in layers and layers[step.node.id].over_batch for step in first)


def advise_on_targets(setup: TrainingSetup) -> Iterator[Diagnostic]:
    """Warn of a loss that hardly suits the target, and of large targets."""
    columns = [
        setup.train.columns[name] for name in setup.train.targets if name in setup.train.columns
    ]
    if setup.loss.TARGET == "index":
        yield from _class_targets(setup, columns)
    elif any(math.isfinite(end) for end in setup.loss.RANGE):
        yield from _bounded_targets(setup, columns)
    else:
        yield from _number_targets(setup, columns)


def _class_targets(setup: TrainingSetup, columns: Sequence[Column]) -> Iterator[Diagnostic]:
    """Warn of a loss for classes where the target looks like amounts."""
    column = next((column for column in columns if _is_quantity(column, setup.train.rows)), None)
    if column is not None:
        count, kind = column.distinct or "over 1,000", display_name(type(setup.loss))
        yield warning(
            "loss_suits",
            setup.loss_node,
            f"Target '{column.name}' has {count} distinct whole numbers, which {kind} treats as "
            "classes.",
            "If they are amounts, use a loss for numbers.",
            fix=_replace(setup, _NUMBER_LOSS),
        )


def _bounded_targets(setup: TrainingSetup, columns: Sequence[Column]) -> Iterator[Diagnostic]:
    """Warn of zeros where the loss needs targets of −1 and 1."""
    if setup.loss.RANGE[0] == -1 and any(column.min == 0 for column in columns):
        yield warning(
            "loss_suits",
            setup.loss_node,
            f"{display_name(type(setup.loss))} needs targets of −1 and 1, but there are zeros.",
            "Use BCEWithLogitsLoss for targets of 0 and 1.",
        )


def _number_targets(setup: TrainingSetup, columns: Sequence[Column]) -> Iterator[Diagnostic]:
    """Warn of a loss for numbers where the target looks like classes, and of large targets."""
    few = next((column for column in columns if _is_categorical(column)), None)
    if few is not None and len(columns) == 1 and setup.train.rows > 3 * _FEW_CLASSES:
        yield warning(
            "loss_suits",
            setup.loss_node,
            f"Target '{few.name}' has only {few.distinct} distinct whole numbers, "
            f"which {display_name(type(setup.loss))} treats as amounts.",
            "If they are classes, use a loss for classes, with one output for each.",
            fix=_replace(setup, _CLASS_LOSS),
        )
        return
    large = next((column for column in columns if _size(column) > _LARGE_TARGET), None)
    if large is not None and (setup.loader is None or setup.loader.target_scaling == "none"):
        yield _large_target(setup, large)


def _large_target(setup: TrainingSetup, column: Column) -> Diagnostic:
    message = (
        f"Target '{column.name}' ranges from {column.min:g} to {column.max:g}: "
        "the first losses will be very large."
    )
    splitter = setup.parameter_nodes.get("target_scaling")
    if splitter is None or setup.loss.why_not_scaled("standardize") is not None:
        return warning(
            "unscaled_target",
            setup.parameter_nodes.get("target_columns", setup.loop),
            message,
            "Use more epochs and a larger learning rate, or scale the column.",
            port="target_columns",
        )
    return warning(
        "unscaled_target",
        splitter,
        message,
        "Scale the target. Metrics and predictions stay in its own units.",
        port="target_scaling",
        fix=make_fix(
            "Standardize the target",
            SetParam(node=splitter.id, param="target_scaling", value="standardize"),
        ),
    )


def _is_categorical(column: Column) -> bool:
    return column.dtype in ("int", "bool") and 2 <= (column.distinct or 0) <= _FEW_CLASSES


def _is_quantity(column: Column, rows: int) -> bool:
    if column.dtype != "int":
        return False
    return column.distinct is None or (column.distinct > 50 and column.distinct > rows / 20)


def _replace(setup: TrainingSetup, type_name: str) -> Fix | None:
    if setup.registry.find(type_name) is None:
        return None
    return make_fix(f"Use {type_name}", ReplaceNode(node=setup.loss_node.id, type=type_name))


def advise_on_unused_columns(setup: TrainingSetup) -> Iterator[Diagnostic]:
    """Warn of input columns that no Input node reads."""
    if not setup.model.network.inputs:
        return
    columns = {name for argument in setup.model.inputs.arguments for name in argument.columns}
    unused = [name for name in setup.train.inputs if name not in columns]
    if unused:
        names = ", ".join(unused[:5]) + (" and others" if len(unused) > 5 else "")
        kind = "column" if len(unused) == 1 else "columns"
        yield warning(
            "unused_columns",
            setup.parameter_nodes.get("input_columns", setup.loop),
            f"No Input node reads the {kind} {names}.",
            "Add them to an Input node, or exclude them from the data.",
            port="input_columns",
        )
