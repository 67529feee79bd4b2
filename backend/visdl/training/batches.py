"""The batches of an epoch: their sizes, the order of the rows, and the gathered tensors."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor
from torch.nn.modules.batchnorm import _BatchNorm

from visdl import seeds
from visdl.datasets.split import CHUNK_BYTES
from visdl.models.errors import RunError
from visdl.training.plan import FitPlan, FitState

ALIGNMENT = 64  # bytes: as torch aligns a tensor of its own


def batch_sizes(plan: FitPlan) -> list[int]:
    """Return the sizes of an epoch's batches.

    With BatchNorm, a last batch of one row joins the one before it: one row has no variance.
    Raises RunError when all batches would have one row.
    """
    rows, size = len(plan.train), plan.batch_size
    sizes = [size] * (rows // size) + ([rows % size] if rows % size else [])
    if any(isinstance(module, _BatchNorm) for module in plan.model.modules()):
        if sizes[0] == 1:
            raise RunError(
                "BatchNorm needs at least 2 rows in a batch, but batches have 1.",
                hint="Raise batch_size, or add rows.",
            )
        if sizes[-1] == 1:
            sizes[-2:] = [size + 1]
    return sizes


def row_order(plan: FitPlan, epoch: int, device: torch.device) -> Tensor:
    """Return the training rows in the order of this epoch, (rows,) int64.

    The order follows from the seed and the number of the epoch alone.
    """
    rows = torch.as_tensor(plan.train.indices)
    if plan.shuffle:
        generator = torch.Generator().manual_seed(seeds.derive(plan.seed, "order", str(epoch)))
        rows = rows[torch.randperm(len(rows), generator=generator)]
    return rows.to(device)


def aligned(tensor: Tensor) -> Tensor:
    """Return the tensor, or a copy if its memory is not aligned as that of a new tensor.

    Matrix products round differently by the alignment of their factors. A batch in the middle of
    a chunk would otherwise give other bits after a resume, when chunks begin elsewhere.
    """
    return tensor.clone() if tensor.data_ptr() % ALIGNMENT else tensor


def remaining_batches(
    plan: FitPlan, state: FitState, chunk_bytes: int = CHUNK_BYTES
) -> Iterator[tuple[tuple[Tensor, ...], Tensor]]:
    """Yield the present epoch's batches from `state.batch` on: arguments and target.

    Each tensor is (batch, …). Rows are gathered a chunk of `chunk_bytes` at a time. Where a chunk
    begins changes no bit of the training: see `aligned`.
    """
    sizes = batch_sizes(plan)
    tensors: tuple[Tensor, ...] = plan.train.dataset.tensors  # type: ignore[attr-defined]
    order = row_order(plan, state.epoch, tensors[0].device)
    first = state.batch
    start = sum(sizes[:first])
    row_bytes = sum(tensor[0].numel() * tensor.element_size() for tensor in tensors)
    per_chunk = max(1, chunk_bytes // max(1, sizes[0] * row_bytes))
    while first < len(sizes):
        part = sizes[first : first + per_chunk]
        rows = order[start : start + sum(part)]
        for *xs, y in zip(*(torch.split(tensor[rows], part) for tensor in tensors), strict=True):
            yield tuple(map(aligned, xs)), aligned(y)
        first, start = first + len(part), start + sum(part)
