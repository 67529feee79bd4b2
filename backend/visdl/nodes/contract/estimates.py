"""The one way to compute what only helps a run: where it fails, the run continues without it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import torch

from visdl.models.error_texts import reason_of

T = TypeVar("T")
U = TypeVar("U")


def estimate(
    compute: Callable[[], T], otherwise: U, warn: Callable[[str], None], consequence: str
) -> T | U:
    """Return `compute()`; if it raises, warn of the `consequence`, and return `otherwise`.

    Whatever a training can do without is computed here: the number of threads, the speed of a seed
    batch, the need of memory, advice. The random state is restored afterwards, so that a run with
    and one without the estimate are the same bit-for-bit.

    Args:
        consequence: A clause without a full stop, such as "The memory need is not known".
    """
    try:
        with torch.random.fork_rng(devices=_cuda_devices()):
            return compute()
    except Exception as error:  # torch, a driver or a node file may raise anything
        reason = reason_of(error).rstrip(".")
        warn(f"{consequence}, because it could not be estimated ({reason}).")
        return otherwise


def _cuda_devices() -> range:
    used = torch.cuda.is_initialized()  # type: ignore[no-untyped-call]
    return range(torch.cuda.device_count() if used else 0)
