"""Trainings that differ by nothing but their seed, as one: their weights stacked, a step for all of them at once.

The weights of each model are views of the stack, so whatever reads a model between two steps sees its own. Each
keeps its own order of the data, first weights and dropout masks: what it computes is what it computes alone, but for
the last digits. Measured for ten 2-64-64-1 networks on one core: 5 times as fast at a batch of 32, 2 times at 256.
It knows no thread, socket or database.
"""

from __future__ import annotations

import inspect
import math
import time
from collections.abc import Iterable, Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass
from statistics import median
from typing import Any

import torch
from torch import Tensor, nn
from torch.func import functional_call, vmap

from visdl.models.errors import RunError
from visdl.nodes.contract.nan_trace import watched
from visdl.training.batched.layers import Forward, layer_of, losses_of, simple_chain
from visdl.training.loop import (
    CHUNK_BYTES,
    FitPlan,
    FitState,
    StepDone,
    TrainEvent,
    advance,
    batch_sizes,
    end_epoch,
    fit,
    row_order,
)
from visdl.training.snapshot import restore, snapshot

_TRIAL_STEPS = 16
_WARM = 2  # steps that are slower than all that follow
_TRIAL_SECONDS = 0.3
_TELL_SECONDS = 0.002  # between two times that the caller hears of steps
_SAME = 1e-4  # by which losses of a few steps may differ between one by one and stacked

#: Of some steps or one epoch's end, an event for each training.
Events = Sequence[TrainEvent | RunError | None]


def measured(plans: Sequence[FitPlan]) -> float:
    """How many times faster they are stacked than one by one, by some steps of each; 0 where the losses differ.

    Everything is put back as it was.
    """
    before = [deepcopy(snapshot(plan, FitState())) for plan in plans]
    try:
        alone, losses = _tried([event] for event in fit(plans[0], FitState()))
        restore(before[0], plans[0])
        stack = Stack(plans)
        stacked, together = _tried(fit_together(plans, [FitState() for _ in plans], stack))
        stack.unstack()
        steps = min(len(losses), len(together))
        same = steps > 0 and torch.allclose(
            torch.tensor(losses[:steps]), torch.tensor(together[:steps]), rtol=_SAME
        )
        return len(plans) * alone / stacked if same else 0.0
    except Exception:  # whatever torch cannot do to a stack
        return 0.0
    finally:
        for plan, payload in zip(plans, before, strict=True):
            plan.optimizer.state.clear()
            restore(payload, plan)


def _tried(events: Iterable[Events]) -> tuple[float, list[float]]:
    """Seconds a step, the median, and the losses of the first of the trainings."""
    losses: list[float] = []
    taken: list[float] = []
    began = before = time.perf_counter()
    for first, *_ in events:
        if not isinstance(first, StepDone):
            break
        now = time.perf_counter()
        taken += [(now - before) / len(first.losses)] * len(first.losses)
        losses += [value for _, value in first.losses]
        before = now
        if len(taken) >= _WARM + _TRIAL_STEPS or (
            len(taken) > 2 * _WARM and now - began > _TRIAL_SECONDS
        ):
            break
    return median(taken[_WARM:] or taken or [math.inf]), losses


def fit_together(
    plans: Sequence[FitPlan], states: Sequence[FitState], stack: Stack
) -> Iterator[Events]:
    """What `fit` yields, for all of them at once.

    None stands for a training whose loss was not finite: its weights and state are those before the step. An error
    stands for one that an epoch's end has ended. What the others yield is sound; the caller goes on without these.
    """
    values_to_watch = [watched(plan.model) for plan in plans]
    while states[0].epoch < plans[0].epochs:
        for plan in plans:
            plan.model.train()
        yield from stack.steps(states)
        yield [_end_epoch(*one) for one in zip(plans, states, values_to_watch, strict=True)]


def _end_epoch(
    plan: FitPlan, state: FitState, values_to_watch: Sequence[Tensor]
) -> TrainEvent | RunError:
    try:
        return end_epoch(plan, state, values_to_watch)
    except RunError as error:
        return error


@dataclass(frozen=True, slots=True)
class _Step:
    """What a step of all trainings began with: their losses, and their targets (trainings, batch, …)."""

    values: list[float]
    targets: Tensor

    @property
    def bad(self) -> list[int]:
        """The trainings whose loss is not finite."""
        if math.isfinite(sum(self.values)):
            return []
        return [place for place, value in enumerate(self.values) if not math.isfinite(value)]


