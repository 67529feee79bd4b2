"""Parameter groups: rules of an optimizer, against loops in plain torch."""

from __future__ import annotations

import json
import shutil

import pytest
import torch
from torch import nn, optim
from torch.optim import lr_scheduler

from visdl.models.errors import AppError, RunError
from visdl.models.graph import Node
from visdl.nodes import NodeRegistry
from visdl.nodes.contract.parameter_groups.assignment import is_inside
from visdl.nodes.contract.parameter_groups.grouped import GroupedOptimizer, Part, template
from visdl.training.batched.eligibility import why_not_batched
from visdl.training.checkpoint import CheckpointFolder

from ..support.graphs import chain, codes, numbers, table, validator, wire
from ..support.runs import assert_equal_weights, built, execute, suspend

LAYERS = [
    ("fc1", "Linear", {"out_features": 8}),
    ("norm", "LayerNorm", {}),
    ("relu", "ReLU", {}),
    ("fc2", "Linear", {"out_features": 6}),
    ("tanh", "Tanh", {}),
    ("fc3", "Linear", {"out_features": 1}),
]
MATRICES = ["fc1.weight", "fc2.weight"]
EPOCHS = 3
needs_muon = pytest.mark.skipif(not hasattr(optim, "Muon"), reason="Muon needs torch 2.9")


@pytest.fixture
def data(tmp_path):
    return numbers(tmp_path)


def graph_of(optimizer, groups, *, layers=LAYERS, scheduler=None, epochs=EPOCHS, **params):
    """Rows in the order of the file, five batches an epoch."""
    graph = chain(
        layers,
        split={"batch_size": 8, "val_ratio": 0.0, "shuffle": False},
        optimizer=(optimizer, {**params, "groups": groups}),
        train={"epochs": epochs},
    )
    graph.edges = [edge for edge in graph.edges if edge.target_input != "val_loader"]
    if scheduler:
        graph.nodes.append(Node(id="s", type=scheduler[0], params=scheduler[1]))
        graph.edges = [edge for edge in graph.edges if edge.target_input != "optimizer"]
        graph.edges += [wire("opt.optimizer > s.optimizer"), wire("s.scheduler > train.optimizer")]
    return graph


def trained_by_hand(graph, data, make, make_schedulers=None, epochs=EPOCHS):
    """The weights after a plain loop; `make` returns the optimizers of the named parameters."""
    model = built(graph)
    optimizers = make(dict(model.named_parameters()))
    schedulers = [] if make_schedulers is None else make_schedulers(optimizers)
    x, y = (torch.from_numpy(data.numbers(names)) for names in (["a", "b"], ["y"]))
    for _ in range(epochs):
        for rows in torch.arange(len(x)).split(8):
            nn.functional.mse_loss(model(x[rows]), y[rows]).backward()
            for optimizer in optimizers:
                optimizer.step()
                optimizer.zero_grad()
            for scheduler in schedulers:
                scheduler.step()
    return model.state_dict()


def assert_close(outcome, expected):
    weights = outcome.weights()
    assert weights.keys() == expected.keys()
    for name, value in expected.items():
        torch.testing.assert_close(
            weights[name], value, rtol=2e-7, atol=1e-7, msg=lambda m, name=name: f"{name}: {m}"
        )


def others(named, names):
    return [value for name, value in named.items() if name not in names]


def test_no_weight_decay_on_biases_and_norms_is_that_of_torchs_param_groups(tmp_path, data):
    rules = [{"select": "biases_and_norms", "weight_decay": 0.0}]
    graph = graph_of("AdamW", rules, lr=0.01, weight_decay=0.5)

    def make(named):
        matrices = ["fc1.weight", "fc2.weight", "fc3.weight"]
        decayed = {"params": [named[name] for name in matrices]}
        rest = {"params": others(named, matrices), "weight_decay": 0.0}
        return [optim.AdamW([decayed, rest], lr=0.01, weight_decay=0.5)]

    assert validator(data).report(graph).valid
    outcome = execute(graph, tmp_path / "run", data)
    assert_close(outcome, trained_by_hand(graph, data, make))
    assert outcome.series("lr") == [0.01] * EPOCHS


