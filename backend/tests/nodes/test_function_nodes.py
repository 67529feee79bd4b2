"""Nodes written as functions: their declaration, and that they work like other nodes."""

from __future__ import annotations

import json
import pickle
import sys

import pytest
import torch

from visdl.models.graph import Node
from visdl.nodes import BaseNode, DataType
from visdl.nodes.contract.base import DataNode

from ..support.graphs import MLP, chain, codes, numbers, validator, wire
from ..support.runs import built, execute

HEAD = """
from typing import Annotated, Any, Literal, NamedTuple, Optional, Sequence
import torch
from torch import Tensor, nn
from visdl.nodes import DataType, Dataset, Loader, Metrics, Param, TrainingResult, node
"""
OWN = """
class Halves(NamedTuple):
    first: Tensor
    second: Annotated[Tensor, "The other half"]

@node
def multiply_by(
    x: Tensor, factor: float = Param(2.0, min=0, description="Of each value")
) -> Tensor:
    '''Multiplies by a constant.'''
    return x * factor

@node("Halve", category="Own", display_name="Cut in two", formula="x = [a, b]", primary=())
def halve(x: Annotated[Tensor, "What is cut"]) -> Halves:
    '''Cuts the features into two halves.'''
    return Halves(*x.chunk(2, -1))

@node()
def both(x: Tensor) -> tuple[Tensor, Tensor]:
    '''Twice the same.'''
    return x, x

@node
def largest(xs: list[Tensor], bias: Optional[Tensor] = None, *, scale: float = 1.0) -> Tensor:
    '''The largest of several, value by value.'''
    top = torch.stack(list(xs)).amax(0)
    return scale * (top if bias is None else top + bias)

@node("Own/ReLU".replace("/", ""), elementwise=True, finite_slope=True)
def own_relu(input: Tensor) -> Tensor:
    '''Negative values become zero.'''
    return input.clamp(min=0)

@node(on_disable=lambda x, y: x - y)
def total(x: Tensor, y: Tensor) -> Tensor:
    '''Adds two values; disabled, it subtracts them.'''
    return x + y

@node(static=True)
def only(dataset: Dataset, inputs: str = "a", target: Literal["y", "b"] = "y") -> Dataset:
    '''Selects columns.'''
    return dataset.select(inputs, target)

@node
def chosen(table: Dataset = Param(""), sizes: tuple[int, int] = (1, 2), size: int | None = None,
           on: bool = False, layer: Annotated[Any, DataType.LAYER] = None) -> None:
    '''Every kind of parameter.'''

@node
def count(result: TrainingResult, data: Dataset | Loader) -> Metrics:
    '''Counts epochs.'''
    return Metrics(epochs=float(result.epochs))
"""
NAMES = ["Both", "Chosen", "Count", "Halve", "Largest", "MultiplyBy", "Only", "OwnReLU", "Total"]


@pytest.fixture(params=["", "from __future__ import annotations\n"], ids=["values", "text"])
def own(load, registry, request):
    assert load(own=request.param + HEAD + OWN) == []
    return registry


def module():
    return sys.modules["visdl_custom_own"]


def test_all_functions_are_node_types_that_describe_themselves(own):
    assert [name for name, info in own.describe().items() if info.source == "own.py"] == NAMES
    for name in NAMES:
        cls, info = own.get(name), own.describe()[name]
        assert issubclass(cls, BaseNode)
        assert info.description.endswith(".")
        assert type(info).model_validate_json(json.dumps(info.model_dump(mode="json"))) == info
        assert all(port.isidentifier() for port in [*cls.INPUT_TYPES(), *cls.outputs()])
        assert not cls.ports().keys() & cls.parameters().keys()
        node = cls.create({})
        for param, spec in cls.PARAMS.items():
            assert getattr(node, param) == spec.default
    halve = own.describe()["Halve"]
    assert (halve.category, halve.display_name, halve.formula) == (
        "Own",
        "Cut in two",
        "x = [a, b]",
    )
    assert halve.inputs["x"].description == "What is cut"
    assert [o.name for o in halve.outputs] == ["first", "second"]
    assert halve.outputs[1].description == "The other half"


