"""Metrics of training batches: in a run that continues within an epoch, and in a seed batch."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.utils.data import Subset, TensorDataset

from visdl.models.graph import Node
from visdl.nodes import NodeRegistry
from visdl.nodes.contract import evaluation
from visdl.nodes.contract.evaluation import evaluate, predict, rows_per_pass
from visdl.nodes.contract.learning import Loss, LossNode, MetricNode
from visdl.nodes.contract.metrics import running
from visdl.training.batched.batch import SeedBatch, fit_batched
from visdl.training.checkpoint import CheckpointFolder
from visdl.training.loop import fit
from visdl.training.plan import EpochDone, FitPlan, FitState, StepDone
from visdl.training.snapshot import restore, snapshot

from ..support.graphs import chain, numbers, wire
from ..support.metrics import measure
from ..support.runs import Outcome, execute, suspend

CPU = torch.device("cpu")
#: a metric of each kind: sums, moments, all values of an epoch
KINDS = ["RootMeanSquaredError", "R2Score", "PearsonCorrCoef", "SpearmanCorrCoef"]
KEYS = ["train_mse", "train_rmse", "train_r2", "train_pearson", "train_spearman", "val_spearman"]


def measured_graph() -> Any:
    layers = [("fc1", "Linear", {"out_features": 8}), ("drop", "Dropout", {"p": 0.5})]
    graph = chain(
        [*layers, ("fc2", "Linear", {"out_features": 1})],
        split={"batch_size": 8, "val_ratio": 0.2},
        train={"epochs": 4},
    )
    graph.nodes += [Node(id=kind, type=kind) for kind in KINDS]
    graph.edges += [wire(f"{kind}.metric > train.metrics") for kind in KINDS]
    return graph


def series(outcome: Outcome) -> dict[str, list[float | None]]:
    return {key: outcome.series(key) for key in KEYS}


@pytest.mark.parametrize("group", [1, 20, 1000])
def test_metrics_of_every_kind_continue_within_an_epoch_bit_for_bit(tmp_path, group, monkeypatch):
    monkeypatch.setattr(running, "_GROUP_ROWS", group)
    data, graph = numbers(tmp_path), measured_graph()
    straight = execute(graph, tmp_path / "straight", data)
    assert all(len(values) == 4 for values in series(straight).values())
    for step in (6, 8):  # within the second epoch, and after its last batch
        suspend(graph, tmp_path / f"run {step}", data, step=step)
        assert series(execute(graph, tmp_path / f"run {step}", data)) == series(straight)


def test_a_checkpoint_of_an_earlier_version_continues(tmp_path):
    """It holds the predictions of the epoch in place of the state of the metrics."""
    data, graph = numbers(tmp_path), measured_graph()
    straight = execute(graph, tmp_path / "straight", data)
    suspend(graph, tmp_path / "run", data, step=6)
    checkpoints = CheckpointFolder(tmp_path / "run" / "checkpoints")
    manifest, payload = checkpoints.newest()
    (tmp_path / "run" / "checkpoints" / manifest.file).unlink()
    [(predictions, targets)] = payload.pop("metrics")["waiting"]
    state = payload["state"]
    del state["running"], state["newest"]
    state["seen"] = [
        list(pair) for pair in zip(predictions.split(8), targets.split(8), strict=True)
    ]
    checkpoints.save(payload, epoch=manifest.epoch, step=manifest.step, reason="interrupted")
    assert series(execute(graph, tmp_path / "run", data)) == series(straight)


class Groups(MetricNode):
    """Notes the sizes of what is measured at once."""

    KEY = "groups"

    def __init__(self) -> None:
        self.sizes: list[int] = []

    def update(self, prediction: Tensor, target: Tensor) -> None:
        self.sizes.append(len(target))

    def compute(self) -> float:
        return float(sum(at * size for at, size in enumerate(self.sizes, start=1)))


def make(seed: int, **changes: Any) -> FitPlan:
    x = torch.randn(203, 2, generator=torch.Generator().manual_seed(1))
    cls = NodeRegistry.get("MSELoss")
    assert issubclass(cls, LossNode)
    node = cls.create({})
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = nn.Sequential(nn.Linear(2, 4), nn.Linear(4, 1))
    fields: dict[str, Any] = {
        "train": Subset(TensorDataset(x, x[:, :1]), range(203)),
        "metrics": [Groups, lambda: NodeRegistry.get("MeanSquaredError").create({})],
        **changes,
    }
    return FitPlan(
        model=model,
        loss=Loss(node.build(), node),
        optimizer=torch.optim.SGD(model.parameters(), lr=0.01),
        val=None,
        batch_size=16,
        epochs=2,
        seed=seed,
        **fields,
    )


def values_of(events: Iterator[Any]) -> list[float]:
    return [e.values["train_groups"] for e in events if isinstance(e, EpochDone)]


def test_a_seed_batch_measures_the_groups_of_single_runs_also_after_a_checkpoint(monkeypatch):
    monkeypatch.setattr(running, "_GROUP_ROWS", 50)
    straight = values_of(fit(make(0), FitState()))
    assert straight == [float(64 * (1 + 2 + 3) + 4 * 11)] * 2
    plans, states = [make(seed) for seed in (0, 1)], [FitState(), FitState()]
    batch, found = SeedBatch(plans), []
    for number, events in enumerate(fit_batched(plans, states, batch)):
        found.append(events[0])
        if number % 2:
            batch.sync_members()  # as before a checkpoint
    assert values_of(iter(found)) == straight


def test_an_epoch_keeps_only_the_batches_of_a_group(monkeypatch):
    monkeypatch.setattr(running, "_GROUP_ROWS", 50)
    plan, state, kept = make(0), FitState(), []
    for event in fit(plan, state):
        if isinstance(event, StepDone):
            metrics = snapshot(plan, state)["metrics"]
            kept.append(sum(len(output) for output, _ in metrics["waiting"]))
    assert max(kept) < 50
    assert len(kept) == 26


def test_a_snapshot_holds_no_more_memory_than_its_batches():
    """A batch may be a part of a larger tensor, of all members or of a chunk of rows."""
    plan, state = make(0), FitState()
    next(fit(plan, state))
    payload = snapshot(plan, state)
    tensors = [*payload["state"]["newest"], *payload["metrics"]["waiting"][0]]
    assert all(t.untyped_storage().nbytes() == 16 * 4 for t in tensors)
    assert restore(payload, make(0)).newest is not None


def token_model() -> nn.Module:
    """Scores (rows, 5, 6) of ids (rows, 6), of which the largest tensor has 6 * 20 per row."""
    return nn.Sequential(nn.Embedding(5, 20), nn.ReLU(), nn.Linear(20, 5), Turned())


class Turned(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x.transpose(1, 2)


def test_an_evaluation_passes_only_so_many_rows_at_once(monkeypatch):
    monkeypatch.setitem(evaluation._PASS_VALUES, "cpu", 1200)
    model, ids = token_model(), torch.randint(5, (37, 6))
    assert rows_per_pass(model, [ids]) == 10
    assert rows_per_pass(nn.Linear(30, 30), [torch.rand(50, 30)]) == 40  # weights do not count


@pytest.mark.parametrize("rows", [1, 10, 37])
def test_an_evaluation_in_passes_has_the_values_of_one_pass(rows):
    node = NodeRegistry.get("CrossEntropyLoss").create({"ignore_index": 2})
    assert isinstance(node, LossNode)
    model, ids = token_model(), torch.randint(5, (37, 6))
    target = torch.randint(5, (37, 6), generator=torch.Generator().manual_seed(1))
    loss = Loss(node.build(), node)
    made = [
        lambda: NodeRegistry.get("Accuracy").create({}),
        lambda: NodeRegistry.get("AUROC").create({}),
    ]
    observed: list[Tensor] = []
    values = evaluate(model, loss, [ids], target, made, "test loss is {}", rows, observed.append)
    output = predict(model, [ids])
    expected = {"loss": loss(output, target).item(), **measure(made, node, [(output, target)])}
    assert values == pytest.approx(expected, rel=1e-6)
    torch.testing.assert_close(torch.cat(observed), output)
    assert [len(part) for part in observed] == [len(part) for part in output.split(rows)]
