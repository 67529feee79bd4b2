"""Metrics of numbers, over all samples and target columns of an epoch."""

from abc import abstractmethod

import torch
from torch import Tensor

from visdl.nodes import MetricNode, NodeRegistry


class _ErrorMean(MetricNode):
    """The mean of an error per value."""

    DIRECTION = "minimize"
    MEASURES = "float"

    def __init__(self) -> None:
        self._sum: Tensor | float = 0.0
        self._seen = 0

    @abstractmethod
    def error(self, difference: Tensor) -> Tensor:
        """Return the error of each difference, in the same shape."""

    def update(self, prediction: Tensor, target: Tensor) -> None:
        self._sum = self._sum + self.error(prediction.double() - target).sum()
        self._seen += target.numel()

    def compute(self) -> float:
        return float(self._sum) / self._seen


@NodeRegistry.register("MeanSquaredError")
class MeanSquaredError(_ErrorMean):
    """Mean squared error, in the target's units squared."""

    DISPLAY_NAME = "Mean Squared Error"
    KEY = "mse"
    FORMULA = "mean((ŷ − y)²)"

    def error(self, difference: Tensor) -> Tensor:
        return difference.square()


@NodeRegistry.register("MeanAbsoluteError")
class MeanAbsoluteError(_ErrorMean):
    """Mean absolute error, in the target's units."""

    DISPLAY_NAME = "Mean Absolute Error"
    KEY = "mae"
    FORMULA = "mean(|ŷ − y|)"

    def error(self, difference: Tensor) -> Tensor:
        return difference.abs()


@NodeRegistry.register("R2Score")
class R2Score(MetricNode):
    """Coefficient of determination: the explained share of the variance, averaged over targets.

    A constant target has no variance to explain: its score is 1 if it is predicted exactly and 0
    otherwise, as in scikit-learn.
    """

    DISPLAY_NAME = "R² Score"
    KEY = "r2"
    MEASURES = "float"
    FORMULA = "1 − Σ(y − ŷ)² / Σ(y − ȳ)²"

    def __init__(self) -> None:
        self._residual: Tensor | float = 0.0
        self._mean: Tensor | float = 0.0
        self._spread: Tensor | float = (
            0.0  # Σ (y − mean)², merged batch by batch (Chan et al. 1983)
        )
        self._seen = 0

    def update(self, prediction: Tensor, target: Tensor) -> None:
        target = target.double().reshape(len(target), -1)
        residual = (target - prediction.double().reshape(target.shape)).square()
        self._residual = self._residual + residual.sum(0)
        count, mean = len(target), target.mean(0)
        total = self._seen + count
        shift = mean - self._mean
        spread = (target - mean).square().sum(0)
        self._spread = self._spread + spread + shift.square() * (self._seen * count / total)
        self._mean = self._mean + shift * (count / total)
        self._seen = total

    def compute(self) -> float:
        residual, spread = torch.as_tensor(self._residual), torch.as_tensor(self._spread)
        constant = (residual == 0).double()
        return float(torch.where(spread > 0, 1 - residual / spread, constant).mean())
