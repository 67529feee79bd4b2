"""Traits of node types: their promises hold, and custom nodes with them are treated alike."""

from __future__ import annotations

from functools import partial

import pytest
import torch
from torch import fx

from visdl.compiler.shapes import make_module
from visdl.models.errors import RunError
from visdl.nodes import LayerNode, NodeRegistry, OptimizerNode, Shape
from visdl.nodes.contract.nan_trace import bad_gradient
from visdl.nodes.contract.traits import Traits, set_traits, traits_of
from visdl.training.batched.batch import SeedBatch, fit_batched
from visdl.training.batched.eligibility import why_not_batched
from visdl.training.batched.layers import simple_chain
from visdl.training.loop import fit
from visdl.training.plan import FitState

from ..support.graphs import MLP, chain, numbers, wire
from ..support.runs import built, execute
from ..training.test_batched import SEEDS, make, reported
from .layers import LAYERS, cases, inputs_of, model_of, tensors

ELEMENTWISE = [name for name in LAYERS if NodeRegistry.get(name).ELEMENTWISE]
FINITE_SLOPE = [case for case in cases() if NodeRegistry.get(case[0]).FINITE_SLOPE]
OPTIMIZERS = [
    name
    for name in NodeRegistry.names()
    if issubclass(cls := NodeRegistry.get(name), OptimizerNode) and cls.ELEMENTWISE
]
#: Where formulas change their form, and far from there.
VALUES = (-100.0, -6.0, -3.0, -1.0, -0.5, 0.0, 0.5, 1.0, 3.0, 6.0, 20.0, 100.0)

OWN = """
import torch
from torch import nn
from visdl.nodes import BaseNode, DataType, InputSpec, LayerNode, NodeRegistry, OutputSpec, Shape

class Swish(nn.Module):
    def forward(self, x):
        return x * torch.sigmoid(2 * x)

@NodeRegistry.register("OwnSwish")
class OwnSwish(LayerNode):
    ELEMENTWISE = True
    FINITE_SLOPE = True

    def build(self, input: Shape) -> nn.Module:
        return Swish()

@NodeRegistry.register("OwnRoot")
class OwnRoot(BaseNode):
    ELEMENTWISE = True

    @classmethod
    def INPUT_TYPES(cls):
        return {"input": InputSpec(dtype=DataType.TENSOR, required=True)}

    @classmethod
    def RETURN_TYPES(cls):
        return [OutputSpec(dtype=DataType.TENSOR, name="output")]

    def execute(self, **kwargs):
        return (kwargs["input"].abs().sqrt(),)

class Branching(nn.Module):
    def forward(self, x):
        return x if x.sum() > 0 else -x

@NodeRegistry.register("OwnBranch")
class OwnBranch(LayerNode):
    ELEMENTWISE = True

    def build(self, input: Shape) -> nn.Module:
        return Branching()

@NodeRegistry.register("OwnScale")
class OwnScale(LayerNode):
    ELEMENTWISE = True

    def build(self, input: Shape) -> nn.Module:
        return nn.PReLU()
"""


@pytest.fixture
def own(load, registry):
    assert load(own=OWN) == []
    return registry


def beside(kind: str, *more: tuple[str, str, dict[str, object]]):
    """Return a graph of a layer whose output is added to a node's: not a chain."""
    layers = [("fc", "Linear", {"out_features": 4}), ("own", kind, {}), *more, ("sum", "Add", {})]
    graph = chain([*layers, ("head", "Linear", {"out_features": 1})])
    graph.edges.append(wire("fc.output > sum.inputs"))
    for edge in graph.edges:
        if edge.target == "sum":
            edge.target_input = "inputs"
    return graph


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_an_elementwise_layer_computes_each_value_from_the_value_at_its_position(name):
    module = make_module(NodeRegistry.get(name), {}, ["input"], [Shape((7, 4))])
    assert traits_of(module).elementwise
    x = torch.randn(3, 7, 4, generator=torch.Generator().manual_seed(0))
    expected = torch.stack([module(value) for value in x.flatten()]).view_as(x)
    torch.testing.assert_close(module.train()(x), expected)
    torch.testing.assert_close(module.eval()(x), expected)
    torch.testing.assert_close(fx.symbolic_trace(module)(x), expected)
    graph = beside(name)
    assert "own" not in dict(built(graph).named_children())


