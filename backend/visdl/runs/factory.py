"""New runs: of a graph, or made from a run: the same once more, more epochs of it, or begun with its weights."""

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
from visdl.models.runs import FINAL, Run
from visdl.models.schemas import AgainRequest, ContinueRequest, NewRun
from visdl.nodes.contract.base import BaseNode, TrainerNode
from visdl.nodes.contract.learning import SchedulerNode
from visdl.nodes.contract.metric_names import is_measured_on
from visdl.nodes.contract.registry import Registry
from visdl.runs.specs import RunPolicy, RunSpecs
from visdl.store import Store
from visdl.training import run_folder
from visdl.training.checkpoint import CheckpointFolder
from visdl.training.environment import versions
from visdl.validation.validator import Validator

_VERSION_OF = {"visdl": "VisDL", "python": "Python", "torch": "PyTorch"}


class RunMaker:
    """Checks what is asked for and stores the run, queued. Raises InvalidGraphError with the report."""

    def __init__(
        self,
        store: Store,
        registry: Registry,
        validator: Validator,
        specs: RunSpecs,
        folder: Path,
        policy: RunPolicy,
    ) -> None:
        self._store = store
        self._registry = registry
        self._validator = validator
        self._specs = specs
        self._folder = folder
        self._policy = policy

    def create(self, request: NewRun, graph: Graph) -> Run:
        """A run of this graph on the newest datasets of the names that it uses."""
        fields: dict[str, Any] = {"graph_id": request.graph_id}
        if request.weights_from is not None:
            source = self._store.run(request.weights_from)
            run_folder.path(self._folder / source.id, "weights.safetensors")
            fields |= {"parent": source.id, "relation": "weights"}
        name = request.name or _name(graph, request.seed)
        return self._add(
            graph, {**fields, "name": name, "seed": request.seed, "tags": request.tags}
        )

    def stack(self, graph: Graph, members: Sequence[Mapping[str, Any]]) -> list[Run]:
        """Runs of one graph, each with these fields; all of them are there at once, or none."""
        runs = self._made(graph, members)
        self._store.add_runs([(run, graph, None) for run in runs])
        return runs

    def again(self, run: Run, request: AgainRequest) -> Run:
        """The same graph on the same data with as many threads; `notices` say what is no more as it was."""
        graph = self._store.run_graph(run.id)
        seed = run.seed if request.seed is None else request.seed
        name = request.name or (run.name if seed == run.seed else _name(graph, seed))
        fields = {
            "relation": "again",
            "name": name,
            "seed": seed,
            "notices": self._differences(run, graph),
        }
        return self._add(graph, {**_inherited(run), **fields})

    def more(self, run: Run, request: ContinueRequest) -> Run:
        """More epochs of a run that has ended. Raises ConflictError where it has not, or has no whole checkpoint."""
        if run.state not in FINAL:
            raise ConflictError(
                f"'{run.name}' is {run.state}.", hint="Stop it first, or resume it."
            )
        found = CheckpointFolder(self._folder / run.id / "checkpoints").newest()
        if found is None:
            raise _no_checkpoint(run)
        manifest, graph = found[0], self._store.run_graph(run.id)
        classes = {node.id: self._registry.find(node.type) or BaseNode for node in graph.nodes}
        trained = {"epochs": manifest.epoch + request.epochs}
        nodes = [
            node.model_copy(update={"params": {**node.params, **trained}})
            if issubclass(classes[node.id], TrainerNode)
            else node
            for node in graph.nodes
        ]
        notices = []
        if any(issubclass(cls, SchedulerNode) for cls in classes.values()):
            notices.append(
                "The learning-rate schedule goes on as it was made for the first run's number of epochs."
            )
        fields = {
            "id": new_id(),
            "relation": "continues",
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
            self._take_checkpoint(run.id, str(fields["id"]), manifest.step)
        except FileNotFoundError:  # removed by a clean-up a moment ago
            shutil.rmtree(self._folder / str(fields["id"]), ignore_errors=True)
            raise _no_checkpoint(run) from None
        more = graph.model_copy(update={"nodes": nodes})
        return self._add(more, {**_inherited(run), **fields}, self._curves(run, manifest.step))

    def _add(
        self, graph: Graph, fields: Mapping[str, Any], curves: MetricsEvent | None = None
    ) -> Run:
        [run] = self._made(graph, [fields])
        self._store.add_runs([(run, graph, curves)])
        return run

    def _made(self, graph: Graph, members: Sequence[Mapping[str, Any]]) -> list[Run]:
        """Runs of this graph with these fields. Raises InvalidGraphError. All use the same datasets."""
        datasets = members[0].get("datasets", [])
        report = self._validator.report(self._specs.pinned(graph, datasets), to_run=True)
        if not report.valid:
            raise InvalidGraphError(report)
        known = {
            "graph_name": graph.name,
            "code": self._code(graph),
            "datasets": datasets or self._specs.dataset_uses(graph),
            "parameters": report.totals.parameters,
        }
        return [
            Run(**{"id": new_id(), "created": time.time(), **known, **fields}) for fields in members
        ]

    def _take_checkpoint(self, source: str, target: str, step: int) -> None:
        """Put the checkpoint of this step into the folder of the new run."""
        there, here = (self._folder / run / "checkpoints" for run in (source, target))
        here.mkdir(parents=True, exist_ok=True)
        for ending in ("pt", "json"):  # in the order in which they are written
            name = f"checkpoint-{step:09d}.{ending}"
            try:
                (here / name).hardlink_to(there / name)  # neither is ever changed in place
            except OSError:  # a file system without such links
                shutil.copyfile(there / name, here / name)

    def _curves(self, run: Run, step: int) -> MetricsEvent:
        """What the run has drawn up to this step, as the first points of the one that goes on."""
        series = self._store.series(run.id).series
        series = {key: points for key, points in series.items() if not is_measured_on("test", key)}
        kept = {
            key: [point for point in points if point[0] <= step] for key, points in series.items()
        }
        return MetricsEvent(
            series={key: points for key, points in kept.items() if points}, time=time.time()
        )

    def _differences(self, run: Run, graph: Graph) -> list[str]:
        """What is no more as it was when the run was made, in sentences."""
        now, code, devices = versions(), self._code(graph), self._policy.devices()
        found = [
            f"{_VERSION_OF[what]} is {now[what]}, it was {then}."
            for what, then in run.versions.items()
            if now.get(what, then) != then
        ]
        if run.device and run.device not in devices:
            found.append(f"It trains on {devices[0]}, it was {run.device}.")
        changed = [name for name, sha256 in run.code.items() if code.get(name) != sha256]
        return found + [
            f"The code of the node type '{name}' is another than then." for name in changed
        ]

    def _code(self, graph: Graph) -> dict[str, str]:
        """The hashes of the custom node files that a graph uses, inside its blocks too."""
        nodes = [*graph.nodes, *(node for block in graph.blocks.values() for node in block.nodes)]
        return self._registry.code_hashes({node.type for node in nodes})


def _no_checkpoint(run: Run) -> ConflictError:
    message = f"'{run.name}' has no checkpoint to go on from: it never wrote one, or a clean-up removed it."
    return ConflictError(
        message, hint="Run it again, or run its graph with the weights that it has."
    )


def _inherited(run: Run) -> dict[str, Any]:
    return {
        "parent": run.id,
        "graph_id": run.graph_id,
        "datasets": run.datasets,
        "tags": run.tags,
        "threads": run.threads,
    }


def _name(graph: Graph, seed: int) -> str:
    """Graph, what differs from the whole, seed."""
    off = [node.label for node in graph.nodes if node.disabled]
    what = f" · without {', '.join(off[:3])}{' …' if len(off) > 3 else ''}" if off else ""
    return f"{graph.name[:100]}{what[:80]} · seed {seed}"
