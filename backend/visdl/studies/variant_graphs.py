"""The graphs of a study's variants, built from its record when they are needed."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass

from visdl.compiler.flatten import flatten
from visdl.models.errors import NotFoundError
from visdl.models.graph import Graph
from visdl.models.runs import DatasetUse
from visdl.models.strategies import Configurations
from visdl.models.studies import Study, Variant
from visdl.nodes.contract.registry import Registry
from visdl.runs.supervisor import RunSupervisor
from visdl.store import Store
from visdl.studies.edits import apply_edits, keep_best_weights
from visdl.studies.fingerprint import Fingerprints, training_key

_CACHE_SIZE = 64  # graphs


@dataclass(frozen=True)
class VariantGraph:
    """A variant's graph, the datasets that it uses, and the fingerprints of its trainings."""

    graph: Graph
    datasets: list[DatasetUse]
    fingerprints: Fingerprints


class VariantGraphs:
    """Build and cache the graphs of variants. Thread-safe."""

    def __init__(self, store: Store, runs: RunSupervisor, registry: Registry) -> None:
        self._store = store
        self._runs = runs
        self._registry = registry
        self._cache: OrderedDict[tuple[str, str], VariantGraph] = OrderedDict()
        self._lock = threading.Lock()

    def load(self, study: Study, variant: Variant) -> VariantGraph:
        """Return a variant's graph with the study's datasets."""
        key = (study.id, variant.key)
        with self._lock:
            if key in self._cache:
                self._cache.move_to_end(key)
                return self._cache[key]
        prepared = self.prepare(self.build_graph(study, variant), study.datasets)
        with self._lock:
            self._cache[key] = prepared
            if len(self._cache) > _CACHE_SIZE:
                self._cache.popitem(last=False)
        return prepared

    def prepare(self, graph: Graph, known: Sequence[DatasetUse]) -> VariantGraph:
        """Return a graph with its datasets: those `known` by name or id, else the newest ones."""
        datasets = self._runs.dataset_uses(graph, known)
        code = self._registry.code_hashes({node.type for node in flatten(graph).graph.nodes})
        key, device = training_key(graph), self._runs.device
        return VariantGraph(graph, datasets, Fingerprints(key, datasets, code, device))

    def build_graph(self, study: Study, variant: Variant) -> Graph:
        """Return the study's graph with the variant's edits, or the chosen configuration."""
        strategy = study.plan.strategy
        if isinstance(strategy, Configurations) and variant.role == "variant":
            graph = strategy.graphs[int(variant.key.removeprefix("v")) - 1].graph
            keeps_best = study.plan.select == "best"
            return keep_best_weights(graph, self._registry) if keeps_best else graph
        return apply_edits(self._store.study_graph(study.id), variant.edits, self._registry)


def find_variant(study: Study, key: str) -> Variant:
    """Return the variant with this key. Raises NotFoundError."""
    for variant in study.variants:
        if variant.key == key:
            return variant
    hint = "GET the study: it lists its variants."
    raise NotFoundError(f"'{study.name}' has no variant '{key}'.", hint=hint)
