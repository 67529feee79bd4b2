from torch import Tensor

from visdl.nodes import MetricNode, NodeRegistry


@NodeRegistry.register("Accuracy")
class Accuracy(MetricNode):
    """Share of samples whose highest score is at the right class."""

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
