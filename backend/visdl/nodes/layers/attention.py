"""Attention, and the layers of a transformer.

Source: Vaswani et al., Attention Is All You Need, 2017.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from visdl.nodes import LayerNode, NodeRegistry, Param, Shape
from visdl.nodes.contract.own_random import OwnRandom, drawing
from visdl.nodes.contract.specs import MOST_DROPPED
from visdl.nodes.contract.torch_layer import WeightedLayer, check_element

_BATCH_FIRST = "The batch is the first axis (as everywhere here; torch's own default is False)"


def _check_heads(width: int, heads: int) -> None:
    if width % heads:
        raise ValueError(f"the width {width} cannot be divided among {heads} heads")


def _check_sequence(batch_first: bool, *inputs: Shape | None) -> None:
    for shape in inputs:
        if shape is None:
            continue
        check_element(shape)
        if len(shape) != 3:
            raise ValueError(f"it takes (B, L, features), but got ({shape})")
        if not batch_first and shape.batch_first:
            raise ValueError(
                "it would treat the batch as positions: set batch_first, or transpose the input"
            )


def _causal(length: int, device: torch.device, dtype: torch.dtype) -> Tensor:
    return nn.Transformer.generate_square_subsequent_mask(length, device=device, dtype=dtype)


class Attention(OwnRandom, nn.MultiheadAttention):
    """nn.MultiheadAttention that returns only the output; key and value are optional."""

    causal = False

    @property
    def draws(self) -> bool:
        return float(self.dropout) > 0

    @drawing
    def forward(
        self,
        query: Tensor,
        key: Tensor | None = None,
        value: Tensor | None = None,
        mask: Tensor | None = None,
    ) -> Tensor:
        key = query if key is None else key
        value = key if value is None else value
        if self.causal:
            length = query.shape[1 if self.batch_first else 0]
            mask = _causal(length, query.device, query.dtype)
        output, _ = super().forward(
            query, key, value, attn_mask=mask, is_causal=self.causal, need_weights=False
        )
        result: Tensor = output
        return result


@NodeRegistry.register("MultiheadAttention")
class MultiheadAttention(WeightedLayer):
    """Attention of every position to all others, in several parallel heads.

    Without key and value it is self-attention.
    """

    CATEGORY = "Attention"
    FORMULA = "y = concat(headᵢ) W, headᵢ = softmax(QᵢKᵢᵀ / √d) Vᵢ"
    SHAPE_RULE = "B, L, embed_dim (key, value: B, S, …; mask: L, S) → B, L, embed_dim"
    URL = "https://pytorch.org/docs/stable/generated/torch.nn.MultiheadAttention.html"
    PRIMARY = ("num_heads", "causal")

    num_heads: int = Param(4, min=1, description="Number of attention heads; must divide the width")
    dropout: float = Param(
        0.0, min=0, max=MOST_DROPPED, step=0.05, description="Dropout of the attention weights"
    )
    bias: bool = Param(True, description="Learn additive biases of the projections")
    add_bias_kv: bool = Param(
        False, description="Learn a bias that is added to keys and values as a position"
    )
    add_zero_attn: bool = Param(False, description="Add a position of zeros to keys and values")
    batch_first: bool = Param(True, description=_BATCH_FIRST)
    causal: bool = Param(False, description="Each position sees only itself and those before it")

    def build(
        self,
        query: Shape,
        key: Shape | None = None,
        value: Shape | None = None,
        mask: Shape | None = None,
    ) -> nn.Module:
        _check_sequence(self.batch_first, query, key, value)
        width = query[-1]
        _check_heads(width, self.num_heads)
        kdim, key_width = (None, width) if key is None else (key[-1], key[-1])
        module = Attention(
            width,
            self.num_heads,
            dropout=self.dropout,
            bias=self.bias,
            add_bias_kv=self.add_bias_kv,
            add_zero_attn=self.add_zero_attn,
            kdim=kdim,
            vdim=key_width if value is None else value[-1],
            batch_first=self.batch_first,
        )
        module.causal = self.causal
        return self.initialised(module)


class DotProductAttention(OwnRandom, nn.Module):
    """torch's scaled_dot_product_attention as a module."""

    def __init__(self, dropout_p: float, is_causal: bool, scale: float | None) -> None:
        super().__init__()
        self.dropout_p, self.is_causal, self.scale = dropout_p, is_causal, scale

    @property
    def draws(self) -> bool:
        return self.dropout_p > 0

    @drawing
    def forward(
        self, query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None = None
    ) -> Tensor:
        dropout = self.dropout_p if self.training else 0.0
        return F.scaled_dot_product_attention(
            query,
            key,
            value,
            attn_mask=mask,
            dropout_p=dropout,
            is_causal=self.is_causal,
            scale=self.scale,
        )

    def extra_repr(self) -> str:
        return f"dropout_p={self.dropout_p}, is_causal={self.is_causal}"


@NodeRegistry.register("ScaledDotProductAttention")
class ScaledDotProductAttention(LayerNode):
    """Attention without weights: the values, averaged by how well each key fits the query."""

    CATEGORY = "Attention"
    FORMULA = "y = softmax(Q Kᵀ · scale) V"
    SHAPE_RULE = "B, *, L, E and B, *, S, E and B, *, S, V → B, *, L, V"
    URL = "https://pytorch.org/docs/stable/generated/torch.nn.functional.scaled_dot_product_attention.html"
    PRIMARY = ("is_causal",)

    dropout_p: float = Param(
        0.0, min=0, max=MOST_DROPPED, step=0.05, description="Dropout of the attention weights"
    )
    is_causal: bool = Param(False, description="Each position sees only itself and those before it")
    scale: float | None = Param(None, description="Factor of the scores; empty: 1 / √E")

    def build(self, query: Shape, key: Shape, value: Shape, mask: Shape | None = None) -> nn.Module:
        if self.is_causal and mask is not None:
            raise ValueError("is_causal creates a mask: switch it off, or remove the mask's wire")
        return DotProductAttention(self.dropout_p, self.is_causal, self.scale)


