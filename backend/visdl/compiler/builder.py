"""From a network to a module: a chain becomes nn.Sequential, any other graph a GraphModule."""

from __future__ import annotations

import builtins
import keyword
import operator
import re
from collections import Counter, OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

import torch
from torch import Tensor, fx, nn

from visdl import seeds
from visdl.compiler.network import Network, Read, Source, Step
from visdl.compiler.shapes import Shapes, make_module, trace
from visdl.models.errors import RunError
from visdl.nodes.contract.runtime_values import Formula, Seeded
from visdl.nodes.contract.specs import BATCH, Shape
from visdl.nodes.contract.traits import Traits, traits_of

_NOT_TRACEABLE = (
    "it is declared as a function of its inputs (ELEMENTWISE or Formula), but it cannot be traced"
)

#: Names that an argument cannot have: the generated code of the forward pass uses them.
_RESERVED = frozenset({*keyword.kwlist, *dir(builtins), "self", "torch", "operator", "device"})


def build(network: Network, example: Sequence[Tensor], run_seed: int) -> nn.Module:
    """Build the module of a network, initialised on the CPU.

    `example` is a batch of the model's arguments, each of shape (rows, …): real rows, because some
    shapes are known only when nodes run. Each node is initialised with its own seed, so that a
    change of one node never changes the initial weights of another.

    Raises RunError that names the node that cannot be built.
    """
    given = {
        source: _batch_shape(value) for source, value in zip(network.sources, example, strict=True)
    }
    facts = trace(network, given)
    values = None if facts.output else dict(zip(network.sources, example, strict=True))
    modules: dict[str, nn.Module] = {}
    for step in network.steps:
        if step.missing:
            raise _build_error(step, f"its input '{step.missing[0]}' is not connected")
        if values is None:
            read = facts.inputs[step.node.id]
            modules[step.node.id] = _make(step, [read.get(port) for port in step.ports], run_seed)
        else:
            modules[step.node.id] = _make_and_run(step, values, run_seed)
    _share_weights(network, modules)
    _keep_shared_values(network, modules)
    module = _sequential(network, modules) if network.is_chain else _graph_module(network, modules)
    return module.train()


def _batch_shape(value: Tensor) -> Shape:
    return Shape((BATCH, *value.shape[1:]), value.dtype)


def _make(step: Step, shapes: Sequence[Shapes], run_seed: int) -> nn.Module:
    try:
        with torch.random.fork_rng(devices=[]), torch.no_grad():
            torch.manual_seed(seeds.derive(run_seed, "init", step.node.id))
            return make_module(
                step.cls, step.node.params, step.ports, shapes, disabled=step.node.disabled
            )
    except Exception as error:  # a node may raise anything
        raise _build_error(step, error) from error


def _make_and_run(step: Step, values: dict[Source, Tensor], run_seed: int) -> nn.Module:
    """Make the module of a node by running it on real rows; add its outputs to `values`."""
    read = [_read(step.inputs.get(port), values) for port in step.ports]
    module = _make(step, [_shapes(value) for value in read], run_seed)
    try:
        with torch.random.fork_rng(devices=[]), torch.no_grad():
            outputs = module.eval()(*read)
    except Exception as error:  # a node may raise anything
        raise _build_error(step, error) from error
    results = outputs if isinstance(outputs, tuple | list) else (outputs,)
    for name, value in zip(step.outputs, results, strict=False):
        values[Source(step.node.id, name)] = value
    return module


def _build_error(step: Step, reason: Exception | str) -> RunError:
    text = _first_line(reason)
    return RunError(f"'{step.node.label}' cannot be built: {text}", node=step.node.id, code="build")


def _first_line(reason: Exception | str) -> str:
    text = str(reason).strip()
    return text.splitlines()[0] if text else type(reason).__name__


def _read(source: Read | None, values: Mapping[Source, Tensor]) -> Any:
    return (
        [values[one] for one in source] if isinstance(source, list) else source and values[source]
    )


def _shapes(value: Tensor | list[Tensor] | None) -> Shapes:
    if value is None:
        return None
    return [_batch_shape(one) for one in value] if isinstance(value, list) else _batch_shape(value)


def _share_weights(network: Network, modules: Mapping[str, nn.Module]) -> None:
    """Replace the parameters that have the name and shape of one of the owner's by the owner's."""
    for step in network.steps:
        owner = modules.get(step.owner or "")
        if owner is None or step.node.disabled:
            continue
        own = dict(owner.named_parameters())
        module = modules[step.node.id]
        for name, parameter in list(module.named_parameters()):
            if name in own and own[name].shape == parameter.shape:
                path, _, last = name.rpartition(".")
                setattr(module.get_submodule(path), last, own[name])


