from torch import nn

from visdl.models.catalogue import NodeInfo
from visdl.nodes import LayerNode, NodeRegistry, Param, Shape


@NodeRegistry.register("Block")
class Block(LayerNode):
    """A block of this graph: its nodes run here, `repeat` times in sequence."""

    CATEGORY = "Blocks"
    KIND = "block"
    PRIMARY = ("repeat",)

    block: str = Param("", widget="block", description="Which block of the graph")
    repeat: int | None = Param(
        None,
        min=1,
        max=1000,
        description="Number of repeats in sequence; empty: one, without a number in its names",
    )
    shared: bool = Param(False, description="All repeats share one set of weights")
    weights_of: str = Param(
        "",
        widget="layer",
        description="Use the weights of another block of the same kind, as two towers do",
    )

    @classmethod
    def describe(cls, type_name: str, source: str = "built-in") -> NodeInfo:
        """Describe the type without ports: those of a block are in the graph that contains it."""
        info = super().describe(type_name, source)
        inputs = {name: spec for name, spec in info.inputs.items() if not spec.is_handle}
        return info.model_copy(update={"inputs": inputs, "outputs": []})

    def build(self, input: Shape) -> nn.Module:
        """Return the module of a disabled block; otherwise the nodes of the block replace it."""
        return nn.Identity()