def test_the_signature_declares_ports_parameters_and_outputs(own):
    largest, chosen, count = own.get("Largest"), own.get("Chosen"), own.get("Count")
    xs, bias = largest.ports()["xs"], largest.ports()["bias"]
    assert (xs.multiple, xs.required, xs.dtype) == (True, True, DataType.TENSOR)
    assert (bias.multiple, bias.required, bias.dtype) == (False, False, DataType.TENSOR)
    assert largest.parameters()["scale"].default == 1.0
    assert list(own.get("Both").outputs()) == ["output1", "output2"]
    assert list(own.get("Total").outputs()) == ["output"]
    factor = own.get("MultiplyBy").parameters()["factor"]
    assert (factor.min, factor.default, factor.description) == (0, 2.0, "Of each value")
    params = chosen.parameters()
    assert (params["table"].dtype, params["table"].widget) == (DataType.DATASET, "dataset")
    assert (params["sizes"].length, params["sizes"].dtype) == (2, DataType.INT)
    assert (params["size"].nullable, params["on"].dtype) == (True, DataType.BOOL)
    assert chosen.ports()["layer"].dtype is DataType.LAYER
    assert chosen.outputs() == {}
    assert own.get("Only").parameters()["target"].choices == ("y", "b")
    data = count.ports()["data"]
    assert (data.dtype, data.also) == (DataType.DATASET, DataType.LOADER)
    assert count.outputs()["output"].dtype is DataType.METRICS
    assert own.get("OwnReLU").ELEMENTWISE
    assert own.get("OwnReLU").FINITE_SLOPE
    assert issubclass(own.get("Only"), DataNode)


def test_the_function_can_be_called_as_usual(own):
    x = torch.tensor([1.0, -2.0])
    assert torch.equal(module().multiply_by(x), 2 * x)
    assert torch.equal(module().multiply_by(x, 3.0), 3 * x)
    assert torch.equal(module().largest([x, -x], scale=2.0), 2 * x.abs())


def test_nodes_and_classes_can_be_pickled(own):
    cls = own.get("MultiplyBy")
    assert pickle.loads(pickle.dumps(cls)) is cls
    node = pickle.loads(pickle.dumps(cls.create({"factor": 3.0})))
    assert type(node) is cls
    assert node.factor == 3.0
    model = built(chain([MLP[0], ("own", "OwnReLU", {}), MLP[2]]), registry=own)
    x = torch.randn(3, 2)
    assert torch.equal(pickle.loads(pickle.dumps(model))(x), model(x))


def branches(off: bool = False):
    """Two linear layers, halves, the largest and the total of them: ports of every kind."""
    graph = chain(
        [
            ("fc", "Linear", {"out_features": 8}),
            ("halve", "Halve", {}),
            ("top", "Largest", {"scale": 0.5}),
            ("total", "Total", {}),
            ("head", "Linear", {"out_features": 1}),
        ]
    )
    between = {"halve", "top", "total"}
    graph.edges = [e for e in graph.edges if not between & {e.source, e.target}]
    graph.edges += [
        wire("fc.output > halve.x"),
        wire("halve.first > top.xs"),
        wire("halve.second > top.xs"),
        wire("top.output > total.x"),
        wire("halve.first > total.y"),
        wire("total.output > head.input"),
    ]
    graph.node("total").disabled = off
    return graph