@needs_muon
@pytest.mark.parametrize(
    ("groups", "matrices", "rate"),
    [
        # by default Muon trains every matrix, and AdamW what Muon cannot
        ([], ["fc1.weight", "fc2.weight", "fc3.weight"], 1e-3),
        # the convention of its authors: matrices of hidden layers
        (
            [{"select": "matrices"}, {"select": "rest", "optimizer": "AdamW", "lr": 0.003}],
            MATRICES,
            0.003,
        ),
    ],
)
def test_muon_trains_matrices_and_adamw_the_rest(tmp_path, data, groups, matrices, rate):
    graph = graph_of("Muon", groups, lr=0.02)

    def make(named):
        return [
            optim.Muon([named[name] for name in matrices], lr=0.02, adjust_lr_fn="original"),
            optim.AdamW(others(named, matrices), lr=rate),
        ]

    report = validator(data).report(graph)
    assert report.valid
    assert codes(report, "warning") == []
    assert {group.optimizer for group in report.nodes["opt"].groups} == {"Muon", "AdamW"}
    outcome = execute(graph, tmp_path / "run", data)
    assert_close(outcome, trained_by_hand(graph, data, make))


@needs_muon
def test_muon_on_matrices_alone_is_one_plain_muon(tmp_path, data):
    layers = [
        ("fc1", "Linear", {"out_features": 4, "bias": False}),
        ("fc2", "Linear", {"out_features": 1, "bias": False}),
    ]
    model = built(graph_of("Muon", [], layers=layers))
    [optimizer] = NodeRegistry.get("Muon").create({}).execute(model=model)
    assert type(optimizer) is optim.Muon


def test_frozen_layers_keep_their_bits_and_have_no_state(tmp_path, data):
    rules = [
        {"select": "node", "match": "fc1", "frozen": True},
        {"select": "name", "match": "norm.*", "frozen": True},
    ]
    graph = graph_of("AdamW", rules, lr=0.01, weight_decay=0.5)
    before = {name: value.clone() for name, value in built(graph).state_dict().items()}
    kept = [name for name in before if name.startswith(("fc1", "norm"))]

    def make(named):
        return [optim.AdamW(others(named, kept), lr=0.01, weight_decay=0.5)]

    report = validator(data).report(graph)
    assert (report.totals.parameters, report.totals.frozen) == (101, 40)
    assert [report.nodes[name].frozen for name in ("fc1", "norm", "fc2")] == [24, 16, 0]
    outcome = execute(graph, tmp_path / "run", data)
    weights = outcome.weights()
    assert all(torch.equal(weights[name], before[name]) for name in kept)
    assert_close(outcome, trained_by_hand(graph, data, make))
    newest = CheckpointFolder(tmp_path / "run" / "checkpoints").newest()
    assert newest is not None
    assert len(newest[1]["optimizer"]["state"]) == len(before) - len(kept)
    report = json.loads((tmp_path / "run" / "artifacts" / "report.json").read_text())
    assert (report["parameters"], report["trainable_parameters"]) == (101, 61)
    assert [group["frozen"] for group in report["parameter_groups"]] == [True, True, False]
    provenance = json.loads((tmp_path / "run" / "artifacts" / "provenance.json").read_text())
    assert provenance["parameter_groups"] == report["parameter_groups"]


#: The same schedules for two groups in plain torch: those with limits get one for each group.
SCHEDULES = {
    "StepLR": ({"step_size": 2, "gamma": 0.5}, {}),
    "LinearLR": ({"start_factor": 0.1, "total_iters": 6}, {}),
    "CosineAnnealingLR": ({}, {"T_max": 15}),
    "OneCycleLR": (
        {"max_lr": 0.05},
        {"max_lr": [0.05, 0.005], "total_steps": 15},
    ),
    "CyclicLR": (
        {"max_lr": 0.05, "step_size_up": 2},
        {"max_lr": [0.05, 0.005], "base_lr": [0.01, 0.001]},
    ),
}


@pytest.mark.parametrize("name", SCHEDULES)
def test_a_smaller_learning_rate_for_one_node_keeps_its_factor_under_schedulers(
    tmp_path, data, name
):
    options, theirs = SCHEDULES[name]
    rules = [{"select": "node", "match": "fc1", "lr_factor": 0.1}]
    scheduler = (name, {**options, "interval": "step"})
    graph = graph_of("AdamW", rules, lr=0.01, scheduler=scheduler)
    fine = ["fc1.weight", "fc1.bias"]

    def make(named):
        rest = {"params": others(named, fine)}
        return [optim.AdamW([rest, {"params": [named[n] for n in fine], "lr": 0.001}], lr=0.01)]

    def schedule(optimizers):
        cls = getattr(lr_scheduler, name)
        return [cls(optimizers[0], **{**options, **theirs})]

    outcome = execute(graph, tmp_path / "run", data)
    assert_close(outcome, trained_by_hand(graph, data, make, schedule))


