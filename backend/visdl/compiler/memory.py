"""Estimate of a training's memory, from what PyTorch saves for the backward pass of each layer."""

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
_OUT_OF_MEMORY = re.compile(
    "can't allocate memory|not enough memory|[Oo]ut of memory|Unable to allocate"
    "|STATUS_ALLOC_FAILED"
)


@dataclass(frozen=True)
class Kept:
    """What a layer keeps until its backward pass.

    `own` is the size in bytes, per sample and once, of tensors that are neither inputs nor outputs.
    `inputs` and `outputs` are the positions of the arguments and results that are kept, `views` the
    pairs (output, input) that share their memory.
    """

    own: tuple[int, int] = (0, 0)
    inputs: frozenset[int] = frozenset()
    outputs: frozenset[int] = frozenset()
    views: tuple[tuple[int, int], ...] = ()


class SavedTensors:
    """Record what a forward pass on the meta device saves for its backward pass.

    Use as `with SavedTensors() as saved: …`, then `saved.kept(…)`.
    """

    def __init__(self) -> None:
        self._saved: dict[int, torch.UntypedStorage] = {}
        self._hooks = saved_tensors_hooks(self._pack, lambda tensor: tensor)

    def __enter__(self) -> SavedTensors:
        self._hooks.__enter__()
        return self

    def __exit__(self, *reason: Any) -> None:
        self._hooks.__exit__(*reason)

    def _pack(self, tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        self._saved[storage._cdata] = storage
        return tensor

    def kept(self, module: nn.Module, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> Kept:
        """Return what is kept of a pass of this module from `inputs` to `outputs`."""
        input_at = {_key(tensor): position for position, tensor in enumerate(inputs)}
        output_at = {
            _key(tensor): position
            for position, tensor in enumerate(outputs)
            if _key(tensor) not in input_at
        }
        known = {_key(tensor) for tensor in [*module.parameters(), *module.buffers()]}
        own = [0, 0]
        for key, storage in self._saved.items():
            if key in known or key in input_at or key in output_at:
                continue
            size = storage.nbytes()
            if size % BATCH == 0:
                own[0] += size // BATCH
            else:
                own[1] += size
        return Kept(
            own=(own[0], own[1]),
            inputs=frozenset(at for key, at in input_at.items() if key in self._saved),
            outputs=frozenset(at for key, at in output_at.items() if key in self._saved),
            views=tuple(
                (at, input_at[_key(output)])
                for at, output in enumerate(outputs)
                if _key(output) in input_at
            ),
        )


def _key(tensor: Tensor) -> int:
    return int(tensor.untyped_storage()._cdata)


def with_gradients(tensor: Tensor) -> Tensor:
    """Return the tensor as it is inside a network, where gradients flow through it."""
    return tensor.requires_grad_() * 1 if tensor.is_floating_point() else tensor


def activation_bytes(
    network: Network, shapes: dict[Source, Shape], kept: Callable[[Step], Kept | None], batch: int
) -> int:
    """Return the bytes that the layers keep between the forward and backward pass of a batch.

    `kept` returns what one layer keeps, or None where that is unknown; `batch` is a number of rows.
    """
    total = 0
    root: dict[Source, Source] = {}
    stored: set[Source] = set()
    for step in network.steps:
        layer = kept(step)
        if layer is None:
            continue
        reads = list(_reads(step))
        outputs = [Source(step.node.id, name) for name in step.outputs]
        total += layer.own[0] * batch + layer.own[1]
        for output, at in layer.views:
            if output < len(outputs) and at < len(reads):
                root[outputs[output]] = root.get(reads[at], reads[at])
        stored |= {root.get(reads[at], reads[at]) for at in layer.inputs if at < len(reads)}
        stored |= {root.get(outputs[at], outputs[at]) for at in layer.outputs if at < len(outputs)}
    return total + sum(_bytes(shapes[source], batch) for source in stored if source in shapes)


def _reads(step: Step) -> Iterator[Source]:
    """Yield the sources in the order of the module's arguments."""
    for port in step.ports:
        source = step.inputs.get(port)
        if source is not None:
            yield from source if isinstance(source, list) else [source]


def _bytes(shape: Shape, batch: int) -> int:
    size = math.prod(shape) * shape.dtype.itemsize
    return size // BATCH * batch if shape.has_batch else size


def checkpoint_bytes(parameters: int, state: float) -> int:
    """Return the least size of a checkpoint; `state` is the optimizer's values per weight."""
    return int(parameters * _FLOAT * (1 + state))


def lasting_bytes(parameters: int, state: float) -> int:
    """Return the bytes of weights, gradients and optimizer state (`state` values per weight)."""
    return int(parameters * _FLOAT * (2 + state))


def training_bytes(parameters: int, state: float, activations: int, data: int) -> int:
    """Return the bytes of weights, gradients, optimizer state, activations and data."""
    return lasting_bytes(parameters, state) + activations + data


def amount(size: float) -> str:
    """Format a number of bytes with a unit, such as "4.0 GiB"."""
    power = min(4, max(0, int(math.log2(max(1, size)) // 10)))
    return (
        f"{size / 1024**power:.{1 if power else 0}f} {('bytes', 'KiB', 'MiB', 'GiB', 'TiB')[power]}"
    )


def shortage(error: BaseException) -> str | None:
    """Return what an out-of-memory error asked for (" for 4.0 GiB more"), or None.

    The text is empty where the error states no amount, and None for any other error. On a CPU,
    torch has no exception class for it.
    """
    is_one = isinstance(error, MemoryError | torch.OutOfMemoryError)
    is_one = is_one or (isinstance(error, RuntimeError) and bool(_OUT_OF_MEMORY.search(str(error))))
    is_one = is_one or (isinstance(error, OSError) and error.errno == errno.ENOMEM)
    if not is_one:
        return None
    asked = re.search(r"[Tt]ried to allocate (?:(\d+) bytes|([\d.]+ \w+))", str(error))
    if asked is None:
        return ""
    return f" for {amount(int(asked[1])) if asked[1] else asked[2]} more"
