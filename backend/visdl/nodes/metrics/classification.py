from torch import Tensor

from visdl.nodes import MetricNode, NodeRegistry, Param


@NodeRegistry.register("Accuracy")
class Accuracy(MetricNode):
    """Share of samples whose highest score is that of the right class."""

    KEY = "accuracy"
    MEASURES = "index"
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
    MEASURES = "binary"
    FORMULA = "mean((ŷ > threshold) = (y > 0.5))"

    READS_OUTPUTS = True  # so that a threshold of logits is exact, however far from 0

    threshold: float | None = Param(
        None,
        description="Outputs of the model above it count as 1; "
        "empty: 0 for logits, 0.5 for probabilities",
    )

    def __init__(self) -> None:
        self._right = 0.0
        self._seen = 0

    def update(self, prediction: Tensor, target: Tensor) -> None:
        above = 0.5 if self.threshold is None else self.threshold
        if self.threshold is None and self.loss is not None:
            above = self.loss.threshold
        self._right += float(((prediction > above) == (target > 0.5)).sum())
        self._seen += target.numel()

    def compute(self) -> float:
        return self._right / self._seen
