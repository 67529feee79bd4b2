"""From a network to a module: a chain becomes nn.Sequential, any other graph a torch.fx.GraphModule."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, fx, nn

from visdl.engine import seeds
from visdl.engine.inference import make_module
from visdl.engine.network import INPUT, Network, Source, Step
from visdl.models.errors import RunError
from visdl.nodes.specs import Shape
from visdl.nodes.values import Seeded


def build(network: Network, example: Tensor, run_seed: int) -> nn.Module:
    """The module of a network, initialised on the CPU.

    `example` is a batch of inputs `(rows, …)`: real rows, so that nodes whose shape shows only when they run
    are built too. Each node is initialised with a seed of its own: what one node is or does never changes
    another's initial weights. Raises RunError naming the node that cannot be built.
    """
    values: dict[Source, Tensor] = {INPUT: example}
    modules: dict[str, nn.Module] = {}
    for step in network.steps:
        modules[step.node.id] = _build_step(step, values, run_seed)
    module = _sequential(network, modules) if network.is_chain else _graph_module(network, modules)
    return module.train()


def _build_step(step: Step, values: dict[Source, Tensor], run_seed: int) -> nn.Module:
    inputs = [_read(source, values) for source in step.inputs.values()]
    shapes = [_shape(value) for value in inputs]
    try:
        with torch.random.fork_rng(devices=[]), torch.no_grad():
            torch.manual_seed(seeds.derive(run_seed, "init", step.node.id))
            disabled = step.node.disabled
            module = make_module(step.cls, step.node.params, list(step.inputs), shapes, disabled=disabled)
            outputs = module.eval()(*inputs)
    except Exception as error:  # whatever a node's author may raise
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise RunError(f"'{step.node.label}' cannot be built: {reason}", node=step.node.id, code="build") from error
    found = outputs if isinstance(outputs, tuple | list) else (outputs,)
    for name, value in zip(step.cls.outputs(), found, strict=False):
        values[Source(step.node.id, name)] = value
    return module


def _read(source: Source | list[Source], values: Mapping[Source, Tensor]) -> Any:
    return [values[one] for one in source] if isinstance(source, list) else values[source]


def _shape(value: Tensor | list[Tensor]) -> Any:
    return [_shape(one) for one in value] if isinstance(value, list) else Shape(tuple(value.shape), value.dtype)


def _sequential(network: Network, modules: Mapping[str, nn.Module]) -> nn.Sequential:
    return nn.Sequential(OrderedDict((step.name, modules[step.node.id]) for step in network.steps))


def _graph_module(network: Network, modules: Mapping[str, nn.Module]) -> fx.GraphModule:
    root, graph = nn.Module(), fx.Graph()
    produced: dict[Source, fx.Node] = {INPUT: graph.placeholder("input")}
    for step in network.steps:
        root.add_module(step.name, modules[step.node.id])
        args = tuple(
            [produced[one] for one in source] if isinstance(source, list) else produced[source]
            for source in step.inputs.values()
        )
        made = graph.call_module(step.name, args)
        names = list(step.cls.outputs())
        for index, name in enumerate(names):
            several = len(names) > 1
            produced[Source(step.node.id, name)] = graph.call_function(_item, (made, index)) if several else made
    graph.output(produced[network.output])
    graph.eliminate_dead_code()
    module = fx.GraphModule(root, graph)
    module.delete_all_unused_submodules()
    return module


def _item(values: tuple[Tensor, ...], index: int) -> Tensor:
    return values[index]


def seed_modules(model: nn.Module, network: Network, run_seed: int, device: torch.device) -> None:
    """Give every module with randomness of its own (Dropout) a generator on the device."""
    owners = {step.name: step.node.id for step in network.steps}
    for name, module in model.named_modules():
        if isinstance(module, Seeded):
            owner, _, inner = name.partition(".")
            module.seed(seeds.derive(run_seed, "dropout", f"{owners[owner]}/{inner}"), device)
