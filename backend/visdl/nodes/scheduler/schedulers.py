"""The learning-rate schedulers of torch.optim, with the parameters of their signatures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from torch.optim import Optimizer, lr_scheduler

from visdl.models.errors import RunError
from visdl.nodes import DataType, InputSpec, NodeRegistry, Param, SchedulerNode
from visdl.nodes.contract.learning import Schedule
from visdl.nodes.contract.metric_names import DEFAULT_MONITOR
from visdl.nodes.contract.torch_signature import declare, in_order

_DOCS = "https://pytorch.org/docs/stable/generated/torch.optim.lr_scheduler"
_GIVEN = {"optimizer", "last_epoch", "verbose"}  # verbose: torch 2.6 alone has it, deprecated
_MOST = 1_000_000_000
_STEPS = {"min": 1, "max": _MOST}
_MEANING: dict[str, tuple[str, dict[str, Any]]] = {
    "T_0": ("Steps until the first restart", _STEPS),
    "T_mult": ("How many times longer it is until each next restart", {"min": 1}),
    "anneal_strategy": ("The form of the way down", {}),
    "base_momentum": ("Momentum while the learning rate is largest", {"min": 0, "max": 1}),
    "cooldown": ("Epochs of rest behind each reduction", {"min": 0}),
    "cycle_momentum": ("Momentum goes the other way, where the optimizer has any", {}),
    "div_factor": ("The start is max_lr divided by this", {"min": 1}),
    "end_factor": ("Factor at the end", {"min": 0, "max": 1}),
    "eps": ("Smaller changes are left out", {"min": 0}),
    "eta_min": ("Smallest learning rate", {"min": 0}),
    "factor": ("What the learning rate is multiplied by", {"min": 0, "max": 1}),
    "final_div_factor": ("The end is the start divided by this", {"min": 1}),
    "gamma": ("What the learning rate is multiplied by each time", {"min": 0}),
    "max_momentum": ("Momentum while the learning rate is smallest", {"min": 0, "max": 1}),
    "min_lr": ("Smallest learning rate", {"min": 0}),
    "mode": ("The form of the cycles", {}),
    "patience": ("Epochs without a better value until it is reduced", {"min": 0}),
    "pct_start": ("Share of the training in which it rises", {"min": 0, "max": 1, "step": 0.05}),
    "power": ("Power of the polynomial", {"min": 0}),
    "start_factor": ("Factor at the start", {"min": 1e-9, "max": 1}),
    "step_size": ("Steps between two reductions", _STEPS),
    "step_size_down": ("Steps of the falling half; empty: as many as of the rising half", _STEPS),
    "step_size_up": ("Steps of the rising half of a cycle", _STEPS),
    "three_phase": ("A third phase takes it far below the start", {}),
    "threshold": ("Changes below this are no change", {"min": 0}),
    "threshold_mode": ("Whether the threshold is relative", {}),
}
_WHOLE = "Steps until the end; empty: the whole training"


class TorchScheduler(SchedulerNode):
    """A scheduler that is a class of torch.optim.lr_scheduler."""

    SCHEDULER: ClassVar[type[lr_scheduler.LRScheduler]]
    SPAN: ClassVar[str] = ""  # the parameter that is the whole training where it is empty

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
        """The arguments of the class."""
        accepted = {
            name: getattr(self, name) for name in self.PARAMS if name not in ("interval", "monitor")
        }
        return {
            name: max(1, steps) if name == self.SPAN and v is None else v
            for name, v in accepted.items()
        }

    def build(self, optimizer: Optimizer, steps: int) -> lr_scheduler.LRScheduler:
        return self.SCHEDULER(optimizer, **self.options(optimizer, steps))


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
        (30, 60), min=1, description="After how many steps, in rising order"
    )


@NodeRegistry.register("ConstantLR")
class ConstantLR(TorchScheduler, scheduler=lr_scheduler.ConstantLR):
    """Begins with a smaller learning rate, for `total_iters` steps."""

    FORMULA = "lr · factor for total_iters steps, then lr"
    PRIMARY = ("factor", "total_iters")

    total_iters: int = Param(
        5, min=1, max=_MOST, description="Steps with the smaller learning rate"
    )


@NodeRegistry.register("LinearLR")
class LinearLR(TorchScheduler, scheduler=lr_scheduler.LinearLR):
    """Changes the learning rate's factor from one value to another: a warm-up, as it stands."""

    FORMULA = "lr · (start + (end − start) · t / total_iters)"
    PRIMARY = ("start_factor", "end_factor", "total_iters")

    total_iters: int = Param(5, min=1, max=_MOST, description="Steps until the end factor")


@NodeRegistry.register("ExponentialLR")
class ExponentialLR(TorchScheduler, scheduler=lr_scheduler.ExponentialLR, defaults={"gamma": 0.95}):
    """Multiplies the learning rate by `gamma` at every step."""

    FORMULA = "lr · γᵗ"
    PRIMARY = ("gamma",)


