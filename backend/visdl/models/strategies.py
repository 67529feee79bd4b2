"""How variants are made of a graph: what is taken out, replaced or set, and in which combinations."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from visdl.models.graph import Graph

MOST_VARIANTS = 1000
MOST_SEEDS = 100

Seed = Annotated[int, Field(ge=0, lt=2**53)]
NodeId = Annotated[str, Field(min_length=1, max_length=500)]
Title = Annotated[str, Field(max_length=200)]
Direction = Literal["minimize", "maximize"]
#: What takes the place of a part: nothing (its input goes through), one Linear or Conv layer, or zeros.
How = Literal["disable", "plain", "zero"]


class StudyRequest(BaseModel):
    model_config = ConfigDict(extra="forbid")


class GroupPart(StudyRequest):
    """Several nodes that are taken out together."""

    title: Title = ""
    nodes: list[NodeId] = Field(min_length=1, max_length=500)
    how: Literal["each", "plain"] = Field(
        default="each",
        description="Each node as the plan's `how` says, or one Linear or Conv layer in the place of all of them",
    )


class ColumnsPart(StudyRequest):
    """Input columns of a data node that are taken out together."""

    node: NodeId
    columns: list[str] = Field(min_length=1, max_length=10_000)
    title: Title = ""


#: The id of a node or of a block's node (`encoder/fc` inside of one), several nodes, or input columns.
Part = NodeId | GroupPart | ColumnsPart
Parts = Annotated[list[Part], Field(min_length=1, max_length=200)]


class LeaveOneOut(StudyRequest):
    """Each part alone is taken out of the whole."""

    kind: Literal["leave_one_out"] = "leave_one_out"
    nodes: Parts


class LeaveNOut(StudyRequest):
    """Every `n` of the parts are taken out together."""

    kind: Literal["leave_n_out"] = "leave_n_out"
    nodes: Parts
    n: int = Field(default=2, ge=1, le=10)


class LeaveGroupOut(StudyRequest):
    """Each group of nodes is taken out of the whole."""

    kind: Literal["leave_group_out"] = "leave_group_out"
    groups: list[GroupPart] = Field(min_length=1, max_length=200)


class AddOne(StudyRequest):
    """Each part alone is put back into the floor, from which all of them are taken out."""

    kind: Literal["add_one"] = "add_one"
    nodes: Parts
    leave_one_out: bool = Field(
        default=False,
        description="Also take each out of the whole: the difference tells what depends on the rest",
    )


class Cumulative(StudyRequest):
    """One part after the other is taken out, in this order; each is compared with the step before."""

    kind: Literal["cumulative"] = "cumulative"
    order: Parts


class Alternative(StudyRequest):
    """Another node in the place of one."""

    type: str = Field(min_length=1, max_length=200)
    params: dict[str, JsonValue] = Field(default_factory=dict)
    label: Title = ""


class Replace(StudyRequest):
    """One node is replaced by each of several others."""

    kind: Literal["replace"] = "replace"
    node: NodeId
    alternatives: list[Alternative] = Field(min_length=1, max_length=100)


class GridFactor(StudyRequest):
    """Values of one parameter."""

    node: NodeId
    param: str = Field(min_length=1, max_length=200)
    values: list[JsonValue] = Field(min_length=1, max_length=100)


class Grid(StudyRequest):
    """Every combination of values of parameters."""

    kind: Literal["grid"] = "grid"
    factors: list[GridFactor] = Field(min_length=1, max_length=10)


class RangeFactor(StudyRequest):
    """Values of one parameter, listed, or drawn between two bounds."""

    node: NodeId
    param: str = Field(min_length=1, max_length=200)
    values: list[JsonValue] | None = Field(default=None, min_length=1, max_length=100)
    low: float | None = None
    high: float | None = None
    log: bool = Field(default=False, description="Even on a logarithmic scale")
    integer: bool = False


Trials = Annotated[int, Field(ge=1, le=MOST_VARIANTS)]


class RandomSweep(StudyRequest):
    """So many combinations drawn at random."""

    kind: Literal["random"] = "random"
    factors: list[RangeFactor] = Field(min_length=1, max_length=20)
    trials: Trials = 20
    seed: Seed = Field(default=0, description="Of the draws, not of the trainings")


class OptunaSweep(StudyRequest):
    """A search: each trial is chosen by the results of those before."""

    kind: Literal["optuna"] = "optuna"
    factors: list[RangeFactor] = Field(min_length=1, max_length=20)
    trials: Trials = 20
    sampler: Literal["tpe", "random", "qmc"] = "tpe"
    seed: Seed = Field(default=0, description="Of the search, not of the trainings")


class Configuration(StudyRequest):
    """A whole graph as a variant."""

    label: Title = ""
    graph: Graph


class Configurations(StudyRequest):
    """Graphs picked by hand."""

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
    | RandomSweep
    | OptunaSweep
    | Configurations,
    Field(discriminator="kind"),
]


def groups_of(strategy: Strategy) -> list[GroupPart]:
    """The groups among its parts."""
    parts = [part for name in ("nodes", "groups", "order") for part in getattr(strategy, name, ())]
    return [part for part in parts if isinstance(part, GroupPart)]
