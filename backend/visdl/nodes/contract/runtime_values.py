"""Values on wires while a graph runs, and traits of modules.

Datasets, loaders, losses and optimizers are defined elsewhere.
"""

from __future__ import annotations

import json
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

_NOTES = ".notes.json"


@runtime_checkable
class Seeded(Protocol):
    """A module with its own random generator, such as a Dropout node's."""

    generator: torch.Generator | None

    def seed(self, seed: int, device: torch.device) -> None: ...


class Formula(nn.Module):
    """A module that is only a function of its inputs.

    It has no weights, is the same in training and evaluation, and its code does not branch on
    values or shapes of the inputs. So `torch.fx` can trace it, and a model contains the function
    instead of the module.
    """


@dataclass(frozen=True)
class TrainingFacts:
    """What is known about a training result before the run.

    `train` and `val` are its data, `ignored` is the class that the loss leaves out.
    """

    dataset: Dataset | None
    target: TargetKind
    train: Loader | Dataset | None = None
    val: Loader | Dataset | None = None
    ignored: str = ""

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
    """Values by metric key, such as `test_accuracy`; `charts` is drawn on the results page."""

    charts: dict[str, Any] | None = None


@dataclass
class TrainingResult:
    """The output of a training loop: the model with the weights that `keep` selected.

    Attributes:
        model: The trained model, on `device`.
        metrics: Factories of the metrics that the training measured.
        history: Values of every epoch by metric key.
        folder: Where downstream nodes may write files.
        epochs: Number of trained epochs.
        best_epoch: The best epoch by the monitored metric, from 1; None if nothing was monitored.
        kept: Whether the weights are those of the last or of the best epoch.
        stopped: Whether the training was stopped before its end.
        provenance: JSON for the metadata of exported files.
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
    provenance: str = "{}"

    def kept_values(self) -> dict[str, float]:
        """Return the values by metric key of the epoch whose weights are kept."""
        at = self.best_epoch - 1 if self.kept == "best" and self.best_epoch else -1
        return {key: values[at] for key, values in self.history.items() if values[at:]}


def note_artifact(folder: Path, name: str, notes: Sequence[str]) -> None:
    """Keep what the page states beside an artifact of this folder, as sentences."""
    kept = {**artifact_notes(folder), name: list(notes)}
    temporary = folder / f"{_NOTES}.tmp"
    temporary.write_text(json.dumps(kept), encoding="utf-8")
    temporary.replace(folder / _NOTES)


def artifact_notes(folder: Path) -> dict[str, list[str]]:
    """Return the notes on the artifacts of this folder, by their names."""
    try:
        notes: dict[str, list[str]] = json.loads((folder / _NOTES).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return notes


def plain_weights(model: nn.Module) -> dict[str, Tensor]:
    """Return the state dict on the CPU, without shared memory, as a weights file needs it."""
    return {
        key: value.detach().cpu().clone().contiguous() for key, value in model.state_dict().items()
    }


def save_weights(result: TrainingResult, path: Path, **texts: str) -> None:
    """Write the weights as safetensors, with their provenance in the metadata under `visdl`.

    `texts` are further metadata. Raises OSError when they cannot be written.
    """
    temporary = path.with_name(f".{path.name}.tmp")
    try:
        save_file(plain_weights(result.model), temporary, {"visdl": result.provenance, **texts})
    except SafetensorError as error:  # it contains the number of the system's error in its text
        number = re.search(r"(?:code:|os error) (\d+)", str(error))
        if number is None:
            raise
        raise OSError(int(number[1]), os.strerror(int(number[1])), str(path)) from error
    temporary.replace(path)
