import torch

from visdl.nodes import NodeRegistry, Param
from visdl.nodes.contract.base import InputNode


@NodeRegistry.register("Input")
class Input(InputNode):
    """Reads columns of the data as a table row, an image, a sequence or token ids."""

    SHAPE_RULE = "columns → (B, *shape), filled in the order of the columns, the last axis first"
    PRIMARY = ("shape", "columns")

    shape: tuple[int, ...] | None = Param(
        None,
        min=1,
        description="Sizes without the batch axis, like 3, 32, 32; empty: one axis of all columns",
    )
    columns: str = Param(
        "",
        widget="columns",
        description="Comma list, globs such as p* allowed; empty: all input columns of the data",
    )
    dtype: str = Param(
        "float32",
        choices=["float32", "int64"],
        description="float32 for numbers, int64 for ids such as tokens",
    )

    def element(self) -> torch.dtype:
        return torch.int64 if self.dtype == "int64" else torch.float32
