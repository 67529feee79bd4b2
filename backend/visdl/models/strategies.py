"""The strategies of studies: which variants are made of a graph, and how each strategy is called.

A strategy is one record. Its `kind` is the key in requests and stored studies, its title the label
on screens and in exports, its docstring the help, `METHODS` its clause in a methods paragraph.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, get_args

from pydantic import Field

from visdl.models.graph import Graph
from visdl.models.record import Json, Record, Request

MOST_VARIANTS = 1000
MOST_SEEDS = 100

Seed = Annotated[int, Field(ge=0, lt=2**53)]
NodeId = Annotated[str, Field(min_length=1, max_length=500)]
Title = Annotated[str, Field(max_length=200)]
Direction = Literal["minimize", "maximize"]
#: How a part is removed: switched off (its input passes through), or replaced by one Linear or Conv
#: layer, or by zeros.
How = Literal["disable", "plain", "zero"]


class GroupPart(Request):
    """Several nodes that are removed together."""

    title: Title = ""
    nodes: list[NodeId] = Field(min_length=1, max_length=500)
    how: Literal["each", "plain"] = Field(
        default="each",
        description="Each node as in the plan's `how`, or one linear layer in place of all",
    )


class ColumnsPart(Request):
    """Input columns of a data node that are removed together."""

    node: NodeId
    columns: list[str] = Field(min_length=1, max_length=10_000)
    title: Title = ""


#: The id of a node, the path of a node in a block (`encoder/fc`), several nodes, or input columns.
Part = NodeId | GroupPart | ColumnsPart
Parts = Annotated[list[Part], Field(min_length=1, max_length=200)]


class StrategyRecord(Request):
    """The base of all strategies."""

    METHODS: ClassVar[str]
    #: Whether variants are compared by tests; a search selects the best of many, so it has none.
    TESTED: ClassVar[bool] = True


class LeaveOneOut(StrategyRecord, title="Leave one out"):
    """Removes each part on its own."""

    METHODS = "each part was removed from the full model on its own"

    kind: Literal["leave_one_out"] = "leave_one_out"
    nodes: Parts


class LeaveNOut(StrategyRecord, title="Leave n out"):
    """Removes every combination of n parts."""

    METHODS = "every combination of several parts was removed from the full model"

    kind: Literal["leave_n_out"] = "leave_n_out"
    nodes: Parts
    n: int = Field(default=2, ge=1, le=10)


class LeaveGroupOut(StrategyRecord, title="Leave group out"):
    """Removes the nodes of each group together."""

    METHODS = "each group of parts was removed from the full model"

    kind: Literal["leave_group_out"] = "leave_group_out"
    groups: list[GroupPart] = Field(min_length=1, max_length=200)


class AddOne(StrategyRecord, title="Add one"):
    """Removes all parts, then adds each on its own to this minimal model."""

    METHODS = "each part was added on its own to the minimal model, which has none of the parts"

    kind: Literal["add_one"] = "add_one"
    nodes: Parts
    leave_one_out: bool = Field(
        default=False,
        description="Also remove each part from the full model: the difference shows how much "
        "its effect depends on the other parts",
    )


class Cumulative(StrategyRecord, title="Cumulative"):
    """Removes one part after the other and compares each step with the previous one."""

    METHODS = "parts were removed one after the other, each step compared with the previous one"

    kind: Literal["cumulative"] = "cumulative"
    order: Parts


class Alternative(Request):
    """A node that replaces another one."""

    type: str = Field(min_length=1, max_length=200)
    params: dict[str, Json] = Field(default_factory=dict)
    label: Title = ""


class Replace(StrategyRecord, title="Replace"):
    """Replaces one node by each of several alternatives."""

    METHODS = "one part was replaced by each of several alternatives"

    kind: Literal["replace"] = "replace"
    node: NodeId
    alternatives: list[Alternative] = Field(min_length=1, max_length=100)


class GridFactor(Request):
    """Values of one parameter."""

    node: NodeId
    param: str = Field(min_length=1, max_length=200)
    values: list[Json] = Field(min_length=1, max_length=100)


class Grid(StrategyRecord, title="Grid"):
    """Trains every combination of the values of some parameters."""

    METHODS = "every combination of the parameter values was trained"

    kind: Literal["grid"] = "grid"
    factors: list[GridFactor] = Field(min_length=1, max_length=10)


class RangeFactor(Request):
    """Values of one parameter: listed, or drawn between two bounds."""

    node: NodeId
    param: str = Field(min_length=1, max_length=200)
    values: list[Json] | None = Field(default=None, min_length=1, max_length=100)
    low: float | None = None
    high: float | None = None
    log: bool = Field(default=False, description="Draw uniformly on a logarithmic scale")
    integer: bool = False


Trials = Annotated[int, Field(ge=1, le=MOST_VARIANTS)]


class RandomSearch(StrategyRecord, title="Random search"):
    """Draws combinations of parameter values at random."""

    METHODS = "combinations of parameter values were drawn at random"
    TESTED = False

    kind: Literal["random"] = "random"
    factors: list[RangeFactor] = Field(min_length=1, max_length=20)
    trials: Trials = 20
    seed: Seed = Field(default=0, description="Seed of the draws, not of the trainings")


class OptunaSearch(StrategyRecord, title="Optuna search"):
    """Lets Optuna suggest each trial from the results of the earlier ones."""

    METHODS = "combinations of parameter values were suggested by Optuna"
    TESTED = False

    kind: Literal["optuna"] = "optuna"
    factors: list[RangeFactor] = Field(min_length=1, max_length=20)
    trials: Trials = 20
    sampler: Literal["tpe", "random", "qmc"] = "tpe"
    seed: Seed = Field(default=0, description="Seed of the search, not of the trainings")


class Configuration(Request):
    """A complete graph as a variant."""

    label: Title = ""
    graph: Graph


class Configurations(StrategyRecord, title="Configurations"):
    """Compares versions of this graph, or other graphs, with the baseline."""

    METHODS = "hand-picked networks were compared"

    kind: Literal["configurations"] = "configurations"
    graphs: list[Configuration] = Field(min_length=1, max_length=100)


Strategy = Annotated[
    LeaveOneOut
    | LeaveNOut
    | LeaveGroupOut
    | AddOne
    | Cumulative
    | Replace
    | Grid
    | RandomSearch
    | OptunaSearch
    | Configurations,
    Field(discriminator="kind"),
]


StrategyKind = Literal[
    "leave_one_out",
    "leave_n_out",
    "leave_group_out",
    "add_one",
    "cumulative",
    "replace",
    "grid",
    "random",
    "optuna",
    "configurations",
]


class StrategyInfo(Record):
    """What a strategy is called, what it does, and whether its variants are tested."""

    key: StrategyKind = Field(description="The `kind` of a study's strategy")
    label: str
    help: str = Field(description="What it does, in one sentence")
    tested: bool = Field(description="Whether results have p values and verdicts")


def _describe(cls: type[StrategyRecord]) -> StrategyInfo:
    return StrategyInfo(
        key=cls.model_fields["kind"].default,
        label=str(cls.model_config["title"]),
        help=str(cls.__doc__),
        tested=cls.TESTED,
    )


#: All strategies by their keys, in the order in which they are offered.
STRATEGIES: dict[str, StrategyInfo] = {
    info.key: info for info in map(_describe, get_args(get_args(Strategy)[0]))
}


def groups_of(strategy: Strategy) -> list[GroupPart]:
    """Return the groups among the parts of a strategy."""
    parts = [part for name in ("nodes", "groups", "order") for part in getattr(strategy, name, ())]
    return [part for part in parts if isinstance(part, GroupPart)]
