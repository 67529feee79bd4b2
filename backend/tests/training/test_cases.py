"""Stored cases of trainings: each has a small table, a graph, and values known from elsewhere."""

from __future__ import annotations

import shutil

import pytest
import torch
from sklearn import metrics as sk
from torch import nn, optim
from torch.optim.lr_scheduler import OneCycleLR

from visdl.models.graph import Node

from ..support.graphs import chain, numbers, validator, wire
from ..support.runs import execute
from ..validation.test_advice import apply
from ..validation.test_leakage_advice import case, graph_of

pytestmark = pytest.mark.integration


def test_a_run_with_a_schedule_of_its_length_is_extended_by_epochs_that_train(tmp_path):
    """Case F04: 3 epochs with OneCycleLR, then 2 more."""
    data, graph = case("F04", tmp_path), graph_of("F04")
    short = execute(graph, tmp_path / "short", data, run="short")
    shutil.copytree(tmp_path / "short" / "checkpoints", tmp_path / "long" / "checkpoints")
    graph.node("train").params["epochs"] = 5
    outcome = execute(graph, tmp_path / "long", data, run="long")
    optimizer = optim.SGD([nn.Parameter(torch.zeros(1))], lr=0.05)
    schedule, rates = OneCycleLR(optimizer, max_lr=0.1, total_steps=outcome.steps), []
    for _ in range(outcome.steps):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        schedule.step()
    steps = outcome.steps // 5
    assert outcome.series("lr")[-2:] == pytest.approx(rates[steps - 1 :: steps][-2:], abs=1e-12)
    assert outcome.series("val_loss")[-1] < short.series("val_loss")[-1]


def test_clipping_to_a_norm_of_0_is_refused_and_switched_off_by_a_click(tmp_path):
    """Case F20: with it, every gradient is 0; without it, the line is found."""
    data, graph = case("F20", tmp_path), graph_of("F20")
    [found] = [d for d in validator(data).report(graph).diagnostics if d.severity == "error"]
    assert (found.node, found.port) == ("train", "clip_grad_norm")
    graph = apply(graph, found)
    assert validator(data).report(graph, to_run=True).valid
    outcome = execute(graph, tmp_path / "run", data, seed=1)
    assert outcome.series("val_r2")[-1] == pytest.approx(1.0, abs=5e-3)


def test_a_rare_class_has_metrics_that_see_it(tmp_path):
    """Case M08: 13 of 200 rows are "yes", so that an accuracy of 0.97 hides it."""
    data, graph = case("M08", tmp_path), graph_of("M08")
    types = ("AUROC", "F1Score", "Precision", "Recall", "BalancedAccuracy")
    graph.nodes += [Node(id=name, type=name) for name in types]
    graph.edges += [wire(f"{name}.metric > train.metrics") for name in types]
    outcome = execute(graph, tmp_path / "run", data, seed=1)
    rows = [{"z": z} for z in data.values("z").tolist()]
    answer = outcome.predict(rows)
    codes, words = data.factorize("rare")
    truth, guess = [words[code] for code in codes], answer["predictions"]
    chance = [each[answer["classes"].index("yes")] for each in answer["probabilities"]]
    expected = {
        "accuracy": sk.accuracy_score(truth, guess),
        "auroc": sk.roc_auc_score([word == "yes" for word in truth], chance),
        "f1": sk.f1_score(truth, guess, average="macro"),
        "precision": sk.precision_score(truth, guess, average="macro"),
        "recall": sk.recall_score(truth, guess, average="macro"),
        "balanced_accuracy": sk.balanced_accuracy_score(truth, guess),
    }
    found = {key: outcome.series(f"test_{key}")[-1] for key in expected}
    assert found == pytest.approx(expected, abs=1e-6)
    assert found["accuracy"] == pytest.approx(0.97, abs=0.01)
    assert found["auroc"] == pytest.approx(0.9589, abs=2e-3)
    assert sk.f1_score(truth, guess, pos_label="yes") == pytest.approx(0.7, abs=0.05)


def test_a_model_whose_output_is_one_number_per_row_without_an_axis_predicts(tmp_path):
    data = numbers(tmp_path)
    layers = [("fc", "Linear", {"out_features": 1}), ("flat", "Squeeze", {"dim": 1})]
    outcome = execute(chain(layers), tmp_path / "run", data)
    weights = outcome.weights()
    x = torch.tensor([[0.25, 0.5], [1.0, -1.0]])
    expected = (x @ weights["fc.weight"].T + weights["fc.bias"])[:, 0].tolist()
    answer = outcome.predict([{"a": a, "b": b} for a, b in x.tolist()])
    assert answer["predictions"] == pytest.approx(expected, rel=1e-6)
