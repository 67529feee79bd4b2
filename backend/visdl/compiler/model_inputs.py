"""The arguments of a model: which columns of the data each of them reads, and in what shape."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field

import torch

from visdl.compiler.network import INPUT, Network, Source
from visdl.datasets.dataset import Dataset
from visdl.datasets.encoding import Argument
from visdl.models.diagnostics import Diagnostic
from visdl.models.errors import InvalidInputError
from visdl.models.graph import Node
from visdl.nodes.contract.base import InputNode
from visdl.nodes.contract.registry import Registry
from visdl.nodes.contract.specs import BATCH, MOST_AXES, Shape

_ELEMENTS = {torch.float32: "float32", torch.int64: "int64"}


@dataclass
class ModelInputs:
    """The arguments of one model in their order, and what is wrong with them."""

    arguments: list[Argument] = field(default_factory=list)
    shapes: dict[Source, Shape] = field(default_factory=dict)
    diagnostics: list[Diagnostic] = field(default_factory=list)

    @property
    def columns(self) -> int:
        return sum(len(argument.columns) for argument in self.arguments)


def model_inputs(network: Network, dataset: Dataset | None, registry: Registry) -> ModelInputs:
    """Return what the network's Input nodes read of this data.

    Without Input nodes there is one argument of all input columns. Without data, arguments have no
    columns, and an Input node without a shape is an error.
    """
    result = ModelInputs()
    if not network.inputs:
        if dataset is not None:
            result.arguments.append(
                Argument(columns=list(dataset.inputs), shape=[len(dataset.inputs)])
            )
            result.shapes[INPUT] = Shape((BATCH, len(dataset.inputs)))
        return result
    for node in network.inputs:
        instance = registry.get(node.type).create(node.params)
        assert isinstance(instance, InputNode)  # noqa: S101  what `inputs` holds
        try:
            columns = _columns(instance, dataset, alone=len(network.inputs) == 1)
        except InvalidInputError as error:
            result.diagnostics.append(
                _diagnostic(node, "columns", error.code, error.message, error.hint)
            )
            continue
        shape = list(instance.shape or ([len(columns)] if columns else []))
        if len(shape) >= MOST_AXES:
            message = (
                f"'{node.label}' has {len(shape):,} axes; at most {MOST_AXES - 1} are possible."
            )
            hint = "Give fewer sizes."
            result.diagnostics.append(_diagnostic(node, "shape", "input_shape", message, hint))
            continue
        diagnostics = list(_check_input(node, instance, shape, columns, dataset))
        result.diagnostics += diagnostics
        if not diagnostics:
            element = _ELEMENTS[instance.element()]
            result.arguments.append(
                Argument.model_validate({"columns": columns, "shape": shape, "element": element})
            )
        if instance.shape or not diagnostics:
            result.shapes[Source(node.id)] = Shape((BATCH, *shape), instance.element())
    return result


def _columns(instance: InputNode, dataset: Dataset | None, *, alone: bool) -> list[str]:
    """Return the columns that one Input node reads. Raises InvalidInputError."""
    if dataset is None:
        return []
    if instance.columns.strip():
        return list(dataset.narrow(instance.columns, "columns"))
    if alone:
        return list(dataset.inputs)
    message = "In a model with several Input nodes, each must name the columns that it reads."
    raise InvalidInputError(
        message, hint="Set the columns of this node, such as a_*.", code="no_columns"
    )


def _diagnostic(node: Node, port: str, code: str, message: str, hint: str) -> Diagnostic:
    return Diagnostic(code=code, node=node.id, port=port, message=message, hint=hint)


def _check_input(
    node: Node, instance: InputNode, shape: list[int], columns: list[str], dataset: Dataset | None
) -> Iterator[Diagnostic]:
    if dataset is None:
        if not instance.shape:
            hint = "Set its shape, or wire training data to the Training Loop."
            message = f"The shape of '{node.label}' is not known."
            yield _diagnostic(node, "shape", "no_input_shape", message, hint)
        return
    size = math.prod(shape)
    if size != len(columns):
        sizes = " × ".join(map(str, shape))
        is_product = f" = {size:,}" if len(shape) > 1 else ""
        message = (
            f"'{node.label}' has {sizes}{is_product} values per sample, "
            f"but it reads {len(columns):,} columns."
        )
        hint = "Change shape or columns."
        yield _diagnostic(node, "shape", "input_shape", message, hint)
    if instance.element() == torch.int64:
        wrong = next(
            (name for name in columns if dataset.columns[name].dtype not in ("int", "bool")), None
        )
        if wrong is not None:
            message = f"'{node.label}' reads whole numbers, but column '{wrong}' contains others."
            hint = "Set dtype to float32, or exclude the column."
            yield _diagnostic(node, "dtype", "not_whole", message, hint)
