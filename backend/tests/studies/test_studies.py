"""Studies over REST on a real server: trained, steered, concluded, exported."""

from __future__ import annotations

import csv
import io
from typing import Any

import httpx
import pyarrow.parquet as pq
import pytest
from scipy import stats

from ..api.helpers import bring_table, error, until
from ..conftest import Serve, run_server
from ..support.graphs import chain

pytestmark = pytest.mark.integration

LAYERS = [
    ("fc1", "Linear", {"out_features": 8}),
    ("relu", "ReLU", {}),
    ("drop", "Dropout", {"p": 0.2}),
    ("out", "Linear", {"out_features": 1}),
]


def plan(epochs: int = 2, **fields: Any) -> dict[str, Any]:
    strategy = {"kind": "leave_one_out", "nodes": ["relu", "drop"]}
    graph = chain(LAYERS, train={"epochs": epochs}).model_dump(mode="json")
    return {
        "graph": graph,
        "strategy": strategy,
        "seeds": [0, 1, 2],
        "reuse": False,
        "batch_seeds": False,
        **fields,
    }


def begin(client: httpx.Client, **fields: Any) -> dict[str, Any]:
    bring_table(client)
    answer = client.post("/api/studies", json=plan(**fields))
    assert answer.status_code == 201, answer.text
    study: dict[str, Any] = answer.json()
    return study


def get(client: httpx.Client, study: dict[str, Any], what: str = "") -> Any:
    answer = client.get(f"/api/studies/{study['id']}{what}")
    assert answer.status_code == 200, answer.text
    return answer.json()


def finished(
    client: httpx.Client, study: dict[str, Any], state: str = "completed", seconds: float = 240
) -> dict[str, Any]:
    until(lambda: get(client, study)["state"] == state, seconds)
    found: dict[str, Any] = get(client, study, "/results")
    return found


def command(client: httpx.Client, study: dict[str, Any], name: str, **body: Any) -> dict[str, Any]:
    answer = client.post(f"/api/studies/{study['id']}/{name}", json=body or None)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def rows(client: httpx.Client, study: dict[str, Any]) -> list[dict[str, str]]:
    text = client.get(f"/api/studies/{study['id']}/export", params={"format": "csv"}).text
    return list(csv.DictReader(io.StringIO(text)))


def test_the_table_equals_what_scipy_computes_from_the_exported_runs(client):
    study = begin(client, seeds=[0, 1, 2, 3, 4], margin=0.5)
    results = finished(client, study)
    assert get(client, study)["counts"] == {
        "planned": 15,
        "completed": 15,
        "failed": 0,
        "live": 0,
        "reused": 0,
    }
    values: dict[str, dict[str, float]] = {}
    for row in rows(client, study):
        if row["primary"] == "true":
            values.setdefault(row["label"], {})[row["seed"]] = float(row["value"])
    base = values["Baseline"]
    tests = {}
    for row in results["variants"]:
        mine = values[row["label"]]
        assert row["values"] == mine
        found = stats.ttest_rel(
            [mine[seed] for seed in sorted(base)], [base[seed] for seed in sorted(base)]
        )
        tests[row["label"]] = found.pvalue
        low, high = found.confidence_interval()
        assert row["ci"] == pytest.approx([low, high])
        assert row["p_t"] == pytest.approx(found.pvalue)
        assert row["delta"] == pytest.approx(sum(mine[seed] - base[seed] for seed in base) / 5)
    small, large = sorted(tests.values())
    corrected = sorted(row["p_t_holm"] for row in results["variants"])
    assert corrected == pytest.approx(sorted([min(1, 2 * small), max(min(1, 2 * small), large)]))
    assert "n = 5 seeds (seeds 0–4)" in results["caption"]
    assert any("smallest possible sign-flip p is 0.0625" in note for note in results["notes"])


def test_all_variants_of_a_seed_train_before_the_next_seed(client):
    study = begin(client)
    finished(client, study)
    runs = {run["id"]: run for run in client.get("/api/runs", params={"study": study["id"]}).json()}
    assert len(runs) == 9
    facets = client.get("/api/runs/facets").json()["studies"]
    assert {"value": study["id"], "name": study["name"], "runs": 9} in facets
    cells = sorted(get(client, study, "/cells"), key=lambda cell: runs[cell["run"]]["created"])
    keys = [variant["key"] for variant in study["variants"]]
    assert [(cell["seed"], cell["variant"]) for cell in cells] == [
        (seed, key) for seed in (0, 1, 2) for key in keys
    ]
    assert all(runs[cell["run"]]["seed"] == cell["seed"] for cell in cells)
    assert runs[cells[1]["run"]]["name"] == "Test · w/o relu · seed 0"
    assert runs[cells[1]["run"]]["study"] == study["id"]


