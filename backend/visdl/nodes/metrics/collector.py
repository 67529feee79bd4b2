import csv
from typing import Any

from visdl.nodes import BaseNode, DataType, InputSpec, NodeRegistry, OutputSpec
from visdl.nodes.contract.runtime_values import Metrics, TrainingResult


@NodeRegistry.register("MetricsCollector")
class MetricsCollector(BaseNode):
    """Writes the metrics of every epoch to metrics.csv and outputs those of the kept weights."""

    CATEGORY = "Training"
    DISPLAY_NAME = "Metrics Collector"

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, InputSpec]:
        return {
            "training_result": InputSpec(
                DataType.TRAINING_RESULT, required=True, description="The trained model"
            )
        }

    @classmethod
    def RETURN_TYPES(cls) -> list[OutputSpec]:
        return [OutputSpec(DataType.METRICS, "metrics")]

    def execute(self, **kwargs: Any) -> tuple[Metrics]:
        result: TrainingResult = kwargs["training_result"]
        with (result.folder / "metrics.csv").open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(["epoch", *result.history])
            writer.writerows(
                [epoch, *row]
                for epoch, row in enumerate(zip(*result.history.values(), strict=True), 1)
            )
        return (Metrics(result.kept_values()),)
