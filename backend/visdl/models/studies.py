"""An ablation study: one graph, variants of it, the same seeds for each, and what is concluded from them."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BaseModel, Field, JsonValue

from visdl.models.diagnostics import Diagnostic, ReplaceNode, SetDisabled, SetParam
from visdl.models.graph import Edge, Graph
from visdl.models.runs import DatasetUse, RunState
from visdl.models.strategies import MOST_SEEDS, Direction, How, Seed, Strategy, StudyRequest, Title

#: Keys of the variants that others are compared with.
BASELINE = "baseline"
FLOOR = "floor"


class Rewire(BaseModel):
    """Wires that go, and wires that come."""

    op: Literal["rewire"] = "rewire"
    remove: list[Edge] = Field(default_factory=list)
    add: list[Edge] = Field(default_factory=list)


StudyEdit = Annotated[SetParam | SetDisabled | ReplaceNode | Rewire, Field(discriminator="op")]


class StudyPlan(StudyRequest):
    """What is to be found out. `margin` is the difference that would not matter, in the metric's own unit."""

    name: Title = ""
    strategy: Strategy
    seeds: list[Seed] = Field(
        min_length=1, max_length=MOST_SEEDS, description="The same for every variant"
    )
    metric: str = Field(default="val_loss", min_length=1, max_length=200)
    direction: Direction | None = Field(
        default=None, description="The metric's own where it is left out"
    )
    select: Literal["last", "best"] = Field(
        default="last",
        description="The value of the last epoch, or that of the weights with the best validation",
    )
    margin: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    how: dict[str, How] = Field(
        default_factory=dict, description="What takes the place of a node, by its id"
    )
    skip_invalid: bool = Field(
        default=False, description="Leave out variants that cannot be trained"
    )
    reuse: bool = Field(
        default=True, description="Take over runs of earlier studies that are the same"
    )
    stack: bool = Field(
        default=True, description="Train the seeds of a variant as one network where that is faster"
    )


class NewStudy(StudyPlan):
    """A plan, and the graph: in full, or the id of a stored one; with both, the id says whose state it is."""

    graph: Graph | None = None
    graph_id: str | None = None


class Variant(BaseModel):
    """One network of a study."""

    key: str
    label: str
    role: Literal["baseline", "floor", "variant"] = "variant"
    edits: list[StudyEdit] = Field(default_factory=list)
    params: dict[str, JsonValue] = Field(
        default_factory=dict, description="Of a sweep: values by `node.param`"
    )
    parts: list[str] = Field(default_factory=list, description="Ids of the nodes that it is about")
    reference: str | None = Field(default=None, description="The variant that it is compared with")
    same_as: str | None = Field(
        default=None, description="The earlier variant whose network is the same"
    )
    how: str = Field(default="", description="What was done, in a few words")
    valid: bool = True
    problems: list[Diagnostic] = Field(default_factory=list)
    offers: list[How] = Field(
        default_factory=list, description="What would fit in the place of its part"
    )
    plain: int | None = Field(
        default=None, description="Parameters of the plain replacement that is offered"
    )
    parameters: int | None = None
    flops: int | None = None
    reset: list[str] = Field(
        default_factory=list,
        description="Layers whose first weights cannot be those of the baseline",
    )


class Offer(BaseModel):
    """What could take the place of a node instead of nothing."""

    how: list[How] = Field(default_factory=list)
    plain: int | None = Field(default=None, description="Parameters of the plain replacement")


class StudyPreview(BaseModel):
    """What a study would do, before anything starts."""

    variants: list[Variant]
    offers: dict[str, Offer] = Field(
        default_factory=dict,
        description="For each node of the parts by its id, for a group by those of its nodes with + in between",
    )
    runs: int = Field(description="Trainings, those that are reused left out")
    reused: int = 0
    seconds: float | None = Field(
        default=None, description="Estimated; null before a first run of this graph"
    )
    direction: Direction
    metrics: list[str] = Field(description="Metrics that a study of this graph can be about")
    notes: list[str] = Field(default_factory=list)


class StudyState(StrEnum):
    RUNNING = "running"
    PAUSED = "paused"
    STOPPED = "stopped"
    COMPLETED = "completed"


STUDY_TRANSITIONS: dict[StudyState, frozenset[StudyState]] = {
    StudyState.RUNNING: frozenset({StudyState.PAUSED, StudyState.STOPPED, StudyState.COMPLETED}),
    StudyState.PAUSED: frozenset({StudyState.RUNNING, StudyState.STOPPED}),
    # more seeds, failed runs once more, or those that the stop left out
    StudyState.STOPPED: frozenset({StudyState.RUNNING}),
    StudyState.COMPLETED: frozenset({StudyState.RUNNING}),
}


