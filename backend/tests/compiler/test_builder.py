"""From a graph to a module: names, sizes, disabled layers, seeds."""

import copy

import pytest
import torch
from torch import fx, nn

from ..support.graphs import MLP, chain, wire
from ..support.runs import assert_equal_weights, built


def test_a_chain_is_a_sequential_named_after_its_nodes():
    model = built(chain(MLP))
    assert isinstance(model, nn.Sequential)
    assert list(model.state_dict()) == ["fc1.weight", "fc1.bias", "fc2.weight", "fc2.bias"]
    assert model.fc1.in_features == 2
    assert model.fc2.in_features == 8


def test_a_disabled_layer_is_an_identity_and_the_next_one_adapts():
    graph = chain(MLP)
    graph.node("fc1").disabled = True
    model = built(graph)
    assert isinstance(model.fc1, nn.Identity)
    assert model.fc2.in_features == 2
    assert model(torch.zeros(3, 2)).shape == (3, 1)


@pytest.mark.parametrize("id_", ["fc1", "relu"])
def test_switching_a_node_off_leaves_the_initial_weights_of_the_others_alone(id_):
    layers = [
        ("fc1", "Linear", {"out_features": 2}),
        ("relu", "ReLU", {}),
        ("fc2", "Linear", {"out_features": 1}),
    ]
    whole, without = chain(layers), chain(layers)
    without.node(id_).disabled = True
    expected = {
        name: value for name, value in built(whole).state_dict().items() if not name.startswith(id_)
    }
    assert_equal_weights(built(without).state_dict(), expected)


def test_initial_weights_follow_from_the_runs_seed_and_the_node_alone():
    assert_equal_weights(
        built(chain(MLP), seed=3).state_dict(), built(chain(MLP), seed=3).state_dict()
    )
    assert not torch.equal(
        built(chain(MLP), seed=3).fc1.weight, built(chain(MLP), seed=4).fc1.weight
    )
    twins = chain([("a", "Linear", {"out_features": 2}), ("b", "Linear", {"out_features": 2})])
    model = built(twins)
    assert not torch.equal(model.a.weight, model.b.weight)


def test_building_leaves_the_global_random_state_alone():
    torch.manual_seed(7)
    expected = torch.rand(3)
    torch.manual_seed(7)
    built(chain(MLP))
    assert torch.equal(torch.rand(3), expected)


def test_formulas_are_functions_in_the_code_of_a_graph_and_layers_with_state_as_modules():
    graph = chain(
        [
            ("fc", "Linear", {"out_features": 2}),
            ("act", "ReLU", {}),
            ("sum", "Add", {}),
            ("drop", "Dropout", {}),
        ]
    )
    graph.edges = [edge for edge in graph.edges if edge.target != "sum"]
    graph.edges += [wire("act.output > sum.inputs"), wire("fc.output > sum.inputs")]
    model = built(graph)
    assert [name for name, _ in model.named_children()] == ["fc", "drop"]
    assert "sum_1 = act + fc" in model.code
    x = torch.randn(4, 2)
    fc = model.fc(x)
    torch.testing.assert_close(model.eval()(x), fc.relu() + fc)


def test_a_copy_of_a_model_works_with_weights_of_its_own():
    graph = chain([("a", "Linear", {"out_features": 2}), ("sum", "Add", {})])
    graph.edges = [edge for edge in graph.edges if edge.target != "sum"]
    graph.edges.append(wire("a.output > sum.inputs"))
    model = built(graph)
    assert isinstance(model, fx.GraphModule)
    copied, x = copy.deepcopy(model), torch.randn(4, 2)
    with torch.no_grad():
        copied.a.weight.zero_()
    assert not torch.equal(copied(x), model(x))
    model.a = nn.Identity()
    assert torch.equal(model(x), x)
