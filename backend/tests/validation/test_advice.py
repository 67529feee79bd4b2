"""Advice before a run: each warning states its reason and offers a fix that removes it."""

from __future__ import annotations

import pytest

from visdl.models.diagnostics import Diagnostic
from visdl.models.graph import Graph, Node

from ..support.graphs import MLP, chain, codes, numbers, table, validator, wire


@pytest.fixture
def data(tmp_path):
    return numbers(tmp_path)


@pytest.fixture
def classes(tmp_path_factory):
    return table(
        tmp_path_factory.mktemp("classes"),
        "a,b,y",
        [(i / 60, i * 7 % 60 / 60, "abc"[i % 3]) for i in range(60)],
    )


def warnings_of(data, graph) -> list[Diagnostic]:
    return [d for d in validator(data).report(graph).diagnostics if d.severity == "warning"]


def only(data, graph) -> Diagnostic:
    report = validator(data).report(graph)
    assert report.valid
    [found] = report.diagnostics
    return found


def apply(graph: Graph, found: Diagnostic) -> Graph:
    """Return the graph after a click on the fix, as the page applies it."""
    graph = graph.model_copy(deep=True)
    assert found.fix
    for edit in found.fix.edits:
        if edit.op == "set_param":
            graph.node(edit.node).params[edit.param] = edit.value
        elif edit.op == "remove_node":
            [before] = [e for e in graph.edges if e.target == edit.node]
            for edge in graph.edges:
                if edge.source == edit.node:
                    edge.source, edge.source_output = before.source, before.source_output
            graph.edges.remove(before)
            graph.nodes.remove(graph.node(edit.node))
        elif edit.op == "insert_node":
            for edge in graph.edges:
                if (edge.source, edge.source_output) == (edit.after, edit.output):
                    edge.source, edge.source_output = "new", "output"
            graph.nodes.append(Node(id="new", type=edit.type, params=edit.params))
            graph.edges.append(wire(f"{edit.after}.{edit.output} > new.input"))
        elif edit.op == "connect":
            port = (edit.node, edit.port)
            graph.edges = [e for e in graph.edges if (e.target, e.target_input) != port]
            graph.edges.append(wire(f"{edit.source}.{edit.output} > {edit.node}.{edit.port}"))
        elif edit.op == "replace_node":
            graph.node(edit.node).type, graph.node(edit.node).params = edit.type, edit.params
        else:
            graph.node(edit.node).disabled = edit.disabled
    return graph


def three(*end):
    """A classifier of three classes that ends with these layers."""
    return [
        ("fc1", "Linear", {"out_features": 8}),
        ("relu", "ReLU", {}),
        ("fc2", "Linear", {"out_features": 3}),
        *end,
    ]


def test_an_ordinary_training_gets_no_advice(data, classes):
    assert validator(data).report(chain(MLP)).diagnostics == []
    assert validator(classes).report(chain(three(), loss="CrossEntropyLoss")).diagnostics == []


@pytest.mark.parametrize(
    ("end", "loss", "word"),
    [
        ([("soft", "Softmax", {"dim": 1})], "CrossEntropyLoss", "is already a Softmax"),
        ([("soft", "LogSoftmax", {"dim": 1})], "CrossEntropyLoss", "is already a LogSoftmax"),
        (
            [("soft", "Softmax", {"dim": 1})],
            "NLLLoss",
            "needs log-probabilities, but 'soft' outputs probabilities",
        ),
        ([], "NLLLoss", "needs log-probabilities, but 'fc2' outputs any numbers"),
    ],
)
def test_the_end_of_a_classifier_suits_its_loss_or_is_fixed_by_a_click(classes, end, loss, word):
    graph = chain(three(*end), loss=loss)
    found = only(classes, graph)
    assert found.code == "activation_before_loss"
    assert word in found.message
    assert validator(classes).report(apply(graph, found)).diagnostics == []


@pytest.mark.parametrize(
    ("end", "loss"),
    [([("act", "Sigmoid", {})], "BCEWithLogitsLoss"), ([], "BCELoss")],
)
def test_the_end_of_a_yes_or_no_model_suits_its_loss_or_is_fixed_by_a_click(tmp_path, end, loss):
    data = table(tmp_path, "a,b,y", [(i / 60, 0.5, i % 2) for i in range(60)])
    graph = chain([*MLP, *end], loss=loss)
    found = only(data, graph)
    assert found.code == "activation_before_loss"
    assert validator(data).report(apply(graph, found)).diagnostics == []


def test_a_layer_at_the_end_that_is_switched_off_is_ignored(classes):
    graph = chain(three(("soft", "Softmax", {"dim": 1})), loss="CrossEntropyLoss")
    graph.node("soft").disabled = True
    assert validator(classes).report(graph).diagnostics == []


def test_two_linear_layers_in_a_row_are_one(data):
    graph = chain([("fc1", "Linear", {"out_features": 8}), ("fc2", "Linear", {"out_features": 1})])
    found = only(data, graph)
    assert (found.code, found.node) == ("linear_pair", "fc2")
    assert validator(data).report(apply(graph, found)).diagnostics == []


