"""The weights of a seed batch in one flat tensor, and the optimizer that steps on it.

Each weight of each member begins at a multiple of `STRIDE` values: it is aligned like a tensor of
its own, so that matrix products round as they do for a single training.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Sequence
from copy import deepcopy
from typing import Any

import torch
from torch import Tensor, nn

from visdl.training.plan import FitPlan

#: Values, at least as many as the kernels of a CPU compute at once: a last part of fewer values is
#: computed by other code, which rounds differently.
STRIDE = 64


def padded(size: int) -> int:
    """Return the smallest multiple of STRIDE that holds this many values."""
    return -(-size // STRIDE) * STRIDE


class FlatWeights:
    """Weights, gradients and optimizer state of all members; `split` separates them again.

    The weights of each model, and their gradients, are views of two flat tensors. Each member gets
    the bits of its own optimizer, provided that this works element by element
    (`eligibility.why_not_batched`). Fused kernels compute the values after the last multiple of
    STRIDE differently: these are parameters of their own for the optimizer, `tails`.
    """

    def __init__(self, plans: Sequence[FitPlan]) -> None:
        self._plans = plans
        self.params = [list(plan.model.parameters()) for plan in plans]
        self._starts = list(_starts(self.params))
        size = sum(padded(p.numel()) for params in self.params for p in params)
        self._flat = nn.Parameter(torch.zeros(size, dtype=self.params[0][0].dtype))
        self._grads = self._flat.grad = torch.zeros_like(self._flat.detach())
        for param, start in self._leaves():
            view = _view(self._flat.detach(), start, param)
            view.copy_(param.detach())
            param.data = view
            param.grad = _view(self._grads, start, param)
        fused = bool(plans[0].optimizer.defaults.get("fused"))
        self._tails = list(self._make_tails()) if fused else []
        self._tail_places = [self._flat.detach()[start:end] for _, start, end in self._tails]
        self._optimizer = self._make_optimizer()
        self._synced_step = -1  # the step that the members' own optimizers are at

    def _leaves(self) -> Iterator[tuple[nn.Parameter, int]]:
        for params, starts in zip(self.params, self._starts, strict=True):
            yield from zip(params, starts, strict=True)

    def _make_tails(self) -> Iterator[tuple[nn.Parameter, int, int]]:
        """Yield the last values of each weight, which fill no STRIDE, and where they are."""
        for param, first in self._leaves():
            start, end = first + param.numel() // STRIDE * STRIDE, first + param.numel()
            if start < end:
                tail = nn.Parameter(self._flat.detach()[start:end].clone())
                tail.grad = self._grads[start:end]
                yield tail, start, end

    def _make_optimizer(self) -> torch.optim.Optimizer:
        first = self._plans[0].optimizer
        known = inspect.signature(type(first)).parameters
        options = {key: value for key, value in first.defaults.items() if key in known}
        tails = [tail for tail, _, _ in self._tails]
        optimizer = type(first)([self._flat, *tails], **options)
        if first.state:
            state = optimizer.state[self._flat] = self._joined_state()
            for tail, start, end in self._tails:
                optimizer.state[tail] = {
                    key: value[start:end].clone() if self._is_joined(value) else deepcopy(value)
                    for key, value in state.items()
                }
        return optimizer

    def _joined_state(self) -> dict[str, Any]:
        """Join the optimizers' state of each weight; anything else is equal in all of them."""
        first = self.params[0][0]
        joined = {}
        for key, value in self._plans[0].optimizer.state[first].items():
            if not isinstance(value, Tensor) or value.shape != first.shape:
                joined[key] = deepcopy(value)
                continue
            joined[key] = torch.zeros_like(self._flat)
            for plan, params, starts in zip(self._plans, self.params, self._starts, strict=True):
                for param, start in zip(params, starts, strict=True):
                    _view(joined[key], start, param).copy_(plan.optimizer.state[param][key])
        return joined

    def _is_joined(self, value: object) -> bool:
        return isinstance(value, Tensor) and value.shape == self._flat.shape

    def gradients(self, weight: nn.Parameter) -> Tensor:
        """Return the gradients of a weight of the first member, and of all: (members, …)."""
        [start] = [start for param, start in self._leaves() if param is weight]
        members = self._grads.view(len(self.params), -1)[:, start : start + weight.numel()]
        return members.view(-1, *weight.shape)

    def clear_gradients(self) -> None:
        """Set all gradients to 0."""
        self._grads.zero_()

    def step(self) -> None:
        """Step the optimizer of all members, with the present options of the first one's."""
        [group], [options] = self._optimizer.param_groups, self._plans[0].optimizer.param_groups
        group.update({key: value for key, value in options.items() if key != "params"})
        self._optimizer.step()
        if self._tails:
            torch._foreach_copy_(self._tail_places, [tail.detach() for tail, _, _ in self._tails])

    def copy_of(self, number: int) -> list[Tensor]:
        """Return a copy of the weights of one member."""
        return [param.detach().clone() for param in self.params[number]]

    def put_back(self, number: int, weights: Sequence[Tensor]) -> None:
        """Replace the weights of one member, which leaves the batch after this step."""
        for param, weight in zip(self.params[number], weights, strict=True):
            param.data.copy_(weight)

    def sync_optimizers(self, step: int) -> None:
        """Give each member's optimizer its state at this step."""
        if step == self._synced_step:
            return
        self._synced_step = step
        state = self._optimizer.state.get(self._flat, {})
        joined = {key: value.clone() for key, value in state.items() if self._is_joined(value)}
        for key, value in joined.items():
            for tail, start, end in self._tails:
                value[start:end] = self._optimizer.state[tail][key]
        for plan, params, starts in zip(self._plans, self.params, self._starts, strict=True):
            for param, start in zip(params, starts, strict=True):
                plan.optimizer.state[param] = {
                    key: _view(joined[key], start, param).clone()
                    if key in joined
                    else deepcopy(value)
                    for key, value in state.items()
                }

    def split(self) -> None:
        """Give each member weights of its own again."""
        for param, _ in self._leaves():
            param.data, param.grad = param.data.clone(), None


def _starts(members: Sequence[Sequence[nn.Parameter]]) -> Iterator[list[int]]:
    """Yield where the weights of each member begin."""
    start = 0
    for params in members:
        starts = []
        for param in params:
            starts.append(start)
            start += padded(param.numel())
        yield starts


def _view(flat: Tensor, start: int, like: Tensor) -> Tensor:
    return flat[start : start + like.numel()].view(like.shape)
