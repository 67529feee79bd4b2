"""Learning rates of every scheduler against plain torch, when a training is extended.

A run of 40 rows in batches of 8 with a fifth for validation has four steps an epoch.
"""

from __future__ import annotations

import shutil
import warnings

import pytest
import torch
from torch import nn, optim
from torch.optim import lr_scheduler

from visdl.models.errors import ConflictError, RunError
from visdl.models.graph import Graph, Node
from visdl.models.runs import Run
from visdl.nodes import NodeRegistry, SchedulerNode
from visdl.runs.extension import check_extension, schedule_notices, schedulers
from visdl.training.checkpoint import CheckpointFolder, Manifest

from ..support.graphs import MLP, chain, numbers, validator, wire
from ..support.runs import Outcome, assert_equal_weights, execute

STEPS = 4
SPLIT = {"batch_size": 8, "val_ratio": 0.2}
#: Parameters of the node, and those of torch's class where these differ; None: the length.
CASES: dict[str, tuple[dict, dict]] = {
    "ConstantLR": ({"total_iters": 2}, {}),
    "CosineAnnealingLR": ({}, {"T_max": None}),
    "CosineAnnealingWarmRestarts": ({"T_0": 2}, {}),
    "CyclicLR": ({"step_size_up": 3, "max_lr": 0.2}, {"base_lr": 0.1}),
    "ExponentialLR": ({"gamma": 0.9}, {}),
    "LinearLR": ({"total_iters": 4}, {}),
    "MultiStepLR": ({"milestones": [2, 4]}, {}),
    "OneCycleLR": ({"max_lr": 0.1}, {"total_steps": None}),
    "PolynomialLR": ({}, {"total_iters": None}),
    "ReduceLROnPlateau": ({"patience": 0, "threshold": 1e9}, {}),
    "SequentialLR": ({"milestones": [2]}, {}),
    "StepLR": ({"step_size": 2}, {}),
}
TIED = {"CosineAnnealingLR", "OneCycleLR", "PolynomialLR", "SequentialLR"}


def graph_of(name: str, epochs: int, interval: str, **params: object) -> Graph:
    graph = chain(MLP, split=SPLIT, train={"epochs": epochs}, optimizer=("SGD", {"lr": 0.1}))
    graph.edges = [edge for edge in graph.edges if edge.target_input != "optimizer"]
    options = {**CASES[name][0], **params}
    if name != "ReduceLROnPlateau":
        options["interval"] = interval
    graph.nodes.append(Node(id="s", type=name, params=options))
    if name == "SequentialLR":
        graph.nodes.append(Node(id="p0", type="ConstantLR"))
        graph.nodes.append(Node(id="p1", type="CosineAnnealingLR"))
        for part in ("p0", "p1"):
            graph.edges.append(wire(f"opt.optimizer > {part}.optimizer"))
            graph.edges.append(wire(f"{part}.scheduler > s.schedulers"))
    else:
        graph.edges.append(wire("opt.optimizer > s.optimizer"))
    graph.edges.append(wire("s.scheduler > train.optimizer"))
    return graph


def plain(name: str, epochs: int, interval: str) -> list[float]:
    """The learning rate of the last step of each epoch, written by hand with torch alone."""
    length = epochs * STEPS if interval == "step" else epochs
    weight = nn.Parameter(torch.zeros(1))
    optimizer = optim.SGD([weight], lr=0.1)
    params, theirs = CASES[name]
    options = {**params, **{k: length if v is None else v for k, v in theirs.items()}}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch warns of its own way to begin a second part
        if name == "SequentialLR":
            parts = [
                lr_scheduler.ConstantLR(optimizer),
                lr_scheduler.CosineAnnealingLR(optimizer, T_max=length - 2),
            ]
            scheduler = lr_scheduler.SequentialLR(optimizer, parts, [2])
        else:
            if name in ("CyclicLR", "OneCycleLR"):
                options["cycle_momentum"] = False  # it concerns no learning rate
            scheduler = getattr(lr_scheduler, name)(optimizer, **options)
        found = []
        for _ in range(epochs):
            for _ in range(STEPS):
                rate = optimizer.param_groups[0]["lr"]
                optimizer.step()
                if interval == "step":
                    scheduler.step()
            found.append(rate)
            if interval == "epoch":
                scheduler.step(*([1.0] if name == "ReduceLROnPlateau" else []))
    return found


def cases() -> list[tuple[str, str]]:
    every = [(name, interval) for name in CASES for interval in ("epoch", "step")]
    return [case for case in every if case != ("ReduceLROnPlateau", "step")]


@pytest.fixture
def data(tmp_path):
    return numbers(tmp_path)


def test_every_scheduler_of_the_catalogue_is_tried():
    known = {n for n in NodeRegistry.names() if issubclass(NodeRegistry.get(n), SchedulerNode)}
    assert known == set(CASES)


