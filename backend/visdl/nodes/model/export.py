import json
import re
import zipfile
from pathlib import Path
from typing import Any

import torch

from visdl.models.errors import RunError
from visdl.models.exports import ExportSignature
from visdl.nodes import BaseNode, DataType, InputSpec, NodeRegistry, OutputSpec, Param
from visdl.nodes.contract.runtime_values import (
    TrainingResult,
    note_artifact,
    plain_weights,
    save_weights,
)
from visdl.nodes.model.program import export_program, signature_of


@NodeRegistry.register("ModelExport")
class ModelExport(BaseNode):
    """Saves the trained model as a file of the run.

    safetensors and pt contain the state dict. pt2 contains the whole program, which
    torch.export.load opens without VisDL: it takes columns as in the table, scales them itself,
    and returns predictions in the target's own units. Each records its provenance and its
    signature: in its metadata, or as `visdl.json` and `signature.json` inside the file.
    """

    CATEGORY = "Model"
    DISPLAY_NAME = "Model Export"

    name: str = Param("model", description="File name without extension")
    format: str = Param(
        "safetensors",
        choices=["safetensors", "pt", "pt2"],
        description="pt2: a program from columns of the table to predictions; others: weights",
    )

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, InputSpec]:
        return {
            "training_result": InputSpec(
                DataType.TRAINING_RESULT, required=True, description="The trained model"
            ),
            "test_metrics": InputSpec(
                DataType.METRICS, description="Metrics to keep beside the weights"
            ),
            **cls.PARAMS,
        }

    @classmethod
    def RETURN_TYPES(cls) -> list[OutputSpec]:
        return [OutputSpec(DataType.STRING, "file_path")]

    def execute(self, **kwargs: Any) -> tuple[str]:
        """Write the file into the run's folder and return its name."""
        result: TrainingResult = kwargs["training_result"]
        path = result.folder / f"{file_stem(self.name)}.{self.format}"
        metrics = kwargs.get("test_metrics")
        if metrics:
            path.with_suffix(".metrics.json").write_text(
                json.dumps(metrics, indent=2), encoding="utf-8"
            )
        signature = self._save(result, path)
        note_artifact(result.folder, path.name, signature.caller)
        return (path.name,)

    def _save(self, result: TrainingResult, path: Path) -> ExportSignature:
        """Write the file, and return its signature."""
        if self.format == "pt2":
            return _save_program(result, path)
        signature = signature_of(result, "weights")
        if self.format == "safetensors":
            save_weights(result, path, signature=signature.model_dump_json())
            return signature
        torch.save(plain_weights(result.model), path)
        with zipfile.ZipFile(path, "a") as archive:  # torch ignores further files in the archive
            folder = archive.namelist()[0].partition("/")[0]
            archive.writestr(f"{folder}/visdl.json", result.provenance)
            archive.writestr(f"{folder}/signature.json", signature.model_dump_json())
        return signature


def file_stem(name: str) -> str:
    """Return a file name for the name of an export, at most 150 bytes long.

    It has letters, digits, dots, dashes and underscores; file systems allow 255 bytes.
    """
    stem = (
        re.sub(r"[^\w.-]+", "_", name)
        .strip("._")
        .encode(errors="ignore")[:150]
        .decode(errors="ignore")
    )
    return stem or "model"


def _program_of(result: TrainingResult) -> tuple[torch.export.ExportedProgram, bool]:
    """Return what `export_program` does. Raises RunError for a model that torch cannot trace."""
    try:
        return export_program(result)
    except (MemoryError, OSError):
        raise
    except Exception as error:  # torch, or the code of a node file
        if "memory" in str(error):
            raise
        message = "PyTorch cannot export this model as a program (pt2)."
        hint = "Set format to safetensors, which holds the weights. The log has the reason."
        raise RunError(message, hint=hint, code="export") from error


def _save_program(result: TrainingResult, path: Path) -> ExportSignature:
    program, is_whole = _program_of(result)
    signature = signature_of(result, "program" if is_whole else "model")
    provenance = json.loads(result.provenance)
    if is_whole and "predictions" in provenance:
        provenance["predictions"] = "output"  # the program's output is the prediction
    texts = {"visdl.json": json.dumps(provenance), "signature.json": signature.model_dump_json()}
    torch.export.save(program, path, extra_files=texts)
    return signature
