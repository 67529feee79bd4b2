"""Which datasets a graph uses, and how a run stays with the datasets that it was created with."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from visdl.models.graph import Graph, Node
from visdl.models.runs import DatasetUse
from visdl.nodes.contract.registry import Registry
from visdl.nodes.contract.specs import DataType
from visdl.validation.validator import Validator


class DatasetUses:
    """Resolves the names in a graph to datasets. A name means the newest dataset of that name."""

    def __init__(self, registry: Registry, validator: Validator) -> None:
        self._registry = registry
        self._validator = validator

    def find_uses(self, graph: Graph, known: Sequence[DatasetUse] = ()) -> list[DatasetUse]:
        """Return the datasets that the nodes of a graph name.

        Names and ids of `known` keep their dataset; others mean what they mean now. Raises
        NotFoundError for one that does not exist.
        """
        known_uses = {name: use for use in known for name in (use.name, use.id)}
        return [
            known_uses[value].model_copy(update={"node": node.id, "param": param})
            if value in known_uses
            else self._new_use(node, param, value)
            for node, param, value in self._dataset_params(graph)
        ]

    def pin(self, graph: Graph, uses: Sequence[DatasetUse]) -> Graph:
        """Return the graph with dataset ids in place of names, which may have newer datasets."""
        ids: dict[str, dict[str, str]] = {}
        for use in uses:
            ids.setdefault(use.node, {})[use.param] = use.id
        nodes = [
            node.model_copy(update={"params": {**node.params, **ids.get(node.id, {})}})
            for node in graph.nodes
        ]
        return graph.model_copy(update={"nodes": nodes})

    def _dataset_params(self, graph: Graph) -> Iterator[tuple[Node, str, str]]:
        for node in graph.nodes:
            cls = self._registry.find(node.type)
            for name, spec in (cls.parameters() if cls else {}).items():
                value = node.params.get(name, spec.default)
                if spec.dtype is DataType.DATASET and isinstance(value, str) and value:
                    yield node, name, value

    def _new_use(self, node: Node, param: str, value: str) -> DatasetUse:
        record = self._validator.find_dataset(value).record
        return DatasetUse(
            node=node.id, param=param, id=record.id, name=record.name, sha256=record.sha256
        )
