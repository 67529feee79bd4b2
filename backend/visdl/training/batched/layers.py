"""Layers and losses of a seed batch: activations are (members, batch, …), weights (members, …)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.func import vmap

from visdl.nodes.contract.runtime_values import Seeded
from visdl.nodes.contract.target_scaling import ScaledLoss, TargetScaling
from visdl.nodes.contract.traits import traits_of
from visdl.training.plan import FitPlan

Forward = Callable[..., Tensor]


def simple_chain(model: nn.Module) -> list[str] | None:
    """Return the names of the layers of a chain that needs no vmap; None for other networks."""
    if type(model) is not nn.Sequential:
        return None
    names = [name for name, _ in model.named_children()]
    return names if all(_is_simple(model.get_submodule(name)) for name in names) else None


def _is_simple(module: nn.Module) -> bool:
    if isinstance(module, nn.Flatten):
        return (module.start_dim, module.end_dim) == (1, -1)
    if type(module) is nn.Linear:
        return True
    if isinstance(module, Seeded):
        return not list(module.parameters())
    return traits_of(module).elementwise


def batched_layer(
    modules: Sequence[nn.Module], name: str, leaves: dict[str, Tensor]
) -> Callable[[Tensor], Tensor]:
    """Return one layer of a chain, for activations (members, batch, …)."""
    first = modules[0]
    if isinstance(first, nn.Linear):
        weight, bias = leaves[f"{name}.weight"], leaves.get(f"{name}.bias")
        return lambda values: _linear(values, weight, bias)
    if isinstance(first, nn.Flatten):
        return lambda values: values.flatten(2)
    if isinstance(first, Seeded):
        return lambda values: torch.stack(
            [module(part) for module, part in zip(modules, values, strict=True)]
        )
    return first


def _linear(values: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    rows = values.flatten(1, -2)
    turned = weight.transpose(1, 2)
    product = (
        torch.bmm(rows, turned) if bias is None else torch.baddbmm(bias.unsqueeze(1), rows, turned)
    )
    return product.view(*values.shape[:-1], weight.shape[1])


def batched_loss(plan: FitPlan) -> Forward:
    """Return the loss function: predictions and targets (members, batch, …) to (members,)."""
    module = plan.loss.module
    if isinstance(module, ScaledLoss):
        return _scaled(replace(plan, loss=replace(plan.loss, module=module.loss)), module.scaling)
    if type(module) is nn.MSELoss and module.reduction == "mean":
        return lambda prediction, y: (prediction - y).square().flatten(1).mean(1)
    if type(module) is nn.CrossEntropyLoss and _is_usual(module):
        return _cross_entropy
    return vmap(module)


def _scaled(plan: FitPlan, scaling: TargetScaling) -> Forward:
    loss = batched_loss(plan)
    return lambda prediction, y: loss(prediction, scaling(y).to(prediction.dtype))


def _is_usual(module: nn.CrossEntropyLoss) -> bool:
    return module.reduction == "mean" and module.weight is None and not module.label_smoothing


def _cross_entropy(prediction: Tensor, y: Tensor) -> Tensor:
    each = F.cross_entropy(prediction.flatten(0, 1), y.flatten(0, 1), reduction="none")
    return each.view(len(y), -1).mean(1)
