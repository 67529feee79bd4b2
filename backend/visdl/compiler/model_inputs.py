"""The entries of a network: which columns of the data each argument of the model is made of, in what shape."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field

import torch

from visdl.compiler.network import INPUT, Network, Source
from visdl.datasets.dataset import Dataset
from visdl.datasets.encoding import Argument
from visdl.models.errors import InvalidInputError
from visdl.models.graph import Node
from visdl.nodes.contract.base import Complaint, InputNode
from visdl.nodes.contract.registry import Registry
from visdl.nodes.contract.specs import BATCH, Shape

_ELEMENTS = {torch.float32: "float32", torch.int64: "int64"}


@dataclass
class Entries:
    """The arguments of one model, in their order, and what is wrong with them."""

    arguments: list[Argument] = field(default_factory=list)
    shapes: dict[Source, Shape] = field(default_factory=dict)
    complaints: list[tuple[Node, Complaint]] = field(default_factory=list)

    @property
    def columns(self) -> int:
        return sum(len(argument.columns) for argument in self.arguments)


def entries(network: Network, dataset: Dataset | None, registry: Registry) -> Entries:
    """What the network's Input nodes read of this data; without Input nodes one argument of all input columns.

    Without data, arguments have no columns, and an Input without a shape is a complaint.
    """
    found = Entries()
    if not network.inputs:
        if dataset is not None:
            found.arguments.append(
                Argument(columns=list(dataset.inputs), shape=[len(dataset.inputs)])
            )
            found.shapes[INPUT] = Shape((BATCH, len(dataset.inputs)))
        return found
    for node in network.inputs:
        instance = registry.get(node.type).create(node.params)
        assert isinstance(instance, InputNode)  # noqa: S101  what `inputs` holds
        try:
            columns = _columns(instance, dataset, alone=len(network.inputs) == 1)
        except InvalidInputError as error:
            found.complaints.append(
                (node, Complaint("columns", error.message, error.hint, error.code))
            )
            continue
        shape = list(instance.shape or ([len(columns)] if columns else []))
        complaints = list(_complaints(node, instance, shape, columns, dataset))
        found.complaints += [(node, complaint) for complaint in complaints]
        if not complaints:
            element = _ELEMENTS[instance.element()]
            found.arguments.append(
                Argument.model_validate({"columns": columns, "shape": shape, "element": element})
            )
        if instance.shape or not complaints:
            found.shapes[Source(node.id)] = Shape((BATCH, *shape), instance.element())
    return found


def _columns(instance: InputNode, dataset: Dataset | None, *, alone: bool) -> list[str]:
    """The columns that one Input reads. Raises InvalidInputError."""
    if dataset is None:
        return []
    if instance.columns.strip():
        return list(dataset.narrow(instance.columns, "columns"))
    if alone:
        return list(dataset.inputs)
    message = "A model with several Input nodes needs to know which columns each of them reads."
    raise InvalidInputError(
        message, hint="Name this one's columns, such as a_*.", code="no_columns"
    )


def _complaints(
    node: Node, instance: InputNode, shape: list[int], columns: list[str], dataset: Dataset | None
) -> Iterator[Complaint]:
    if dataset is None:
        if not instance.shape:
            hint = "Give it a shape, or wire training data to the Training Loop."
            yield Complaint(
                "shape", f"The shape of '{node.label}' is not known.", hint, "no_input_shape"
            )
        return
    wanted = math.prod(shape)
    if wanted != len(columns):
        sizes = " × ".join(map(str, shape))
        is_product = f" = {wanted:,}" if len(shape) > 1 else ""
        message = f"'{node.label}' has {sizes}{is_product} values per sample, but it reads {len(columns):,} columns."
        hint = "Change shape, or the columns it reads."
        yield Complaint("shape", message, hint, "input_shape")
    if instance.element() == torch.int64:
        wrong = next(
            (name for name in columns if dataset.columns[name].dtype not in ("int", "bool")), None
        )
        if wrong is not None:
            message = f"'{node.label}' reads whole numbers, but column '{wrong}' holds others."
            yield Complaint(
                "dtype", message, "Set dtype to float32, or leave the column out.", "not_whole"
            )
