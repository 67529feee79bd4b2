"""Losses, optimizers and schedulers of the catalogue at work in a training."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from torch import nn

from visdl.models.errors import RunError
from visdl.models.graph import Node

from ..support.graphs import MLP, chain, codes, numbers, table, validator, wire
from ..support.runs import assert_equal_weights, execute, suspend

EIGHT = {"batch_size": 8, "val_ratio": 0.2}  # four batches an epoch, of 40 rows


@pytest.fixture
def data(tmp_path):
    return numbers(tmp_path)


def scheduled(*schedulers, train=None, optimizer=("SGD", {"lr": 0.1}), layers=MLP):
    """A training graph whose optimizer passes through these (type, params) schedulers."""
    graph = chain(layers, split=EIGHT, train={"epochs": 5, **(train or {})}, optimizer=optimizer)
    graph.edges = [edge for edge in graph.edges if edge.target_input != "optimizer"]
    source = "opt.optimizer"
    for place, (name, params) in enumerate(schedulers):
        graph.nodes.append(Node(id=f"s{place}", type=name, params=params))
        graph.edges.append(wire(f"{source} > s{place}.optimizer"))
        source = f"s{place}.scheduler"
    graph.edges.append(wire(f"{source} > train.optimizer"))
    return graph


def test_a_scheduler_between_optimizer_and_training_sets_the_learning_rate(tmp_path, data):
    graph = scheduled(("StepLR", {"step_size": 2, "gamma": 0.5}))
    assert validator(data).report(graph).valid
    outcome = execute(graph, tmp_path / "run", data)
    assert outcome.series("lr") == pytest.approx([0.1, 0.1, 0.05, 0.05, 0.025])


def test_a_scheduler_may_step_after_every_batch_over_the_whole_training(tmp_path, data):
    graph = scheduled(
        (
            "LinearLR",
            {"start_factor": 1.0, "end_factor": 0.5, "total_iters": 10, "interval": "step"},
        )
    )
    outcome = execute(graph, tmp_path / "run", data)
    assert outcome.series("lr") == pytest.approx([0.085, 0.065, 0.05, 0.05, 0.05])


def test_a_scheduler_that_is_switched_off_changes_nothing(tmp_path, data):
    graph = scheduled(("ExponentialLR", {"gamma": 0.5}))
    graph.node("s0").disabled = True
    assert validator(data).report(graph).valid
    plain = execute(scheduled(), tmp_path / "plain", data)
    assert_equal_weights(execute(graph, tmp_path / "off", data).weights(), plain.weights())


def test_a_plateau_is_seen_also_where_more_is_better(tmp_path):
    rows = [(i, i % 2, "yes" if i > 20 else "no") for i in range(40)]
    data = table(tmp_path, "a,b,y", rows)
    layers = [("fc", "Linear", {"out_features": 2})]
    graph = scheduled(
        ("ReduceLROnPlateau", {"monitor": "val_accuracy", "patience": 0, "factor": 0.5}),
        layers=layers,
        optimizer=("SGD", {"lr": 1e-6}),
    )
    graph.node("loss").type = "CrossEntropyLoss"
    assert validator(data).report(graph).valid
    outcome = execute(graph, tmp_path / "run", data)
    assert outcome.series("lr") == pytest.approx([1e-6, 1e-6, 5e-7, 2.5e-7, 1.25e-7])


def test_a_metric_that_is_not_measured_is_not_a_plateau(data):
    graph = scheduled(("ReduceLROnPlateau", {"monitor": "val_f1"}))
    report = validator(data).report(graph)
    assert codes(report) == [("no_metric", "train", "optimizer")]


@pytest.mark.parametrize(
    ("name", "params"),
    [
        ("CosineAnnealingLR", {}),
        ("CosineAnnealingWarmRestarts", {"T_0": 2}),
        ("OneCycleLR", {}),
        ("CyclicLR", {"step_size_up": 3}),
        ("ReduceLROnPlateau", {"patience": 0}),
        ("PolynomialLR", {"interval": "step"}),
    ],
)
def test_continuing_from_a_checkpoint_gives_the_same_bits_with_a_scheduler(
    tmp_path, data, name, params
):
    graph = scheduled((name, params), optimizer=("Adam", {"lr": 0.01}))
    whole = execute(graph, tmp_path / "whole", data)
    suspend(graph, tmp_path / "parts", data, step=10)
    rest = execute(graph, tmp_path / "parts", data)
    assert_equal_weights(rest.weights(), whole.weights())
    assert rest.series("lr") == whole.series("lr")


def test_lbfgs_finds_least_squares(tmp_path, data):
    layers = [("fc", "Linear", {"out_features": 1})]
    graph = chain(
        layers,
        split={"batch_size": 40, "val_ratio": 0.0},
        optimizer=("LBFGS", {"lr": 1.0, "line_search_fn": "strong_wolfe"}),
        train={"epochs": 5},
    )
    graph.edges = [edge for edge in graph.edges if edge.target_input != "val_loader"]
    outcome = execute(graph, tmp_path / "run", data)
    weights = outcome.weights()
    np.testing.assert_allclose(weights["fc.weight"].numpy(), [[2, -1]], atol=1e-3)
    assert outcome.series("train_loss")[-1] < 1e-8


def test_yes_and_no_is_learned_with_its_accuracy_and_a_confusion_matrix(tmp_path):
    rows = [(i / 40, (i * 7 % 40) / 40, int(i > 20)) for i in range(40)]
    data = table(tmp_path, "a,b,y", rows)
    graph = chain(
        [("fc", "Linear", {"out_features": 1})],
        loss="BCEWithLogitsLoss",
        split=EIGHT,
        optimizer=("Adam", {"lr": 0.5}),
        train={"epochs": 30},
    )
    graph.nodes.append(Node(id="test", type="Evaluator"))
    graph.edges += [
        wire("train.result > test.training_result"),
        wire("csv.dataset > test.test_dataset"),
    ]
    assert validator(data).report(graph).valid
    outcome = execute(graph, tmp_path / "run", data)
    assert outcome.series("val_accuracy")[-1] >= 0.8
    charts = json.loads((outcome.folder / "artifacts" / "predictions.json").read_text())
    assert charts["classes"] == ["0", "1"]
    assert sum(map(sum, charts["confusion"])) == 40


def test_a_target_beyond_what_the_loss_can_take_is_refused_before_the_run(data):
    graph = chain([("fc", "Linear", {"out_features": 1}), ("act", "Sigmoid", {})], loss="BCELoss")
    report = validator(data).report(graph)
    assert codes(report) == [("target_range", "csv", "target_columns")]
    assert "BCE Loss needs targets from 0 to 1, but 'y' goes from" in report.diagnostics[0].message


def test_an_optimizer_that_cannot_train_the_model_is_refused_before_the_run(data):
    report = validator(data).report(chain(MLP, optimizer=("Rprop", {"etas": [1.5, 2.0]})))
    assert codes(report) == [("optimizer", "opt", None)]
    assert "etas" in report.diagnostics[0].message


def test_weights_of_classes_are_those_of_plain_pytorch_over_all_batches(tmp_path):
    rows = [(i / 40, (i * 7 % 40) / 40, "abc"[i % 3]) for i in range(40)]
    data = table(tmp_path, "a,b,y", rows)
    weights = [1.0, 5.0, 0.5]
    graph = chain(
        [("fc", "Linear", {"out_features": 3})],
        loss="CrossEntropyLoss",
        split={"batch_size": 16, "val_ratio": 0.0},
        optimizer=("SGD", {"lr": 1e-12}),
        train={"epochs": 1},
    )
    graph.node("loss").params = {"weight": weights}
    graph.edges = [edge for edge in graph.edges if edge.target_input != "val_loader"]
    outcome = execute(graph, tmp_path / "run", data)
    model = nn.Sequential()
    model.add_module("fc", nn.Linear(2, 3))
    model.load_state_dict(outcome.weights())
    y = torch.tensor(["abc".index("abc"[i % 3]) for i in range(40)])
    prediction = model(torch.from_numpy(data.numbers(["a", "b"])))
    expected = nn.functional.cross_entropy(prediction, y, torch.tensor(weights)).item()
    assert outcome.series("train_loss") == [pytest.approx(expected, rel=1e-5)]


def test_wrong_numbers_of_class_weights_are_refused_before_the_run(tmp_path):
    data = table(tmp_path, "a,b,y", [(i, i, "ab"[i % 2]) for i in range(20)])
    graph = chain([("fc", "Linear", {"out_features": 2})], loss="CrossEntropyLoss")
    graph.node("loss").params = {"weight": [1.0]}
    report = validator(data).report(graph)
    assert not report.valid
    assert "weight has 1 values" in report.diagnostics[0].message


def test_a_scheduler_that_fits_no_such_training_fails_with_a_sentence(tmp_path, data):
    graph = scheduled(("CyclicLR", {"max_lr": 0.01}), optimizer=("Adam", {"lr": 0.1}))
    outcome = execute(graph, tmp_path / "run", data)
    assert len(outcome.series("lr")) == 5
    graph = scheduled(("SequentialLR", {}))
    with pytest.raises(RunError):
        execute(graph, tmp_path / "other", data)


def test_a_training_that_continues_at_the_end_of_an_epoch_steps_its_scheduler_without_a_warning(
    tmp_path, data
):
    graph = scheduled(("StepLR", {"step_size": 1, "gamma": 0.5}))
    suspend(
        graph, tmp_path / "run", data, step=4
    )  # the last batch of the first epoch: the scheduler steps next
    straight = execute(graph, tmp_path / "straight", data)
    assert execute(graph, tmp_path / "run", data).series("lr") == straight.series("lr")
