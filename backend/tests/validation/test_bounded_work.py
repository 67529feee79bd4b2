"""Small graphs that would become large are counted before they are expanded, and refused.

None of these would end within the time limit of a test if it were expanded.
"""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from visdl.compiler.block_nesting import Nesting
from visdl.compiler.expansion import GraphLimits, why_too_large
from visdl.compiler.flatten import flatten
from visdl.models.graph import Block, Edge, Graph, Node, PortRef
from visdl.nodes import NodeRegistry
from visdl.validation import static_pass
from visdl.validation.model_checks import check_model
from visdl.validation.validator import Validator

from ..support.graphs import MLP, chain, codes, numbers, validator, wire


def node(name: str, block: str, **params: Any) -> Node:
    return Node(id=name, type="Block", name=name.upper(), params={"block": block, **params})


def nested(levels: int, inner: list[Node], *, width: int = 10, refs: int = 0) -> Graph:
    """Blocks in blocks: `width` of the next level in each, each input led to `refs` times."""
    blocks = {}
    for level in range(levels):
        nodes = [node(f"n{at}", f"b{level + 1}") for at in range(width)]
        ports = {"input": [PortRef(node="n0", port="input")] * refs}
        blocks[f"b{level}"] = Block(nodes=nodes, inputs=ports if refs else {})
    leaf = {"input": [PortRef(node="r", port="input")] * refs}
    blocks[f"b{levels}"] = Block(nodes=inner, inputs=leaf if refs else {})
    return Graph(nodes=[node("top", "b0")], blocks=blocks)


def fed(graph: Graph) -> Graph:
    """The graph with a layer that is wired to its block."""
    graph.nodes.append(Node(id="i", type="Identity"))
    graph.edges.append(Edge(source="i", source_output="output", target="top", target_input="input"))
    return graph


def twice() -> Graph:
    blocks = {"a": Block(nodes=[node("in", "b", repeat=1000)]), "b": Block()}
    return Graph(nodes=[node("top", "a", repeat=1000)], blocks=blocks)


def long_ids() -> Graph:
    blocks = {
        f"b{at}": Block(nodes=[node(f"{at:y<190}", f"b{at + 1}", repeat=2)]) for at in range(12)
    }
    blocks["b12"] = Block(nodes=[Node(id="r" * 200, type="ReLU")])
    return Graph(nodes=[node("top", "b0")], blocks=blocks)


TOO_LARGE = {
    "seven levels of blocks that end empty": (nested(7, []), "11,111,111 blocks"),
    "nineteen levels": (nested(19, [Node(id="r", type="ReLU")]), "over a trillion nodes"),
    "two nested repeats of a thousand": (twice(), "1,001,000 blocks"),
    "inputs that fan out": (
        fed(nested(7, [Node(id="r", type="ReLU")], width=1, refs=10)),
        "wires, those of block ports included",
    ),
    "long ids in deep blocks": (long_ids(), "characters of paths"),
}


@pytest.mark.parametrize(("graph", "amount"), TOO_LARGE.values(), ids=TOO_LARGE)
def test_a_graph_that_would_become_too_large_is_refused_at_its_block(graph, amount):
    report = validator().report(graph)
    [found] = report.diagnostics
    assert (found.code, found.node, found.port) == ("too_large", "top", "repeat")
    assert amount in found.message
    assert "'TOP' alone makes" in found.message
    assert "Lower the repeat counts of 'TOP'" in found.hint
    assert "VISDL_MAX_" in found.hint
    assert not report.valid


@pytest.mark.parametrize(
    ("limits", "setting"),
    [
        (GraphLimits(expanded_nodes=7), "VISDL_MAX_EXPANDED_NODES"),
        (GraphLimits(expanded_edges=7), "VISDL_MAX_EXPANDED_EDGES"),
        (GraphLimits(text=99), "VISDL_MAX_REPORT_MB"),
    ],
)
def test_limits_are_settings_that_the_sentence_names(limits, setting):
    block = Block(
        nodes=[Node(id="r", type="ReLU")], inputs={"input": [PortRef(node="r", port="input")]}
    )
    graph = Graph(nodes=[node("top", "a", repeat=4)], blocks={"a": block})
    graph.nodes += [node("more", "a", repeat=4)]
    [found] = Validator(NodeRegistry, {}.__getitem__, limits=limits).report(graph).diagnostics
    assert setting in found.hint


def test_what_is_counted_is_what_the_expansion_makes():
    block = Block(
        nodes=[Node(id="a", type="Linear"), Node(id="b", type="ReLU")],
        edges=[Edge(source="a", source_output="output", target="b", target_input="input")],
        inputs={"input": [PortRef(node="a", port="input")]},
        outputs={"output": PortRef(node="b", port="output")},
    )
    outer = Block(nodes=[node("x", "inner", repeat=3), node("off", "inner")])
    outer.nodes[1].disabled = True
    graph = Graph(
        nodes=[node("top", "outer", repeat=5), node("gone", "nowhere"), Node(id="r", type="ReLU")],
        blocks={"inner": block, "outer": outer},
    )
    flat = flatten(graph)
    exactly = GraphLimits(expanded_nodes=len(flat.graph.nodes))
    assert len(flat.graph.nodes) == 5 * (3 * 2 + 1) + 2
    nesting = Nesting(graph.blocks)
    assert why_too_large(graph, nesting, exactly) is None
    fewer = GraphLimits(expanded_nodes=len(flat.graph.nodes) - 1)
    assert why_too_large(graph, nesting, fewer) is not None
    assert len(flat.graph.edges) == 5 * (3 + 2)  # within each copy, and from one to the next