def _keep_shared_values(network: Network, modules: Mapping[str, nn.Module]) -> None:
    """Turn off in-place operation where another layer reads the same value."""
    readers = Counter(source for step in network.steps for source in step.sources())
    for step in network.steps:
        if any(readers[source] > 1 or source in network.sources for source in step.sources()):
            for module in modules[step.node.id].modules():
                if getattr(module, "inplace", False):
                    setattr(module, "inplace", False)  # noqa: B010  not declared on nn.Module


def _sequential(network: Network, modules: Mapping[str, nn.Module]) -> nn.Sequential:
    return nn.Sequential(OrderedDict((step.name, modules[step.node.id]) for step in network.steps))


def _graph_module(network: Network, modules: Mapping[str, nn.Module]) -> fx.GraphModule:
    root, graph = nn.Module(), fx.Graph()
    names = argument_names(network)
    produced = {
        source: graph.placeholder(name) for source, name in zip(network.sources, names, strict=True)
    }
    used = {network.output, *(source for step in network.steps for source in step.sources())}
    for step in network.steps:
        args = tuple(_argument(step.inputs.get(port), produced) for port in step.ports)
        made = _call(step, modules[step.node.id], args, root, graph)
        several = len(step.outputs) > 1
        for index, output in enumerate(step.outputs):
            source = Source(step.node.id, output)
            if source in used:
                produced[source] = _item(graph, made, index) if several else made
    graph.output(produced[network.output])
    module = fx.GraphModule(root, graph)
    for container in module.modules():
        if container is module or type(container) is nn.Module:
            # As plain attributes they are found without torch's search in Python at every call.
            container.__dict__.update(container._modules)
    return module


def _item(graph: fx.Graph, made: fx.Node, index: int) -> fx.Node:
    item = graph.call_function(operator.getitem, (made, index))
    item.meta["traits"] = Traits(finite_slope=True)
    return item


class _Inlined(fx.proxy.GraphAppendingTracer):
    """Write the operations of a function into the graph, under the name of its node."""

    def __init__(self, graph: fx.Graph, name: str, traits: Traits) -> None:
        super().__init__(graph)
        self._name = name
        self._traits = traits

    def create_node(self, kind: str, target: Any, args: Any, kwargs: Any, *_: Any) -> fx.Node:
        node = super().create_node(kind, target, args, kwargs, self._name)
        node.meta.update(step=self._name, traits=self._traits)
        return node


def _call(
    step: Step, module: nn.Module, args: tuple[Any, ...], root: nn.Module, graph: fx.Graph
) -> fx.Node:
    """Add a step to the graph: its code if it is a function of its inputs, else a module call."""
    traits = traits_of(module)
    if not (isinstance(module, Formula) or traits.elementwise):
        _add_module(root, step.name, module)
        made = graph.call_module(step.name, args)
        made.meta.update(step=step.name, traits=traits)
        return made
    tracer = _Inlined(graph, step.name, traits)
    proxies: Any = fx.node.map_arg(args, lambda node: fx.Proxy(node, tracer))  # type: ignore[arg-type,return-value]
    try:
        return cast(fx.Node, module(*proxies).node)
    except Exception as error:  # a node may raise anything
        raise _build_error(step, f"{_NOT_TRACEABLE} ({_first_line(error)})") from error


def argument_names(network: Network) -> list[str]:
    """Return the names of the model's arguments: those of the Input nodes, made valid in Python."""
    if not network.inputs:
        return ["input"]
    names: list[str] = []
    for node in network.inputs:
        stem = re.sub(r"\W", "_", node.name or node.id)
        name = (
            stem
            if stem.isidentifier() and not stem.startswith("__") and stem not in _RESERVED
            else f"input_{stem}"
        )
        names.append(name if name not in names else f"{name}_{len(names)}")
    return names


def _argument(source: Read | None, produced: Mapping[Source, fx.Node]) -> Any:
    return (
        [produced[one] for one in source]
        if isinstance(source, list)
        else source and produced[source]
    )


def _add_module(root: nn.Module, name: str, module: nn.Module) -> None:
    """Add a module under a dotted name, with the containers that its path needs."""
    *containers, last = name.split(".")
    for container in containers:
        if container not in root._modules:
            root.add_module(container, nn.Module())
        root = root.get_submodule(container)
    root.add_module(last, module)


def seed_modules(model: nn.Module, network: Network, run_seed: int, device: torch.device) -> None:
    """Give every module that draws random numbers (Dropout) a generator on the device."""
    for path_id, module in _seeded(model, network):
        module.seed(seeds.derive(run_seed, "dropout", path_id), device)


def _seeded(model: nn.Module, network: Network) -> Iterator[tuple[str, Seeded]]:
    for step in network.steps:
        try:
            own = model.get_submodule(step.name)
        except AttributeError:  # nothing reads it, so it was not added
            continue
        for inner, module in own.named_modules():
            if isinstance(module, Seeded):
                yield f"{step.node.id}/{inner}", module
