"""Training inside one process: numbers, commands, checkpoints, results."""

import json
import re
import threading
from collections import OrderedDict

import pytest
import torch
from sklearn.datasets import load_diabetes, load_iris
from sklearn.model_selection import train_test_split
from torch import nn

from visdl.models.errors import RunError
from visdl.models.events import LogEvent, MetricsEvent
from visdl.models.runs import RunState
from visdl.training.checkpoint import CheckpointFolder
from visdl.training.control import Command, TrainingController
from visdl.training.plan import FitPlan

from ..support.graphs import MLP, chain, numbers, table, wire
from ..support.runs import assert_equal_weights, execute, suspend

pytestmark = pytest.mark.integration

DROPOUT = [
    ("fc1", "Linear", {"out_features": 8}),
    ("drop", "Dropout", {"p": 0.5}),
    ("fc2", "Linear", {"out_features": 1}),
]
EIGHT = {"batch_size": 8, "val_ratio": 0.2}  # four batches an epoch, of 40 rows


def plain_mlp() -> nn.Module:
    """The network of MLP as anybody would write it by hand."""
    return nn.Sequential(OrderedDict(fc1=nn.Linear(2, 8), relu=nn.ReLU(), fc2=nn.Linear(8, 1)))


@pytest.fixture
def data(tmp_path):
    return numbers(tmp_path)


def test_the_same_run_twice_gives_the_same_numbers(tmp_path, data):
    graph = chain(DROPOUT, split=EIGHT, train={"epochs": 3})
    first = execute(graph, tmp_path / "1", data, seed=5)
    second = execute(graph, tmp_path / "2", data, seed=5)
    other = execute(graph, tmp_path / "3", data, seed=6)
    assert first.series("batch_loss") == second.series("batch_loss")
    assert_equal_weights(first.weights(), second.weights())
    assert first.series("batch_loss") != other.series("batch_loss")


def test_losses_are_averaged_per_sample_also_over_a_smaller_last_batch(tmp_path, data):
    # 40 rows in batches of 32 and 8, with weights that next to never move.
    graph = chain(
        MLP,
        split={"batch_size": 32, "val_ratio": 0},
        optimizer=("SGD", {"lr": 1e-12}),
        train={"epochs": 1},
    )
    graph.edges = [edge for edge in graph.edges if edge.target_input != "val_loader"]
    outcome = execute(graph, tmp_path / "run", data)
    model = plain_mlp()
    model.load_state_dict(outcome.weights())
    x = torch.from_numpy(data.numbers(["a", "b"]))
    y = torch.from_numpy(data.numbers(["y"]))
    expected = nn.functional.mse_loss(model(x), y).item()
    assert outcome.series("train_loss") == [pytest.approx(expected, rel=1e-5)]


def test_a_last_batch_of_one_row_does_not_break_batch_norm(tmp_path):
    data = numbers(tmp_path, rows=33)
    layers = [
        ("fc1", "Linear", {"out_features": 4}),
        ("bn", "BatchNorm1d", {}),
        ("fc2", "Linear", {"out_features": 1}),
    ]
    graph = chain(layers, split={"batch_size": 32, "val_ratio": 0})
    graph.edges = [edge for edge in graph.edges if edge.target_input != "val_loader"]
    outcome = execute(graph, tmp_path / "run", data)
    assert (
        len(outcome.series("batch_loss")) == 2
    )  # an epoch each: the odd row joined the batch before it


def test_batch_norm_with_batches_of_one_row_is_refused_with_the_remedy(tmp_path, data):
    layers = [
        ("fc1", "Linear", {"out_features": 4}),
        ("bn", "BatchNorm1d", {}),
        ("fc2", "Linear", {"out_features": 1}),
    ]
    with pytest.raises(RunError, match="at least 2 rows in a batch") as caught:
        execute(chain(layers, split={"batch_size": 1}), tmp_path / "run", data)
    assert "batch_size" in caught.value.hint


