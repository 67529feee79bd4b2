"""What the tests of the store share."""

from __future__ import annotations

import time

from visdl.models.events import MetricsEvent
from visdl.models.graph import Graph, Node
from visdl.models.runs import Run

GRAPH = Graph(name="G", nodes=[Node(id="a", type="Linear")])


def add(store, run_id="r", **fields):
    run = Run(id=run_id, name=f"Run {run_id}", created=time.time(), **fields)
    store.add_run(run, GRAPH)
    return run


def metrics(*values, key="train_loss", start=1):
    points = [(step, 0, value) for step, value in enumerate(values, start)]
    return MetricsEvent(series={key: points}, time=1.0)
