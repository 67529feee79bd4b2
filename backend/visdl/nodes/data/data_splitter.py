from dataclasses import replace
from typing import Any, cast

from visdl.datasets.split import Loader, Scaling, held_out
from visdl.nodes import DataNode, DataType, InputSpec, NodeRegistry, OutputSpec, Param


@NodeRegistry.register("DataSplitter")
class DataSplitter(DataNode):
    """Holds out rows for validation and divides the others into batches for training."""

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
    batch_size: int = Param(32, min=1, unit="rows", description="Rows per optimizer step")
    shuffle: bool = Param(True, description="Shuffle the training rows in every epoch")
    seed: int = Param(
        0,
        min=0,
        description="Fixes the split; the run's seed varies initialisation, order and dropout",
    )
    scaling: str = Param(
        "none",
        choices=("none", "standardize", "minmax"),
        description="Scaling of the inputs, fitted on the training rows",
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
                DataType.LOADER, "val_loader", "The held-out rows; absent if the ratio is 0"
            ),
        ]

    def infer(self, **kwargs: Any) -> tuple[Loader, Loader]:
        dataset = kwargs["dataset"]
        held_out(dataset.rows, self.val_ratio)
        train = Loader(
            dataset,
            self.batch_size,
            self.shuffle,
            part="train",
            val_ratio=self.val_ratio,
            seed=self.seed,
            scaling=cast(Scaling, self.scaling),
        )
        return train, replace(train, shuffle=False, part="val")
