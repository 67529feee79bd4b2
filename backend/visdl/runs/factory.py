"""New runs: of a graph, or made from a run (rerun, extended, or initialised with its weights)."""

from __future__ import annotations

import shutil
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from visdl.models.errors import ConflictError, InvalidGraphError
from visdl.models.events import MetricsEvent
from visdl.models.graph import Graph
from visdl.models.ids import new_id
from visdl.models.requests import ExtendRequest, NewRun, RerunRequest
from visdl.models.runs import FINAL, DatasetUse, Run, is_inexact
from visdl.nodes.contract.base import BaseNode, TrainingLoopNode
from visdl.nodes.contract.metrics.names import is_measured_on
from visdl.nodes.contract.registry import Registry
from visdl.runs.dataset_uses import DatasetUses
from visdl.runs.extension import check_extension, schedule_notices
from visdl.runs.policy import RunPolicy
from visdl.store import Store
from visdl.training import run_folder
from visdl.training.checkpoint import CheckpointFolder
from visdl.training.environment import versions
from visdl.validation.validator import Validator

_VERSION_OF = {"visdl": "VisDL", "python": "Python", "torch": "PyTorch"}


class RunFactory:
    """Validates requests for new runs, and stores the runs as queued."""

    def __init__(
        self,
        store: Store,
        registry: Registry,
        validator: Validator,
        dataset_uses: DatasetUses,
        folder: Path,
        policy: RunPolicy,
    ) -> None:
        self._store = store
        self._registry = registry
        self._validator = validator
        self._dataset_uses = dataset_uses
        self._folder = folder
        self._policy = policy

    def dataset_uses(self, graph: Graph, known: Sequence[DatasetUse] = ()) -> list[DatasetUse]:
        """Return the datasets that a graph names: those `known` by name or id, else the newest."""
        return self._dataset_uses.find_uses(graph, known)

    def create(self, request: NewRun, graph: Graph) -> Run:
        """Create a run of this graph, on the newest datasets of the names that it uses.

        Raises InvalidGraphError with the report, and NotFoundError for `weights_from`.
        """
        fields: dict[str, Any] = {"graph_id": request.graph_id}
        if request.weights_from is not None:
            source = self._store.run(request.weights_from)
            run_folder.path(self._folder / source.id, "weights.safetensors")
            fields |= {"parent": source.id, "relation": "weights"}
        name = request.name or _name(graph, request.seed)
        return self._add(
            graph, {**fields, "name": name, "seed": request.seed, "tags": request.tags}
        )

    def create_many(self, graph: Graph, members: Sequence[Mapping[str, Any]]) -> list[Run]:
        """Create runs of one graph, each with these fields: all of them at once, or none."""
        runs = self._build_runs(graph, members)
        self._store.add_runs([(run, graph, None) for run in runs])
        return runs

    def rerun(self, run: Run, request: RerunRequest) -> Run:
        """Create a run of the same graph, data and threads; `notices` state what has changed."""
        graph = self._store.run_graph(run.id)
        seed = run.seed if request.seed is None else request.seed
        name = request.name or (run.name if seed == run.seed else _name(graph, seed))
        fields = {
            "relation": "rerun",
            "name": name,
            "seed": seed,
            "notices": self._differences(run, graph),
        }
        return self._add(graph, {**_inherited(run), **fields})

    def extend(self, run: Run, request: ExtendRequest) -> Run:
        """Create a run with more epochs, from the last checkpoint of an ended run.

        A schedule that is tied to the length of the training is stretched to the new length, and
        `notices` state that. Any other one continues.

        Raises ConflictError when the run has not ended, has no valid checkpoint, or its learning
        rate would stay at 0.
        """
        if run.state not in FINAL:
            raise ConflictError(
                f"'{run.name}' is {run.state}.", hint="Stop it first, or resume it."
            )
        newest = CheckpointFolder(self._folder / run.id / "checkpoints").newest()
        if newest is None:
            raise _no_checkpoint(run)
        manifest = newest[0]
        graph, epochs = self._store.run_graph(run.id), manifest.epoch + request.epochs
        check_extension(run, graph, self._registry, manifest)
        notices = schedule_notices(graph, self._registry, epochs) + _batch_notices(run)
        graph = self._with_epochs(graph, epochs)
        fields = {
            "id": new_id(),
            "relation": "extended",
            "name": request.name or f"{run.name[:170]} · {request.epochs:,} more epochs",
            "seed": run.seed,
            "notices": notices,
            "metrics": {
                key: summary
                for key, summary in run.metrics.items()
                if not is_measured_on("test", key)
            },
            "progress": run.progress,
        }
        try:
            self._link_checkpoint(run.id, str(fields["id"]), manifest.step)
            curves = self._curves(run, manifest.step)
            return self._add(graph, {**_inherited(run), **fields}, curves)
        except BaseException as error:
            shutil.rmtree(self._folder / str(fields["id"]), ignore_errors=True)
            if isinstance(error, FileNotFoundError):  # removed by a clean-up just now
                raise _no_checkpoint(run) from None
            raise

    def _with_epochs(self, graph: Graph, epochs: int) -> Graph:
        """Return the graph with another number of epochs."""
        classes = {node.id: self._registry.find(node.type) or BaseNode for node in graph.nodes}
        nodes = [
            node.model_copy(update={"params": {**node.params, "epochs": epochs}})
            if issubclass(classes[node.id], TrainingLoopNode)
            else node
            for node in graph.nodes
        ]
        return graph.model_copy(update={"nodes": nodes})

    def _add(
        self, graph: Graph, fields: Mapping[str, Any], curves: MetricsEvent | None = None
    ) -> Run:
        [run] = self._build_runs(graph, [fields])
        self._store.add_runs([(run, graph, curves)])
        return run

    def _build_runs(self, graph: Graph, members: Sequence[Mapping[str, Any]]) -> list[Run]:
        """Build runs of this graph with these fields; all of them use the same datasets.

        Raises InvalidGraphError with the report.
        """
        datasets = members[0].get("datasets", [])
        report = self._validator.report(self._dataset_uses.pin(graph, datasets), to_run=True)
        if not report.valid:
            raise InvalidGraphError(report)
        known = {
            "graph_name": graph.name,
            "code": self._code(graph),
            "datasets": datasets or self.dataset_uses(graph),
            "parameters": report.totals.parameters,
        }
        return [
            Run(**{"id": new_id(), "created": time.time(), **known, **fields}) for fields in members
        ]

    def _link_checkpoint(self, source: str, target: str, step: int) -> None:
        """Link the checkpoint of this step, or copy it, into the folder of the new run."""
        old, new = (self._folder / run / "checkpoints" for run in (source, target))
        new.mkdir(parents=True, exist_ok=True)
        for ending in ("pt", "json"):  # in the order in which they are written
            name = f"checkpoint-{step:09d}.{ending}"
            try:
                (new / name).hardlink_to(old / name)  # neither is ever changed in place
            except OSError:  # a file system without hard links
                shutil.copyfile(old / name, new / name)

    def _curves(self, run: Run, step: int) -> MetricsEvent:
        """Return the curves of a run up to this step, as the first points of its extension."""
        series = self._store.series(run.id).series
        series = {key: points for key, points in series.items() if not is_measured_on("test", key)}
        kept = {
            key: [point for point in points if point[0] <= step] for key, points in series.items()
        }
        return MetricsEvent(
            series={key: points for key, points in kept.items() if points}, time=time.time()
        )

    def _differences(self, run: Run, graph: Graph) -> list[str]:
        """Return what has changed since the run was created, in sentences."""
        now, code, devices = versions(), self._code(graph), self._policy.devices()
        notices = [
            f"{_VERSION_OF[what]} is {now[what]}; that run used {then}."
            for what, then in run.versions.items()
            if now.get(what, then) != then
        ]
        if run.device and run.device not in devices:
            notices.append(f"It trains on {devices[0]}; that run used {run.device}.")
        changed = [name for name, sha256 in run.code.items() if code.get(name) != sha256]
        notices += [
            f"The code of node type '{name}' has changed since that run." for name in changed
        ]
        return notices + _batch_notices(run)

    def _code(self, graph: Graph) -> dict[str, str]:
        """Return the hashes of custom node files that a graph uses, including its blocks."""
        nodes = [*graph.nodes, *(node for block in graph.blocks.values() for node in block.nodes)]
        return self._registry.code_hashes({node.type for node in nodes})


def _no_checkpoint(run: Run) -> ConflictError:
    message = f"'{run.name}' has no checkpoint: it never wrote one, or a clean-up removed it."
    return ConflictError(
        message, hint="Rerun it, or initialise a run of its graph with its weights."
    )


def _batch_notices(run: Run) -> list[str]:
    if not is_inexact(run):
        return []
    return [
        "An earlier version of VisDL trained that run in a seed batch: its values differ from "
        "those of a separate training slightly, or noticeably after many epochs."
    ]


def _inherited(run: Run) -> dict[str, Any]:
    return {
        "parent": run.id,
        "graph_id": run.graph_id,
        "datasets": run.datasets,
        "tags": run.tags,
        "threads": run.threads,
    }


def _name(graph: Graph, seed: int) -> str:
    """Name a run after its graph, the disabled nodes and the seed."""
    off = [node.label for node in graph.nodes if node.disabled]
    what = f" · without {', '.join(off[:3])}{' …' if len(off) > 3 else ''}" if off else ""
    return f"{graph.name[:100]}{what[:80]} · seed {seed}"