def test_a_loss_that_is_not_finite_ends_the_run_with_the_place_and_the_remedy(tmp_path, data):
    with pytest.raises(RunError, match=r"loss is (nan|inf) \w+ step \d+: .*fc") as caught:
        execute(
            chain(MLP, optimizer=("SGD", {"lr": 1e30}), train={"epochs": 20}),
            tmp_path / "run",
            data,
        )
    assert caught.value.node == "fc2"
    assert "learning rate" in caught.value.hint


def test_the_formula_that_gives_the_first_value_that_is_not_finite_is_named(tmp_path, data):
    layers = [
        ("fc1", "Linear", {"out_features": 4}),
        ("square it", "Multiply", {}),
        ("fc2", "Linear", {"out_features": 1}),
    ]
    graph = chain(layers, optimizer=("SGD", {"lr": 1e25}), train={"epochs": 20})
    graph.edges = [edge for edge in graph.edges if edge.target != "square it"]
    graph.edges += [wire("fc1.output > square it.inputs") for _ in range(2)]
    with pytest.raises(
        RunError, match="the first values that are not finite come from 'square it'"
    ):
        execute(graph, tmp_path / "run", data)


def test_a_stop_takes_effect_after_the_batch_and_keeps_what_there_is(tmp_path, data):
    controller = TrainingController()
    outcome = execute(
        chain(MLP, split=EIGHT, train={"epochs": 100}),
        tmp_path / "run",
        data,
        controller=controller,
        after_step=lambda step: controller.request(Command.STOP) if step == 6 else None,
    )
    assert outcome.stopped
    assert len(outcome.series("batch_loss")) == 6
    newest, _ = CheckpointFolder(outcome.folder / "checkpoints").newest()
    assert (newest.step, newest.reason) == (6, "stop")
    assert set(outcome.weights()) == {"fc1.weight", "fc1.bias", "fc2.weight", "fc2.bias"}


def test_a_pause_holds_at_the_batch_with_a_checkpoint_and_changes_no_number(tmp_path, data):
    graph = chain(DROPOUT, split=EIGHT, train={"epochs": 5})
    straight = execute(graph, tmp_path / "straight", data)
    controller, paused = TrainingController(), threading.Event()
    held: list[int] = []

    def resume_soon() -> None:
        assert paused.wait(30)
        newest, _ = CheckpointFolder(tmp_path / "paused" / "checkpoints").newest()
        held.append(newest.step)
        controller.request(Command.RESUME)

    helper = threading.Thread(target=resume_soon)
    helper.start()
    outcome = execute(
        graph,
        tmp_path / "paused",
        data,
        controller=controller,
        after_step=lambda step: controller.request(Command.PAUSE) if step == 6 else None,
        on_state=lambda state: paused.set() if state is RunState.PAUSED else None,
    )
    helper.join()
    assert held == [6]
    assert outcome.states == [RunState.RUNNING, RunState.PAUSED, RunState.RUNNING]
    assert outcome.series("batch_loss") == straight.series("batch_loss")
    assert_equal_weights(outcome.weights(), straight.weights())


def test_continuing_from_a_checkpoint_in_the_middle_of_an_epoch_gives_the_same_bits(tmp_path, data):
    graph = chain(DROPOUT, split=EIGHT, train={"epochs": 4})
    straight = execute(graph, tmp_path / "straight", data)
    suspend(graph, tmp_path / "run", data, step=6)
    outcome = execute(graph, tmp_path / "run", data)
    # nobody stored the first steps: they are logged again
    assert outcome.series("batch_loss") == straight.series("batch_loss")
    assert outcome.series("val_loss") == straight.series("val_loss")
    assert outcome.best("val_loss") == straight.best("val_loss")
    assert_equal_weights(outcome.weights(), straight.weights())


