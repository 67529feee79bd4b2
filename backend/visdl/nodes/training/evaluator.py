from typing import Any

import torch

from visdl.datasets.dataset import Dataset
from visdl.datasets.split import Loader
from visdl.models.diagnostics import Diagnostic
from visdl.nodes import BaseNode, DataType, InputSpec, NodeRegistry, OutputSpec
from visdl.nodes.contract.evaluation import evaluate, rows_per_pass
from visdl.nodes.contract.metrics.names import with_part
from visdl.nodes.contract.result_charts import ResultCharts
from visdl.nodes.contract.runtime_values import Metrics, TrainingFacts, TrainingResult


@NodeRegistry.register("Evaluator")
class Evaluator(BaseNode):
    """Measures the trained model on held-out data, with the encodings of the training data."""

    CATEGORY = "Training"
    DISPLAY_NAME = "Evaluator"

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, InputSpec]:
        return {
            "training_result": InputSpec(
                DataType.TRAINING_RESULT, required=True, description="The trained model"
            ),
            "test_dataset": InputSpec(
                DataType.DATASET, also=DataType.LOADER, required=True, description="Held-out data"
            ),
        }

    @classmethod
    def RETURN_TYPES(cls) -> list[OutputSpec]:
        return [OutputSpec(DataType.METRICS, "test_metrics")]

    def check(self, **kwargs: Any) -> list[Diagnostic]:
        facts = kwargs["training_result"]
        return (
            facts.check_data("test_dataset", kwargs["test_dataset"])
            if isinstance(facts, TrainingFacts)
            else []
        )

    def execute(self, **kwargs: Any) -> tuple[Metrics]:
        result: TrainingResult = kwargs["training_result"]
        data: Dataset | Loader = kwargs["test_dataset"]
        dataset, rows = (data.dataset, data.rows) if isinstance(data, Loader) else (data, None)
        inputs, targets = result.encoding.encode(dataset, rows)
        xs = [torch.from_numpy(value).to(result.device) for value in inputs]
        y = torch.from_numpy(targets).to(result.device)
        numbers = list(range(1, len(y) + 1)) if rows is None else (rows + 1).tolist()
        encoding = result.encoding
        charts = ResultCharts(
            y.cpu(), result.loss.node, encoding.targets, encoding.classes or [], numbers
        )
        values = evaluate(
            result.model,
            result.loss,
            xs,
            y,
            result.metrics,
            "test loss is {}",
            rows_per_pass(result.model, xs),
            charts.update,
        )
        metrics = Metrics(with_part("test", values))
        metrics.charts = charts.compute()
        return (metrics,)
