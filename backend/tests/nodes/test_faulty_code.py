"""Node code that raises: a diagnostic at that node, from the validator and from the run."""

from __future__ import annotations

import pytest

from visdl.models.errors import RunError
from visdl.models.graph import Node

from ..support.graphs import MLP, chain, codes, numbers, validator, wire
from ..support.runs import execute

HEAD = "from visdl.nodes import *\nfrom torch import nn\n"
LOADER = """
@NodeRegistry.register("Own")
class Own(DataNode):
    @classmethod
    def INPUT_TYPES(cls):
        return {{"dataset": InputSpec(DataType.DATASET, required=True)}}
    @classmethod
    def RETURN_TYPES(cls):
        return [OutputSpec(DataType.DATASET, "dataset")]
    def {method}:
        {body}
"""
LOSS = """
@NodeRegistry.register("Own")
class Own(LossNode):
    def build(self):
        return nn.MSELoss()
    def why_not(self, prediction, classes, targets):
        return 1 / 0
"""
OPERATION = """
@NodeRegistry.register("Own")
class Own(BaseNode):
    @classmethod
    def INPUT_TYPES(cls):
        return {{"x": InputSpec(DataType.TENSOR, required=True)}}
    @classmethod
    def RETURN_TYPES(cls):
        return [OutputSpec(DataType.TENSOR, "output")]
    def execute(self, **kwargs):
        return {returned}
"""
STATIC = {
    "infer raises": LOADER.format(
        method="infer(self, **kwargs)", body="raise KeyError('no such table')"
    ),
    "infer returns no tuple": LOADER.format(
        method="infer(self, **kwargs)", body="return kwargs['dataset']"
    ),
    "infer returns too much": LOADER.format(method="infer(self, **kwargs)", body="return (1, 2)"),
    "check raises": LOADER.format(method="check(self, **kwargs)", body="return [][0]"),
    "check returns no diagnostics": LOADER.format(
        method="check(self, **kwargs)", body="return ['bad']"
    ),
    "the constructor raises": LOADER.format(
        method="__init__(self)", body="raise OSError('no disk')"
    ),
}


def with_loader():
    """A graph whose table goes through the node `own`."""
    graph = chain(MLP)
    graph.nodes.append(Node(id="own", type="Own"))
    graph.edges = [edge for edge in graph.edges if edge.source != "csv"]
    graph.edges += [wire("csv.dataset > own.dataset"), wire("own.dataset > split.dataset")]
    return graph


@pytest.mark.parametrize("text", STATIC.values(), ids=STATIC)
def test_a_node_that_fails_while_it_is_checked_is_a_problem_at_that_node(
    load, registry, tmp_path, text
):
    assert load(own=HEAD + text) == []
    report = validator(numbers(tmp_path), registry=registry).report(with_loader(), to_run=True)
    assert codes(report) == [("node_failed", "own", None)]
    [problem] = [d for d in report.diagnostics if d.code == "node_failed"]
    assert problem.message.startswith("'own' cannot be checked: ")


def test_a_loss_that_fails_while_it_is_compared_is_a_problem(load, registry, tmp_path):
    assert load(own=HEAD + LOSS) == []
    report = validator(numbers(tmp_path), registry=registry).report(
        chain(MLP, loss="Own"), to_run=True
    )
    assert codes(report) == [("node_failed", "train", None)]


@pytest.mark.parametrize("returned", ["kwargs['x']", "(kwargs['x'], kwargs['x'])", "None", "()"])
def test_an_operation_that_returns_no_tuple_of_its_outputs_is_refused(
    load, registry, tmp_path, returned
):
    assert load(own=HEAD + OPERATION.format(returned=returned)) == []
    graph = chain([MLP[0], ("own", "Own", {}), MLP[2]])
    graph.edges = [
        e.model_copy(update={"target_input": "x"}) if e.target == "own" else e for e in graph.edges
    ]
    with pytest.raises(RunError, match=r"Own\.execute must return a tuple of 1") as caught:
        execute(graph, tmp_path / "run", numbers(tmp_path), registry=registry)
    assert caught.value.node == "own"
