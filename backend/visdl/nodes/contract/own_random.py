"""Random numbers of a layer that torch draws from its shared generator."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from functools import wraps
from typing import Any, ClassVar

import torch


class OwnRandom:
    """A module whose random numbers depend on its own seed alone.

    torch's layers with dropout inside (attention, recurrent stacks) draw from the generator that
    all of a process share, so switching one off would change the masks of the others. This base
    gives the module a state of its own, which the shared generator has during a
    forward pass in training. Without a generator (a loaded or exported module) it behaves like
    torch's class.
    """

    ALWAYS: ClassVar[bool] = False  # it draws in evaluation too
    generator: torch.Generator | None = None
    training: bool

    @property
    def draws(self) -> bool:
        """Whether it draws random numbers in training; some do only with certain parameters."""
        return True

    def seed(self, seed: int, device: torch.device) -> None:
        """Set the seed of this module's generator on the device of its activations."""
        self.generator = torch.Generator(device).manual_seed(seed) if self.draws else None


def drawing(forward: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap the `forward` of an `OwnRandom` module: it draws from the module's generator."""

    @wraps(forward)
    def own(self: OwnRandom, *args: Any, **kwargs: Any) -> Any:
        if self.generator is None or not (self.training or self.ALWAYS):
            return forward(self, *args, **kwargs)
        with _shared_as(self.generator):
            return forward(self, *args, **kwargs)

    return own


@contextlib.contextmanager
def _shared_as(generator: torch.Generator) -> Iterator[None]:
    """Have the shared generator of the device continue from this one, and restore it after."""
    device = generator.device
    if device.type == "cuda":
        index = torch.cuda.current_device() if device.index is None else device.index
        shared = torch.cuda.default_generators[index]
    else:
        shared = torch.default_generator
    before = shared.get_state()
    shared.set_state(generator.get_state())
    try:
        yield
    finally:
        generator.set_state(shared.get_state())
        shared.set_state(before)
