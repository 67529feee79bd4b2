"""Which trainings are eligible for batching: they differ in their seed, and stay independent."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from visdl.nodes.contract.parameter_groups.grouped import GroupedOptimizer
from visdl.nodes.contract.traits import traits_of
from visdl.training.plan import FitPlan


def why_not_batched(plans: Sequence[FitPlan]) -> str | None:
    """Return why these trainings cannot be a seed batch, as the end of a sentence, or None."""
    first = plans[0]
    optimizer = first.optimizer
    simple = traits_of(optimizer).elementwise and len(optimizer.param_groups) == 1
    weights = list(first.model.parameters())
    reasons = {
        "there is only one of them": len(plans) < 2,
        "the optimizer has parameter groups": isinstance(optimizer, GroupedOptimizer),
        "some parameters are frozen": not all(p.requires_grad for p in weights),
        f"{type(optimizer).__name__} does not update each weight independently": not simple,
        "the norm of the gradients is clipped": first.clip_grad_norm is not None,
        "the learning rate follows a metric": any(part.monitor for part in first.schedule),
        "each may end early on its own": first.patience is not None,
        "seeds are batched on a CPU only": weights[0].device.type != "cpu",
        "they train on several threads": torch.get_num_threads() > 1,
        "the weights have several data types": len({p.dtype for p in weights}) > 1,
        "their networks differ": any(_structure(plan) != _structure(first) for plan in plans),
        "their data differ": any(not _same_data(plan, first) for plan in plans),
    }
    return next((reason for reason, holds in reasons.items() if holds), None)


def _structure(plan: FitPlan) -> tuple[Any, ...]:
    """Return what has to be equal in all of them."""
    modules = [
        (name, type(module), module.extra_repr()) for name, module in plan.model.named_modules()
    ]
    params = [
        (name, tuple(p.shape), p.dtype, str(p.device)) for name, p in plan.model.named_parameters()
    ]
    options = {
        key: value for key, value in plan.optimizer.param_groups[0].items() if key != "params"
    }
    settings = (
        plan.batch_size,
        plan.epochs,
        plan.shuffle,
        plan.keep,
        plan.monitor,
        type(plan.optimizer),
        options,
    )
    return (
        modules,
        params,
        settings,
        type(plan.loss.module),
        repr(plan.loss.module),
        len(plan.schedule),
    )


def _same_data(plan: FitPlan, other: FitPlan) -> bool:
    if plan is other:
        return True
    mine, theirs = plan.train.dataset.tensors, other.train.dataset.tensors  # type: ignore[attr-defined]
    same = all(torch.equal(a, b) for a, b in zip(mine, theirs, strict=True))
    return (
        same
        and torch.equal(torch.as_tensor(plan.train.indices), torch.as_tensor(other.train.indices))
        and _same_validation(plan.val, other.val)
    )


def _same_validation(
    mine: tuple[tuple[torch.Tensor, ...], torch.Tensor] | None,
    theirs: tuple[tuple[torch.Tensor, ...], torch.Tensor] | None,
) -> bool:
    if mine is None or theirs is None:
        return mine is theirs
    return torch.equal(mine[1], theirs[1]) and all(map(torch.equal, mine[0], theirs[0]))