def test_an_activation_that_is_switched_off_does_not_cause_a_warning_of_linear_layers(
    data,
):
    graph = chain(MLP)
    graph.node("relu").disabled = True
    assert [d.code for d in warnings_of(data, graph)] in ([], ["linear_pair"])


def test_batch_norm_over_a_few_rows(data):
    layers = [
        ("fc1", "Linear", {"out_features": 8}),
        ("bn", "BatchNorm1d", {}),
        ("fc2", "Linear", {"out_features": 1}),
    ]
    graph = chain(layers, split={"batch_size": 4})
    found = only(data, graph)
    assert (found.code, found.node) == ("small_batch", "bn")
    assert validator(data).report(apply(graph, found)).diagnostics == []


def test_inputs_of_large_numbers_are_scaled_by_a_click(tmp_path):
    data = table(tmp_path, "a,b,y", [(i * 7 % 60, i / 60, i * 13 % 60 / 60) for i in range(60)])
    graph = chain(MLP)
    found = only(data, graph)
    assert (found.code, found.node, found.port) == ("unscaled_inputs", "split", "scaling")
    assert validator(data).report(apply(graph, found)).diagnostics == []


def test_inputs_that_are_normalised_first_need_no_scaling(tmp_path):
    data = table(tmp_path, "a,b,y", [(i * 7 % 60, i / 60, i * 13 % 60 / 60) for i in range(60)])
    assert validator(data).report(chain([("bn", "BatchNorm1d", {}), *MLP])).diagnostics == []


def test_a_target_of_large_numbers(tmp_path):
    data = table(tmp_path, "a,b,y", [(i * 7 % 60 / 60, 0.5, i * 10.5) for i in range(60)])
    found = only(data, chain(MLP))
    assert (found.code, found.node, found.port) == ("unscaled_target", "split", "target_scaling")


def test_classes_for_a_loss_of_amounts(tmp_path):
    data = table(tmp_path, "a,b,y", [(i / 60, 0.5, i % 3) for i in range(60)])
    graph = chain(MLP)
    found = only(data, graph)
    assert (found.code, found.node) == ("loss_suits", "loss")
    graph = apply(graph, found)
    assert graph.node("loss").type == "CrossEntropyLoss"
    report = validator(data).report(
        graph
    )  # now there must be an output for each class: one more click
    assert codes(report) == [("output_shape", "fc2", "out_features")]
    assert validator(data).report(apply(graph, report.diagnostics[0])).diagnostics == []


def test_amounts_for_a_loss_of_classes(tmp_path):
    data = table(tmp_path, "a,b,y", [(i * 7 % 200 / 200, 0.5, i) for i in range(200)])
    graph = chain([("fc", "Linear", {"out_features": 200})], loss="CrossEntropyLoss")
    found = warnings_of(data, graph)
    assert [d.code for d in found] == ["loss_suits"]
    assert apply(graph, found[0]).node("loss").type == "MSELoss"


@pytest.mark.parametrize("rate", [0.0, 1e-9, 5.0])
def test_a_learning_rate_out_of_any_usual_range(data, rate):
    graph = chain(MLP, optimizer=("Adam", {"lr": rate}))
    found = only(data, graph)
    assert (found.code, found.node, found.port) == ("learning_rate", "opt", "lr")
    assert validator(data).report(apply(graph, found)).diagnostics == []


def test_parts_that_nothing_reads(data):
    graph = chain(MLP)
    graph.nodes.append(Node(id="parts", type="Chunk", params={"chunks": 2}))
    graph.edges = [e for e in graph.edges if not (e.source == "relu" and e.target == "fc2")]
    graph.edges += [wire("relu.output > parts.input"), wire("parts.output1 > fc2.input")]
    found = only(data, graph)
    assert (found.code, found.node, found.port) == ("unused_output", "parts", "output2")


def test_columns_that_no_input_reads(data):
    graph = chain(MLP)
    graph.nodes.append(Node(id="in", type="Input", params={"columns": "a"}))
    graph.edges.append(wire("in.output > fc1.input"))
    found = only(data, graph)
    assert found.code == "unused_columns"
    assert "'b'" in found.message or " b" in found.message


def test_a_layer_that_leads_nowhere_is_removed_by_a_click(data):
    graph = chain(MLP)
    graph.nodes.append(Node(id="side", type="ReLU"))
    graph.edges.append(wire("fc1.output > side.input"))
    found = only(data, graph)
    assert (found.code, found.node) == ("unused", "side")
    assert validator(data).report(apply(graph, found)).diagnostics == []


def test_batches_of_one_row_are_fixed_by_a_click(data):
    layers = [
        ("fc1", "Linear", {"out_features": 8}),
        ("bn", "BatchNorm1d", {}),
        ("fc2", "Linear", {"out_features": 1}),
    ]
    graph = chain(layers, split={"batch_size": 1})
    [found] = validator(data).report(graph).diagnostics
    assert found.code == "batch_of_one"
    assert validator(data).report(apply(graph, found)).diagnostics == []
