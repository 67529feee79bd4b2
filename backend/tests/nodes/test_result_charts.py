"""What is drawn of an evaluation, compared with scikit-learn on the same predictions."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.metrics import confusion_matrix, precision_recall_fscore_support

from visdl.nodes import NodeRegistry
from visdl.nodes.contract.metrics.names import usual_metrics
from visdl.nodes.contract.result_charts import ResultCharts

from ..support.metrics import measure

ROWS = np.arange(101, 125)  # these rows of a table


@pytest.fixture
def random():
    return torch.Generator().manual_seed(3)


def drawn(output, target, loss, targets, labels, rows, size=7):
    """The charts over passes of a number of rows."""
    found = ResultCharts(target, loss, targets, labels, rows)
    for part in output.split(size):
        found.update(part)
    return found.compute()


def charts(loss, output, target, targets, labels=(), **params):
    node = NodeRegistry.get(loss).create(params)
    found = drawn(output, target, node, targets, labels, ROWS)
    assert found == drawn(output, target, node, targets, labels, ROWS, size=24)
    return found


@pytest.mark.parametrize("loss", ["BCEWithLogitsLoss", "MultiLabelSoftMarginLoss"])
def test_each_label_has_a_confusion_and_scores_of_its_own(random, loss):
    output = torch.randn(24, 3, generator=random)
    target = (torch.rand(24, 3, generator=random) > 0.6).float()
    found = charts(loss, output, target, ["wet", "cold", "dark"])
    assert (found["rows"], found["ignored"], found["classes"]) == (24, 0, ["0", "1"])
    assert "confusion" not in found
    assert [column["name"] for column in found["columns"]] == ["wet", "cold", "dark"]
    for index, column in enumerate(found["columns"]):
        truth, guess = target[:, index], output[:, index] > 0
        assert column["confusion"] == confusion_matrix(truth, guess).tolist()
        expected = precision_recall_fscore_support(truth, guess, average="binary")[:3]
        assert [column[key] for key in ("precision", "recall", "f1")] == pytest.approx(expected)


def test_mistakes_name_the_row_of_the_table_and_the_column(random):
    output = torch.randn(24, 3, generator=random)
    target = (torch.rand(24, 3, generator=random) > 0.5).float()
    mistakes = charts("BCEWithLogitsLoss", output, target, ["wet", "cold", "dark"])["mistakes"]
    assert len(mistakes) == 20
    for mistake in mistakes:
        at = mistake["row"] - 101, ["wet", "cold", "dark"].index(mistake["column"])
        p = output[at].sigmoid().item()
        assert mistake["true"] == f"{target[at].item():g}" != mistake["predicted"]
        assert mistake["confidence"] == pytest.approx(max(p, 1 - p))
    sure = [mistake["confidence"] for mistake in mistakes]
    assert sure == sorted(sure, reverse=True)


def test_columns_of_classes_have_a_confusion_each_and_one_together(random):
    output = torch.randn(24, 4, 5, generator=random)
    target = torch.randint(4, (24, 5), generator=random)
    found = charts("CrossEntropyLoss", output, target, list("vwxyz"), "abcd")
    guess = output.argmax(1)
    labels = range(4)
    assert found["rows"] == 24
    whole = confusion_matrix(target.flatten(), guess.flatten(), labels=labels)
    assert found["confusion"] == whole.tolist()
    for index, column in enumerate(found["columns"]):
        expected = confusion_matrix(target[:, index], guess[:, index], labels=labels)
        assert column == {"name": "vwxyz"[index], "confusion": expected.tolist()}
    assert {mistake["row"] for mistake in found["mistakes"]} <= set(range(101, 125))


@pytest.mark.parametrize("params", [{"ignore_index": 1}, {"weight": [1.0, 0.0, 2.0]}])
@pytest.mark.parametrize("columns", [(), (5,)])
def test_what_the_loss_ignores_counts_nowhere(random, params, columns):
    output = torch.randn(24, 3, *columns, generator=random)
    target = torch.randint(3, (24, *columns), generator=random)
    names = list("vwxyz")[: target[0].numel()]
    found = charts("CrossEntropyLoss", output, target, names, "abc", **params)
    kept, guess = target != 1, output.argmax(1)
    expected = confusion_matrix(target[kept], guess[kept], labels=range(3))
    assert found["confusion"] == expected.tolist()
    assert found["ignored"] == int((~kept).sum()) > 0
    assert found["rows"] == int(kept.reshape(24, -1).any(1).sum())
    assert all(mistake["true"] != "b" for mistake in found["mistakes"])
    node = NodeRegistry.get("CrossEntropyLoss").create(params)
    measured = measure(
        usual_metrics(node, NodeRegistry), node, zip(output.split(7), target.split(7), strict=True)
    )
    right = (guess == target)[kept].double().mean().item()
    assert measured == {"accuracy": pytest.approx(right)}


def test_a_metric_of_which_nothing_counts_is_missing():
    node = NodeRegistry.get("CrossEntropyLoss").create({"ignore_index": 1})
    ones = torch.ones(4, dtype=torch.int64)
    measured = measure(usual_metrics(node, NodeRegistry), node, [(torch.zeros(4, 3), ones)])
    assert np.isnan(measured["accuracy"])


def test_labels_of_minus_one_and_one_are_named_so(random):
    output = torch.randn(24, 1, generator=random)
    found = charts("SoftMarginLoss", output, output.roll(1, 0).sign(), ["side"])
    assert found["classes"] == ["-1", "1"]
    truth, guess = output.roll(1, 0)[:, 0] > 0, output[:, 0] > 0
    assert found["confusion"] == confusion_matrix(truth, guess).tolist()
    assert "columns" not in found


def test_numbers_are_drawn_in_the_targets_space():
    output = torch.tensor([[0.0], [1.0]])
    node = NodeRegistry.get("PoissonNLLLoss").create({})
    found = drawn(output, torch.tensor([[1.0], [3.0]]), node, ["calls"], (), [1, 2])
    assert found["predicted"] == [[1.0, pytest.approx(np.e)]]
    assert (found["true"], found["rows"]) == ([[1.0, 3.0]], 2)


@pytest.mark.parametrize("loss", ["MSELoss", "BCEWithLogitsLoss"])
def test_one_number_per_row_may_come_without_an_axis_of_its_own(loss):
    node = NodeRegistry.get(loss).create({})
    output, target = torch.tensor([2.0, -1.0, 3.0]), torch.tensor([1.0, 0.0, 0.0])
    flat, wide = (
        drawn(*values, node, ["y"], (), [1, 2, 3])
        for values in ((output, target), (output[:, None], target[:, None]))
    )
    assert flat == wide
