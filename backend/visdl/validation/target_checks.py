"""Checks of a training's targets: the values that the loss allows, and their scaling."""

from __future__ import annotations

import math

from visdl.datasets.checks import not_log1p
from visdl.datasets.dataset import Dataset
from visdl.datasets.split import Loader
from visdl.models.diagnostics import Fix, SetParam
from visdl.models.graph import Node
from visdl.nodes.contract.learning import LossNode
from visdl.nodes.contract.runtime_values import TrainingFacts
from visdl.validation.model_checks import dataset_of
from visdl.validation.report_builder import ReportBuilder

_CODE = "target_scaling"


def check_target_values(loss: LossNode, train: Dataset, node: Node, report: ReportBuilder) -> None:
    """Report targets outside the range that the loss allows."""
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
        allowed = (
            f"targets from {low:g} to {high:g}"
            if math.isfinite(high)
            else f"targets of at least {low:g}"
        )
        kind = type(loss).DISPLAY_NAME or type(loss).__name__
        message = (
            f"{kind} needs {allowed}, but '{name}' goes from {column.min:g} to {column.max:g}."
        )
        hint = (
            "Choose another column, or a loss that suits it, such as MSELoss or CrossEntropyLoss."
        )
        report.add(node, message, code="target_range", port="target_columns", hint=hint)


def check_target_scaling(
    loss: LossNode, facts: TrainingFacts, loop: Node, splitter: Node | None, report: ReportBuilder
) -> None:
    """Report a scaling that the loss or the values of a target do not allow.

    It is shown at the splitter that scales, else at the training loop.
    """
    train, node = facts.train, splitter or loop
    if not isinstance(train, Loader) or train.target_scaling == "none":
        return
    reason = loss.why_not_scaled(train.target_scaling)
    if reason is not None:
        hint = "Set target_scaling to none, or use a loss for amounts, such as MSELoss."
        fix = _set_scaling(splitter, "none", "Do not scale the target")
        report.add(node, f"{reason}.", code=_CODE, port=_CODE, hint=hint, fix=fix)
        return
    if train.target_scaling != "log1p":
        return
    tables = [train.dataset]
    val = dataset_of(facts.val)
    if val is not None and val.folder != train.dataset.folder:
        tables.append(val)
    for found in [each for table in tables for each in not_log1p(table, train.dataset.targets)]:
        fix = _set_scaling(splitter, "standardize", "Standardize the target")
        report.add(node, found.message, code=_CODE, port=_CODE, hint=found.hint, fix=fix)


def _set_scaling(node: Node | None, value: str, label: str) -> Fix | None:
    if node is None:
        return None
    return Fix(label=label, edits=[SetParam(node=node.id, param=_CODE, value=value)])