@needs_muon
@pytest.mark.parametrize(
    "scheduler", [None, ("OneCycleLR", {"max_lr": 0.05}), ("CosineAnnealingLR", {})]
)
def test_continuing_from_a_checkpoint_gives_the_same_bits(tmp_path, data, scheduler):
    rules = [
        {"select": "node", "match": "norm", "frozen": True},
        {"select": "matrices", "lr_factor": 0.5},
        {"select": "rest", "optimizer": "AdamW", "lr": 0.01},
    ]
    graph = graph_of("Muon", rules, lr=0.02, scheduler=scheduler)
    whole = execute(graph, tmp_path / "whole", data)
    suspend(graph, tmp_path / "parts", data, step=7)
    rest = execute(graph, tmp_path / "parts", data)
    assert_equal_weights(rest.weights(), whole.weights())
    assert rest.series("lr") == whole.series("lr")


@needs_muon
def test_an_extended_training_with_groups_is_one_of_the_whole_length(tmp_path, data):
    graph, longer = (graph_of("Muon", [], lr=0.02, epochs=epochs) for epochs in (2, 4))
    execute(graph, tmp_path / "short", data, run="short")
    shutil.copytree(tmp_path / "short" / "checkpoints", tmp_path / "long" / "checkpoints")
    outcome = execute(longer, tmp_path / "long", data, run="long")
    assert_equal_weights(outcome.weights(), execute(longer, tmp_path / "whole", data).weights())


@needs_muon
def test_a_momentum_that_is_cycled_is_cycled_in_every_group():
    weights = [nn.Parameter(torch.ones(2, 2)), nn.Parameter(torch.ones(2))]
    muon, adamw = optim.Muon(weights[:1], lr=0.1), optim.AdamW(weights[1:], lr=0.01)
    optimizer = GroupedOptimizer(
        template(lambda params: optim.Muon(params, lr=0.1)), [Part(muon), Part(adamw)]
    )
    scheduler = lr_scheduler.OneCycleLR(optimizer, max_lr=1.0, total_steps=10)
    for _ in range(3):
        for weight in weights:
            weight.grad = torch.ones_like(weight)
        momentum, rate = (optimizer.param_groups[0][key] for key in ("momentum", "lr"))
        optimizer.step()
        scheduler.step()
        assert muon.param_groups[0]["momentum"] == momentum
        assert adamw.param_groups[0]["betas"] == (momentum, 0.999)
        assert adamw.param_groups[0]["lr"] == pytest.approx(rate / 10)


def test_the_norm_of_all_gradients_is_clipped_with_groups(tmp_path, data):
    rules = [{"select": "output", "lr_factor": 0.5}]
    graph = graph_of("SGD", rules, lr=0.1)
    graph.node("train").params["clip_grad_norm"] = 0.01
    model = built(graph)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    graph.node("train").params["epochs"] = 1
    weights = execute(graph, tmp_path / "run", data).weights()
    moved = sum((weights[name] - before[name]).square().sum() for name in before).sqrt()
    assert 0 < moved <= 5 * 0.1 * 0.01 + 1e-6  # steps · rate · norm


def test_trainings_with_groups_are_no_seed_batch(tmp_path, data):
    graph = graph_of("AdamW", [{"select": "rest", "lr_factor": 0.5}])
    plans = []

    def note(session):
        plans.append(session.prepared.plan)
        return session.train_to_end()

    for seed in (0, 1):
        execute(graph, tmp_path / str(seed), data, seed=seed, train=note)
    assert why_not_batched(plans) == "the optimizer has parameter groups"
    graph.node("opt").params["groups"] = [{"select": "node", "match": "fc1", "frozen": True}]
    plans.clear()
    for seed in (0, 1):
        execute(graph, tmp_path / f"frozen {seed}", data, seed=seed, train=note)
    assert why_not_batched(plans) == "some parameters are frozen"


def test_lbfgs_trains_what_is_not_frozen(tmp_path, data):
    frozen = [{"select": "node", "match": "fc1", "frozen": True}]
    graph = graph_of("LBFGS", frozen)
    assert validator(data).report(graph).valid
    before = built(graph).state_dict()["fc1.weight"]
    assert torch.equal(execute(graph, tmp_path / "run", data).weights()["fc1.weight"], before)
    report = validator(data).report(graph_of("LBFGS", [{"select": "output", "lr_factor": 0.5}]))
    assert codes(report) == [("parameter_groups", "opt", "groups")]
    assert "only freeze" in report.diagnostics[0].message


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ({"select": "node", "match": "fc9"}, "the node 'fc9', which the model does not have"),
        ({"select": "rest", "frozen": True}, "All parameters of the model are frozen"),
        ({"select": "rest", "optimizer": "Adm"}, "'Adm', which does not exist"),
        ({"select": "rest", "optimizer": "LBFGS"}, "LBFGS, which trains all parameters together"),
        ({"select": "rest", "lr": 0.1}, "a learning rate, but no optimizer of its own"),
        ({"select": "name"}, "selects by name, but names none"),
        ({"select": "everything"}, "Rule 1 is not valid"),
        ({"select": "rest", "lr_factor": 0}, "Rule 1 is not valid: lr_factor"),
        ({"select": "rest", "decay": 0}, "Rule 1 is not valid: there is no field 'decay'"),
        ("fc1", "Rule 1 is not valid"),
    ],
)
def test_a_rule_that_cannot_be_applied_is_an_error_at_its_field(tmp_path, data, rule, message):
    graph = graph_of("AdamW", [rule])
    report = validator(data).report(graph)
    assert codes(report) == [("parameter_groups", "opt", "groups")]
    assert message in report.diagnostics[0].message
    assert report.diagnostics[0].hint
    if not (isinstance(rule, dict) and rule.get("match") == "fc9"):
        with pytest.raises((RunError, AppError)):
            execute(graph, tmp_path / "run", data)


