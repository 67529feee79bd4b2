"""Whether a test is one: its rows are neither trained on nor validated on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from visdl.datasets.dataset import Dataset
from visdl.datasets.split import Loader
from visdl.models.diagnostics import Connect, Diagnostic, Fix, SetParam
from visdl.models.graph import Node
from visdl.nodes.contract.runtime_values import TrainingFacts
from visdl.validation.duplicate_rows import repeated_rows
from visdl.validation.training_setup import make_fix, warning
from visdl.validation.value_checks import as_loader, unseen_label

_TEST_RATIO = 0.2
_FEW_ROWS = 30
_RATIO, _OUTPUT = "test_ratio", "test_loader"


@dataclass(frozen=True)
class Evaluation:
    """A node that measures a trained model on data.

    Attributes:
        node: The node.
        port: Its port for the data.
        facts: What is known of the training.
        data: The data of the port.
        source: The node that the data comes from.
        splitter: The node that holds out rows of the training's table, or None.
    """

    node: Node
    port: str
    facts: TrainingFacts
    data: Loader
    source: Node
    splitter: Node | None

    @classmethod
    def find(
        cls, node: Node, args: Mapping[str, Any], sources: Mapping[str, Node], splitter: Node | None
    ) -> Evaluation | None:
        """Return the evaluation that a node does with these values on its ports, or None."""
        facts = next((v for v in args.values() if isinstance(v, TrainingFacts)), None)
        for port, value in args.items():
            if facts is not None and port in sources and isinstance(value, Loader | Dataset):
                return cls(node, port, facts, as_loader(value), sources[port], splitter)
        return None


def advise_on_evaluation(evaluation: Evaluation) -> list[Diagnostic]:
    """Return an error for a test without rows, and a warning for one on rows already used."""
    if len(evaluation.data) == 0:
        return [_no_rows(evaluation)]
    advice = _unseen_labels(evaluation) or _used_rows(evaluation) or _repeated_rows(evaluation)
    if not advice and len(evaluation.data) < _FEW_ROWS:
        advice = [_few_rows(evaluation)]
    return advice


def _no_rows(evaluation: Evaluation) -> Diagnostic:
    ratio = f"{evaluation.data.part}_ratio"
    edit = SetParam(node=evaluation.source.id, param=ratio, value=_TEST_RATIO)
    return Diagnostic(
        code="no_test_rows",
        node=evaluation.node.id,
        port=evaluation.port,
        message=f"'{evaluation.node.label}' has no rows to measure on: {ratio} of "
        f"'{evaluation.source.label}' is 0.",
        hint=f"Set {ratio} above 0.",
        fix=make_fix(f"Set {ratio} to {_TEST_RATIO:g}", edit),
    )


def _unseen_labels(evaluation: Evaluation) -> list[Diagnostic]:
    """Return an error for classes that only the rows of the test have."""
    facts = evaluation.facts
    if facts.target != "index" or facts.train is None:
        return []
    train, splitter = as_loader(facts.train), evaluation.splitter
    return list(
        unseen_label(
            evaluation.node, evaluation.port, train, evaluation.data, splitter, facts.ignored
        )
    )


def _repeated_rows(evaluation: Evaluation) -> list[Diagnostic]:
    """Return a warning where rows of the test, from another table, equal a training row."""
    if evaluation.facts.train is None:
        return []
    train = as_loader(evaluation.facts.train)
    return repeated_rows(evaluation.node, evaluation.port, train, evaluation.data)


def _used_rows(evaluation: Evaluation) -> list[Diagnostic]:
    """Return a warning where rows of the test were trained on, or else validated on."""
    rows, facts = len(evaluation.data), evaluation.facts
    for used, code, what in (
        (facts.train, "tested_on_training_rows", "rows that were trained on"),
        (facts.val, "tested_on_validation_rows", "the validation rows"),
    ):
        shared = 0 if used is None else shared_rows(as_loader(used), evaluation.data)
        if shared:
            count = "all" if shared == rows else f"{shared:,}"
            message = (
                f"'{evaluation.node.label}' measures on {what} ({count} of its {rows:,} rows), "
                "so its result is not a test."
            )
            hint, fix = _hint(evaluation), _fix(evaluation)
            return [warning(code, evaluation.node, message, hint, evaluation.port, fix)]
    return []


def _few_rows(evaluation: Evaluation) -> Diagnostic:
    rows = len(evaluation.data)
    message = (
        f"'{evaluation.node.label}' measures on only {rows} row{'' if rows == 1 else 's'}: "
        f"one row changes an accuracy by {1 / rows:.3f}."
    )
    hint = "Hold out more rows, or average several folds or seeds of the split."
    return warning("few_test_rows", evaluation.node, message, hint, evaluation.port)


def shared_rows(one: Loader, other: Loader) -> int:
    """Return how many rows two loaders have in common, by their number in the same table."""
    if one.dataset.record.sha256 != other.dataset.record.sha256:
        return 0
    if one.part is None or other.part is None:
        return min(len(one), len(other))
    if one.rule == other.rule:
        return len(one) if one.part == other.part else 0
    return len(np.intersect1d(one.rows, other.rows, assume_unique=True))


def _hint(evaluation: Evaluation) -> str:
    if evaluation.splitter is None:
        return "Evaluate on a file that the training does not use, or split the data."
    name = evaluation.splitter.label
    return f"Hold out rows with {_RATIO} of '{name}', and wire its {_OUTPUT} here."


def _fix(evaluation: Evaluation) -> Fix | None:
    splitter, node = evaluation.splitter, evaluation.node
    if splitter is None or "/" in splitter.id or "/" in node.id:
        return None  # a wire cannot leave a block
    wire = Connect(node=node.id, port=evaluation.port, source=splitter.id, output=_OUTPUT)
    if splitter.params.get(_RATIO):
        return make_fix("Test on the test rows", wire)
    ratio = SetParam(node=splitter.id, param=_RATIO, value=_TEST_RATIO)
    return make_fix(f"Hold out {_TEST_RATIO:.0%} for the test", ratio, wire)


__all__ = ["Evaluation", "advise_on_evaluation", "shared_rows"]