def test_the_same_study_twice_gives_the_same_table(client):
    first, second = begin(client, seeds=[7, 8]), begin(client, seeds=[7, 8])
    a, b = finished(client, first), finished(client, second)
    assert [row["values"] for row in a["variants"]] == [row["values"] for row in b["variants"]]
    assert a["baseline"]["values"] == b["baseline"]["values"]


def test_runs_of_an_earlier_study_are_reused_and_noted(client):
    first = begin(client, seeds=[10, 11])
    table = finished(client, first)
    body = {**plan(seeds=[10, 11, 12]), "reuse": True}
    assert client.post("/api/studies/preview", json=body).json()["reused"] == 6
    again = client.post("/api/studies", json=body).json()
    results = finished(client, again)
    whole = client.post("/api/studies", json={**body, "seeds": [10, 11]}).json()
    assert whole["state"] == "completed", "all of it was there already"
    assert get(client, again)["counts"]["reused"] == 6
    assert [row["reused"] for row in results["variants"]] == [2, 2]
    assert table["variants"][0]["values"].items() <= results["variants"][0]["values"].items()
    assert any("6 runs were reused" in note for note in results["notes"])


def test_nothing_is_tested_before_every_planned_run_has_ended(serve: Serve):
    client = serve().client
    study = begin(client, epochs=3000)
    until(lambda: get(client, study)["counts"]["live"] > 0)
    paused = command(client, study, "pause")
    assert paused["state"] == "paused"
    states = {cell["state"] for cell in get(client, study, "/cells")}
    assert states <= {"paused", "completed"}
    results = get(client, study, "/results")
    assert all(row["delta"] is None and row["verdict"] is None for row in results["variants"])
    assert "The study is running" in results["notes"][0]
    error(client.get(f"/api/studies/{study['id']}/export", params={"format": "svg"}), 409)
    error(client.delete(f"/api/studies/{study['id']}"), 409)

    assert command(client, study, "resume")["state"] == "running"
    until(lambda: "running" in {cell["state"] for cell in get(client, study, "/cells")})
    assert command(client, study, "stop")["state"] == "stopped"
    until(lambda: get(client, study)["counts"]["live"] == 0)
    assert any("stopped by hand" in note for note in get(client, study, "/results")["notes"])


def test_a_stopped_study_trains_what_was_left_out_when_it_resumes(client):
    study = begin(client, epochs=40, seeds=[20, 21])
    until(lambda: get(client, study)["counts"]["completed"] >= 1)
    command(client, study, "stop")
    until(lambda: get(client, study)["counts"]["live"] == 0)
    command(client, study, "resume")
    results = finished(client, study)
    assert [row["n"] for row in results["variants"]] == [2, 2]
    assert not any("stopped" in note for note in results["notes"])


def test_a_study_continues_when_the_server_comes_back(serve: Serve, tmp_path):
    alone = tmp_path / "alone"
    with run_server(alone) as first:
        study = begin(first.client, epochs=300, seeds=[0, 1])
        until(lambda: get(first.client, study)["counts"]["completed"] >= 1)
    with run_server(alone) as second:
        results = finished(second.client, study)
        assert get(second.client, study)["counts"]["completed"] == 6
    straight = serve().client
    same = finished(straight, begin(straight, epochs=300, seeds=[0, 1]))
    assert [row["values"] for row in results["variants"]] == [
        row["values"] for row in same["variants"]
    ]


def test_runs_that_fail_are_counted_and_can_be_tried_again(client):
    factors = [{"node": "opt", "param": "lr", "values": [0.01, 1e12]}]
    study = begin(
        client, strategy={"kind": "grid", "factors": factors}, metric="train_loss", epochs=30
    )
    results = finished(client, study)
    wild = results["variants"][1]
    assert (wild["n"], wild["failed"], wild["verdict"]) == (0, 3, "unstable")
    assert any(
        "opt lr = 1e+12: 0 of 3 runs ended with a value, 3 failed." in note
        for note in results["notes"]
    )
    assert get(client, study)["counts"]["failed"] == 3
    command(client, study, "retry")
    finished(client, study)
    assert get(client, study)["counts"]["failed"] == 3
    whole = begin(client, seeds=[30, 31])
    finished(client, whole)
    assert "failed" in error(client.post(f"/api/studies/{whole['id']}/retry"), 409)["message"]


