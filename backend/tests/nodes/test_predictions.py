"""How outputs of a model become predictions in the target's own space, against plain torch."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from visdl.nodes import LossNode, NodeRegistry
from visdl.nodes.contract.metrics.names import usual_metrics

from ..support.metrics import measure

OUTPUT = torch.randn(12, 4, generator=torch.Generator().manual_seed(0))

EXPECTED = {
    "BCELoss": OUTPUT,
    "BCEWithLogitsLoss": 1 / (1 + (-OUTPUT).exp()),
    "CrossEntropyLoss": OUTPUT.exp() / OUTPUT.exp().sum(1, keepdim=True),
    "HingeEmbeddingLoss": OUTPUT,
    "HuberLoss": OUTPUT,
    "KLDivLoss": OUTPUT.exp(),
    "L1Loss": OUTPUT,
    "MSELoss": OUTPUT,
    "MultiLabelMarginLoss": OUTPUT,
    "MultiLabelSoftMarginLoss": 1 / (1 + (-OUTPUT).exp()),
    "MultiMarginLoss": OUTPUT.exp() / OUTPUT.exp().sum(1, keepdim=True),
    "NLLLoss": OUTPUT.exp(),
    "PoissonNLLLoss": OUTPUT.exp(),
    "SmoothL1Loss": OUTPUT,
    # the mean of −1 and 1 with the probabilities σ(−x) and σ(x)
    "SoftMarginLoss": torch.distributions.Bernoulli(logits=OUTPUT).mean * 2 - 1,
}
LOSSES = [n for n in NodeRegistry.names() if issubclass(NodeRegistry.get(n), LossNode)]


def loss_node(name, **params):
    return NodeRegistry.get(name).create(params)


@pytest.mark.parametrize("name", LOSSES)
def test_outputs_become_predictions_in_the_space_of_the_target(name):
    torch.testing.assert_close(loss_node(name).predictions(OUTPUT), EXPECTED[name])


@pytest.mark.parametrize(
    ("name", "params"), [("PoissonNLLLoss", {"log_input": False}), ("KLDivLoss", {"log_target": 1})]
)
def test_a_parameter_that_changes_the_space_changes_the_link(name, params):
    node = loss_node(name, **params)
    assert torch.equal(node.predictions(OUTPUT), OUTPUT)
    assert node.prediction_formula == "output"


@pytest.mark.parametrize("name", LOSSES)
def test_the_formula_of_predictions_in_exported_files_is_what_is_computed(name):
    node = loss_node(name)
    names = {"output": OUTPUT, **{n: getattr(torch, n) for n in ("exp", "sigmoid", "tanh")}}
    value = eval(node.prediction_formula, {**names, "softmax": torch.softmax})
    torch.testing.assert_close(value, node.predictions(OUTPUT))


@pytest.mark.parametrize("loss", ["BCEWithLogitsLoss", "MultiLabelSoftMarginLoss"])
def test_the_accuracy_of_logits_is_that_of_their_probabilities(loss):
    node, target = loss_node(loss), (OUTPUT.roll(1, 0) > 0).float()
    found = measure(usual_metrics(node, NodeRegistry), node, [(OUTPUT, target)])
    expected = ((OUTPUT.sigmoid() > 0.5) == (target > 0.5)).double().mean().item()
    assert found == {"accuracy": pytest.approx(expected)}
    of_probabilities = loss_node("BCELoss")
    again = measure(
        usual_metrics(of_probabilities, NodeRegistry),
        of_probabilities,
        [(OUTPUT.sigmoid(), target)],
    )
    assert again == found


def test_a_threshold_of_accuracy_is_one_of_the_models_outputs():
    node, target = loss_node("BCEWithLogitsLoss"), torch.ones(12, 4)
    metric = NodeRegistry.get("BinaryAccuracy").create({"threshold": 20.0})
    found = measure([lambda: metric], node, [(torch.full((12, 4), 30.0), target)])
    assert found == {"accuracy": 1.0}  # in float32 the probabilities of both are 1


def test_a_custom_loss_keeps_its_outputs_unless_it_declares_predictions():
    class Squares(LossNode):
        def build(self) -> nn.Module:
            return nn.MSELoss()

    class Logarithms(Squares):
        def predictions(self, output: torch.Tensor) -> torch.Tensor:
            return output.exp()

    assert torch.equal(Squares.create({}).predictions(OUTPUT), OUTPUT)
    node = Logarithms.create({})
    assert node.prediction_formula == "Logarithms.predictions(output)"
    found = measure(usual_metrics(node, NodeRegistry), node, [(OUTPUT, OUTPUT.exp())])
    assert (found["mse"], found["r2"]) == (0, 1)
