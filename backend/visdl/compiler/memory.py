"""What a training needs of the device's memory, by what PyTorch keeps for the backward pass of each layer."""

from __future__ import annotations

import errno
import math
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.graph import saved_tensors_hooks

from visdl.compiler.network import Network, Source, Step
from visdl.nodes.contract.specs import BATCH, Shape

_FLOAT = 4  # bytes of a weight
_REFUSED = re.compile(
    "can't allocate memory|not enough memory|[Oo]ut of memory|Unable to allocate|STATUS_ALLOC_FAILED"
)


@dataclass(frozen=True)
class Kept:
    """What a layer keeps until the backward pass has gone through it.

    `own` is in bytes, of tensors that are neither inputs nor outputs; the others are told by their places.
    """

    own: tuple[int, int] = (0, 0)  # for each sample, and once
    inputs: frozenset[int] = frozenset()
    outputs: frozenset[int] = frozenset()
    views: tuple[
        tuple[int, int], ...
    ] = ()  # outputs that are the memory of an input: (output, input)


class Watch:
    """Sees a forward pass on the meta device: `with Watch() as watch: …`, then `watch.kept(…)`."""

    def __init__(self) -> None:
        self._saved: dict[int, torch.UntypedStorage] = {}
        self._hooks = saved_tensors_hooks(self._pack, lambda tensor: tensor)

    def __enter__(self) -> Watch:
        self._hooks.__enter__()
        return self

    def __exit__(self, *reason: Any) -> None:
        self._hooks.__exit__(*reason)

    def _pack(self, tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        self._saved[storage._cdata] = storage
        return tensor

    def kept(self, module: nn.Module, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> Kept:
        """What is kept of a pass of this module from `inputs` to `outputs`."""
        places_in = {_key(tensor): place for place, tensor in enumerate(inputs)}
        places_out = {
            _key(tensor): place
            for place, tensor in enumerate(outputs)
            if _key(tensor) not in places_in
        }
        known = {_key(tensor) for tensor in [*module.parameters(), *module.buffers()]}
        own = [0, 0]
        for key, storage in self._saved.items():
            if key in known or key in places_in or key in places_out:
                continue
            size = storage.nbytes()
            if size % BATCH == 0:
                own[0] += size // BATCH
            else:
                own[1] += size
        return Kept(
            own=(own[0], own[1]),
            inputs=frozenset(place for key, place in places_in.items() if key in self._saved),
            outputs=frozenset(place for key, place in places_out.items() if key in self._saved),
            views=tuple(
                (at, places_in[_key(one)])
                for at, one in enumerate(outputs)
                if _key(one) in places_in
            ),
        )


def _key(tensor: Tensor) -> int:
    return int(tensor.untyped_storage()._cdata)


def with_gradients(tensor: Tensor) -> Tensor:
    """The tensor as it is inside a network: what reads it is differentiated."""
    return tensor.requires_grad_() * 1 if tensor.is_floating_point() else tensor


def activation_bytes(
    network: Network, shapes: dict[Source, Shape], kept: Callable[[Step], Kept | None], batch: int
) -> int:
    """Bytes that the layers keep between the forward and the backward pass of one batch."""
    total = 0
    root: dict[Source, Source] = {}
    wanted: set[Source] = set()
    for step in network.steps:
        found = kept(step)
        if found is None:
            continue
        reads = list(_reads(step))
        outputs = [Source(step.node.id, name) for name in step.outputs]
        total += found.own[0] * batch + found.own[1]
        for output, place in found.views:
            if output < len(outputs) and place < len(reads):
                root[outputs[output]] = root.get(reads[place], reads[place])
        wanted |= {
            root.get(reads[place], reads[place]) for place in found.inputs if place < len(reads)
        }
        wanted |= {
            root.get(outputs[place], outputs[place])
            for place in found.outputs
            if place < len(outputs)
        }
    return total + sum(_bytes(shapes[source], batch) for source in wanted if source in shapes)


def _reads(step: Step) -> Iterator[Source]:
    """The sources in the order in which the module is called with them."""
    for port in step.ports:
        source = step.inputs.get(port)
        if source is not None:
            yield from source if isinstance(source, list) else [source]


def _bytes(shape: Shape, batch: int) -> int:
    size = math.prod(shape) * shape.dtype.itemsize
    return size // BATCH * batch if shape.has_batch else size


def checkpoint_bytes(parameters: int, state: float) -> int:
    """A checkpoint, at least: weights, and `state` values of the optimizer for each of them."""
    return int(parameters * _FLOAT * (1 + state))


def lasting_bytes(parameters: int, state: float) -> int:
    """Weights, their gradients, and `state` values of the optimizer for each of them: whatever a batch is."""
    return int(parameters * _FLOAT * (2 + state))


def training_bytes(parameters: int, state: float, activations: int, data: int) -> int:
    """What lasts through a training, the activations of a batch, and the data."""
    return lasting_bytes(parameters, state) + activations + data


def amount(size: float) -> str:
    """Bytes as a person reads them."""
    power = min(4, max(0, int(math.log2(max(1, size)) // 10)))
    return (
        f"{size / 1024**power:.{1 if power else 0}f} {('bytes', 'KiB', 'MiB', 'GiB', 'TiB')[power]}"
    )


def shortage(error: BaseException) -> str | None:
    """How much memory could not be had (" for 4.0 GiB more"; "" where it is not said); None for any other error.

    On a CPU, torch has no class for it.
    """
    is_one = isinstance(error, MemoryError | torch.OutOfMemoryError)
    is_one = is_one or (isinstance(error, RuntimeError) and bool(_REFUSED.search(str(error))))
    is_one = is_one or (isinstance(error, OSError) and error.errno == errno.ENOMEM)
    if not is_one:
        return None
    asked = re.search(r"[Tt]ried to allocate (?:(\d+) bytes|([\d.]+ \w+))", str(error))
    if asked is None:
        return ""
    return f" for {amount(int(asked[1])) if asked[1] else asked[2]} more"
