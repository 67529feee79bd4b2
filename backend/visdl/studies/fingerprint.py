"""What identifies a training: its graph, data, seed, code and library versions."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence

from visdl.models.graph import Graph, Node
from visdl.models.runs import DatasetUse
from visdl.training.environment import versions

#: Raised when trainings give other bits than before. 2: batches are aligned in memory, and batched
#: seeds have the bits of separate runs.
REVISION = 2


class Fingerprints:
    """The fingerprints of the trainings of one graph, one for each seed.

    Equal fingerprints mean bit-for-bit equal results on the same kind of device.
    """

    def __init__(
        self, graph_key: str, datasets: Sequence[DatasetUse], code: Mapping[str, str], device: str
    ) -> None:
        data = sorted((use.node, use.param, use.sha256) for use in datasets)
        base = json.dumps(
            [REVISION, graph_key, data, dict(code), device, versions()], sort_keys=True
        )
        self._hash = hashlib.sha256(f"{base}\x00".encode("utf-8", "surrogatepass"))

    def of(self, seed: int) -> str:
        """Return the SHA-256 of the training with this seed, in hexadecimal."""
        digest = self._hash.copy()
        digest.update(str(seed).encode())
        return digest.hexdigest()


def training_key(graph: Graph) -> str:
    """Return a text that is equal for graphs that train the same way.

    It leaves out names, positions, groups and notes.
    """
    blocks = {
        key: {
            **block.model_dump(exclude={"name", "groups", "notes", "nodes"}),
            "nodes": _training_fields(block.nodes),
        }
        for key, block in graph.blocks.items()
    }
    edges = [(e.source, e.source_output, e.target, e.target_input) for e in graph.edges]
    nodes = _training_fields(graph.nodes)
    return json.dumps([nodes, edges, blocks], sort_keys=True, default=str)


def _training_fields(nodes: Iterable[Node]) -> list[tuple[object, ...]]:
    return [(node.id, node.type, node.disabled, node.version, dict(node.params)) for node in nodes]
