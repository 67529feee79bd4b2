import math
from typing import Any

import torch
from torch import Tensor

from visdl.datasets.dataset import Dataset
from visdl.datasets.split import Loader
from visdl.models.diagnostics import Diagnostic
from visdl.nodes import BaseNode, DataType, InputSpec, NodeRegistry, OutputSpec
from visdl.nodes.contract.evaluation import evaluate
from visdl.nodes.contract.metric_names import with_part
from visdl.nodes.contract.runtime_values import Metrics, TrainingFacts, TrainingResult

_POINTS = 2000  # most points of a chart
_MISTAKES = 20


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
        values, output = evaluate(
            result.model, result.loss, xs, y, result.metrics, "test loss is {}"
        )
        metrics = Metrics(with_part("test", values))
        metrics.charts = _charts(output.cpu(), y.cpu(), result)
        return (metrics,)


def _charts(output: Tensor, target: Tensor, result: TrainingResult) -> dict[str, Any]:
    loss = result.loss.node
    yes = loss.probability(output)
    if yes is not None:
        scores = torch.stack([1 - yes.flatten(), yes.flatten()], dim=1)
        labels = [f"{value:g}" for value in loss.RANGE]
        return _classes(scores, (target.flatten() > 0.5).long(), labels)
    prediction = loss.predictions(output)
    if result.loss.target == "float":
        return _numbers(prediction, target, result)
    scores = prediction.movedim(1, -1).reshape(-1, prediction.shape[1])
    return _classes(scores, target.flatten(), result.encoding.classes or [])


def _numbers(prediction: Tensor, target: Tensor, result: TrainingResult) -> dict[str, Any]:
    """Return predicted and true values of at most 2,000 evenly spaced rows."""
    step = max(1, -(-len(target) // _POINTS))
    return {
        "task": "regression",
        "targets": result.encoding.targets,
        "true": _plain(target.flatten(1)[::step].T),
        "predicted": _plain(prediction.flatten(1)[::step].T),
        "rows": len(target),
    }


def _plain(values: Tensor) -> list[list[float | None]]:
    """Return values for JSON, with None for those that are not finite."""
    return [[value if math.isfinite(value) else None for value in row] for row in values.tolist()]


def _classes(probabilities: Tensor, target: Tensor, labels: list[str]) -> dict[str, Any]:
    """Return the confusion matrix (rows: true class) and the most confident mistakes.

    Every row and position counts: `probabilities` is (n, classes), `target` (n,).
    """
    width = probabilities.shape[1]
    classes = [*labels, *map(str, range(len(labels), width))][:width]
    confidence, guess = probabilities.max(1)
    confusion = torch.bincount(target * width + guess, minlength=width * width).view(width, width)
    wrong = (guess != target).nonzero().flatten()
    worst = wrong[confidence[wrong].argsort(descending=True)][:_MISTAKES]
    mistakes = [
        {
            "row": int(i),
            "true": classes[target[i]],
            "predicted": classes[guess[i]],
            "confidence": float(confidence[i]),
        }
        for i in worst
    ]
    return {
        "task": "classification",
        "classes": classes,
        "confusion": confusion.tolist(),
        "mistakes": mistakes,
        "rows": len(target),
    }
