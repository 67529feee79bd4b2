"""What holds for every layer of the catalogue, with inputs that suit it."""

from __future__ import annotations

import pytest
import torch
from torch import fx, nn

from visdl.nodes import LayerNode, NodeRegistry
from visdl.nodes.contract.runtime_values import Seeded
from visdl.nodes.contract.specs import BATCH

from ..support.runs import assert_equal_weights
from .layers import LAYERS, cases, facts_of, inputs_of, model_of, network_of, tensors

CATALOGUE = NodeRegistry.describe()
WEIGHTED = [name for name in LAYERS if list(model_of(name, inputs_of(name)).parameters())]
RANDOM = [
    name
    for name in WEIGHTED
    if any(p.unique().numel() > 1 for p in model_of(name, inputs_of(name)).parameters())
]
READING = [name for name in LAYERS if NodeRegistry.get(name).ports()]
#: Layers whose output does not depend on the values that they read.
CONSTANT = {"CausalMask", "PositionEmbedding", "SinusoidalPositions", "Constant", "Parameter"}
UNTRAINED = {"CausalMask", "SinusoidalPositions", "Constant"}
#: Layers that are random also in evaluation: torch draws their windows in every call.
ALWAYS_RANDOM = {"FractionalMaxPool2d", "FractionalMaxPool3d"}
CASES = pytest.mark.parametrize(
    ("name", "params"),
    cases(),
    ids=[f"{name}-{'-'.join(map(str, params)) or 'default'}" for name, params in cases()],
)


pytestmark = pytest.mark.filterwarnings("ignore:LSTM with projections is not supported with oneDNN")


@pytest.fixture(autouse=True)
def _seed():
    torch.manual_seed(0)


def all_outputs(module, inputs):
    """Of the layer itself, also those that the model does not return."""
    *_, layer = [module, *module.children()]
    found = module(*tensors(inputs)) if layer is module else layer(*inputs.values())
    return found if isinstance(found, tuple) else (found,)


@pytest.mark.parametrize(
    ("name", "params", "disabled"),
    [*((*case, False) for case in cases()), *((name, {}, True) for name in READING)],
)
def test_the_inferred_shapes_are_the_real_ones(name, params, disabled):
    inputs = inputs_of(name, rows=6)
    facts = facts_of(name, inputs, params, disabled=disabled)
    assert facts.error == ""
    module = model_of(name, inputs, params, disabled=disabled)
    outputs = all_outputs(module, inputs)
    [step] = network_of(name, inputs, params).steps
    assert len(outputs) == len(facts.outputs) == len(step.outputs)
    for real, inferred in zip(outputs, facts.outputs, strict=True):
        assert tuple(real.shape) == tuple(6 if size == BATCH else size for size in inferred)
        assert real.dtype == inferred.dtype
    assert facts.parameters == sum(p.numel() for p in module.parameters())


@CASES
def test_gradients_reach_every_input_and_every_weight(name, params):
    inputs = inputs_of(name)
    module = model_of(name, inputs, params)
    reals = [x.requires_grad_() for x in tensors(inputs) if x.is_floating_point()]
    output = module(*tensors(inputs))
    if name in UNTRAINED:
        assert not output.requires_grad
        return
    (output * torch.randn_like(output)).sum().backward()
    if name not in CONSTANT:
        assert all(x.grad is not None and x.grad.abs().sum() > 0 for x in reals)
    assert all(weight.grad is not None for weight in module.parameters())


@CASES
@pytest.mark.parametrize("training", [True, False])
def test_a_layer_computes_the_same_in_a_graph_as_in_a_chain(name, params, training):
    inputs = inputs_of(name)
    chain, graph = (
        model_of(name, inputs, params, node=node).train(training)
        for node in ("layer", "inside.layer")
    )
    assert isinstance(graph, fx.GraphModule)
    graph.load_state_dict(
        {f"inside.{key}": value for key, value in chain.state_dict().items()}, strict=True
    )
    outputs = []
    for model in (chain, graph):
        for place, module in enumerate(
            module for module in model.modules() if isinstance(module, Seeded)
        ):
            module.seed(place, torch.device("cpu"))
        torch.manual_seed(0)
        outputs.append(model(*tensors(inputs)))
    assert torch.equal(*outputs)


@CASES
def test_a_layer_reads_its_inputs_and_leaves_them_as_they_were(name, params):
    inputs = inputs_of(name)
    before = [x.clone() for x in tensors(inputs)]
    model_of(name, inputs, params)(*tensors(inputs))
    assert all(torch.equal(a, b) for a, b in zip(before, tensors(inputs), strict=True))


@pytest.mark.parametrize("name", READING)
def test_a_layer_switched_off_hands_its_first_input_on_and_has_no_weights(name):
    inputs = inputs_of(name)
    module = model_of(name, inputs, disabled=True)
    first = tensors(inputs)[0]
    assert module(*tensors(inputs)) is first
    assert module.state_dict() == {}


@pytest.mark.parametrize("name", LAYERS)
def test_the_same_seed_gives_the_same_initial_weights(name):
    inputs = inputs_of(name)
    first, again = (model_of(name, inputs, seed=5) for _ in range(2))
    assert_equal_weights(first.state_dict(), again.state_dict())


@pytest.mark.parametrize("name", RANDOM)
def test_another_seed_or_another_node_gives_other_initial_weights(name):
    inputs = inputs_of(name)
    own = model_of(name, inputs, seed=5).layer
    other_seed = model_of(name, inputs, seed=6).layer
    other_node = model_of(name, inputs, seed=5, node="twin").twin
    for weights in (other_seed.state_dict(), other_node.state_dict()):
        assert any(not torch.equal(value, weights[key]) for key, value in own.state_dict().items())


@pytest.mark.parametrize("name", WEIGHTED)
def test_the_state_dict_of_a_trained_layer_makes_an_equal_layer(name):
    inputs = inputs_of(name)
    trained, fresh = (model_of(name, inputs, seed=seed) for seed in (5, 6))
    optimizer = torch.optim.SGD(trained.parameters(), lr=0.1)
    output = trained(*tensors(inputs))
    (output * torch.randn_like(output)).sum().backward()
    optimizer.step()
    assert not torch.equal(fresh.eval()(*tensors(inputs)), trained.eval()(*tensors(inputs)))
    fresh.load_state_dict(trained.state_dict(), strict=True)
    assert_equal_weights(fresh.state_dict(), trained.state_dict())
    assert torch.equal(fresh.eval()(*tensors(inputs)), trained.eval()(*tensors(inputs)))


@pytest.mark.parametrize("name", [name for name in LAYERS if name not in CONSTANT | ALWAYS_RANDOM])
def test_in_evaluation_a_layer_gives_the_same_for_a_row_alone_and_in_a_batch(name):
    inputs = inputs_of(name)
    module = model_of(name, inputs).eval()
    rows = zip(*(x.split(1) for x in tensors(inputs)), strict=True)
    torch.testing.assert_close(torch.cat([module(*row) for row in rows]), module(*tensors(inputs)))


@pytest.mark.parametrize("name", LAYERS)
def test_help_has_a_sentence_a_formula_a_shape_rule_and_a_link(name):
    cls, info = NodeRegistry.get(name), CATALOGUE[name]
    assert info.description.endswith((".", ")."))
    assert cls.FORMULA
    assert "→" in cls.SHAPE_RULE
    module = getattr(nn, name, None)
    assert issubclass(cls, LayerNode)
    if module is not None and name != "Parameter":
        assert cls.URL.endswith(f"torch.nn.{name}.html")
