"""Every kind of mistake is reported once, at the node where it can be fixed."""

from __future__ import annotations

import pytest

from visdl.compiler.shapes import layer_facts
from visdl.models.graph import Node

from ..support.graphs import MLP, chain, codes, numbers, table, validator, wire


@pytest.fixture
def data(tmp_path):
    return numbers(tmp_path)


def test_a_sound_graph_is_valid_and_every_port_is_known(data):
    report = validator(data).report(chain(MLP), to_run=True)
    assert report.valid, report.diagnostics
    assert report.nodes["fc1"].inputs["input"].shape == ["B", 2]
    assert report.nodes["fc1"].outputs["output"].text == "B, 8"
    assert report.nodes["fc1"].parameters == 2 * 8 + 8
    assert report.nodes["fc1"].reads_input
    assert not report.nodes["fc2"].reads_input
    assert report.totals.parameters == 24 + 9
    assert report.totals.flops == 2 * (2 * 8 + 8)
    assert report.nodes["split"].outputs["train_loader"].text == "32 rows · batch 32"


def test_a_disabled_layer_lets_the_next_one_adapt(data):
    graph = chain(MLP)
    graph.node("fc1").disabled = True
    report = validator(data).report(graph)
    assert report.valid
    assert report.nodes["fc1"].status == "disabled"
    assert report.nodes["fc2"].inputs["input"].text == "B, 2"


def test_a_disabled_last_layer_is_refused_and_not_broadcast(data):
    graph = chain(MLP)
    graph.node("fc2").disabled = True
    report = validator(data).report(graph)
    assert codes(report) == [("output_shape", "fc2", None)]
    assert "B, 8" in report.diagnostics[0].message


def broken_wires():
    return {
        "unknown type": (
            lambda g: setattr(g.node("relu"), "type", "RELU"),
            ("unknown_type", "relu", None),
        ),
        "unknown parameter": (
            lambda g: g.node("fc1").params.update(width=3),
            ("unknown_parameter", "fc1", "width"),
        ),
        "parameter below its range": (
            lambda g: g.node("fc1").params.update(out_features=0),
            ("bad_parameter", "fc1", "out_features"),
        ),
        "text for a number": (
            lambda g: g.node("fc1").params.update(out_features="many"),
            ("bad_parameter", "fc1", "out_features"),
        ),
        "a number too large for a float": (
            lambda g: g.node("opt").params.update(lr=10**400),
            ("bad_parameter", "opt", "lr"),
        ),
        "not a number": (
            lambda g: g.node("opt").params.update(lr=float("nan")),
            ("bad_parameter", "opt", "lr"),
        ),
        "dangling wire": (
            lambda g: g.edges.append(wire("ghost.output > relu.input")),
            ("dangling_edge", "relu", "input"),
        ),
        "doubled wire": (lambda g: g.edges.append(g.edges[1]), ("duplicate_edge", "relu", "input")),
        "two wires in one port": (
            lambda g: g.edges.append(wire("fc1.output > fc2.input")),
            ("occupied_port", "fc2", "input"),
        ),
        "unknown port": (
            lambda g: g.edges.append(wire("fc1.output > fc2.inputs")),
            ("unknown_port", "fc2", "inputs"),
        ),
        "types that do not fit": (
            lambda g: g.edges.append(wire("loss.loss_fn > model.dataset")),
            ("type_mismatch", "model", "dataset"),
        ),
        "missing wire": (
            lambda g: g.edges.remove(wire("loss.loss_fn > train.loss_fn")),
            ("missing_input", "train", "loss_fn"),
        ),
        "optimizer switched off": (
            lambda g: setattr(g.node("opt"), "disabled", True),
            ("switched_off", "train", "optimizer"),
        ),
        "no file": (
            lambda g: g.node("csv").params.update(file=""),
            ("bad_parameter", "csv", "file"),
        ),
        "no such column": (
            lambda g: g.node("csv").params.update(input_columns="a,z"),
            ("invalid_input", "csv", "input_columns"),
        ),
        "best without validation": (
            lambda g: (
                g.node("train").params.update(keep="best"),
                g.node("split").params.update(val_ratio=0),
            ),
            ("no_validation", "train", "monitor"),
        ),
        "a metric of classes monitored on numbers": (
            lambda g: g.node("train").params.update(patience=3, monitor="val_accuracy"),
            ("no_metric", "train", "monitor"),
        ),
        "BatchNorm on batches of one row": (
            lambda g: (
                setattr(g.node("relu"), "type", "BatchNorm1d"),
                g.node("split").params.update(batch_size=1),
            ),
            ("batch_of_one", "split", "batch_size"),
        ),
        "second training loop": (
            lambda g: g.nodes.append(g.node("train").model_copy(update={"id": "again"})),
            ("second_loop", "again", None),
        ),
    }