def extended(tmp_path, data, graph: Graph, longer: Graph) -> Outcome:
    """What a longer training gives from the last checkpoint of a shorter one."""
    execute(graph, tmp_path / "short", data, run="short")
    (tmp_path / "long").mkdir()
    shutil.copytree(tmp_path / "short" / "checkpoints", tmp_path / "long" / "checkpoints")
    return execute(longer, tmp_path / "long", data, run="long")


@pytest.mark.parametrize(("name", "interval"), cases())
def test_a_schedule_is_stretched_if_it_is_tied_to_the_length_and_continues_if_not(
    tmp_path, data, name, interval
):
    short, longer = graph_of(name, 3, interval), graph_of(name, 5, interval)
    outcome = extended(tmp_path, data, short, longer)
    assert outcome.series("lr")[-2:] == pytest.approx(plain(name, 5, interval)[3:], abs=1e-12)
    notices = schedule_notices(longer, NodeRegistry, 5)
    assert len(notices) == (name in TIED)
    if name not in TIED:
        whole = execute(longer, tmp_path / "whole", data)
        assert_equal_weights(outcome.weights(), whole.weights())
        assert outcome.series("lr")[-2:] == whole.series("lr")[3:]


def test_a_stretched_schedule_survives_the_end_of_its_process(tmp_path, data):
    short, longer = graph_of("OneCycleLR", 3, "step"), graph_of("OneCycleLR", 6, "step")
    whole = extended(tmp_path, data, short, longer)
    newest = CheckpointFolder(tmp_path / "long" / "checkpoints").newest()
    assert newest is not None
    assert newest[1]["schedule"][0]["total_steps"] == 6 * STEPS
    again = execute(longer, tmp_path / "long", data, run="long")  # from its own checkpoint
    assert_equal_weights(again.weights(), whole.weights())


@pytest.mark.parametrize(
    ("name", "params", "end"),
    [
        ("LinearLR", {"end_factor": 0.0, "total_iters": 3}, 3),
        ("PolynomialLR", {"total_iters": 2}, 2),
        ("LinearLR", {"end_factor": 0.5, "total_iters": 3}, None),
        ("LinearLR", {"end_factor": 0.0, "total_iters": 4}, 4),
        ("PolynomialLR", {"total_iters": 2, "power": 0.0}, None),
        ("PolynomialLR", {}, None),
        ("CosineAnnealingLR", {"T_max": 3}, None),
    ],
)
def test_an_extension_in_which_nothing_would_be_learned_is_refused(name, params, end):
    graph = graph_of(name, 3, "epoch", **params)
    [node] = schedulers(graph, NodeRegistry)
    assert node.zero_from() == end
    reached = Manifest.model_construct(epoch=3, step=12)
    run = Run(id="r", name="Mine", created=0.0)
    if end is None or end > 3:
        check_extension(run, graph, NodeRegistry, reached)
        return
    with pytest.raises(ConflictError, match=f"rate of 0 after {end} epochs, which 'Mine' has rea"):
        check_extension(run, graph, NodeRegistry, reached)


def test_a_scheduler_that_is_switched_off_or_replaced_by_a_part_stretches_nothing():
    graph = graph_of("OneCycleLR", 3, "step")
    graph.node("s").disabled = True
    assert schedule_notices(graph, NodeRegistry, 5) == []
    graph = graph_of("SequentialLR", 3, "epoch")
    assert schedule_notices(graph, NodeRegistry, 5) == [
        "SequentialLR is tied to the length of the training: its schedule is stretched to 5 epochs."
    ]


@pytest.mark.parametrize("epochs", [1, 5, 10])
@pytest.mark.parametrize("share", [0.0, 0.1, 0.2, 0.5, 0.999])
def test_one_cycle_fits_any_length(tmp_path, data, epochs, share):
    graph = graph_of("OneCycleLR", epochs, "epoch", pct_start=share)
    outcome = execute(graph, tmp_path / "run", data)
    assert outcome.series("lr")[-1] == pytest.approx(0.1 / 25 / 1e4, abs=1e-4)


def test_an_error_of_a_scheduler_is_a_sentence(tmp_path, data, monkeypatch):
    def fail(self: object, *args: object) -> None:
        raise ValueError("Tried to step 14 times")

    monkeypatch.setattr(lr_scheduler.StepLR, "get_lr", fail)
    with pytest.raises(RunError, match="StepLR cannot schedule the learning rate of SGD over 2"):
        execute(graph_of("StepLR", 2, "epoch"), tmp_path / "run", data)


@pytest.mark.parametrize(
    ("interval", "params", "warned"),
    [
        ("epoch", {"total_iters": 2}, "after 2 of 3 epochs"),
        ("epoch", {"total_iters": 3}, None),
        ("step", {"total_iters": 11}, "after 11 of 12 steps"),
        ("step", {}, None),
    ],
)
def test_a_rate_that_is_zero_before_the_end_is_a_warning(data, interval, params, warned):
    report = validator(data).report(graph_of("PolynomialLR", 3, interval, **params), to_run=True)
    assert report.valid
    found = [d.message for d in report.diagnostics if d.code == "learning_rate"]
    assert len(found) == (warned is not None)
    assert warned is None or warned in found[0]
