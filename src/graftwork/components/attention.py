"""Multi-head self-attention over tokens or over the places of maps."""

from __future__ import annotations

from jaxtyping import Float
from torch import Tensor, nn

from graftwork.components.registry import Site
from graftwork.components.shapes import builds_checked, only_shape
from graftwork.graph.sequences import AttentionSettings
from graftwork.graph.sizes import feature_axis

__all__ = ["SelfAttention"]


class SelfAttention(nn.Module):
    """Let each token look at all tokens; no sum with what came in, no norm.

    Args:
        num_features: width of a token.
        heads: parts of the features that look on their own; a divisor of the width.
        dropout: share of looks left out while training.

    Takes (b, n, d) or maps (b, d, h, w), whose places are the tokens; gives the same shape.

    Source: Vaswani et al. 2017, "Attention Is All You Need", arXiv:1706.03762, section 3.2.
    """

    def __init__(self, num_features: int, heads: int, *, dropout: float = 0.0) -> None:
        super().__init__()
        self.attention = nn.MultiheadAttention(num_features, heads, dropout=dropout, batch_first=True)
        self.is_random = dropout > 0.0  # draws while training, unseen by a search for dropout modules

    def forward(self, features: Float[Tensor, "b ..."]) -> Float[Tensor, "b ..."]:
        tokens = features.flatten(2).transpose(1, 2) if features.ndim == 4 else features
        found: Tensor = self.attention(tokens, tokens, tokens, need_weights=False)[0]
        return found.transpose(1, 2).reshape(features.shape) if features.ndim == 4 else found


@builds_checked("attention")
def _attention(settings: AttentionSettings, site: Site) -> nn.Module:
    shape = only_shape(site)
    return SelfAttention(shape[feature_axis(shape)], settings.heads, dropout=settings.dropout)
