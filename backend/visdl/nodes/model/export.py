import json
import re
import zipfile
from typing import Any

import torch

from visdl.nodes import BaseNode, DataType, InputSpec, NodeRegistry, OutputSpec, Param
from visdl.nodes.contract.runtime_values import TrainingResult, plain_weights, save_weights


@NodeRegistry.register("ModelExport")
class ModelExport(BaseNode):
    """Saves the trained model as a file of the run.

    safetensors and pt contain the state dict; pt2 contains the whole program, which
    torch.export.load opens without VisDL. Each records its provenance: in its metadata, or as
    `visdl.json` inside the file.
    """

    CATEGORY = "Model"
    DISPLAY_NAME = "Model Export"

    name: str = Param("model", description="File name without extension")
    format: str = Param(
        "safetensors", choices=["safetensors", "pt", "pt2"], description="File format"
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
        """Write the file into the run's folder and return its name.

        The name keeps letters, digits, dots, dashes and underscores.
        """
        result: TrainingResult = kwargs["training_result"]
        stem = re.sub(r"[^\w.-]+", "_", self.name).strip("._") or "model"
        path = result.folder / f"{stem[:100]}.{self.format}"
        metrics = kwargs.get("test_metrics")
        if metrics:
            path.with_suffix(".metrics.json").write_text(
                json.dumps(metrics, indent=2), encoding="utf-8"
            )
        if self.format == "safetensors":
            save_weights(result, path)
        elif self.format == "pt":
            torch.save(plain_weights(result.model), path)
            with zipfile.ZipFile(
                path, "a"
            ) as archive:  # torch ignores further files in the archive
                archive.writestr(
                    f"{archive.namelist()[0].partition('/')[0]}/visdl.json", result.provenance
                )
        else:
            torch.export.save(_program(result), path, extra_files={"visdl.json": result.provenance})
        return (path.name,)


def _program(result: TrainingResult) -> torch.export.ExportedProgram:
    arguments = result.encoding.examples(2)
    example = tuple(torch.from_numpy(value).to(result.device) for value in arguments)
    batch = torch.export.Dim("batch", min=1)
    shapes = tuple({0: batch} for _ in example)
    return torch.export.export(result.model.eval(), example, dynamic_shapes=shapes)
