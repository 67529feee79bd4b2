"""What is known of a model's parameters: the same before a run and in the built model."""

from __future__ import annotations

import pytest
import torch

from visdl.compiler.shapes import trace
from visdl.compiler.weights import built_weights, traced_weights
from visdl.models.parameter_rules import ParameterRule
from visdl.nodes.contract.parameter_groups.assignment import selects
from visdl.nodes.contract.specs import BATCH, Shape

from ..reference.test_architectures import CASES
from ..support.runs import built, network_of


def weights_of(name):
    case = CASES[name]
    graph, inputs = case.graph(**case.small), case.inputs()
    network, model = network_of(graph), built(graph, inputs)
    shapes = [Shape((BATCH, *value.shape[1:]), value.dtype) for value in inputs]
    facts = trace(network, dict(zip(network.sources, shapes, strict=True)))
    return traced_weights(network, facts), built_weights(network, model), model


@pytest.mark.parametrize("name", ["gpt2", "transformer", "resnet18"])
def test_the_parameters_before_a_run_are_those_of_the_built_model(name):
    before, after, model = weights_of(name)
    assert before == after
    named = dict(model.named_parameters(remove_duplicate=False))
    assert sorted(name for weight in after for name in weight.names) == sorted(named)
    assert [weight.shape for weight in after] == [
        tuple(named[weight.names[0]].shape) for weight in after
    ]
    assert sum(weight.size for weight in after) == sum(p.numel() for p in model.parameters())


def test_a_tied_embedding_is_not_a_hidden_matrix_and_blocks_are_named_by_paths():
    weights, _, _ = weights_of("gpt2")

    def found(select, match=""):
        rule = ParameterRule(select=select, match=match)
        return [weight.names[0] for weight in weights if selects(rule, weight)]

    layers = [f"h.{at}" for at in range(3)]
    matrices = ["attn.in_proj_weight", "attn.out_proj.weight", "fc.weight", "proj.weight"]
    assert sorted(found("matrices")) == sorted(f"{a}.{b}" for a in layers for b in matrices)
    assert found("embeddings") == ["wte.weight", "wpe.weight"]
    assert found("output") == ["wte.weight"]
    assert found("node", "head") == found("node", "wte") == ["wte.weight"]
    assert found("node", "h/fc") == [f"{a}.fc.{b}" for a in layers for b in ("weight", "bias")]
    assert len(found("node", "h/0")) == len(found("node", "h")) / 3 == 12
    assert found("name", "h.*.ln_1.bias") == [f"{a}.ln_1.bias" for a in layers]
    assert len(found("biases_and_norms")) == 3 * 8 + 2


def test_a_rule_for_a_layer_that_shares_its_weights_changes_the_owner_too():
    _, weights, model = weights_of("gpt2")
    [shared] = [weight for weight in weights if "head" in weight.nodes]
    assert shared.nodes == ("wte", "head")
    named = dict(model.named_parameters(remove_duplicate=False))
    assert torch.equal(*(named[name] for name in shared.names))