def test_another_machine_is_logged_before_training_continues(tmp_path, data):
    graph = chain(MLP, split=EIGHT, train={"epochs": 4})
    suspend(graph, tmp_path / "run", data, step=6)
    checkpoints = CheckpointFolder(tmp_path / "run" / "checkpoints")
    manifest, payload = checkpoints.newest()
    (tmp_path / "run" / "checkpoints" / manifest.file).unlink()
    payload |= {"torch": "1.0", "threads": 1}
    checkpoints.save(payload, epoch=manifest.epoch, step=manifest.step, reason="interrupted")
    threads = torch.get_num_threads()
    outcome = execute(graph, tmp_path / "run", data)
    assert torch.get_num_threads() == 1  # the checkpoint's: sums over other parts differ
    torch.set_num_threads(threads)
    kinds = [event for event in outcome.events if isinstance(event, LogEvent | MetricsEvent)]
    [warning] = [
        event for event in kinds if isinstance(event, LogEvent) and event.level == "warning"
    ]
    assert re.search(
        r"may differ in the last digits: the PyTorch version is 2\S+ instead of 1\.0\.",
        warning.message,
    )
    later = kinds[kinds.index(warning) + 1 :]
    assert (
        max(step for event in later for step, _, _ in event.series.get("batch_loss", []))
        == outcome.steps
    )
    before = [event for event in kinds[: kinds.index(warning)] if isinstance(event, MetricsEvent)]
    assert all(step <= 6 for event in before for step, _, _ in event.series.get("batch_loss", []))


def test_without_any_valid_checkpoint_training_restarts_from_the_beginning(tmp_path, data):
    graph = chain(MLP, split=EIGHT, train={"epochs": 4})
    straight = execute(graph, tmp_path / "straight", data)
    suspend(graph, tmp_path / "run", data, step=6)
    [path] = (tmp_path / "run" / "checkpoints").glob("*.pt")
    path.write_bytes(path.read_bytes()[:-1])
    outcome = execute(graph, tmp_path / "run", data)
    logged = [event.message for event in outcome.events if isinstance(event, LogEvent)]
    assert logged[:2] == [
        f"Checkpoint {path.name} is not used: it is damaged.",
        "No valid checkpoint was found; training restarts from the beginning.",
    ]
    assert_equal_weights(outcome.weights(), straight.weights())


def test_patience_ends_a_training_that_no_longer_gets_better_and_the_best_is_kept(tmp_path, data):
    train = {"epochs": 50, "patience": 2, "keep": "best", "monitor": "val_loss"}
    outcome = execute(
        chain(MLP, optimizer=("SGD", {"lr": 0.9}), train=train), tmp_path / "run", data
    )
    losses = outcome.series("val_loss")
    assert len(losses) < 50
    report = json.loads((outcome.folder / "artifacts" / "report.json").read_text())
    assert report["weights"] == "best"
    assert losses[report["best_epoch"] - 1] == min(losses)


def test_the_weights_load_into_plain_pytorch_and_predict_the_same(tmp_path, data):
    graph = chain(MLP, train={"epochs": 3})
    graph.nodes.append(
        graph.node("csv").model_copy(update={"id": "eval", "type": "Evaluator", "params": {}})
    )
    graph.edges += [
        wire("train.result > eval.training_result"),
        wire("csv.dataset > eval.test_dataset"),
    ]
    outcome = execute(graph, tmp_path / "run", data)
    charts = json.loads((outcome.folder / "artifacts" / "predictions.json").read_text())
    model = plain_mlp()
    model.load_state_dict(outcome.weights())
    with torch.no_grad():
        expected = model(torch.from_numpy(data.numbers(["a", "b"])))[:, 0]
    torch.testing.assert_close(torch.tensor(charts["predicted"][0]), expected)


