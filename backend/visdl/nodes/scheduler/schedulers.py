"""The learning-rate schedulers of torch.optim, with the parameters of their signatures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from torch.optim import Optimizer, lr_scheduler

from visdl.models.errors import RunError
from visdl.nodes import DataType, InputSpec, NodeRegistry, Param, SchedulerNode
from visdl.nodes.contract.learning import Schedule
from visdl.nodes.contract.metrics.names import DEFAULT_MONITOR
from visdl.nodes.contract.specs import LEAST
from visdl.nodes.contract.torch_signature import declare, in_order

_DOCS = "https://pytorch.org/docs/stable/generated/torch.optim.lr_scheduler"
_GIVEN = {"optimizer", "last_epoch", "verbose"}  # verbose: torch 2.6 alone has it, deprecated
_MOST = 1_000_000_000
_STEPS = {"min": 1, "max": _MOST}
_MEANING: dict[str, tuple[str, dict[str, Any]]] = {
    "T_0": ("Steps until the first restart", _STEPS),
    "T_mult": ("Factor by which each period is longer than the previous one", {"min": 1}),
    "anneal_strategy": ("Shape of the decrease", {}),
    "base_momentum": ("Momentum while the learning rate is largest", {"min": 0, "max": 1}),
    "cooldown": ("Epochs to wait after each reduction", {"min": 0}),
    "cycle_momentum": ("Cycle the momentum inversely, if the optimizer has one", {}),
    "div_factor": ("max_lr divided by the initial learning rate", {"min": 1}),
    "end_factor": ("Factor at the end", {"min": 0, "max": 1}),
    "eps": ("Smallest change of the learning rate that is applied", {"min": 0}),
    "eta_min": ("Smallest learning rate", {"min": 0}),
    "factor": ("Factor of the learning rate", {"min": LEAST, "max": 1}),
    "final_div_factor": ("Initial divided by final learning rate", {"min": 1}),
    "gamma": ("Factor of the learning rate at each step", {"min": LEAST}),
    "max_momentum": ("Momentum while the learning rate is smallest", {"min": 0, "max": 1}),
    "min_lr": ("Smallest learning rate", {"min": 0}),
    "mode": ("Shape of the cycles", {}),
    "patience": ("Epochs without improvement before a reduction", {"min": 0}),
    "pct_start": (
        "Share of the training with a rising learning rate",
        {"min": 0, "max": 0.999, "step": 0.05},
    ),
    "power": ("Power of the polynomial", {"min": 0}),
    "start_factor": ("Factor at the start", {"min": 1e-9, "max": 1}),
    "step_size": ("Steps between two reductions", _STEPS),
    "step_size_down": ("Steps of the falling half; empty: as in the rising half", _STEPS),
    "step_size_up": ("Steps of the rising half of a cycle", _STEPS),
    "three_phase": ("Add a third phase far below the initial learning rate", {}),
    "threshold": ("Smallest change that counts as an improvement", {"min": 0}),
    "threshold_mode": ("Whether the threshold is relative", {}),
}
_WHOLE = "Steps until the end; empty: the whole training"


class TorchScheduler(SchedulerNode):
    """A scheduler that is a class of torch.optim.lr_scheduler."""

    SCHEDULER: ClassVar[type[lr_scheduler.LRScheduler]]
    SPAN: ClassVar[str] = ""  # the parameter that defaults to the whole training
    ENDS_AT: ClassVar[str] = ""  # the parameter with the step from which the learning rate is 0

    def __init_subclass__(
        cls,
        scheduler: type[lr_scheduler.LRScheduler] | None = None,
        defaults: Mapping[str, Any] | None = None,
        leave_out: tuple[str, ...] = (),
        **kwargs: Any,
    ) -> None:
        if scheduler is not None:
            cls.SCHEDULER = scheduler
            declare(cls, scheduler, {*_GIVEN, *leave_out}, dict(defaults or {}), _MEANING)
            cls.URL = f"{_DOCS}.{scheduler.__name__}.html"
        super().__init_subclass__(**kwargs)
        if scheduler is not None:
            cls.PARAMS = in_order(cls.PARAMS, scheduler)

    def options(self, optimizer: Optimizer, steps: int) -> dict[str, Any]:
        """Return the arguments of the class."""
        accepted = {
            name: getattr(self, name) for name in self.PARAMS if name not in ("interval", "monitor")
        }
        return {
            name: max(1, steps) if name == self.SPAN and v is None else v
            for name, v in accepted.items()
        }

    def build(self, optimizer: Optimizer, steps: int) -> lr_scheduler.LRScheduler:
        return self.SCHEDULER(optimizer, **self.options(optimizer, steps))

    @property
    def is_tied(self) -> bool:
        return bool(self.SPAN) and getattr(self, self.SPAN) is None

    def zero_from(self) -> int | None:
        span = getattr(self, self.ENDS_AT) if self.ENDS_AT else None
        return span if span is None else int(span)


@NodeRegistry.register("StepLR")
class StepLR(TorchScheduler, scheduler=lr_scheduler.StepLR, defaults={"step_size": 10}):
    """Multiplies the learning rate by `gamma` every `step_size` steps."""

    FORMULA = "lr ← lr · γ, every step_size"
    PRIMARY = ("step_size", "gamma")


@NodeRegistry.register("MultiStepLR")
class MultiStepLR(TorchScheduler, scheduler=lr_scheduler.MultiStepLR, leave_out=("milestones",)):
    """Multiplies the learning rate by `gamma` at each milestone."""

    FORMULA = "lr ← lr · γ, at each milestone"
    PRIMARY = ("milestones", "gamma")

    milestones: list[int] = Param(
        (30, 60), min=1, description="Numbers of steps in increasing order"
    )


@NodeRegistry.register("ConstantLR")
class ConstantLR(TorchScheduler, scheduler=lr_scheduler.ConstantLR):
    """Uses a smaller learning rate for the first `total_iters` steps."""

    FORMULA = "lr · factor for total_iters steps, then lr"
    PRIMARY = ("factor", "total_iters")

    total_iters: int = Param(
        5, min=1, max=_MOST, description="Steps with the smaller learning rate"
    )


@NodeRegistry.register("LinearLR")
class LinearLR(TorchScheduler, scheduler=lr_scheduler.LinearLR):
    """Changes the learning rate linearly between two factors; by default a warm-up."""

    FORMULA = "lr · (start + (end − start) · t / total_iters)"
    PRIMARY = ("start_factor", "end_factor", "total_iters")
    ENDS_AT = "total_iters"

    total_iters: int = Param(5, min=1, max=_MOST, description="Steps until the end factor")

    def zero_from(self) -> int | None:
        return None if self.end_factor else super().zero_from()  # type: ignore[attr-defined]


@NodeRegistry.register("ExponentialLR")
class ExponentialLR(TorchScheduler, scheduler=lr_scheduler.ExponentialLR, defaults={"gamma": 0.95}):
    """Multiplies the learning rate by `gamma` at every step."""

    FORMULA = "lr · γᵗ"
    PRIMARY = ("gamma",)


@NodeRegistry.register("PolynomialLR")
class PolynomialLR(TorchScheduler, scheduler=lr_scheduler.PolynomialLR):
    """Decreases the learning rate to zero along a polynomial."""

    FORMULA = "lr · (1 − t / total_iters)ᵖ"
    PRIMARY = ("total_iters", "power")
    SPAN = ENDS_AT = "total_iters"

    total_iters: int | None = Param(None, min=1, max=_MOST, description=_WHOLE)

    def zero_from(self) -> int | None:
        return super().zero_from() if self.power else None  # type: ignore[attr-defined]


@NodeRegistry.register("CosineAnnealingLR")
class CosineAnnealingLR(TorchScheduler, scheduler=lr_scheduler.CosineAnnealingLR):
    """Decreases the learning rate along half a cosine.

    Source: Loshchilov and Hutter, 2017.
    """

    FORMULA = "η_min + (lr − η_min) · (1 + cos(π t / T_max)) / 2"
    PRIMARY = ("T_max", "eta_min")
    SPAN = "T_max"

    T_max: int | None = Param(None, min=1, max=_MOST, description=_WHOLE)


@NodeRegistry.register("CosineAnnealingWarmRestarts")
class CosineAnnealingWarmRestarts(
    TorchScheduler, scheduler=lr_scheduler.CosineAnnealingWarmRestarts, defaults={"T_0": 10}
):
    """Decreases the learning rate along half a cosine, with restarts.

    Source: Loshchilov and Hutter, 2017.
    """

    DISPLAY_NAME = "Cosine Warm Restarts"
    FORMULA = "η_min + (lr − η_min) · (1 + cos(π t / T_i)) / 2"
    PRIMARY = ("T_0", "T_mult")


class _Cycle(TorchScheduler):
    interval: str = Param(
        "step", choices=["epoch", "step"], description="When it steps: after epochs, or batches"
    )

    def options(self, optimizer: Optimizer, steps: int) -> dict[str, Any]:
        """Return the arguments without a momentum cycle if the optimizer has no momentum."""
        has_momentum = "momentum" in optimizer.defaults or "betas" in optimizer.defaults
        values = super().options(optimizer, steps)
        return {**values, "cycle_momentum": values["cycle_momentum"] and has_momentum}


@NodeRegistry.register("CyclicLR")
class CyclicLR(_Cycle, scheduler=lr_scheduler.CyclicLR, leave_out=("scale_fn", "scale_mode")):
    """Cycles the learning rate between two values.

    Source: Smith, 2017.
    """

    FORMULA = "between base_lr and max_lr"
    PRIMARY = ("max_lr", "step_size_up")

    base_lr: float | None = Param(
        None, min=0, description="Smallest learning rate; empty: the optimizer's"
    )
    max_lr: float = Param(0.01, min=LEAST, description="Largest learning rate")
    base_momentum: float = Param(
        0.8, min=0, max=1, description="Momentum while the learning rate is largest"
    )
    max_momentum: float = Param(
        0.9, min=0, max=1, description="Momentum while the learning rate is smallest"
    )

    def options(self, optimizer: Optimizer, steps: int) -> dict[str, Any]:
        values = super().options(optimizer, steps)
        base = optimizer.param_groups[0]["lr"] if self.base_lr is None else self.base_lr
        return {**values, "base_lr": float(base)}


@NodeRegistry.register("OneCycleLR")
class OneCycleLR(
    _Cycle,
    scheduler=lr_scheduler.OneCycleLR,
    leave_out=("total_steps", "epochs", "steps_per_epoch"),
):
    """Increases the learning rate once and decreases it over the whole training.

    Source: Smith and Topin, 2018.
    """

    FORMULA = "max_lr / div_factor ↗ max_lr ↘ max_lr / (div_factor · final_div_factor)"
    PRIMARY = ("max_lr", "pct_start")

    max_lr: float = Param(0.01, min=LEAST, description="Largest learning rate")
    base_momentum: float = Param(
        0.85, min=0, max=1, description="Momentum while the learning rate is largest"
    )
    max_momentum: float = Param(
        0.95, min=0, max=1, description="Momentum while the learning rate is smallest"
    )

    @property
    def is_tied(self) -> bool:
        return True

    def options(self, optimizer: Optimizer, steps: int) -> dict[str, Any]:
        """Return the arguments for `steps` steps: the last one has the smallest learning rate.

        torch divides by 0 where the rise lasts exactly one step; it then lasts a billionth longer.
        """
        values = {**super().options(optimizer, steps), "total_steps": max(1, steps)}
        if values["pct_start"] * values["total_steps"] == 1.0:
            values["pct_start"] *= 1 + 1e-9
        return values


@NodeRegistry.register("ReduceLROnPlateau")
class ReduceLROnPlateau(
    TorchScheduler, scheduler=lr_scheduler.ReduceLROnPlateau, leave_out=("mode", "min_lr")
):
    """Reduces the learning rate when a metric stops improving."""

    DISPLAY_NAME = "Reduce LR On Plateau"
    FORMULA = "lr ← lr · factor, after patience epochs without a better value"
    PRIMARY = ("factor", "patience")

    interval: str = Param(
        "epoch", choices=["epoch"], description="When it checks the metric: after epochs"
    )
    monitor: str = Param(
        DEFAULT_MONITOR,
        description="The monitored metric, such as val_loss or val_accuracy",
    )
    factor: float = Param(0.1, min=LEAST, max=0.99999999, description="Factor of the learning rate")
    min_lr: float = Param(0.0, min=0, description="Smallest learning rate")

    @property
    def monitored(self) -> str:
        return self.monitor

    def options(self, optimizer: Optimizer, steps: int) -> dict[str, Any]:
        return {**super().options(optimizer, steps), "mode": "max" if self.maximize else "min"}


@NodeRegistry.register("SequentialLR")
class SequentialLR(SchedulerNode):
    """Runs schedulers of one optimizer in sequence; each milestone starts the next."""

    FORMULA = "first until milestone 1, second until milestone 2, …"
    URL = f"{_DOCS}.SequentialLR.html"
    PRIMARY = ("milestones",)
    CAN_DISABLE = False
    DISABLE_REASON = "It combines several schedulers: disable those instead."

    milestones: list[int] = Param(
        (5,), min=1, description="Steps at which the next scheduler starts, in increasing order"
    )

    _parts: tuple[tuple[SchedulerNode, ...], ...] = ()

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, InputSpec]:
        ports = {
            "schedulers": InputSpec(
                DataType.SCHEDULER,
                required=True,
                multiple=True,
                description="The schedulers in order, all of one optimizer",
            )
        }
        return {**ports, **cls.PARAMS}

    def execute(self, **kwargs: Any) -> tuple[Schedule]:
        given = [Schedule.of(value) for value in kwargs["schedulers"]]
        self._parts = tuple(schedule.nodes for schedule in given if schedule.nodes)
        if any(schedule.optimizer is not given[0].optimizer for schedule in given):
            raise RunError(
                "The schedulers are of different optimizers.",
                hint="Connect all of them to one optimizer.",
            )
        if len(self.milestones) != len(self._parts) - 1 or sorted(set(self.milestones)) != list(
            self.milestones
        ):
            count = len(self._parts)
            message = f"{count} schedulers need {count - 1} milestones in increasing order."
            raise RunError(
                message, hint="Give the step at which each scheduler but the first starts."
            )
        if any(node.monitored for part in self._parts for node in part):
            raise RunError("A scheduler that monitors a metric cannot be part of a sequence.")
        return (Schedule(given[0].optimizer, (self,)),)

    @property
    def is_tied(self) -> bool:
        return any(node.is_tied for node in (self._parts or ((),))[-1])

    def zero_from(self) -> int | None:
        start = self.milestones[-1] if self.milestones else 0
        last = (self._parts or ((),))[-1]
        spans = [span for node in last if (span := node.zero_from()) is not None]
        return start + min(spans) if spans else None

    def build(self, optimizer: Optimizer, steps: int) -> lr_scheduler.LRScheduler:
        ends = [*self.milestones, max(steps, self.milestones[-1] + 1 if self.milestones else 1)]
        spans = [end - start for start, end in zip([0, *self.milestones], ends, strict=True)]
        parts = [
            _joined(part, optimizer, span) for part, span in zip(self._parts, spans, strict=True)
        ]
        return lr_scheduler.SequentialLR(optimizer, parts, list(self.milestones))


def _joined(
    nodes: tuple[SchedulerNode, ...], optimizer: Optimizer, steps: int
) -> lr_scheduler.LRScheduler:
    parts = [node.build(optimizer, steps) for node in nodes]
    return parts[0] if len(parts) == 1 else lr_scheduler.ChainedScheduler(parts, optimizer)