def test_seeds_that_are_added_are_marked(client):
    study = begin(client, seeds=[40, 41])
    finished(client, study)
    assert (
        "already has seed 41"
        in error(client.post(f"/api/studies/{study['id']}/seeds", json={"seeds": [41]}), 422)[
            "message"
        ]
    )
    assert command(client, study, "seeds", seeds=[42, 43])["state"] == "running"
    results = finished(client, study)
    assert results["baseline"]["n"] == 4
    assert "Extended after looking (seeds 42, 43)." in results["caption"]


def test_runs_of_a_study_stay_as_long_as_it_does(client):
    study = begin(client, seeds=[50, 51])
    finished(client, study)
    run = get(client, study, "/cells")[0]["run"]
    assert "belongs to the study" in error(client.delete(f"/api/runs/{run}"), 409)["message"]
    kept = client.post("/api/runs/delete", json={"ids": [run]}).json()
    assert kept["deleted"] == []
    assert client.delete(f"/api/studies/{study['id']}", params={"runs": True}).status_code == 204
    assert client.get(f"/api/runs/{run}").status_code == 404
    error(client.get(f"/api/studies/{study['id']}"), 404)


def test_variants_that_cannot_train_are_refused_or_left_out(client):
    bring_table(client)
    body = plan(strategy={"kind": "leave_one_out", "nodes": ["out", "relu"]})
    refused = error(client.post("/api/studies", json=body), 422)
    assert refused["field"] == "strategy"
    assert refused["message"].startswith("'w/o out' cannot be trained")
    assert "skip_invalid" in refused["hint"]
    study = client.post("/api/studies", json={**body, "skip_invalid": True}).json()
    results = finished(client, study)
    assert [row["label"] for row in results["variants"]] == ["w/o relu"]
    assert any(
        "Left out because they cannot be trained: w/o out." in note for note in results["notes"]
    )


def test_a_search_chooses_each_trial_by_those_before_and_tests_nothing(client):
    factors = [
        {"node": "opt", "param": "lr", "low": 1e-4, "high": 0.1, "log": True},
        {"node": "fc1", "param": "out_features", "values": [4, 8]},
    ]
    strategy = {"kind": "optuna", "factors": factors, "trials": 4, "seed": 1}
    first, again = (begin(client, strategy=strategy, seeds=[0, 1]) for _ in range(2))
    results = finished(client, first)
    trials = get(client, first)["variants"][1:]
    assert len(trials) == 4
    assert all(1e-4 <= trial["params"]["opt.lr"] <= 0.1 for trial in trials)
    finished(client, again)
    assert [t["params"] for t in get(client, again)["variants"][1:]] == [
        t["params"] for t in trials
    ]
    means = {row["key"]: row["mean"] for row in [results["baseline"], *results["variants"]]}
    assert results["best"] == min(means, key=lambda key: means[key])
    assert all(row["p_t"] is None and row["verdict"] is None for row in results["variants"])
    assert any("not tested" in note for note in results["notes"])


def test_a_grid_has_main_effects_and_an_interaction(client):
    factors = [
        {"node": "opt", "param": "lr", "values": [0.001, 0.01]},
        {"node": "fc1", "param": "out_features", "values": [2, 16]},
    ]
    results = finished(client, begin(client, strategy={"kind": "grid", "factors": factors}))
    assert [effect["term"] for effect in results["effects"]] == [
        "opt.lr: 0.01 against 0.001",
        "fc1.out_features: 16 against 2",
        "opt.lr: 0.01 against 0.001 × fc1.out_features: 16 against 2",
    ]
    means = {row["label"]: row["mean"] for row in results["variants"]}
    low, high = (
        (
            means[f"opt lr = {lr}, fc1 out_features = 2"]
            + means[f"opt lr = {lr}, fc1 out_features = 16"]
        )
        / 2
        for lr in (0.001, 0.01)
    )
    assert results["effects"][0]["estimate"] == pytest.approx(high - low)


