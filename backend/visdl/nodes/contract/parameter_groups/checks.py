"""What is wrong with the rules of an optimizer, before a run."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from visdl.models.diagnostics import Diagnostic, Fix, SetParam, Severity
from visdl.models.errors import InvalidInputError
from visdl.models.parameter_rules import ParameterRule
from visdl.nodes.contract.parameter_groups.assignment import (
    WeightGroup,
    group_weights,
    is_inside,
    selects,
)
from visdl.nodes.contract.parameter_groups.weights import KnownWeights, WeightInfo
from visdl.nodes.contract.registry import NodeRegistry

if TYPE_CHECKING:
    from visdl.nodes.contract.parameter_groups.optimizer_node import OptimizerNode

_PORT = "groups"
_MOST_RULES = 100
_COMPARED = 2000  # names of nodes that a wrong one is compared with
_MOST_LISTED = 20  # rules that a fix lists
_MOST_MATCHES = 200_000  # of a rule and a parameter
_TITLES = {
    "biases_and_norms": "biases and norms",
    "matrices": "matrices of hidden layers",
    "embeddings": "embeddings",
    "output": "matrices of the output layer",
    "rest": "other parameters",
}


def read_rules(values: Sequence[Any]) -> list[ParameterRule]:
    """Return the rules of a `groups` parameter. Raises InvalidInputError naming a bad one."""
    rules = []
    for at, value in enumerate(values):
        try:
            rules.append(ParameterRule.model_validate(value))
        except ValidationError as error:
            raise InvalidInputError(
                f"Rule {at + 1} is not valid: {_reason(error)}.",
                hint="Correct this field of the rule, or remove the rule.",
                field=_PORT,
            ) from error
    return rules


def _reason(error: ValidationError) -> str:
    first = min(error.errors(), key=lambda one: one["type"] != "extra_forbidden")
    field = ".".join(map(str, first["loc"]))
    if first["type"] == "extra_forbidden":
        return f"there is no field '{field}'"
    return f"{field or 'it'}: {first['msg'].rstrip('.')}"


def require_valid(node: OptimizerNode, weights: Sequence[WeightInfo]) -> None:
    """Raise InvalidInputError for the first error in the rules of an optimizer."""
    for found in _errors(node, node.rules, weights):
        raise InvalidInputError(found.message, hint=found.hint, field=_PORT)


def check_groups(node: OptimizerNode, model: KnownWeights | None) -> list[Diagnostic]:
    """Return what is wrong with the rules of an optimizer for a model, None if it is not known.

    Errors prevent the run; a rule that selects nothing is a warning, because a variant of the
    model may lack the layer that it is for.
    """
    if len(node.groups) > _MOST_RULES:
        message = f"There are {len(node.groups):,} rules; at most {_MOST_RULES} are possible."
        return [_diagnostic(message, "Let one rule select more, such as by a name pattern.")]
    try:
        rules = node.rules
    except InvalidInputError as error:
        return [_diagnostic(error.message, error.hint)]
    if model is None:
        return list(_rule_errors(rules))
    if len(rules) * len(model.weights) > _MOST_MATCHES:
        message = (
            f"{len(rules):,} rules for {len(model.weights):,} parameters are too many: "
            f"at most {_MOST_MATCHES:,} pairs are compared."
        )
        return [_diagnostic(message, "Use fewer rules.")]
    missing = list(_missing_nodes(node, rules, model))
    errors = missing or list(_errors(node, rules, model.weights))
    return errors or list(_selects_nothing(node, rules, model))


def _errors(
    node: OptimizerNode, rules: Sequence[ParameterRule], weights: Sequence[WeightInfo]
) -> Iterator[Diagnostic]:
    """Yield the errors of rules, given the parameters that they select from."""
    wrong = list(_rule_errors(rules))
    yield from wrong
    if wrong:
        return
    groups = group_weights(node, rules, weights)
    yield from _why_not_trained(rules, groups)
    if weights and all(group.optimizer is None for group in groups):
        yield _diagnostic(
            "All parameters of the model are frozen, so nothing would be trained.",
            "Remove a rule that freezes, or let it select fewer parameters.",
        )
    trained = [group for group in groups if group.optimizer is not None]
    if node.TRAINS_TOGETHER and any(
        group.optimizer is not node or group.lr_factor != 1 for group in trained
    ):
        yield _diagnostic(
            f"{_name(node)} trains all parameters together, so its rules can only freeze.",
            "Remove what else the rules set, or choose another optimizer, such as AdamW.",
        )


def _rule_errors(rules: Sequence[ParameterRule]) -> Iterator[Diagnostic]:
    """Yield what is wrong with the fields of each rule."""
    for at, rule in enumerate(rules):
        name = f"Rule {at + 1}"
        if rule.select in ("node", "name") and not rule.match:
            what = "a node" if rule.select == "node" else "a name pattern, such as *.bias"
            yield _diagnostic(f"{name} selects by {rule.select}, but names none.", f"Give {what}.")
        cls: Any = NodeRegistry.find(rule.optimizer) if rule.optimizer else None
        if rule.frozen:
            continue
        if rule.optimizer and getattr(cls, "KIND", "") != "optimizer":
            yield _diagnostic(
                f"{name} names the optimizer '{rule.optimizer}', which does not exist.",
                _did_you_mean(rule.optimizer, _optimizers()) or "Choose one of the list.",
            )
        elif cls is not None and cls.TRAINS_TOGETHER:
            yield _diagnostic(
                f"{name} names {rule.optimizer}, which trains all parameters together.",
                "Choose another optimizer for the rule, such as AdamW.",
            )
        if rule.lr is not None and not rule.optimizer:
            yield _diagnostic(
                f"{name} has a learning rate, but no optimizer of its own.",
                "Set lr_factor instead, or choose an optimizer for the rule.",
            )


def _why_not_trained(
    rules: Sequence[ParameterRule], groups: Sequence[WeightGroup]
) -> Iterator[Diagnostic]:
    """Yield why an optimizer cannot train its group, or has not the setting that a rule gives."""
    for group in groups:
        own = group.optimizer
        if own is None:
            continue
        rule = None if group.rule is None else rules[group.rule]
        if rule is not None and rule.weight_decay is not None and "weight_decay" not in own.PARAMS:
            yield _diagnostic(
                f"Rule {(group.rule or 0) + 1} sets weight_decay, but {_name(own)} has none.",
                "Leave it empty, or choose another optimizer for the rule.",
            )
        reason = own.why_not([weight.shape for weight in group.weights])
        if reason:
            yield _diagnostic(
                f"{_name(own)} {reason}.",
                "Choose another optimizer, such as AdamW.",
                code="optimizer",
                port=None if rule is None else _PORT,
            )


def _missing_nodes(
    node: OptimizerNode, rules: Sequence[ParameterRule], model: KnownWeights
) -> Iterator[Diagnostic]:
    """Yield the rules that name a node which the model does not have."""
    names = model.node_names
    for at, rule in enumerate(rules):
        if rule.select != "node" or not rule.match:
            continue
        is_known = rule.match in names.values() or any(
            is_inside(path, rule.match) for path in names
        )
        if not is_known and not any(selects(rule, weight) for weight in model.weights):
            near = _did_you_mean(rule.match, [*names.values(), *names])
            yield _diagnostic(
                f"Rule {at + 1} names the node '{rule.match}', which the model does not have.",
                near or "Choose a layer of the model, or remove the rule.",
                fix=_removal(node, at),
            )


def _selects_nothing(
    node: OptimizerNode, rules: Sequence[ParameterRule], model: KnownWeights
) -> Iterator[Diagnostic]:
    """Yield a warning for each rule that no parameter is left for."""
    used = {group.rule for group in group_weights(node, rules, model.weights)}
    for at, rule in enumerate(rules):
        if at in used:
            continue
        if any(selects(rule, weight) for weight in model.weights):
            reason = "earlier rules select the same parameters"
            hint = "Move it up, or remove it."
        else:
            reason, hint = _why_nothing(rule, model), "Change what it selects, or remove it."
        yield _diagnostic(
            f"Rule {at + 1} selects nothing: {reason}.",
            hint,
            severity="warning",
            fix=_removal(node, at),
        )


def _why_nothing(rule: ParameterRule, model: KnownWeights) -> str:
    if rule.select == "node":
        label = model.node_names.get(rule.match, rule.match)
        return f"'{label}' has no parameters"
    if rule.select == "name":
        example = model.weights[0].names[0] if model.weights else "fc.weight"
        return f"no parameter has a name like '{rule.match}' (names are such as '{example}')"
    return f"the model has no {_TITLES[rule.select]}"


def _removal(node: OptimizerNode, at: int) -> Fix | None:
    """Return the fix that removes a rule, which lists all others; None where these are many."""
    if len(node.groups) > _MOST_LISTED:
        return None
    left: list[Any] = [dict(rule) for place, rule in enumerate(node.groups) if place != at]
    return Fix(label=f"Remove rule {at + 1}", edits=[SetParam(node="", param=_PORT, value=left)])


def _diagnostic(
    message: str,
    hint: str,
    *,
    code: str = "parameter_groups",
    severity: Severity = "error",
    port: str | None = _PORT,
    fix: Fix | None = None,
) -> Diagnostic:
    return Diagnostic(code=code, severity=severity, port=port, message=message, hint=hint, fix=fix)


def _name(node: OptimizerNode) -> str:
    return type(node).DISPLAY_NAME or type(node).__name__


def _optimizers() -> list[str]:
    return [n for n in NodeRegistry.names() if NodeRegistry.get(n).KIND == "optimizer"]


def _did_you_mean(name: str, known: Sequence[str]) -> str:
    near = difflib.get_close_matches(name[:100], known[:_COMPARED], n=1)
    return f"Did you mean '{near[0]}'?" if near else ""
