from abc import abstractmethod

from torch import Tensor

from visdl.nodes import MetricNode, NodeRegistry, Param


class _RightShare(MetricNode):
    """The share of right predictions."""

    KEY = "accuracy"

    def __init__(self) -> None:
        self._right: Tensor | int = 0
        self._seen = 0

    @abstractmethod
    def right(self, prediction: Tensor, target: Tensor) -> Tensor:
        """Return which predictions are right."""

    def update(self, prediction: Tensor, target: Tensor) -> None:
        self._right = self._right + self.right(prediction, target).sum()
        self._seen += target.numel()

    def compute(self) -> float:
        return int(self._right) / self._seen


@NodeRegistry.register("Accuracy")
class Accuracy(_RightShare):
    """Share of samples whose highest score is that of the right class."""

    MEASURES = "index"
    FORMULA = "mean(argmax ŷ = y)"

    def right(self, prediction: Tensor, target: Tensor) -> Tensor:
        return prediction.argmax(dim=1) == target


@NodeRegistry.register("BinaryAccuracy")
class BinaryAccuracy(_RightShare):
    """Share of binary targets predicted on the right side of the threshold, in all columns."""

    DISPLAY_NAME = "Binary Accuracy"
    MEASURES = "binary"
    FORMULA = "mean((ŷ > threshold) = (y > 0.5))"

    READS_OUTPUTS = True  # so that a threshold of logits is exact, however far from 0

    threshold: float | None = Param(
        None,
        description="Outputs of the model above it count as 1; "
        "empty: 0 for logits, 0.5 for probabilities",
    )

    def right(self, prediction: Tensor, target: Tensor) -> Tensor:
        above = 0.5 if self.threshold is None else self.threshold
        if self.threshold is None and self.loss is not None:
            above = self.loss.threshold
        return (prediction > above) == (target > 0.5)
