"""Estimate of a training's memory, from what PyTorch saves for the backward pass of each layer."""

from __future__ import annotations

import errno
import math
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.graph import saved_tensors_hooks

from visdl.compiler.network import Network, Source, Step
from visdl.datasets.split import CHUNK_BYTES
from visdl.nodes.contract.metrics.running import GROUP_VALUES
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
    """Return the most bytes of activations and their gradients at any moment of a batch.

    `kept` returns what one layer keeps, or None where that is unknown; `batch` is a number of rows.
    What a layer needs only inside its own forward or backward pass is left out.
    """
    passes = list(_passes(network, kept, batch))
    layers = {step.node.id for step in network.steps}
    given = {source for source in shapes if source.node not in layers}
    sizes = {source: _bytes(shape, batch) for source, shape in shapes.items()}
    readers = Counter(source for each in passes for source in each.kept)
    saved, gradients = _Held(sizes), _Held(sizes)
    most = own = 0
    for each in passes:
        own += each.own
        saved.add(each.kept)
        most = max(most, own + saved.bytes_with(each.reads | each.gives))
    last = passes[-1].gives if passes else set[Source]()
    gradients.add(last)
    most = max(most, own + saved.bytes_with(last) + 2 * gradients.bytes)  # the loss, its gradient
    for each in reversed(passes):
        new = each.reads - given
        values = saved.bytes_with(last if each.gives == last else set())
        most = max(most, own + values + gradients.bytes_with(each.gives | new))
        gradients.remove(each.gives)
        gradients.add(new)
        own -= each.own
        readers.subtract(each.kept)
        saved.remove({source for source in each.kept if not readers[source]})
    return most


class _Held:
    """Values in memory, and their size in bytes; a value of unknown size has none."""

    def __init__(self, sizes: Mapping[Source, int]) -> None:
        self._sizes = sizes
        self._held: set[Source] = set()
        self.bytes = 0

    def add(self, sources: set[Source]) -> None:
        self.bytes = self.bytes_with(sources)
        self._held |= sources

    def remove(self, sources: set[Source]) -> None:
        self.bytes -= sum(self._sizes.get(one, 0) for one in sources & self._held)
        self._held -= sources

    def bytes_with(self, sources: set[Source]) -> int:
        """Return the size with these values, those that are held already counted once."""
        return self.bytes + sum(self._sizes.get(one, 0) for one in sources - self._held)


@dataclass(frozen=True)
class _Pass:
    """What the pass of one layer reads, gives and keeps; views stand for what they are views of."""

    own: int
    reads: set[Source]
    gives: set[Source]
    kept: set[Source]


def _passes(network: Network, kept: Callable[[Step], Kept | None], batch: int) -> Iterator[_Pass]:
    root: dict[Source, Source] = {}
    for step in network.steps:
        layer = kept(step)
        if layer is None:
            continue
        reads = [root.get(source, source) for source in _reads(step)]
        outputs = [Source(step.node.id, name) for name in step.outputs]
        for output, at in layer.views:
            if output < len(outputs) and at < len(reads):
                root[outputs[output]] = reads[at]
        gives = [root.get(output, output) for output in outputs]
        yield _Pass(
            layer.own[0] * batch + layer.own[1],
            set(reads),
            set(gives),
            {reads[at] for at in layer.inputs if at < len(reads)}
            | {gives[at] for at in layer.outputs if at < len(gives)},
        )


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


def training_bytes(
    parameters: int, state: float, activations: int, data: int, outputs: int, *, saves: bool
) -> int:
    """Return the most bytes of a training's tensors at any moment.

    Weights, gradients, optimizer state, data and the outputs that wait for the metrics are there
    all the time; beside them the activations of a batch, what measures these outputs, or a
    checkpoint while it is written. Left out are the process and its libraries, what a layer needs
    only inside its own pass, and metrics that keep all values of an epoch.

    Args:
        data: See `data_bytes`.
        outputs: Of the model, in an epoch.
        saves: A checkpoint is collected in the same memory: the training is on a CPU.
    """
    waiting = _FLOAT * min(outputs, GROUP_VALUES)
    checkpoint = checkpoint_bytes(parameters, state) if saves else 0
    most = max(activations, checkpoint, 4 * waiting)  # a copy, predictions, loss, and its copy
    return lasting_bytes(parameters, state) + data + waiting + most


def data_bytes(row: int, rows: int, training: int, held_out: int, batch: int) -> int:
    """Return the bytes of the table, the rows held out of it, and the batches gathered ahead.

    Args:
        row: Bytes of inputs and targets of a row.
        rows: Of the table that the training reads.
        training: Rows of an epoch.
        held_out: Rows that are copied for the evaluation.
        batch: Rows of a batch.
    """
    gathered = 2 * max(CHUNK_BYTES, batch * row)  # the present chunk and the next
    return row * (rows + held_out) + min(gathered, row * training)


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
