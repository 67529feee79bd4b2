"""What a trainer process is told: made from a run's record, its graph, and the settings of this server."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from visdl.models.graph import Graph, Node
from visdl.models.runs import DatasetUse, Run
from visdl.nodes.contract.registry import Registry
from visdl.nodes.contract.specs import DataType
from visdl.store import Store
from visdl.validation.validator import Validator
from visdl.worker.protocol import RunSpec


@dataclass(frozen=True)
class RunPolicy:
    """The settings that decide where, and how, runs train."""

    device: str = "auto"
    threads: int = 0
    concurrent: int = 1  # on each device
    nodes_dir: Path | None = None
    auto_resume: bool = False
    pause_minutes: float = 10.0  # how long a paused run keeps its process
    hang_seconds: float = 60.0  # how long a trainer may be silent
    curve_points: int = 1_000_000  # of each curve of a run

    def devices(self) -> list[str]:
        """Where runs train: the setting, or all GPUs where there are any."""
        if self.device != "cpu" and torch.cuda.is_available():
            return [f"cuda:{index}" for index in range(torch.cuda.device_count())]
        return ["cuda" if self.device == "cuda" else "cpu"]


class RunSpecs:
    """Makes the spec of a run, and names what a new run uses."""

    def __init__(
        self,
        store: Store,
        registry: Registry,
        validator: Validator,
        folder: Path,
        policy: RunPolicy,
    ) -> None:
        self._store = store
        self._registry = registry
        self._validator = validator
        self._folder = folder
        self._policy = policy

    def make(self, run: Run, device: str) -> RunSpec:
        """Raises NotFoundError for a run, or a dataset of it, that is gone."""
        graph = self._store.run_graph(run.id)
        ids = {(use.node, use.param): use.id for use in run.datasets}
        datasets = {}
        for node, param, value in self._dataset_params(graph):
            dataset = self._validator.find_dataset(ids[(node.id, param)])
            datasets[value] = (dataset.record.model_dump(mode="json"), str(dataset.folder))
        policy = self._policy
        weights = self._folder / str(run.parent) / "artifacts" / "weights.safetensors"
        return RunSpec(
            run=run.id,
            name=run.name,
            graph=graph.model_dump(mode="json"),
            seed=run.seed,
            device=device,
            threads=run.threads or policy.threads or self._share(),
            auto_threads=not run.threads and policy.threads == 0,
            folder=str(self._folder / run.id),
            datasets=datasets,
            nodes_dir=str(policy.nodes_dir) if policy.nodes_dir else None,
            stored=self._store.stored_steps(run.id),
            continues=run.parent if run.relation == "continues" else None,
            weights_from=(str(run.parent), str(weights)) if run.relation == "weights" else None,
            speedup=run.speedup,
        )

    def _share(self) -> int:
        """The cores for one run when all places are taken."""
        return max(
            1, (os.cpu_count() or 1) // (self._policy.concurrent * len(self._policy.devices()))
        )

    def pinned(self, graph: Graph, uses: Sequence[DatasetUse]) -> Graph:
        """The graph with the ids of these datasets in the place of their names, which may mean newer ones by now."""
        ids = {(use.node, use.param): use.id for use in uses}
        return graph.model_copy(
            update={
                "nodes": [
                    node.model_copy(
                        update={
                            "params": {
                                **node.params,
                                **{param: i for (at, param), i in ids.items() if at == node.id},
                            }
                        }
                    )
                    for node in graph.nodes
                ]
            }
        )

    def dataset_uses(self, graph: Graph, known: Sequence[DatasetUse] = ()) -> list[DatasetUse]:
        """The datasets that the nodes of a graph name: those `known`, by name or id, the others as they are now."""
        found = {name: use for use in known for name in (use.name, use.id)}
        return [
            found[value].model_copy(update={"node": node.id, "param": param})
            if value in found
            else self._use(node, param, value)
            for node, param, value in self._dataset_params(graph)
        ]

    def _dataset_params(self, graph: Graph) -> Iterator[tuple[Node, str, str]]:
        for node in graph.nodes:
            cls = self._registry.find(node.type)
            for name, spec in (cls.parameters() if cls else {}).items():
                value = node.params.get(name, spec.default)
                if spec.dtype is DataType.DATASET and isinstance(value, str) and value:
                    yield node, name, value

    def _use(self, node: Node, param: str, value: str) -> DatasetUse:
        record = self._validator.find_dataset(value).record
        return DatasetUse(
            node=node.id, param=param, id=record.id, name=record.name, sha256=record.sha256
        )