class EncoderLayer(OwnRandom, nn.TransformerEncoderLayer):
    """nn.TransformerEncoderLayer that can create its causal mask."""

    causal = False
    axis = 1

    @property
    def draws(self) -> bool:
        return self.dropout.p > 0

    @drawing
    def forward(self, input: Tensor, mask: Tensor | None = None) -> Tensor:
        if self.causal:
            mask = _causal(input.shape[self.axis], input.device, input.dtype)
        return super().forward(input, src_mask=mask, is_causal=self.causal)


class DecoderLayer(OwnRandom, nn.TransformerDecoderLayer):
    """nn.TransformerDecoderLayer that can create its causal mask."""

    causal = False
    axis = 1

    @property
    def draws(self) -> bool:
        return self.dropout.p > 0

    @drawing
    def forward(
        self,
        input: Tensor,
        memory: Tensor,
        mask: Tensor | None = None,
        memory_mask: Tensor | None = None,
    ) -> Tensor:
        if self.causal:
            mask = _causal(input.shape[self.axis], input.device, input.dtype)
        return super().forward(
            input, memory, tgt_mask=mask, memory_mask=memory_mask, tgt_is_causal=self.causal
        )


class _TransformerLayer(WeightedLayer):
    CATEGORY = "Attention"
    PRIMARY = ("nhead", "dim_feedforward", "causal")

    nhead: int = Param(4, min=1, description="Number of attention heads; must divide the width")
    dim_feedforward: int = Param(
        2048, min=1, max=10_000_000, description="Width of the feed-forward part"
    )
    dropout: float = Param(
        0.1, min=0, max=MOST_DROPPED, step=0.05, description="Probability that an element is zeroed"
    )
    activation: str = Param(
        "relu", choices=["relu", "gelu"], description="Activation of the feed-forward part"
    )
    layer_norm_eps: float = Param(1e-5, min=0, description="Added to a denominator of the norms")
    batch_first: bool = Param(True, description=_BATCH_FIRST)
    norm_first: bool = Param(
        False, description="Normalise before attention and feed-forward, not after them"
    )
    bias: bool = Param(True, description="Learn additive biases")
    causal: bool = Param(False, description="Each position sees only itself and those before it")

    def layer(self, cls: type[EncoderLayer] | type[DecoderLayer], input: Shape) -> nn.Module:
        _check_heads(input[-1], self.nhead)
        module = cls(
            input[-1],
            self.nhead,
            self.dim_feedforward,
            self.dropout,
            self.activation,
            self.layer_norm_eps,
            batch_first=self.batch_first,
            norm_first=self.norm_first,
            bias=self.bias,
        )
        module.causal, module.axis = self.causal, 1 if self.batch_first else 0
        return self.initialised(module)


@NodeRegistry.register("TransformerEncoderLayer")
class TransformerEncoderLayer(_TransformerLayer):
    """Self-attention and a feed-forward network, with residual connections and LayerNorm."""

    FORMULA = "x ← norm(x + attention(x));  y = norm(x + feedforward(x))"
    SHAPE_RULE = "B, L, d_model (mask: L, L) → B, L, d_model"
    URL = "https://pytorch.org/docs/stable/generated/torch.nn.TransformerEncoderLayer.html"

    def build(self, input: Shape, mask: Shape | None = None) -> nn.Module:
        _check_sequence(self.batch_first, input)
        return self.layer(EncoderLayer, input)


@NodeRegistry.register("TransformerDecoderLayer")
class TransformerDecoderLayer(_TransformerLayer):
    """Self-attention, attention to an encoder's output, and a feed-forward network."""

    FORMULA = (
        "x ← norm(x + attention(x));  x ← norm(x + attention(x, memory));  "
        "y = norm(x + feedforward(x))"
    )
    SHAPE_RULE = "B, L, d_model and memory: B, S, d_model → B, L, d_model"
    URL = "https://pytorch.org/docs/stable/generated/torch.nn.TransformerDecoderLayer.html"

    def build(  # type: ignore[override]
        self,
        input: Shape,
        memory: Shape,
        mask: Shape | None = None,
        memory_mask: Shape | None = None,
    ) -> nn.Module:
        _check_sequence(self.batch_first, input, memory)
        if memory[-1] != input[-1]:
            raise ValueError(f"memory has {memory[-1]} features, but the input has {input[-1]}")
        return self.layer(DecoderLayer, input)


class Mask(nn.Module):
    """A mask (L, L) of 0 and −∞ for the length of the input."""

    def forward(self, input: Tensor) -> Tensor:
        return _causal(input.shape[1], input.device, torch.float32)


@NodeRegistry.register("CausalMask")
class CausalMask(LayerNode):
    """A mask for attention: each position sees only itself and those before it."""

    CATEGORY = "Attention"
    FORMULA = "y[i, j] = 0 where j ≤ i, −∞ else"
    SHAPE_RULE = "B, L, * → L, L"
    CAN_DISABLE = False
    DISABLE_REASON = "Remove its wire instead: attention then sees every position."
    KEEPS_BATCH = False

    def build(self, input: Shape) -> nn.Module:
        if len(input) < 2:
            raise ValueError(f"it takes (B, L, …), but got ({input})")
        return Mask()