def test_weight_decay_for_an_optimizer_without_it_is_an_error(data):
    report = validator(data).report(graph_of("Rprop", [{"select": "rest", "weight_decay": 0.1}]))
    assert "Rule 1 sets weight_decay, but Rprop has none." in report.diagnostics[0].message


@pytest.mark.parametrize(
    ("rule", "reason"),
    [
        ({"select": "embeddings"}, "the model has no embeddings"),
        ({"select": "node", "match": "relu"}, "'relu' has no parameters"),
        ({"select": "name", "match": "conv*"}, "no parameter has a name like 'conv*'"),
        ({"select": "output"}, "earlier rules select the same parameters"),
    ],
)
def test_a_rule_that_selects_nothing_is_a_warning_whose_remedy_removes_it(data, rule, reason):
    rules = [{"select": "name", "match": "fc3.*", "lr_factor": 0.5}, rule]
    graph = graph_of("AdamW", rules)
    report = validator(data).report(graph)
    assert report.valid
    [found] = report.diagnostics
    assert (found.severity, found.port) == ("warning", "groups")
    assert f"Rule 2 selects nothing: {reason}" in found.message
    assert found.fix is not None
    [edit] = found.fix.edits
    graph.node(edit.node).params[edit.param] = edit.value
    assert validator(data).report(graph).diagnostics == []


def test_a_rule_for_a_layer_that_is_switched_off_does_not_prevent_the_run(data):
    graph = graph_of("AdamW", [{"select": "node", "match": "norm", "lr_factor": 0.5}])
    graph.node("norm").disabled = True
    assert validator(data).report(graph).valid


def test_hidden_matrices_are_neither_embeddings_nor_the_output_layer(tmp_path):
    data = table(tmp_path, "a,y", [(i % 5, i % 2) for i in range(40)])
    layers = [
        ("ids", "Input", {"dtype": "int64"}),
        ("embed", "Embedding", {"num_embeddings": 5, "embedding_dim": 4}),
        ("pos", "PositionEmbedding", {"num_embeddings": 4}),
        ("attention", "TransformerEncoderLayer", {"nhead": 2, "dim_feedforward": 8}),
        ("flat", "Flatten", {}),
        ("conv", "Linear", {"out_features": 4}),
        ("out", "Linear", {"out_features": 1}),
    ]
    graph = chain(layers, loss="MSELoss", optimizer=("AdamW", {}))
    graph.edges = [edge for edge in graph.edges if edge.source != "pos"]
    graph.edges = [e for e in graph.edges if e.target != "pos"]
    graph.nodes.append(Node(id="sum", type="Add"))
    graph.edges += [
        wire("embed.output > pos.input"),
        wire("embed.output > sum.inputs"),
        wire("pos.output > sum.inputs"),
        wire("sum.output > attention.input"),
    ]
    found = {}
    for select in ("matrices", "embeddings", "output", "biases_and_norms"):
        graph.node("opt").params = {"groups": [{"select": select, "lr_factor": 0.5}]}
        report = validator(data).report(graph)
        assert report.valid, report.diagnostics
        found[select] = report.nodes["opt"].groups[0].tensors
    # in_proj, out_proj, linear1 and linear2 of the attention, and one Linear layer
    assert found == {"matrices": 5, "embeddings": 2, "output": 1, "biases_and_norms": 10}


def test_rules_name_nodes_inside_blocks_by_their_paths():
    assert is_inside("encoder/0/fc", "encoder")
    assert is_inside("encoder/0/fc", "encoder/fc")
    assert is_inside("encoder/0/fc", "encoder/0")
    assert not is_inside("encoder/1/fc", "encoder/0")
    assert not is_inside("encoder", "encoder/fc")
    assert not is_inside("encoder2/fc", "encoder")
