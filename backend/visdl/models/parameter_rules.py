"""Rules of an optimizer: which parameters of the model it trains differently, and how."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Literal, Self, get_args

from pydantic import Field

from visdl.models.record import Record, Request

#: How a rule selects parameters.
Selector = Literal["node", "name", "biases_and_norms", "matrices", "embeddings", "output", "rest"]
SELECTORS: tuple[Selector, ...] = get_args(Selector)


class ParameterRule(Request):
    """One rule: which parameters it selects, and what differs for them. The first match counts."""

    select: Selector = Field(
        description="`node`: of the node or block with the id, path or name in `match`; `name`: "
        "of which the name matches the pattern in `match`, such as *.bias; `biases_and_norms`: "
        "with fewer than two dimensions, and all of normalization layers; `matrices`: with two "
        "dimensions, in hidden layers; `embeddings`: learned vectors; `output`: of the output "
        "layer; `rest`: all that no earlier rule selects"
    )
    match: str = Field(default="", max_length=500)
    lr_factor: float = Field(
        default=1.0, gt=0, allow_inf_nan=False, description="Factor of the learning rate"
    )
    weight_decay: float | None = Field(
        default=None, ge=0, allow_inf_nan=False, description="Null: as the optimizer has it"
    )
    frozen: bool = Field(default=False, description="Not trained")
    optimizer: str = Field(
        default="", max_length=200, description="Type of another optimizer; empty: the node's own"
    )
    lr: float | None = Field(
        default=None,
        ge=0,
        allow_inf_nan=False,
        description="Learning rate of the other optimizer; null: its default",
    )


class GroupReport(Record):
    """Parameters that an optimizer trains in one way."""

    rule: int | None = Field(description="Position of the rule from 0; null: no rule selects them")
    optimizer: str = Field(description="Type of the optimizer; empty where they are frozen")
    tensors: int
    parameters: int
    lr: float | None = None
    weight_decay: float | None = None
    frozen: bool = False

    def describe(self) -> str:
        """Return it in one clause, such as "Rule 1: 3 tensors with 96 parameters, frozen"."""
        name = "Other parameters" if self.rule is None else f"Rule {self.rule + 1}"
        what = f"{name}: {self.tensors:,} tensors with {self.parameters:,} parameters"
        if self.frozen:
            return f"{what}, frozen"
        rate = "" if self.lr is None else f", learning rate {self.lr:g}"
        decay = "" if self.weight_decay is None else f", weight decay {self.weight_decay:g}"
        return f"{what}, {self.optimizer}{rate}{decay}"


_FIELD = re.compile(r"(\w+)\[(\d+)\]\.(\w+)")


@dataclass(frozen=True)
class RuleField:
    """A field of one rule as a parameter that a study varies, such as `groups[0].lr_factor`."""

    param: str
    at: int
    field: str

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """Read the name of a parameter; None if it does not name a field of a rule."""
        match = _FIELD.fullmatch(text)
        return cls(match[1], int(match[2]), match[3]) if match else None

    @property
    def label(self) -> str:
        """Its name in a table, such as "rule 1 lr_factor"."""
        return f"rule {self.at + 1} {self.field}"

    def why_not(self, rules: Any) -> str | None:
        """Return why these rules do not have the field, as a sentence, or None."""
        count = len(rules) if isinstance(rules, list) else 0
        if self.at >= count or not isinstance(rules[self.at], dict):
            have = "1 rule" if count == 1 else f"{count} rules"
            return f"There is no rule {self.at + 1} in '{self.param}', which has {have}."
        if self.field not in ParameterRule.model_fields:
            return f"A rule has no field '{self.field}'."
        return None

    def with_value(self, rules: Any, value: Any) -> list[Any]:
        """Return the rules with this value of the field; a default that is not stated stays so."""
        changed = [dict(rule) if isinstance(rule, dict) else rule for rule in rules]
        rule, default = changed[self.at], ParameterRule.model_fields[self.field].default
        if self.field in rule or value != default:
            rule[self.field] = value
        return changed
