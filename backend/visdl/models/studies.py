"""Ablation studies: one graph, its variants, the same seeds for each, and the results."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import AliasChoices, BeforeValidator, Field

from visdl.models.diagnostics import Diagnostic, ReplaceNode, SetDisabled, SetParam
from visdl.models.graph import Edge, Graph
from visdl.models.record import AtMost, Json, Record, Request
from visdl.models.runs import DatasetUse, RunState
from visdl.models.strategies import MOST_SEEDS, MOST_VARIANTS, Direction, How, Seed, Strategy, Title

#: Keys of the variants that others are compared with.
BASELINE = "baseline"
MINIMAL = "minimal"


def _role_of_stored(role: object) -> object:
    """Return the present name of a role; studies of version 0.2 call the minimal model "floor"."""
    return "minimal" if role == "floor" else role


Role = Annotated[
    Literal["baseline", "minimal", "variant"],
    BeforeValidator(_role_of_stored),
    Field(description="The minimal model is the baseline without any of the parts"),
]


class Rewire(Record):
    """Removes and adds edges."""

    op: Literal["rewire"] = "rewire"
    remove: list[Edge] = Field(default_factory=list)
    add: list[Edge] = Field(default_factory=list)


StudyEdit = Annotated[SetParam | SetDisabled | ReplaceNode | Rewire, Field(discriminator="op")]


class StudyPlan(Request):
    """What a study compares, by which metric, and with which seeds."""

    name: Title = ""
    strategy: Strategy
    seeds: list[Seed] = Field(
        min_length=1, max_length=MOST_SEEDS, description="The same for every variant"
    )
    metric: str = Field(default="val_loss", min_length=1, max_length=200)
    direction: Direction | None = Field(default=None, description="By default that of the metric")
    select: Literal["last", "best"] = Field(
        default="last",
        description="Which value counts: of the last epoch, or of the best validation",
    )
    margin: float | None = Field(
        default=None,
        gt=0,
        allow_inf_nan=False,
        description="The largest difference that does not matter, in the unit of the metric",
    )
    how: Annotated[dict[str, How], AtMost(10_000)] = Field(
        default_factory=dict, description="How each node is removed, by its id"
    )
    skip_invalid: bool = Field(
        default=False, description="Leave out variants that cannot be trained"
    )
    reuse: bool = Field(
        default=True, description="Reuse runs of earlier studies with the same fingerprint"
    )
    batch_seeds: bool = Field(
        default=True,
        validation_alias=AliasChoices("batch_seeds", "stack"),  # "stack" in version 0.2
        description="Train the seeds of a variant in one batch if faster; values are the same",
    )


class NewStudy(StudyPlan):
    """A plan with its graph in full or by id; with both, the id names the stored graph it is of."""

    graph: Graph | None = None
    graph_id: str | None = None


class Variant(Record):
    """One network of a study."""

    key: str
    label: str
    role: Role = "variant"
    edits: list[StudyEdit] = Field(default_factory=list)
    params: dict[str, Json] = Field(
        default_factory=dict, description="Of a grid or search: values by `node.param`"
    )
    parts: list[str] = Field(
        default_factory=list, description="Ids of the nodes that it removes or changes"
    )
    reference: str | None = Field(
        default=None, description="Key of the variant that it is compared with"
    )
    same_as: str | None = Field(
        default=None, description="Key of an earlier variant with the same network"
    )
    how: str = Field(default="", description="What was changed, in a few words")
    valid: bool = True
    diagnostics: list[Diagnostic] = Field(
        default_factory=list, description="Why it cannot be trained, where it is not valid"
    )
    offers: list[How] = Field(default_factory=list, description="What could replace its part")
    plain: int | None = Field(
        default=None, description="Parameters of the linear replacement that is offered"
    )
    parameters: int | None = None
    flops: int | None = None
    reset: list[str] = Field(
        default_factory=list,
        description="Layers with another size than in the baseline, and other initial weights",
    )


class Offer(Record):
    """What could replace a part instead of switching it off."""

    how: list[How] = Field(default_factory=list)
    plain: int | None = Field(default=None, description="Parameters of the linear replacement")


class StudyPreview(Record):
    """The variants and the cost of a study that has not started."""

    variants: list[Variant]
    offers: dict[str, Offer] = Field(
        default_factory=dict,
        description="By node id, and for a group by the ids of its nodes joined with +",
    )
    runs: int = Field(description="New runs, without those that are reused")
    reused: int = 0
    seconds: float | None = Field(
        default=None, description="Estimate; null before the first run of this graph"
    )
    direction: Direction
    metrics: list[str] = Field(description="Metrics that a run of this graph measures")
    notes: list[str] = Field(default_factory=list)


class StudyState(StrEnum):
    RUNNING = "running"
    PAUSED = "paused"
    STOPPED = "stopped"
    COMPLETED = "completed"


STUDY_TRANSITIONS: dict[StudyState, frozenset[StudyState]] = {
    StudyState.RUNNING: frozenset({StudyState.PAUSED, StudyState.STOPPED, StudyState.COMPLETED}),
    StudyState.PAUSED: frozenset({StudyState.RUNNING, StudyState.STOPPED}),
    # more seeds, failed runs again, or those that the stop left out
    StudyState.STOPPED: frozenset({StudyState.RUNNING}),
    StudyState.COMPLETED: frozenset({StudyState.RUNNING}),
}


class StudyCounts(Record):
    """Numbers of runs of a study by their state."""

    planned: int = 0
    completed: int = 0
    failed: int = 0
    live: int = Field(default=0, description="Runs that train or wait")
    reused: int = 0


class Study(Record):
    id: str
    name: str
    state: StudyState = StudyState.RUNNING
    plan: StudyPlan
    direction: Direction
    graph_id: str | None = None
    graph_name: str = ""
    variants: list[Variant]
    datasets: list[DatasetUse] = Field(
        default_factory=list, description="As they were when the study was created"
    )
    extended: list[int] = Field(
        default_factory=list, description="Seeds that were added after results had been seen"
    )
    stopped_early: bool = Field(
        default=False, description="Stopped by hand before all planned runs had ended"
    )
    counts: StudyCounts = Field(default_factory=StudyCounts)
    note: str = ""
    created: float
    ended: float | None = None
    seconds_left: float | None = None
    error: Diagnostic | None = Field(
        default=None, description="Why the server stopped it: its next run could not be created"
    )
    obstacle: str | None = Field(
        default=None,
        description="Why the machine keeps it from continuing now, as a sentence; never stored",
    )


class StudyPatch(Request):
    """Changes of a study. `order` lists keys of variants; the others follow."""

    name: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    note: Annotated[str, Field(max_length=10_000)] | None = None
    labels: Annotated[dict[str, Title], AtMost(MOST_VARIANTS)] | None = None
    order: list[str] | None = Field(default=None, max_length=MOST_VARIANTS)


class MoreSeeds(Request):
    seeds: list[Seed] = Field(min_length=1, max_length=MOST_SEEDS)


class Cell(Record):
    """The run of one variant with one seed."""

    variant: str
    seed: int
    run: str
    state: RunState
    reused: bool = False
    value: float | None = Field(
        default=None, description="Of the primary metric, when the run has ended"
    )


class Arm(Record):
    """A variant's row of the table, with `values` by seed."""

    key: str
    label: str
    role: Role
    edits: list[StudyEdit] = Field(default_factory=list)
    params: dict[str, Json] = Field(default_factory=dict)
    parts: list[str] = Field(default_factory=list)
    how: str = ""
    reference: str | None = None
    n: int = Field(description="Runs with a value")
    planned: int
    failed: int
    reused: int = 0
    batched: int = Field(default=0, description="Runs that were trained in a seed batch")
    inexact: int = Field(
        default=0,
        description="Those of them that an earlier version batched: their values are not "
        "bit-for-bit those of a separate training",
    )
    mean: float | None = None
    sd: float | None = None
    values: dict[int, float] = Field(default_factory=dict)
    secondary: dict[str, tuple[float, float | None]] = Field(
        default_factory=dict, description="Mean and sd of the other metrics"
    )
    parameters: int | None = None
    flops: int | None = None
    seconds: float | None = Field(default=None, description="Mean duration of a run")
    reset: list[str] = Field(default_factory=list)
    decimals: int = Field(
        default=4, description="Decimals that show two significant digits of the sd"
    )