@NodeRegistry.register("PolynomialLR")
class PolynomialLR(TorchScheduler, scheduler=lr_scheduler.PolynomialLR):
    """Lets the learning rate fall to zero along a polynomial."""

    FORMULA = "lr · (1 − t / total_iters)ᵖ"
    PRIMARY = ("total_iters", "power")
    SPAN = "total_iters"

    total_iters: int | None = Param(None, min=1, max=_MOST, description=_WHOLE)


@NodeRegistry.register("CosineAnnealingLR")
class CosineAnnealingLR(TorchScheduler, scheduler=lr_scheduler.CosineAnnealingLR):
    """Lets the learning rate fall along half a cosine.

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
    """Lets the learning rate fall along half a cosine, again and again.

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
        """Without the cycle of a momentum that the optimizer does not have."""
        has_momentum = "momentum" in optimizer.defaults or "betas" in optimizer.defaults
        values = super().options(optimizer, steps)
        return {**values, "cycle_momentum": values["cycle_momentum"] and has_momentum}


@NodeRegistry.register("CyclicLR")
class CyclicLR(_Cycle, scheduler=lr_scheduler.CyclicLR, leave_out=("scale_fn", "scale_mode")):
    """Lets the learning rate rise and fall between two values.

    Source: Smith, 2017.
    """

    FORMULA = "between base_lr and max_lr"
    PRIMARY = ("max_lr", "step_size_up")

    base_lr: float | None = Param(
        None, min=0, description="Smallest learning rate; empty: the optimizer's"
    )
    max_lr: float = Param(0.01, min=0, description="Largest learning rate")
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
    """One rise of the learning rate and one fall, over the whole training.

    Source: Smith and Topin, 2018.
    """

    FORMULA = "max_lr / div_factor ↗ max_lr ↘ max_lr / (div_factor · final_div_factor)"
    PRIMARY = ("max_lr", "pct_start")

    max_lr: float = Param(0.01, min=1e-12, description="Largest learning rate")

    def options(self, optimizer: Optimizer, steps: int) -> dict[str, Any]:
        return {**super().options(optimizer, steps), "total_steps": steps + 1}


@NodeRegistry.register("ReduceLROnPlateau")
class ReduceLROnPlateau(
    TorchScheduler, scheduler=lr_scheduler.ReduceLROnPlateau, leave_out=("mode", "min_lr")
):
    """Reduces the learning rate when a metric stops getting better."""

    DISPLAY_NAME = "Reduce LR On Plateau"
    FORMULA = "lr ← lr · factor, after patience epochs without a better value"
    PRIMARY = ("factor", "patience")

    interval: str = Param("epoch", choices=["epoch"], description="When it looks: after epochs")
    monitor: str = Param(
        DEFAULT_MONITOR,
        description="The metric that it waits for, such as val_loss or val_accuracy",
    )
    min_lr: float = Param(0.0, min=0, description="Smallest learning rate")

    @property
    def monitored(self) -> str:
        return self.monitor

    def options(self, optimizer: Optimizer, steps: int) -> dict[str, Any]:
        return {**super().options(optimizer, steps), "mode": "max" if self.maximize else "min"}


@NodeRegistry.register("SequentialLR")
class SequentialLR(SchedulerNode):
    """Schedulers of one optimizer, one after another: the next one begins at each milestone."""

    FORMULA = "first until milestone 1, second until milestone 2, …"
    URL = f"{_DOCS}.SequentialLR.html"
    PRIMARY = ("milestones",)
    CAN_DISABLE = False
    DISABLE_REASON = "It joins several schedulers: switch those off that you do not want."

    milestones: list[int] = Param(
        (5,), min=1, description="Steps after which the next one begins, in rising order"
    )

    _parts: tuple[tuple[SchedulerNode, ...], ...] = ()

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, InputSpec]:
        ports = {
            "schedulers": InputSpec(
                DataType.SCHEDULER,
                required=True,
                multiple=True,
                description="In their order, all of one optimizer",
            )
        }
        return {**ports, **cls.PARAMS}

    def execute(self, **kwargs: Any) -> tuple[Schedule]:
        given = [Schedule.of(value) for value in kwargs["schedulers"]]
        self._parts = tuple(schedule.nodes for schedule in given if schedule.nodes)
        if any(schedule.optimizer is not given[0].optimizer for schedule in given):
            raise RunError(
                "The schedulers are of different optimizers.",
                hint="Wire them all to one optimizer.",
            )
        if len(self.milestones) != len(self._parts) - 1 or sorted(set(self.milestones)) != list(
            self.milestones
        ):
            count = len(self._parts)
            message = f"{count} schedulers need {count - 1} milestones in rising order."
            raise RunError(message, hint="Give the step at which each but the first begins.")
        if any(node.monitored for part in self._parts for node in part):
            raise RunError("A scheduler that waits for a metric has no place in a sequence.")
        return (Schedule(given[0].optimizer, (self,)),)

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
