"""Node files that fail disable only themselves and report file, line and reason."""

from __future__ import annotations

import logging

import pytest
import torch

import visdl.nodes
from visdl.models.graph import Node
from visdl.nodes import DataType, NodeRegistry

from ..support.graphs import MLP, chain, codes, numbers, validator

GOOD = '''
from visdl.nodes import BaseNode, DataType, InputSpec, NodeRegistry, OutputSpec

@NodeRegistry.register("{name}")
class Good(BaseNode):
    """Works."""

    @classmethod
    def INPUT_TYPES(cls):
        return {{"x": InputSpec(dtype=DataType.TENSOR, required=True)}}

    @classmethod
    def RETURN_TYPES(cls):
        return [OutputSpec(dtype=DataType.TENSOR, name="output")]

    def execute(self, **kwargs):
        return (kwargs["x"],)
'''
HEAD = f"from visdl.nodes import {', '.join(visdl.nodes.__all__)}\n"
CLASS = HEAD + "@NodeRegistry.register('C')\nclass C({}):\n    {}\n"
LAYER = (
    HEAD + "@NodeRegistry.register('C')\nclass C(LayerNode):\n    {}\n"
    "    def build(self, input):\n        pass\n"
)
METHOD = (
    HEAD + "@NodeRegistry.register('C')\nclass C(BaseNode):\n    @classmethod\n"
    "    def {}(cls):\n        return {}\n"
)
PLAIN = HEAD + "class C(BaseNode):\n    pass\n{}\n"
TWINS = "[OutputSpec(DataType.TENSOR), OutputSpec(DataType.TENSOR)]"
#: (text, line, part of the reason)
BROKEN = {
    "syntax": ("def x(:\n", 1, "SyntaxError"),
    "indentation": ("class A:\npass\n", 2, "IndentationError"),
    "missing module": ("\nimport no_such_module_at_all\n", 2, "no_such_module_at_all"),
    "missing name": ("from visdl.nodes import NoSuchThing\n", 1, "NoSuchThing"),
    "exception": ("x = 1\n\ny = x / 0\n", 3, "ZeroDivisionError"),
    "exit": ("import sys\nsys.exit('enough')\n", 2, "SystemExit: enough"),
    "an exception outside of Exception": (
        "class Odd(BaseException): ...\nraise Odd('odd')\n",
        2,
        "Odd: odd",
    ),
    "an exception without a text": (
        "class Mute(Exception):\n    def __str__(self):\n        return self.no\nraise Mute\n",
        4,
        "Mute",
    ),
    "recursion": ("def f():\n    return f()\nf()\n", None, "RecursionError"),
    "assertion without a message": ("assert False\n", 1, "AssertionError"),
    "not UTF-8": (b"x = 'caf\xe9'\n", None, "SyntaxError"),
    "NUL": (b"x = 1\x00\n", None, "null bytes"),
    "no class": (HEAD + "@NodeRegistry.register('F')\ndef f():\n    pass\n", 2, "must be a class"),
    "not a node": (
        HEAD + "@NodeRegistry.register('C')\nclass C:\n    pass\n",
        2,
        "derives from BaseNode",
    ),
    "no type name": (
        HEAD + "@NodeRegistry.register\nclass C(BaseNode):\n    pass\n",
        2,
        "needs a name",
    ),
    "empty type name": (PLAIN.format("NodeRegistry.register('')(C)"), 4, "needs a name"),
    "number for a type name": (PLAIN.format("NodeRegistry.register(3)(C)"), 4, "needs a name"),
    "INPUT_TYPES that fails": (METHOD.format("INPUT_TYPES", "missing"), 6, "missing"),
    "INPUT_TYPES of the instance": (
        CLASS.format("BaseNode", "def INPUT_TYPES(self): return {}"),
        2,
        "INPUT_TYPES",
    ),
    "INPUT_TYPES without specs": (
        METHOD.format("INPUT_TYPES", "{'x': int}"),
        2,
        "INPUT_TYPES of 'C' must return a dict of InputSpec",
    ),
    "INPUT_TYPES named by numbers": (
        METHOD.format("INPUT_TYPES", "{1: InputSpec(DataType.TENSOR)}"),
        2,
        "INPUT_TYPES of 'C' must return a dict of InputSpec by name",
    ),
    "RETURN_TYPES without specs": (
        METHOD.format("RETURN_TYPES", "['TENSOR']"),
        2,
        "RETURN_TYPES of 'C' must return a list of OutputSpec",
    ),
    "RETURN_TYPES that returns nothing": (
        METHOD.format("RETURN_TYPES", "None"),
        2,
        "RETURN_TYPES of 'C' must return a list of OutputSpec",
    ),
    "two outputs of one name": (METHOD.format("RETURN_TYPES", TWINS), 2, "two outputs of one name"),
    "unknown type of a port": (
        METHOD.format("INPUT_TYPES", "{'x': InputSpec('IMAGE')}"),
        6,
        "IMAGE",
    ),
    "unknown type of an output": (
        METHOD.format("RETURN_TYPES", "[OutputSpec('IMAGE')]"),
        6,
        "IMAGE",
    ),
    "default out of range": (LAYER.format("n: int = Param(0, min=1)"), 2, "must be at least 1"),
    "default outside of the choices": (
        LAYER.format("n: str = Param('c', choices=['a', 'b'])"),
        2,
        "must be one of a, b",
    ),
    "infinite default": (LAYER.format("n: float = Param(float('inf'))"), 2, "finite"),
    "default that JSON cannot store": (LAYER.format("n: str = Param(object())"), 2, "JSON"),
    "parameter without annotation": (LAYER.format("n = Param(1)"), 3, "annotation"),
    "parameter of an odd type": (LAYER.format("n: dict = Param(1)"), 3, "annotation"),
    "parameter with the name of a port": (
        LAYER.format("input: int = Param(1)"),
        2,
        "'input' is both",
    ),
    "parameter with a name of the contract": (
        LAYER.format("outputs: int = Param(1)"),
        3,
        "'outputs'",
    ),
    "layer without build": (CLASS.format("LayerNode", "pass"), 2, "build"),
    "loss without build": (CLASS.format("LossNode", "pass"), 2, "'C' must define build"),
    "metric without compute": (
        CLASS.format("MetricNode", "def update(self, prediction, target): pass"),
        2,
        "'C' must define compute",
    ),
    "loss of an unknown target": (
        CLASS.format("LossNode", "TARGET = 'labels'\n    def build(self): pass"),
        3,
        "'index' or 'float'",
    ),
    "a constructor with arguments": (
        CLASS.format("BaseNode", "def __init__(self, size): pass"),
        2,
        "'size'",
    ),
    "name of a built-in type": (
        GOOD.format(name="Linear"),
        4,
        "'Linear' is already defined (built-in)",
    ),
    "second half fails": (GOOD.format(name="Half") + "\nraise ValueError('late')\n", 19, "late"),
}


