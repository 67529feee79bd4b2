"""From strategies to variants: which networks, compared with what, and what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from visdl.models.errors import InvalidGraphError, InvalidInputError
from visdl.models.graph import BLOCK, Block, Graph, Node, PortRef
from visdl.models.studies import StudyPlan, Variant
from visdl.nodes import NodeRegistry
from visdl.studies.edits import find_node
from visdl.studies.planning.check import PlannedStudy
from visdl.studies.planning.pipeline import StudyPlanner

from ..support.graphs import chain, numbers, validator, wire

LAYERS = [
    ("fc1", "Linear", {"out_features": 8}),
    ("relu", "ReLU", {}),
    ("drop", "Dropout", {"p": 0.1}),
    ("fc2", "Linear", {"out_features": 8}),
    ("out", "Linear", {"out_features": 1}),
]


@pytest.fixture
def planner(tmp_path: Path) -> StudyPlanner:
    return StudyPlanner(validator(numbers(tmp_path)), NodeRegistry)


def planned(
    planner: StudyPlanner, strategy: dict[str, Any], graph: Graph | None = None, **fields: Any
) -> PlannedStudy:
    plan = StudyPlan.model_validate({"strategy": strategy, "seeds": [0, 1], **fields})
    return planner.plan_study(plan, graph or chain(LAYERS))


def variants(found: PlannedStudy) -> dict[str, Variant]:
    return {candidate.variant.label: candidate.variant for candidate in found.candidates}


def graphs(found: PlannedStudy) -> dict[str, Graph]:
    return {candidate.variant.label: candidate.graph for candidate in found.candidates}


def off(graph: Graph) -> list[str]:
    return [node.id for node in graph.nodes if node.disabled]


def count_checks(planner: StudyPlanner, monkeypatch: pytest.MonkeyPatch) -> list[Graph]:
    judge, checked = planner._context.validator, []
    report = judge.report

    def count(graph, **options):
        checked.append(graph)
        return report(graph, **options)

    monkeypatch.setattr(judge, "report", count)
    return checked


def test_variants_that_are_the_same_network_are_checked_once(planner, monkeypatch):
    checked = count_checks(planner, monkeypatch)
    factor = {"node": "drop", "param": "p", "values": [0.3]}
    found = planned(planner, {"kind": "random", "factors": [factor], "trials": 9})
    assert len(found.candidates) == 10
    assert len(checked) == 2
    assert {one.parameters for one in found.variants} == {found.variants[0].parameters}


def test_a_preview_ends_in_time_and_states_what_it_has_not_checked(planner, monkeypatch):
    checked = count_checks(planner, monkeypatch)
    factor = {"node": "drop", "param": "p", "values": [0.1, 0.2, 0.3]}
    plan = StudyPlan.model_validate(
        {"strategy": {"kind": "grid", "factors": [factor]}, "seeds": [0]}
    )
    found = planner.plan_study(plan, chain(LAYERS), -1.0)
    assert (len(found.candidates), found.unchecked, len(checked)) == (4, 3, 1)
    assert all(one.valid for one in found.variants)


@pytest.mark.parametrize(
    ("strategy", "labels"),
    [
        ({"kind": "leave_one_out", "nodes": ["relu", "drop"]}, ["w/o relu", "w/o drop"]),
        (
            {"kind": "leave_n_out", "nodes": ["relu", "drop", "fc2"], "n": 2},
            ["w/o relu + drop", "w/o relu + fc2", "w/o drop + fc2"],
        ),
        (
            {
                "kind": "leave_group_out",
                "groups": [{"title": "middle", "nodes": ["relu", "drop"]}, {"nodes": ["fc2"]}],
            },
            ["w/o middle", "w/o fc2"],
        ),
        (
            {"kind": "add_one", "nodes": ["relu", "fc2"]},
            ["Minimal model", "minimal + relu", "minimal + fc2"],
        ),
        ({"kind": "cumulative", "order": ["relu", "fc2"]}, ["w/o relu", "w/o relu + fc2"]),
        (
            {
                "kind": "replace",
                "node": "relu",
                "alternatives": [{"type": "Tanh"}, {"type": "ELU", "label": "smooth"}],
            },
            ["relu → Tanh", "smooth"],
        ),
        (
            {"kind": "grid", "factors": [{"node": "drop", "param": "p", "values": [0.0, 0.5]}]},
            ["drop p = 0", "drop p = 0.5"],
        ),
    ],
)
def test_a_strategy_has_these_variants(planner, strategy, labels):
    found = planned(planner, strategy)
    assert list(variants(found)) == ["Baseline", *labels]
    assert all(one.variant.valid for one in found.candidates)


def test_what_is_taken_out_is_switched_off_and_nothing_else_changes(planner):
    found = graphs(
        planned(planner, {"kind": "leave_n_out", "nodes": ["relu", "drop", "fc2"], "n": 2})
    )
    assert off(found["w/o relu + fc2"]) == ["relu", "fc2"]
    same = found["w/o relu + fc2"].model_copy(
        update={
            "nodes": [
                node.model_copy(update={"disabled": False})
                for node in found["w/o relu + fc2"].nodes
            ]
        }
    )
    assert same == found["Baseline"]


def test_each_is_compared_with_what_it_differs_from_by_one_part(planner):
    added = variants(
        planned(planner, {"kind": "add_one", "nodes": ["relu", "fc2"], "leave_one_out": True})
    )
    assert {label: one.reference for label, one in added.items()} == {
        "Baseline": None,
        "Minimal model": None,
        "minimal + relu": "minimal",
        "minimal + fc2": "minimal",
        "w/o relu": "baseline",
        "w/o fc2": "baseline",
    }
    # with two parts, the minimal model with one of them is the full model without the other
    assert added["w/o relu"].same_as == added["minimal + fc2"].key
    steps = planned(planner, {"kind": "cumulative", "order": ["relu", "drop", "fc2"]}).candidates
    assert [one.variant.reference for one in steps] == [
        None,
        "baseline",
        steps[1].variant.key,
        steps[2].variant.key,
    ]
    assert [one.variant.parts for one in steps[1:]] == [["relu"], ["drop"], ["fc2"]]


def test_costs_and_resized_layers_are_known(planner):
    layers = [("fc1", "Linear", {"out_features": 4}), ("fc2", "Linear", {"out_features": 1})]
    found = variants(planned(planner, {"kind": "leave_one_out", "nodes": ["fc1"]}, chain(layers)))
    assert found["Baseline"].parameters == (2 + 1) * 4 + (4 + 1)
    assert found["w/o fc1"].parameters == 2 + 1
    assert found["w/o fc1"].reset == ["fc2"]
    assert found["w/o fc1"].how == "switched off; fc2 adapted"


def test_the_last_layer_cannot_be_left_out_but_a_plain_one_fits(planner):
    found = variants(planned(planner, {"kind": "leave_one_out", "nodes": ["out"]}))["w/o out"]
    assert not found.valid
    assert "8" in found.diagnostics[0].message
    assert found.offers == [], "a plain layer is what it is already"
    relu = planned(planner, {"kind": "leave_one_out", "nodes": ["relu"]}, how={"relu": "plain"})
    one = variants(relu)["w/o relu"]
    assert (one.valid, one.plain, one.offers) == (True, 8 * 8 + 8, ["plain"])
    assert one.how == "replaced by Linear 8 → 8 (72 parameters)"
    replaced = find_node(relu.candidates[1].graph, "relu")
    assert replaced is not None
    assert (replaced.type, replaced.params) == ("Linear", {"out_features": 8})


def residual() -> Graph:
    layers = [
        ("fc1", "Linear", {"out_features": 8}),
        ("branch", "Linear", {"out_features": 8}),
        ("sum", "Add", {}),
    ]
    graph = chain([*layers, ("out", "Linear", {"out_features": 1})])
    edges = [edge for edge in graph.edges if edge.target != "sum"]
    return graph.model_copy(
        update={
            "edges": [*edges, wire("branch.output > sum.inputs"), wire("fc1.output > sum.inputs")]
        }
    )


def test_a_branch_of_a_sum_can_be_zero(planner):
    found = planned(
        planner, {"kind": "leave_one_out", "nodes": ["branch"]}, residual(), how={"branch": "zero"}
    ).candidates
    assert found[1].variant.valid
    assert found[1].variant.offers == ["plain", "zero"] or found[1].variant.offers == ["zero"]
    assert [edge.source for edge in found[1].graph.edges if edge.target == "sum"] == ["fc1"]
    with pytest.raises(InvalidInputError, match="only if nothing but sums reads it"):
        planned(
            planner, {"kind": "leave_one_out", "nodes": ["fc1"]}, residual(), how={"fc1": "zero"}
        )


def test_each_node_of_a_group_has_its_own_place_taker(planner):
    group = {"kind": "leave_group_out", "groups": [{"title": "top", "nodes": ["branch", "fc1"]}]}
    found = planned(planner, group, residual(), how={"branch": "zero"})
    assert {node: offer.how for node, offer in found.offers.items()} == {
        "branch": ["zero"],
        "fc1": [],
        "branch+fc1": [],
    }
    assert variants(found)["w/o top"].how.startswith(
        "zero: its branch of the sum is cut; switched off"
    )
    assert find_node(found.candidates[1].graph, "fc1").disabled
    assert [edge.source for edge in found.candidates[1].graph.edges if edge.target == "sum"] == [
        "fc1"
    ]


def test_one_plain_layer_takes_the_place_of_a_whole_group(planner):
    group = {"title": "middle", "nodes": ["fc1", "relu", "drop", "fc2"], "how": "plain"}
    found = planned(planner, {"kind": "leave_group_out", "groups": [group]})
    offer = found.offers["fc1+relu+drop+fc2"]
    assert (offer.how, offer.plain) == (["plain"], (2 + 1) * 8)
    one = variants(found)["w/o middle"]
    assert (one.valid, one.how) == (True, "replaced by Linear 2 → 8 (24 parameters)")
    assert one.parameters == (2 + 1) * 8 + (8 + 1)
    assert off(graphs(found)["w/o middle"]) == ["fc1", "relu", "drop"]


@pytest.mark.parametrize("nodes", [["fc1", "fc2"], ["fc1", "loss"], ["branch", "fc1"]])
def test_no_single_layer_fits_where_a_group_is_entered_or_left_twice(planner, nodes):
    graph = residual() if "branch" in nodes else None
    each = {"kind": "leave_group_out", "groups": [{"title": "both", "nodes": nodes}]}
    if "loss" not in nodes:
        assert planned(planner, each, graph).offers["+".join(nodes)].how == []
    whole = {
        "kind": "leave_group_out",
        "groups": [{"title": "both", "nodes": nodes, "how": "plain"}],
    }
    with pytest.raises(
        InvalidInputError, match="No single Linear or Conv layer fits in the place of 'both'"
    ):
        planned(planner, whole, graph)


def test_columns_are_left_out(planner):
    columns = {"node": "csv", "columns": ["a"]}
    found = planned(planner, {"kind": "leave_one_out", "nodes": [columns]})
    assert found.candidates[1].variant.label == "w/o a"
    node = find_node(found.candidates[1].graph, "csv")
    assert node is not None
    assert node.params["input_columns"] == "b"
    assert found.candidates[1].variant.reset == ["fc1"]
    with pytest.raises(InvalidInputError, match="cannot be removed from the input columns"):
        planned(planner, {"kind": "leave_one_out", "nodes": [{**columns, "columns": ["a", "b"]}]})


def blocks(repeat: int | None = None) -> Graph:
    inner = [Node(id="fc", type="Linear", params={"out_features": 8}), Node(id="act", type="ReLU")]
    ports = {"inputs": {"input": [PortRef(node="fc", port="input")]}}
    block = Block(
        name="Stage",
        nodes=inner,
        edges=[wire("fc.output > act.input")],
        outputs={"output": PortRef(node="act", port="output")},
        **ports,
    )
    params: dict[str, Any] = {"block": "stage"} | ({"repeat": repeat} if repeat else {})
    layers = [
        ("one", BLOCK, params),
        ("two", BLOCK, {"block": "stage"}),
        ("out", "Linear", {"out_features": 1}),
    ]
    return chain(layers).model_copy(update={"blocks": {"stage": block}})


def test_a_part_inside_a_block_is_taken_out_of_that_block_alone(planner):
    found = planned(planner, {"kind": "leave_one_out", "nodes": ["one/act", "two"]}, blocks())
    assert list(variants(found)) == ["Baseline", "w/o one/act", "w/o two"]
    inside = graphs(found)["w/o one/act"]
    definitions = {node.id: node.params["block"] for node in inside.nodes if node.type == BLOCK}
    assert definitions["one"] != definitions["two"] == "stage"
    assert [node.disabled for node in inside.blocks[str(definitions["one"])].nodes] == [False, True]
    assert [node.disabled for node in inside.blocks["stage"].nodes] == [False, False]


def test_in_a_block_that_repeats_it_is_taken_out_of_every_repeat(planner):
    graph = blocks(repeat=3)
    found = planned(planner, {"kind": "leave_one_out", "nodes": ["one/fc"]}, graph)
    # the first repeat reads two columns and the block's own layers give eight
    assert found.candidates[1].variant.parameters == (2 + 1) * 8 + (8 + 1)


def test_a_plain_layer_fits_in_the_place_of_a_whole_block(planner):
    found = planned(
        planner, {"kind": "leave_one_out", "nodes": ["two"]}, blocks(), how={"two": "plain"}
    )
    assert (found.offers["two"].how, found.offers["two"].plain) == (["plain"], 8 * 8 + 8)
    one = variants(found)["w/o two"]
    assert (one.valid, one.how) == (True, "replaced by Linear 8 → 8 (72 parameters)")


def test_the_same_network_twice_is_one(planner):
    two = {"kind": "grid", "factors": [{"node": "drop", "param": "p", "values": [0.1, 0.2]}]}
    found = variants(planned(planner, two))
    assert found["drop p = 0.1"].same_as == "baseline"
    assert found["drop p = 0.2"].same_as is None


@pytest.mark.parametrize(
    ("strategy", "fields", "message"),
    [
        ({"kind": "leave_one_out", "nodes": ["gone"]}, {}, "no node 'gone'"),
        ({"kind": "leave_one_out", "nodes": ["loss"]}, {}, "'loss' cannot be switched off"),
        (
            {"kind": "leave_n_out", "nodes": ["relu"], "n": 2},
            {},
            "2 of 1 parts cannot be removed together",
        ),
        (
            {"kind": "grid", "factors": [{"node": "drop", "param": "q", "values": [1]}]},
            {},
            "no parameter 'q'",
        ),
        (
            {"kind": "random", "factors": [{"node": "drop", "param": "p", "low": 1, "high": 0}]},
            {},
            "range of 'p'",
        ),
        (
            {
                "kind": "optuna",
                "factors": [{"node": "opt", "param": "lr", "low": 0, "high": 1, "log": True}],
            },
            {},
            "range",
        ),
        (
            {"kind": "leave_one_out", "nodes": ["relu"]},
            {"metric": "val_los"},
            "no metric 'val_los'",
        ),
        ({"kind": "leave_one_out", "nodes": ["relu"]}, {"seeds": [1, 1]}, "Seed 1 is given twice"),
        (
            {"kind": "replace", "node": "loss", "alternatives": [{"type": "L1Loss"}]},
            {},
            "trains with another loss",
        ),
        (
            {
                "kind": "grid",
                "factors": [{"node": "split", "param": "target_scaling", "values": ["minmax"]}],
            },
            {"metric": "val_loss"},
            "another scaling of the target",
        ),
    ],
)
def test_what_cannot_be_studied_is_an_error(planner, strategy, fields, message):
    with pytest.raises(InvalidInputError, match=message):
        planned(planner, strategy, **fields)


def test_a_changed_loss_can_be_studied_by_another_metric(planner):
    strategy = {"kind": "replace", "node": "loss", "alternatives": [{"type": "L1Loss"}]}
    assert planned(planner, strategy, metric="val_r2").direction == "maximize"


def test_the_scaling_of_the_target_is_a_factor_of_a_study(planner):
    values = ["standardize", "minmax", "log1p"]
    strategy = {
        "kind": "grid",
        "factors": [{"node": "split", "param": "target_scaling", "values": values}],
    }
    found = planned(planner, strategy, metric="val_r2").variants
    assert [one.valid for one in found] == [True] * 4


def test_what_is_already_off_is_not_a_part(planner):
    graph = chain(LAYERS)
    graph.node("relu").disabled = True
    with pytest.raises(InvalidInputError, match="already switched off in the graph"):
        planned(planner, {"kind": "leave_one_out", "nodes": ["relu"]}, graph)


def test_a_baseline_that_cannot_train_is_refused_with_its_report(planner):
    with pytest.raises(InvalidGraphError):
        planned(planner, {"kind": "leave_one_out", "nodes": ["relu"]}, chain(LAYERS[:-1]))


def test_best_keeps_the_best_weights_and_notes_when_that_is_optimistic(planner):
    strategy = {"kind": "leave_one_out", "nodes": ["relu"]}
    found = planned(planner, strategy, select="best", metric="val_loss")
    for candidate in found.candidates:
        assert candidate.graph.node("train").params["keep"] == "best"
    assert any("optimistic" in note for note in found.notes)
    assert not any("optimistic" in note for note in planned(planner, strategy).notes)


def test_a_random_sweep_draws_the_same_each_time_within_its_bounds(planner):
    factors = [
        {"node": "opt", "param": "lr", "low": 1e-4, "high": 1e-1, "log": True},
        {"node": "fc1", "param": "out_features", "low": 4, "high": 16, "integer": True},
    ]
    strategy = {"kind": "random", "factors": factors, "trials": 12, "seed": 3}
    first, again = (variants(planned(planner, strategy)) for _ in range(2))
    assert first == again
    drawn = [one.params for one in first.values() if one.params]
    assert len(drawn) == 12
    assert all(
        1e-4 <= one["opt.lr"] <= 1e-1 and isinstance(one["fc1.out_features"], int) for one in drawn
    )
    assert {4 <= one["fc1.out_features"] <= 16 for one in drawn} == {True}


def grouped() -> Graph:
    rules = [
        {"select": "node", "match": "fc1"},
        {"select": "biases_and_norms", "weight_decay": 0.0},
    ]
    return chain(LAYERS, optimizer=("AdamW", {"lr": 0.01, "groups": rules}))


def test_fields_of_rules_are_factors_of_a_study(planner):
    factors = [
        {"node": "opt", "param": "groups[0].lr_factor", "values": [1.0, 0.1]},
        {"node": "opt", "param": "groups[0].frozen", "values": [False, True]},
    ]
    found = planned(planner, {"kind": "grid", "factors": factors}, grouped())
    assert list(variants(found))[1:] == [
        "opt rule 1 lr_factor = 1, opt rule 1 frozen = off",
        "opt rule 1 lr_factor = 1, opt rule 1 frozen = on",
        "opt rule 1 lr_factor = 0.1, opt rule 1 frozen = off",
        "opt rule 1 lr_factor = 0.1, opt rule 1 frozen = on",
    ]
    assert [variant.same_as for variant in variants(found).values()][:2] == [None, "baseline"]
    assert all(variant.valid for variant in found.variants)
    last = found.candidates[-1].graph.node("opt").params["groups"]
    assert last == [
        {"select": "node", "match": "fc1", "lr_factor": 0.1, "frozen": True},
        {"select": "biases_and_norms", "weight_decay": 0.0},
    ]


def test_the_decay_and_the_optimizer_of_a_rule_are_drawn_in_a_search(planner):
    factors = [
        {"node": "opt", "param": "groups[1].weight_decay", "low": 1e-4, "high": 0.1, "log": True},
        {"node": "opt", "param": "groups[0].optimizer", "values": ["", "SGD"]},
    ]
    strategy = {"kind": "random", "factors": factors, "trials": 4}
    found = planned(planner, strategy, grouped())
    assert all(variant.valid for variant in found.variants)
    rules = [one.graph.node("opt").params["groups"] for one in found.candidates[1:]]
    assert len({rule[1]["weight_decay"] for rule in rules}) == 4
    assert {rule[0].get("optimizer", "") for rule in rules} == {"", "SGD"}


@pytest.mark.parametrize(
    ("param", "message"),
    [
        ("groups[2].frozen", "There is no rule 3 in 'groups', which has 2 rules"),
        ("groups[0].rate", "A rule has no field 'rate'"),
        ("rules[0].frozen", "AdamW has no parameter 'rules\\[0\\].frozen'"),
    ],
)
def test_a_rule_that_does_not_exist_cannot_be_varied(planner, param, message):
    factors = [{"node": "opt", "param": param, "values": [1]}]
    with pytest.raises(InvalidInputError, match=message):
        planned(planner, {"kind": "grid", "factors": factors}, grouped())