class VariantResult(Arm):
    """A variant compared with its reference. Tests are present when every planned run has ended."""

    pairs: int | None = Field(
        default=None, description="Seeds with a value in the variant and in its reference"
    )
    delta: float | None = Field(
        default=None, description="Mean paired difference: variant minus reference"
    )
    differences: dict[int, float] = Field(default_factory=dict, description="By seed")
    ci: tuple[float, float] | None = Field(
        default=None, description="95 % confidence interval of delta, paired t"
    )
    p: float | None = Field(default=None, description="Exact sign-flip test")
    p_holm: float | None = None
    p_t: float | None = Field(default=None, description="Paired t test")
    p_t_holm: float | None = None
    p_worse: float | None = Field(
        default=None, description="Share of pairs in which the variant is worse; ties count as ½"
    )
    effect_size: float | None = Field(default=None, description="Hedges' dz")
    verdict: str | None = None
    sentence: str = Field(
        default="", description="The verdict as a sentence about the part and its removal"
    )


class Effect(Record):
    """A main effect or an interaction of a grid, by least squares with the seed in the model."""

    term: str
    estimate: float | None = Field(
        default=None, description="Null for the F test of all levels of a term"
    )
    df: int | None = None
    f: float | None = None
    ci: tuple[float, float] | None = None
    p: float | None = None


class Dependence(Record):
    """How much a part's effect depends on the other parts: leave-one-out minus add-one."""

    part: str
    label: str
    delta: float
    ci: tuple[float, float] | None = None


class StudyResults(Record):
    """The results of a study. There are no tests before every planned run has ended."""

    state: StudyState
    metric: str
    direction: Direction
    baseline: Arm
    variants: list[VariantResult]
    effects: list[Effect] = Field(default_factory=list)
    dependence: list[Dependence] = Field(default_factory=list)
    best: str | None = Field(
        default=None, description="Of a search: key of the variant with the best mean"
    )
    notes: list[str] = Field(default_factory=list)
    caption: str = ""
    methods: str = Field(default="", description="A paragraph for a paper")


class BandPoint(Record):
    epoch: float
    mean: float
    low: float
    high: float
    n: int


class StudyCurves(Record):
    """A metric over the epochs for each variant: mean ± sd of its runs."""

    metric: str
    variants: dict[str, list[BandPoint]]
