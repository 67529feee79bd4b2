"""What travels on the wires while a graph runs, besides datasets, loaders, modules and optimizers."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, Protocol, runtime_checkable

import torch
from safetensors import SafetensorError
from safetensors.torch import save_file
from torch import Tensor, nn

from visdl.datasets.checks import check_data
from visdl.datasets.dataset import Dataset
from visdl.datasets.encoding import Encoding
from visdl.datasets.split import Loader
from visdl.models.diagnostics import Diagnostic
from visdl.nodes.contract.learning import Loss, MetricNode, TargetKind


@runtime_checkable
class Seeded(Protocol):
    """A module with randomness of its own, such as a Dropout node's."""

    generator: torch.Generator | None

    def seed(self, seed: int, device: torch.device) -> None: ...


class Formula(nn.Module):
    """A module that is no more than a function of its inputs.

    It has no weights, does the same in training and evaluation, and no branch of its code depends on values or
    shapes of the inputs, so that a model may have the function in its place (`torch.fx` traces it).
    """


@dataclass(frozen=True)
class TrainingFacts:
    """What is known of a training result before the run."""

    dataset: Dataset | None
    target: TargetKind

    def check_data(self, port: str, data: object) -> list[Diagnostic]:
        """Return why `data` (a Dataset or Loader) cannot be encoded as the training data was."""
        dataset = data.dataset if isinstance(data, Loader) else data
        if self.dataset is None or not isinstance(dataset, Dataset):
            return []
        name, columns = dataset.record.name, dataset.columns
        needed = [*self.dataset.inputs, *self.dataset.targets]
        missing = [column for column in needed if column not in columns]
        if missing:
            names = ", ".join(f"'{column}'" for column in missing[:5])
            message = f"'{name}' has no column {names}, which the model was trained with."
            hint = "Select a file with the columns of the training data."
            return [Diagnostic(code="bad_input", port=port, message=message, hint=hint)]
        same = replace(dataset, inputs=self.dataset.inputs, targets=self.dataset.targets)
        return [
            found.model_copy(
                update={"port": port, "message": f"{found.message.rstrip('.')} (in '{name}')."}
            )
            for found in check_data(same, self.target)
        ]


class Metrics(dict[str, float]):
    """Values by key, such as `test_accuracy`; `charts` holds what the results page draws."""

    charts: dict[str, Any] | None = None


@dataclass
class TrainingResult:
    """What a training loop hands on: the model with the weights that `keep` chose, and how it got there.

    `history` holds the epoch values by metric key. `folder` is where nodes behind the loop may write files.
    """

    model: nn.Module
    loss: Loss
    encoding: Encoding
    device: torch.device
    folder: Path
    metrics: Sequence[Callable[[], MetricNode]]
    history: dict[str, list[float]] = field(default_factory=dict)
    epochs: int = 0
    best_epoch: int | None = None
    kept: Literal["last", "best"] = "last"
    stopped: bool = False
    provenance: str = "{}"  # JSON, for the files that are made of it


def plain_weights(model: nn.Module) -> dict[str, Tensor]:
    """The state dict on the CPU, each value with memory of its own: what a weights file can hold."""
    return {
        key: value.detach().cpu().clone().contiguous() for key, value in model.state_dict().items()
    }


def save_weights(result: TrainingResult, path: Path) -> None:
    """Write the weights as safetensors, with what they came from in the file's metadata under `visdl`.

    Raises OSError when they cannot be written.
    """
    temporary = path.with_name(f".{path.name}.tmp")
    try:
        save_file(plain_weights(result.model), temporary, {"visdl": result.provenance})
    except (
        SafetensorError
    ) as error:  # it wraps the error of the system, and shows its number in the text
        number = re.search(r"(?:code:|os error) (\d+)", str(error))
        if number is None:
            raise
        raise OSError(int(number[1]), os.strerror(int(number[1])), str(path)) from error
    temporary.replace(path)