def test_study_json_makes_the_same_study_again(client):
    study = begin(client, seeds=[60, 61], margin=0.1, name="Recipe")
    before = finished(client, study)
    recipe = client.get(f"/api/studies/{study['id']}/export", params={"format": "json"})
    assert recipe.headers["content-disposition"] == 'attachment; filename="Recipe.json"'
    again = client.post("/api/studies", json=recipe.json())
    assert again.status_code == 201, again.text
    timeless = [{**row, "seconds": None} for row in finished(client, again.json())["variants"]]
    assert timeless == [{**row, "seconds": None} for row in before["variants"]]


def test_exports_agree_and_run_nothing(client):
    study = begin(client, seeds=[70, 71], name="=cmd|' /C calc'!A0")
    labels = {"v1": "=1+1", "v2": "w/o 50 % & $x_1$ | \\"}
    assert client.patch(f"/api/studies/{study['id']}", json={"labels": labels}).status_code == 200
    results = finished(client, study)
    assert {row["label"] for row in rows(client, study)} == {
        "Baseline",
        "'=1+1",
        "w/o 50 % & $x_1$ | \\",
    }

    def export(format: str) -> bytes:
        answer = client.get(f"/api/studies/{study['id']}/export", params={"format": format})
        assert answer.status_code == 200, answer.text
        return answer.content

    table = pq.read_table(io.BytesIO(export("parquet"))).to_pylist()
    primary = [row["value"] for row in table if row["primary"] and row["variant"] == "v1"]
    assert primary == list(results["variants"][0]["values"].values())
    latex = export("latex").decode()
    assert r"w/o 50 \% \& \$x\_1\$ \textbar{} \textbackslash{}" in latex
    assert latex.count("rule") == 4
    assert r"| w/o 50 % \& \$x\_1\$ \| \\ |" in export("markdown").decode()
    assert export("svg").startswith(b"<?xml")
    assert export("pdf").startswith(b"%PDF")


def test_labels_and_order_are_kept_and_the_baseline_stays_first(client):
    study = begin(client, seeds=[80, 81])
    body = {
        "labels": {"v1": "without the nonlinearity"},
        "order": ["v2", "v1"],
        "note": "for the paper",
    }
    patched = client.patch(f"/api/studies/{study['id']}", json=body).json()
    assert [variant["label"] for variant in patched["variants"]] == [
        "Baseline",
        "w/o drop",
        "without the nonlinearity",
    ]
    error(client.patch(f"/api/studies/{study['id']}", json={"labels": {"v9": "x"}}), 404)
    found = client.get("/api/studies", params={"search": "for the paper"}).json()
    assert [one["id"] for one in found] == [study["id"]]
    finished(client, study)


def test_the_graph_of_a_variant_and_its_curves_can_be_read(client):
    study = begin(client, seeds=[90, 91])
    finished(client, study)
    graph = get(client, study, "/graph?variant=v1")
    assert [node["id"] for node in graph["nodes"] if node["disabled"]] == ["relu"]
    curves = get(client, study, "/curves?metric=val_loss")["variants"]
    assert set(curves) == {"baseline", "v1", "v2"}
    assert [(point["epoch"], point["n"]) for point in curves["v1"]] == [(1, 2), (2, 2)]
    assert all(point["low"] <= point["mean"] <= point["high"] for point in curves["v1"])


def test_a_dataset_that_comes_later_under_the_same_name_changes_nothing(serve: Serve):
    client = serve().client
    study = begin(client, seeds=[0, 1], epochs=200)
    other = b"a,b,y\n" + b"".join(b"%d,%d,%d\n" % (i, i, i) for i in range(40))
    assert (
        client.post("/api/datasets", files={"file": ("table", other, "text/csv")}).status_code
        == 201
    )
    finished(client, study)
    runs = [client.get(f"/api/runs/{cell['run']}").json() for cell in get(client, study, "/cells")]
    assert len({run["datasets"][0]["id"] for run in runs}) == 1


