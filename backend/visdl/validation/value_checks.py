"""Values that are known to fail in a run: labels that no training row has, ids out of range."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

import numpy as np

from visdl.compiler.network import INPUT, Step
from visdl.datasets.dataset import Dataset
from visdl.datasets.encoding import Argument
from visdl.datasets.split import Loader
from visdl.models.diagnostics import Diagnostic, SetParam
from visdl.models.graph import Node
from visdl.validation.keyed import Keyed
from visdl.validation.model_checks import ModelFacts
from visdl.validation.training_setup import make_fix

_MOST_CELLS = 1_000_000  # of target columns that are read
_SIZE = "num_embeddings"


def unseen_label(
    node: Node, port: str, train: Loader, other: Loader, splitter: Node | None, ignored: str
) -> Iterator[Diagnostic]:
    """Yield an error where `other` has a label that no training row has.

    The class `ignored` does not count. Tables of over a million target values are not read, nor
    splits that vary with the run's seed.
    """
    if any(
        loader.vary_with_seed or loader.dataset.rows * len(train.dataset.targets) > _MOST_CELLS
        for loader in (train, other)
    ):
        return
    known = {label for labels in _labels(train, train.dataset).values() for label in labels}
    for name, labels in _labels(other, train.dataset).items():
        missing = sorted(labels.keys() - known - {ignored})
        if not missing:
            continue
        rows = labels[missing[0]]
        count = "1 row" if rows == 1 else f"{rows:,} rows"
        fix = None
        if splitter is not None and train.strategy == "random":
            edit = SetParam(node=splitter.id, param="strategy", value="stratified")
            fix = make_fix("Stratify the split", edit)
        yield Diagnostic(
            code="unseen_label",
            node=node.id,
            port=port,
            message=f"Label '{missing[0]}' of column '{name}' is in {count} here, but in no "
            "training row.",
            hint="Stratify the split, add training rows with this label, or remove these rows.",
            fix=fix,
        )
        return


def as_loader(data: Loader | Dataset) -> Loader:
    """Return a dataset as a loader of all its rows, and a loader unchanged."""
    return data if isinstance(data, Loader) else Loader(data)


def _labels(loader: Loader, like: Dataset) -> dict[str, dict[str, int]]:
    data = loader.dataset
    columns = tuple(name for name in like.targets if name in data.columns)
    key = (data.folder, data.record.sha256, columns, loader.rule, loader.part)
    return _count_labels(Keyed(key, (loader, columns)))


@lru_cache(maxsize=64)
def _count_labels(rows: Keyed[tuple[Loader, tuple[str, ...]]]) -> dict[str, dict[str, int]]:
    """Return how many rows of the loader have each label, by column."""
    loader, columns = rows.value
    found = {}
    for name in columns:
        codes, labels = loader.dataset.factorize(name, loader.rows)
        counts = np.bincount(codes, minlength=len(labels)).tolist()
        found[name] = dict(zip(labels, counts, strict=True))
    return found


def ids_out_of_range(model: ModelFacts, *tables: Dataset) -> Iterator[Diagnostic]:
    """Yield an error at each table of vectors whose ids go beyond it in one of these tables."""
    arguments = dict(
        zip((node.id for node in model.network.inputs), model.inputs.arguments, strict=False)
    )
    for step in model.network.steps:
        argument = _ids(step, model, arguments)
        size = step.node.params.get(_SIZE, _default_size(step))
        if argument is None or not isinstance(size, int):
            continue
        columns = [
            t.columns[name] for t in tables for name in argument.columns if name in t.columns
        ]
        low = min((c.min for c in columns if c.min is not None), default=0.0)
        high = max((c.max for c in columns if c.max is not None), default=0.0)
        if low >= 0 and high < size:
            continue
        name = next(c.name for c in columns if c.min == low or c.max == high)
        fix = None
        if low >= 0:
            edit = SetParam(node=step.node.id, param=_SIZE, value=int(high) + 1)
            fix = make_fix(f"Set {_SIZE} to {int(high) + 1:,}", edit)
        yield Diagnostic(
            code="id_out_of_range",
            node=step.node.id,
            port=_SIZE,
            message=f"'{step.node.label}' has vectors for the ids 0 to {size - 1:,}, but its ids "
            f"go from {low:g} to {high:g} (column '{name}').",
            hint="Raise num_embeddings, or number the ids from 0.",
            fix=fix,
        )


def _ids(step: Step, model: ModelFacts, arguments: dict[str, Argument]) -> Argument | None:
    """Return what a layer reads its ids from, if that is an input of the model."""
    if step.node.disabled or not getattr(step.cls, "IDS", False):
        return None
    source = next(step.sources(), None)
    if source is None:
        return None
    if source == INPUT and model.inputs.arguments:
        return model.inputs.arguments[0]
    return arguments.get(source.node or "")


def _default_size(step: Step) -> object:
    spec = step.cls.parameters().get(_SIZE)
    return spec.default if spec else None
