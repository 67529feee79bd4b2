"""The metrics of torchmetrics that compare one prediction with one target."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, ClassVar

import torch
from torch import Tensor

from visdl.nodes import LossNode, MetricNode, NodeRegistry, Param
from visdl.nodes.contract.metrics.torch_metric import (
    AveragedMetric,
    ClassMetric,
    CurveMetric,
    NumberMetric,
    TorchMetric,
    by_row,
)
from visdl.nodes.contract.metrics.torchmetrics_import import (
    Metric,
    classification,
    regression,
)


@NodeRegistry.register("Precision")
class Precision(AveragedMetric, family="Precision"):
    """Share of the predictions of a class that are right."""

    KEY = "precision"
    FORMULA = "TP / (TP + FP)"


@NodeRegistry.register("Recall")
class Recall(AveragedMetric, family="Recall"):
    """Share of a class that is found; also called sensitivity."""

    KEY = "recall"
    FORMULA = "TP / (TP + FN)"


@NodeRegistry.register("F1Score")
class F1Score(AveragedMetric, family="F1Score"):
    """Harmonic mean of precision and recall."""

    DISPLAY_NAME = "F1 Score"
    KEY = "f1"
    FORMULA = "2 TP / (2 TP + FP + FN)"


@NodeRegistry.register("FBetaScore")
class FBetaScore(AveragedMetric, family="FBetaScore", defaults={"beta": 2.0}):
    """Weighted harmonic mean of precision and recall."""

    DISPLAY_NAME = "F-beta Score"
    KEY = "fbeta"
    FORMULA = "(1 + β²) TP / ((1 + β²) TP + β² FN + FP)"


@NodeRegistry.register("Specificity")
class Specificity(AveragedMetric, family="Specificity"):
    """Share of what is not of a class that is predicted so."""

    KEY = "specificity"
    FORMULA = "TN / (TN + FP)"


@NodeRegistry.register("JaccardIndex")
class JaccardIndex(AveragedMetric, family="JaccardIndex"):
    """Intersection over union of predicted and true members of a class."""

    DISPLAY_NAME = "Jaccard Index (IoU)"
    KEY = "jaccard"
    FORMULA = "TP / (TP + FP + FN)"


@NodeRegistry.register("HammingDistance")
class HammingDistance(AveragedMetric, family="HammingDistance"):
    """Share of wrong decisions."""

    DISPLAY_NAME = "Hamming Distance"
    KEY = "hamming"
    FORMULA = "mean(ŷ ≠ y)"


@NodeRegistry.register("MatthewsCorrCoef")
class MatthewsCorrCoef(ClassMetric, family="MatthewsCorrCoef", one_each=True):
    """Correlation of predicted and true classes: fair to classes of any size."""

    DISPLAY_NAME = "Matthews Correlation"
    KEY = "mcc"
    FORMULA = "(TP TN − FP FN) / √((TP + FP)(TP + FN)(TN + FP)(TN + FN))"


@NodeRegistry.register("CohenKappa")
class CohenKappa(ClassMetric, family="CohenKappa"):
    """Agreement of predicted and true classes beyond chance."""

    DISPLAY_NAME = "Cohen's Kappa"
    KEY = "cohen_kappa"
    FORMULA = "(p − pₑ) / (1 − pₑ), pₑ the agreement by chance"


@NodeRegistry.register("CalibrationError")
class CalibrationError(ClassMetric, family="CalibrationError"):
    """Gap between confidence and accuracy over bins of confidence; keeps all of an epoch."""

    DISPLAY_NAME = "Calibration Error"
    KEY = "calibration_error"
    FORMULA = "Σ share(bin) |accuracy(bin) − confidence(bin)|"


@NodeRegistry.register("AUROC")
class AUROC(CurveMetric, family="AUROC"):
    """Area under the ROC curve: how often a 1 gets a higher score than a 0."""

    KEY = "auroc"
    FORMULA = "P(ŷ₁ > ŷ₀)"
    NEEDS_OTHERS = True


@NodeRegistry.register("AveragePrecision")
class AveragePrecision(CurveMetric, family="AveragePrecision"):
    """Area under the curve of precision over recall."""

    DISPLAY_NAME = "Average Precision"
    KEY = "average_precision"
    FORMULA = "Σ (Rₙ − Rₙ₋₁) Pₙ"


@NodeRegistry.register("BalancedAccuracy")
class BalancedAccuracy(TorchMetric):
    """Mean recall of the classes that have targets, so that each counts the same."""

    DISPLAY_NAME = "Balanced Accuracy"
    KEY = "balanced_accuracy"
    MEASURES = "classes"
    FORMULA = "mean over classes of TP / (TP + FN)"

    def _make(self, prediction: Tensor, target: Tensor) -> list[Metric]:
        if not target.is_floating_point():
            return [classification.MulticlassStatScores(prediction.shape[1], average="none")]
        return [
            classification.MulticlassStatScores(2, average="none")
            for _ in range(by_row(target).shape[1])
        ]

    def _update(self, metrics: list[Metric], prediction: Tensor, target: Tensor) -> None:
        """Measure class scores, or each label as a choice of two classes."""
        if not target.is_floating_point():
            metrics[0].update(prediction, target)
            return
        guesses = by_row(self.probabilities(prediction) > 0.5).long().unbind(1)
        truths = by_row(target > 0.5).long().unbind(1)
        for metric, guess, truth in zip(metrics, guesses, truths, strict=True):
            metric.update(guess, truth)

    def _value(self, metric: Metric) -> Tensor:
        """Return the mean recall; a class without targets has none, as in scikit-learn."""
        counts: Tensor = metric.compute().double()
        right, _, _, _, targets = counts.unbind(1)  # (classes,) each
        return (right / targets)[targets > 0].mean()


@NodeRegistry.register("TopKAccuracy")
class TopKAccuracy(TorchMetric):
    """Share of samples whose class is among the k highest scores."""

    DISPLAY_NAME = "Top-k Accuracy"
    KEY = "top_k_accuracy"
    MEASURES = "index"
    FORMULA = "mean(y ∈ top-k ŷ)"

    k: int = Param(5, min=1, max=10_000, description="How many of the highest scores count")

    def _make(self, prediction: Tensor, target: Tensor) -> list[Metric]:
        classes = prediction.shape[1]
        return [
            classification.MulticlassAccuracy(classes, top_k=min(self.k, classes), average="micro")
        ]

    def _update(self, metrics: list[Metric], prediction: Tensor, target: Tensor) -> None:
        metrics[0].update(prediction, target)


@NodeRegistry.register("Perplexity")
class Perplexity(MetricNode):
    """Exponential of the mean cross entropy: how many classes a prediction hesitates between."""

    KEY = "perplexity"
    MEASURES = "index"
    DIRECTION = "minimize"
    FORMULA = "exp(−mean(log p(y)))"
    READS_OUTPUTS = True  # the logarithm of a logit's probability is exact, however small that is

    def __init__(self) -> None:
        self._sum: Tensor | float = 0.0
        self._seen = 0

    def update(self, prediction: Tensor, target: Tensor) -> None:
        logs = self._log_probabilities(prediction.double()).gather(1, target.unsqueeze(1))
        self._sum = self._sum - logs.sum()
        self._seen += target.numel()

    def compute(self) -> float:
        return float(torch.as_tensor(self._sum / self._seen).exp())

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Continue from a state; earlier versions kept that of torchmetrics."""
        if "metrics" in state:
            [known] = state["metrics"]
            state = {"_sum": known["total_log_probs"], "_seen": int(known["count"])}
        super().load_state_dict(state)

    def _log_probabilities(self, output: Tensor) -> Tensor:
        """Return the logarithms of the predictions that the loss makes of outputs."""
        if self.loss is None or type(self.loss).predictions is not LossNode.predictions:
            return (output if self.loss is None else self.loss.predictions(output)).log()
        if self.loss.link == "softmax":
            return output.log_softmax(1)
        return output if self.loss.link == "exp" else self.loss.predictions(output).log()


