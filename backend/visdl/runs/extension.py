"""What a longer training means for the learning-rate schedule of a graph."""

from __future__ import annotations

from typing import Any

from visdl.models.errors import ConflictError
from visdl.models.graph import Graph
from visdl.models.runs import Run
from visdl.nodes.contract.base import TrainingLoopNode
from visdl.nodes.contract.learning import Schedule, SchedulerNode
from visdl.nodes.contract.registry import Registry
from visdl.training.checkpoint import Manifest


def schedulers(graph: Graph, registry: Registry) -> tuple[SchedulerNode, ...]:
    """Return the schedulers of the graph's training, in the order in which they step."""
    for node in graph.nodes:
        cls = registry.find(node.type)
        if cls is not None and issubclass(cls, TrainingLoopNode):
            wired = _wired(graph, registry, node.id, "optimizer")
            return wired[0].nodes if wired else ()
    return ()


def _wired(graph: Graph, registry: Registry, node: str, port: str) -> list[Schedule]:
    return [
        _schedule(graph, registry, edge.source)
        for edge in graph.edges
        if (edge.target, edge.target_input) == (node, port)
    ]


def _schedule(graph: Graph, registry: Registry, node_id: str) -> Schedule:
    """Return the schedule that a node outputs, with None in place of its optimizer."""
    node = graph.node(node_id)
    cls = registry.find(node.type)
    if cls is None or not issubclass(cls, SchedulerNode):
        return Schedule(None)
    instance = cls.create(node.params)
    wired: dict[str, Any] = {}
    for port, spec in cls.ports().items():
        values = _wired(graph, registry, node_id, port)
        wired[port] = values if spec.multiple else next(iter(values), Schedule(None))
    if node.disabled:
        return Schedule.of(next(iter(wired.values())))
    [schedule] = instance.execute(**wired)
    return Schedule.of(schedule)


def check_extension(run: Run, graph: Graph, registry: Registry, reached: Manifest) -> None:
    """Raise ConflictError when a schedule ends at a learning rate of 0 that is reached already."""
    for node in schedulers(graph, registry):
        end = node.zero_from()
        position = reached.step if node.interval == "step" else reached.epoch
        if end is None or position < end:
            continue
        unit = "step" if node.interval == "step" else "epoch"
        name = type(node).DISPLAY_NAME or type(node).__name__
        raise ConflictError(
            f"{name} ends at a learning rate of 0 after {end:,} {unit}s, which '{run.name}' has "
            "reached: more epochs would change nothing.",
            hint="Make the schedule longer in a copy of its graph, and initialise that run with "
            "these weights.",
        )


def schedule_notices(graph: Graph, registry: Registry, epochs: int) -> list[str]:
    """Return how the schedule differs from that of one training of this many epochs."""
    tied = [
        type(node).DISPLAY_NAME or type(node).__name__
        for node in schedulers(graph, registry)
        if node.is_tied
    ]
    return [
        f"{name} is tied to the length of the training: its schedule is stretched to "
        f"{epochs:,} epochs."
        for name in tied
    ]
