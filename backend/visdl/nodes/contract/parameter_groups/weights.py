"""What is known of each parameter of a model: its name, its shape, its node and its kind."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, runtime_checkable

from torch import nn
from torch.nn.modules.batchnorm import _NormBase

#: "norm" is a parameter of a normalization layer, "embedding" a table of learned vectors.
WeightKind = Literal["norm", "embedding", ""]
_NORMS = (_NormBase, nn.LayerNorm, nn.GroupNorm, nn.RMSNorm)
_EMBEDDINGS = (nn.Embedding, nn.EmbeddingBag)
_ATTRIBUTE = "visdl_weights"


@dataclass(frozen=True)
class WeightInfo:
    """One parameter of a model.

    `names` are its names in the state dict, several if layers share it; `nodes` the path ids of
    these layers, the owner first. `is_output` is True for the matrices of the output layer.
    """

    names: tuple[str, ...]
    shape: tuple[int, ...]
    nodes: tuple[str, ...] = ()
    kinds: frozenset[WeightKind] = frozenset()
    is_output: bool = False

    @property
    def size(self) -> int:
        """The number of its elements."""
        return math.prod(self.shape)


@runtime_checkable
class KnownWeights(Protocol):
    """A model before its run whose parameters are known; `node_names` are all of its layers."""

    @property
    def weights(self) -> Sequence[WeightInfo]: ...

    @property
    def node_names(self) -> Mapping[str, str]: ...


def weight_kinds(module: nn.Module) -> dict[str, WeightKind]:
    """Return the kind of each parameter of a layer by its name.

    It is that of the innermost module; a module may state it as `weight_kind`.
    """
    kinds: dict[str, WeightKind] = {}
    for prefix, part in module.named_modules():
        for name, _ in part.named_parameters(recurse=False):
            kinds[f"{prefix}.{name}" if prefix else name] = _kind(part)
    return kinds


def _kind(module: nn.Module) -> WeightKind:
    stated: WeightKind = getattr(module, "weight_kind", "")
    if stated in ("norm", "embedding"):
        return stated
    if isinstance(module, _NORMS):
        return "norm"
    return "embedding" if isinstance(module, _EMBEDDINGS) else ""


def set_weight_infos(model: nn.Module, infos: Sequence[WeightInfo]) -> None:
    """Attach what is known of its parameters to a model."""
    setattr(model, _ATTRIBUTE, tuple(infos))


def weight_infos(model: nn.Module) -> Sequence[WeightInfo]:
    """Return what is known of the parameters of a model, one entry for each.

    Where `set_weight_infos` names none, a node is the first part of a parameter's name, and the
    output layer is the last with a matrix.
    """
    infos: Sequence[WeightInfo] = getattr(model, _ATTRIBUTE, ())
    named = {name for info in infos for name in info.names}
    return [*infos, *(info for info in _read(model) if not named.intersection(info.names))]


def _read(model: nn.Module) -> Iterator[WeightInfo]:
    kinds = weight_kinds(model)
    names: dict[int, list[str]] = {}
    tensors = dict(model.named_parameters(remove_duplicate=False))
    for name, tensor in tensors.items():
        names.setdefault(id(tensor), []).append(name)
    matrices = [name for name, tensor in tensors.items() if tensor.dim() > 1]
    last = matrices[-1].rpartition(".")[0] if matrices else None
    for own in names.values():
        shape = tuple(tensors[own[0]].shape)
        yield WeightInfo(
            names=tuple(own),
            shape=shape,
            nodes=tuple(dict.fromkeys(name.partition(".")[0] for name in own)),
            kinds=frozenset(kinds[name] for name in own if name in kinds),
            is_output=len(shape) > 1 and any(name.rpartition(".")[0] == last for name in own),
        )
