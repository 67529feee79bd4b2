"""The whole state of a training as tensors and plain values: the contents of a checkpoint."""

from __future__ import annotations

from typing import Any

import torch

from visdl.nodes.contract.own_random import OwnRandom
from visdl.nodes.contract.runtime_values import Seeded
from visdl.training.batches import batch_sizes
from visdl.training.loop import advance, running_metrics
from visdl.training.plan import FitPlan, FitState

#: What the bits of a training depend on besides the checkpoint, with its name in a sentence.
DECISIVE = {"device": "device", "torch": "PyTorch version", "cpu": "instruction set of the CPU"}


def snapshot(plan: FitPlan, state: FitState) -> dict[str, Any]:
    """Return model, optimizer, every generator, and the position in the training."""
    return {
        "model": plan.model.state_dict(),
        "optimizer": plan.optimizer.state_dict(),
        "schedule": [part.scheduler.state_dict() for part in plan.schedule],
        "state": {**vars(state), "running": None, "newest": _kept(state)},
        "metrics": state.running.state_dict() if state.running is not None else None,
        "generators": [module.generator.get_state() for module in _seeded(plan)],
        "own_random": True,  # layers with dropout inside are among them
        "torch_rng": torch.get_rng_state(),
        "cuda_rng": torch.cuda.get_rng_state_all() if plan.device.type == "cuda" else [],
        "seed": plan.seed,
        "threads": torch.get_num_threads(),
        **_decisive(plan),
    }


def restore(payload: dict[str, Any], plan: FitPlan, *, extends: bool = False) -> FitState:
    """Put a snapshot back into the model and optimizer of `plan`; return its `FitState`.

    The number of threads is restored too: sums over another number of parts are rounded
    differently.

    Args:
        extends: The snapshot is of a training of another length. A schedule that is tied to the
            length is then stretched: learning rates are those of a training of the new length at
            this position.
    """
    torch.set_num_threads(payload["threads"])
    plan.model.load_state_dict(payload["model"])
    planned = [_options(group) for group in plan.optimizer.param_groups]
    plan.optimizer.load_state_dict(payload["optimizer"])
    stretched = extends and any(part.is_tied for part in plan.schedule)
    if stretched:
        for group, options in zip(plan.optimizer.param_groups, planned, strict=True):
            group.update(options)
    else:
        for part, scheduler_state in zip(plan.schedule, payload.get("schedule", []), strict=True):
            part.scheduler.load_state_dict(scheduler_state)
    if not payload.get("own_random"):  # of an earlier version: these shared torch's generator
        for module in plan.model.modules():
            if isinstance(module, OwnRandom):
                module.generator = None
    for module, generator_state in zip(_seeded(plan), payload["generators"], strict=True):
        module.generator.set_state(generator_state)
    torch.set_rng_state(payload["torch_rng"])
    if plan.device.type == "cuda" and payload["cuda_rng"]:
        torch.cuda.set_rng_state_all(payload["cuda_rng"])
    state = _fit_state(payload, plan)
    if state.step:  # otherwise a scheduler warns that it steps before the optimizer
        plan.optimizer._opt_called = True  # type: ignore[attr-defined]
    if stretched:
        _replay(plan, state)
    return state


def _kept(state: FitState) -> list[torch.Tensor] | None:
    """Return the newest batch without the memory that it shares with others."""
    return None if state.newest is None else [each.clone() for each in state.newest]


def _fit_state(payload: dict[str, Any], plan: FitPlan) -> FitState:
    """Return the state of a snapshot; one of an earlier version holds the epoch's predictions."""
    values = dict(payload["state"])
    seen, newest = values.pop("seen", []), values.pop("newest", None)
    state = FitState(**values)
    for prediction, target in seen:
        state.newest = prediction.to(plan.device), target.to(plan.device)
        running_metrics(plan, state).update(*state.newest)
    if newest is not None:
        prediction, target = newest
        state.newest = prediction.to(plan.device), target.to(plan.device)
    if payload.get("metrics") is not None:
        running_metrics(plan, state).load_state_dict(payload["metrics"])
    return state


def _options(group: dict[str, Any]) -> dict[str, Any]:
    """Return what a parameter group holds besides its weights, such as its learning rate."""
    return {key: value for key, value in group.items() if key != "params"}


def _replay(plan: FitPlan, state: FitState) -> None:
    """Step new schedulers to the position of `state`, with the values that were measured then."""
    for epoch in range(state.epoch):
        for _ in batch_sizes(plan):
            advance(plan, "step")
        values = {
            key: series[epoch] for key, series in state.history.items() if epoch < len(series)
        }
        advance(plan, "epoch", values)
    for _ in range(state.batch):
        advance(plan, "step")


def differences(payload: dict[str, Any], plan: FitPlan) -> list[str]:
    """Return how this machine differs from the snapshot's: training is then not bit-for-bit."""
    return [
        f"the {name} is {now} instead of {payload[key]}"
        for key, name in DECISIVE.items()
        if key in payload and (now := _decisive(plan)[key]) != payload[key]
    ]


def machine(plan: FitPlan) -> dict[str, str]:
    """Return the device and the CPU instruction set of a training."""
    device = plan.device
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else str(device)
    return {"device": name, "cpu": torch.backends.cpu.get_cpu_capability()}


def _decisive(plan: FitPlan) -> dict[str, str]:
    return {**machine(plan), "torch": str(torch.__version__)}  # a plain text, not its class


def _seeded(plan: FitPlan) -> list[Any]:
    return [m for m in plan.model.modules() if isinstance(m, Seeded) and m.generator is not None]
