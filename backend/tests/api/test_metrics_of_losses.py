"""Metrics, charts and predictions in the target's own space, by runs of small stored cases."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import pytest

CASES = Path(__file__).parents[1] / "cases"


def read_case(client: httpx.Client, case: str, graph: str = "graph") -> dict[str, Any]:
    """Upload the table of a case, unless it is there, and return its graph."""
    [table] = (CASES / case).glob("*.csv")
    if all(record["name"] != table.name for record in client.get("/api/datasets").json()):
        files = {"file": (table.name, table.read_bytes(), "text/csv")}
        assert client.post("/api/datasets", files=files).status_code == 201
    found: dict[str, Any] = json.loads((CASES / case / f"{graph}.json").read_text())
    return found


def run_graph(client: httpx.Client, graph: dict[str, Any]) -> dict[str, Any]:
    """Run a graph with the seed 1 to its end, and return the run."""
    response = client.post("/api/runs", json={"graph": graph, "seed": 1})
    assert response.status_code == 201, response.text
    run: dict[str, Any] = client.get(
        f"/api/runs/{response.json()['id']}", params={"wait": 60}
    ).json()
    assert run["state"] == "completed", run["error"]
    return run


def last(run: dict[str, Any], key: str) -> float:
    return float(run["metrics"][key]["last"])


def artifact(client: httpx.Client, run: dict[str, Any], name: str) -> Any:
    return client.get(f"/api/runs/{run['id']}/artifacts/{name}").json()


def predict(client: httpx.Client, run: dict[str, Any], **body: Any) -> dict[str, Any]:
    response = client.post(f"/api/runs/{run['id']}/predict", json=body)
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.json()
    return answer


@pytest.fixture(scope="module")
def rates(server):
    return run_graph(server.client, read_case(server.client, "F01"))


def test_metrics_of_a_poisson_model_compare_rates_with_counts(rates):
    # The values of maximum likelihood by scipy on the same 96 rows.
    assert last(rates, "val_r2") == pytest.approx(0.5963, abs=2e-4)
    assert last(rates, "val_mse") == pytest.approx(3.3953, abs=2e-3)
    assert last(rates, "test_r2") == pytest.approx(0.8150, abs=2e-4)


def test_predictions_charts_and_provenance_of_a_poisson_model_are_rates(client, rates):
    answer = predict(client, rates, rows=[{"load": 1.0}])
    assert answer["predictions"] == [pytest.approx(7.191, abs=5e-3)]
    whole = predict(client, rates, dataset="f01.csv")["predictions"]
    charts = artifact(client, rates, "predictions.json")
    assert charts["predicted"][0] == pytest.approx(whole, rel=1e-6)
    assert artifact(client, rates, "provenance.json")["predictions"] == "exp(output)"


def test_predictions_of_several_labels_are_probabilities(client):
    run = run_graph(client, read_case(client, "F07"))
    answer = predict(client, run, dataset="f07.csv")
    assert answer["columns"] == ["wet", "cold", "dark"]
    values = [value for row in answer["predictions"] for value in row]
    assert len(values) == 72
    assert all(0 < value < 1 for value in values)
    assert artifact(client, run, "provenance.json")["predictions"] == "sigmoid(output)"


def test_rows_and_labels_of_mistakes_are_those_of_the_table(client):
    run = run_graph(client, read_case(client, "F07"))
    charts = artifact(client, run, "predictions.json")
    assert charts["rows"] == 24
    assert [column["name"] for column in charts["columns"]] == ["wet", "cold", "dark"]
    assert all(sum(map(sum, column["confusion"])) == 24 for column in charts["columns"])
    predicted = predict(client, run, dataset="f07.csv")["predictions"]
    for mistake in charts["mistakes"]:
        assert 1 <= mistake["row"] <= 24
        value = predicted[mistake["row"] - 1][["wet", "cold", "dark"].index(mistake["column"])]
        assert max(value, 1 - value) == pytest.approx(mistake["confidence"], rel=1e-5)


def test_mistakes_in_a_part_of_a_table_name_the_rows_of_the_table(client):
    graph = read_case(client, "F07")
    graph["nodes"] = [node for node in graph["nodes"] if node["id"] != "testcsv"]
    graph["edges"] = [edge for edge in graph["edges"] if edge["source"] != "testcsv"]
    ends = {"source": "split", "source_output": "val_loader"}
    graph["edges"] += [{**ends, "target": "eval", "target_input": "test_dataset"}]
    run = run_graph(client, graph)
    charts = artifact(client, run, "predictions.json")
    predicted = predict(client, run, dataset="f07.csv")["predictions"]
    assert charts["rows"] == 5
    assert charts["mistakes"]
    for mistake in charts["mistakes"]:
        value = predicted[mistake["row"] - 1][["wet", "cold", "dark"].index(mistake["column"])]
        assert max(value, 1 - value) == pytest.approx(mistake["confidence"], rel=1e-5)


def test_several_columns_of_classes_are_evaluated_and_predicted_each(client):
    graph = read_case(client, "F07")
    for node in graph["nodes"]:
        if node["id"] == "loss":
            node["type"] = "CrossEntropyLoss"
        if node["id"] == "l0":
            node["params"]["out_features"] = 6
    graph["nodes"].append(
        {"id": "two", "type": "Unflatten", "params": {"unflattened_size": [2, 3]}}
    )
    for edge in graph["edges"]:
        if edge["target_input"] == "layers":
            edge["source"] = "two"
    ends = {"source": "l0", "source_output": "output", "target": "two", "target_input": "input"}
    graph["edges"].append(ends)
    run = run_graph(client, graph)
    charts = artifact(client, run, "predictions.json")
    assert charts["rows"] == 24
    assert [column["name"] for column in charts["columns"]] == ["wet", "cold", "dark"]
    assert sum(map(sum, charts["confusion"])) == 72
    answer = predict(client, run, dataset="f07.csv")
    assert all(sum(p) == pytest.approx(1) for row in answer["probabilities"] for p in row)
    for mistake in charts["mistakes"]:
        at = mistake["row"] - 1, ["wet", "cold", "dark"].index(mistake["column"])
        assert answer["predictions"][at[0]][at[1]] == mistake["predicted"]


def test_what_a_loss_ignores_lowers_no_accuracy_and_is_in_no_confusion(client):
    graph = read_case(client, "F08")
    graph["nodes"].append({"id": "eval", "type": "Evaluator"})
    graph["edges"] += [
        {"source": "train", "source_output": "result", "target": "eval", "target_input": port}
        for port in ["training_result"]
    ]
    data = {"source": "csv", "source_output": "dataset"}
    graph["edges"] += [{**data, "target": "eval", "target_input": "test_dataset"}]
    run = run_graph(client, graph)
    assert last(run, "val_accuracy") == 1.0
    charts = artifact(client, run, "predictions.json")
    known = [row for row in (CASES / "F08/f08.csv").read_text().split() if "unknown" not in row]
    assert charts["rows"] == len(known) - 1  # without the header
    assert charts["ignored"] > 0
    assert sum(charts["confusion"][charts["classes"].index("unknown")]) == 0
    assert last(run, "test_accuracy") == pytest.approx(
        sum(charts["confusion"][i][i] for i in range(3)) / charts["rows"]
    )


def test_metrics_of_one_type_with_other_parameters_are_other_metrics(client):
    graph = read_case(client, "F22")
    run = run_graph(client, graph)
    names = ("val_accuracy", "val_accuracy_threshold_2", "val_accuracy_threshold_-2")
    assert [last(run, name) for name in names] == [0.25, 0.75, 0.25]
    plan = {"keep": "best", "monitor": "val_accuracy_threshold_2"}
    next(node for node in graph["nodes"] if node["id"] == "train")["params"] |= plan
    report = client.post("/api/graphs/validate", json=graph).json()
    assert report["valid"], report["diagnostics"]


@pytest.mark.parametrize(
    ("graph", "message"),
    [
        (
            "graph_accuracy_of_numbers",
            "'m' (Accuracy) measures class labels, but the targets of MSE Loss are numbers.",
        ),
        (
            "graph_binary_of_classes",
            "'m' (Binary Accuracy) measures targets of 0 and 1, "
            "but the targets of Cross Entropy Loss are class labels.",
        ),
        (
            "graph_r2_of_classes",
            "'m' (R² Score) measures numbers, "
            "but the targets of Cross Entropy Loss are class labels.",
        ),
    ],
)
def test_a_metric_that_does_not_fit_the_targets_is_an_error_at_the_metric(client, graph, message):
    report = client.post("/api/graphs/validate", json=read_case(client, "F23", graph)).json()
    assert not report["valid"]
    [found] = [d for d in report["diagnostics"] if d["severity"] == "error"]
    assert (found["code"], found["node"], found["message"]) == ("metric_target", "m", message)
    assert found["hint"].startswith("Remove it, or use a metric of ")


def test_a_metric_of_the_catalogue_is_monitored_drawn_and_offered_to_a_study(client):
    graph = read_case(client, "F22")
    graph["nodes"] = [node for node in graph["nodes"] if node["type"] != "BinaryAccuracy"]
    graph["edges"] = [edge for edge in graph["edges"] if not edge["source"].startswith("acc")]
    for name, node_type in (("area", "AUROC"), ("f1", "F1Score")):
        graph["nodes"].append({"id": name, "type": node_type})
        wire = {"source": name, "source_output": "metric", "target": "train"}
        graph["edges"].append({**wire, "target_input": "metrics"})
    plan = {"keep": "best", "monitor": "val_auroc"}
    next(node for node in graph["nodes"] if node["id"] == "train")["params"] |= plan
    run = run_graph(client, graph)
    series = client.get(f"/api/runs/{run['id']}/metrics").json()["series"]
    values = [value for _, _, value in series["val_auroc"]]
    assert len(values) == 5
    assert run["metrics"]["val_auroc"]["best"] == max(values)
    assert {"train_auroc", "train_f1", "val_f1", "val_accuracy"} <= series.keys()
    study = {"graph": graph, "strategy": {"kind": "leave_one_out", "nodes": ["l0"]}, "seeds": [0]}
    for metric, status in (("val_f1", 200), ("val_f2", 422)):
        preview = client.post("/api/studies/preview", json={**study, "metric": metric})
        assert preview.status_code == status, preview.text
    assert "val_f1" in preview.json()["error"]["hint"]
