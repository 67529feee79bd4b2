"""Traits of node types, carried by the modules and optimizers that nodes build.

The compiler, batched training and the NaN trace see modules, not nodes. They ask these traits
instead of comparing classes, so that a custom node is treated like a built-in one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

from torch import nn
from torch.optim import Optimizer

Built = TypeVar("Built", nn.Module, Optimizer)
_ATTRIBUTE = "visdl_traits"


@dataclass(frozen=True)
class Traits:
    """What is known about a module or optimizer without reading its code.

    `elementwise`, of a module: every output value is computed from the input value at the same
    position alone, without weights, buffers or randomness. Of an optimizer: every weight is updated
    from its own gradient and state alone.

    `finite_slope`, of a module: its gradient is finite wherever its input and the gradient that it
    receives are finite.
    """

    elementwise: bool = False
    finite_slope: bool = False


def set_traits(built: Built, *, elementwise: bool = False, finite_slope: bool = False) -> Built:
    """Attach traits to a module or optimizer and return it.

    A module with weights or buffers is never elementwise: they may differ between seeds.
    """
    if isinstance(built, nn.Module) and elementwise:
        elementwise = not any(True for _ in (*built.parameters(), *built.buffers()))
    setattr(built, _ATTRIBUTE, Traits(elementwise, finite_slope))
    return built


def traits_of(built: nn.Module | Optimizer) -> Traits:
    """Return the traits of a module or optimizer; without any, nothing is assumed."""
    traits = getattr(built, _ATTRIBUTE, None)
    return traits if isinstance(traits, Traits) else Traits()
