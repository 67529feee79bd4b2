"""What only helps a run cannot end it: threads, FLOPs, memory, advice, speed of a seed batch."""

from __future__ import annotations

import logging
from functools import partial

import pytest
import torch
from torch import Tensor, nn
from torch.utils.data import Subset, TensorDataset
from torch.utils.flop_counter import FlopCounterMode

from visdl.compiler.network import Source, Step
from visdl.compiler.shapes import layer_facts
from visdl.models.graph import Node
from visdl.nodes import LayerNode, NodeRegistry, Shape
from visdl.nodes.contract.estimates import estimate
from visdl.nodes.contract.flops import FlopCounter
from visdl.nodes.contract.learning import Loss
from visdl.nodes.contract.specs import BATCH
from visdl.nodes.layers.positions import Positions
from visdl.training.batched import group as groups
from visdl.training.batched.group import SeedGroup
from visdl.training.plan import FitPlan
from visdl.training.preparation import useful_threads
from visdl.training.session import NotBatched
from visdl.validation import advice

from ..conftest import own_registry
from ..support.graphs import MLP, chain, numbers, validator
from ..support.runs import execute


class Token(nn.Module):
    """A model with learned positions: the output of that module is a view of a weight."""

    def __init__(self) -> None:
        super().__init__()
        self.token, self.fc = Positions(4, 2), nn.Linear(2, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.fc(x + self.token(x).sum(0))


def plan_of(model: nn.Module) -> FitPlan:
    data = Subset(TensorDataset(torch.rand(8, 2), torch.rand(8, 3)), list(range(8)))
    [loss] = NodeRegistry.get("MSELoss").create({}).execute()
    assert isinstance(loss, Loss)
    optimizer = torch.optim.SGD(model.parameters())
    return FitPlan(model, loss, optimizer, train=data, val=None, batch_size=4, epochs=1)


@pytest.mark.parametrize("gradients", [True, False])
@pytest.mark.parametrize(
    ("model", "shape"),
    [
        (
            nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(144, 3)),
            (2, 1, 8, 8),
        ),
        (nn.ConvTranspose1d(3, 5, 2), (2, 3, 7)),
        (nn.TransformerEncoderLayer(8, 2, batch_first=True), (2, 5, 8)),
    ],
)
def test_flops_are_those_that_torch_counts(model, shape, gradients):
    x = torch.rand(shape)
    with FlopCounterMode(display=False) as theirs:
        model(x)
    with FlopCounter() as ours, torch.set_grad_enabled(gradients):
        model(x)
    assert ours.get_total_flops() == theirs.get_total_flops() > 0


def test_flops_of_a_model_with_a_learned_tensor_are_counted_without_gradients():
    with FlopCounter() as counter, torch.no_grad():
        Token()(torch.rand(4, 2))
    assert counter.get_total_flops() == 2 * 4 * 2 * 3


def test_an_operation_whose_formula_fails_counts_nothing():
    def fail(*args: object, **kwargs: object) -> int:
        raise AssertionError("unknown shapes")

    with FlopCounter() as counter:
        counter.flop_registry = {**counter.flop_registry, torch.ops.aten.addmm: fail}
        Token()(torch.rand(4, 2))
    assert counter.get_total_flops() == 0


def test_a_model_with_a_learned_tensor_gets_its_number_of_threads():
    warned: list[str] = []
    assert useful_threads(plan_of(Token()), 8, warned.append) == 1
    assert warned == []


def test_a_model_that_cannot_be_counted_gets_all_threads_and_a_warning(monkeypatch):
    class Broken(FlopCounter):
        def get_total_flops(self) -> int:
            raise AssertionError("Expected gradient function to be set")

    monkeypatch.setattr("visdl.training.preparation.FlopCounter", Broken)
    warned: list[str] = []
    assert useful_threads(plan_of(Token()), 8, warned.append) == 8
    assert warned == [
        "Training may use all of its 8 threads, because it could not be estimated "
        "(Expected gradient function to be set)."
    ]


def test_an_estimate_leaves_the_random_state_alone():
    torch.manual_seed(1)
    expected = torch.rand(3)
    torch.manual_seed(1)
    estimate(lambda: torch.rand(5), None, pytest.fail, "")
    assert torch.equal(torch.rand(3), expected)


def test_a_layer_that_cannot_be_measured_keeps_its_shape():
    class Slope(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return torch.func.grad(lambda v: v.square().sum())(x)

    with own_registry() as registry:

        @registry.register("Slope")
        class SlopeNode(LayerNode):
            def build(self, input: Shape) -> nn.Module:
                return Slope()

        step = Step(Node(id="s", type="Slope"), SlopeNode, "s", {"input": Source("x")})
        facts = layer_facts(step, [Shape((BATCH, 3))])
    assert facts.error == ""
    assert facts.outputs == (Shape((BATCH, 3)),)


@pytest.mark.parametrize("what", ["state", "advice", "free memory"])
def test_a_graph_is_valid_whatever_cannot_be_estimated_before_the_run(
    tmp_path, monkeypatch, caplog, what
):
    def fail(*args: object) -> int:
        raise RuntimeError("no such reading")

    check = validator(numbers(tmp_path))
    if what == "state":
        monkeypatch.setattr(NodeRegistry.get("Adam"), "state_tensors", fail)
    elif what == "advice":
        monkeypatch.setattr(advice, "display_name", fail)
    else:
        monkeypatch.setattr(check, "_free_memory", fail)
    with caplog.at_level(logging.WARNING):
        report = check.report(chain(MLP, optimizer=("Adam", {"lr": 5.0})), to_run=True)
    assert report.valid
    assert "because it could not be estimated (no such reading)." in caplog.text


def test_seeds_whose_speed_cannot_be_measured_train_separately(tmp_path, monkeypatch):
    def fail(*args: object) -> float:
        raise RuntimeError("no clock")

    monkeypatch.setattr(groups, "measure_speedup", fail)
    data, ends, speeds = numbers(tmp_path), {}, []
    group = SeedGroup(speeds.append)

    def run(seed: int) -> None:
        try:
            ends[seed] = execute(
                chain(MLP), tmp_path / str(seed), data, seed=seed, train=group.train
            )
        except NotBatched as error:
            ends[seed] = error

    group.run_tasks([partial(run, seed) for seed in range(2)])
    assert speeds == [0.0]
    assert ends[0].series("train_loss")
    assert isinstance(ends[1], NotBatched)
    logged = [getattr(event, "message", "") for event in ends[0].events]
    assert (
        "These seeds are trained separately, because it could not be estimated (no clock)."
        in logged
    )
