"""FLOPs of a forward pass, counted operation by operation."""

from __future__ import annotations

from typing import Any

from torch.utils.flop_counter import FlopCounterMode


class FlopCounter(FlopCounterMode):
    """Counts FLOPs with torch's formulas, for any module, and never raises.

    torch's own counter also attributes them to modules. For that it registers hooks on the
    gradients of inputs and outputs, which raises an AssertionError for an output that is a view of
    a weight (of a PositionEmbedding) when gradients are switched off. An operation whose formula
    fails counts as 0.

    Use as `with FlopCounter() as counter: …`, then `counter.get_total_flops()`.
    """

    def __init__(self) -> None:
        super().__init__(display=False)
        self.mod_tracker: Any = _NoModules()

    def _count_flops(self, func_packet: Any, out: Any, args: Any, kwargs: Any) -> Any:
        try:
            return super()._count_flops(func_packet, out, args, kwargs)  # type: ignore[no-untyped-call]
        except Exception:  # a formula of torch, or one that a node file registered
            return out


class _NoModules:
    """In place of torch's ModuleTracker: everything belongs to the whole."""

    parents = frozenset({"Global"})

    def __enter__(self) -> _NoModules:
        return self

    def __exit__(self, *_: object) -> None:
        """Do nothing."""