def test_iris_with_its_names_as_labels_is_learned(tmp_path):
    iris = load_iris()
    rows = [
        [*map(float, x), iris.target_names[y]] for x, y in zip(iris.data, iris.target, strict=True)
    ]
    train, test = train_test_split(rows, test_size=0.2, random_state=42, stratify=iris.target)
    header = "sepal_length,sepal_width,petal_length,petal_width,species"
    known = table(tmp_path, header, train, "iris")
    unseen = table(tmp_path, header, test, "iris_test")
    graph = chain(
        [
            ("fc1", "Linear", {"out_features": 16}),
            ("relu", "ReLU", {}),
            ("fc2", "Linear", {"out_features": 3}),
        ],
        loss="CrossEntropyLoss",
        data={"file": "iris", "target_columns": "species"},
        split={"batch_size": 16, "scaling": "standardize"},
        train={"epochs": 60},
    )
    graph.nodes.append(
        graph.node("csv").model_copy(
            update={"id": "test", "params": {"file": "iris_test", "target_columns": "species"}}
        )
    )
    graph.nodes.append(
        graph.node("csv").model_copy(update={"id": "eval", "type": "Evaluator", "params": {}})
    )
    graph.edges += [
        wire("train.result > eval.training_result"),
        wire("test.dataset > eval.test_dataset"),
    ]
    outcome = execute(graph, tmp_path / "run", known, unseen)
    assert outcome.series("test_accuracy")[-1] * 30 >= 28 - 1e-6
    charts = json.loads((outcome.folder / "artifacts" / "predictions.json").read_text())
    assert charts["classes"] == ["setosa", "versicolor", "virginica"]
    assert sum(map(sum, charts["confusion"])) == 30


def test_one_linear_layer_on_all_of_diabetes_is_least_squares(tmp_path):
    data = load_diabetes()
    header = ",".join(f"x{i}" for i in range(10)) + ",y"
    rows = table(
        tmp_path,
        header,
        [[*map(float, x), float(y)] for x, y in zip(data.data, data.target, strict=True)],
    )
    graph = chain(
        [("fc", "Linear", {"out_features": 1})],
        split={"batch_size": 442, "scaling": "standardize", "val_ratio": 0.0},
        train={"epochs": 3000, "monitor": "train_loss"},
        optimizer=("Adam", {"lr": 1.0}),
    )
    graph.nodes.append(
        graph.node("csv").model_copy(update={"id": "eval", "type": "Evaluator", "params": {}})
    )
    graph.edges += [
        wire("train.result > eval.training_result"),
        wire("csv.dataset > eval.test_dataset"),
    ]
    outcome = execute(graph, tmp_path / "run", rows)
    assert outcome.series("test_r2")[-1] == pytest.approx(0.5177484222, abs=1e-7)
    assert outcome.series("test_mse")[-1] == pytest.approx(2859.69634759, rel=1e-7)
    assert outcome.weights()["fc.bias"].item() == pytest.approx(152.1334842, rel=1e-5)


def test_each_checkpoint_has_the_best_weights_even_of_epochs_that_were_not_saved(tmp_path, data):
    graph = chain(MLP, split=EIGHT, train={"epochs": 3, "keep": "best"})
    suspend(
        graph, tmp_path / "run", data, step=10
    )  # in the third epoch; none was long enough to be saved
    folder = CheckpointFolder(tmp_path / "run" / "checkpoints")
    [saved] = folder.manifests()
    assert (saved.step, saved.is_best) == (10, False)
    state = folder.newest()[1]["state"]
    as_good = execute(
        chain(MLP, split=EIGHT, train={"epochs": state["best_epoch"]}), tmp_path / "as good", data
    )
    assert_equal_weights(state["best_weights"], as_good.weights())
    execute(graph, tmp_path / "run", data)
    best = folder.newest()[1]["state"]["best_epoch"]
    assert [(saved.step, saved.is_best) for saved in folder.manifests()] == [
        (12, best == 3),
        (10, False),
    ]


def test_losses_that_are_read_late_as_on_a_gpu_here_on_a_cpu_are_read_before_a_run_is_left(
    tmp_path, data, monkeypatch
):
    monkeypatch.setattr(FitPlan, "reads_each", False)
    graph = chain(MLP, split=EIGHT)
    whole = execute(graph, tmp_path / "whole", data)
    suspend(graph, tmp_path / "left", data, step=3)
    left = execute(graph, tmp_path / "left", data)
    assert_equal_weights(left.weights(), whole.weights())
    for key in ("batch_loss", "train_loss", "val_loss"):
        assert left.series(key) == whole.series(key), key