def test_blocks_that_contain_each_other_are_expanded_once():
    """Ten blocks of which each contains all ten: 10! paths without a repetition."""
    names = [f"b{at}" for at in range(10)]
    blocks = {name: Block(nodes=[node(f"n{other}", other) for other in names]) for name in names}
    report = validator().report(Graph(nodes=[node("top", "b0")], blocks=blocks))
    cycles = [found for found in report.diagnostics if found.code == "block_cycle"]
    assert len(cycles) == 10
    assert cycles[0].message == "Block 'b0' contains itself."
    assert cycles[1].message == (
        "Block 'b1' contains itself: it contains 'b0', which contains 'b1'."
    )


def test_wrong_parameters_of_a_repeated_block_are_listed_once_with_their_number():
    wrong = {f"p{at}": 1 for at in range(20)}
    blocks = {"a": Block(nodes=[Node(id="r", type="ReLU", params=wrong)])}
    graph = Graph(nodes=[node("top", "a", repeat=1000)], blocks=blocks)
    report = validator().report(graph)
    found = [one for one in report.diagnostics if one.code == "unknown_parameter"]
    assert {one.count for one in found} == {1000}
    assert [one.node for one in found] == ["top/0/r"] * 20
    assert sum(report.nodes[name].status == "error" for name in report.nodes) == 1001
    assert len(report.model_dump_json()) < 400_000


def test_a_list_of_problems_ends_and_states_it(tmp_path):
    graph = chain(MLP)
    graph.nodes[2].params |= {f"p{at}": 1 for at in range(100_000)}
    report = validator(numbers(tmp_path)).report(graph)
    assert len(report.diagnostics) == 301
    assert report.diagnostics[-1].code == "more_diagnostics"
    assert "300" in report.diagnostics[-1].message
    assert not report.valid


def test_the_sentence_about_a_large_cycle_names_some_of_its_nodes():
    names = [f"n{at}" for at in range(2000)]
    edges = [
        Edge(source=a, source_output="output", target=b, target_input="input")
        for a, b in itertools.pairwise([*names, names[0]])
    ]
    nodes = [Node(id=name, type="ReLU", name=name + "x" * 180) for name in names]
    report = validator().report(Graph(nodes=nodes, edges=edges))
    assert codes(report)[0][0] == "cycle"
    assert len(report.model_dump_json()) < 2_000_000
    assert "… (2,000 nodes)" in report.diagnostics[0].message


def test_shapes_that_took_too_long_are_left_for_the_next_check(tmp_path):
    layers = [(f"l{at}", "Linear", {"out_features": 7001 + at}) for at in range(3)]
    graph = chain([*layers, ("last", "Linear", {"out_features": 1})])
    data, limits = numbers(tmp_path), GraphLimits(seconds=0)
    judge = Validator(NodeRegistry, {"table": data}.__getitem__, limits=limits)
    report = judge.report(graph)
    assert report.valid
    assert [one.code for one in report.diagnostics].count("shape_later") == 1
    assert "VISDL_CHECK_SECONDS" in next(
        one.hint for one in report.diagnostics if one.code == "shape_later"
    )


def test_all_models_of_a_graph_share_the_time_for_shapes(tmp_path, monkeypatch):
    given = []

    def check(*args):
        given.append(args[-1])
        return check_model(*args)

    monkeypatch.setattr(static_pass, "check_model", check)
    graph = chain(MLP)
    graph.nodes += [Node(id="other", type="Linear"), Node(id="second", type="ModelAssembly")]
    graph.edges += [wire("other.output > second.layers"), wire("csv.dataset > second.dataset")]
    data, limits = numbers(tmp_path), GraphLimits(seconds=100)
    Validator(NodeRegistry, {"table": data}.__getitem__, limits=limits).report(graph)
    assert len(given) == 2
    assert min(given) < max(given) == 100


def test_nodes_that_look_through_columns_share_a_time(tmp_path, monkeypatch):
    monkeypatch.setattr(static_pass, "_TABLE_SECONDS", 1e-9)
    report = validator(numbers(tmp_path)).report(chain(MLP))
    assert report.valid
    assert ("unchecked", "split", None) in codes(report, "warning")


ODD_VALUES = {
    "an activation of too many axes": ("Reshape", {"shape": [1] * 300 + [2]}, "302 axes"),
    "a list of too many values": ("Reshape", {"shape": [1] * 20_000}, "at most 10,000 values"),
    "a stack of layers that takes seconds to measure": (
        "LSTM",
        {"num_layers": 1000},
        "must be at most 200",
    ),
    "a number of many digits": ("Linear", {"out_features": 10**4200}, "more than 40 digits"),
    "a text of too many characters": (
        "Linear",
        {"weights_of": "x" * 2_000_000},
        "at most 1,000,000 characters",
    ),
}


@pytest.mark.parametrize(("kind", "params", "text"), ODD_VALUES.values(), ids=ODD_VALUES)
def test_values_without_measure_are_refused(tmp_path, kind, params, text):
    graph = chain([("odd", kind, params), ("last", "Linear", {"out_features": 1})])
    report = validator(numbers(tmp_path)).report(graph)
    assert any(text in one.message for one in report.diagnostics)
    assert not report.valid


def test_rules_of_an_optimizer_are_bounded(tmp_path):
    """A fix that removes one of many rules would list all others, for each of them."""
    judge = validator(numbers(tmp_path))
    for number, code in ((100, "warning"), (101, "error")):
        rules = [{"select": "name", "match": f"*w*e*{at}"} for at in range(number)]
        graph = chain(MLP, optimizer=("Adam", {"lr": 0.01, "groups": rules}))
        report = judge.report(graph)
        found = [one for one in report.diagnostics if one.code == "parameter_groups"]
        assert {one.severity for one in found} == {code}
        assert len(report.model_dump_json()) < 200_000
    assert found[0].message == "There are 101 rules; at most 100 are possible."
