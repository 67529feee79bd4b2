"""The network that a new user meets: it trains, and each of its nodes can be switched off."""

import json

import pytest

from visdl.config import ROOT
from visdl.datasets.dataset import Dataset
from visdl.datasets.importer import import_csv
from visdl.models.graph import Graph
from visdl.starters.gallery import starter_graph

from ..support.graphs import validator
from ..support.runs import execute

pytestmark = pytest.mark.integration

GRAPH = starter_graph("sample_regression")


@pytest.fixture(scope="module")
def samples(tmp_path_factory):
    folder = tmp_path_factory.mktemp("samples")
    found = []
    for name in ("sample_data.csv", "sample_test.csv"):
        record = import_csv(ROOT / name, folder / name, dataset_id=name, name=name, max_columns=10)
        found.append(Dataset(record, folder / name))
    return found


def sample(epochs: int) -> Graph:
    graph = GRAPH.model_copy(deep=True)
    graph.node("train").params["epochs"] = epochs
    return graph


def test_it_reaches_the_r2_that_is_promised(tmp_path, samples):
    outcome = execute(sample(100), tmp_path / "run", *samples)
    assert outcome.series("test_r2")[-1] >= 0.97
    report = json.loads((tmp_path / "run" / "artifacts" / "report.json").read_text())
    assert report["parameters"] == (2 * 64 + 64) + (64 * 64 + 64) + (64 + 1)


@pytest.mark.parametrize("node", [node.id for node in GRAPH.nodes])
def test_switching_any_node_off_trains_or_is_refused_with_a_sentence(tmp_path, samples, node):
    graph = sample(1)
    graph.node(node).disabled = True
    report = validator(*samples).report(graph, to_run=True)
    if report.valid:
        assert execute(graph, tmp_path / "run", *samples).weights()
    else:
        problems = [problem for problem in report.diagnostics if problem.severity == "error"]
        assert all(problem.message.endswith(".") and problem.node for problem in problems), problems
