"""Metrics over unequal batches, against scikit-learn and scipy over all rows."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from scipy import stats
from sklearn import metrics as sk

from visdl.nodes import MetricNode, NodeRegistry
from visdl.nodes.contract.metrics import running

from ..support.metrics import measure
from .rows import names_of

ROWS = 200
BATCHES = [40, 7, 80, 1, 33, 39]
AVERAGES = ["macro", "micro", "weighted"]


def measured(metric, loss, output, target, of_loss=None, **params):
    """The value of a metric over batches, whose rows are measured in groups of at least 20."""
    node, loss = NodeRegistry.get(metric), NodeRegistry.get(loss).create(of_loss or {})
    sizes = BATCHES if len(target) == ROWS else len(target)
    batches = zip(output.split(sizes), target.split(sizes), strict=True)
    [value] = measure([lambda: node.create(params)], loss, batches).values()
    return value


@pytest.fixture(autouse=True)
def small_groups(monkeypatch):
    monkeypatch.setattr(running, "_GROUP_ROWS", 20)


@pytest.fixture
def random():
    return torch.Generator().manual_seed(5)


@pytest.fixture
def classes(random):
    """Logits of 4 classes (rows, 4), and labels that often follow them."""
    output = torch.randn(ROWS, 4, generator=random)
    other = torch.randint(4, (ROWS,), generator=random)
    return output, torch.where(torch.rand(ROWS, generator=random) > 0.5, output.argmax(1), other)


@pytest.fixture
def labels(random):
    """Logits and 0 or 1 of 3 labels, (rows, 3) each."""
    output = torch.randn(ROWS, 3, generator=random)
    noise = torch.randn(ROWS, 3, generator=random)
    return output, (output + noise > 0.3).float()


@pytest.fixture
def numbers(random):
    """Predictions and targets above 0 of 2 columns, (rows, 2) each."""
    target = torch.rand(ROWS, 2, generator=random) * 3 + 0.5
    return target + 0.5 * torch.randn(ROWS, 2, generator=random), target


BY_AVERAGE = {
    "Precision": lambda y, p, a: sk.precision_score(y, p, average=a),
    "Recall": lambda y, p, a: sk.recall_score(y, p, average=a),
    "F1Score": lambda y, p, a: sk.f1_score(y, p, average=a),
    "FBetaScore": lambda y, p, a: sk.fbeta_score(y, p, beta=2, average=a),
    "JaccardIndex": lambda y, p, a: sk.jaccard_score(y, p, average=a),
}
OF_CLASSES = {
    "Accuracy": lambda y, s: sk.accuracy_score(y, s.argmax(1)),
    "BalancedAccuracy": lambda y, s: sk.balanced_accuracy_score(y, s.argmax(1)),
    "MatthewsCorrCoef": lambda y, s: sk.matthews_corrcoef(y, s.argmax(1)),
    "CohenKappa": lambda y, s: sk.cohen_kappa_score(y, s.argmax(1)),
    "AUROC": lambda y, s: sk.roc_auc_score(y, s, multi_class="ovr"),
    "AveragePrecision": lambda y, s: sk.average_precision_score(np.eye(4)[y], s),
    "Perplexity": lambda y, s: math.exp(sk.log_loss(y, s)),
    "Specificity": lambda y, s: np.mean(
        [sk.recall_score(y != c, s.argmax(1) != c) for c in range(4)]
    ),
}
OF_LABELS = {
    "BinaryAccuracy": lambda y, s: sk.accuracy_score(y, s > 0.5),
    "MatthewsCorrCoef": lambda y, s: sk.matthews_corrcoef(y, s > 0.5),
    "CohenKappa": lambda y, s: sk.cohen_kappa_score(y, s > 0.5),
    "BalancedAccuracy": lambda y, s: sk.balanced_accuracy_score(y, s > 0.5),
    "AUROC": sk.roc_auc_score,
    "AveragePrecision": sk.average_precision_score,
    "HammingDistance": lambda y, s: sk.hamming_loss(y, s > 0.5),
    "Specificity": lambda y, s: sk.recall_score(1 - y, s <= 0.5),
    "Precision": lambda y, s: sk.precision_score(y, s > 0.5),
    "JaccardIndex": lambda y, s: sk.jaccard_score(y, s > 0.5),
}
OF_NUMBERS = {
    "MeanSquaredError": sk.mean_squared_error,
    "MeanAbsoluteError": sk.mean_absolute_error,
    "R2Score": sk.r2_score,
    "RootMeanSquaredError": lambda y, p: sk.root_mean_squared_error(y.ravel(), p.ravel()),
    "MeanAbsolutePercentageError": sk.mean_absolute_percentage_error,
    "SymmetricMeanAbsolutePercentageError": lambda y, p: np.mean(
        2 * abs(p - y) / (abs(p) + abs(y))
    ),
    "WeightedMeanAbsolutePercentageError": lambda y, p: abs(p - y).sum() / abs(y).sum(),
    "LogCoshError": lambda y, p: np.log(np.cosh(p - y)).mean(),
    "ExplainedVariance": sk.explained_variance_score,
    "PearsonCorrCoef": lambda y, p: np.mean([np.corrcoef(y[:, i], p[:, i])[0, 1] for i in (0, 1)]),
    "SpearmanCorrCoef": lambda y, p: np.mean(
        [stats.spearmanr(y[:, i], p[:, i]).statistic for i in (0, 1)]
    ),
    "ConcordanceCorrCoef": lambda y, p: np.mean([concordance(y[:, i], p[:, i]) for i in (0, 1)]),
}


def concordance(y, p):
    shift = (p.mean() - y.mean()) ** 2
    return 2 * np.cov(y, p)[0, 1] / (y.var(ddof=1) + p.var(ddof=1) + shift)


def test_every_metric_of_the_catalogue_is_compared():
    compared = {*BY_AVERAGE, *OF_CLASSES, *OF_LABELS, *OF_NUMBERS}
    assert set(names_of(MetricNode)) == {*compared, "CalibrationError", "TopKAccuracy"}


@pytest.mark.parametrize("average", AVERAGES)
@pytest.mark.parametrize("name", BY_AVERAGE)
def test_averages_over_classes(name, average, classes):
    output, target = classes
    expected = BY_AVERAGE[name](target, output.argmax(1), average)
    found = measured(name, "CrossEntropyLoss", output, target, average=average)
    assert found == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("average", AVERAGES)
@pytest.mark.parametrize("name", BY_AVERAGE)
def test_averages_over_labels(name, average, labels):
    output, target = labels
    expected = BY_AVERAGE[name](target, output > 0, average)
    found = measured(name, "BCEWithLogitsLoss", output, target, average=average)
    assert found == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("name", OF_CLASSES)
def test_metrics_of_classes(name, classes):
    output, target = classes
    scores = output.double().softmax(1).numpy()
    found = measured(name, "CrossEntropyLoss", output.double(), target)
    assert found == pytest.approx(OF_CLASSES[name](target.numpy(), scores), rel=1e-5)


@pytest.mark.parametrize("name", OF_LABELS)
def test_metrics_of_one_label_and_the_mean_over_several(name, labels):
    output, target = labels
    scores, truth = output.sigmoid().numpy(), target.numpy()
    each = [OF_LABELS[name](truth[:, i], scores[:, i]) for i in range(3)]
    found = measured(name, "BCEWithLogitsLoss", output, target)
    assert found == pytest.approx(np.mean(each), abs=1e-6)
    one = measured(name, "BCEWithLogitsLoss", output[:, :1], target[:, :1])
    assert one == pytest.approx(each[0], abs=1e-6)
    signs = measured(name, "SoftMarginLoss", output[:, :1], target[:, :1] * 2 - 1)
    assert signs == pytest.approx(each[0], abs=1e-6)


@pytest.mark.parametrize("name", OF_NUMBERS)
def test_metrics_of_numbers(name, numbers):
    output, target = numbers
    found = measured(name, "MSELoss", output, target)
    y, p = target.double().numpy(), output.double().numpy()
    assert found == pytest.approx(OF_NUMBERS[name](y, p), rel=1e-5)
    column = measured(name, "MSELoss", output[:, :1], target[:, :1])
    twice = [np.repeat(each[:, :1], 2, axis=1) for each in (y, p)]
    assert column == pytest.approx(OF_NUMBERS[name](*twice), rel=1e-5)


def test_metrics_of_counts_compare_rates(numbers):
    output, target = numbers
    found = measured("RootMeanSquaredError", "PoissonNLLLoss", output, target.exp())
    y, p = target.double().exp().numpy(), output.exp().double().numpy()
    assert found == pytest.approx(sk.root_mean_squared_error(y.ravel(), p.ravel()), rel=1e-5)


@pytest.mark.parametrize("k", [1, 2, 3])
def test_top_k_accuracy(k, classes):
    output, target = classes
    expected = sk.top_k_accuracy_score(target, output, k=k)
    found = measured("TopKAccuracy", "CrossEntropyLoss", output, target, k=k)
    assert found == pytest.approx(expected)


def test_top_k_accuracy_of_fewer_classes_than_k_is_1(classes):
    assert measured("TopKAccuracy", "CrossEntropyLoss", *classes, k=9) == 1


def test_calibration_error_is_the_gap_of_confidence_and_accuracy(classes):
    output, target = classes
    confidence, guess = output.softmax(1).max(1)
    bins = (confidence * 10).ceil()
    gaps = [
        float((bins == b).double().mean())
        * abs(float((guess == target)[bins == b].double().mean() - confidence[bins == b].mean()))
        for b in bins.unique()
    ]
    found = measured("CalibrationError", "CrossEntropyLoss", output, target, n_bins=10)
    assert found == pytest.approx(sum(gaps), rel=1e-5)


def test_scores_at_several_positions_count_each(random):
    output = torch.randn(ROWS, 4, 5, generator=random)
    target = torch.randint(4, (ROWS, 5), generator=random)
    flat, truth = output.movedim(1, -1).reshape(-1, 4), target.flatten()
    for name in ("F1Score", "Perplexity", "BalancedAccuracy", "TopKAccuracy", "AUROC"):
        whole = measured(name, "CrossEntropyLoss", output, target)
        assert whole == pytest.approx(measured(name, "CrossEntropyLoss", flat, truth), rel=1e-6)


def test_a_number_of_thresholds_approximates_the_area(labels):
    exact = measured("AUROC", "BCEWithLogitsLoss", *labels)
    binned = measured("AUROC", "BCEWithLogitsLoss", *labels, thresholds=200)
    assert exact != binned == pytest.approx(exact, abs=0.01)


#: Where a class has no targets, scikit-learn and the definition leave it out of the mean.
OF_PRESENT = {
    **OF_CLASSES,
    "AUROC": lambda y, s: np.mean([sk.roc_auc_score(y == c, s[:, c]) for c in np.unique(y)]),
    "AveragePrecision": lambda y, s: np.mean(
        [sk.average_precision_score(y == c, s[:, c]) for c in np.unique(y)]
    ),
    "Perplexity": lambda y, s: math.exp(-np.log(s[np.arange(len(y)), y]).mean()),
}


@pytest.mark.filterwarnings("ignore:y_pred contains classes not in y_true")
@pytest.mark.filterwarnings("ignore:Recall is ill-defined")
@pytest.mark.parametrize("name", [*OF_PRESENT, *BY_AVERAGE])
def test_what_the_loss_ignores_has_no_share_in_a_metric(name, classes):
    output, target = classes
    found = measured(name, "CrossEntropyLoss", output.double(), target, {"ignore_index": 2})
    y, s = target[target != 2].numpy(), output.double().softmax(1)[target != 2].numpy()
    if name in BY_AVERAGE:
        expected = BY_AVERAGE[name](y, s.argmax(1), "macro")
    else:
        expected = OF_PRESENT[name](y, s)
    assert found == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("average", ["macro", "weighted"])
@pytest.mark.parametrize("name", ["AUROC", "AveragePrecision"])
def test_a_class_without_targets_has_no_area(name, average, classes, labels):
    output, target = classes
    target = torch.where(target == 3, 0, target)
    y, s = target.numpy(), output.double().softmax(1).numpy()
    area = {"AUROC": sk.roc_auc_score, "AveragePrecision": sk.average_precision_score}[name]
    weights = np.bincount(y) if average == "weighted" else None
    expected = np.average([area(y == c, s[:, c]) for c in range(3)], weights=weights)
    found = measured(name, "CrossEntropyLoss", output.double(), target, average=average)
    assert found == pytest.approx(expected, rel=1e-6)
    binned = measured(
        name, "CrossEntropyLoss", output.double(), target, average=average, thresholds=300
    )
    assert binned == pytest.approx(expected, abs=0.01)
    output, target = labels
    target = target * torch.tensor([1.0, 1.0, 0.0])
    several = measured(name, "BCEWithLogitsLoss", output, target, average=average)
    known = measured(name, "BCEWithLogitsLoss", output[:, :2], target[:, :2], average=average)
    assert several == pytest.approx(known)


@pytest.mark.parametrize("thresholds", [None, 20])
def test_targets_of_one_class_have_no_area_under_the_curve(labels, thresholds):
    output = labels[0][:, :1]
    for target in (torch.zeros(ROWS, 1), torch.ones(ROWS, 1)):
        of = ("BCEWithLogitsLoss", output, target)
        assert math.isnan(measured("AUROC", *of, thresholds=thresholds))
        precision = measured("AveragePrecision", *of, thresholds=thresholds)
        assert math.isnan(precision) if target.sum() == 0 else precision == pytest.approx(1)
        recall = ((output > 0) == (target > 0)).double().mean().item()
        assert measured("BalancedAccuracy", *of) == pytest.approx(recall)


def test_equal_values_have_no_rank_and_no_concordance(numbers):
    output, target = numbers
    for pair in ((output * 0, target), (output, target * 0 + 3)):
        assert math.isnan(measured("SpearmanCorrCoef", "MSELoss", *pair))
        assert measured("ConcordanceCorrCoef", "MSELoss", *pair) == 0


def test_perplexity_is_the_exponential_of_the_loss_also_of_a_class_that_was_excluded(classes):
    output, target = classes
    output = output * 100  # probabilities below the smallest float32
    expected = torch.nn.functional.cross_entropy(output.double(), target).exp().item()
    for loss, given in (("CrossEntropyLoss", output), ("NLLLoss", output.log_softmax(1))):
        assert measured("Perplexity", loss, given, target) == pytest.approx(expected, rel=1e-4)


def test_perplexity_continues_from_the_state_of_an_earlier_version(classes):
    output, target = classes
    cls = NodeRegistry.get("Perplexity")
    whole, rest = cls.create({}), cls.create({})
    rest.load_state_dict(
        {
            "example": [output[:1], target[:1]],
            "narrowed": False,
            "metrics": [
                {
                    "total_log_probs": -output[:90].log_softmax(1)[range(90), target[:90]].sum(),
                    "count": torch.tensor(90),
                }
            ],
        }
    )
    rest.update(output[90:].softmax(1), target[90:])
    whole.update(output.softmax(1), target)
    assert rest.compute() == pytest.approx(whole.compute(), rel=1e-5)
