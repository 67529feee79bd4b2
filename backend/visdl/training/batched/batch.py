"""Trainings that differ only in their seed, as a batch: one step trains all of them.

The weights of each model are views of the batch's, so anything that reads a model between two steps
sees its own. Each member keeps its own order of the data, initial weights and dropout masks: it
computes what it computes alone, except for the last digits. For ten 2-64-64-1 networks on one
core: 5 times as fast with batches of 32 rows, 2 times with 256.

The forward pass of any network uses `torch.func.functional_call` under `vmap` ("model ensembling"
in the documentation of torch.func); chains of simple layers use one batched matrix product per
Linear layer. It knows no thread, socket or database.
"""

from __future__ import annotations

import inspect
import math
import time
from collections.abc import Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.func import functional_call, vmap

from visdl.models.errors import RunError
from visdl.nodes.contract.nan_trace import watched
from visdl.training.batched.layers import Forward, batched_layer, batched_loss, simple_chain
from visdl.training.batches import CHUNK_BYTES, batch_sizes, row_order
from visdl.training.loop import advance_step, end_epoch, running_metrics
from visdl.training.plan import FitPlan, FitState, StepDone, TrainEvent

_REPORT_SECONDS = 0.002  # quick steps are reported together, at this interval

#: An event for each member: of some steps, or of the end of an epoch.
Events = Sequence[TrainEvent | RunError | None]


def fit_batched(
    plans: Sequence[FitPlan], states: Sequence[FitState], batch: SeedBatch
) -> Iterator[Events]:
    """Train all members as `fit` trains one; yield their events together.

    All states are at the same position, and `batch` was made from `plans`. In place of an event,
    None means that the member's loss was not finite: its weights and state are those before the
    step. A RunError means that the end of the epoch has ended its training, as `fit` would raise
    it. The events of the others are valid; the caller continues without such members.
    """
    values_to_watch = [watched(plan.model) for plan in plans]
    while states[0].epoch < plans[0].epochs:
        for plan in plans:
            plan.model.train()
        yield from batch.train_epoch(states)
        yield [_end_epoch(*member) for member in zip(plans, states, values_to_watch, strict=True)]


def _end_epoch(
    plan: FitPlan, state: FitState, values_to_watch: Sequence[Tensor]
) -> TrainEvent | RunError:
    try:
        return end_epoch(plan, state, values_to_watch)
    except RunError as error:
        return error


@dataclass(frozen=True, slots=True)
class _Step:
    """A step of all members: their losses, and their targets (members, batch, …)."""

    values: list[float]
    targets: Tensor

    @property
    def bad(self) -> list[int]:
        """The numbers of the members whose loss is not finite."""
        if math.isfinite(sum(self.values)):
            return []
        return [number for number, value in enumerate(self.values) if not math.isfinite(value)]


