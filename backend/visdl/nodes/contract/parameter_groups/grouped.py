"""An optimizer of several others: each trains its own group of parameters."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn
from torch.optim import Optimizer

from visdl.models.parameter_rules import GroupReport

_ATTRIBUTE = "visdl_groups"


@dataclass(frozen=True)
class Part:
    """The optimizer of one group, and the factor of its learning rate."""

    optimizer: Optimizer
    lr_factor: float = 1.0


class GroupedOptimizer(Optimizer):
    """Optimizers of several groups of parameters, with one learning rate that schedulers change.

    `param_groups` has one entry: the node's own settings and all trained parameters. Its `lr` is
    the base rate. The rate of every group is proportional to it at each step, whatever a scheduler
    does: initial rate of the group · factor of its rule · base rate / initial base rate. Where a
    scheduler cycles the momentum (or the first of `betas`), all groups that have one follow.
    """

    def __init__(self, base: Optimizer, parts: Sequence[Part]) -> None:
        """Train the parameters of `parts`; `base` has the node's own settings."""
        self.parts = [part.optimizer for part in parts]
        own = {key: value for key, value in base.param_groups[0].items() if key != "params"}
        weights = [p for part in self.parts for group in part.param_groups for p in group["params"]]
        super().__init__([{**own, "params": weights}], base.defaults)
        rate = float(own["lr"])
        self._ratios = [
            [_ratio(group["lr"], part.lr_factor, rate) for group in part.optimizer.param_groups]
            for part in parts
        ]
        self._initial_momentum = _momentum(self.param_groups[0])
        self._cycles = False  # a scheduler has changed the momentum
        self._follow_base()

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> float | None:  # type: ignore[override]
        """Step every group at its present learning rate."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        self._follow_base()
        for part in self.parts:
            part.step()
        return loss

    def group_rates(self) -> list[float]:
        """Return the learning rate of the first parameters of each group at the next step."""
        self._follow_base()
        return [float(part.param_groups[0]["lr"]) for part in self.parts]

    def _follow_base(self) -> None:
        base = self.param_groups[0]
        momentum = _momentum(base)
        is_cycled = "max_momentum" in base or momentum != self._initial_momentum
        self._cycles = self._cycles or is_cycled
        for part, ratios in zip(self.parts, self._ratios, strict=True):
            for group, ratio in zip(part.param_groups, ratios, strict=True):
                group["lr"] = base["lr"] * ratio
                if self._cycles:
                    _set_momentum(group, momentum)

    def state_dict(self) -> dict[str, Any]:
        """Return the settings of all groups, and the state of their parameters."""
        base = self.param_groups[0]
        return {
            "base": {key: value for key, value in base.items() if key != "params"},
            "parts": [part.state_dict() for part in self.parts],
            "cycles": self._cycles,
        }

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Restore what `state_dict` returned."""
        self.param_groups[0].update(state_dict["base"])
        for part, state in zip(self.parts, state_dict["parts"], strict=True):
            part.load_state_dict(state)
        self._cycles = state_dict["cycles"]


def set_groups(optimizer: Optimizer, groups: Sequence[GroupReport]) -> None:
    """Attach the description of its groups to an optimizer."""
    setattr(optimizer, _ATTRIBUTE, list(groups))


def groups_of(optimizer: Optimizer) -> list[GroupReport]:
    """Return the description of the groups of an optimizer; empty where it has no rules."""
    return list(getattr(optimizer, _ATTRIBUTE, ()))


def _ratio(rate: float, factor: float, base: float) -> float:
    """Return the rate of a group divided by the base rate; of equal rates exactly the factor."""
    return factor if rate == base or not base else rate * factor / base


def _momentum(group: dict[str, Any]) -> float | None:
    if "betas" in group:
        return float(group["betas"][0])
    return float(group["momentum"]) if "momentum" in group else None


def _set_momentum(group: dict[str, Any], value: float | None) -> None:
    if value is None:
        return
    if "betas" in group:
        group["betas"] = (value, *group["betas"][1:])
    elif "momentum" in group:
        group["momentum"] = value


def template(build: Callable[[list[nn.Parameter]], Optimizer]) -> Optimizer:
    """Return an optimizer of one weight, for the settings that it has."""
    return build([nn.Parameter(torch.zeros(1, 1))])