@NodeRegistry.register("RootMeanSquaredError")
class RootMeanSquaredError(NumberMetric):
    """Root of the mean squared error, in the target's units."""

    DISPLAY_NAME = "Root Mean Squared Error"
    KEY = "rmse"
    DIRECTION = "minimize"
    FORMULA = "√mean((ŷ − y)²)"
    CLASS = regression.MeanSquaredError
    FIXED: ClassVar[dict[str, object]] = {"squared": False, "num_outputs": 1}

    def _update(self, metrics: list[Metric], prediction: Tensor, target: Tensor) -> None:
        super()._update(metrics, prediction.reshape(-1, 1), target.reshape(-1, 1))


@NodeRegistry.register("MeanAbsolutePercentageError")
class MeanAbsolutePercentageError(NumberMetric, of=regression.MeanAbsolutePercentageError):
    """Mean absolute error relative to the target; large for targets near 0."""

    DISPLAY_NAME = "Mean Absolute Percentage Error"
    KEY = "mape"
    FORMULA = "mean(|ŷ − y| / |y|)"


@NodeRegistry.register("SymmetricMeanAbsolutePercentageError")
class SymmetricMeanAbsolutePercentageError(
    NumberMetric, of=regression.SymmetricMeanAbsolutePercentageError
):
    """Mean absolute error relative to the mean size of prediction and target."""

    DISPLAY_NAME = "Symmetric Mean Absolute Percentage Error"
    KEY = "smape"
    FORMULA = "mean(2 |ŷ − y| / (|ŷ| + |y|))"


