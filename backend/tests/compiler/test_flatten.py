"""Blocks in the graph file: expanded, named, repeated, shared, switched off, and invalid."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from visdl.compiler.flatten import flatten
from visdl.models.graph import Block, Graph, Node, PortRef

from ..support.graphs import codes, validator, wire
from ..support.runs import built


def refs(*texts: str) -> list[PortRef]:
    return [PortRef(node=node, port=port) for node, port in (text.split(".") for text in texts)]


def residual(**more: Any) -> Block:
    """x + relu(fc(x)), the width exposed."""
    values: dict[str, Any] = {
        "nodes": [
            Node(id="fc", type="Linear", name="fc", params={"out_features": 2}),
            Node(id="act", type="ReLU", name="act"),
            Node(id="add", type="Add", name="add"),
        ],
        "edges": [wire("fc.output > act.input"), wire("act.output > add.inputs")],
        "inputs": {"input": refs("fc.input", "add.inputs")},
        "outputs": {"output": refs("add.output")[0]},
        "params": {"width": refs("fc.out_features")},
    }
    return Block(**{**values, **more})


def graph(
    *blocks: tuple[str, dict[str, Any]], definitions: dict[str, Block] | None = None, **more: Any
) -> Graph:
    """Input of 2 columns → the blocks in a row → model."""
    nodes = [Node(id="x", type="Input", params={"shape": [2]})]
    edges, last = [], "x"
    for node_id, params in blocks:
        nodes.append(
            Node(
                id=node_id,
                type="Block",
                name=node_id,
                params={"block": "residual", **params},
                **more,
            )
        )
        edges.append(wire(f"{last}.output > {node_id}.input"))
        last = node_id
    nodes.append(Node(id="model", type="ModelAssembly"))
    edges.append(wire(f"{last}.output > model.layers"))
    return Graph(nodes=nodes, edges=edges, blocks=definitions or {"residual": residual()})


def diagnostics_of(found: Graph) -> list[tuple[str, str | None, str | None]]:
    return codes(validator().report(found))


def test_inner_nodes_are_known_by_their_paths():
    flat = flatten(graph(("stem", {}), ("encoder", {"repeat": 2})))
    ids = [node.id for node in flat.graph.nodes]
    assert ids == [
        "x",
        *(f"stem/{name}" for name in ("fc", "act", "add")),
        *(f"encoder/{index}/{name}" for index in (0, 1) for name in ("fc", "act", "add")),
        "model",
    ]


def test_modules_have_dotted_names_and_compute_what_was_drawn():
    model = built(graph(("stem", {}), ("encoder", {"repeat": 2})))
    assert [name for name, _ in model.named_parameters()] == [
        f"{place}.fc.{part}"
        for place in ("stem", "encoder.0", "encoder.1")
        for part in ("weight", "bias")
    ]
    x = expected = torch.randn(5, 2)
    for place in ("stem", "encoder.0", "encoder.1"):
        expected = expected + model.get_submodule(f"{place}.fc")(expected).relu()
    torch.testing.assert_close(model(x), expected)


def test_the_report_sums_up_what_is_inside():
    report = validator().report(graph(("encoder", {"repeat": 3})))
    assert report.nodes["encoder"].parameters == 3 * 6
    assert report.nodes["encoder"].inputs["input"].text == "B, 2"
    assert report.nodes["encoder"].outputs["output"].text == "B, 2"
    assert report.nodes["encoder/2/fc"].parameters == 6
    assert report.totals.parameters == 18


def test_an_exposed_parameter_is_set_where_the_block_is_used():
    two = graph(("a", {"width": 2}), ("b", {}))
    assert diagnostics_of(two) == []
    [(code, node, _)] = diagnostics_of(graph(("a", {}), ("b", {"width": 5})))
    assert (code, node) == ("shape", "b/add")


def test_what_is_inside_keeps_its_weights_when_other_nodes_change():
    one, other = (
        built(graph(("a", {}), ("b", {}))),
        built(graph(("a", {"repeat": None}), ("b", {"repeat": 4}))),
    )
    assert torch.equal(one.get_parameter("a.fc.weight"), other.get_parameter("a.fc.weight"))
    renamed = graph(("a", {}), ("b", {}))
    renamed.nodes[1].name = "another name"
    again = built(renamed)
    assert torch.equal(
        one.get_parameter("a.fc.weight"), again.get_submodule("another name").fc.weight
    )


def test_repeats_start_with_weights_of_their_own():
    model = built(graph(("a", {"repeat": 2})))
    assert not torch.equal(
        model.get_parameter("a.0.fc.weight"), model.get_parameter("a.1.fc.weight")
    )


def test_shared_repeats_have_one_set_of_weights():
    drawn = graph(("a", {"repeat": 3, "shared": True}))
    model = built(drawn)
    assert model.get_parameter("a.0.fc.weight") is model.get_parameter("a.2.fc.weight")
    assert (
        sum(p.numel() for p in model.parameters())
        == validator().report(drawn).totals.parameters
        == 6
    )


def test_towers_share_one_set_of_weights_and_sum_up_their_gradients():
    drawn = graph(("a", {"repeat": 2}), ("b", {"repeat": 2, "weights_of": "a"}))
    assert diagnostics_of(drawn) == []
    model = built(drawn)
    for place in ("0.fc.weight", "1.fc.bias"):
        assert model.get_parameter(f"a.{place}") is model.get_parameter(f"b.{place}")
    assert model.get_parameter("a.0.fc.weight") is not model.get_parameter("a.1.fc.weight")
    report = validator().report(drawn)
    assert sum(p.numel() for p in model.parameters()) == report.totals.parameters == 12
    assert report.nodes["b"].parameters == 0


@pytest.mark.parametrize("shared", ["a", "b", "c"])
def test_sharing_is_followed_to_the_weights_there_are(shared):
    drawn = graph(
        ("a", {"repeat": 2}), ("b", {"repeat": 2, "weights_of": "a"}), ("c", {"repeat": 2})
    )
    drawn.nodes[3].params["weights_of"] = "b"
    next(node for node in drawn.nodes if node.id == shared).params["shared"] = True
    assert diagnostics_of(drawn) == []
    assert validator().report(drawn).totals.parameters == (6 if shared == "a" else 12)


@pytest.mark.parametrize(
    ("params", "off", "reason"),
    [
        ({"weights_of": "gone"}, None, "'gone': there is no other block 'gone' here."),
        ({"weights_of": "b"}, None, "'b': there is no other block 'b' here."),
        ({"weights_of": "data"}, None, "'data': there is no other block 'data' here."),
        ({"weights_of": "a"}, "a", "'a': 'a' is switched off."),
        ({"weights_of": "a", "repeat": 2}, None, "'a': their repeat counts differ."),
        ({"weights_of": "other"}, None, "'other': 'other' is a different block."),
    ],
)
def test_blocks_that_cannot_share_weights_are_reported_with_the_reason(params, off, reason):
    definitions = {"residual": residual(), "another": residual()}
    drawn = graph(
        ("a", {}), ("b", params), ("other", {"block": "another"}), definitions=definitions
    )
    for node in drawn.nodes:
        node.disabled = node.id == off
    [found] = [
        problem for problem in validator().report(drawn).diagnostics if problem.severity == "error"
    ]
    assert (found.code, found.node, found.port) == ("weights_of", "b", "weights_of")
    assert found.message == f"'b' cannot share weights with {reason}"


@pytest.mark.parametrize("param", ["weights_of", "block"])
def test_a_sentence_stays_short_however_long_the_name_in_it(param):
    drawn = graph(("a", {}), ("b", {param: "x" * 65_000}))
    [found] = [
        problem for problem in validator().report(drawn).diagnostics if problem.severity == "error"
    ]
    assert found.node == "b"
    assert len(found.message) < 300


def test_blocks_can_be_nested():
    outer = Block(
        nodes=[
            Node(id="inner", type="Block", name="inner", params={"block": "residual", "repeat": 2}),
            Node(id="out", type="Linear", name="out", params={"out_features": 2}),
        ],
        edges=[wire("inner.output > out.input")],
        inputs={"input": refs("inner.input")},
        outputs={"output": refs("out.output")[0]},
        params={"width": refs("inner.width")},
    )
    drawn = graph(
        ("a", {"block": "outer", "repeat": 2, "width": 2}),
        definitions={"residual": residual(), "outer": outer},
    )
    assert diagnostics_of(drawn) == []
    names = [name for name, _ in built(drawn).named_parameters()]
    assert "a.1.inner.0.fc.weight" in names
    report = validator().report(drawn)
    assert report.nodes["a"].parameters == 2 * (2 * 6 + 6)
    assert report.nodes["a/1/inner"].parameters == 12


@pytest.mark.parametrize("repeat", [None, 3])
def test_a_block_that_is_off_passes_its_input_through(repeat):
    drawn = graph(("a", {"repeat": repeat}), ("b", {}))
    drawn.nodes[1].disabled = True
    report = validator().report(drawn)
    assert codes(report) == []
    assert report.nodes["a"].status == "disabled"
    assert report.totals.parameters == 6
    x = torch.randn(3, 2)
    model = built(drawn)
    torch.testing.assert_close(model(x), x + model.get_submodule("b.fc")(x).relu())


def test_a_block_that_is_off_inside_another_one_passes_its_input_through():
    outer = Block(
        nodes=[Node(id="inner", type="Block", disabled=True, params={"block": "residual"})],
        edges=[],
        inputs={"input": refs("inner.input")},
        outputs={"output": refs("inner.output")[0]},
    )
    drawn = graph(
        ("a", {"block": "outer"}), ("b", {}), definitions={"residual": residual(), "outer": outer}
    )
    assert diagnostics_of(drawn) == []
    x = torch.randn(3, 2)
    assert built(drawn)(x).shape == x.shape


def test_an_outside_wire_keeps_its_position_among_the_wires_of_a_port():
    def concat(index: int | None) -> Graph:
        block = Block(
            nodes=[
                Node(id="fc", type="Linear", params={"out_features": 1}),
                Node(id="cat", type="Concat"),
            ],
            edges=[wire("fc.output > cat.inputs")],
            inputs={"input": [*refs("fc.input"), PortRef(node="cat", port="inputs", index=index)]},
            outputs={"output": refs("cat.output")[0]},
        )
        return graph(("a", {}), definitions={"residual": block})

    x = torch.randn(4, 2)
    assert torch.equal(built(concat(0))(x)[:, :2], x)
    assert torch.equal(built(concat(None))(x)[:, 1:], x)


def test_other_inputs_are_fed_to_every_repeat():
    block = Block(
        nodes=[Node(id="add", type="Add")],
        inputs={"input": refs("add.inputs"), "extra": refs("add.inputs")},
        outputs={"output": refs("add.output")[0]},
    )
    drawn = graph(("a", {"repeat": 3}), definitions={"residual": block})
    drawn.edges.append(wire("x.output > a.extra"))
    x = torch.randn(4, 2)
    torch.testing.assert_close(built(drawn)(x), 4 * x)


def test_weights_of_another_layer_inside_the_same_repeat():
    block = residual(
        nodes=[
            Node(id="fc", type="Linear", name="fc", params={"out_features": 2}),
            Node(
                id="act", type="Linear", name="act", params={"out_features": 2, "weights_of": "fc"}
            ),
            Node(id="add", type="Add", name="add"),
        ]
    )
    drawn = graph(("a", {"repeat": 2}), definitions={"residual": block})
    model = built(drawn)
    assert model.get_parameter("a.1.act.weight") is model.get_parameter("a.1.fc.weight")
    assert validator().report(drawn).totals.parameters == 12


WRONG: dict[str, tuple[dict[str, Any], dict[str, Block], str, str]] = {
    "unknown definition": (
        {"block": "nowhere"},
        {"residual": residual()},
        "unknown_block",
        "block",
    ),
    "contains itself": (
        {},
        {
            "residual": residual(
                nodes=[*residual().nodes, Node(id="b", type="Block", params={"block": "residual"})]
            )
        },
        "block_cycle",
        "block",
    ),
    "repeat of zero": ({"repeat": 0}, {"residual": residual()}, "bad_parameter", "repeat"),
    "repeat that is not a number": (
        {"repeat": "many"},
        {"residual": residual()},
        "bad_parameter",
        "repeat",
    ),
    "repeat of a half": ({"repeat": 1.5}, {"residual": residual()}, "bad_parameter", "repeat"),
    "repeat beyond all bounds": (
        {"repeat": 1e9},
        {"residual": residual()},
        "bad_parameter",
        "repeat",
    ),
    "unknown parameter": ({"depth": 3}, {"residual": residual()}, "unknown_parameter", "depth"),
    "no such input": (
        {},
        {"residual": residual(inputs={"other": refs("fc.input")})},
        "unknown_port",
        "input",
    ),
    "no such output": ({}, {"residual": residual(outputs={})}, "unknown_port", "output"),
}


@pytest.mark.parametrize(("params", "definitions", "code", "port"), WRONG.values(), ids=WRONG)
def test_what_is_wrong_with_a_block_is_reported_at_its_node(params, definitions, code, port):
    found = [
        problem
        for problem in diagnostics_of(graph(("a", params), definitions=definitions))
        if problem[0] == code
    ]
    assert found
    assert found[0][1].startswith("a")
    assert found[0][2] == port


def test_a_block_that_grows_beyond_the_limit_is_refused():
    def stack(inner: str) -> Block:
        return residual(
            nodes=[Node(id="b", type="Block", params={"block": inner, "repeat": 500})],
            edges=[],
            inputs={"input": refs("b.input")},
            outputs={"output": refs("b.output")[0]},
            params={},
        )

    definitions = {"unit": residual(), "a": stack("unit"), "b": stack("a"), "residual": stack("b")}
    assert "too_large" in [
        code for code, _, _ in diagnostics_of(graph(("a", {}), definitions=definitions))
    ]


def test_refs_to_nodes_that_are_gone_break_nothing():
    block = residual(
        inputs={"input": refs("fc.input", "gone.input")},
        outputs={"output": refs("gone.output")[0]},
        params={"width": refs("gone.out_features")},
    )
    assert diagnostics_of(graph(("a", {"width": 3}), definitions={"residual": block}))