@pytest.mark.parametrize("off", [False, True])
def test_functions_with_several_ports_and_outputs_are_operations_of_the_network(own, tmp_path, off):
    graph, data = branches(off), numbers(tmp_path)
    report = validator(data, registry=own).report(graph, to_run=True)
    assert report.valid, report.diagnostics
    assert report.nodes["halve"].outputs["second"].shape == ["B", 4]
    model, x = built(graph, registry=own), torch.randn(5, 2)
    a, b = model.fc(x).chunk(2, -1)
    top = 0.5 * torch.maximum(a, b)
    torch.testing.assert_close(model(x), model.head(top - a if off else top + a))
    outcome = execute(graph, tmp_path / "run", data, registry=own)
    assert outcome.series("train_loss")[-1] < outcome.series("train_loss")[0]


def test_an_elementwise_function_is_written_into_the_models_code(own):
    graph = branches()
    graph.node("halve").disabled = False
    graph.nodes.append(Node(id="act", type="OwnReLU", name="act"))
    graph.edges = [e for e in graph.edges if e.target != "head"]
    graph.edges += [wire("total.output > act.input"), wire("act.output > head.input")]
    model = built(graph, registry=own)
    assert "act" not in dict(model.named_children())
    assert "act = " in model.code


def test_a_static_function_gives_columns_before_the_run(own, tmp_path):
    graph, data = chain(MLP), numbers(tmp_path)
    graph.nodes.append(Node(id="only", type="Only"))
    graph.edges = [e for e in graph.edges if e.source != "csv"]
    graph.edges += [wire("csv.dataset > only.dataset"), wire("only.output > split.dataset")]
    report = validator(data, registry=own).report(graph, to_run=True)
    assert report.valid, report.diagnostics
    assert report.nodes["fc1"].inputs["input"].shape == ["B", 1]
    graph.node("only").params["inputs"] = "nothing"
    assert [code[1] for code in codes(validator(data, registry=own).report(graph))][:1] == ["only"]


def test_a_function_downstream_of_the_training_reads_its_result(own, tmp_path):
    graph = chain(MLP)
    graph.nodes += [Node(id="count", type="Count"), Node(id="export", type="ModelExport")]
    graph.edges += [
        wire("train.result > count.result"),
        wire("split.val_loader > count.data"),
        wire("train.result > export.training_result"),
        wire("count.output > export.test_metrics"),
    ]
    outcome = execute(graph, tmp_path / "run", numbers(tmp_path), registry=own)
    stored = outcome.folder / "artifacts" / "model.metrics.json"
    assert json.loads(stored.read_text()) == {"epochs": 2.0}


def test_a_function_that_returns_too_few_values_fails_at_its_node(load, registry, tmp_path):
    text = "@node\ndef two(x: Tensor) -> tuple[Tensor, Tensor]:\n    return (x,)\n"
    assert load(own=HEAD + text) == []
    graph = chain([MLP[0], ("own", "Two", {}), MLP[2]])
    for edge in graph.edges:
        if edge.target == "own":
            edge.target_input = "x"
        if edge.source == "own":
            edge.source_output = "output2"
    report = validator(numbers(tmp_path), registry=registry).report(graph)
    [found] = [d for d in report.diagnostics if d.node == "own"]
    assert "two() must return 2 values: output1, output2" in found.message


