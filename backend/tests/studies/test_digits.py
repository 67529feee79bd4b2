"""The study that the product is measured by: digits, eight variants, ten seeds, by REST alone."""

from __future__ import annotations

import csv
import io

import pytest
from scipy import stats
from sklearn.datasets import load_digits

from ..conftest import Serve
from ..support.graphs import chain
from .test_studies import finished, get, rows

pytestmark = pytest.mark.integration

LAYERS = [
    ("fc1", "Linear", {"out_features": 64}),
    ("norm", "BatchNorm1d", {}),
    ("relu1", "ReLU", {}),
    ("fc2", "Linear", {"out_features": 64}),
    ("relu2", "ReLU", {}),
    ("drop", "Dropout", {"p": 0.2}),
    ("fc3", "Linear", {"out_features": 64}),
    ("relu3", "ReLU", {}),
    ("fc4", "Linear", {"out_features": 64}),
    ("fc5", "Linear", {"out_features": 10}),
]
PARTS = ["norm", "relu1", "fc2", "relu2", "drop", "fc3", "fc4"]


def digits() -> bytes:
    data = load_digits()
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow([*(f"p{i}" for i in range(64)), "y"])
    writer.writerows(
        [*(int(v) for v in row), f"d{label}"]
        for row, label in zip(data.data, data.target, strict=True)
    )
    return out.getvalue().encode()


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_digits_with_eight_variants_and_ten_seeds(serve: Serve):
    client = serve().client
    assert (
        client.post("/api/datasets", files={"file": ("digits", digits(), "text/csv")}).status_code
        == 201
    )
    graph = chain(LAYERS, loss="CrossEntropyLoss", train={"epochs": 12}, data={"file": "digits"})
    body = {
        "graph": graph.model_dump(mode="json"),
        "strategy": {"kind": "leave_one_out", "nodes": PARTS},
        "seeds": list(range(10)),
        "metric": "val_accuracy",
        "margin": 0.005,
    }
    preview = client.post("/api/studies/preview", json=body).json()
    assert (len(preview["variants"]), preview["runs"]) == (8, 80)
    study = client.post("/api/studies", json=body).json()
    results = finished(client, study, seconds=1000)
    assert get(client, study)["counts"]["completed"] == 80
    exported: dict[str, dict[str, float]] = {}
    for row in rows(client, study):
        if row["primary"] == "true":
            exported.setdefault(row["label"], {})[row["seed"]] = float(row["value"])
    base = exported["Baseline"]
    assert sum(base.values()) / 10 > 0.95
    p_values = []
    for row in results["variants"]:
        mine = exported[row["label"]]
        test = stats.ttest_rel([mine[s] for s in sorted(base)], [base[s] for s in sorted(base)])
        assert row["p_t"] == pytest.approx(test.pvalue)
        assert row["ci"] == pytest.approx(list(test.confidence_interval()))
        p_values.append((test.pvalue, row["p_t_holm"]))
    highest = 0.0
    for place, (p, corrected) in enumerate(sorted(p_values)):
        highest = max(highest, min(1.0, (len(p_values) - place) * p))
        assert corrected == pytest.approx(highest)
