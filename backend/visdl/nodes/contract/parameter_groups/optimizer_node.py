"""The base class of optimizers."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, ClassVar

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from visdl.models.catalogue import NodeInfo
from visdl.models.diagnostics import Diagnostic
from visdl.models.parameter_rules import GroupReport, ParameterRule
from visdl.nodes.contract.base import BaseNode
from visdl.nodes.contract.parameter_groups.assignment import WeightGroup, group_weights
from visdl.nodes.contract.parameter_groups.checks import check_groups, read_rules, require_valid
from visdl.nodes.contract.parameter_groups.grouped import (
    GroupedOptimizer,
    Part,
    set_groups,
    template,
)
from visdl.nodes.contract.parameter_groups.weights import KnownWeights, WeightInfo, weight_infos
from visdl.nodes.contract.specs import DataType, InputSpec, OutputSpec, Param
from visdl.nodes.contract.traits import set_traits


class OptimizerNode(BaseNode, ABC):
    """An optimizer. `build` gets the model's trainable weights, or those of one group of them."""

    CATEGORY = "Optimizer"
    KIND = "optimizer"
    CAN_DISABLE = False
    DISABLE_REASON = "Training needs an optimizer."
    USUAL_LR: ClassVar[tuple[float, float]] = (1e-6, 0.1)
    #: The type of the optimizer that trains what this one cannot, by `why_not`; empty for none.
    FALLBACK: ClassVar[str] = ""
    #: It trains all parameters in one step together, so rules can only freeze some of them.
    TRAINS_TOGETHER: ClassVar[bool] = False

    groups: list[dict] = Param(  # type: ignore[type-arg]
        (),
        widget="groups",
        label="Parameter groups",
        description="Rules for some of the parameters: learning-rate factor, weight decay, frozen, "
        "or another optimizer; the first rule that selects a parameter counts",
    )

    @abstractmethod
    def build(self, params: list[nn.Parameter]) -> Optimizer:
        """Return the optimizer of these weights."""

    def why_not(self, shapes: Sequence[Sequence[int]]) -> str | None:
        """Return why it cannot train weights of these shapes, as the end of a sentence, or None."""
        return None

    def state_tensors(self) -> float:
        """Return the number of state values per weight, measured by a step on a small matrix."""
        own = tuple((name, getattr(self, name)) for name in self.PARAMS if name != "groups")
        return _state_tensors(type(self), own)

    @property
    def rules(self) -> list[ParameterRule]:
        """The rules of its groups. Raises InvalidInputError for one that cannot be read."""
        return read_rules(self.groups)

    def weight_groups(self, weights: Sequence[WeightInfo]) -> list[WeightGroup]:
        """Return the groups of these parameters, by its rules.

        Raises InvalidInputError for a rule that cannot be read.
        """
        return group_weights(self, self.rules, weights)

    def describe_groups(self, weights: Sequence[WeightInfo]) -> list[GroupReport]:
        """Return what is trained in which way, in the order of the rules."""
        return [_describe(group) for group in self.weight_groups(weights)]

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, InputSpec]:
        own = {name: spec for name, spec in cls.PARAMS.items() if name != "groups"}
        return {
            "model": InputSpec(DataType.MODEL, required=True, description="The model to train"),
            **own,
            "groups": cls.PARAMS["groups"],
        }

    @classmethod
    def describe(cls, type_name: str, source: str = "built-in") -> NodeInfo:
        """Return the record of this type for the palette and the form."""
        info = super().describe(type_name, source)
        return info.model_copy(update={"in_rules": not cls.TRAINS_TOGETHER})

    @classmethod
    def RETURN_TYPES(cls) -> list[OutputSpec]:
        return [OutputSpec(DataType.OPTIMIZER, "optimizer")]

    def check(self, **kwargs: Any) -> list[Diagnostic]:
        """Return what is wrong with its rules for this model."""
        model = kwargs.get("model")
        return check_groups(self, model if isinstance(model, KnownWeights) else None)

    def execute(self, **kwargs: Any) -> tuple[Optimizer]:
        """Return the optimizer of the model; parameters of a frozen group need no gradient.

        Raises InvalidInputError for rules that do not fit the model.
        """
        model: nn.Module = kwargs["model"]
        tensors = dict(model.named_parameters(remove_duplicate=False))
        known = [one for one in weight_infos(model) if tensors[one.names[0]].requires_grad]
        require_valid(self, known)
        groups = self.weight_groups(known)
        for group in groups:
            for tensor in _tensors(group, tensors):
                tensor.requires_grad_(group.optimizer is not None)
        optimizer = self._build_groups(model, groups, tensors)
        if self.groups or len(groups) > 1:
            set_groups(optimizer, self.describe_groups(known))
        return (optimizer,)

    def _build_groups(
        self, model: nn.Module, groups: Sequence[WeightGroup], tensors: Mapping[str, nn.Parameter]
    ) -> Optimizer:
        """Return the optimizer of all groups: that of `build` if one is trained, as the node is."""
        trained = [(g.optimizer, g) for g in groups if g.optimizer is not None]
        if all(own is self and group.lr_factor == 1 for own, group in trained):
            # in the order of the model, which is that of the state in a checkpoint
            weights = [p for p in model.parameters() if p.requires_grad]
            return set_traits(self.build(weights), elementwise=self.ELEMENTWISE)
        parts = [
            Part(own.build(_tensors(group, tensors)), group.lr_factor) for own, group in trained
        ]
        return GroupedOptimizer(template(self.build), parts)


def _tensors(group: WeightGroup, tensors: Mapping[str, nn.Parameter]) -> list[nn.Parameter]:
    return [tensors[weight.names[0]] for weight in group.weights]


def _describe(group: WeightGroup) -> GroupReport:
    own = group.optimizer
    rate = getattr(own, "lr", None)
    return GroupReport(
        rule=group.rule,
        optimizer="" if own is None else type(own).__name__,
        tensors=len(group.weights),
        parameters=group.size,
        lr=rate * group.lr_factor if isinstance(rate, float) else None,
        weight_decay=getattr(own, "weight_decay", None),
        frozen=own is None,
    )


@cache
def _state_tensors(cls: Any, values: tuple[tuple[str, Any], ...]) -> float:
    side = 64
    weight = nn.Parameter(torch.zeros(side, side))
    weight.grad = torch.ones(side, side)
    optimizer: Optimizer = cls.create(dict(values)).build([weight])
    optimizer.step()
    kept = [value for value in optimizer.state[weight].values() if isinstance(value, Tensor)]
    return sum(value.numel() for value in kept if value.dim()) / weight.numel()
