"""Builds what a worker process is given, from a run's record and the settings of this server."""

from __future__ import annotations

import os
from pathlib import Path

from visdl.models.runs import Run
from visdl.runs.policy import RunPolicy
from visdl.store import Store
from visdl.validation.validator import Validator
from visdl.worker.protocol import DatasetFiles, RunSpec


class SpecBuilder:
    """Builds the spec of a run. Used from any thread."""

    def __init__(self, store: Store, validator: Validator, folder: Path, policy: RunPolicy) -> None:
        self._store = store
        self._validator = validator
        self._folder = folder
        self._policy = policy

    def build_spec(self, run: Run, device: str) -> RunSpec:
        """Build the spec. Raises NotFoundError for a run or a dataset that no longer exists."""
        policy = self._policy
        weights = self._folder / str(run.parent) / "artifacts" / "weights.safetensors"
        return RunSpec(
            run=run.id,
            name=run.name,
            graph=self._store.run_graph_json(run.id),
            seed=run.seed,
            device=device,
            threads=run.threads or policy.threads or self._cores_per_run(),
            auto_threads=not run.threads and policy.threads == 0,
            folder=str(self._folder / run.id),
            datasets={(use.node, use.param): self.find_files(use.id) for use in run.datasets},
            node_folder=policy.node_folder,
            stored=self._store.stored_steps(run.id),
            extends=run.parent if run.relation == "extended" else None,
            weights_from=(str(run.parent), str(weights)) if run.relation == "weights" else None,
            speedup=run.batch.speedup if run.batch else None,
        )

    def find_files(self, dataset: str) -> DatasetFiles:
        """Return record and folder of a dataset, by id or name. Raises NotFoundError."""
        found = self._validator.find_dataset(dataset)
        return found.record.model_dump(mode="json"), str(found.folder)

    def _cores_per_run(self) -> int:
        """Return the cores for each run when all slots are in use."""
        return max(1, (os.cpu_count() or 1) // self._policy.slots)