class StudyCounts(BaseModel):
    """Trainings of a study by what has become of them."""

    planned: int = 0
    completed: int = 0
    failed: int = 0
    live: int = Field(default=0, description="Those that train or wait")
    reused: int = 0


class Study(BaseModel):
    id: str
    name: str
    state: StudyState = StudyState.RUNNING
    plan: StudyPlan
    direction: Direction
    graph_id: str | None = None
    graph_name: str = ""
    variants: list[Variant]
    datasets: list[DatasetUse] = Field(
        default_factory=list, description="As they were when the study was made"
    )
    extended: list[int] = Field(
        default_factory=list, description="Seeds that were added after looking"
    )
    stopped_early: bool = Field(
        default=False, description="Stopped by hand before all its runs had ended"
    )
    counts: StudyCounts = Field(default_factory=StudyCounts)
    note: str = ""
    created: float
    ended: float | None = None
    seconds_left: float | None = None


class StudyPatch(StudyRequest):
    """What a user may change of a study. `order` lists keys of variants, the others follow."""

    name: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    note: Annotated[str, Field(max_length=10_000)] | None = None
    labels: dict[str, Title] | None = None
    order: list[str] | None = None


class MoreSeeds(StudyRequest):
    seeds: list[Seed] = Field(min_length=1, max_length=MOST_SEEDS)


class Cell(BaseModel):
    """One training of a study."""

    variant: str
    seed: int
    run: str
    state: RunState
    reused: bool = False
    value: float | None = Field(
        default=None, description="Of the primary metric, once the run has ended"
    )


class Arm(BaseModel):
    """A variant's row of the table. `values` by seed; the statistics stand there when every planned run has ended."""

    key: str
    label: str
    role: Literal["baseline", "floor", "variant"]
    edits: list[StudyEdit] = Field(default_factory=list)
    params: dict[str, JsonValue] = Field(default_factory=dict)
    parts: list[str] = Field(default_factory=list)
    how: str = ""
    reference: str | None = None
    n: int = Field(description="Runs with a value")
    planned: int
    failed: int
    reused: int = 0
    stacked: int = Field(default=0, description="Runs that were trained as one with other seeds")
    mean: float | None = None
    sd: float | None = None
    values: dict[int, float] = Field(default_factory=dict)
    secondary: dict[str, tuple[float, float | None]] = Field(
        default_factory=dict, description="Mean and sd of the other metrics"
    )
    parameters: int | None = None
    flops: int | None = None
    seconds: float | None = Field(default=None, description="Mean time of a training")
    reset: list[str] = Field(default_factory=list)
    decimals: int = Field(default=4, description="So that the sd shows two significant digits")


class VariantResult(Arm):
    pairs: int | None = Field(default=None, description="Seeds with a value in both")
    delta: float | None = Field(
        default=None, description="Mean over the pairs of its value minus its reference's"
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
        default=None, description="Share of pairs in which it is worse, ties half"
    )
    effect_size: float | None = Field(default=None, description="Hedges' dz")
    verdict: str | None = None
    sentence: str = Field(
        default="", description="The verdict in words, about the part and its removal"
    )


class Effect(BaseModel):
    """A main effect or an interaction of a grid, by least squares with the seed in the model."""

    term: str
    estimate: float | None = Field(
        default=None, description="Null for the F test of all levels of a term together"
    )
    df: int | None = None
    f: float | None = None
    ci: tuple[float, float] | None = None
    p: float | None = None


class Dependence(BaseModel):
    """How much of a part's worth depends on the rest: leave-one-out minus add-one."""

    part: str
    label: str
    delta: float
    ci: tuple[float, float] | None = None


class StudyResults(BaseModel):
    """What a study has found. Nothing of it is a test while runs are still to come."""

    state: StudyState
    metric: str
    direction: Direction
    baseline: Arm
    variants: list[VariantResult]
    effects: list[Effect] = Field(default_factory=list)
    dependence: list[Dependence] = Field(default_factory=list)
    best: str | None = Field(default=None, description="Of a sweep: the variant with the best mean")
    notes: list[str] = Field(default_factory=list)
    caption: str = ""
    methods: str = Field(default="", description="A paragraph for a paper")


class BandPoint(BaseModel):
    epoch: float
    mean: float
    low: float
    high: float
    n: int


class StudyCurves(BaseModel):
    """A metric over the epochs for each variant: the mean of its runs, and one sd around it."""

    metric: str
    variants: dict[str, list[BandPoint]]