@pytest.mark.parametrize("name", broken_wires())
def test_a_mistake_is_reported_at_its_node_and_port(name, data):
    breaks, expected = broken_wires()[name]
    graph = chain(MLP)
    breaks(graph)
    report = validator(data).report(graph)
    assert expected in codes(report)
    assert report.nodes[expected[1]].status == "error"
    assert all(d.message.endswith((".", "?")) for d in report.diagnostics)


def test_several_mistakes_are_reported_at_once(data):
    graph = chain(MLP)
    graph.node("fc1").params["out_features"] = -1
    graph.node("opt").params["lr"] = -1
    graph.node("relu").type = "Relu"
    report = validator(data).report(graph)
    assert {d.node for d in report.diagnostics if d.severity == "error"} == {"fc1", "opt", "relu"}
    assert next(d.hint for d in report.diagnostics if d.node == "relu") == "Did you mean 'ReLU'?"


def test_a_cycle_is_named_along_its_wires(data):
    graph = chain(MLP)
    graph.edges.append(wire("fc2.output > fc1.input"))
    report = validator(data).report(graph)
    message = next(d.message for d in report.diagnostics if d.code == "cycle")
    assert message.removeprefix("The wires form a cycle: ").rstrip(".").split(" → ")[0] in (
        "fc1",
        "relu",
        "fc2",
    )
    assert {d.node for d in report.diagnostics if d.code == "cycle"} == {"fc1", "relu", "fc2"}


def test_nodes_downstream_of_an_error_are_blocked(data):
    graph = chain(
        [
            ("fc1", "Linear", {"out_features": 4}),
            ("bn", "BatchNorm1d", {}),
            ("fc2", "Linear", {"out_features": 1}),
        ]
    )
    graph.node("csv").params["target_columns"] = "q"
    report = validator(data).report(graph)
    assert {d.node for d in report.diagnostics if d.severity == "error"} == {"csv"}
    assert report.nodes["train"].status == "blocked"


def test_the_hint_for_a_classifier_of_the_wrong_width_names_the_right_one(tmp_path):
    data = table(tmp_path, "a,y", [(i, ["cat", "dog", "bird"][i % 3]) for i in range(30)])
    graph = chain([("fc", "Linear", {"out_features": 5})], loss="CrossEntropyLoss")
    report = validator(data).report(graph)
    assert codes(report) == [("output_shape", "fc", "out_features")]
    assert report.diagnostics[0].hint == "Set out_features of 'fc' to 3."
    graph.node("fc").params["out_features"] = 3
    assert validator(data).report(graph).valid


def test_text_targets_need_a_classification_loss(tmp_path):
    data = table(tmp_path, "a,y", [(i, ["cat", "dog"][i % 2]) for i in range(10)])
    report = validator(data).report(chain([("fc", "Linear", {"out_features": 1})]))
    assert [(node, port) for _, node, port in codes(report)] == [("csv", "target_columns")]


def test_an_unwired_node_is_a_warning(data):
    graph = chain(MLP)
    graph.nodes.append(Node(id="stray", type="SGD"))
    report = validator(data).report(graph)
    assert report.valid
    assert codes(report, "warning") == [("unused", "stray", "model")] or codes(report, "warning")[
        0
    ][:2] == (
        "unused",
        "stray",
    )


def test_an_evaluator_whose_data_is_off_is_skipped(tmp_path):
    data, test = numbers(tmp_path), numbers(tmp_path, name="held_out")
    graph = chain(MLP)
    params = {"file": "held_out", "target_columns": "y"}
    graph.nodes += [
        Node(id="test", type="CSVLoader", disabled=True, params=params),
        Node(id="eval", type="Evaluator"),
    ]
    graph.edges += [
        wire("train.result > eval.training_result"),
        wire("test.dataset > eval.test_dataset"),
    ]
    report = validator(data, test).report(graph, to_run=True)
    assert report.valid
    assert codes(report, "info") == [("skipped", "eval", None)]


