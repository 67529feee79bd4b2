from typing import Any

import torch
from torch import nn

from visdl.nodes import DataType, InputSpec, NodeRegistry, OutputSpec, Param
from visdl.nodes.contract.base import AssemblyNode


@NodeRegistry.register("ModelAssembly")
class ModelAssembly(AssemblyNode):
    """Makes a model of the layers that lead to it. A chain becomes nn.Sequential, any other graph a GraphModule."""

    DISPLAY_NAME = "Model Assembly"

    device: str = Param(
        "auto",
        choices=["auto", "cpu", "cuda"],
        description="Where to train; auto takes the GPU when there is one",
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
                description="Gives the input's shape; without it the training data does",
            ),
            **cls.PARAMS,
        }

    @classmethod
    def RETURN_TYPES(cls) -> list[OutputSpec]:
        return [OutputSpec(DataType.MODEL, "model")]

    def execute(self, **kwargs: Any) -> tuple[nn.Module]:
        """Move the built module to the device; `auto` is where the engine put it."""
        module: nn.Module = kwargs["layers"]
        return (module if self.device == "auto" else module.to(torch.device(self.device)),)
