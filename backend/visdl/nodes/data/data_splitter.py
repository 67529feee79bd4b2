from dataclasses import replace
from typing import Any, cast

from visdl.datasets.assignment import Strategy
from visdl.datasets.split import Loader, Scaling, TargetScaling
from visdl.nodes import DataNode, DataType, InputSpec, NodeRegistry, OutputSpec, Param


@NodeRegistry.register("DataSplitter")
class DataSplitter(DataNode):
    """Holds out rows for validation and for a test, and divides the others into batches."""

    DISPLAY_NAME = "Data Splitter"
    PRIMARY = ("val_ratio", "batch_size", "shuffle")

    val_ratio: float = Param(
        0.2,
        min=0.0,
        max=0.9,
        step=0.05,
        label="Validation ratio",
        description="Share of the rows for validation",
    )
    test_ratio: float = Param(
        0.0,
        min=0.0,
        max=0.9,
        step=0.05,
        label="Test ratio",
        description="Share of the rows for a test, used neither to train nor to validate",
    )
    strategy: str = Param(
        "random",
        choices=("random", "stratified", "group", "time", "sequential", "fold"),
        description="Random rows, equal shares of each class, whole groups, the past for training, "
        "the order of the file, or one fold of several",
    )
    column: str = Param(
        "",
        description="Column of the classes, groups or times; empty: stratified uses the target, "
        "folds have no groups",
    )
    fold: int = Param(1, min=1, description="Which fold is for validation, from 1 (strategy fold)")
    folds: int = Param(
        5, min=2, description="Number of folds (strategy fold, in place of val_ratio)"
    )
    batch_size: int = Param(32, min=1, unit="rows", description="Rows per optimizer step")
    shuffle: bool = Param(True, description="Shuffle the training rows in every epoch")
    seed: int = Param(
        0,
        min=0,
        description="Fixes the split; the run's seed varies initialisation, order and dropout",
    )
    vary_with_seed: bool = Param(
        False,
        label="Vary with seed",
        description="Draw the split from the run's seed instead, so that each seed has its own",
    )
    scaling: str = Param(
        "none",
        choices=("none", "standardize", "minmax"),
        description="Scaling of the inputs, fitted on the training rows",
    )
    target_scaling: str = Param(
        "none",
        choices=("none", "standardize", "minmax", "log1p"),
        description="Scaling of targets that are amounts, fitted on the training rows: the loss "
        "trains on it, metrics, charts, predictions and exports are in the target's own units",
    )

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, InputSpec]:
        return {
            "dataset": InputSpec(DataType.DATASET, required=True, description="The table to split"),
            **cls.PARAMS,
        }

    @classmethod
    def RETURN_TYPES(cls) -> list[OutputSpec]:
        return [
            OutputSpec(DataType.LOADER, "train_loader", "The rows to train on"),
            OutputSpec(
                DataType.LOADER, "val_loader", "The rows for validation; absent if the ratio is 0"
            ),
            OutputSpec(
                DataType.LOADER, "test_loader", "The rows for the test; absent if the ratio is 0"
            ),
        ]

    def infer(self, **kwargs: Any) -> tuple[Loader, Loader, Loader]:
        """Return the three parts. Only the column that decides is read, and only where needed."""
        train = Loader(
            kwargs["dataset"],
            self.batch_size,
            self.shuffle,
            part="train",
            val_ratio=self.val_ratio,
            seed=self.seed,
            scaling=cast(Scaling, self.scaling),
            test_ratio=self.test_ratio,
            strategy=cast(Strategy, self.strategy),
            column=self.column.strip(),
            fold=self.fold,
            folds=self.folds,
            vary_with_seed=self.vary_with_seed,
            target_scaling=cast(TargetScaling, self.target_scaling),
        )
        train.check()
        return (
            train,
            replace(train, shuffle=False, part="val"),
            replace(train, shuffle=False, part="test"),
        )
