"""Recurrent layers: the whole sequence of outputs, and the last hidden state."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch import Tensor, nn

from visdl.nodes import DataType, NodeRegistry, OutputSpec, Param, Shape
from visdl.nodes.contract.own_random import OwnRandom, drawing
from visdl.nodes.contract.specs import MOST_DROPPED
from visdl.nodes.contract.torch_layer import WeightedLayer

_BATCH_FIRST = "The batch is the first axis (as everywhere here; torch's own default is False)"


def _last(hidden: Tensor, directions: int) -> Tensor:
    """Return the top layer's hidden state.

    `(layers · directions, batch, hidden)` becomes `(batch, directions · hidden)`.
    """
    return hidden[-directions:].transpose(0, 1).flatten(1)


class _Stack(OwnRandom):
    dropout: float
    num_layers: int

    @property
    def draws(self) -> bool:
        return self.dropout > 0 and self.num_layers > 1


class LastStateRNN(_Stack, nn.RNN):
    """nn.RNN that returns `(output, last)`."""

    @drawing
    def forward(self, input: Tensor) -> tuple[Tensor, Tensor]:
        output, hidden = super().forward(input)
        return output, _last(hidden, 1 + self.bidirectional)


class LastStateGRU(_Stack, nn.GRU):
    """nn.GRU that returns `(output, last)`."""

    @drawing
    def forward(self, input: Tensor) -> tuple[Tensor, Tensor]:
        output, hidden = super().forward(input)
        return output, _last(hidden, 1 + self.bidirectional)


class LastStateLSTM(_Stack, nn.LSTM):
    """nn.LSTM that returns `(output, last, cell)`."""

    @drawing
    def forward(self, input: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        output, (hidden, cell) = super().forward(input)
        return output, _last(hidden, 1 + self.bidirectional), _last(cell, 1 + self.bidirectional)


class _Recurrent(WeightedLayer):
    CATEGORY = "Recurrent"
    SHAPE_RULE = (
        "B, L, input_size → output: B, L, hidden_size · directions; "
        "last: B, hidden_size · directions"
    )
    PRIMARY = ("hidden_size", "num_layers", "bidirectional")
    RECURRENT: Callable[..., nn.Module]

    hidden_size: int = Param(64, min=1, max=10_000_000, description="Features of the hidden state")
    num_layers: int = Param(1, min=1, max=200, description="Number of recurrent layers")
    bias: bool = Param(True, description="Learn additive biases")
    batch_first: bool = Param(True, description=_BATCH_FIRST)
    dropout: float = Param(
        0.0,
        min=0,
        max=MOST_DROPPED,
        step=0.05,
        description="Dropout between the layers; on a GPU, recurrent layers share its state",
    )
    bidirectional: bool = Param(False, description="Also read the sequence backwards")

    @classmethod
    def RETURN_TYPES(cls) -> list[OutputSpec]:
        return [
            OutputSpec(DataType.LAYER, "output", "The top layer's output at every step"),
            OutputSpec(DataType.LAYER, "last", "The top layer's hidden state after the last step"),
        ]

    def build(self, input: Shape) -> nn.Module:
        sizes = self.sizes(input)
        if not self.batch_first and input.batch_first:
            raise ValueError(
                "it would read the batch as time: set batch_first, or transpose the input"
            )
        if self.dropout and self.num_layers == 1:
            raise ValueError(
                "dropout works between the layers of a stack, but num_layers is 1: set dropout to 0"
            )
        names = ("hidden_size", "num_layers", "bias", "batch_first", "dropout", "bidirectional")
        values = {name: getattr(self, name) for name in names} | self.options()
        return self.initialised(self.RECURRENT(sizes["input_size"], **values))

    def options(self) -> dict[str, Any]:
        """Return further arguments of the class."""
        return {}


@NodeRegistry.register("RNN")
class RNN(_Recurrent):
    """Elman network: the hidden state depends on the input and the previous state."""

    RECURRENT = LastStateRNN
    FORMULA = "hₜ = tanh(W x + b + U hₜ₋₁ + c)"
    URL = "https://pytorch.org/docs/stable/generated/torch.nn.RNN.html"

    nonlinearity: str = Param(
        "tanh", choices=["tanh", "relu"], description="Activation of the hidden state"
    )

    def options(self) -> dict[str, Any]:
        return {"nonlinearity": self.nonlinearity}


@NodeRegistry.register("GRU")
class GRU(_Recurrent):
    """Gated recurrent unit. Source: Cho et al. 2014."""

    RECURRENT = LastStateGRU
    FORMULA = "hₜ = (1 − z) n + z hₜ₋₁, with gates z and r of x and hₜ₋₁"
    URL = "https://pytorch.org/docs/stable/generated/torch.nn.GRU.html"


@NodeRegistry.register("LSTM")
class LSTM(_Recurrent):
    """Long short-term memory. Source: Hochreiter and Schmidhuber 1997."""

    RECURRENT = LastStateLSTM
    FORMULA = "cₜ = f cₜ₋₁ + i g;  hₜ = o tanh(cₜ), with gates f, i, o of x and hₜ₋₁"
    URL = "https://pytorch.org/docs/stable/generated/torch.nn.LSTM.html"

    proj_size: int = Param(
        0, min=0, description="Project the hidden state to this size; 0: no projection"
    )

    @classmethod
    def RETURN_TYPES(cls) -> list[OutputSpec]:
        return [
            *super().RETURN_TYPES(),
            OutputSpec(DataType.LAYER, "cell", "The top layer's cell state"),
        ]

    def options(self) -> dict[str, Any]:
        return {"proj_size": self.proj_size}