DECLARATION = "\n@node{}\ndef f({}){}:\n    pass\n"
#: (arguments of @node, arguments of the function, return annotation, part of the message)
BAD = {
    "no annotation": ("", "x", " -> Tensor", "the argument 'x' of f() needs an annotation"),
    "no return annotation": ("", "x: Tensor", "", "f() needs a return annotation"),
    "unknown type": ("", "x: dict", " -> Tensor", "'x' of f() has the type dict, which no wire"),
    "unknown type of an output": ("", "x: Tensor", " -> set", "the output of f() has the type set"),
    "a choice as a port": ("", "x: Literal['a']", " -> Tensor", "'x' of f() has the type"),
    "optional output": ("", "x: Tensor", " -> Tensor | None", "the output of f() has the type"),
    "outputs without number": (
        "",
        "x: Tensor",
        " -> tuple[Tensor, ...]",
        "the output of f() has the type",
    ),
    "*args": ("", "*xs: Tensor", " -> Tensor", "f() has *xs: name every port"),
    "**kwargs": ("", "**xs: Tensor", " -> Tensor", "f() has **xs: name every port"),
    "by position": ("", "x: Tensor, /", " -> Tensor", "remove the `/`"),
    "self": ("", "self: Tensor", " -> Tensor", "'self'"),
    "default of a port": (
        "",
        "x: Tensor = 3",
        " -> Tensor",
        "'x' of f() can only have the default",
    ),
    "three types": ("", "x: Tensor | Dataset | Loader", " -> Tensor", "has 3 types, at most 2"),
    "undefined name": ("", "x: 'Tensr'", " -> Tensor", "name 'Tensr' is not defined"),
    "default out of range": ("", "n: int = Param(0, min=1)", " -> None", "must be at least 1"),
    "parameter of an odd type": ("", "n: dict = Param(1)", " -> None", "'n' needs an annotation"),
    "parameter with a name of the contract": ("", "ports: int = 1", " -> None", "'ports'"),
    "elementwise without output": (
        "(elementwise=True)",
        "x: Tensor",
        " -> None",
        "must have exactly one output",
    ),
    "static without data": ("(static=True)", "x: Tensor", " -> Tensor", "f() is static"),
    "unknown option": ("(colour='red')", "x: Tensor", " -> Tensor", "'colour'"),
    "number for a name": ("(3)", "x: Tensor", " -> Tensor", "@node is for functions, not for int"),
    "name of a built-in type": ("('Linear')", "x: Tensor", " -> Tensor", "already defined"),
    "empty name": ("('')", "x: Tensor", " -> Tensor", "needs a name"),
}


@pytest.mark.parametrize(("options", "arguments", "returned", "message"), BAD.values(), ids=BAD)
def test_a_bad_declaration_fails_at_its_own_line(load, options, arguments, returned, message):
    [problem] = load(own=HEAD + DECLARATION.format(options, arguments, returned))
    assert message in problem.message
    assert problem.line == HEAD.count("\n") + 2


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("@node\nclass C:\n    pass\n", "register the class 'C' with @NodeRegistry.register"),
        ("@node\nasync def f(x: Tensor) -> Tensor:\n    pass\n", "no async, no yield"),
        ("@node\ndef f(x: Tensor) -> Tensor:\n    yield x\n", "no async, no yield"),
    ],
)
def test_only_plain_functions_are_nodes(load, text, message):
    [problem] = load(own=HEAD + text)
    assert message in problem.message


LAYER = """
from typing import Annotated, Optional, Sequence
from torch import nn
from visdl.nodes import LayerNode, NodeRegistry, Shape

@NodeRegistry.register("Own")
class Own(LayerNode):
    '''Reads much.'''
    def build(self, input: Shape, several: {}, playlist: Shape, mask: Optional[Shape] = None):
        return nn.Identity()
"""


@pytest.mark.parametrize("future", ["", "from __future__ import annotations\n"])
@pytest.mark.parametrize(
    "annotation",
    [
        "list[Shape]",
        "Sequence[Shape]",
        "Optional[list[Shape]]",
        "Annotated[list[Shape], 'many']",
        "list",
        "tuple[Shape, ...]",
    ],
)
def test_a_layers_ports_follow_from_resolved_annotations(load, registry, future, annotation):
    assert load(own=future + LAYER.format(annotation)) == []
    ports = registry.get("Own").ports()
    assert [name for name, spec in ports.items() if spec.multiple] == ["several"]
    assert [name for name, spec in ports.items() if spec.required] == ["several", "playlist"]


def test_a_layer_whose_annotation_does_not_resolve_fails_at_its_line(load):
    [problem] = load(own="from __future__ import annotations\n" + LAYER.format("list[Shap]"))
    assert "build() cannot be resolved: name 'Shap' is not defined" in problem.message
    assert problem.line == 7