def test_batched_seeds_are_runs_of_their_own_with_the_same_numbers(client):
    alone, batched = begin(client, epochs=5), begin(client, epochs=5, batch_seeds=True)
    a, b = finished(client, alone), finished(client, batched)
    for one, same in zip(
        [a["baseline"], *a["variants"]], [b["baseline"], *b["variants"]], strict=True
    ):
        assert same["values"] == one["values"]
    cells = get(client, batched, "/cells")
    runs = [client.get(f"/api/runs/{cell['run']}").json() for cell in cells]
    assert all(run["state"] == "completed" and run["batch"]["speedup"] is not None for run in runs)
    twins = {(cell["variant"], cell["seed"]): cell["run"] for cell in get(client, alone, "/cells")}
    for cell in cells:
        url, twin = f"/api/runs/{cell['run']}", f"/api/runs/{twins[cell['variant'], cell['seed']]}"
        curves, same = (
            client.get(f"{url}/metrics").json()["series"],
            client.get(f"{twin}/metrics").json()["series"],
        )
        assert curves.keys() == same.keys()
        for key, points in curves.items():
            assert points == same[key], key
        names = {file["name"] for file in client.get(f"{url}/artifacts").json()}
        assert {"weights.safetensors", "report.json"} <= names
        assert any(name.startswith("checkpoint") for name in names)


def test_a_seed_batch_pauses_resumes_and_stops_together(serve: Serve):
    client = serve().client
    study = begin(
        client,
        epochs=4000,
        batch_seeds=True,
        seeds=[0, 1, 2, 3],
        strategy={"kind": "leave_one_out", "nodes": ["relu"]},
    )
    until(lambda: {cell["state"] for cell in get(client, study, "/cells")[:4]} == {"running"})
    command(client, study, "pause")
    until(lambda: {cell["state"] for cell in get(client, study, "/cells")} == {"paused"})
    steps = [
        client.get(f"/api/runs/{cell['run']}").json()["progress"]["step"]
        for cell in get(client, study, "/cells")
    ]
    assert len(set(steps)) == 1
    command(client, study, "resume")
    until(lambda: {cell["state"] for cell in get(client, study, "/cells")[:4]} == {"running"})
    one = get(client, study, "/cells")[0]["run"]
    assert client.post(f"/api/runs/{one}/stop").status_code == 200
    until(lambda: get(client, study, "/cells")[0]["state"] == "stopped")
    assert {cell["state"] for cell in get(client, study, "/cells")[1:4]} == {"running"}
    command(client, study, "stop")
    until(lambda: get(client, study)["counts"]["live"] == 0)
    assert {cell["state"] for cell in get(client, study, "/cells")} == {"stopped"}


def test_seeds_that_cannot_be_batched_train_one_after_the_other_as_if_never_batched(client):
    graph = chain(LAYERS, train={"epochs": 5, "clip_grad_norm": 1}).model_dump(mode="json")
    alone, batched = begin(client, graph=graph), begin(client, graph=graph, batch_seeds=True)
    a, b = finished(client, alone), finished(client, batched)
    assert [row["values"] for row in [a["baseline"], *a["variants"]]] == [
        row["values"] for row in [b["baseline"], *b["variants"]]
    ]
    runs = [
        client.get(f"/api/runs/{cell['run']}").json() for cell in get(client, batched, "/cells")
    ]
    assert {run["state"] for run in runs} == {"completed"}
    first = [run for run in runs if run["variant"] == "baseline"]
    assert [run["batch"]["speedup"] for run in first] == [0, 0, 0]
    log = client.get(f"/api/runs/{first[0]['id']}/events", params={"type": "log"}).json()
    assert any("Trained separately: the norm of the gradients" in event["message"] for event in log)
    assert all(row["batched"] == 0 for row in b["variants"])


def test_strategies_have_labels_and_state_whether_they_are_tested(client):
    strategies = client.get("/api/studies/strategies").json()
    schema = client.get("/openapi.json").json()["components"]["schemas"]
    assert [one["key"] for one in strategies] == schema["StrategyInfo"]["properties"]["key"]["enum"]
    assert all(one["label"] and one["help"].endswith(".") for one in strategies)
    labels = {one["label"] for one in strategies}
    assert labels <= {record.get("title") for record in schema.values()}
    assert [one["key"] for one in strategies if not one["tested"]] == ["random", "optuna"]


def test_a_study_that_compares_a_network_with_itself_is_refused(client):
    bring_table(client)
    same = {"kind": "grid", "factors": [{"node": "drop", "param": "p", "values": [0.2]}]}
    answer = client.post("/api/studies", json=plan(strategy=same))
    assert error(answer, 422)["message"] == "Every variant is the same network as the baseline."
