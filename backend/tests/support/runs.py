"""Runs of a graph in the test's own process: the code of a worker, without server and pipe."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from visdl.compiler.builder import build
from visdl.compiler.flatten import flatten
from visdl.compiler.network import Network, extract
from visdl.compiler.topology import Topology
from visdl.datasets.dataset import Dataset
from visdl.models.events import MetricsEvent, ProgressEvent, RunEvent
from visdl.models.graph import Graph
from visdl.models.runs import MetricSummary, Progress, RunState
from visdl.nodes import NodeRegistry
from visdl.nodes.contract.registry import Registry
from visdl.nodes.contract.runtime_values import TrainingResult
from visdl.training.control import Command, TrainingController
from visdl.training.reporter import Reporter
from visdl.training.session import TrainingSession, TrainingSuspended
from visdl.worker.graph_run import GraphRun
from visdl.worker.predict import predict_rows
from visdl.worker.protocol import DatasetFiles, PredictionRequest, RunSpec


@dataclass
class Outcome:
    folder: Path
    spec: RunSpec
    stopped: bool = False
    events: list[RunEvent] = field(default_factory=list)
    states: list[RunState] = field(default_factory=list)

    def series(self, key: str) -> list[float | None]:
        """All values of a metric, in order."""
        found = (
            event.series.get(key, []) for event in self.events if isinstance(event, MetricsEvent)
        )
        return [value for points in found for _, _, value in points]

    @property
    def steps(self) -> int:
        """Optimizer steps of the whole training."""
        return self.progress.step

    @property
    def progress(self) -> Progress:
        """What the run's record states at the end."""
        return [event.progress for event in self.events if isinstance(event, ProgressEvent)][-1]

    def best(self, key: str) -> MetricSummary:
        """What the run's record states of a metric at the end."""
        found = [
            event.summary[key]
            for event in self.events
            if isinstance(event, MetricsEvent) and key in event.summary
        ]
        return found[-1]

    def predict(self, rows: list[dict[str, Any]]) -> dict[str, Any]:
        """What a user gets for these rows."""
        return predict_rows(PredictionRequest(self.spec, rows, None))

    def weights(self) -> dict[str, Tensor]:
        return load_file(self.folder / "artifacts" / "weights.safetensors")


class Watched(Reporter):
    """A reporter that calls back after each optimizer step, when a command could arrive."""

    def __init__(self, events: list[RunEvent], after_step: Callable[[int], None]) -> None:
        super().__init__(events.extend)
        self._after_step = after_step

    def step(self, step: int, rows: int, losses: list[tuple[int, float]]) -> None:
        super().step(step, rows, losses)
        self._after_step(step)


def execute(
    graph: Graph,
    folder: Path,
    *datasets: Dataset,
    seed: int = 0,
    controller: TrainingController | None = None,
    after_step: Callable[[int], None] = lambda step: None,
    on_state: Callable[[RunState], None] = lambda state: None,
    train: Callable[[TrainingSession], TrainingResult] = TrainingSession.train_to_end,
    registry: Registry = NodeRegistry,
    run: str = "run",
) -> Outcome:
    """Run a graph to its end. Raises RunError, or TrainingSuspended, as in a worker."""
    spec = RunSpec(
        run=run,
        name="Run",
        graph=graph.model_dump_json(),
        seed=seed,
        device="cpu",
        threads=torch.get_num_threads(),
        auto_threads=False,
        folder=str(folder),
        datasets=dict(dataset_files(graph, datasets)),
    )
    outcome = Outcome(folder, spec)

    def note(state: RunState) -> None:
        outcome.states.append(state)
        on_state(state)

    reporter = Watched(outcome.events, after_step)
    outcome.stopped = GraphRun(
        spec, controller or TrainingController(), reporter, note, registry, train
    ).run()
    reporter.flush()
    return outcome


def dataset_files(
    graph: Graph, datasets: Sequence[Dataset]
) -> Iterator[tuple[tuple[str, str], DatasetFiles]]:
    """What a spec holds of the datasets that the nodes of a graph name."""
    by_name = {each.record.name: each for each in datasets}
    for node in graph.nodes:
        for param, value in node.params.items():
            if isinstance(value, str) and value in by_name:
                found = by_name[value]
                yield (
                    (node.id, param),
                    (found.record.model_dump(mode="json"), str(found.folder)),
                )


def suspend(graph: Graph, folder: Path, *datasets: Dataset, step: int) -> None:
    """Run a graph up to a step, as when the server ends then: a checkpoint remains."""
    controller = TrainingController()

    def after_step(at: int) -> None:
        if at == step:
            controller.request(Command.SHUTDOWN)

    with pytest.raises(TrainingSuspended):
        execute(graph, folder, *datasets, controller=controller, after_step=after_step)


def built(
    graph: Graph,
    inputs: int | Sequence[Tensor] = 2,
    seed: int = 0,
    registry: Registry = NodeRegistry,
) -> nn.Module:
    """The model of a graph before training, for examples or for rows of this many values."""
    network = network_of(graph, registry)
    example = [torch.zeros(2, inputs)] * len(network.sources) if isinstance(inputs, int) else inputs
    return build(network, example, seed)


def network_of(graph: Graph, registry: Registry = NodeRegistry) -> Network:
    flat = flatten(graph)
    return extract(flat, Topology(flat.graph), registry, graph.node("model"))


def assert_equal_weights(a: dict[str, Tensor], b: dict[str, Tensor]) -> None:
    assert a.keys() == b.keys()
    for name, value in a.items():
        assert torch.equal(value, b[name]), name