@pytest.mark.parametrize(("name", "params"), FINITE_SLOPE)
def test_the_slope_of_a_layer_that_declares_it_is_finite(name, params):
    inputs = inputs_of(name)
    model = model_of(name, inputs, params)
    for value in VALUES:
        xs = [torch.full_like(x, value).requires_grad_() for x in tensors(inputs)]
        outputs = model(*xs)
        first = outputs[0] if isinstance(outputs, tuple) else outputs
        for gradient in torch.autograd.grad(first.sum(), xs, allow_unused=True):
            assert gradient is None or gradient.isfinite().all(), value


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_an_elementwise_optimizer_does_to_a_whole_what_it_does_to_its_parts(name):
    start, gradients = torch.randn(6), torch.randn(4, 6)
    results = []
    for parts in (1, 2):
        weights = [torch.nn.Parameter(part.clone()) for part in start.chunk(parts)]
        optimizer = NodeRegistry.get(name).create({}).build(weights)
        for step in gradients:
            for weight, gradient in zip(weights, step.chunk(parts), strict=True):
                weight.grad = gradient.clone()
            optimizer.step()
        results.append(torch.cat([weight.detach() for weight in weights]))
    torch.testing.assert_close(*results)


def test_the_optimizers_that_batches_of_seeds_may_use():
    expected = "Adadelta Adagrad Adam AdamW Adamax NAdam RAdam RMSprop SGD"
    assert expected.split() == OPTIMIZERS


def test_a_custom_activation_stands_in_the_models_code(own):
    model = built(beside("OwnSwish"), registry=own)
    assert [name for name, _ in model.named_children()] == ["fc", "head"]
    x = torch.randn(5, 2)
    hidden = model.fc(x)
    expected = model.head(hidden * torch.sigmoid(2 * hidden) + hidden)
    torch.testing.assert_close(model(x), expected)


def test_a_layer_with_weights_is_called_although_it_is_declared_elementwise(own):
    assert "own" in dict(built(beside("OwnScale"), registry=own).named_children())
    plain = built(chain([MLP[0], ("own", "OwnScale", {}), MLP[2]]), registry=own)
    assert simple_chain(plain) is None


def test_a_node_that_branches_on_values_must_not_be_declared_elementwise(own):
    with pytest.raises(RunError, match=r"'own' cannot be built: .*ELEMENTWISE") as caught:
        built(beside("OwnBranch"), [torch.randn(4, 2)], registry=own)
    assert caught.value.node == "own"


@pytest.mark.usefixtures("one_thread")
def test_seeds_of_a_network_with_a_custom_activation_are_trained_as_a_batch(own):
    def network():
        return built(chain([MLP[0], ("own", "OwnSwish", {}), MLP[2]]), registry=own)

    assert simple_chain(network()) == ["fc1", "own", "fc2"]
    separate = [reported(list(fit(make(seed, network), FitState()))) for seed in SEEDS]
    plans = [make(seed, network) for seed in SEEDS]
    assert why_not_batched(plans) is None
    seed_batch = SeedBatch(plans)
    events = list(fit_batched(plans, [FitState() for _ in SEEDS], seed_batch))
    seed_batch.split()
    for number, (losses, _) in enumerate(separate):
        assert reported([one[number] for one in events])[0] == losses


@pytest.mark.parametrize("compiled", [False, True])
def test_a_gradient_that_is_not_finite_is_traced_past_a_custom_activation(own, compiled):
    """Of a root and an activation of finite slope, only the root may have caused it."""
    layers = [
        ("fc", "Linear", {"out_features": 4}),
        ("root", "OwnRoot", {}),
        ("own", "OwnSwish", {}),
        ("head", "Linear", {"out_features": 1}),
    ]
    graph = beside("OwnRoot", ("swish", "OwnSwish", {})) if compiled else chain(layers)
    model = built(graph, registry=own)
    with torch.no_grad():
        model.fc.weight.zero_()
        model.fc.bias.zero_()
    model(torch.randn(5, 2)).sum().backward()
    error = bad_gradient("The gradient is not finite", model, None, None)
    assert error.place == ("own" if compiled else "root")
    assert "swish" not in error.message


def test_the_run_of_a_graph_with_custom_activations_learns(own, tmp_path):
    graph = beside("OwnSwish")
    outcome = execute(graph, tmp_path / "run", numbers(tmp_path), registry=own)
    losses = outcome.series("train_loss")
    assert losses[-1] < losses[0]


def test_without_traits_nothing_is_assumed():
    assert traits_of(torch.nn.ReLU()) == Traits()
    marked = partial(set_traits, elementwise=True, finite_slope=True)
    assert traits_of(marked(torch.nn.ReLU())) == Traits(elementwise=True, finite_slope=True)
    assert traits_of(marked(torch.nn.PReLU())) == Traits(elementwise=False, finite_slope=True)
    assert issubclass(NodeRegistry.get("ReLU"), LayerNode)


def test_an_elementwise_node_has_one_output(load):
    text = OWN.replace(
        'return [OutputSpec(dtype=DataType.TENSOR, name="output")]',
        'return [OutputSpec(DataType.TENSOR, "a"), OutputSpec(DataType.TENSOR, "b")]',
    )
    [problem] = load(own=text)
    assert "'OwnRoot' is ELEMENTWISE, so it must have exactly one output" in problem.message
