"""A trained model as a program: from columns as in the table to predictions in their own units.

Every export that can be called is made of `Program`; `signature_of` states what it takes and gives,
and what is left to the caller.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from typing import Literal

import torch
from torch import Tensor, nn

from visdl.datasets.encoding import Argument, Encoding
from visdl.models.exports import ExportInput, ExportOutput, ExportSignature
from visdl.nodes.contract.learning import LossNode
from visdl.nodes.contract.runtime_values import TrainingResult

#: A whole `Program`, a program of the model alone, or weights.
Kind = Literal["program", "model", "weights"]
_LISTED = 8  # columns that a sentence names


class Program(nn.Module):
    """A model that scales its inputs and decodes its outputs itself.

    It is called with the arguments of the model, (batch, …) each, whose values are those of the
    table: numbers as float32 or float64, ids as int64. It returns what `predict` of the run gives:
    numbers in the target's own units, or the probability of each class.
    """

    def __init__(self, model: nn.Module, encoding: Encoding, loss: LossNode) -> None:
        super().__init__()
        self.model = model
        self.target_scaling = loss.scaling
        self._loss = loss
        self._is_number = [each.element == "float32" for each in encoding.model_arguments]
        for number, argument in enumerate(encoding.model_arguments):
            for name, values in zip(("shift", "scale"), _scaling(encoding, argument), strict=True):
                self.register_buffer(f"{name}_{number}", values)

    def forward(self, *arguments: Tensor) -> Tensor:
        """Return the predictions, (batch, …)."""
        output = self.model(*map(self._encoded, range(len(arguments)), arguments))
        return self._loss.decode(output)

    def _encoded(self, number: int, values: Tensor) -> Tensor:
        """Return an argument as the model gets it; numbers are scaled in float64, as in a run."""
        if not self._is_number[number]:
            return values
        shift, scale = self.get_buffer(f"shift_{number}"), self.get_buffer(f"scale_{number}")
        return ((values - shift) / scale).to(torch.float32)


def _scaling(encoding: Encoding, argument: Argument) -> tuple[Tensor, Tensor]:
    shift, scale = encoding.scaling_of(argument.columns)
    if shift is None or scale is None:
        return torch.zeros(1, dtype=torch.float64), torch.ones(1, dtype=torch.float64)
    return (
        torch.from_numpy(shift).reshape(argument.shape),
        torch.from_numpy(scale).reshape(argument.shape),
    )


def export_program(result: TrainingResult) -> tuple[torch.export.ExportedProgram, bool]:
    """Return the model as a program for the CPU, and whether it is the whole `Program`.

    It is not where torch cannot trace how the loss makes predictions of outputs: the program is
    then the model alone. Raises what torch raises for a model that it cannot export.
    """
    whole = Program(result.model, result.encoding, result.loss.node)
    with _on_cpu(whole, result.device):
        try:
            return _export(whole, result.encoding), True
        except Exception:  # the code of a node file may do anything
            return _export(result.model, result.encoding), False


def _export(module: nn.Module, encoding: Encoding) -> torch.export.ExportedProgram:
    example = tuple(torch.from_numpy(value) for value in encoding.examples(2))
    axes = tuple({0: torch.export.Dim("batch", min=1)} for _ in example)
    shapes = (axes,) if isinstance(module, Program) else axes
    return torch.export.export(module.eval(), example, dynamic_shapes=shapes)


@contextlib.contextmanager
def _on_cpu(module: nn.Module, device: torch.device) -> Iterator[None]:
    """Move a module to the CPU, so that its program runs on every machine, and back."""
    module.to("cpu")
    try:
        yield
    finally:
        module.to(device)


def signature_of(result: TrainingResult, kind: Kind) -> ExportSignature:
    """Return what an export takes and gives."""
    encoding = result.encoding
    inputs = [
        ExportInput(columns=each.columns, shape=each.shape, dtype=each.element)
        for each in encoding.model_arguments
    ]
    shape = list(encoding.target_shape or [])
    if encoding.classes is not None:
        with torch.no_grad():
            example = [torch.from_numpy(value).to(result.device) for value in encoding.examples(2)]
            shape = list(result.model.eval()(*example).shape[1:])
    output = ExportOutput(columns=encoding.targets, shape=shape, classes=encoding.classes)
    is_program = kind == "program"
    sentences = list(_of_program(result, output) if is_program else _of_model(result, output))
    if kind == "weights":
        sentences.insert(0, "It has weights alone; the network is that of the graph in `visdl`.")
    return ExportSignature(
        applied=["inputs", "predictions", "targets"] if is_program else [],
        inputs=inputs,
        output=output,
        caller=[*_about_inputs(inputs), *sentences],
        encoding=encoding.model_dump(mode="json"),
    )


def _about_inputs(inputs: Sequence[ExportInput]) -> Iterator[str]:
    for number, each in enumerate(inputs, start=1):
        which = "It takes" if len(inputs) == 1 else f"Argument {number} is"
        kind = "ids" if each.dtype == "int64" else "numbers"
        shape = ", ".join(map(str, ["batch", *each.shape]))
        yield (
            f"{which} {_listed(each.columns)} as {kind}, ({shape}) {each.dtype}, in this order; "
            "true is 1 and false is 0."
        )


def _of_program(result: TrainingResult, output: ExportOutput) -> Iterator[str]:
    names = _listed(output.columns)
    yield "Give values as in the table: the file scales them itself."
    low, high = result.loss.node.RANGE
    if low == 0 and high == 1 and result.loss.node.WANTS:
        yield f"It returns the probability of a 1 of {names}."
        return
    if output.classes is None:
        yield f"It returns {names} as predict of the run does, in the units of the table."
        return
    yield f"It returns the probability of each class of {names} along axis 1."
    yield (
        "A program returns numbers only, so labels are left to the caller: a row's label is "
        "output.classes[probabilities.argmax(1)] of signature.json."
    )


def _of_model(result: TrainingResult, output: ExportOutput) -> Iterator[str]:
    encoding = result.encoding
    if encoding.scale:
        yield "Scale the inputs first: (x − shift) / scale, of encoding in the signature."
    yield f"Predictions of {_listed(output.columns)} are {result.loss.node.prediction_formula}."
    if output.classes is not None:
        yield "A row's label is output.classes[predictions.argmax(1)] of the signature."


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _LISTED} more" if len(names) > _LISTED else ""
    return ", ".join(f"'{name}'" for name in names[:_LISTED]) + more
