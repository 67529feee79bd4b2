"""Values that are not finite: the run fails within a step, names the node; no JSON has them."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from visdl.models.errors import RunError
from visdl.models.events import LogEvent
from visdl.models.graph import Block, Graph, Node, PortRef
from visdl.training.plan import FitPlan

from ..api.helpers import TABLE, upload
from ..conftest import own_registry, run_server
from ..support.graphs import chain, table, wire
from ..support.runs import execute
from .odd_nodes import ODD_NODES

pytestmark = [pytest.mark.integration, pytest.mark.usefixtures("one_thread")]

Layers = list[tuple[str, str, dict[str, Any]]]
ONE: Layers = [("fc", "Linear", {"out_features": 1})]
HEAD: Layers = [("head", "Linear", {"out_features": 1})]
Rows = Sequence[Sequence[object]]
#: Four batches of eight rows an epoch.
SPLIT = {"batch_size": 8, "val_ratio": 0.2}


@pytest.fixture(scope="module")
def odd_nodes(tmp_path_factory):
    """A folder with the odd node files."""
    folder = tmp_path_factory.mktemp("nodes")
    (folder / "odd.py").write_text(ODD_NODES)
    return folder


@pytest.fixture(scope="module")
def registry(odd_nodes):
    """A registry with the odd nodes."""
    with own_registry() as own:
        own.load_folder(odd_nodes)
        assert own.diagnostics() == []
        yield own


def rows(scale: float = 1.0, **changed: object) -> Rows:
    """y = a + b over 40 rows; the third line may hold something else."""
    places = [(1 + i, 1 + i * 7 % 40) for i in range(40)]
    found: list[list[object]] = [
        [scale * a / 40, scale * b / 40, scale * (a + b) / 40] for a, b in places
    ]
    found[1] = [changed.get(name, value) for name, value in zip("aby", found[1], strict=True)]
    return found


def one(layer: tuple[str, str, dict[str, Any]], **options: Any) -> Callable[[], Graph]:
    """A layer between two linear ones."""
    return lambda: straight([("fc", "Linear", {"out_features": 4}), layer, *HEAD], **options)


def straight(layers: Layers = ONE, *, validate: bool = True, **options: Any) -> Graph:
    graph = chain(layers, **{"split": SPLIT, "train": {"epochs": 3}, **options})
    if not validate:
        graph.edges = [edge for edge in graph.edges if edge.target_input != "val_loader"]
        graph.node("split").params["val_ratio"] = 0
    return graph


def divided() -> Graph:
    """A value over zero."""
    graph = one(("over", "Divide", {}))()
    graph.nodes.append(Node(id="zero", type="Zero", name="zero"))
    graph.edges = [edge for edge in graph.edges if edge.target != "over"]
    graph.edges += [
        wire("fc.output > zero.input"),
        wire("fc.output > over.input"),
        wire("zero.output > over.other"),
    ]
    return graph


def squared() -> Graph:
    graph = straight([("square", "Multiply", {}), *ONE])
    graph.nodes.append(Node(id="x", type="Input", name="x", params={"shape": [2]}))
    graph.edges += [wire("x.output > square.inputs"), wire("x.output > square.inputs")]
    return graph


def second_input() -> Graph:
    """Two inputs, of which the second goes through a logarithm."""
    graph = straight([("both", "Concat", {}), *ONE])
    graph.nodes += [
        Node(id=i, type="Input", name=i, params={"columns": i, "shape": [1]}) for i in "ab"
    ]
    graph.nodes.append(Node(id="log", type="Log", name="log of b"))
    graph.edges += [
        wire("b.output > log.input"),
        wire("a.output > both.inputs"),
        wire("log.output > both.inputs"),
    ]
    return graph


def in_a_block() -> Graph:
    graph = one(("outer", "Block", {"block": "odd"}))()
    graph.blocks["odd"] = Block(
        name="odd",
        nodes=[Node(id="inner", type="Exp", name="inner")],
        edges=[],
        inputs={"input": [PortRef(node="inner", port="input")]},
        outputs={"output": PortRef(node="inner", port="output")},
    )
    return graph


def rooted() -> Graph:
    """A root of what dropout has set to zero."""
    layers: Layers = [
        ("fc", "Linear", {"out_features": 8}),
        ("act", "Sigmoid", {}),
        ("drop", "Dropout", {}),
    ]
    return straight([*layers, ("root", "Root", {}), *HEAD])


def summed() -> Graph:
    """Errors of a batch that are added up."""
    graph = straight()
    graph.node("loss").params["reduction"] = "sum"
    return graph


def ignored() -> Graph:
    """Two classes, of which most rows have the one that does not count."""
    graph = straight([("fc", "Linear", {"out_features": 2})], loss="CrossEntropyLoss")
    graph.node("loss").params["ignore_index"] = 0
    return graph


def scheduled() -> Graph:
    graph = straight(optimizer=("SGD", {"lr": 1.0}))
    graph.nodes.append(
        Node(id="schedule", type="ExponentialLR", params={"gamma": 1e200, "interval": "step"})
    )
    graph.edges = [edge for edge in graph.edges if edge.source != "opt"]
    graph.edges += [
        wire("opt.optimizer > schedule.optimizer"),
        wire("schedule.scheduler > train.optimizer"),
    ]
    return graph


class Recipe(NamedTuple):
    graph: Callable[[], Graph]
    rows: Rows
    message: str
    node: str


SLOPE = "The loss is nan at step 2: the gradient of step 1 is not finite"
SO = "so the weights are not either"
WEIGHTS = "the weights 'fc.weight' are no longer finite."
RECIPES = {
    "inf in a column": Recipe(
        straight, rows(a="inf"), "Column 'a' has 1 infinite value (line 3).", "model"
    ),
    "1e400 in a column": Recipe(
        straight, rows(b="1e400"), "Column 'b' has 1 infinite value (line 3).", "model"
    ),
    "nan in the target": Recipe(straight, rows(y="nan"), "Column 'y'", "train"),
    "an input beyond 32 bits": Recipe(
        straight, rows(b=1e39), "Column 'b' has 1 infinite value (line 3).", "model"
    ),
    "a target beyond 32 bits": Recipe(
        straight, rows(y=-1e39), "Column 'y' has 1 infinite value (line 3).", "train"
    ),
    "huge values squared": Recipe(
        squared, rows(1e38), "The loss is inf at step 1: … 'square'.", "square"
    ),
    "exp of large numbers": Recipe(
        one(("grow", "Exp", {})),
        rows(1e4),
        "The loss is nan at step 1: … 'grow', the first nan from 'head'.",
        "grow",
    ),
    "log of a negative": Recipe(
        one(("log", "Log", {})), rows(), "The loss is nan at step 1: … 'log'.", "log"
    ),
    "division by zero": Recipe(divided, rows(), "The loss is inf at step 1: … 'over'.", "over"),
    "a second input": Recipe(
        second_input, rows(b=-1), "The loss is nan at step 1: … 'log of b'.", "log"
    ),
    "in a block": Recipe(
        in_a_block,
        rows(1e4),
        "The loss is nan at step 1: … 'outer.inner', the first nan from 'head'.",
        "outer/inner",
    ),
    "masks of whole rows": Recipe(
        lambda: straight([("mask", "MaskNegative", {}), ("soft", "Softmax", {}), *ONE]),
        rows(),
        "The loss is nan at step 1: … 'mask', the first nan from 'soft'.",
        "mask",
    ),
    "a node in the fifth step": Recipe(
        one(("late", "LateNaN", {})), rows(), "The loss is nan at step 5: … 'late'.", "late"
    ),
    "a loss of one's own": Recipe(
        lambda: straight(loss="LogOfNegativeLoss"),
        rows(),
        "The loss is nan at step 1: it comes from the loss 'Log of negative', for predictions as"
        " large as",
        "train",
    ),
    "a loss too large": Recipe(
        straight,
        rows(1e30),
        "The loss is inf at step 1: it comes from the loss 'MSE Loss', for predictions as large as",
        "train",
    ),
    "a sum beyond 32 bits": Recipe(
        summed,
        rows(1e19),
        "The loss is inf at step 1: it comes from the loss 'MSE Loss', for predictions as large as",
        "train",
    ),
    "a batch in which no target counts": Recipe(
        ignored,
        [[i / 40, i / 7, "no" if i < 36 else "yes"] for i in range(40)],
        "The loss is nan at step 5: none of the batch's targets counts.",
        "train",
    ),
    "a buffer that only evaluation reads": Recipe(
        one(("grown", "GrownBuffer", {})),
        rows(),
        "The validation loss is inf after step 4: … 'grown'.",
        "grown",
    ),
    "a learning rate of 1e30": Recipe(
        lambda: straight(optimizer=("SGD", {"lr": 1e30})),
        rows(),
        "The loss is inf at step 2: it comes from the loss",
        "train",
    ),
    "weights that explode": Recipe(
        lambda: straight(optimizer=("SGD", {"lr": 3e38})),
        rows(10),
        f"The loss is inf at step 2: {WEIGHTS}",
        "fc",
    ),
    "weights that explode at the end": Recipe(
        lambda: straight(
            optimizer=("SGD", {"lr": 3e38}),
            split={"batch_size": 40},
            validate=False,
            train={"epochs": 1},
        ),
        rows(10),
        f"The weights are not finite after step 1: {WEIGHTS}",
        "fc",
    ),
    "a schedule without end": Recipe(
        scheduled, rows(), "The loss is inf at step 3: the learning rate is inf.", "train"
    ),
    "LBFGS far too fast": Recipe(
        lambda: straight(optimizer=("LBFGS", {"lr": 1e30})),
        rows(),
        f"The loss is nan at step 2: {WEIGHTS}",
        "fc",
    ),
    "the slope of a root at 0": Recipe(
        rooted,
        rows(),
        f"{SLOPE} from 'root' backwards; {SO}.",
        "root",
    ),
    "the slope of a loss at 0": Recipe(
        lambda: straight(
            [("fc", "Linear", {"out_features": 1, "bias": False})], loss="RootMeanSquareLoss"
        ),
        rows(0.0),
        f"{SLOPE} from the loss 'Root of squares' backwards; {SO}.",
        "train",
    ),
    "clipped by an infinite norm": Recipe(
        lambda: straight(loss="L1Loss", train={"clip_grad_norm": 1.0}),
        rows(1e30),
        "The norm of the gradients is not finite at step 1.",
        "train",
    ),
    "running statistics": Recipe(
        lambda: straight([("norm", "BatchNorm1d", {}), *ONE], loss="L1Loss"),
        rows(1e25),
        "'norm.running_var' is not finite after step 4.",
        "norm",
    ),
}


def strict(text: str | bytes) -> Any:
    """JSON as the standard states: no NaN, no Infinity."""

    def refuse(constant: str) -> None:
        raise AssertionError(constant)

    return json.loads(text, parse_constant=refuse)


def assert_plain(folder: Path) -> None:
    for path in folder.rglob("*.json"):
        strict(path.read_bytes())


@pytest.mark.parametrize("name", RECIPES)
def test_the_run_fails_within_a_step_and_reports_where(registry, tmp_path, name):
    recipe = RECIPES[name]
    data = table(tmp_path, "a,b,y", recipe.rows)
    with pytest.raises(RunError) as caught:
        execute(recipe.graph(), tmp_path / "run", data, registry=registry)
    message = recipe.message.replace("…", "the first values that are not finite come from")
    assert caught.value.message.startswith(message), caught.value.message
    assert caught.value.node == (recipe.node or caught.value.node)
    assert caught.value.hint
    assert_plain(tmp_path / "run")


LATE = "the model's output is not finite"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("log of a negative", f"The loss is nan at step 1: {LATE}."),
        ("the slope of a root at 0", f"The loss is nan at step 2: {LATE}."),
        ("a loss of one's own", RECIPES["a loss of one's own"].message),
        ("a batch in which no target counts", RECIPES["a batch in which no target counts"].message),
        ("a schedule without end", RECIPES["a schedule without end"].message),
    ],
)
def test_a_loss_that_is_read_late_as_on_a_gpu_here_on_a_cpu_blames_nothing_that_came_after(
    registry, tmp_path, monkeypatch, name, message
):
    monkeypatch.setattr(FitPlan, "reads_each", False)
    recipe = RECIPES[name]
    with pytest.raises(RunError) as caught:
        execute(
            recipe.graph(),
            tmp_path / "run",
            table(tmp_path, "a,b,y", recipe.rows),
            registry=registry,
        )
    assert caught.value.message.startswith(message), caught.value.message
    assert caught.value.node == "train"
    assert ("CPU" in caught.value.hint) == (LATE in message)


def keep(graph: Graph, part: str) -> Graph:
    """With validation, or a test, on a table of its own."""
    graph.nodes.append(
        Node(id="other", type="CSVLoader", params={"file": "other", "target_columns": "y"})
    )
    if part == "validation":
        graph.edges = [edge for edge in graph.edges if edge.target_input != "val_loader"]
        graph.edges.append(wire("other.dataset > train.val_loader"))
    else:
        graph.nodes.append(Node(id="eval", type="Evaluator"))
        graph.edges += [
            wire("other.dataset > eval.test_dataset"),
            wire("train.result > eval.training_result"),
        ]
    return graph


@pytest.mark.parametrize(
    ("part", "message"),
    [("validation", "The validation loss is nan after step 4"), ("test", "The test loss is nan")],
)
def test_a_loss_that_is_none_on_other_data_alone_names_the_node_too(
    registry, tmp_path, part, message
):
    data = table(tmp_path, "a,b,y", rows()), table(tmp_path, "a,b,y", rows(a=-5), name="other")
    graph = keep(
        straight([("log", "Log", {}), *ONE], split={"batch_size": 8, "val_ratio": 0.2}), part
    )
    with pytest.raises(
        RunError, match=f"^{message}: the first values that are not finite come from 'log'.$"
    ) as caught:
        execute(graph, tmp_path / "run", *data, registry=registry)
    assert caught.value.node == "log"
    assert_plain(tmp_path / "run")


def test_a_metric_that_is_not_a_number_is_null_and_never_the_best(registry, tmp_path):
    graph = straight(train={"epochs": 3, "keep": "best", "monitor": "val_nonumber", "patience": 2})
    graph.nodes.append(Node(id="none", type="NoNumber"))
    graph.edges.append(wire("none.metric > train.metrics"))
    outcome = execute(graph, tmp_path / "run", table(tmp_path, "a,b,y", rows()), registry=registry)
    assert outcome.series("val_nonumber") == [None, None]  # as nothing was better, it ended early
    assert outcome.best("val_nonumber").best is None
    logged = [
        event.message
        for event in outcome.events
        if isinstance(event, LogEvent) and event.level == "warning" and "nonumber" in event.message
    ]
    assert logged == [
        f"'{part}_nonumber' is nan after epoch 1. The value is recorded as missing;"
        " training continues."
        for part in ("train", "val")
    ]
    report = strict((tmp_path / "run" / "artifacts" / "report.json").read_bytes())
    assert (report["best_epoch"], report["weights"]) == (None, "last")
    assert report["metrics"]["val_nonumber"] is None


@pytest.fixture(scope="module")
def odd_server(odd_nodes, tmp_path_factory):
    with run_server(tmp_path_factory.mktemp("data"), nodes_dir=odd_nodes) as server:
        assert upload(server.client, TABLE.replace(b"\n0,0,0\n", b"\n1,1,2\n")).status_code == 201
        yield server


def test_no_socket_carries_what_json_cannot_express(odd_server):
    graph = one(("late", "LateNaN", {"calls": 9}))()
    client = odd_server.client
    run = client.post("/api/runs", json={"graph": graph.model_dump(mode="json")}).json()
    url = f"/api/runs/{run['id']}"
    record = strict(client.get(url, params={"wait": 60}).content)
    assert record["state"] == "failed"
    assert record["error"]["code"] == "not_finite"
    assert record["error"]["node"] == "late"
    assert "at step 10" in record["error"]["message"]
    events = strict(client.get(f"{url}/events", params={"limit": 10_000}).content)
    with odd_server.connect(f"/ws/training?run={run['id']}&after=0") as socket:
        assert [strict(socket.recv(timeout=30))["seq"] for _ in events] == [
            event["seq"] for event in events
        ]
    assert len(strict(client.get(f"{url}/metrics").content)["series"]["batch_loss"]) == 9


def test_a_prediction_that_is_not_a_number_is_null(odd_server):
    client = odd_server.client
    graph = straight([*ONE, ("exp", "Exp", {})])
    run = client.post("/api/runs", json={"graph": graph.model_dump(mode="json")}).json()
    url = f"/api/runs/{run['id']}"
    assert client.get(url, params={"wait": 60}).json()["state"] == "completed"
    answer = client.post(
        f"{url}/predict",
        json={"rows": [{"a": 1, "b": 1}, {"a": 1e30, "b": 1e30}, {"a": -1e30, "b": -1e30}]},
    )
    assert answer.status_code == 200, answer.text
    usual, *odd = strict(answer.content)["predictions"]
    assert usual > 0
    assert sorted(odd, key=str) == [0.0, None]


def test_no_class_is_predicted_of_values_that_are_not_finite(odd_server):
    client = odd_server.client
    assert upload(client, b"a,b,y\n" + b"1,0,yes\n0,1,no\n" * 20, "classes").status_code == 201
    layers: Layers = [("fc", "Linear", {"out_features": 2}), ("exp", "Exp", {})]
    graph = straight(layers, loss="CrossEntropyLoss", data={"file": "classes"})
    run = client.post("/api/runs", json={"graph": graph.model_dump(mode="json")}).json()
    url = f"/api/runs/{run['id']}"
    assert client.get(url, params={"wait": 60}).json()["state"] == "completed"
    rows = [{"a": 1, "b": 0}, {"a": 1e30, "b": 0}, {"a": -1e30, "b": 0}]
    answer = strict(client.post(f"{url}/predict", json={"rows": rows}).content)
    assert answer["predictions"][0] in ("yes", "no")
    assert None in answer["predictions"][1:]
    assert all(
        None in values
        for values, guess in zip(answer["probabilities"], answer["predictions"], strict=True)
        if guess is None
    )
