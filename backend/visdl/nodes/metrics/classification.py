from torch import Tensor

from visdl.nodes import MetricNode, NodeRegistry, Param


@NodeRegistry.register("Accuracy")
class Accuracy(MetricNode):
    """Share of samples whose highest score is that of the right class."""

    KEY = "accuracy"
    FORMULA = "mean(argmax ŷ = y)"

    def __init__(self) -> None:
        self._right = 0.0
        self._seen = 0

    def update(self, prediction: Tensor, target: Tensor) -> None:
        self._right += float((prediction.argmax(dim=1) == target).sum())
        self._seen += target.numel()

    def compute(self) -> float:
        return self._right / self._seen


@NodeRegistry.register("BinaryAccuracy")
class BinaryAccuracy(MetricNode):
    """Share of binary targets predicted on the right side of the threshold, in all columns."""

    DISPLAY_NAME = "Binary Accuracy"
    KEY = "accuracy"
    FORMULA = "mean((ŷ > threshold) = (y > 0.5))"

    threshold: float = Param(
        0.0, description="Outputs above it count as 1: 0 for logits, 0.5 for probabilities"
    )

    def __init__(self) -> None:
        self._right = 0.0
        self._seen = 0

    def update(self, prediction: Tensor, target: Tensor) -> None:
        self._right += float(((prediction > self.threshold) == (target > 0.5)).sum())
        self._seen += target.numel()

    def compute(self) -> float:
        return self._right / self._seen