class Stack:
    """The weights, buffers and optimizer of several trainings in one piece. `unstack` gives each its own again."""

    def __init__(self, plans: Sequence[FitPlan]) -> None:
        self._plans = list(plans)
        models = [plan.model for plan in plans]
        self._params = [list(model.parameters()) for model in models]
        self._names = [name for name, _ in models[0].named_parameters()]
        self._stack_weights()
        self._buffers = self._stack_buffers(models)
        self._optimizer = self._stack_optimizer()
        self._forward = self._chained(simple_chain(models[0])) or self._mapped(models[0])
        self._losses = losses_of(plans[0])
        self._seen: list[tuple[Tensor, Tensor]] = []
        self._states: Sequence[FitState] = ()
        self._published = -1  # the step that the trainings' optimizers are at
        for plan in plans:  # else their schedulers warn that they step first
            plan.optimizer._opt_called = True  # type: ignore[attr-defined]

    def _stack_weights(self) -> None:
        """One flat tensor for all weights, another for their gradients, and leaves that are views of both."""
        stacked = [
            torch.stack([p.detach() for p in column]) for column in zip(*self._params, strict=True)
        ]
        self._flat = nn.Parameter(torch.cat([one.flatten() for one in stacked]))
        self._flat.grad = torch.zeros_like(self._flat)
        self._leaves, start = [], 0
        for place, one in enumerate(stacked):
            end = start + one.numel()
            leaf = self._flat.detach()[start:end].view(one.shape).requires_grad_()
            leaf.grad = self._flat.grad[start:end].view(one.shape)
            self._leaves.append(leaf)
            for number, params in enumerate(self._params):
                params[place].data = leaf.detach()[number]
            start = end

    def _stack_buffers(self, models: Sequence[nn.Module]) -> dict[str, Tensor]:
        found = {}
        for name, _ in models[0].named_buffers():
            owner, _, key = name.rpartition(".")
            found[name] = torch.stack([model.get_buffer(name) for model in models])
            for number, model in enumerate(models):
                model.get_submodule(owner)._buffers[key] = found[name][number]
        return found

    def _stack_optimizer(self) -> torch.optim.Optimizer:
        first = self._plans[0].optimizer
        known = inspect.signature(type(first)).parameters
        options = {key: value for key, value in first.defaults.items() if key in known}
        optimizer = type(first)([self._flat], **options)
        if first.state:
            optimizer.state[self._flat] = self._stacked_state()
        return optimizer

    def _stacked_state(self) -> dict[str, Any]:
        """What the optimizers remember of each weight, in the order of the stack; the rest is the same for all."""
        first = self._params[0][0]
        found = {}
        for key, value in self._plans[0].optimizer.state[first].items():
            if not isinstance(value, Tensor) or value.shape != first.shape:
                found[key] = deepcopy(value)
                continue
            parts = [
                torch.stack(
                    [
                        plan.optimizer.state[p][key]
                        for plan, p in zip(self._plans, column, strict=True)
                    ]
                )
                for column in zip(*self._params, strict=True)
            ]
            found[key] = torch.cat([part.flatten() for part in parts])
        return found

    def steps(self, states: Sequence[FitState]) -> Iterator[Events]:
        """The steps of the present epoch, from where they are on; all are at the same place.

        Several quick steps are told as one: what is done for each training then costs less than the step.
        """
        self._states = states
        done: list[_Step] = []
        told = time.perf_counter()
        for xs, y in self._batches(states):
            prediction = self._forward(*xs)
            losses = self._losses(prediction, y)
            step = _Step(losses.tolist(), y)
            if step.bad and done:
                yield self._told(done)
                done = []
            self._descend(losses, step.bad)
            self._seen.append((prediction.detach(), y))
            done.append(step)
            if step.bad or time.perf_counter() - told >= _TELL_SECONDS:
                yield self._told(done)
                done, told = [], time.perf_counter()
        if done:
            yield self._told(done)
        self._hand_out_seen()

    def _descend(self, losses: Tensor, bad: Sequence[int]) -> None:
        """An optimizer step of all trainings but those that are `bad`."""
        plan = self._plans[0]
        before = [[leaf.detach()[place].clone() for leaf in self._leaves] for place in bad]
        self._flat.grad.zero_()  # type: ignore[union-attr]
        losses.sum().backward()  # type: ignore[no-untyped-call]
        if plan.schedule:
            self._optimizer.param_groups[0]["lr"] = plan.optimizer.param_groups[0]["lr"]
        self._optimizer.step()
        for place, weights in zip(bad, before, strict=True):
            for leaf, weight in zip(self._leaves, weights, strict=True):
                leaf.detach()[place] = weight
        if any(part.interval == "step" for part in plan.schedule):
            for place, each in enumerate(self._plans):
                if place not in bad:
                    advance(each, "step")

    def _told(self, steps: Sequence[_Step]) -> Events:
        """Note steps in each state, and say them; where one is bad it is the only one."""
        loss, bad = self._plans[0].loss, steps[-1].bad
        masses = [self._masses(step.targets) for step in steps]
        rows = sum(step.targets.shape[1] for step in steps)
        events: list[TrainEvent | None] = []
        for place, state in enumerate(self._states):
            if place in bad:
                events.append(None)
                continue
            losses = []
            for step, mass in zip(steps, (each[place] for each in masses), strict=True):
                value = step.values[place]
                state.step += 1
                state.loss_sum += loss.share(value, mass)
                state.loss_mass += mass
                losses.append((state.step, value / mass if loss.is_sum and mass else value))
            state.batch += len(steps)
            events.append(StepDone(state.step, rows, losses))
        return events

    def _masses(self, targets: Tensor) -> list[float]:
        """`LossNode.mass` of each training's targets."""
        node = self._plans[0].loss.node
        if node.counts_rows:
            return [targets.shape[1]] * len(self._plans)
        return [node.mass(part) for part in targets]

    def _batches(self, states: Sequence[FitState]) -> Iterator[tuple[tuple[Tensor, ...], Tensor]]:
        """What each training's batch is, stacked: (trainings, batch, …)."""
        plan = self._plans[0]
        sizes = batch_sizes(plan)
        tensors: tuple[Tensor, ...] = plan.train.dataset.tensors  # type: ignore[attr-defined]
        device = tensors[0].device
        order = torch.stack(
            [
                row_order(each, state.epoch, device)
                for each, state in zip(self._plans, states, strict=True)
            ]
        )
        first = states[0].batch
        start = sum(sizes[:first])
        row_bytes = len(self._plans) * sum(
            tensor[0].numel() * tensor.element_size() for tensor in tensors
        )
        per_chunk = max(1, CHUNK_BYTES // max(1, sizes[0] * row_bytes))
        while first < len(sizes):
            part = sizes[first : first + per_chunk]
            rows = order[:, start : start + sum(part)]
            for *xs, y in zip(
                *(torch.split(tensor[rows], part, dim=1) for tensor in tensors), strict=True
            ):
                yield tuple(xs), y
            first, start = first + len(part), start + sum(part)

    def publish(self) -> None:
        """Bring each training's optimizer, and what it has seen of the epoch, to where the stack is."""
        self._hand_out_seen()
        if self._published == (now := max((state.step for state in self._states), default=0)):
            return
        self._published = now
        flat = self._optimizer.state.get(self._flat, {})
        for number, (plan, params) in enumerate(zip(self._plans, self._params, strict=True)):
            start = 0
            for leaf, param in zip(self._leaves, params, strict=True):
                end = start + leaf.numel()
                plan.optimizer.state[param] = {
                    key: value[start:end].view(leaf.shape)[number].clone()
                    if isinstance(value, Tensor) and value.shape == self._flat.shape
                    else deepcopy(value)
                    for key, value in flat.items()
                }
                start = end

    def _hand_out_seen(self) -> None:
        """Give each what it has seen: all batches since the last time as one, which is cheaper to measure."""
        if not self._seen:
            return
        predictions, targets = (torch.cat(parts, dim=1) for parts in zip(*self._seen, strict=True))
        for place, state in enumerate(self._states):
            state.seen.append((predictions[place], targets[place]))
        self._seen = []

    def unstack(self) -> None:
        """Give each training weights, buffers and an optimizer of its own, as the stack left them."""
        self.publish()
        for plan, params in zip(self._plans, self._params, strict=True):
            for param in params:
                param.data = param.data.clone()
            for name in self._buffers:
                owner, _, key = name.rpartition(".")
                module = plan.model.get_submodule(owner)
                module._buffers[key] = plan.model.get_buffer(name).clone()

    def _chained(self, chain: list[str] | None) -> Forward | None:
        """The forward pass of a chain of simple layers: one product of matrices for all trainings at each Linear."""
        if chain is None:
            return None
        models = [plan.model for plan in self._plans]
        leaves = dict(zip(self._names, self._leaves, strict=True))
        steps = [
            layer_of([model.get_submodule(name) for model in models], name, leaves)
            for name in chain
        ]

        def forward(values: Tensor) -> Tensor:
            for step in steps:
                values = step(values)
            return values

        return forward

    def _mapped(self, model: nn.Module) -> Forward:
        """The forward pass of any other network, by vmap."""
        bare = deepcopy(model).to("meta")
        bare.train()

        def one(params: dict[str, Tensor], buffers: dict[str, Tensor], *xs: Tensor) -> Tensor:
            found: Tensor = functional_call(bare, (params, buffers), xs)
            return found

        each = vmap(one)
        leaves = dict(zip(self._names, self._leaves, strict=True))
        return lambda *xs: each(leaves, self._buffers, *xs)
