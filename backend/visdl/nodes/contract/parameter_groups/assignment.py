"""Which rule of an optimizer selects which parameters of a model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from visdl.models.parameter_rules import ParameterRule
from visdl.nodes.contract.parameter_groups.weights import WeightInfo
from visdl.nodes.contract.registry import NodeRegistry

if TYPE_CHECKING:
    from visdl.nodes.contract.parameter_groups.optimizer_node import OptimizerNode


@dataclass(frozen=True)
class WeightGroup:
    """Parameters that are trained in one way.

    `rule` is the position of the rule that selects them, None for those that no rule selects.
    `optimizer` is the node whose algorithm and settings they have, None where they are frozen.
    """

    rule: int | None
    weights: tuple[WeightInfo, ...]
    optimizer: OptimizerNode | None
    lr_factor: float = 1.0

    @property
    def size(self) -> int:
        """The number of elements of its parameters."""
        return sum(weight.size for weight in self.weights)


def group_weights(
    node: OptimizerNode, rules: Sequence[ParameterRule], weights: Sequence[WeightInfo]
) -> list[WeightGroup]:
    """Return the groups of parameters of these rules, in their order, the rest last.

    Parameters that an algorithm cannot train, such as biases for Muon, are a group of their own
    with the optimizer that its node names as FALLBACK.
    """
    selected: dict[int | None, list[WeightInfo]] = {at: [] for at in (*range(len(rules)), None)}
    for weight in weights:
        selected[first_rule(rules, weight)].append(weight)
    groups: list[WeightGroup] = []
    for at, members in selected.items():
        rule = None if at is None else rules[at]
        if rule is not None and rule.frozen:
            groups.append(WeightGroup(at, tuple(members), None))
            continue
        factor = 1.0 if rule is None else rule.lr_factor
        by_optimizer: dict[bool, list[WeightInfo]] = {}
        main = optimizer_of(node, rule)
        for weight in members:
            fits = not main.FALLBACK or main.why_not([weight.shape]) is None
            by_optimizer.setdefault(fits, []).append(weight)
        for fits in (True, False):
            if fits in by_optimizer:
                own = main if fits else _fallback(main, node, rule)
                groups.append(WeightGroup(at, tuple(by_optimizer[fits]), own, factor))
    return [group for group in groups if group.weights]


def first_rule(rules: Sequence[ParameterRule], weight: WeightInfo) -> int | None:
    """Return the position of the first rule that selects a parameter, or None."""
    return next((at for at, rule in enumerate(rules) if selects(rule, weight)), None)


def selects(rule: ParameterRule, weight: WeightInfo) -> bool:
    """Return whether a rule selects a parameter, without regard to earlier rules."""
    if rule.select == "node":
        return any(is_inside(path, rule.match) for path in weight.nodes) or any(
            name.startswith(f"{rule.match}.") for name in weight.names
        )
    if rule.select == "name":
        return any(fnmatchcase(name, rule.match) for name in weight.names)
    return rule.select in _properties(weight)


def _properties(weight: WeightInfo) -> set[str]:
    """Return the selectors that a parameter has by its shape and its layer."""
    axes, is_norm = len(weight.shape), "norm" in weight.kinds
    is_embedding = "embedding" in weight.kinds
    has = {
        "biases_and_norms": axes < 2 or is_norm,
        "matrices": axes == 2 and not (is_norm or is_embedding or weight.is_output),
        "embeddings": is_embedding,
        "output": weight.is_output,
        "rest": True,
    }
    return {name for name, holds in has.items() if holds}


def is_inside(path: str, node: str) -> bool:
    """Return whether a path such as `encoder/0/fc` is a node or inside a block, such as `encoder`.

    The number of a repeat may be left out: `encoder/fc` is that node in every repeat.
    """
    expected = node.split("/")
    at = 0
    for place, part in enumerate(path.split("/")):
        if at == len(expected):
            return True
        if part == expected[at]:
            at += 1
        elif not (place and part.isdigit()):
            return False
    return at == len(expected)


def optimizer_of(node: OptimizerNode, rule: ParameterRule | None) -> OptimizerNode:
    """Return the node whose algorithm and settings the parameters of a rule have.

    Raises KeyError for an optimizer that does not exist.
    """
    if rule is None:
        return node
    own = node if not rule.optimizer else _create(rule.optimizer, _given(lr=rule.lr))
    return _with(own, _given(weight_decay=rule.weight_decay))


def _fallback(
    main: OptimizerNode, node: OptimizerNode, rule: ParameterRule | None
) -> OptimizerNode:
    """Return the optimizer of what `main` cannot train: the node itself if it is of that type."""
    other = NodeRegistry.get(main.FALLBACK)
    own = node if isinstance(node, other) else _create(main.FALLBACK, {})
    decay = None if rule is None else rule.weight_decay
    return _with(own, _given(weight_decay=decay))


def _create(type_name: str, params: Mapping[str, float]) -> OptimizerNode:
    node: OptimizerNode = NodeRegistry.get(type_name).create(params)  # type: ignore[assignment]
    return node


def _with(node: OptimizerNode, params: Mapping[str, float]) -> OptimizerNode:
    """Return the node, or a copy with these parameters where there are any."""
    if not params:
        return node
    values = {name: getattr(node, name) for name in node.PARAMS}
    return type(node).create({**values, **params})


def _given(**values: float | None) -> dict[str, float]:
    return {name: value for name, value in values.items() if value is not None}
