"""Metrics that accumulate: any grouping of batches, and a checkpoint between two of them."""

from __future__ import annotations

import io
import math
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from visdl.nodes import MetricNode, NodeRegistry
from visdl.nodes.contract.metrics import running
from visdl.nodes.contract.metrics.running import RunningMetrics

ROWS = 150
CPU = torch.device("cpu")
METRICS = [n for n in NodeRegistry.names() if issubclass(NodeRegistry.get(n), MetricNode)]
LOSSES = {
    "": ["MSELoss"],
    "float": ["MSELoss"],
    "index": ["CrossEntropyLoss"],
    "binary": ["BCEWithLogitsLoss"],
    "classes": ["CrossEntropyLoss", "BCEWithLogitsLoss"],
}
CASES = [(name, loss) for name in METRICS for loss in LOSSES[NodeRegistry.get(name).MEASURES]]


def epoch(loss: str) -> tuple[Tensor, Tensor]:
    """Outputs of a model and targets of an epoch, (rows, …)."""
    random = torch.Generator().manual_seed(3)
    if loss == "CrossEntropyLoss":
        return torch.randn(ROWS, 4, generator=random), torch.randint(4, (ROWS,), generator=random)
    output = torch.randn(ROWS, 3, generator=random)
    if loss == "BCEWithLogitsLoss":
        return output, (torch.rand(ROWS, 3, generator=random) > 0.5).float()
    return output + 5, torch.rand(ROWS, 3, generator=random) * 10 + 0.5


def running_one(metric: str, loss: str) -> RunningMetrics:
    cls, node = NodeRegistry.get(metric), NodeRegistry.get(loss).create({})
    return RunningMetrics([lambda: cls.create({})], node, CPU)


def measured(metric: str, loss: str, size: int) -> float:
    """The value over batches of `size` rows, each measured on its own."""
    metrics = running_one(metric, loss)
    for batch in zip(*(each.split(size) for each in epoch(loss)), strict=True):
        metrics.update(*batch)
    [value] = metrics.compute().values()
    return value


def through_a_file(state: dict[str, Any]) -> dict[str, Any]:
    file = io.BytesIO()
    torch.save(state, file)
    file.seek(0)
    loaded: dict[str, Any] = torch.load(file, weights_only=True)
    return loaded


@pytest.fixture(autouse=True)
def small_groups(monkeypatch):
    monkeypatch.setattr(running, "_GROUP_ROWS", 1)


@pytest.mark.parametrize(("metric", "loss"), CASES)
def test_the_size_of_batches_changes_no_value(metric, loss):
    whole = measured(metric, loss, ROWS)
    for size in (1, 7, 64):
        assert measured(metric, loss, size) == pytest.approx(whole, rel=1e-12, abs=1e-12)


@pytest.mark.parametrize("group", [1, 50])
@pytest.mark.parametrize(("metric", "loss"), CASES)
def test_a_checkpoint_between_two_batches_changes_no_bit(metric, loss, group, monkeypatch):
    monkeypatch.setattr(running, "_GROUP_ROWS", group)
    batches = list(zip(*(each.split(16) for each in epoch(loss)), strict=True))
    straight, first = running_one(metric, loss), running_one(metric, loss)
    for batch in batches:
        straight.update(*batch)
    for batch in batches[:5]:
        first.update(*batch)
    then = running_one(metric, loss)
    then.load_state_dict(through_a_file(first.state_dict()))
    for batch in batches[5:]:
        then.update(*batch)
    last = running_one(metric, loss)
    last.load_state_dict(through_a_file(then.state_dict()))  # after the last batch
    assert last.missing == []
    assert last.compute() == straight.compute()


@pytest.mark.parametrize(("metric", "loss"), CASES)
def test_a_state_does_not_grow_unless_its_help_states_it(metric, loss):
    few, many = running_one(metric, loss), running_one(metric, loss)
    output, target = epoch(loss)
    few.update(output[:20], target[:20])
    for batch in zip(output.split(20), target.split(20), strict=True):
        many.update(*batch)
    sizes = []
    for each in (few, many):
        file = io.BytesIO()
        torch.save(each.state_dict(), file)
        sizes.append(file.getbuffer().nbytes)
    catalogue = NodeRegistry.get(metric).describe(metric)
    texts = [catalogue.description, *(p.description for p in catalogue.inputs.values())]
    keeps_all = any("keeps all" in text or "keeps every" in text for text in texts)
    assert (sizes[1] > sizes[0] + 500) == keeps_all


def test_values_of_an_epoch_are_kept_in_the_smallest_type():
    output, target = epoch("CrossEntropyLoss")
    area = running_one("AUROC", "CrossEntropyLoss")
    area.update(output, target)
    [state] = area.state_dict()["metrics"]["auroc"]["metrics"]
    assert [state["preds"][0].dtype, state["target"][0].dtype] == [torch.float32, torch.uint8]
    ranks = running_one("SpearmanCorrCoef", "MSELoss")
    ranks.update(*epoch("MSELoss"))
    [state] = ranks.state_dict()["metrics"]["spearman"]["metrics"]
    assert {part.dtype for parts in state.values() for part in parts} == {torch.float32}


class Median(MetricNode):
    """Keeps what no checkpoint can hold."""

    def __init__(self) -> None:
        self.values = np.empty(0)

    def update(self, prediction: Tensor, target: Tensor) -> None:
        self.values = np.append(self.values, (prediction - target).abs().numpy())

    def compute(self) -> float:
        return float(np.median(self.values))


class SavedMedian(Median):
    """Defines how a checkpoint holds it."""

    def state_dict(self) -> dict[str, Any]:
        return {"values": torch.from_numpy(self.values)}

    def load_state_dict(self, state: Any) -> None:
        self.values = state["values"].numpy()


@pytest.mark.parametrize("cls", [Median, SavedMedian])
def test_a_metric_of_a_node_file_continues_or_is_missing(cls):
    node = NodeRegistry.get("MSELoss").create({})
    made = [lambda: cls.create({}), lambda: NodeRegistry.get("MeanAbsoluteError").create({})]
    first, then = RunningMetrics(made, node, CPU), RunningMetrics(made, node, CPU)
    output, target = epoch("MSELoss")
    first.update(output[:70], target[:70])
    then.load_state_dict(through_a_file(first.state_dict()))
    then.update(output[70:], target[70:])
    values, name = then.compute(), cls.__name__.lower()
    assert values["mae"] == pytest.approx((output.double() - target).abs().mean().item())
    if cls is Median:
        assert then.missing == [name]
        assert math.isnan(values[name])
    else:
        assert then.missing == []
        assert values[name] == np.median((output - target).abs().numpy())


def test_large_outputs_are_measured_as_they_come(monkeypatch):
    monkeypatch.setattr(running, "_GROUP_ROWS", 10_000)
    monkeypatch.setattr(running, "GROUP_VALUES", 100)
    metrics = running_one("Accuracy", "CrossEntropyLoss")
    output, target = epoch("CrossEntropyLoss")
    for batch in zip(output.split(10), target.split(10), strict=True):
        metrics.update(*batch)
        [*waiting] = metrics.state_dict()["waiting"]
        assert sum(part.numel() for part, _ in waiting) < 100
