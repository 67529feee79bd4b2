"""Node files that do not work disable themselves alone, and say why by file and line."""

from __future__ import annotations

import pytest

from visdl.nodes import NodeRegistry

from .files import load  # noqa: F401  a fixture

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
HEAD = """from visdl.nodes import BaseNode, DataType, InputSpec, LayerNode, NodeRegistry, OutputSpec, Param
"""
LAYER = HEAD + "@NodeRegistry.register('C')\nclass C(LayerNode):\n    {}\n    def build(self, input):\n        pass\n"
METHOD = (
    HEAD + "@NodeRegistry.register('C')\nclass C(BaseNode):\n    @classmethod\n    def {}(cls):\n        return {}\n"
)
TWINS = "[OutputSpec(DataType.TENSOR), OutputSpec(DataType.TENSOR)]"
#: (text, line, part of the reason)
BROKEN = {
    "syntax": ("def x(:\n", 1, "SyntaxError"),
    "indentation": ("class A:\npass\n", 2, "IndentationError"),
    "missing module": ("\nimport no_such_module_at_all\n", 2, "no_such_module_at_all"),
    "missing name": ("from visdl.nodes import NoSuchThing\n", 1, "NoSuchThing"),
    "exception": ("x = 1\n\ny = x / 0\n", 3, "ZeroDivisionError"),
    "exit": ("import sys\nsys.exit('enough')\n", 2, "SystemExit: enough"),
    "recursion": ("def f():\n    return f()\nf()\n", None, "RecursionError"),
    "assertion without a message": ("assert False\n", 1, "AssertionError"),
    "not UTF-8": (b"x = 'caf\xe9'\n", None, "SyntaxError"),
    "NUL": (b"x = 1\x00\n", None, "null bytes"),
    "no class": (HEAD + "@NodeRegistry.register('F')\ndef f():\n    pass\n", 2, "must be a class"),
    "not a node": (HEAD + "@NodeRegistry.register('C')\nclass C:\n    pass\n", 2, "derives from BaseNode"),
    "INPUT_TYPES that fails": (METHOD.format("INPUT_TYPES", "missing"), 6, "missing"),
    "INPUT_TYPES without specs": (
        METHOD.format("INPUT_TYPES", "{'x': int}"),
        2,
        "INPUT_TYPES of 'C' must return a dict of InputSpec",
    ),
    "RETURN_TYPES without specs": (
        METHOD.format("RETURN_TYPES", "['TENSOR']"),
        2,
        "RETURN_TYPES of 'C' must return a list of OutputSpec",
    ),
    "two outputs of one name": (METHOD.format("RETURN_TYPES", TWINS), 2, "two outputs of one name"),
    "default out of range": (LAYER.format("n: int = Param(0, min=1)"), 2, "must be at least 1"),
    "infinite default": (LAYER.format("n: float = Param(float('inf'))"), 2, "finite"),
    "parameter without annotation": (LAYER.format("n = Param(1)"), 3, "annotation"),
    "parameter of an odd type": (LAYER.format("n: dict = Param(1)"), 3, "annotation"),
    "layer without build": (HEAD + "@NodeRegistry.register('C')\nclass C(LayerNode):\n    pass\n", 2, "build"),
    "name of a built-in type": (GOOD.format(name="Linear"), 4, "'Linear' is already defined (built-in)"),
    "second half fails": (GOOD.format(name="Half") + "\nraise ValueError('late')\n", 19, "late"),
}


@pytest.mark.filterwarnings("ignore::SyntaxWarning")
@pytest.mark.parametrize(("text", "line", "reason"), BROKEN.values(), ids=BROKEN)
def test_a_broken_file_fails_alone_and_says_where(load, text, line, reason):  # noqa: F811
    before = set(NodeRegistry.names())
    [problem] = load(broken=text, works=GOOD.format(name="Works"))
    assert problem.file == "broken.py"
    assert reason in problem.message
    if line is not None:
        assert problem.line == line
    assert set(NodeRegistry.names()) == before | {"Works"}
    assert NodeRegistry.describe()["Works"].source == "works.py"


def test_of_two_files_with_one_type_name_the_second_is_refused_by_name(load):  # noqa: F811
    [problem] = load(a=GOOD.format(name="Twin"), b=GOOD.format(name="Twin"))
    assert problem.file == "b.py"
    assert "'Twin' is already defined (a.py)" in problem.message
    assert NodeRegistry.describe()["Twin"].source == "a.py"


def test_a_folder_that_is_not_there_is_no_problem(tmp_path):
    before = NodeRegistry.problems()
    NodeRegistry.load_folder(tmp_path / "nothing")
    NodeRegistry.load_folder(None)
    assert NodeRegistry.problems() == before


def test_the_built_in_files_have_no_problem():
    assert NodeRegistry.problems() == []
