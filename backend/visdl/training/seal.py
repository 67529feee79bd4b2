"""Hashes of the files from which a run's model is made again: a flipped bit is noticed."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from visdl.models.errors import RunError
from visdl.training.checkpoint import write_json
from visdl.training.run_folder import is_own_file

WEIGHTS = "weights.safetensors"
ENCODING = "encoding.json"
_SEAL = ".sha256.json"
_HINT = "Restore it from a backup, or train again: rerun the run, or extend it from its checkpoint."


def break_seal(folder: Path) -> None:
    """Forget the hashes of an artifacts folder, before its files are written again."""
    (folder / _SEAL).unlink(missing_ok=True)


def seal(folder: Path) -> None:
    """Write the hashes of weights and encoding. Raises OSError."""
    write_json(folder / _SEAL, {name: _sha256(folder / name) for name in (WEIGHTS, ENCODING)})


def check_seal(path: Path) -> None:
    """Raise RunError for a file that is gone, is a link, or is not as it was written.

    Files of earlier versions have no hash; nothing is known of them.
    """
    if not is_own_file(path):
        raise RunError(f"The run's file {path.name} is missing.", hint=_HINT, code="damaged")
    try:
        hashes = json.loads((path.parent / _SEAL).read_bytes())
    except FileNotFoundError:
        return
    except ValueError:
        hashes = {}
    if not isinstance(hashes, dict) or hashes.get(path.name) != _sha256(path):
        raise damaged(path)


def damaged(path: Path) -> RunError:
    """Return the error of a run's file that is not as it was written."""
    message = f"The run's file {path.name} is damaged: it is not as it was written."
    return RunError(message, hint=_HINT, code="damaged")


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
