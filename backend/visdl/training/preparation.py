"""From the values on a TrainingLoop's ports to the plan of a training."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler
from torch.utils.data import Subset, TensorDataset

from visdl.datasets.dataset import Dataset
from visdl.datasets.encoding import Argument, Encoding, Values
from visdl.datasets.split import Loader
from visdl.models.errors import RunError
from visdl.nodes.contract.estimates import estimate
from visdl.nodes.contract.evaluation import predict
from visdl.nodes.contract.flops import FlopCounter
from visdl.nodes.contract.learning import Loss, Schedule, SchedulerNode
from visdl.nodes.contract.metrics.names import metric_direction, usual_metrics
from visdl.nodes.contract.registry import Registry
from visdl.nodes.contract.specs import BATCH, Shape
from visdl.nodes.contract.target_scaling import TargetScaling
from visdl.training.batches import batch_sizes
from visdl.training.plan import FitPlan, Scheduled

_SMALL_STEP = 4e6  # FLOPs of a forward pass


@dataclass
class Prepared:
    """A training ready to start."""

    plan: FitPlan
    encoding: Encoding


def prepare(
    args: dict[str, Any], arguments: Sequence[Argument], seed: int, registry: Registry
) -> Prepared:
    """Return the plan for the values on a training loop's ports.

    Raises InvalidInputError for data that cannot be trained on, and RunError when the shapes of
    prediction and target do not match.
    """
    model, loss, train = args["model"], args["loss_fn"], _loader(args["train_loader"])
    device = next(model.parameters()).device
    encoding = Encoding.fit(train, loss.target, arguments)
    xs = _put(encoding.encode_inputs(train.dataset), device)
    _fit_target(model, loss, encoding, xs)
    if encoding.target_scaling != "none":
        loss = loss.scaled(TargetScaling(encoding))
    (y,) = _put([encoding.encode_targets(train.dataset)], device)
    loss.module.to(device)
    schedule = Schedule.of(args["optimizer"])
    plan = FitPlan(
        model=model,
        loss=loss,
        optimizer=schedule.optimizer,
        # an array is a sequence of indices
        train=Subset(TensorDataset(*xs, y), train.rows),  # type: ignore[arg-type]
        val=_validation(args.get("val_loader"), train, encoding, (xs, y)),
        batch_size=train.batch_size,
        epochs=args["epochs"],
        seed=seed,
        shuffle=train.shuffle,
        metrics=[*usual_metrics(loss.node, registry), *args["metrics"]],
        keep=args["keep"],
        monitor=args["monitor"],
        patience=args["patience"],
        clip_grad_norm=args["clip_grad_norm"],
    )
    plan = replace(plan, schedule=list(_scheduled(schedule, plan)))
    return Prepared(plan, encoding)


def _scheduled(schedule: Schedule, plan: FitPlan) -> Iterator[Scheduled]:
    """Build the optimizer's schedulers for the length of the training. Raises RunError."""
    steps = {"epoch": plan.epochs, "step": plan.epochs * len(batch_sizes(plan))}
    for node in schedule.nodes:
        if node.monitored:
            node.maximize = metric_direction(node.monitored, plan.metrics) == "maximize"
        scheduler = _built(node, schedule.optimizer, steps[node.interval])
        yield Scheduled(scheduler, node.interval, node.monitored, node.is_tied)


def _built(node: SchedulerNode, optimizer: Optimizer, steps: int) -> LRScheduler:
    try:
        return node.build(optimizer, steps)
    except RunError:
        raise
    except Exception as error:  # torch, or the code of a node file
        name, of = type(node).DISPLAY_NAME or type(node).__name__, type(optimizer).__name__
        message = f"{name} cannot schedule the learning rate of {of} over {steps:,} steps."
        hint = "Check its parameters, or use another scheduler. The log has the reason."
        raise RunError(message, hint=hint, code="scheduler") from error


def _loader(data: Loader | Dataset) -> Loader:
    return data if isinstance(data, Loader) else Loader(data, shuffle=True)


def _put(values: Sequence[Values], device: torch.device) -> tuple[Tensor, ...]:
    return tuple(torch.from_numpy(value).to(device) for value in values)


def _validation(
    data: Loader | Dataset | None,
    train: Loader,
    encoding: Encoding,
    shared: tuple[tuple[Tensor, ...], Tensor],
) -> tuple[tuple[Tensor, ...], Tensor] | None:
    """Return the validation rows, (rows, …) each; of `shared` if it is the same dataset."""
    if data is None or (isinstance(data, Loader) and len(data) == 0):
        return None
    loader = _loader(data)
    xs, y = shared
    if loader.dataset is not train.dataset:
        inputs, targets = encoding.encode(loader.dataset)
        xs, (y,) = _put(inputs, y.device), _put([targets], y.device)
    rows = torch.as_tensor(loader.rows).to(y.device)
    return tuple(x[rows] for x in xs), y[rows]


def _fit_target(model: nn.Module, loss: Loss, encoding: Encoding, xs: Sequence[Tensor]) -> None:
    """Predict two rows, and give the target the shape of the output.

    Raises RunError when the two do not match, so that nothing is ever broadcast silently.
    """
    prediction = predict(model, [x[:2] for x in xs])
    shape = Shape((BATCH, *prediction.shape[1:]), prediction.dtype)
    classes = len(encoding.classes) if encoding.classes is not None else None
    reason = loss.node.why_not(shape, None, len(encoding.targets))
    if reason is None and classes is not None and prediction.shape[1] < classes:
        reason = loss.node.why_not(shape, classes, len(encoding.targets))
    if reason:
        raise RunError(f"{reason}.", hint="Change the model's last layer.", code="output_shape")
    encoding.target_shape = list(prediction.shape[1:] if classes is None else prediction.shape[2:])


def useful_threads(plan: FitPlan, limit: int, warn: Callable[[str], None]) -> int:
    """Return how many threads this training benefits from: one for a small step, else `limit`.

    Below about 4 MFLOP in the forward pass a second thread gained nothing, and on busy cores each
    step waited up to 100 ms for it.
    """
    step = estimate(
        lambda: _flops(plan), math.inf, warn, f"Training may use all of its {limit} threads"
    )
    return limit if step > _SMALL_STEP else 1


def _flops(plan: FitPlan) -> float:
    """Return the FLOPs of a batch's forward pass, from one of two rows."""
    *xs, _ = plan.train.dataset.tensors  # type: ignore[attr-defined]
    with FlopCounter() as counter:
        predict(plan.model, [x[:2] for x in xs])
    return float(counter.get_total_flops() / 2 * plan.batch_size)
