"""Losses of one prediction and one target."""

from torch import nn

from visdl.nodes import LossNode, NodeRegistry, Param


class _FloatLoss(LossNode):
    """A loss of numbers: prediction and target have one shape."""

    TARGET = "float"
    SHAPE_RULE = "prediction (B, T), target (B, T)"


@NodeRegistry.register("MSELoss")
class MSELoss(_FloatLoss):
    """Mean squared error, for numbers."""

    DISPLAY_NAME = "MSE Loss"
    FORMULA = "L = mean((ŷ − y)²)"
    URL = "https://pytorch.org/docs/stable/generated/torch.nn.MSELoss.html"

    def build(self) -> nn.Module:
        return nn.MSELoss()


@NodeRegistry.register("L1Loss")
class L1Loss(_FloatLoss):
    """Mean absolute error, for numbers; less moved by outliers than MSE."""

    DISPLAY_NAME = "L1 Loss"
    FORMULA = "L = mean(|ŷ − y|)"
    URL = "https://pytorch.org/docs/stable/generated/torch.nn.L1Loss.html"

    def build(self) -> nn.Module:
        return nn.L1Loss()


@NodeRegistry.register("CrossEntropyLoss")
class CrossEntropyLoss(LossNode):
    """Cross entropy between logits and class labels, for classification. Expects one output per class."""

    DISPLAY_NAME = "Cross Entropy Loss"
    TARGET = "index"
    FORMULA = "L = −log softmax(ŷ)[y]"
    SHAPE_RULE = "prediction (B, classes), target (B) class indices"
    URL = "https://pytorch.org/docs/stable/generated/torch.nn.CrossEntropyLoss.html"

    label_smoothing: float = Param(
        0.0, min=0, max=1, step=0.05, description="Mixes the target with a uniform distribution"
    )

    def build(self) -> nn.Module:
        return nn.CrossEntropyLoss(label_smoothing=self.label_smoothing)