class SeedBatch:
    """Weights, buffers and optimizer of several trainings in one, until `split` separates them.

    Leaves are (members, …) for a parameter of shape (…); all of them are views of one flat tensor,
    and their gradients of another, so that the optimizer steps on a single parameter. This gives
    each member its own result only for optimizers that work element by element
    (`eligibility.why_not_batched`).
    """

    def __init__(self, plans: Sequence[FitPlan]) -> None:
        self._plans = list(plans)
        models = [plan.model for plan in plans]
        self._params = [list(model.parameters()) for model in models]
        self._names = [name for name, _ in models[0].named_parameters()]
        self._join_weights()
        self._buffers = self._join_buffers(models)
        self._optimizer = self._join_optimizers()
        self._forward = self._forward_chain(simple_chain(models[0])) or self._forward_any(models[0])
        self._losses = batched_loss(plans[0])
        self._waiting: list[tuple[Tensor, Tensor]] = []  # (members, batch, …) each
        self._rows = self._values = 0  # of a member, that wait
        self._states: Sequence[FitState] = ()
        self._synced_step = -1  # the step that the members' own optimizers are at
        for plan in plans:  # otherwise their schedulers warn that they step first
            plan.optimizer._opt_called = True  # type: ignore[attr-defined]

    def _join_weights(self) -> None:
        """Make a flat tensor of all weights and one of their gradients, with leaves as views."""
        joined = [
            torch.stack([p.detach() for p in column]) for column in zip(*self._params, strict=True)
        ]
        self._flat = nn.Parameter(torch.cat([one.flatten() for one in joined]))
        self._flat.grad = torch.zeros_like(self._flat)
        self._leaves, start = [], 0
        for index, one in enumerate(joined):
            end = start + one.numel()
            leaf = self._flat.detach()[start:end].view(one.shape).requires_grad_()
            leaf.grad = self._flat.grad[start:end].view(one.shape)
            self._leaves.append(leaf)
            for number, params in enumerate(self._params):
                params[index].data = leaf.detach()[number]
            start = end

    def _join_buffers(self, models: Sequence[nn.Module]) -> dict[str, Tensor]:
        joined = {}
        for name, _ in models[0].named_buffers():
            owner, _, key = name.rpartition(".")
            joined[name] = torch.stack([model.get_buffer(name) for model in models])
            for number, model in enumerate(models):
                model.get_submodule(owner)._buffers[key] = joined[name][number]
        return joined

    def _join_optimizers(self) -> torch.optim.Optimizer:
        first = self._plans[0].optimizer
        known = inspect.signature(type(first)).parameters
        options = {key: value for key, value in first.defaults.items() if key in known}
        optimizer = type(first)([self._flat], **options)
        if first.state:
            optimizer.state[self._flat] = self._joined_optimizer_state()
        return optimizer

    def _joined_optimizer_state(self) -> dict[str, Any]:
        """Join the optimizers' state of each weight; anything else is equal in all of them."""
        first = self._params[0][0]
        joined = {}
        for key, value in self._plans[0].optimizer.state[first].items():
            if not isinstance(value, Tensor) or value.shape != first.shape:
                joined[key] = deepcopy(value)
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
            joined[key] = torch.cat([part.flatten() for part in parts])
        return joined

    def train_epoch(self, states: Sequence[FitState]) -> Iterator[Events]:
        """Yield the remaining steps of the present epoch; all states are at the same position.

        Quick steps are reported together: the work per member then costs less than the step.
        """
        self._states = states
        done: list[_Step] = []
        reported = time.perf_counter()
        for xs, y in self._batches(states):
            prediction = self._forward(*xs)
            losses = self._losses(prediction, y)
            step = _Step(losses.tolist(), y)
            if step.bad and done:
                yield self._record_steps(done)
                done = []
            self._optimizer_step(losses, step.bad)
            self._add_batch(prediction.detach(), y)
            done.append(step)
            if step.bad or time.perf_counter() - reported >= _REPORT_SECONDS:
                yield self._record_steps(done)
                done, reported = [], time.perf_counter()
        if done:
            yield self._record_steps(done)
        self._hand_out_waiting()

    def _optimizer_step(self, losses: Tensor, bad: Sequence[int]) -> None:
        """Step the optimizer for all members except the `bad` ones; `losses` is (members,)."""
        plan = self._plans[0]
        before = [[leaf.detach()[number].clone() for leaf in self._leaves] for number in bad]
        self._flat.grad.zero_()  # type: ignore[union-attr]
        losses.sum().backward()  # type: ignore[no-untyped-call]
        if plan.schedule:
            self._optimizer.param_groups[0]["lr"] = plan.optimizer.param_groups[0]["lr"]
        self._optimizer.step()
        for number, weights in zip(bad, before, strict=True):
            for leaf, weight in zip(self._leaves, weights, strict=True):
                leaf.detach()[number] = weight
        if any(part.interval == "step" for part in plan.schedule):
            for number, each in enumerate(self._plans):
                if number not in bad:
                    advance_step(each, self._states[number])

    def _record_steps(self, steps: Sequence[_Step]) -> Events:
        """Update each state by these steps, and return their events. A bad step comes alone."""
        loss, bad = self._plans[0].loss, steps[-1].bad
        masses = [self._masses(step.targets) for step in steps]
        rows = sum(step.targets.shape[1] for step in steps)
        events: list[TrainEvent | None] = []
        for number, state in enumerate(self._states):
            if number in bad:
                events.append(None)
                continue
            losses = []
            for step, mass in zip(steps, (each[number] for each in masses), strict=True):
                value = step.values[number]
                state.step += 1
                state.loss_sum += loss.share(value, mass)
                state.loss_mass += mass
                losses.append((state.step, value / mass if loss.is_sum and mass else value))
            state.batch += len(steps)
            events.append(StepDone(state.step, rows, losses))
        return events

    def _masses(self, targets: Tensor) -> list[float]:
        """Return `LossNode.mass` of each member's targets."""
        node = self._plans[0].loss.node
        if node.counts_rows:
            return [targets.shape[1]] * len(self._plans)
        return [node.mass(part) for part in targets]

    def _batches(self, states: Sequence[FitState]) -> Iterator[tuple[tuple[Tensor, ...], Tensor]]:
        """Yield arguments and target of all members together, (members, batch, …) each."""
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

    def sync_members(self) -> None:
        """Bring each member's optimizer and state to the present step, for a checkpoint."""
        self._hand_out_waiting()
        if self._synced_step == (now := max((state.step for state in self._states), default=0)):
            return
        self._synced_step = now
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

    def _add_batch(self, predictions: Tensor, targets: Tensor) -> None:
        """Keep a batch of all members, until as many wait as a single training measures at once."""
        self._waiting.append((predictions, targets))
        self._rows += predictions.shape[1]
        self._values += predictions[0].numel()
        metrics = running_metrics(self._plans[0], self._states[0])
        if metrics.is_full(self._rows, self._values):
            self._hand_out_waiting()

    def _hand_out_waiting(self) -> None:
        """Add what waits to the metrics of each member, joined: that is cheaper to measure."""
        if not self._waiting:
            return
        newest = self._waiting[-1]
        joined = [torch.cat(parts, dim=1) for parts in zip(*self._waiting, strict=True)]
        self._waiting, self._rows, self._values = [], 0, 0
        members = zip(self._plans, self._states, *joined, *newest, strict=True)
        for plan, state, prediction, target, *last in members:
            running_metrics(plan, state).update(prediction, target)
            state.newest = last[0], last[1]

    def split(self) -> None:
        """Give each member weights, buffers and optimizer state of its own again."""
        self.sync_members()
        for plan, params in zip(self._plans, self._params, strict=True):
            for param in params:
                param.data = param.data.clone()
            for name in self._buffers:
                owner, _, key = name.rpartition(".")
                module = plan.model.get_submodule(owner)
                module._buffers[key] = plan.model.get_buffer(name).clone()

    def _forward_chain(self, chain: list[str] | None) -> Forward | None:
        """Return the forward pass of a chain of simple layers: one matrix product per Linear."""
        if chain is None:
            return None
        models = [plan.model for plan in self._plans]
        leaves = dict(zip(self._names, self._leaves, strict=True))
        steps = [
            batched_layer([model.get_submodule(name) for model in models], name, leaves)
            for name in chain
        ]

        def forward(values: Tensor) -> Tensor:
            for step in steps:
                values = step(values)
            return values

        return forward

    def _forward_any(self, model: nn.Module) -> Forward:
        """Return the forward pass of any other network, by vmap."""
        bare = deepcopy(model).to("meta")
        bare.train()

        def one(params: dict[str, Tensor], buffers: dict[str, Tensor], *xs: Tensor) -> Tensor:
            prediction: Tensor = functional_call(bare, (params, buffers), xs)
            return prediction

        all_members = vmap(one)
        leaves = dict(zip(self._names, self._leaves, strict=True))
        return lambda *xs: all_members(leaves, self._buffers, *xs)
