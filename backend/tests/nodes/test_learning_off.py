"""No value that a parameter accepts switches learning off: each bound of the catalogue is tried."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any

import pytest
import torch
from torch import Tensor, nn, optim

from visdl.models.diagnostics import Diagnostic
from visdl.nodes import LossNode, NodeRegistry, OptimizerNode, SchedulerNode, Shape
from visdl.nodes.contract.specs import BATCH, DataType

from ..support.graphs import MLP, chain, numbers, validator
from .layers import LAYERS, facts_of, inputs_of, model_of, tensors
from .test_learning import example

Case = tuple[str, str, float]


def bounds(names: list[str]) -> list[Case]:
    """Each accepted bound of each number, and 0 and 1, as (type, parameter, value)."""
    return [case for name in names for case in _of(name)]


def _of(name: str) -> Iterator[Case]:
    for param, spec in NodeRegistry.get(name).parameters().items():
        if spec.dtype is DataType.FLOAT and not spec.is_port:
            values = {v for v in (0.0, 1.0, spec.min, spec.max) if v is not None}
            accepted = (v for v in sorted(values) if not spec.why_not(valued(spec, v)))
            yield from ((name, param, value) for value in accepted)


def valued(spec: Any, value: float) -> Any:
    if not spec.many or spec.single:
        return value
    return [value] * (spec.length or 2)


def of(kind: type) -> list[str]:
    return [name for name in NodeRegistry.names() if issubclass(NodeRegistry.get(name), kind)]


def params_of(case: Case) -> dict[str, Any]:
    name, param, value = case
    return {param: valued(NodeRegistry.get(name).parameters()[param], value)}


@pytest.fixture(autouse=True)
def _seed() -> None:
    torch.manual_seed(0)


def learns(name: str, params: dict[str, Any]) -> bool:
    """Whether a layer lets gradients through, to its inputs or its weights."""
    inputs = inputs_of(name, rows=64)
    model = model_of(name, inputs, params).train()
    values = [x.requires_grad_() if x.is_floating_point() else x for x in tensors(inputs)]
    output = model(*values)
    first: Tensor = output if isinstance(output, Tensor) else output[0]
    if not first.requires_grad:
        return False
    (first * torch.randn_like(first)).sum().backward()
    sources = [*(x for x in values if x.requires_grad), *model.parameters()]
    return any(x.grad is not None and bool((x.grad != 0).any()) for x in sources)


#: A learning rate has advice of its own; the others make steps small, or end them, by design.
SMALL_STEPS = {
    *((name, "lr") for name in of(OptimizerNode)),
    ("LBFGS", "tolerance_change"),
    ("LBFGS", "tolerance_grad"),
    ("Rprop", "step_sizes"),
}
#: Layers at a bound that saturates by design: the values that it leaves out are its meaning.
SATURATED = {("Hardtanh", "min_val"), ("Hardtanh", "max_val"), ("Threshold", "threshold")}


@pytest.mark.parametrize("case", bounds(LAYERS), ids=str)
def test_a_layer_learns_at_the_bounds_of_its_parameters_as_with_its_defaults(case):
    name, param, _ = case
    if (name, param) in SATURATED or not learns(name, {}):
        return
    refused_by_layer = facts_of(name, inputs_of(name), params_of(case)).error
    assert refused_by_layer or learns(name, params_of(case))


@pytest.mark.parametrize(
    "case", [c for c in bounds(of(OptimizerNode)) if c[:2] not in SMALL_STEPS], ids=str
)
def test_an_optimizer_still_steps_at_the_bounds_of_its_parameters(case):
    name, _, _ = case
    params = params_of(case)
    node = NodeRegistry.get(name).create({"lr": 0.1, **params})
    if node.why_not([(4, 3)]):
        return
    if name == "SGD" and "dampening" in params:
        params["momentum"] = 0.9
    sparse = name == "SparseAdam"
    weight = nn.Parameter(torch.randn(4, 3))
    optimizer = node.build([weight])
    before = weight.detach().clone()
    for _ in range(4):
        gradient = torch.randn(4, 3)
        weight.grad = gradient.to_sparse(1) if sparse else gradient
        before = weight.detach().clone()
        optimizer.step(lambda: torch.tensor(1.0))
    assert not torch.equal(weight, before)


@pytest.mark.parametrize(
    "case", [c for c in bounds(of(SchedulerNode)) if c[0] != "SequentialLR"], ids=str
)
def test_a_scheduler_has_no_rate_of_zero_before_its_end(case):
    name, _, _ = case
    weight = nn.Parameter(torch.zeros(1))
    optimizer = optim.SGD([weight], lr=0.1, momentum=0.9)
    scheduler = NodeRegistry.get(name).create(params_of(case)).build(optimizer, 6)
    rates = []
    for _ in range(6):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            scheduler.step(*([1.0] if name == "ReduceLROnPlateau" else []))
    assert rates[3] > 0
    assert sum(rate > 0 for rate in rates) >= 5


@pytest.mark.parametrize("case", bounds(of(LossNode)), ids=str)
def test_a_loss_depends_on_its_target_at_the_bounds_of_its_parameters(case):
    name, param, _ = case
    params = params_of(case)
    if param in ("weight", "pos_weight"):
        return  # weights of 0 for all are refused, see below
    [loss] = NodeRegistry.get(name).create(params).execute()
    prediction, target = example(name)
    prediction = prediction.detach().requires_grad_()
    gradients = []
    for targets in (target, target.flip(0)):
        prediction.grad = None
        loss(prediction, targets).backward()
        gradients.append(prediction.grad.clone())
    assert (gradients[0] != 0).any()
    assert name in ("MultiLabelMarginLoss",) or not torch.equal(*gradients)


def refused_before_the_run(data: Any, graph: Any) -> Diagnostic:
    report = validator(data).report(graph, to_run=True)
    assert not report.valid
    return report.diagnostics[0]


@pytest.mark.parametrize(
    ("node", "params", "message", "fixed"),
    [
        (
            "train",
            {"clip_grad_norm": 0},
            "clip_grad_norm of 'train' must be more than 0, not 0",
            None,
        ),
        ("relu", {"p": 1.0}, "p of 'relu' must be at most 0.99, not 1.0", 0.5),
        ("opt", {"dampening": 1.0}, "dampening of 'opt' must be at most 0.99, not 1.0", 0.0),
    ],
)
def test_an_old_graph_with_such_a_value_gets_a_diagnostic_whose_fix_helps(
    tmp_path, node, params, message, fixed
):
    data = numbers(tmp_path)
    layers = [MLP[0], ("relu", "Dropout", {}), MLP[2]]
    graph = chain(layers, optimizer=("SGD", {"lr": 0.01}))
    graph.node(node).params.update(params)
    found = refused_before_the_run(data, graph)
    assert (found.code, found.node, found.message) == ("bad_parameter", node, f"{message}.")
    assert found.fix is not None
    [edit] = found.fix.edits
    assert edit.op == "set_param"
    assert edit.value == fixed
    graph.node(edit.node).params[edit.param] = edit.value
    assert validator(data).report(graph, to_run=True).valid


def test_weights_of_zero_for_all_classes_are_refused():
    loss = NodeRegistry.get("CrossEntropyLoss").create({"weight": [0.0, 0.0]})
    reason = loss.why_not(Shape((BATCH, 2)), 2, 1)
    assert reason == "weight is 0 for all classes, so nothing is learned"