@pytest.mark.filterwarnings("ignore::SyntaxWarning")
@pytest.mark.parametrize(("text", "line", "reason"), BROKEN.values(), ids=BROKEN)
def test_a_broken_file_disables_only_itself_and_reports_where(
    load, registry, text, line, reason, caplog
):
    before = set(registry.names())
    with caplog.at_level(logging.WARNING):
        [problem] = load(broken=text, works=GOOD.format(name="Works"))
    assert problem.file == "broken.py"
    assert reason in problem.message
    if line is not None:
        assert problem.line == line
    assert "broken.py" in caplog.text
    assert reason in caplog.text
    assert set(registry.names()) == before | {"Works"}
    assert registry.describe()["Works"].source == "works.py"


def test_of_two_files_with_one_type_name_the_second_is_refused_by_name(load, registry):
    [problem] = load(a=GOOD.format(name="Twin"), b=GOOD.format(name="Twin"))
    assert problem.file == "b.py"
    assert "'Twin' is already defined (a.py)" in problem.message
    assert registry.describe()["Twin"].source == "a.py"


def test_all_that_is_broken_is_reported_by_file(load):
    problems = load(c=BROKEN["syntax"][0], a=BROKEN["exception"][0], b=GOOD.format(name="Works"))
    assert [(problem.file, problem.line) for problem in problems] == [("a.py", 3), ("c.py", 1)]


def test_a_graph_with_a_node_of_a_broken_file_gets_a_diagnostic(load, registry, tmp_path):
    load(broken=GOOD.format(name="Half") + "\nraise ValueError('late')\n")
    graph = chain(MLP)
    graph.nodes.append(Node(id="half", type="Half"))
    report = validator(numbers(tmp_path), registry=registry).report(graph)
    assert ("unknown_type", "half", None) in codes(report)


TOO_NEW = GOOD.format(name="Tomorrow").replace(
    '    """Works."""', '    """Works."""\n    REQUIRES_TORCH = "99.1"'
)
VERSION = torch.__version__.partition("+")[0]


