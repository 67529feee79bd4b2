"""Which trainings can be one: those that differ by nothing but their seed, and whose parts keep to themselves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch.nn.modules.batchnorm import _BatchNorm

from visdl.nodes.contract.runtime_values import Seeded
from visdl.nodes.contract.traits import traits_of
from visdl.training.batched.layers import simple_chain
from visdl.training.loop import FitPlan


def refusal(plans: Sequence[FitPlan]) -> str | None:
    """Why these trainings cannot be one, as the end of a sentence; None where nothing speaks against it."""
    first = plans[0]
    optimizer = first.optimizer
    has_dropout = any(isinstance(module, Seeded) for module in first.model.modules())
    # A bias before it has no gradient but rounding, which Adam makes large: the running mean then differs.
    has_batch_norm = any(isinstance(module, _BatchNorm) for module in first.model.modules())
    simple = traits_of(optimizer).elementwise and len(optimizer.param_groups) == 1
    reasons = {
        "there is one of them": len(plans) < 2,
        f"{type(optimizer).__name__} does not treat each weight by itself": not simple,
        "the norm of the gradients is clipped": first.clip_grad_norm is not None,
        "the learning rate follows a metric": any(part.monitor for part in first.schedule),
        "each may end early by itself": first.patience is not None,
        "batch normalisation would not come out the same": has_batch_norm,
        "dropout is stacked only in a chain of simple layers": has_dropout
        and simple_chain(first.model) is None,
        "their networks differ": any(_form(plan) != _form(first) for plan in plans),
        "their data differ": any(not _same_data(plan, first) for plan in plans),
    }
    return next((reason for reason, holds in reasons.items() if holds), None)


def _form(plan: FitPlan) -> tuple[Any, ...]:
    """What has to be the same in all of them."""
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
    return same and torch.equal(
        torch.as_tensor(plan.train.indices), torch.as_tensor(other.train.indices)
    )
