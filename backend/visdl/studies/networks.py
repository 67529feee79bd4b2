"""The graphs of a study's variants, made from its record whenever they are needed."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass

from visdl.compiler.flatten import flatten
from visdl.models.errors import NotFoundError
from visdl.models.graph import Graph
from visdl.models.runs import DatasetUse
from visdl.models.strategies import Configurations
from visdl.models.studies import Study, Variant
from visdl.nodes.contract.registry import Registry
from visdl.runs.specs import RunSpecs
from visdl.store import Store
from visdl.studies.edits import applied
from visdl.studies.expansion import network_key, with_best_weights
from visdl.studies.fingerprint import Fingerprints

_KEPT = 64  # networks that are ready at a time


@dataclass(frozen=True)
class Network:
    graph: Graph
    datasets: list[DatasetUse]
    fingerprints: Fingerprints


class Networks:
    """Makes a variant's graph of the study's graph and the variant's edits. Used from any thread."""

    def __init__(self, store: Store, specs: RunSpecs, registry: Registry, device: str) -> None:
        self._store = store
        self._specs = specs
        self._registry = registry
        self._device = device
        self._ready: OrderedDict[tuple[str, str], Network] = OrderedDict()
        self._lock = threading.Lock()

    def of(self, study: Study, variant: Variant) -> Network:
        key = (study.id, variant.key)
        with self._lock:
            if key in self._ready:
                self._ready.move_to_end(key)
                return self._ready[key]
        made = self.make(self.graph(study, variant), study.datasets)
        with self._lock:
            self._ready[key] = made
            if len(self._ready) > _KEPT:
                self._ready.popitem(last=False)
        return made

    def make(self, graph: Graph, known: list[DatasetUse]) -> Network:
        """A graph with the datasets it uses, and what its trainings are known by."""
        datasets = self._specs.dataset_uses(graph, known)
        code = self._registry.code_hashes({node.type for node in flatten(graph).graph.nodes})
        return Network(
            graph, datasets, Fingerprints(network_key(graph), datasets, code, self._device)
        )

    def graph(self, study: Study, variant: Variant) -> Graph:
        """Under the name of study and variant."""
        strategy = study.plan.strategy
        if isinstance(strategy, Configurations) and variant.role == "variant":
            graph = strategy.graphs[int(variant.key.removeprefix("v")) - 1].graph
            return (
                with_best_weights(graph, self._registry) if study.plan.select == "best" else graph
            )
        return applied(self._store.study_graph(study.id), variant.edits, self._registry)


def find_variant(study: Study, key: str) -> Variant:
    """Raises NotFoundError."""
    for variant in study.variants:
        if variant.key == key:
            return variant
    raise NotFoundError(
        f"'{study.name}' has no variant '{key}'.", hint="GET the study: it lists its variants."
    )
