"""Targets that the loss gets scaled, and everything else in their own units."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.compose import TransformedTargetRegressor
from sklearn.metrics import mean_absolute_error, mean_squared_error, r2_score
from sklearn.preprocessing import MinMaxScaler, StandardScaler
from torch import nn

from visdl.datasets.dataset import Dataset
from visdl.datasets.importer import import_csv
from visdl.datasets.split import Loader
from visdl.models.errors import RunError
from visdl.models.graph import Graph, Node

from ..support.graphs import MLP, chain, codes, table, validator, wire
from ..support.runs import Outcome, assert_equal_weights, built, execute, suspend
from ..validation.test_advice import apply
from ..validation.test_leakage_advice import CASES

pytestmark = pytest.mark.integration

TRANSFORMS: dict[str, dict[str, Any]] = {
    "standardize": {"transformer": StandardScaler()},
    "minmax": {"transformer": MinMaxScaler()},
    "log1p": {"func": np.log1p, "inverse_func": np.expm1, "check_inverse": False},
}


def prices(folder) -> tuple[Dataset, Graph]:
    """The table and graph of case M03: a price of some hundred thousand by a size of about 1."""
    file = CASES / "M03" / "m03.csv"
    record = import_csv(file, folder / "m03", dataset_id="m03", name="m03.csv", max_columns=10)
    graph = Graph.model_validate_json((CASES / "M03" / "graph.json").read_bytes())
    return Dataset(record, folder / "m03").select("size", "price"), graph


class Network(RegressorMixin, BaseEstimator):
    """The network of a graph in plain torch, on all rows at once: SGD with the MSE loss."""

    def __init__(self, model: nn.Module, epochs: int) -> None:
        self.model = model
        self.epochs = epochs

    def fit(self, x: NDArray[Any], y: NDArray[Any]) -> Network:
        optimizer = torch.optim.SGD(self.model.parameters(), lr=0.1)
        inputs, target = torch.from_numpy(x).float(), torch.from_numpy(y).float()
        for _ in range(self.epochs):
            optimizer.zero_grad()
            nn.functional.mse_loss(self.model(inputs), target.reshape(len(x), -1)).backward()
            optimizer.step()
        return self

    def predict(self, x: NDArray[Any]) -> NDArray[Any]:
        with torch.no_grad():
            return self.model(torch.from_numpy(x).float()).numpy().astype(float)


def scaled(graph: Graph, scaling: str) -> Graph:
    """The graph with all training rows in a batch, plain SGD, and a scaled target."""
    split = graph.node("split")
    split.params |= {"target_scaling": scaling, "shuffle": False, "batch_size": 1000}
    graph.nodes = [
        Node(id="opt", type="SGD", params={"lr": 0.1}) if node.id == "opt" else node
        for node in graph.nodes
    ]
    graph.node("train").params["epochs"] = 30
    return graph


def parts(data: Dataset) -> dict[str, tuple[NDArray[Any], NDArray[Any]]]:
    """Inputs (scaled by scikit-learn) and targets of each part."""
    loaders = {part: Loader(data, part=part, val_ratio=0.2) for part in ("train", "val")}
    x = {part: data.exact(data.inputs, loader.rows).T for part, loader in loaders.items()}
    inputs = StandardScaler().fit(x["train"])
    return {
        part: (inputs.transform(x[part]), data.exact(data.targets, loader.rows).T)
        for part, loader in loaders.items()
    }


def last(outcome: Outcome, key: str) -> float:
    value = outcome.series(key)[-1]
    assert value is not None
    return value


def assert_same_as_scikit_learn(outcome: Outcome, data: Dataset, model: nn.Module, scaling: str):
    known = parts(data)
    plain = TransformedTargetRegressor(Network(model, epochs=30), **TRANSFORMS[scaling])
    x, y = known["val"]
    plain.fit(*known["train"])
    predicted = plain.predict(x).reshape(y.shape)
    expected = {
        "val_r2": r2_score(y, predicted),
        "val_mae": mean_absolute_error(y, predicted),
        "val_mse": mean_squared_error(y, predicted),
    }
    for key, value in expected.items():
        assert last(outcome, key) == pytest.approx(value, rel=1e-6), key
    loss = nn.functional.mse_loss(
        torch.from_numpy(plain.regressor_.predict(x)),
        torch.from_numpy(plain.transformer_.transform(y)),
    )
    assert last(outcome, "val_loss") == pytest.approx(float(loss), rel=1e-5)
    raw = np.stack([data.values(name) for name in data.inputs], axis=1)
    rows = [dict(zip(data.inputs, row, strict=True)) for row in raw[:5].tolist()]
    inputs = StandardScaler().fit(raw[Loader(data, part="train", val_ratio=0.2).rows])
    expected_rows = plain.predict(inputs.transform(raw[:5])).reshape(5, -1)
    answer = np.array(outcome.predict(rows)["predictions"]).reshape(5, -1)
    np.testing.assert_allclose(answer, expected_rows, rtol=1e-6)


@pytest.mark.parametrize("scaling", TRANSFORMS)
def test_metrics_and_predictions_are_those_of_a_transformed_target_regressor(tmp_path, scaling):
    data, graph = prices(tmp_path)
    outcome = execute(scaled(graph, scaling), tmp_path / "run", data)
    assert_same_as_scikit_learn(outcome, data, built(graph, inputs=1), scaling)


def test_several_targets_are_scaled_each_by_its_own_spread(tmp_path):
    rng = np.random.default_rng(3)
    x = rng.normal(size=(60, 2)).round(3)
    y = np.stack([1e6 + 300 * x[:, 0], 0.001 * x[:, 1] - 5], axis=1)
    data = table(tmp_path, "a,b,y,z", np.hstack([x, y]).tolist()).select("a,b", "y,z")
    layers = [*MLP[:-1], ("fc2", "Linear", {"out_features": 2})]
    graph = chain(layers, data={"target_columns": "y,z"}, split={"scaling": "standardize"})
    outcome = execute(scaled(graph, "standardize"), tmp_path / "run", data)
    assert_same_as_scikit_learn(outcome, data, built(graph), "standardize")


def test_a_large_target_is_scaled_by_a_click_and_then_learned(tmp_path):
    data, graph = prices(tmp_path)
    [found] = validator(data).report(graph).diagnostics
    assert (found.code, found.node, found.port) == ("unscaled_target", "split", "target_scaling")
    graph = apply(graph, found)
    assert validator(data).report(graph).diagnostics == []
    graph.nodes.append(Node(id="test", type="Evaluator"))
    graph.edges.append(wire("train.result > test.training_result"))
    graph.edges.append(wire("csv.dataset > test.test_dataset"))
    outcome = execute(graph, tmp_path / "run", data)
    assert last(outcome, "val_r2") > 0.97
    assert last(outcome, "val_loss") < 0.1
    charts = json.loads((tmp_path / "run" / "artifacts" / "predictions.json").read_text())
    truth = data.values("price")
    np.testing.assert_array_equal(charts["true"][0], truth)
    assert r2_score(truth, charts["predicted"][0]) == pytest.approx(last(outcome, "test_r2"))
    provenance = json.loads((tmp_path / "run" / "artifacts" / "provenance.json").read_text())
    [price] = outcome.predict([{"size": 0.5}])["predictions"]
    encoding = json.loads((tmp_path / "run" / "artifacts" / "encoding.json").read_text())
    model = built(graph, inputs=1)
    model.load_state_dict(outcome.weights())
    x = (torch.tensor([[0.5]]) - encoding["shift"][0]) / encoding["scale"][0]
    output = model(x).double()
    assert eval(provenance["predictions"], {"output": output}).item() == pytest.approx(
        price, rel=1e-6
    )


def test_a_target_far_from_zero_keeps_its_digits(tmp_path):
    """Seconds since 1970 are 128 apart in float32."""
    rows = [(i / 40, (i * 7 % 40) / 40, 1_700_000_000 + i) for i in range(40)]
    data = table(tmp_path, "a,b,y", rows)
    graph = chain(
        MLP,
        split={"scaling": "standardize", "target_scaling": "standardize", "batch_size": 4},
        train={"epochs": 60},
    )
    assert last(execute(graph, tmp_path / "run", data), "val_r2") > 0.99


def test_a_resumed_run_is_bit_for_bit_the_uninterrupted_one(tmp_path):
    data, graph = prices(tmp_path)
    graph.node("split").params["target_scaling"] = "standardize"
    graph.node("train").params["epochs"] = 4
    whole = execute(graph, tmp_path / "whole", data)
    suspend(graph, tmp_path / "cut", data, step=5)
    resumed = execute(graph, tmp_path / "cut", data)
    assert_equal_weights(whole.weights(), resumed.weights())
    assert last(resumed, "train_mae") == last(whole, "train_mae")


@pytest.mark.parametrize("loss", ["CrossEntropyLoss", "BCEWithLogitsLoss", "MultiLabelMarginLoss"])
def test_labels_have_no_scale(tmp_path, loss):
    data = table(tmp_path, "a,b,y", [(i / 40, (i * 7 % 40) / 40, i % 2) for i in range(40)])
    out = 2 if loss == "CrossEntropyLoss" else 1
    layers = [*MLP[:-1], ("fc2", "Linear", {"out_features": out})]
    graph = chain(layers, loss=loss, split={"target_scaling": "standardize"})
    report = validator(data).report(graph)
    assert ("target_scaling", "split", "target_scaling") in codes(report)
    [found] = [one for one in report.diagnostics if one.code == "target_scaling"]
    assert validator(data).report(apply(graph, found)).valid
    if loss == "CrossEntropyLoss":
        with pytest.raises(RunError, match="no scale"):
            execute(graph, tmp_path / "run", data)


def test_log1p_of_targets_that_have_none_is_an_error_before_the_run(tmp_path):
    data = table(tmp_path, "a,b,y", [(i / 40, (i * 7 % 40) / 40, i - 3) for i in range(40)])
    graph = chain(MLP, split={"target_scaling": "log1p"})
    found = validator(data).report(graph).diagnostics[0]
    assert found.message == "log1p needs targets above −1, but 'y' goes down to -3 in table."
    assert (found.node, found.port, found.severity) == ("split", "target_scaling", "error")
    assert validator(data).report(apply(graph, found)).valid


def test_standardized_counts_are_refused_by_a_poisson_loss_and_their_logarithms_are_not(tmp_path):
    data = table(tmp_path, "a,b,y", [(i / 40, (i * 7 % 40) / 40, i % 9) for i in range(40)])
    graph = chain(MLP, loss="PoissonNLLLoss", split={"target_scaling": "standardize"})
    [found] = validator(data).report(graph).diagnostics
    assert "needs targets of at least 0" in found.message
    graph.node("split").params["target_scaling"] = "log1p"
    assert validator(data).report(graph).valid
    outcome = execute(graph, tmp_path / "run", data)
    provenance = json.loads((outcome.folder / "artifacts" / "provenance.json").read_text())
    assert provenance["predictions"] == "expm1(exp(output))"