def test_a_type_that_needs_a_newer_torch_is_unavailable_with_the_reason(load, registry, tmp_path):
    assert load(tomorrow=TOO_NEW) == []
    assert "Tomorrow" not in registry.names()
    assert "Tomorrow" not in registry.describe()
    reason = f"Tomorrow needs torch 99.1 or newer; this is {VERSION}."
    assert registry.unavailable()["Tomorrow"].reason == reason
    graph = chain(MLP)
    graph.nodes.append(Node(id="node", type="Tomorrow"))
    report = validator(numbers(tmp_path), registry=registry).report(graph)
    [found] = [diagnostic for diagnostic in report.diagnostics if diagnostic.node == "node"]
    assert (found.code, found.severity, found.message) == ("unavailable_type", "error", reason)


def test_the_oldest_torch_that_a_type_needs_is_enough(load, registry):
    text = TOO_NEW.replace("99.1", ".".join(VERSION.split(".")[:2]))
    assert load(today=text) == []
    assert "Tomorrow" in registry.names()
    assert "Tomorrow" not in registry.unavailable()


def test_a_parameter_that_needs_a_newer_torch_is_refused_with_the_reason(load, registry, tmp_path):
    newer = GOOD.replace(
        '    """Works."""', '    """Works."""\n    PARAMS_REQUIRE_TORCH = {{"speed": "99.1"}}'
    )
    assert load(newer=newer.replace('"x"', '"input"').format(name="Newer")) == []
    graph = chain([MLP[0], ("node", "Newer", {"speed": 2, "other": 3}), MLP[2]])
    report = validator(numbers(tmp_path), registry=registry).report(graph)
    assert codes(report) == [
        ("unknown_parameter", "node", "speed"),
        ("unknown_parameter", "node", "other"),
    ]
    assert [diagnostic.message for diagnostic in report.diagnostics] == [
        f"'speed' of Newer needs torch 99.1 or newer; this is {VERSION}.",
        "Newer has no parameter 'other'.",
    ]


def test_an_unavailable_type_of_a_file_that_fails_later_is_forgotten_with_it(load, registry):
    [problem] = load(broken=TOO_NEW + "\nraise ValueError('late')\n")
    assert "late" in problem.message
    assert "Tomorrow" not in registry.unavailable()


@pytest.mark.parametrize("name", ["my-node", "1st", "größe", "json", "torch"])
def test_any_file_name_will_do(load, registry, name):
    assert load(**{name: GOOD.format(name="Works")}) == []
    assert registry.describe()["Works"].source == f"{name}.py"


def test_types_of_wires_may_be_given_as_text(load, registry, tmp_path):
    text = (
        GOOD.replace("DataType.TENSOR", '"TENSOR"').replace('"x"', '"input"').format(name="Works")
    )
    assert load(works=text) == []
    assert registry.get("Works").ports()["input"].dtype is DataType.TENSOR
    report = validator(numbers(tmp_path), registry=registry).report(
        chain([MLP[0], ("same", "Works", {}), MLP[2]])
    )
    assert report.valid, report.diagnostics


def test_a_node_without_outputs_is_an_end_of_the_graph(load, registry):
    assert load(sink=METHOD.format("INPUT_TYPES", "{'metrics': InputSpec(DataType.METRICS)}")) == []
    assert registry.describe()["C"].outputs == []


def test_a_file_is_loaded_once_however_often_the_folder_is_read(load, registry):
    assert load(works=GOOD.format(name="Works")) == []
    assert load() == []
    assert registry.describe()["Works"].source == "works.py"


def test_a_file_dropped_beside_the_built_in_nodes_is_found(registry, tmp_path, monkeypatch):
    (tmp_path / "mine.py").write_text(GOOD.format(name="Mine"))
    (tmp_path / "broken.py").write_text(BROKEN["exception"][0])
    monkeypatch.setattr(visdl.nodes, "__path__", [str(tmp_path)])
    registry.load_package(tmp_path)
    assert registry.describe()["Mine"].source == "mine.py"
    assert [(problem.file, problem.line) for problem in registry.diagnostics()] == [
        ("broken.py", 3)
    ]


def test_a_folder_that_is_not_there_is_no_problem(registry, tmp_path):
    registry.load_folder(tmp_path / "nothing")
    registry.load_folder(None)
    assert registry.diagnostics() == []


def test_the_built_in_files_have_no_problem():
    assert NodeRegistry.diagnostics() == []
