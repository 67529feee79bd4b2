"""A training as advice sees it, and the parts of a warning."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from visdl.compiler.network import Step
from visdl.datasets.dataset import Dataset
from visdl.datasets.split import Loader
from visdl.models.diagnostics import Diagnostic, Fix, GraphEdit
from visdl.models.graph import Node
from visdl.nodes.contract.learning import LossNode
from visdl.nodes.contract.parameter_groups.optimizer_node import OptimizerNode
from visdl.nodes.contract.registry import Registry
from visdl.validation.model_checks import ModelFacts


@dataclass(frozen=True)
class TrainingSetup:
    """A training with the nodes that its parts come from.

    `parameter_nodes` holds the nearest data node upstream of the training for each parameter.
    """

    loop: Node
    model: ModelFacts
    train: Dataset
    loader: Loader | None
    loss: LossNode
    loss_node: Node
    optimizer: OptimizerNode | None
    optimizer_node: Node | None
    parameter_nodes: Mapping[str, Node]
    registry: Registry

    @property
    def last(self) -> Step | None:
        """The last layer of the model that is not switched off."""
        steps = {step.node.id: step for step in self.model.network.steps}
        step = steps.get(self.model.network.output.node or "")
        while step is not None and step.node.disabled:
            first = next(step.sources(), None)
            step = steps.get(first.node or "") if first else None
        return step


def warning(
    code: str, node: Node, message: str, hint: str, port: str | None = None, fix: Fix | None = None
) -> Diagnostic:
    """Make a warning at a node."""
    return Diagnostic(
        code=code, severity="warning", node=node.id, port=port, message=message, hint=hint, fix=fix
    )


def make_fix(label: str, *edits: GraphEdit) -> Fix:
    """Make a fix of some edits."""
    return Fix(label=label, edits=list(edits))


def display_name(cls: type[Any]) -> str:
    """Return the name of a node type as the palette shows it."""
    return cls.DISPLAY_NAME or cls.__name__
