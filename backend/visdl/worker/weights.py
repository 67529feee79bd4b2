"""The kept weights of a run: verified, then read into a model."""

from __future__ import annotations

from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from visdl.models.errors import RunError
from visdl.training.seal import check_seal, damaged


def read_weights(path: Path) -> dict[str, Tensor]:
    """Return the tensors of a file. Raises RunError if it is missing or damaged."""
    check_seal(path)
    try:
        tensors: dict[str, Tensor] = load_file(path)
    except (SafetensorError, OSError, ValueError, KeyError) as error:
        raise damaged(path) from error
    return tensors


def load_weights(model: nn.Module, path: Path) -> None:
    """Give a model its weights. Raises RunError if they are damaged, or of another network."""
    tensors, own = read_weights(path), model.state_dict()
    for name in [*own, *tensors]:
        if name not in tensors or name not in own:
            problem = "is missing" if name not in tensors else "belongs to no layer"
        elif tensors[name].shape != own[name].shape:
            problem = f"has the shape {_sizes(tensors[name])}, not {_sizes(own[name])}"
        elif tensors[name].dtype != own[name].dtype:
            problem = f"has the type {tensors[name].dtype}, not {own[name].dtype}"
        else:
            continue
        message = f"The weights in {path.name} are not those of this network: '{name}' {problem}."
        hint = "A node's code may have changed since the run. Rerun it."
        raise RunError(message, hint=hint, code="other_weights")
    model.load_state_dict(tensors)


def _sizes(tensor: Tensor) -> str:
    return "×".join(map(str, tensor.shape)) or "1"
