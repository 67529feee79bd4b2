"""What the numbers of a run came from: enough to reproduce it, and to see what would differ."""

from __future__ import annotations

from pydantic import Field

from visdl.models.graph import Graph
from visdl.models.parameter_rules import GroupReport
from visdl.models.record import Record


class DatasetHash(Record):
    id: str
    name: str
    sha256: str


class Split(Record):
    """How the rows were split.

    The hash is that of the indices of the training rows, in their order (int64).
    """

    train_rows: int
    val_rows: int
    test_rows: int = Field(default=0, description="Held out by the last splitter of the graph")
    sha256: str


class Provenance(Record):
    run: str
    name: str
    time: str = Field(description="When the training was prepared, ISO 8601, UTC")
    seed: int
    graph: Graph
    datasets: list[DatasetHash]
    split: Split
    versions: dict[str, str] = Field(description="Of VisDL, Python and torch")
    device: str
    cpu: str = Field(description="Instruction set that torch uses")
    threads: int
    platform: str
    code: dict[str, str] = Field(
        description="By custom node type, the SHA-256 of the file that defines it"
    )
    predictions: str = Field(
        default="output",
        description="How predictions in the target's space follow from the model's output, "
        "such as exp(output)",
    )
    parameter_groups: list[GroupReport] = Field(
        default_factory=list, description="Of an optimizer with rules: what it trains in which way"
    )
    continues: str | None = Field(default=None, description="The run that it extends")
    weights_from: str | None = Field(
        default=None, description="The run that it is initialised from"
    )
