"""The attention of transformers, read while they run, whatever library they come from."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional
from torch.overrides import TorchFunctionMode

__all__ = ["AttentionReader", "global_attention"]

_SOFTMAX = (functional.softmax, torch.softmax, Tensor.softmax)


class AttentionReader(TorchFunctionMode):
    """Keeps the attention of everything that runs inside ``with AttentionReader() as reader``.

    ``found``: probabilities (b, heads, queries, keys), in the order of the calls, part of the graph of gradients.

    Torch has three ways to attend: ``scaled_dot_product_attention``, ``multi_head_attention_forward`` and a
    plain softmax between products. The fused ones are computed by their definition here, since they do not give
    their probabilities away; results differ by rounding. Modules need no hooks, so traced models are read too.
    """

    def __init__(self) -> None:
        super().__init__()
        self.found: list[Tensor] = []

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        given = dict(kwargs or {})
        if func is functional.scaled_dot_product_attention:
            output, weights = _attend(*args, **given)
            self.found.append(weights)
            return output
        if func is functional.multi_head_attention_forward:
            return self._multi_head(func, args, given)
        output = func(*args, **given)
        if func in _SOFTMAX and isinstance(output, Tensor) and _is_square(output):
            self.found.append(output)
        return output

    def _multi_head(self, func: Any, args: tuple[Any, ...], given: dict[str, Any]) -> Any:
        is_wanted = given.get("need_weights", True)
        average = given.get("average_attn_weights", True)
        output, weights = func(*args, **{**given, "need_weights": True, "average_attn_weights": False})
        # What is given away is a view; the output stands on what is viewed, and so do gradients.
        source = weights._base if weights._base is not None else weights
        self.found.append(source.view(weights.shape) if source.shape == weights.shape else source)
        if not is_wanted:
            return output, None
        return output, weights.mean(1) if average else weights


def global_attention(found: Sequence[Tensor], num_tokens: int, batch: int) -> list[Tensor] | None:
    """Return attention between all tokens, each (b, heads, n, n); None when some of it is of another kind.

    Windows, pooled keys and the like cannot be followed from token to token through all layers.

    Args:
        found: as ``AttentionReader`` keeps it; (b · heads, n, n) is taken apart.
        num_tokens: n, those without a place included.
        batch: b.
    """
    kept = []
    for one in found:
        if one.shape[-2:] != (num_tokens, num_tokens):
            return None
        if one.ndim == 3:
            if one.shape[0] % batch:
                return None
        elif one.ndim != 4 or one.shape[0] != batch:
            return None
        kept.append(one)
    return kept or None


def _is_square(output: Tensor) -> bool:
    return output.ndim == 4 and output.shape[-1] == output.shape[-2] > 1


def _attend(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attn_mask: Tensor | None = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    scale: float | None = None,
    enable_gqa: bool = False,
) -> tuple[Tensor, Tensor]:
    """Return what attention gives, and its probabilities: softmax(q·kᵀ·scale + mask).

    Source: Vaswani et al. 2017, "Attention is all you need", arXiv:1706.03762, eq. 1.
    """
    del dropout_p  # networks are looked at in evaluation mode
    if enable_gqa:
        times = query.shape[-3] // key.shape[-3]
        key, value = key.repeat_interleave(times, -3), value.repeat_interleave(times, -3)
    factor = 1.0 / math.sqrt(query.shape[-1]) if scale is None else scale
    scores = query @ key.transpose(-2, -1) * factor
    if is_causal:
        later = torch.ones(scores.shape[-2:], dtype=torch.bool, device=scores.device).triu(1)
        scores = scores.masked_fill(later, -math.inf)
    if attn_mask is not None:
        masked = attn_mask.dtype == torch.bool
        scores = scores.masked_fill(~attn_mask, -math.inf) if masked else scores + attn_mask
    weights = scores.softmax(-1)
    return weights @ value, weights
