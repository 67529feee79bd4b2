from typing import Any

import torch
from torch import nn

from visdl.nodes import DataType, InputSpec, NodeRegistry, OutputSpec, Param
from visdl.nodes.contract.base import AssemblyNode


@NodeRegistry.register("ModelAssembly")
class ModelAssembly(AssemblyNode):
    """Builds a model of the layers upstream.

    A chain becomes nn.Sequential, any other graph a GraphModule.
    """

    DISPLAY_NAME = "Model Assembly"

    device: str = Param(
        "auto",
        choices=["auto", "cpu", "cuda"],
        description="Device to train on; auto uses the GPU if there is one",
    )

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, InputSpec]:
        return {
            "layers": InputSpec(
                DataType.LAYER, required=True, description="The last layer of the model"
            ),
            "dataset": InputSpec(
                DataType.DATASET,
                also=DataType.LOADER,
                description="Defines the input shape; by default the training data does",
            ),
            **cls.PARAMS,
        }

    @classmethod
    def RETURN_TYPES(cls) -> list[OutputSpec]:
        return [OutputSpec(DataType.MODEL, "model")]

    def execute(self, **kwargs: Any) -> tuple[nn.Module]:
        """Move the module to the device; `auto` leaves it on the run's device."""
        module: nn.Module = kwargs["layers"]
        return (module if self.device == "auto" else module.to(torch.device(self.device)),)
