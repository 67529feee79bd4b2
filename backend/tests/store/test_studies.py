"""The runs of a study in the store."""

from __future__ import annotations

import pytest

from visdl.models.graph import Graph
from visdl.models.runs import Run, RunState, SeedBatch
from visdl.models.strategies import LeaveOneOut
from visdl.models.studies import Study, StudyPlan
from visdl.store import Store

GRAPH = Graph(name="G")


@pytest.fixture
def store(tmp_path):
    store = Store(tmp_path / "visdl.db")
    yield store
    store.close()


def test_cells_are_those_of_the_runs_without_their_records(store):
    plan = StudyPlan(
        strategy=LeaveOneOut(kind="leave_one_out", nodes=["a"]), metric="val_loss", seeds=[0, 1]
    )
    store.add_study(
        Study(
            id="s",
            name="S",
            plan=plan,
            direction="minimize",
            graph_name="G",
            variants=[],
            created=0,
        ),
        GRAPH,
    )
    fields = {"name": "R", "created": 0.0, "study": "s", "fingerprint": "f"}
    batch = SeedBatch(id="k", size=2, speedup=3.5)
    batched = [Run(id=f"r{n}", variant="v", seed=n, batch=batch, **fields) for n in range(2)]
    store.add_runs(
        [(run, GRAPH, None) for run in [*batched, Run(id="alone", variant="w", seed=0, **fields)]]
    )
    store.move_run("r1", RunState.STARTING)
    cells, runs = store.study_cells("s"), store.study_runs("s")
    assert [(c.run, c.batch, c.speedup) for c in cells] == [
        ("r0", "k", 3.5),
        ("r1", "k", 3.5),
        ("alone", None, None),
    ]
    assert [(c.variant, c.seed, c.run, c.state, c.reused) for c in cells] == [
        (r.variant, r.seed, r.run.id, r.run.state, r.reused) for r in runs
    ]
