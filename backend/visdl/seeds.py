"""Seeds: each purpose and each node has its own, derived from the seed of the run."""

from __future__ import annotations

from hashlib import blake2b


def derive(run_seed: int, purpose: str, path_id: str = "") -> int:
    """Derive a 63-bit seed for one purpose ("init", "order", "dropout") of one node in a run.

    It depends on nothing else in the graph, so that switching off one node does not change the
    numbers of another.
    """
    digest = blake2b(
        f"{run_seed}\x00{purpose}\x00{path_id}".encode("utf-8", "surrogatepass"), digest_size=8
    ).digest()
    return int.from_bytes(digest, "big") >> 1
