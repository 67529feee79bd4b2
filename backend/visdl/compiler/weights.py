"""The parameters of a network: their names, shapes and nodes, before a run and in a built model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from torch import nn

from visdl.compiler.network import Network, Step
from visdl.compiler.shapes import NetworkFacts
from visdl.nodes.contract.parameter_groups.weights import WeightInfo, WeightKind, weight_kinds


@dataclass(frozen=True)
class LayerWeights:
    """The shapes and kinds of the parameters of one layer by their names in it."""

    shapes: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    kinds: Mapping[str, WeightKind] = field(default_factory=dict)

    @property
    def has_matrix(self) -> bool:
        """Whether any parameter has two or more dimensions."""
        return any(len(shape) > 1 for shape in self.shapes.values())


def traced_weights(network: Network, facts: NetworkFacts) -> list[WeightInfo]:
    """Return the parameters of a network whose shapes are known."""
    return _infos(
        network, {path: LayerWeights(one.weights, one.kinds) for path, one in facts.layers.items()}
    )


def built_weights(network: Network, model: nn.Module) -> list[WeightInfo]:
    """Return the parameters of a model that was built of a network."""
    layers = {}
    for step in network.steps:
        try:
            module = model.get_submodule(step.name)
        except AttributeError:  # nothing reads it, or it has become code
            continue
        shapes = {name: tuple(p.shape) for name, p in module.named_parameters()}
        layers[step.node.id] = LayerWeights(shapes, weight_kinds(module))
    return _infos(network, layers)


def _infos(network: Network, layers: Mapping[str, LayerWeights]) -> list[WeightInfo]:
    """Return one entry for each parameter, in the order of the layers; shared ones once."""
    outputs = _output_layers(network, layers)
    found: dict[tuple[str, str], WeightInfo] = {}
    for step in network.steps:
        own = layers.get(step.node.id, LayerWeights())
        theirs = layers.get(step.owner or "", LayerWeights())
        for name, shape in own.shapes.items():
            owner = step.owner if step.owner and theirs.shapes.get(name) == shape else step.node.id
            before = found.get((owner, name), WeightInfo((), shape))
            kind = own.kinds.get(name, "")
            found[owner, name] = WeightInfo(
                names=(*before.names, f"{step.name}.{name}"),
                shape=shape,
                nodes=tuple(dict.fromkeys((owner, *before.nodes, step.node.id))),
                kinds=before.kinds | ({kind} if kind else set()),
                is_output=before.is_output or (step.node.id in outputs and len(shape) > 1),
            )
    return list(found.values())


def _output_layers(network: Network, layers: Mapping[str, LayerWeights]) -> set[str]:
    """Return the layers with a matrix after which no other follows on a path to the output."""
    steps = {step.node.id: step for step in network.steps}
    found: set[str] = set()
    seen: set[str] = set()
    left: list[Step | None] = [steps.get(network.output.node or "")]
    while left:
        step = left.pop()
        if step is None or step.node.id in seen:
            continue
        seen.add(step.node.id)
        if layers.get(step.node.id, LayerWeights()).has_matrix:
            found.add(step.node.id)
        else:
            left += [steps.get(source.node or "") for source in step.sources()]
    return found
