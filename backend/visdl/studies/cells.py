"""The cells of a study (variant × seed): which need a run, and which are trained together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from visdl.models.runs import LIVE, WORTH_BATCHING, Run, RunState
from visdl.models.studies import Study, Variant
from visdl.store.studies import StudyCell
from visdl.worker.protocol import NOT_BATCHED

ACTIVE = LIVE | {RunState.QUEUED}
MAX_BATCH = 20  # seeds
_MAX_RESUMES = 5  # at one step: a server that is killed often may make no progress in between


def trained_variants(study: Study) -> list[Variant]:
    """Return the variants that have runs of their own."""
    return [variant for variant in study.variants if variant.valid and variant.same_as is None]


def missing_cells(study: Study, cells: Sequence[StudyCell]) -> Iterator[tuple[Variant, int]]:
    """Yield variant and seed of every cell without a run: all variants of a seed, then the next."""
    present = {(cell.variant, cell.seed) for cell in cells}
    for seed in study.plan.seeds:
        for variant in trained_variants(study):
            if (variant.key, seed) not in present:
                yield variant, seed


def missing_batches(
    study: Study, cells: Sequence[StudyCell]
) -> Iterator[tuple[Variant, list[int]]]:
    """Yield what is queued at once: single cells, or a variant with a batch of its seeds.

    Seeds are not batched if the plan forbids it or a measured batch of the study was not faster.
    """
    slow = any(cell.speedup is not None and cell.speedup <= WORTH_BATCHING for cell in cells)
    if slow or not study.plan.batch_seeds:
        yield from ((variant, [seed]) for variant, seed in missing_cells(study, cells))
        return
    seeds: dict[str, list[int]] = {}
    for variant, seed in missing_cells(study, cells):
        seeds.setdefault(variant.key, []).append(seed)
    for variant in trained_variants(study):
        missing = seeds.get(variant.key, [])
        for first in range(0, len(missing), MAX_BATCH):
            yield variant, missing[first : first + MAX_BATCH]


def is_resumable(run: Run) -> bool:
    """Return whether the scheduler resumes a run: interrupted by the server, and not too often."""
    if run.state is not RunState.INTERRUPTED or run.error is None:
        return False
    by_server = run.error.code.startswith(("server_ended", NOT_BATCHED))
    recovery = run.recovery
    is_stuck = recovery.requeued_at == run.progress.step and recovery.requeues >= _MAX_RESUMES
    return by_server and not is_stuck
