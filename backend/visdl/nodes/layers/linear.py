"""Fully connected layers, and vectors looked up by id."""

from torch import nn

from visdl.nodes import NodeRegistry, Param, Shape
from visdl.nodes.contract.specs import LEAST
from visdl.nodes.contract.torch_layer import TorchLayer, WeightedLayer, check_element


@NodeRegistry.register("Linear")
class Linear(WeightedLayer, module=nn.Linear):
    """Fully connected layer on the last axis. The input width is inferred."""

    FORMULA = "y = x Aᵀ + b"
    IS_LINEAR = True
    SHAPE_RULE = "*, in_features → *, out_features"

    out_features: int = Param(64, min=1, max=10_000_000, description="Size of each output sample")


@NodeRegistry.register("Bilinear")
class Bilinear(WeightedLayer, module=nn.Bilinear, leave_out=("in1_features", "in2_features")):
    """Combines two inputs with a weight for every pair of their features."""

    FORMULA = "y = x₁ᵀ A x₂ + b"
    SHAPE_RULE = "*, in1_features and *, in2_features → *, out_features"

    out_features: int = Param(64, min=1, max=10_000_000, description="Size of each output sample")

    def build(self, input1: Shape, input2: Shape) -> nn.Module:  # type: ignore[override]
        bias: bool = self.bias  # type: ignore[attr-defined]
        return self.initialised(nn.Bilinear(input1[-1], input2[-1], self.out_features, bias=bias))


@NodeRegistry.register("Identity")
class Identity(TorchLayer, module=nn.Identity):
    """Returns its input unchanged."""

    ELEMENTWISE = True
    FINITE_SLOPE = True
    FORMULA = "y = x"
    SHAPE_RULE = "* → *"

    def sizes(self, input: Shape) -> dict[str, int]:
        return {}


@NodeRegistry.register("Embedding")
class Embedding(
    WeightedLayer, module=nn.Embedding, defaults={"num_embeddings": 1000, "embedding_dim": 64}
):
    """Learned vector for each id, such as a token."""

    IDS = True
    FORMULA = "y = W[x]"
    SHAPE_RULE = "* → *, embedding_dim"


@NodeRegistry.register("EmbeddingBag")
class EmbeddingBag(
    WeightedLayer,
    module=nn.EmbeddingBag,
    defaults={"num_embeddings": 1000, "embedding_dim": 64},
    leave_out=("include_last_offset", "mode"),
):
    """Mean, sum or maximum of the vectors of a bag of ids."""

    IDS = True
    FORMULA = "y = mean of W[xᵢ] over i"
    SHAPE_RULE = "B, N → B, embedding_dim"

    mode: str = Param(
        "mean", choices=["sum", "mean", "max"], description="How the vectors of a bag are combined"
    )


@NodeRegistry.register("CosineSimilarity")
class CosineSimilarity(TorchLayer, module=nn.CosineSimilarity):
    """Cosine of the angle between two inputs, from −1 to 1."""

    CATEGORY = "Distance"
    FORMULA = "y = x₁ · x₂ / max(‖x₁‖ ‖x₂‖, ε)"
    SHAPE_RULE = "* and * → *, without the axis dim"

    def build(self, x1: Shape, x2: Shape) -> nn.Module:  # type: ignore[override]
        check_element(x1)
        return self.make({})


@NodeRegistry.register("PairwiseDistance")
class PairwiseDistance(TorchLayer, module=nn.PairwiseDistance, leave_out=("p",)):
    """Distance between two inputs along the last axis."""

    CATEGORY = "Distance"
    FORMULA = "y = ‖x₁ − x₂ + ε‖ₚ"
    SHAPE_RULE = "*, D and *, D → *"

    p: float = Param(2.0, min=LEAST, description="The p of the p-norm")

    def build(self, x1: Shape, x2: Shape) -> nn.Module:  # type: ignore[override]
        check_element(x1)
        return self.make({})