def test_a_test_file_without_the_columns_is_refused(tmp_path):
    data, test = numbers(tmp_path), table(tmp_path, "a,y", [(1, 2), (2, 3)], "held_out")
    graph = chain(MLP)
    params = {"file": "held_out", "target_columns": "y"}
    graph.nodes += [
        Node(id="test", type="CSVLoader", params=params),
        Node(id="eval", type="Evaluator"),
    ]
    graph.edges += [
        wire("train.result > eval.training_result"),
        wire("test.dataset > eval.test_dataset"),
    ]
    report = validator(data, test).report(graph)
    assert codes(report) == [("bad_input", "eval", "test_dataset")]
    assert "'b'" in report.diagnostics[0].message


def test_a_graph_without_a_training_loop_is_incomplete_until_it_is_to_run(data):
    graph = chain(MLP)
    graph.nodes = [node for node in graph.nodes if node.id != "train"]
    graph.edges = [edge for edge in graph.edges if edge.target != "train"]
    assert ("nothing_to_train", None, None) in codes(validator(data).report(graph), "warning")
    assert ("nothing_to_train", None, None) in codes(validator(data).report(graph, to_run=True))


def test_two_thousand_layers_are_walked_without_recursion_and_remembered(data):
    layers = [
        (f"l{i}", "Linear" if i % 2 == 0 else "ReLU", {"out_features": 8} if i % 2 == 0 else {})
        for i in range(1991)
    ]
    graph = chain([*layers, ("out", "Linear", {"out_features": 1})])
    assert validator(data).report(graph).valid
    misses = _misses()
    assert validator(data).report(graph).valid
    assert _misses() == misses


def _misses():
    from visdl.compiler import shapes  # noqa: PLC0415

    assert layer_facts
    return shapes._facts.cache_info().misses


def test_too_many_nodes_is_one_sentence(data):
    graph = chain(MLP)
    graph.nodes = [Node(id=str(i), type="ReLU") for i in range(2001)]
    assert codes(validator(data).report(graph)) == [("too_large", None, None)]


def test_a_wired_metric_may_be_monitored_and_an_unmonitored_one_is_not_checked(tmp_path):
    data = table(tmp_path, "a,b,y", [(i / 40, i % 7, i % 2) for i in range(40)])
    graph = chain(MLP, train={"keep": "best", "monitor": "val_accuracy"})
    graph.nodes.append(Node(id="accuracy", type="BinaryAccuracy"))
    assert codes(validator(data).report(graph, to_run=True)) == [("no_metric", "train", "monitor")]
    graph.edges.append(wire("accuracy.metric > train.metrics"))
    assert validator(data).report(graph, to_run=True).valid
    assert validator(data).report(chain(MLP, train={"monitor": "anything"}), to_run=True).valid


def test_a_layer_that_leads_to_no_model_is_a_warning(data):
    graph = chain(MLP)
    graph.nodes.append(Node(id="stray", type="ReLU"))
    graph.edges.append(wire("fc1.output > stray.input"))
    report = validator(data).report(graph, to_run=True)
    assert report.valid
    assert codes(report, "warning") == [("unused", "stray", None)]
    assert report.nodes["stray"].status == "unused"


def test_a_missing_wire_is_reported_downstream_of_another_mistake_too(data):
    graph = chain(MLP)
    graph.node("fc2").params["out_features"] = 3
    graph.nodes.append(Node(id="eval", type="Evaluator"))
    graph.edges.append(wire("train.result > eval.training_result"))
    found = codes(validator(data).report(graph, to_run=True))
    assert set(found) == {
        ("output_shape", "fc2", "out_features"),
        ("missing_input", "eval", "test_dataset"),
    }


def test_a_sentence_stays_short_however_long_the_name_of_the_layer_whose_weights_it_uses(
    tmp_path,
):
    graph = chain([("fc1", "Linear", {"out_features": 1, "weights_of": "x" * 65_000})])
    [found] = [
        problem
        for problem in validator(numbers(tmp_path)).report(graph).diagnostics
        if problem.port == "weights_of"
    ]
    assert len(found.message) < 300