@NodeRegistry.register("WeightedMeanAbsolutePercentageError")
class WeightedMeanAbsolutePercentageError(
    NumberMetric, of=regression.WeightedMeanAbsolutePercentageError
):
    """Sum of absolute errors relative to the sum of absolute targets."""

    DISPLAY_NAME = "Weighted Mean Absolute Percentage Error"
    KEY = "wmape"
    FORMULA = "Σ|ŷ − y| / Σ|y|"


@NodeRegistry.register("LogCoshError")
class LogCoshError(NumberMetric, of=regression.LogCoshError):
    """Mean log-cosh of the error: squared near 0, absolute far from it."""

    DISPLAY_NAME = "Log-Cosh Error"
    KEY = "log_cosh"
    FORMULA = "mean(log cosh(ŷ − y))"


@NodeRegistry.register("ExplainedVariance")
class ExplainedVariance(NumberMetric, of=regression.ExplainedVariance):
    """Explained share of the variance, whatever the bias."""

    DISPLAY_NAME = "Explained Variance"
    KEY = "explained_variance"
    FORMULA = "1 − Var(y − ŷ) / Var(y)"


@NodeRegistry.register("PearsonCorrCoef")
class PearsonCorrCoef(NumberMetric, of=regression.PearsonCorrCoef):
    """Linear correlation of predictions and targets."""

    DISPLAY_NAME = "Pearson Correlation"
    KEY = "pearson"
    FORMULA = "Cov(ŷ, y) / (σ(ŷ) σ(y))"


@NodeRegistry.register("SpearmanCorrCoef")
class SpearmanCorrCoef(NumberMetric, of=regression.SpearmanCorrCoef):
    """Correlation of the ranks of predictions and targets; keeps all of an epoch."""

    DISPLAY_NAME = "Spearman Correlation"
    KEY = "spearman"
    FORMULA = "Pearson correlation of the ranks"

    def _value(self, metric: Metric) -> Tensor:
        """Return the correlation; values that are all equal have none, so that it is NaN."""
        kept = [by_row(values) for [values] in metric.metric_state.values()]
        if any((values == values[0]).all(0).any() for values in kept):
            return kept[0].new_tensor(math.nan)
        return super()._value(metric)


@NodeRegistry.register("ConcordanceCorrCoef")
class ConcordanceCorrCoef(NumberMetric, of=regression.ConcordanceCorrCoef):
    """Agreement of predictions and targets: correlation that also counts shift and scale."""

    DISPLAY_NAME = "Concordance Correlation"
    KEY = "concordance"
    FORMULA = "2 Cov(ŷ, y) / (Var(ŷ) + Var(y) + (mean(ŷ) − mean(y))²)"

    def _value(self, metric: Metric) -> Tensor:
        """Return the agreement by the formula, for which predictions may all be equal."""
        state: Any = metric.metric_state  # the variances and the covariance are sums
        shift = (state["n_total"] - 1) * (state["mean_x"] - state["mean_y"]).square()
        agreement: Tensor = 2 * state["corr_xy"] / (state["var_x"] + state["var_y"] + shift)
        return agreement.double().mean()
