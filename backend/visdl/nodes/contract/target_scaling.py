"""Scaling of targets of numbers: the loss gets them scaled, everything else in their own units."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from visdl.datasets.encoding import Encoding


class TargetScaling(nn.Module):
    """Maps targets (B, …) in their own units to those that the loss gets, and predictions back.

    Both are computed in float64: the spread of a target may be far below its size.
    """

    shift: Tensor
    scale: Tensor

    def __init__(self, encoding: Encoding) -> None:
        super().__init__()
        self.kind = encoding.target_scaling
        shape = encoding.target_shape or [len(encoding.targets)]
        is_linear = bool(encoding.target_scale)
        for name, values in (("shift", encoding.target_shift), ("scale", encoding.target_scale)):
            known = values if is_linear else [0.0 if name == "shift" else 1.0]
            tensor = torch.tensor(known, dtype=torch.float64)
            self.register_buffer(name, tensor.reshape(shape) if is_linear else tensor)

    def forward(self, target: Tensor) -> Tensor:
        """Return targets as the loss gets them, float64."""
        if self.kind == "log1p":
            return target.double().log1p()
        shift, scale = self._values(target)
        return (target.double() - shift) / scale

    def undo(self, prediction: Tensor) -> Tensor:
        """Return predictions in the targets' own units, float64."""
        if self.kind == "log1p":
            return prediction.double().expm1()
        shift, scale = self._values(prediction)
        return prediction.double() * scale + shift

    def _values(self, beside: Tensor) -> tuple[Tensor, Tensor]:
        """Return shift and scale where `beside` lies: charts are drawn from copies on the CPU."""
        if self.shift.device == beside.device:
            return self.shift, self.scale
        return self.shift.to(beside.device), self.scale.to(beside.device)

    def formula(self, prediction: str) -> str:
        """Return how `undo` follows from predictions, such as "output * 2.0 + 1.0"."""
        if self.kind == "log1p":
            return f"expm1({prediction})"
        if self.scale.numel() == 1:
            return f"{prediction} * {self.scale.item()!r} + {self.shift.item()!r}"
        return f"{prediction} * target_scale + target_shift"

    def extra_repr(self) -> str:
        """Return what decides it, so that losses with another scaling differ in their text."""
        return f"{self.kind}, shift={self.shift.tolist()}, scale={self.scale.tolist()}"


class ScaledLoss(nn.Module):
    """A loss of predictions and scaled targets; it is called with targets in their own units."""

    def __init__(self, loss: nn.Module, scaling: TargetScaling) -> None:
        super().__init__()
        self.loss = loss
        self.scaling = scaling
        self.reduction = getattr(loss, "reduction", "mean")

    def forward(self, prediction: Tensor, target: Tensor) -> Tensor:
        """Return the loss of predictions and targets, (B, …) each."""
        value: Tensor = self.loss(prediction, self.scaling(target).to(prediction.dtype))
        return value
